"""Find the release, the commit or the dependency that changed what becomes of a case.

Examples
--------
  nox -s bisect -- --case issue-16944-diag-precisions --check test_initialisation --good 1.0.2 --bad 0.24.2
  nox -s bisect -- --case ladder-13-float32 --outcome dtype
  nox -s bisect -- --case ladder-13-float32 --check test_collapse --good 1.6.1 --bad 1.7.0 --repo ~/scikit-learn
  nox -s bisect -- --case ladder-13-float32 --outcome n_iter_ --good 1.7.0 --bad my-branch --repo ~/scikit-learn
  nox -s bisect -- --case ladder-13-float32 --outcome means_ --good 1.4.2 --bad 1.5.0 --repo ~/scikit-learn --build
  nox -s bisect -- --case ladder-13-float32 --outcome covariances_ --bits --good 1.6.1 --bad 1.7.0 --repo ~/scikit-learn
  nox -s bisect -- --case object-leaves-20000-samples --outcome fit_time --good 1.3.2 --bad 1.4.0 --repo ~/scikit-learn
  nox -s bisect -- --explain --repo ~/scikit-learn --write
  nox -s bisect -- --explain float32-not-kept --repo ~/scikit-learn
  nox -s bisect -- --explain --changes 1.6.1 1.7.0 --repo ~/scikit-learn

in a checkout of your own that is built at each commit:
  git bisect run python PROJECT/tests/tools/bisect step --case CASE --check CHECK

fit_time is what `nox -s compare` measures: two scikit-learns timed in turn, their ratio with a 95 % interval. The ends
differ where it lies beyond 1.02; what lies between is like the newer end where the whole interval is on its side of the
middle of that ratio, and is undecided where it is not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from fixtures import command_line, corpus, whole_file
from fixtures.fault import Fault
from tests.support.estimator import ARRAY_NAMESPACE, takes_arrays
from tests.tools import arrays, release_environment, release_table
from tests.tools.bisect import every_outcome, explain_ledger, explanation, fit_time, release_search
from tests.tools.bisect.commit_search import NoCulprit
from tests.tools.bisect.explanation import Explainer, FullBuilds
from tests.tools.bisect.question import ATTRIBUTE, FIT_TIME, OUTCOMES, Answers, Question, Step, question
from tests.tools.bisect.result import ExplainedChange, SearchResult, as_json, markdown, show, show_steps
from tests.tools.clone import Clone, commit_of_release
from tests.tools.compare.measure import Plan
from tests.tools.release_environment import UnknownRelease
from tests.tools.release_table import Release

EXIT_CODES = "0 a change, and with --repo its cause, was found, 1 it was not, 2 wrong use or bad input"


@command_line.command("nothing was written")
def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _require_sense(options)
    clone = Clone(options.repo) if options.repo else None
    if clone:
        clone.require_whole()
    if options.explain is not None:
        assert clone is not None
        if options.changes:
            return every_outcome.run(clone, options.changes, dry_run=options.dry_run, written=options.json)
        return explain_ledger.run(clone, options.explain, write=options.write, dry_run=options.dry_run)
    asked, answers = question(options.case, options.check, options.outcome, bits=options.bits), Answers()
    if asked.outcome == FIT_TIME:
        seconds = options.seconds or fit_time.SECONDS
        timing = Plan(seconds=seconds, blocks=fit_time.BLOCKS, capture=corpus.find_capture())
        asked = fit_time.FitTime.of(asked.case, answers, timing)
    asked = replace(asked, arrays=arrays.of(options))
    result = SearchResult(asked, answers)
    try:
        return _search(options, result, clone)
    except KeyboardInterrupt:
        show_steps(answers.steps, asked)
        kept = "; wheels that were built are kept for the next time" if options.build else ""
        raise command_line.Interrupted(
            f"these are the steps so far; nothing was written, the clone is as it was{kept}"
        ) from None


def _search(options: argparse.Namespace, result: SearchResult, clone: Clone | None) -> int:
    releases = [one for one in release_table.read() if result.question.arrays.is_numpy or takes_arrays(one.version)]
    good, bad = (_end(name, clone) if name else None for name in (options.good, options.bad))
    print(_plan(result.question, releases, good, bad, clone), flush=True)
    if options.build and clone and good and bad:
        ends = _commits_in_order(clone, releases, good, bad)
        print(f"  where that finds nothing, {explanation.plan(clone, *ends)}", flush=True)
    if options.dry_run:
        return 0
    with _progress(result) as say, release_environment.private_folder() as scratch:
        explainer = None
        if clone:
            builds = FullBuilds(clone, scratch, result.answers, say) if options.build else None
            explainer = Explainer(clone, scratch, result.answers, builds=builds)
        if isinstance(good, str) or isinstance(bad, str):
            assert explainer
            assert good
            assert bad
            names = (options.good, options.bad)
            causes = explainer.between(result.question, good, bad, names)
            result.found = [ExplainedChange(None, cause) for cause in causes]
        else:
            for change in release_search.changes(result.question, result.answers, releases, good, bad):
                cause = explainer.explain(result.question, change) if explainer else None
                result.found.append(ExplainedChange(change, cause))
                if explainer and cause:
                    others = explainer.others(result.question, change, cause)
                    result.found += [ExplainedChange(None, other) for other in others]
    show(result)
    if options.json:
        whole_file.write_text(options.json, json.dumps(as_json(result), indent=1) + "\n")
    if options.markdown:
        whole_file.write_text(options.markdown, markdown(result))
    explained = not any(isinstance(one.cause, NoCulprit) for one in result.found)
    return 0 if result.found and explained else 1


def _end(name: str, clone: Clone | None) -> Release | str:
    """A release of the table, or with a clone a revision of it."""
    try:
        return release_environment.find(name)
    except UnknownRelease as error:
        if clone is None:
            raise UnknownRelease(f"{error}, or with --repo a revision") from None
        return clone.resolve(name)


def _commits_in_order(
    clone: Clone, releases: list[Release], good: Release | str, bad: Release | str
) -> tuple[str, str]:
    """About where two ends stand in the history: without the wheels, so that a plan makes no environment."""
    one, other = (end if isinstance(end, str) else commit_of_release(clone, end) for end in (good, bad))
    if isinstance(good, Release) and isinstance(bad, Release):  # perhaps on branches of their own
        swap = releases.index(good) > releases.index(bad)
    else:
        swap = clone.is_ancestor(other, one)
    return (other, one) if swap else (one, other)


def _plan(
    asked: Question, releases: list[Release], good: Release | str | None, bad: Release | str | None, clone: Clone | None
) -> str:
    what = f"plan: {asked.name} on {asked.case}"
    if asked.seconds_of_a_comparison:
        what += f" (two timed in turn, at most {asked.seconds_of_a_comparison:.0f} s)"
    if isinstance(good, str) or isinstance(bad, str):
        return f"{what}: both ends, then the commits between them by git's bisection"
    steps, seconds = release_search.plan(releases, good, bad, asked.seconds_of_a_comparison)
    way = (
        f"both ends, {good.version} and {bad.version}, then halving what lies between them"
        if good and bad
        else "every release of the table, two at a time (halving would miss a change that was undone)"
    )
    then = "; then the commits between each two that differ" if clone else ""
    return f"{what}: {way}: at most {steps} steps, about {seconds:.0f} s{then}"


@contextmanager
def _progress(result: SearchResult) -> Iterator[Callable[[str], None]]:
    """Show each step when it is done, where standard error is a terminal; yields what prints a line in its place."""

    def say(line: str) -> None:
        status.stop()  # a build shows its own progress
        print(line, file=sys.stderr, flush=True)

    def on_step(step: Step) -> None:
        said = result.question.words(step.answer)
        status.update(f"{len(result.answers.steps)} asked, {result.answers.seconds:.0f} s; {step.what}: {said}")

    console = Console(stderr=True, highlight=False, markup=False)
    status = console.status("asking the first one ...")
    if not console.is_terminal:
        yield say
        return
    with status:
        result.answers.on_step = on_step
        yield say


def _require_sense(options: argparse.Namespace) -> None:
    if options.explain is not None:
        if options.repo is None:
            raise Fault("--explain needs --repo CLONE, a clone of scikit-learn with its history")
        if options.build:
            raise Fault("--build goes with one question, not with --explain")
        if options.changes and (options.explain or options.write):
            raise Fault("--changes goes with --explain alone: without the name of a defect, and without --write")
        return
    if options.changes:
        raise Fault("--changes goes with --explain")
    if options.build and None in (options.good, options.bad, options.repo):
        raise Fault("--build goes with --good, --bad and --repo: a build takes a quarter of an hour")
    if options.write:
        raise Fault("--write goes with --explain")
    if options.seconds is not None and (options.outcome != FIT_TIME or options.seconds <= 0):
        raise Fault("--seconds goes with --outcome fit_time, and should be above 0")
    if options.bits and options.outcome in (None, FIT_TIME):
        raise Fault("--bits goes with --outcome and what a fit leaves, like weights_")
    if options.outcome == FIT_TIME and not arrays.of(options).is_numpy:
        raise Fault(f"{ARRAY_NAMESPACE} does not go with --outcome fit_time, which times arrays of numpy")
    if options.case is None or (options.check is None) == (options.outcome is None):
        raise Fault("give --case, and either --check or --outcome (or --explain)")
    if (options.good is None) != (options.bad is None):
        raise Fault("give both --good and --bad, or neither: then all releases are searched")


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("bisect", __doc__, EXIT_CODES)
    parser.add_argument("--case", help="name of a case of the corpus")
    parser.add_argument("--check", help="a check (test_no_component_collapses) or a file of checks (test_collapse)")
    parser.add_argument("--outcome", metavar="WHAT",
        help=f"what a fit leaves, instead: {ATTRIBUTE}, or one of {', '.join(OUTCOMES)}")  # fmt: skip
    parser.add_argument("--bits", action="store_true",
        help="with --outcome: numbers differ by their last bit or type already, not only beyond rounding")  # fmt: skip
    parser.add_argument("--seconds", type=float, metavar="S",
        help=f"most that timing two takes, with --outcome fit_time (default: {fit_time.SECONDS:g})")  # fmt: skip
    arrays.add_options(parser)
    parser.add_argument("--good", metavar="END", help="a release that passes, or with --repo a revision")
    parser.add_argument("--bad", metavar="END", help="one that fails, older or newer (default: all releases)")
    parser.add_argument("--repo", type=Path, metavar="CLONE", help="go on over the commits of a clone; only read")
    parser.add_argument("--build", action="store_true", help="go on with full builds of commits where nothing is found")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it to a file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the text of an upstream issue to a file")
    parser.add_argument("--explain", nargs="*", metavar="DEFECT",
        help="find the culprits of all changes that the ledger lists, or of those of the defects named")  # fmt: skip
    parser.add_argument("--changes", nargs=2, metavar=("OLD", "NEW"),
        help="with --explain: what made each outcome that differs between two releases")  # fmt: skip
    parser.add_argument("--write", action="store_true", help="with --explain: put them into the ledger and its table")
    return parser
