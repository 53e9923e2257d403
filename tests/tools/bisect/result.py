"""What a search found, as data: for the screen, for JSON, for an upstream issue and for the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support import ledger
from tests.tools.bisect.commit_search import Culprit
from tests.tools.bisect.dependency_search import DependencyCulprit
from tests.tools.bisect.explanation import Cause
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.bisect.release_search import ReleaseChange
from tests.workers.probe import FAILS

FORMAT_VERSION = 1
UPSTREAM = "https://github.com/scikit-learn/scikit-learn"


@dataclass(frozen=True)
class ExplainedChange:
    """One change, and its cause where that was searched for."""

    change: ReleaseChange | None  # None where the ends were commits
    cause: Cause | None = None


@dataclass
class SearchResult:
    """All that a search found."""

    question: Question
    answers: Answers
    found: list[ExplainedChange] = field(default_factory=list)


def address(culprit: Culprit) -> str:
    """Where a culprit can be read: its pull request, else its commit."""
    if culprit.commit.pull_request:
        return f"{UPSTREAM}/pull/{culprit.commit.pull_request}"
    return f"{UPSTREAM}/commit/{culprit.commit.id}"


def as_json(result: SearchResult) -> dict[str, Any]:
    """All of it, as JSON can say it."""
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
