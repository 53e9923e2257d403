"""The matrix of case and release: what became of each check, and of all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.version import Version

from fixtures import corpus
from tests.support import check
from tests.support.ledger import Ledger
from tests.tools.report import junit
from tests.tools.report.runs import Runs

HEALTHY, KNOWN, FIXED, NEW, GONE, ERROR, SKIPPED, NOT_RUN = "h", "k", "f", "n", "g", "e", "s", "-"
NOT_JUDGED, UNLISTED = "j", "u"
WORST_FIRST = (ERROR, NEW, UNLISTED, GONE, KNOWN, NOT_JUDGED, FIXED, HEALTHY, SKIPPED, NOT_RUN)
# What a state is called, its sign (never colour alone), and what it means.
LEGEND = {
    HEALTHY: ("healthy", "·", "every check passes"),
    KNOWN: ("known defect", "●", "a promise is broken as the ledger lists it"),
    FIXED: ("fixed", "○", "every check passes, and one failed in an older release"),
    NOT_JUDGED: ("not judged", "?", "a check had nothing to compare, for a reason that is given; the others pass"),
    UNLISTED: ("not judged, unlisted", "¿", "a check had nothing to compare, and the ledger does not list it so"),
    NEW: ("new failure", "✕", "a promise is broken, and the ledger does not list it"),
    GONE: ("no longer occurs", "✓", "the ledger lists what this release does not have: the ledger must change"),
    ERROR: ("error", "!", "a broken case, or a bug of the suite, not of the release"),
    SKIPPED: ("skipped", "-", "no check ran, the capture's where it is not at hand"),
    NOT_RUN: ("not run", " ", "it is in no record"),
}
RED = (NEW, UNLISTED, GONE, ERROR)


@dataclass(frozen=True)
class Matrix:
    """The state of every check on every case with every release."""

    versions: tuple[str, ...]  # in order
    promises: dict[str, str]  # file of each check, by the check's name; in the order of files
    states: dict[str, dict[str, str]]  # for each case and check one letter a release

    def cells(self, case: str) -> str:
        """The worst state of a case's checks, one letter a release."""
        rows = self.states[case].values()
        return "".join(worst(row[number] for row in rows) for number in range(len(self.versions)))

    def count(self, state: str, version: str | None = None) -> int:
        """How many checks on cases are in a state, with one release or all."""
        numbers = range(len(self.versions)) if version is None else [self.versions.index(version)]
        return sum(row[number] == state for rows in self.states.values() for row in rows.values() for number in numbers)


def worst(states: Iterable[str]) -> str:
    """The state that most needs to be looked at."""
    return min(states, key=WORST_FIRST.index, default=NOT_RUN)


def matrix_of(runs: Runs, ledger: Ledger, known_releases: Iterable[str]) -> Matrix:
    """The matrix of all runs; a defect may have begun in any known release, whether it was run or not."""
    versions = tuple(release.version for release in runs.releases)
    parsed = [Version(version) for version in versions]
    began = first_releases(ledger, {*known_releases, *versions})
    found = {(result.promise, result.check) for release in runs.releases for result in release.results.values()}
    # A check that only records promises nothing.
    recording = {name for name, one in check.every().items() if one.is_baseline}
    in_order = sorted(found, key=lambda pair: (pair[1] in recording, *pair))
    promises = {name: promise for promise, name in in_order}
    states: dict[str, dict[str, str]] = {case: {} for case in corpus.case_names()}
    for case, rows in states.items():
        for name in promises:
            row = "".join(
                _state(release.results.get((name, case)), began.get((name, case)), version)
                for release, version in zip(runs.releases, parsed, strict=True)
            )
            if row.strip(NOT_RUN):
                rows[name] = row
    return Matrix(versions, promises, states)


def first_releases(ledger: Ledger, releases: Iterable[str]) -> dict[tuple[str, str], Version]:
    """The first release in which the ledger lists each check and case."""
    versions = sorted(map(Version, releases))
    by_specifier = {entry.releases: entry for entry in ledger.entries}
    first_covered = {
        specifier: next((one for one in versions if entry.covers(str(one))), None)
        for specifier, entry in by_specifier.items()
    }
    began: dict[tuple[str, str], Version] = {}
    for entry in ledger.entries:
        if (first := first_covered[entry.releases]) is not None:
            key = (entry.check, entry.case)
            began[key] = min(first, began.get(key, first))
    return began


def stretches(versions: Sequence[str], row: str, state: str) -> str:
    """The releases in a state, neighbours put together, like ``0.18.2 to 1.6.1, 1.9.1``."""
    parts: list[list[str]] = []
    for number, (version, other) in enumerate(zip(versions, row, strict=True)):
        if other != state:
            continue
        if number and row[number - 1] == state:
            parts[-1][1:] = [version]
        else:
            parts.append([version])
    return ", ".join(" to ".join(part) for part in parts)


def _state(result: junit.Result | None, began: Version | None, version: Version) -> str:
    if result is None:
        return NOT_RUN
    if result.state == junit.PASSED:
        return FIXED if began is not None and began < version else HEALTHY
    return OF_A_RESULT[result.state]


OF_A_RESULT = {
    junit.KNOWN: KNOWN, junit.GONE: GONE, junit.FAILED: NEW, junit.NOT_JUDGED: NOT_JUDGED, junit.UNLISTED: UNLISTED,
    junit.ERROR: ERROR, junit.SKIPPED: SKIPPED,
}  # fmt: skip
