"""The ledger's defects, put together for a reader: since and until which release, on how many cases, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import Version

from tests.support.ledger import Culprit, Entry, Ledger


@dataclass(frozen=True)
class Defect:
    """One defect of the ledger."""

    name: str
    summary: str
    upstream: str
    entries: tuple[Entry, ...]  # checks and cases that find it
    culprits: tuple[Culprit, ...]  # what made it begin and end, as far as it is known
    cases: dict[str, tuple[str, ...]]  # by release, those that show it, sorted
    releases: tuple[str, ...]  # all that are known, in order
    covered: dict[str, frozenset[str]]  # by specifier of its entries, the releases that it covers

    @property
    def reference(self) -> str:
        """The upstream issue in short, like ``#12099``."""
        number = self.upstream.rpartition("/")[2]
        return f"#{number}" if number.isdigit() else number[:10]

    @property
    def having(self) -> list[str]:
        """The releases that have it, in order."""
        return [version for version in self.releases if self.cases[version]]

    @property
    def since(self) -> str:
        """The first release that has it."""
        return self.having[0] if self.having else "no release"

    @property
    def until(self) -> str:
        """The last release that has it; empty where the newest does."""
        last = self.having[-1] if self.having else ""
        return "" if last == self.releases[-1] else last

    def partly(self, culprit: Culprit) -> bool:
        """Whether the defect is there before a culprit and after it: only some of its cases or checks change."""
        at = Version(culprit.release)
        return len({Version(version) < at for version in self.having}) == 2

    def lists(self, entry: Entry, version: str) -> bool:
        """Whether one of its entries covers a release."""
        return version in self.covered[entry.releases]

    @property
    def checks(self) -> list[str]:
        """Names of the checks that find it, sorted."""
        return sorted({entry.check for entry in self.entries})


def defects_of(ledger: Ledger, releases: Iterable[str]) -> list[Defect]:
    """The defects of a ledger for the releases that are known, those of most cases with the newest release first."""
    versions = tuple(sorted(set(releases), key=Version))
    by_name: dict[str, list[Entry]] = {}
    for entry in ledger.entries:
        by_name.setdefault(entry.defect, []).append(entry)
    found = []
    for name, entries in by_name.items():
        covered = {
            specifier: frozenset(filter(entry.covers, versions))
            for specifier, entry in {entry.releases: entry for entry in entries}.items()
        }
        cases = {
            version: tuple(sorted({entry.case for entry in entries if version in covered[entry.releases]}))
            for version in versions
        }
        culprits = tuple(culprit for culprit in ledger.culprits if culprit.defect == name)
        first = entries[0]
        found.append(Defect(name, first.summary, first.upstream, tuple(entries), culprits, cases, versions, covered))
    return sorted(found, key=lambda defect: (-len(defect.cases[versions[-1]]), defect.name))
