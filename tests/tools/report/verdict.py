"""The verdict: one sentence that says whether the releases behave as the ledger lists them, and what is not judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.tools.report import junit, matrix
from tests.tools.report.defects import Defect
from tests.tools.report.matrix import Matrix
from tests.tools.report.runs import Runs

GREEN, RED = "green", "red"


@dataclass(frozen=True)
class Reason:
    """Why some checks on cases are not judged, how many (each counted once), and with which releases."""

    text: str
    tests: int
    releases: str


@dataclass(frozen=True)
class Verdict:
    """What a reader should know first."""

    colour: str  # green where every release behaves as the ledger says
    sentence: str
    present: tuple[tuple[Defect, int], ...]  # in the newest release, with the number of cases that show each
    not_judged: tuple[Reason, ...]  # with any release


def verdict(runs: Runs, seen: Matrix, defects: Sequence[Defect]) -> Verdict:
    """Judge all runs together."""
    present = tuple((defect, cases) for defect in defects if (cases := cases_showing(defect, seen, -1)))
    faults = [
        f"{_number(seen.count(state), word)} ({_releases(seen, state)})"
        for state, word in (
            (matrix.NEW, "new failure"), (matrix.UNLISTED, "check not judged and not listed so"),
            (matrix.GONE, "listed defect that no longer occurs"), (matrix.ERROR, "error"),
        )
        if seen.count(state)
    ]  # fmt: skip
    sentence = f"Not as the ledger says: {'; '.join(faults)}." if faults else _of_a_green_run(runs, seen, len(present))
    return Verdict(RED if faults else GREEN, sentence, present, reasons_of(runs))


def _of_a_green_run(runs: Runs, seen: Matrix, present: int) -> str:
    newest, releases = runs.newest.version, len(runs.releases)
    listed = seen.count(matrix.NOT_JUDGED, newest)
    unjudged = f"{_number(listed, 'check')} on cases {'is' if listed == 1 else 'are'} not judged" if listed else ""
    if not runs.has_ledger:
        subject = "The one release that was run keeps" if releases == 1 else f"All {releases} keep"
        return "; ".join(filter(None, [f"{subject} every promise", unjudged, "the ledger was off"])) + "."
    subject = "The one release that was run behaves" if releases == 1 else f"All {releases} releases behave"
    verb = "is" if present == 1 else "are"
    still = f"{_number(present, 'known defect')} {verb} still present" if present else "no known defect is left"
    return f"{subject} as the ledger says; in {newest}, the newest, {' and '.join(filter(None, [still, unjudged]))}."


def cases_showing(defect: Defect, seen: Matrix, number: int) -> int:
    """On how many cases a defect was seen with the release of a number."""
    version = seen.versions[number]
    not_run = matrix.NOT_RUN * len(seen.versions)
    found = {
        entry.case
        for entry in defect.entries
        if defect.lists(entry, version) and seen.states[entry.case].get(entry.check, not_run)[number] == matrix.KNOWN
    }
    return len(found)


def reasons_of(runs: Runs) -> tuple[Reason, ...]:
    """The reasons that the records give, the most frequent first; what is not listed is among them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for release in runs.releases:
        for result in release.results.values():
            if result.state in (junit.NOT_JUDGED, junit.UNLISTED):
                found.setdefault(result.text, []).append((release.version, result.name))
    versions = tuple(release.version for release in runs.releases)
    reasons = []
    for text, tests in found.items():
        having = {version for version, _ in tests}
        row = "".join("01"[version in having] for version in versions)
        reasons.append(Reason(text, len({name for _, name in tests}), matrix.stretches(versions, row, "1")))
    return tuple(sorted(reasons, key=lambda reason: (-reason.tests, reason.text)))


def _releases(seen: Matrix, state: str) -> str:
    having = [version for version in seen.versions if seen.count(state, version)]
    return f"with {', '.join(having[:4])}{f' and {len(having) - 4} more' if len(having) > 4 else ''}"


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
