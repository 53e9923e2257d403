"""The summary of a run in Markdown, for a page that has room for ten lines."""

from __future__ import annotations

from tests.tools.report import matrix
from tests.tools.report.page import Content
from tests.tools.report.verdict import Verdict, cases_showing

MOST_FAULTS = 20
MOST_REASONS = 10
LONGEST = 160  # of a reason


def markdown(content: Content, judged: Verdict) -> str:
    """The verdict, the defects by release, and what is not as the ledger says."""
    seen = content.matrix
    lines = [f"## {judged.sentence}", ""]
    rows = []
    for defect in content.defects:
        numbers = [cases_showing(defect, seen, number) for number in range(len(seen.versions))]
        if any(numbers):
            rows.append([f"[{defect.name}]({defect.upstream})", *(str(number or "") for number in numbers)])
    if rows:
        lines += ["Cases that show each known defect:", "", *_table([["defect", *seen.versions], *rows]), ""]
    faults = _faults(content)
    lines += _first(faults, MOST_FAULTS)
    if judged.not_judged:
        reasons = [f"{one.tests} with {one.releases}: {_one_line(one.text)}" for one in judged.not_judged]
        lines += [*([""] if faults else []), "Checks on cases that are not judged:", "", *_first(reasons, MOST_REASONS)]
    return "\n".join(lines).rstrip() + "\n"


def _first(points: list[str], most: int) -> list[str]:
    left = len(points) - most
    return [f"- {point}" for point in points[:most]] + ([f"- and {left} more: see the report"] if left > 0 else [])


def _one_line(text: str) -> str:
    """A reason may hold all that a fit raised; nothing of it is markup."""
    words = " ".join(text.split()).replace("`", "'")
    return f"`{words if len(words) <= LONGEST else words[: LONGEST - 4] + ' ...'}`"


def _table(rows: list[list[str]]) -> list[str]:
    written = ["| " + " | ".join(row) + " |" for row in rows]
    return [written[0], "| --- |" + " ---: |" * (len(rows[0]) - 1), *written[1:]]


def _faults(content: Content) -> list[str]:
    seen = content.matrix
    return [
        f"{matrix.LEGEND[state][0]}: `{check}[{case}]` with {matrix.stretches(seen.versions, row, state)}"
        for state in matrix.RED
        for case, rows in seen.states.items()
        for check, row in rows.items()
        if state in row
    ]
