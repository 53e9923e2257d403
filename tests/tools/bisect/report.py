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
from tests.tools.bisect.findings import (
    Finding,
    Findings,
    address,
    cause_in_words,
    ledger_entry,
    names_of_versions,
)
from tests.tools.bisect.question import Question
from tests.tools.bisect.record import Step
from tests.tools.bisect.release_search import ReleaseChange
from tests.workers.probe import PASSES

STEP = Path(__file__).resolve().parent
# Columns where nobody is looking, and lines of a diff that are shown.
WIDTH, DIFF_LINES = 120, 40


def show(findings: Findings) -> None:
    """Print the steps and what they show."""
    asked = findings.question
    show_steps(findings.record.steps, asked)
    for finding in findings.found:
        print()
        if finding.change:
            _show_change(finding.change, asked)
        if isinstance(finding.cause, Culprit):
            _show_culprit(finding.cause, asked)
        elif isinstance(finding.cause, DependencyCulprit):
            print(f"culprit: {cause_in_words(finding.cause)}")
        elif finding.cause is not None:
            print(f"no culprit: {finding.cause.reason}")
            for commit in finding.cause.candidates:
                print(f"  perhaps {commit.id[:10]}, {commit.date}, {commit.title}")
            if finding.cause.ends:
                _offer_full_builds(finding, asked)
        entry = ledger_entry(finding, asked)
        if entry and finding.cause is not None:
            print(f"for the ledger, tests/known_defects.json:\n{json.dumps(entry, indent=2)}")
    if not findings.found:
        print(f"no change: {asked.name} on {asked.case} is the same with every release that can tell")
    print(f"\n{len(findings.record.steps)} steps in {findings.record.seconds:.1f} s")


def show_steps(steps: Sequence[Step], asked: Question) -> None:
    """Print a table of the steps, in the order in which they ended."""
    table = Table("step", "on the wheel of", "seconds", "answer", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for step in steps:
        wheel = "" if step.wheel == step.what else step.wheel
        table.add_row(step.what, wheel, f"{step.seconds:.1f}", asked.words(step.answer)[:WIDTH])
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH).print(table)


def commands_for_full_builds(asked: Question, old: str, new: str, *, fixed: bool) -> str:
    """How git can go on with full builds, which can tell where a wheel cannot.

    Parameters
    ----------
    asked : Question
        About a check.
    old, new : str
        Commits.
    fixed : bool
        Whether the newer one is the good one: git takes the older one for good, so the answers are exchanged.
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
    if change.untold:
        print(f"  between them, {', '.join(release.version for release in change.untold)} cannot tell")


def _show_culprit(culprit: Culprit, asked: Question) -> None:
    print(f"culprit: {cause_in_words(culprit)}\n  {address(culprit)}")
    print(f"  before   {asked.words(culprit.before)}")
    print(f"  after    {asked.words(culprit.after)}{': ' if culprit.after.said else ''}{culprit.after.said}")
    print(f"  {_tried(culprit)}")
    lines = culprit.diff.splitlines()
    print("\n".join(f"    {line}" for line in lines[:DIFF_LINES]))
    if len(lines) > DIFF_LINES:
        print(f"    ... {len(lines) - DIFF_LINES} more lines (--json and --markdown have them)")


def _tried(culprit: Culprit) -> str:
    if culprit.built:
        return f"both built, with the dependencies of scikit-learn {culprit.wheel}"
    return f"both on the wheel of scikit-learn {culprit.wheel}"


def _offer_full_builds(finding: Finding, asked: Question) -> None:
    assert isinstance(finding.cause, NoCulprit)
    between = ""
    fixed = finding.change is not None and finding.change.answer_after.value == PASSES
    if finding.change:
        ends = finding.change.before.version, finding.change.after.version
        good, bad = reversed(ends) if fixed else ends
        between = f"--good {good} --bad {bad} "
    print(f"full builds can tell, in a quarter of an hour a step: {between}--build (with --dry-run: the plan)")
    if asked.checks:
        print(commands_for_full_builds(asked, *finding.cause.ends, fixed=fixed))


def markdown(findings: Findings) -> str:
    """The text of an upstream issue: what changed, since when, by what, and how to see it."""
    asked = findings.question
    case = corpus.read_description(corpus.CASES / asked.case)
    settings = ", ".join(f"{name}={value!r}" for name, value in sorted(case["settings"].items()))
    lines = [
        f"A warm-started fit of `GaussianMixture({settings})` (case `{asked.case}`: {case['title']}) was replayed with"
        f" several versions of scikit-learn; asked was `{asked.name}`.",
    ]
    for finding in findings.found:
        lines += ["", *_markdown_of(finding, asked)]
    lines += ["", "| version | on the wheel of | answer |", "| --- | --- | --- |"]
    for step in findings.record.steps:
        wheel = "itself" if step.wheel == step.what else step.wheel
        lines.append(f"| {step.what} | {wheel} | {_cell(asked.words(step.answer))} |")
    return "\n".join(lines) + "\n"


def _markdown_of(finding: Finding, asked: Question) -> list[str]:
    lines: list[str] = []
    change, cause = finding.change, finding.cause
    if change:
        before, after = asked.words(change.answer_before), asked.words(change.answer_after)
        lines.append(
            f"**{before}** up to scikit-learn {change.before.version}, **{after}** from {change.after.version} on"
            f" ({names_of_versions([change.answer_before, change.answer_after])})."
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
        lines += ["", f"It came with {cause_in_words(cause)}."]
    elif cause is not None:
        lines += ["", f"No commit was found: {cause.reason}."]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
