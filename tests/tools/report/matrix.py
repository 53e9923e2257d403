"""What the runs show, beside the ledger: its defects, the state of each check on each case, and the verdict on all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from packaging.version import Version

from fixtures import corpus
from tests.support import check
from tests.support.ledger import NUMPY, Culprit, Entry, Ledger
from tests.tools.report import records
from tests.tools.report.records import Result, Runs

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
# What makes the verdict red, as the verdict counts it.
RED = {
    NEW: "new failure", UNLISTED: "check not judged and not listed so", GONE: "listed defect that no longer occurs",
    ERROR: "error",
}  # fmt: skip
OF_A_RESULT = {
    records.KNOWN: KNOWN, records.GONE: GONE, records.FAILED: NEW, records.NOT_JUDGED: NOT_JUDGED,
    records.UNLISTED: UNLISTED, records.ERROR: ERROR, records.SKIPPED: SKIPPED,
}  # fmt: skip


@dataclass(frozen=True)
class Defect:
    """One defect of the ledger, since and until which release, on how many cases, and why."""

    name: str
    summary: str
    upstream: str
    entries: tuple[Entry, ...]  # checks and cases that find it
    culprits: tuple[Culprit, ...]  # what made it begin and end, as far as it is known
    listed: dict[str, frozenset[Entry]]  # by release, of all that are known and in order, the entries that cover it

    @property
    def reference(self) -> str:
        """The upstream issue in short, like ``#12099``."""
        number = self.upstream.rpartition("/")[2]
        return f"#{number}" if number.isdigit() else number[:10]

    @property
    def libraries(self) -> str:
        """The libraries whose arrays it takes to see it; empty where numpy's do."""
        names = {name for entry in self.entries for name in entry.arrays}
        # A device without float64 is named where the library alone is not.
        named = sorted(name for name in names if name == (base := name.partition(" ")[0]) or base not in names)
        return "" if NUMPY in names else " or ".join(named)

    @property
    def having(self) -> list[str]:
        """The releases that have it, in order."""
        return [version for version, entries in self.listed.items() if entries]

    @property
    def since(self) -> str:
        """The first release that has it."""
        return self.having[0] if self.having else "no release"

    @property
    def until(self) -> str:
        """The last release that has it; empty where the newest does."""
        last = self.having[-1] if self.having else ""
        return "" if last == [*self.listed][-1] else last

    def partly(self, culprit: Culprit) -> bool:
        """Whether the defect is there before a culprit and after it: only some of its cases or checks change."""
        at = Version(culprit.release)
        return len({Version(version) < at for version in self.having}) == 2

    def n_cases(self, version: str) -> int:
        """On how many cases a release has it."""
        return len({entry.case for entry in self.listed[version]})

    @property
    def checks(self) -> list[str]:
        """Names of the checks that find it, sorted."""
        return sorted({entry.check for entry in self.entries})


def defects_of(ledger: Ledger, releases: Iterable[str]) -> list[Defect]:
    """The defects of a ledger for the releases that are known, those of most cases with the newest release first."""
    versions = tuple(sorted(set(releases), key=Version))
    covered = _covered(ledger, versions)
    found = []
    for name in dict.fromkeys(entry.defect for entry in ledger.entries):
        every = [entry for entry in ledger.entries if entry.defect == name]
        # Of a defect that numpy's arrays show, too, what is said of others is not counted again.
        entries = tuple(entry for entry in every if entry.is_of(NUMPY)) or tuple(every)
        listed = {one: frozenset(entry for entry in entries if one in covered[entry.releases]) for one in versions}
        culprits = tuple(culprit for culprit in ledger.culprits if culprit.defect == name)
        found.append(Defect(name, entries[0].summary, entries[0].upstream, entries, culprits, listed))
    return sorted(found, key=lambda defect: (-defect.n_cases(versions[-1]), defect.name))


def _covered(ledger: Ledger, versions: Iterable[str]) -> dict[str, frozenset[str]]:
    """By specifier of the ledger's entries, the releases that it covers."""
    by_specifier = {entry.releases: entry for entry in ledger.entries}
    return {
        specifier: frozenset(one for one in versions if entry._replace(arrays=()).covers(one))
        for specifier, entry in by_specifier.items()
    }


@dataclass(frozen=True)
class Matrix:
    """The state of every check on every case with every release."""

    versions: tuple[str, ...]  # in order
    promises: dict[str, str]  # file of each check, by the check's name; in the order of files
    states: dict[str, dict[str, str]]  # for each case and check one letter a release

    def cells(self, case: str) -> str:
        """The worst state of a case's checks, one letter a release."""
        rows = self.states[case].values()
        columns = [{row[number] for row in rows} for number in range(len(self.versions))]
        return "".join(min(states, key=WORST_FIRST.index, default=NOT_RUN) for states in columns)

    def count(self, state: str, version: str | None = None) -> int:
        """How many checks on cases are in a state, with one release or all."""
        numbers = range(len(self.versions)) if version is None else [self.versions.index(version)]
        return sum(row[number] == state for rows in self.states.values() for row in rows.values() for number in numbers)


