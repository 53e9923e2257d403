"""The command line of the search."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from fixtures import corpus
from tests.support.outcome_probe import OUTCOMES
from tests.tools import release_environment, release_table
from tests.tools.bisect import release_search, report
from tests.tools.bisect.question import BadQuestion, Question, question
from tests.tools.bisect.record import Record, Step
from tests.tools.release_environment import EnvironmentFailed, UnknownRelease
from tests.tools.release_table import Release

EXAMPLES = """\
examples:
  nox -s bisect -- --case issue-16944-diag-precisions --check test_initialisation --good 1.0.2 --bad 1.0.1
  nox -s bisect -- --case ladder-13-float32 --outcome dtype
  nox -s bisect -- --case ladder-13-float32 --check test_collapse --good 1.6.1 --bad 1.7.0 --repo ~/scikit-learn
  nox -s bisect -- explain --repo ~/scikit-learn --write

in a built checkout of your own:
  git bisect run python PROJECT/tests/tools/bisect step --case CASE --check CHECK

exit codes: 0 a change was found; 1 there is none; 2 wrong use or bad input; 130 interrupted
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    errors = Console(stderr=True, highlight=False)
    record = Record()
    try:
        asked = question(options.case, options.check, options.outcome)
        return _search(options, asked, record, errors)
    except (
        BadQuestion, EnvironmentFailed, UnknownRelease, corpus.BadCaptureFolder, release_search.EndsUnusable,
        release_table.BadTable,
    ) as error:  # fmt: skip
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        report.print_steps(record.steps)
        print(f"interrupted after {len(record.steps)} steps; nothing else was left behind", file=sys.stderr)
        return 130


def _search(options: argparse.Namespace, asked: Question, record: Record, errors: Console) -> int:
    releases = release_table.read()
    good, bad = (release_environment.find(name) if name else None for name in (options.good, options.bad))
    print(_plan(asked, releases, good, bad), flush=True)
    if options.dry_run:
        return 0
    with errors.status("asking the releases ...") as status:

        def tell(step: Step) -> None:
            status.update(f"{len(record.steps)} asked; {step.what}: {asked.words(step.answer)}")

        record.tell = tell
        ask = release_search.asker(asked, record)
        if good and bad:
            changes = [release_search.between(asked, ask, releases, good, bad)]
        else:
            changes = release_search.everywhere(asked, ask, releases)
    findings = report.Findings(asked, changes, record)
    report.show(findings)
    if options.json:
        report.write(options.json, report.as_json(findings))
    return 0 if changes else 1


def _plan(asked: Question, releases: list[Release], good: Release | None, bad: Release | None) -> str:
    steps, seconds = release_search.plan(releases, good, bad)
    way = (
        f"halving what lies between {good.version} and {bad.version}, both verified first"
        if good and bad
        else "every release of the table, two at a time (halving would miss a change that was undone)"
    )
    return f"plan: {asked.name} on {asked.case}: {way}; at most {steps} steps, about {seconds:.0f} s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nox -s bisect --",
        description="Find the release, and the commit, that changed what becomes of a case.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--case", required=True, help="name of a case of the corpus")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", help="a check (test_no_component_collapses) or a file of checks (test_collapse)")
    what.add_argument("--outcome", metavar="WHAT", help=f"what a fit leaves, instead: {', '.join(OUTCOMES)}")
    parser.add_argument("--good", metavar="RELEASE", help="a release that passes; without it all releases are searched")
    parser.add_argument("--bad", metavar="RELEASE", help="a release that fails; older or newer than the good one")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to a file")
    return parser
