"""Reduce a case that fails to the smallest one that fails in the same way, and write what an upstream issue needs.

Fewer samples, repeats, components, features and iterations, and numbers with
fewer digits, as long as the same check fails in the same way for the same
component.

Examples
--------
  nox -s reduce -- object-leaves-frame
  nox -s reduce -- capture-frame-44 --capture DIR --verify series
  nox -s reduce -- ladder-16-float64 --check test_fit_moves_with_a_translation --sklearn 1.6.1
  nox -s reduce -- .recorded/my-video-frame-44 --component 3 --into upstream-issue
  nox -s reduce -- --ledger --defect precisions-init-squared --verify series
"""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path

from fixtures import command_line, corpus
from fixtures.fault import Fault
from tests.tools import ledger_file, release_environment, release_table
from tests.tools.reduce import every_defect
from tests.tools.reduce.reduction import DoesNotFail, Reduction, Releases, matrix

RESULTS = corpus.PROJECT / "results"


@command_line.command("stopped before anything was reduced")
def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _check(options)
    try:
        with Releases() as releases:
            return _ledger(options, releases) if options.ledger else _one(options, releases)
    except DoesNotFail as reason:
        print(reason)
        return 1


def _one(options: argparse.Namespace, releases: Releases) -> int:
    version = release_environment.find(options.sklearn).version if options.sklearn else matrix("series")[-1]
    case = _load(options.case, options.capture)
    if options.component is not None and not 0 <= options.component < case.n_components:
        has = f"{case.name} has the components 0 to {case.n_components - 1}"
        raise Fault(f"--component is {options.component}; {has}")
    check = _full_name(options.check, releases.probe(version).ask("names"))
    into = Path(options.into) if options.into else RESULTS / f"reduced-{case.name}"
    reduction = Reduction(releases, version, case, check=check, component=options.component, into=into)
    component = reduction.failure["component"]
    what = f"component {component} is {reduction.failure['state']}"
    what = ", ".join(reduction.failure["faults"]) if component is None else what
    print(f"{case.name}: {reduction.failure['check']} fails on scikit-learn {version}: {what}", flush=True)
    if options.dry_run:
        print("  nothing written: --dry-run")
        return 0
    versions = matrix(options.verify) if options.verify else ()
    reduction.run(versions, least_components=options.least_components, afresh=options.afresh)
    print(f"  {reduction.original.size} -> {reduction.best.size}; {reduction.asked} candidates,", end="")
    print(f" {reduction.seconds:.1f} s")
    for name in (f"reduced-{case.name}", "reproduce.py", "issue.md"):
        print(f"  {into / name}")
    for row in reduction.rows:
        print(row.line())
    return 0 if reduction.agrees else 1


def _ledger(options: argparse.Namespace, releases: Releases) -> int:
    known = ledger_file.read()
    askable = releases.probe(matrix("series")[-1]).ask("names")
    every = every_defect.pairs_of(known, askable, matrix("every"))
    pairs = [pair for pair in every if not options.defect or pair.defect in options.defect]
    done = every_defect.results_for(every, every_defect.read()) if options.write else []
    results = [result for result in done if not options.afresh or result.pair not in pairs]
    if options.dry_run:
        for pair in pairs:
            print(f"{pair.line()}{'  (done)' if every_defect.is_done(pair, results) else ''}")
        return 0
    capture = corpus.find_capture(options.capture)
    into = Path(options.into) if options.into else RESULTS / "reduced-ledger"
    versions = functools.partial(
        every_defect.listed_for, ledger=known, versions=matrix(options.verify) if options.verify else []
    )
    try:
        for result in every_defect.run(pairs, results, releases, versions=versions, capture=capture, into=into):
            print(result.line(), flush=True)
            if options.write:
                every_defect.write(every_defect.results_for(every, results))
    except KeyboardInterrupt:
        raise command_line.Interrupted("the same command with --write goes on from what is stored") from None
    finally:
        asked_for = [result for result in results if result.pair in pairs]
        print(every_defect.table(asked_for))
    return 0 if every_defect.reached(asked_for) else 1


def _check(options: argparse.Namespace) -> None:
    if bool(options.case) == options.ledger:
        raise Fault("name one CASE, or --ledger for every case of every known defect")
    if options.ledger and (options.check or options.sklearn or options.component is not None):
        raise Fault("--check, --component and --sklearn are about one CASE; with --ledger the ledger names them")
    if (options.defect or options.write) and not options.ledger:
        raise Fault("--defect and --write go with --ledger")
    known = {entry.defect for entry in ledger_file.read().entries} if options.defect else set()
    for defect in options.defect or ():
        if defect not in known:
            raise Fault(f"--defect is {defect!r}; should be one of {', '.join(sorted(known))}")


def _full_name(check: str | None, names: list[str]) -> str | None:
    for name in (check, f"test_{check}"):
        if name is None or name in names:
            return name
    raise Fault(f"--check is {check!r}; should be one of {', '.join(names)}")


def _load(named: str, capture: str | None) -> corpus.Case:
    """A case of the corpus by its name, or any by its folder."""
    folder = Path(named)
    in_folder = (folder / "case.json").is_file()
    root = folder.resolve().parent if in_folder else corpus.CASES
    return corpus.load_case(folder.resolve().name if in_folder else named, root, corpus.find_capture(capture))


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("reduce", __doc__)
    add = parser.add_argument
    series = release_table.newest_of_series(release_table.read())
    add("case", nargs="?", metavar="CASE", help="a case of the corpus by its name, or any case by its folder")
    add("--ledger", action="store_true", help="every case of every known defect, in turn")
    add("--defect", action="append", metavar="ID", help="with --ledger: only this one; may be repeated")
    add("--write", action="store_true", help="with --ledger: put it all into tests/README.md")
    add("--check", help="the check that fails (default: the first that does, collapse first)")
    add("--component", type=int, metavar="K", help="the component that fails (default: the first)")
    add("--sklearn", metavar="VERSION", help=f"release or series (default: {series[-1].version})")
    add("--least-components", type=int, default=1, metavar="N", help="keep so many (default: 1)")
    add("--into", metavar="DIR", help="where to write (default: in results/)")
    add("--verify", choices=["series", "every"], help="ask these releases about the result, too")
    add("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    add("--afresh", action="store_true", help="do not go on with what was cut off, or is stored")
    add("--dry-run", action="store_true", help="show how the case fails; reduce and write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
