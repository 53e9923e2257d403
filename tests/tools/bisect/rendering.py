"""What a search found, on the screen and as the text of an upstream issue."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fixtures import corpus
from tests.tools.bisect.commit_search import Culprit, NoCulprit
from tests.tools.bisect.dependency_search import DependencyCulprit
from tests.tools.bisect.question import Answer, Question, Step
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.bisect.result import ExplainedChange, SearchResult, address, ledger_entry
from tests.workers.probe import PASSES

STEP = Path(__file__).resolve().parent
# Columns where nobody is looking, and lines of a diff that are shown.
WIDTH, DIFF_LINES = 120, 40


def show(result: SearchResult) -> None:
    """Print the steps and what they show."""
    asked = result.question
    show_steps(result.answers.steps, asked)
    for explained in result.found:
        print()
        if explained.change:
            _show_change(explained.change, asked)
        if isinstance(explained.cause, Culprit):
            _show_culprit(explained.cause, asked)
        elif isinstance(explained.cause, DependencyCulprit):
            print(f"culprit: {_cause(explained.cause)}")
        elif explained.cause is not None:
            print(f"no culprit: {explained.cause.reason}")
            for commit in explained.cause.candidates:
                print(f"  perhaps {commit.id[:10]}, {commit.date}, {commit.title}")
            if explained.cause.ends:
                _offer_full_builds(explained, asked)
        entry = ledger_entry(explained, asked)
        if entry and explained.cause is not None:
            print(f"for the ledger, tests/known_defects.json:\n{json.dumps(entry, indent=2)}")
    if not result.found:
        print(f"no change: {asked.name} on {asked.case} is the same with every release that can be tested")
    print(f"\n{len(result.answers.steps)} steps in {result.answers.seconds:.1f} s")


def show_steps(steps: Sequence[Step], asked: Question) -> None:
    """Print a table of the steps, in the order in which they ended."""
    table = Table("step", "on the wheel of", "seconds", "answer", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for step in steps:
        wheel = "" if step.wheel == step.what else step.wheel
        table.add_row(step.what, wheel, f"{step.seconds:.1f}", asked.words(step.answer)[:WIDTH])
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH).print(table)


def commands_for_full_builds(asked: Question, old: str, new: str, *, fixed: bool) -> str:
    """How git can go on with full builds, which can decide where a wheel cannot.

    Where the newer commit is `fixed`, the answers are exchanged: git takes the older one for good.
    """
    step = shlex.join(["python", str(STEP), "step", "--case", asked.case, "--check", asked.name])
    exchanged = "; case $? in 0) exit 1;; 1) exit 0;; *) exit 125;; esac" if fixed else ""
    run = f"pip install --no-build-isolation --editable . || exit 125; {step}{exchanged}"
    return (
        "or, in a work tree of your own with what a build needs:\n"
        f"  git bisect start {new[:10]} {old[:10]}\n  git bisect run sh -c {shlex.quote(run)}"
    )


def _show_change(change: ReleaseChange, asked: Question) -> None:
    print(
        f"{asked.name} on {asked.case}: {asked.words(change.answer_before)} up to scikit-learn {change.before.version},"
        f" {asked.words(change.answer_after)} from {change.after.version} on"
    )
    if change.skipped:
        print(f"  between them, {', '.join(release.version for release in change.skipped)} cannot be tested")


def _show_culprit(culprit: Culprit, asked: Question) -> None:
    print(f"culprit: {_cause(culprit)}\n  {address(culprit)}")
    print(f"  before   {asked.words(culprit.before)}")
    print(f"  after    {asked.words(culprit.after)}{': ' if culprit.after.said else ''}{culprit.after.said}")
    print(f"  {_tried(culprit)}")
    lines = culprit.diff.splitlines()
    print("\n".join(f"    {line}" for line in lines[:DIFF_LINES]))
    if len(lines) > DIFF_LINES:
        print(f"    ... {len(lines) - DIFF_LINES} more lines (--json and --markdown have them)")


def _cause(cause: Culprit | DependencyCulprit) -> str:
    if isinstance(cause, DependencyCulprit):
        return (
            f"{cause.package} {cause.after} (after {cause.package} {cause.before}), with scikit-learn {cause.release}"
            " held fixed: no commit of scikit-learn"
        )
    return f"{cause.commit.id[:10]}, {cause.commit.date}, {cause.commit.title}"


def _tried(culprit: Culprit) -> str:
    if culprit.built:
        return f"both built, with the dependencies of scikit-learn {culprit.wheel}"
    return f"both on the wheel of scikit-learn {culprit.wheel}"


def _offer_full_builds(explained: ExplainedChange, asked: Question) -> None:
    assert isinstance(explained.cause, NoCulprit)
    between = ""
    fixed = explained.change is not None and explained.change.answer_after.value == PASSES
    if explained.change:
        ends = explained.change.before.version, explained.change.after.version
        good, bad = reversed(ends) if fixed else ends
        between = f"--good {good} --bad {bad} "
    print(f"full builds can decide, in a quarter of an hour a step: {between}--build (with --dry-run: the plan)")
    if asked.checks:
        print(commands_for_full_builds(asked, *explained.cause.ends, fixed=fixed))


def markdown(result: SearchResult) -> str:
    """The text of an upstream issue: what changed, since when, by what, and how to see it."""
    asked = result.question
    case = corpus.read_description(corpus.CASES / asked.case)
    settings = ", ".join(f"{name}={value!r}" for name, value in sorted(case["settings"].items()))
    lines = [
        f"A warm-started fit of `GaussianMixture({settings})` (case `{asked.case}`: {case['title']}) was replayed with"
        f" several versions of scikit-learn; asked was `{asked.name}`.",
    ]
    for explained in result.found:
        lines += ["", *_markdown_of(explained, asked)]
    lines += ["", "| version | on the wheel of | answer |", "| --- | --- | --- |"]
    for step in result.answers.steps:
        wheel = "itself" if step.wheel == step.what else step.wheel
        lines.append(f"| {step.what} | {wheel} | {_cell(asked.words(step.answer))} |")
    return "\n".join(lines) + "\n"


def _markdown_of(explained: ExplainedChange, asked: Question) -> list[str]:
    lines: list[str] = []
    change, cause = explained.change, explained.cause
    if change:
        before, after = asked.words(change.answer_before), asked.words(change.answer_after)
        lines.append(
            f"**{before}** up to scikit-learn {change.before.version}, **{after}** from {change.after.version} on"
            f" ({_versions([change.answer_before, change.answer_after])})."
        )
    if isinstance(cause, Culprit):
        said = f": {cause.after.said}" if cause.after.said else ""
        number = cause.commit.pull_request
        lines += [
            "",
            f"It came with {f'#{number}, ' if number else ''}scikit-learn/scikit-learn@{cause.commit.id}"
            f" ({cause.commit.date}, {cause.commit.title}).",
            f"Its parent and it, {_tried(cause)}:"
            f" {asked.words(cause.before)}, then {asked.words(cause.after)}{said}.",
            "", f"<details><summary>its change{'' if cause.built else ' of sklearn/mixture'}</summary>", "",
            "```diff", cause.diff.rstrip("\n"), "```", "", "</details>",
        ]  # fmt: skip
    elif isinstance(cause, DependencyCulprit):
        lines += ["", f"It came with {_cause(cause)}."]
    elif cause is not None:
        lines += ["", f"No commit was found: {cause.reason}."]
    return lines


def _versions(answers: Sequence[Answer]) -> str:
    parts = ("python", "scikit-learn", "numpy", "scipy")
    return "; ".join(
        ", ".join(f"{part} {answer.versions[part]}" for part in parts if part in answer.versions) for answer in answers
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
