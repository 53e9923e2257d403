"""What could not be judged, counted apart: for which reason, how often, and with which releases."""

from __future__ import annotations

from dataclasses import dataclass

from tests.tools.report import junit
from tests.tools.report.matrix import stretches
from tests.tools.report.runs import Runs


@dataclass(frozen=True)
class Reason:
    """Why some checks on cases are not judged.

    Attributes
    ----------
    text : str
    tests : int
        How many checks on cases, each counted once.
    releases : str
        With which releases, neighbours put together.
    """

    text: str
    tests: int
    releases: str


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
        reasons.append(Reason(text, len({name for _, name in tests}), stretches(versions, row, "1")))
    return tuple(sorted(reasons, key=lambda reason: (-reason.tests, reason.text)))
