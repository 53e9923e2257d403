"""The verdict: one sentence that says whether the releases behave as the ledger lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.tools.report import matrix
from tests.tools.report.defects import Defect
from tests.tools.report.matrix import Matrix
from tests.tools.report.not_judged import Reason, reasons_of
from tests.tools.report.runs import Runs

GREEN, RED = "green", "red"


@dataclass(frozen=True)
class Verdict:
    """What a reader should know first.

    Attributes
    ----------
    colour : {'green', 'red'}
        Green where every release behaves as the ledger says.
    sentence : str
    present : tuple of (Defect, int)
        Defects that the newest release has, with the number of cases that show each.
    not_judged : tuple of Reason
        Why some checks on cases are not judged, with any release.
    """

    colour: str
    sentence: str
    present: tuple[tuple[Defect, int], ...]
    not_judged: tuple[Reason, ...]


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
    newest = runs.newest.version
    reasons = reasons_of(runs)
    if faults:
        return Verdict(RED, f"Not as the ledger says: {'; '.join(faults)}.", present, reasons)
    listed = seen.count(matrix.NOT_JUDGED, newest)
    unjudged = f"{_number(listed, 'check')} on cases {'is' if listed == 1 else 'are'} not judged" if listed else ""
    if not runs.has_ledger:
        subject = "The one release that was run keeps" if len(runs.releases) == 1 else f"All {len(runs.releases)} keep"
        said = "; ".join(filter(None, [f"{subject} every promise", unjudged, "the ledger was off"]))
        return Verdict(GREEN, f"{said}.", present, reasons)
    verb = "is" if len(present) == 1 else "are"
    still = f"{_number(len(present), 'known defect')} {verb} still present" if present else "no known defect is left"
    said = " and ".join(filter(None, [still, unjudged]))
    subject = _subject(len(runs.releases))
    return Verdict(GREEN, f"{subject} as the ledger says; in {newest}, the newest, {said}.", present, reasons)


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


def _subject(releases: int) -> str:
    return "The one release that was run behaves" if releases == 1 else f"All {releases} releases behave"


def _releases(seen: Matrix, state: str) -> str:
    having = [version for version in seen.versions if seen.count(state, version)]
    return f"with {', '.join(having[:4])}{f' and {len(having) - 4} more' if len(having) > 4 else ''}"


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
