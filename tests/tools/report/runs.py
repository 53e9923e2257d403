"""Merge the records of any number of runs, and refuse those that do not belong together."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from fixtures import corpus
from fixtures.fault import Fault
from tests.support import junit_format, ledger
from tests.tools.report import junit
from tests.tools.report.junit import BadRecord, Record, Result

SAME = ("estimator", "ledger", "corpus", "checks")


@dataclass(frozen=True)
class Release:
    """What all records of one release say."""

    version: str
    headers: tuple[dict[str, str], ...]  # one for each record
    results: dict[tuple[str, str | None], Result]  # by check and case

    @functools.cached_property
    def by_case(self) -> dict[str | None, list[Result]]:
        """The results of each case."""
        found: dict[str | None, list[Result]] = {}
        for result in self.results.values():
            found.setdefault(result.case, []).append(result)
        return found

    def said(self, name: str) -> str:
        """What the records' headers say under a name, each value once."""
        return "; ".join(dict.fromkeys(header[name] for header in self.headers))


@dataclass(frozen=True)
class Runs:
    """All that is reported on: releases in order, run with one estimator, ledger, corpus and set of checks."""

    releases: tuple[Release, ...]
    estimator: str
    has_ledger: bool
    corpus: str

    @property
    def newest(self) -> Release:
        """The newest release that was run."""
        return self.releases[-1]


def find(places: Sequence[Path]) -> list[Path]:
    """The records that files and folders name, each once, sorted.

    Raises
    ------
    Fault
        A place does not exist, or there is no record in any.
    """
    found: set[Path] = set()
    for place in places:
        if not place.exists():
            raise Fault(f"{place} does not exist; should be a record or a folder of them (`nox -s tests` writes it)")
        found |= set(filter(_is_of_a_release, place.rglob("*.xml"))) if place.is_dir() else {place}
    if not found:
        named = ", ".join(str(place) for place in places)
        raise Fault(f"there is no record (*.xml) in {named}; `nox -s tests` writes them into results/")
    return sorted(found)


def _is_of_a_release(path: Path) -> bool:
    """Not of a source of the user's, which calls itself by the version of a release; nor one being written."""
    return not path.name.startswith((".", "source-"))


def merge(records: Sequence[Record], listed: ledger.Ledger) -> Runs:
    """Put records together.

    Records of one release add up, as the shards of a run do. Where two have
    the same test they must agree.

    Raises
    ------
    BadRecord
        A record was run with another estimator, ledger, corpus or set of
        checks than the others, contradicts another, or was not run with the
        ledger and the corpus that are here.
    """
    for name in SAME:
        _require_same(records, name)
    first = records[0]
    here = {"ledger": junit_format.ledger_digest(listed), "corpus": junit_format.corpus_digest()}
    for name, value in here.items():
        if first.header[name] not in (value, junit_format.OFF):
            seen = f"was run with the {name} {first.header[name]}"
            raise BadRecord(first.path, seen, f"with the one that is here, {value}")
    versions = sorted({one.release for one in records}, key=Version)
    releases = tuple(_release([one for one in records if one.release == version]) for version in versions)
    has_ledger = first.header["ledger"] != junit_format.OFF
    return Runs(releases, first.header["estimator"], has_ledger, first.header["corpus"])


def read(paths: Iterable[Path]) -> list[Record]:
    """Read records and check that their cases are of this corpus."""
    cases = {None, *corpus.case_names()}
    records = [junit.read(path) for path in paths]
    for record in records:
        for result in record.results:
            if result.case not in cases:
                raise BadRecord(
                    record.path, f"has the test {result.name!r:.80}", "the record of tests on cases of this corpus"
                )
    return records


def _require_same(records: Sequence[Record], name: str) -> None:
    usual, _ = Counter(one.header[name] for one in records).most_common(1)[0]
    other = next(one for one in records if one.header[name] == usual)
    for odd in records:
        if odd.header[name] != usual:
            seen = f"was run with the {name} {odd.header[name]}, and {other.path} with {usual}"
            raise BadRecord(odd.path, seen, f"run with the same: {junit.AGAIN}, or leave it out")


def _release(records: Sequence[Record]) -> Release:
    found: dict[tuple[str, str | None], tuple[Result, Path]] = {}
    for one in records:
        for result in one.results:
            key = (result.check, result.case)
            known, path = found.setdefault(key, (result, one.path))
            if known.state == junit.SKIPPED and result.state != junit.SKIPPED:
                found[key] = (result, one.path)
            elif result.state not in (known.state, junit.SKIPPED):
                raise BadRecord(
                    one.path, f"says that {result.name} {WORDS[result.state]}, and {path} that it {WORDS[known.state]}",
                    f"the same about scikit-learn {one.release}: {junit.AGAIN}, or leave one of them out",
                )  # fmt: skip
    results = {key: result for key, (result, _) in found.items()}
    return Release(records[0].release, tuple(one.header for one in records), results)


WORDS = {
    junit.PASSED: "passes", junit.KNOWN: "has its known defect", junit.GONE: "no longer has its known defect",
    junit.FAILED: "fails", junit.NOT_JUDGED: "is not judged", junit.UNLISTED: "is not judged, and not listed so",
    junit.ERROR: "ends in an error", junit.SKIPPED: "is skipped",
}  # fmt: skip
