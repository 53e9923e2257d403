"""What a search found: on the screen, as JSON, as the text of an upstream issue, and as an entry for the ledger."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fixtures import corpus
from tests.support import ledger
from tests.tools.bisect.commit_search import Culprit, NoCulprit
from tests.tools.bisect.explanation import Cause
from tests.tools.bisect.question import Answer, Answers, Question, Step
from tests.tools.bisect.release_search import DependencyCulprit, ReleaseChange
from tests.workers.probe import FAILS, PASSES

FORMAT_VERSION = 1
UPSTREAM = "https://github.com/scikit-learn/scikit-learn"
STEP = Path(__file__).resolve().parent
# Columns where nobody is looking, and lines of a diff that are shown.
WIDTH, DIFF_LINES = 120, 40


@dataclass(frozen=True)
class ExplainedChange:
    change: ReleaseChange | None  # None where the ends were commits, and of a further cause of the change before it
    cause: Cause | None = None


@dataclass
class SearchResult:
    question: Question
    answers: Answers
    found: list[ExplainedChange] = field(default_factory=list)


def address(culprit: Culprit) -> str:
    """Where a culprit can be read: its pull request, else its commit."""
    if culprit.commit.pull_request:
        return f"{UPSTREAM}/pull/{culprit.commit.pull_request}"
    return f"{UPSTREAM}/commit/{culprit.commit.id}"


def show(result: SearchResult) -> None:
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


def as_json(result: SearchResult) -> dict[str, Any]:
    return {
        "format": FORMAT_VERSION,
        "case": result.question.case,
        "asked": result.question.name,
        "changes": [_change(explained, result.question) for explained in result.found],
        "steps": [
            {"what": step.what, "wheel": step.wheel, "seconds": round(step.seconds, 3), **_answer(step.answer)}
            for step in result.answers.steps
        ],
        "seconds": round(result.answers.seconds, 3),
    }


def ledger_entry(explained: ExplainedChange, asked: Question) -> dict[str, Any] | None:
    """The entry that the ledger should have; None where no check failed, or the change has no release."""
    change = explained.change
    if change is None or not asked.checks:
        return None
    begins = change.answer_after.value == FAILS
    culprit = ledger_item(explained, begins)
    entry: dict[str, Any] = {
        "id": "...",
        "summary": "...",
        "upstream": address(explained.cause) if isinstance(explained.cause, Culprit) else f"{UPSTREAM}/issues/...",
        "found": [
            {
                "releases": f"{'>=' if begins else '<'}{change.after.version}",
                "check": asked.checks[0] if len(asked.checks) == 1 else f"... (a check of {asked.name})",
                "cases": [asked.case],
            }
        ],
    }
    return {**entry, "culprits": [culprit]} if culprit else entry


def ledger_item(explained: ExplainedChange, begins: bool) -> dict[str, Any] | None:
    """A culprit as the ledger lists it; None without one."""
    assert explained.change is not None
    cause, release = explained.cause, explained.change.after.version
    change = ledger.BEGINS if begins else ledger.ENDS
    if isinstance(cause, DependencyCulprit):
        culprit = ledger.Culprit("", release, change, dependency=f"{cause.package} {cause.after}")
    elif isinstance(cause, Culprit):
        commit = cause.commit
        culprit = ledger.Culprit("", release, change, commit.id, commit.date, commit.title, commit.pull_request)
    else:
        return None
    return ledger.as_item(culprit)


def _show_change(change: ReleaseChange, asked: Question) -> None:
    print(
        f"{asked.name} on {asked.case}: {asked.words(change.answer_before)} up to scikit-learn {change.before.version},"
        f" {asked.words(change.answer_after)} from {change.after.version} on"
    )
    if asked.outcome and change.answer_after.said:
        print(f"  {change.answer_after.said}")
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


def _change(explained: ExplainedChange, asked: Question) -> dict[str, Any]:
    said: dict[str, Any] = {}
    change, cause = explained.change, explained.cause
    if change:
        said["releases"] = {"before": change.before.version, "after": change.after.version}
        said["cannot_tell"] = [release.version for release in change.skipped]
        said["before"], said["after"] = _answer(change.answer_before), _answer(change.answer_after)
        said["ledger"] = ledger_entry(explained, asked)
    if isinstance(cause, Culprit):
        commit = cause.commit
        said["culprit"] = {
            "commit": commit.id, "date": commit.date, "title": commit.title, "pull_request": commit.pull_request,
            "wheel": cause.wheel, "built": cause.built,
            "before": _answer(cause.before), "after": _answer(cause.after), "diff": cause.diff,
        }  # fmt: skip
    elif isinstance(cause, DependencyCulprit):
        said["dependency"] = {
            "package": cause.package, "before": cause.before, "after": cause.after, "release": cause.release,
        }  # fmt: skip
    elif cause is not None:
        said["no_culprit"] = {"reason": cause.reason, "candidates": [commit.id for commit in cause.candidates]}
    return said


def _answer(answer: Answer) -> dict[str, Any]:
    said = {"value": answer.value, "said": answer.said, "versions": answer.versions}
    return {**said, "findings": list(answer.findings)} if answer.findings else said
