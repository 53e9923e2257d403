"""What a search found: on the screen and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.bisect.question import Question
from tests.tools.bisect.record import Record, Step
from tests.tools.bisect.release_search import ReleaseChange

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Findings:
    """All that a search found."""

    question: Question
    changes: Sequence[ReleaseChange]
    record: Record


def show(findings: Findings) -> None:
    """Print the steps and what they show."""
    print_steps(findings.record.steps)
    asked = findings.question
    for change in findings.changes:
        print(
            f"{asked.name} on {asked.case} changes between {change.before.version} and {change.after.version}:"
            f" {asked.words(change.answer_before)}, then {asked.words(change.answer_after)}"
        )
    if not findings.changes:
        print(f"{asked.name} on {asked.case} is the same with every release that can tell")
    print(f"{len(findings.record.steps)} steps in {findings.record.seconds:.1f} s")


def print_steps(steps: Sequence[Step]) -> None:
    """Print a table of steps."""
    for step in steps:
        said = step.answer.value if step.answer.tells else step.answer.said
        print(f"  {step.what:14} {step.wheel:14} {step.seconds:6.1f} s  {said!s:.90}")


def as_json(findings: Findings) -> dict[str, Any]:
    """What was found, as JSON can say it."""
    return {
        "format": FORMAT_VERSION,
        "case": findings.question.case,
        "asked": findings.question.name,
    }


def write(path: Path, content: object) -> None:
    """Write JSON, whole or not at all."""
    scratch = path.with_name(path.name + ".writing")
    scratch.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    scratch.replace(path)
