"""Store beside each case its fit by exact EM, and its fit by this release.

``expected.json`` is what should happen; ``baseline.json`` is what this release
does. Runs inside the environment of one release.

Examples
--------
  nox -s record-baseline
  nox -s record-baseline -- ladder-13-float32 --dry-run
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fixtures import command_line, corpus, whole_file
from fixtures.fault import Fault, one_of
from tests.support import baseline, environment, expected, replay
from tests.support.estimator import DEFAULT_ESTIMATOR, import_estimator


@command_line.command("every file is whole, the old one or the new one; the same command goes on")
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("record-baseline", __doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="cases to fit (default: every case)")
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--dry-run", action="store_true", help="list which files would change; write nothing")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.cases) - set(corpus.case_names()))
    if unknown:
        raise Fault(f"there is no case {unknown[0]!r}; should be {one_of(corpus.case_names(), unknown[0])}")
    capture = corpus.find_capture(options.capture)
    estimator = import_estimator(DEFAULT_ESTIMATOR)
    versions = environment.describe()
    for name in options.cases or corpus.case_names():
        try:
            case = corpus.load_case(name, capture=capture)
        except corpus.CaptureNotAtHand as reason:
            print(f"  {name}: left as it is; {reason}")
            continue
        replays = {way: replay.replay(case, estimator, way) for way in replay.ways(case)}
        ways = {way: baseline.record_of(outcomes) for way, outcomes in replays.items()}
        changed = _store(expected.path_of(name), expected.with_rounding(case), options.dry_run)
        changed += _store(baseline.path_of(name), {"recorded_with": versions, "ways": ways}, options.dry_run)
        print(f"  {name}: {' and '.join(changed) or 'nothing'} {'would change' if options.dry_run else 'written'}")
    return 0


def _store(path: Path, content: dict[str, Any], dry_run: bool) -> list[str]:
    """Write a file whole or not at all, unless it is there already; its name where it is new."""
    text = json.dumps(content, separators=(",", ":")).replace('},"', '},\n"').replace('],"', '],\n"') + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    if not dry_run:
        whole_file.write_text(path, text)
    return [path.name]


if __name__ == "__main__":
    sys.exit(main())
