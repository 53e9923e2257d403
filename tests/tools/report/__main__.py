"""Put the records of any number of runs into one HTML file that opens anywhere.

Examples
--------
  nox -s report                                      results/ and .benchmarks/ into results/report.html
  nox -s report -- linux/ macos/ --output page.html  records of several machines
  nox -s report -- --summary summary.md              and a short summary in Markdown
  nox -s report -- --readme                          the tables of the ledger and the checks
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from fixtures import command_line, corpus, whole_file
from fixtures.fault import Fault
from tests.support import check
from tests.tools import corpus as corpus_command
from tests.tools import ledger_file, release_table
from tests.tools.compare import steps
from tests.tools.peers import result as peers_result
from tests.tools.report import github, matrix, measured, page, pictures, readme, records

RESULTS = corpus.PROJECT / "results"
BENCHMARKS = corpus.PROJECT / ".benchmarks"
REMEDIES = RESULTS / "remedies.json"


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    """Make the page; 1 where a release does not behave as the ledger says."""
    options = _parser().parse_args(arguments)
    if not options.readme:
        return _report(options)
    for path in readme.write():
        print(f"wrote {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("report", __doc__)
    file: dict[str, Any] = {"metavar": "FILE", "type": Path}
    folder: dict[str, Any] = {"metavar": "DIR", "type": Path}
    add = parser.add_argument
    add("results", metavar="RESULT", nargs="*", type=Path, help="records or folders of them (default: results/)")
    add("--output", **file, default=RESULTS / "report.html", help="default: results/report.html")
    add("--summary", **file, help="append a short summary in Markdown")
    add("--annotations", action="store_true", help="print what is not as the ledger says as GitHub's annotations")
    add("--benchmarks", **folder, help="fit times (default: .benchmarks/ if it is there)")
    add("--remedies", **file, help="default: results/remedies.json if it is there")
    add("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    add("--readme", action="store_true", help="only make the READMEs' tables of the ledger and the checks")
    return parser


def _report(options: argparse.Namespace) -> int:
    known = [release.version for release in release_table.read()]
    listed = ledger_file.read()
    merged = records.merge(records.read_all(records.find(options.results or [RESULTS])), listed)
    seen = matrix.matrix_of(merged, listed, known)
    remedies = _given(options.remedies, REMEDIES)
    content = page.Content(
        runs=merged, matrix=seen, defects=matrix.defects_of(listed, {*known, *seen.versions}),
        pictures=_pictures(merged, corpus.find_capture(options.capture)), checks=check.every(),
        course=measured.course_of(steps.read()), charts=measured.charts(_given(options.benchmarks, BENCHMARKS)),
        remedies=measured.remedies(remedies) if remedies else None, peers=peers_result.read(),
    )  # fmt: skip
    with whole_file.refused_in_words(options.output):
        options.output.parent.mkdir(parents=True, exist_ok=True)
    whole_file.write_text(options.output, page.render(content))
    if options.summary:
        whole_file.append_text(options.summary, page.summary(content))
    for line in github.annotated(merged, seen) if options.annotations else ():
        print(line)
    print(f"{content.verdict.sentence}\n{options.output}: {options.output.stat().st_size / 1e6:.2f} MB")
    return 0 if content.verdict.is_green else 1


def _given(named: Path | None, usual: Path) -> Path | None:
    """What the user named, or what is usual, if it is there."""
    return named or (usual if usual.exists() else None)


def _pictures(merged: records.Runs, capture: Path | None) -> dict[str, tuple[str, str]]:
    """Draw every case whose data are at hand, on all cores."""
    cases = list(corpus_command.at_hand(corpus.CASES, capture))
    newest = merged.newest
    fits = [newest.properties_of(case.name) for case in cases]
    console = Console(stderr=True)
    with (
        pictures.processes() as pool,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        drawing = pool.map(pictures.draw, cases, [newest.version] * len(cases), fits)
        drawn = progress.track(drawing, total=len(cases), description="drawing")
        try:
            return {case.name: made for case, made in zip(cases, drawn, strict=True)}
        except BrokenProcessPool:
            raise Fault("a process that draws has ended; should end with the others: is there memory left?") from None


if __name__ == "__main__":
    sys.exit(main())
