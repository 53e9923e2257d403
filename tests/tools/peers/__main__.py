"""Judge other implementations of EM on the cases where scikit-learn loses a component, and on controls.

Each runs in an environment of its own, behind an adapter of `tests/workers/peers`; which there are is in
`tests/peers.json`. All take as many steps as exact EM does, from the parameters of the case. One that cannot be
installed is skipped by its name; one whose adapter is not exact EM where nothing is lost is not judged, and the
command ends with 1.

Examples
--------
  nox -s peers
  nox -s peers -- scikit-learn exact-em              without other packages than a release's
  nox -s peers -- gmmx --cases object-leaves-frame
  nox -s peers -- --write                            and keep it, with the texts of the READMEs
"""

from __future__ import annotations

import sys
from pathlib import Path

from fixtures import command_line, corpus, documentation
from fixtures.fault import Fault
from tests.tools import release_table
from tests.tools.peers import declared, measure, result
from tests.tools.peers.declared import SCIKIT_LEARN, OwnPeer

TABLE = "peers"
FRONT = corpus.PROJECT / "README.md"


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("peers", __doc__, "0 fine, 1 an adapter is at fault, 2 wrong use or bad input")
    parser.add_argument("peers", metavar="PEER", nargs="*", help="peers by name (default: all)")
    parser.add_argument("--cases", metavar="CASE", nargs="+", default=[], help="cases by name (default: all)")
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured")
    parser.add_argument("--write", action="store_true", help="keep what was measured, and put it into the READMEs")
    parser.add_argument("--dry-run", action="store_true", help="say what would run; make no environment")
    options = parser.parse_args(arguments)
    if options.write and (options.peers or options.cases):
        raise Fault("--write keeps what all peers make of all cases; should be alone")
    if options.json and not options.json.parent.is_dir():
        raise Fault(f"--json names {options.json}, whose folder does not exist; make it first")
    release = release_table.newest_of_series(release_table.read())[-1]
    peers = declared.named(options.peers, release)
    names = measure.names_at_hand(options.cases, corpus.find_capture(options.capture))
    if options.dry_run:
        rows = [[peer.name, "is installed" if peer.is_installed() else "would be installed"] for peer in peers]
        print(f"{command_line.aligned(rows)}\n{len(names)} cases: where scikit-learn loses a component, and controls")
        return command_line.FINE
    scikit_learn = OwnPeer(SCIKIT_LEARN, release)
    with measure.worker_of(scikit_learn, scikit_learn.interpreter(), release) as stock:
        cases = measure.cases_of(names, stock)
        results = []
        for peer in peers:
            print(f"{peer.name} ...", flush=True)
            results.append(measure.measure(peer, cases, release, stock))
    n_lost = sum(map(len, cases.lost.values()))
    measured = result.Measured(release.version, len(cases.lost), n_lost, len(cases.controls), tuple(results))
    return _report(measured, options.json, is_kept=options.write)


def _report(measured: result.Measured, json: Path | None, *, is_kept: bool) -> int:
    made = result.tables(measured)
    print(made)
    if json:
        result.write(measured, json)
    if is_kept:
        result.write(measured)
        documentation.put_table(documentation.REFERENCE, TABLE, made)
        documentation.put_table(FRONT, TABLE, result.summary(measured))
    for one in measured.results:
        if one.skipped:
            print(f"{one.name} is skipped: {one.skipped}")
    faults = [f"{one.name} is not judged: {one.fault}" for one in measured.results if one.fault]
    print("\n".join(faults or ["every adapter that ran is exact EM where nothing is lost"]))
    return command_line.FAILED if faults else command_line.FINE


if __name__ == "__main__":
    sys.exit(main())