def matrix_of(runs: Runs, ledger: Ledger, known_releases: Iterable[str]) -> Matrix:
    """The matrix of all runs; a defect may have begun in any known release, whether it was run or not."""
    versions = tuple(release.version for release in runs.releases)
    covered = _covered(ledger, {*known_releases, *versions})
    began: dict[tuple[str, str], Version] = {}  # the first release in which the ledger lists a check and a case
    for entry in ledger.entries:
        key = (entry.check, entry.case)
        if first := min(map(Version, covered[entry.releases]), default=None):
            began[key] = min(first, began.get(key, first))
    found = {(result.promise, result.check) for release in runs.releases for result in release.results.values()}
    # A check that only records promises nothing.
    recording = {name for name, one in check.every().items() if one.is_baseline}
    promises = {name: promise for promise, name in sorted(found, key=lambda pair: (pair[1] in recording, *pair))}
    states: dict[str, dict[str, str]] = {case: {} for case in corpus.case_names()}
    for case, rows in states.items():
        for name in promises:
            first = began.get((name, case))
            row = "".join(_state(one.results.get((name, case)), first, one.version) for one in runs.releases)
            if row.strip(NOT_RUN):
                rows[name] = row
    return Matrix(versions, promises, states)


def _state(result: Result | None, began: Version | None, version: str) -> str:
    if result is None:
        return NOT_RUN
    if result.state == records.PASSED:
        return FIXED if began is not None and began < Version(version) else HEALTHY
    return OF_A_RESULT[result.state]


def stretches(versions: Sequence[str], row: str, state: str) -> str:
    """The releases in a state, neighbours put together, like ``0.18.2 to 1.6.1, 1.9.1``."""
    by_state = groupby(zip(versions, row, strict=True), key=lambda pair: pair[1])
    parts = [[version for version, _ in pairs] for other, pairs in by_state if other == state]
    return ", ".join(part[0] if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in parts)


@dataclass(frozen=True)
class Reason:
    """Why some checks on cases are not judged, how many (each counted once), and with which releases."""

    text: str
    tests: int
    releases: str


@dataclass(frozen=True)
class Verdict:
    """What a reader should know first: whether the releases behave as the ledger lists them."""

    is_green: bool
    sentence: str
    present: tuple[tuple[Defect, int], ...]  # in the newest release, with the number of cases that show each
    not_judged: tuple[Reason, ...]  # with any release


def verdict(runs: Runs, seen: Matrix, defects: Sequence[Defect]) -> Verdict:
    """Judge all runs together."""
    present = tuple((defect, cases) for defect in defects if (cases := cases_showing(defect, seen, -1)))
    counts = [(seen.count(state), state, word) for state, word in RED.items()]
    faults = [f"{_number(number, word)} ({_releases(seen, state)})" for number, state, word in counts if number]
    sentence = f"Not as the ledger says: {'; '.join(faults)}." if faults else _of_a_green_run(runs, seen, len(present))
    return Verdict(not faults, sentence, present, reasons_of(runs))


def _of_a_green_run(runs: Runs, seen: Matrix, present: int) -> str:
    newest, releases = runs.newest.version, len(runs.releases)
    listed = seen.count(NOT_JUDGED, newest)
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
    listed, not_run = defect.listed[seen.versions[number]], NOT_RUN * len(seen.versions)
    return len({one.case for one in listed if seen.states[one.case].get(one.check, not_run)[number] == KNOWN})


def reasons_of(runs: Runs) -> tuple[Reason, ...]:
    """The reasons that the records give, the most frequent first; what is not listed is among them."""
    found: dict[str, dict[str, set[str]]] = {}  # by reason and release, the tests
    for release in runs.releases:
        for result in release.results.values():
            if result.state in (records.NOT_JUDGED, records.UNLISTED):
                found.setdefault(result.text, {}).setdefault(release.version, set()).add(result.name)
    versions = tuple(release.version for release in runs.releases)
    reasons = []
    for text, tests in found.items():
        row = "".join("01"[version in tests] for version in versions)
        reasons.append(Reason(text, len(set.union(*tests.values())), stretches(versions, row, "1")))
    return tuple(sorted(reasons, key=lambda reason: (-reason.tests, reason.text)))


def _releases(seen: Matrix, state: str) -> str:
    having = [version for version in seen.versions if seen.count(state, version)]
    return f"with {', '.join(having[:4])}{f' and {len(having) - 4} more' if len(having) > 4 else ''}"


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
