"""The records of runs, JUnit files: read, and merged where they belong together; all others are refused.

A record may come from anywhere: it is hostile until checked. A document type,
and with it every entity, is forbidden, the size is looked at first, and what
is kept of a test, its findings and what the fits of its case left, is read once.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from packaging.version import Version

from fixtures import corpus, plain_file, strict_json
from fixtures.fault import Fault
from tests.support import findings, junit_format, ledger
from tests.support.findings import Finding
from tests.support.replay import EXPLICIT

# Of a whole run 1.2 MB and 40,000; a parser takes some hundred bytes for each tag.
MAX_BYTES, MOST_TAGS = 16 * (1 << 20), 300_000
OTHER_ENCODING = re.compile(r"""<\?xml[^>]*\sencoding\s*=\s*["'](?!utf-8["'])""", flags=re.IGNORECASE)
PASSED, KNOWN, GONE, FAILED, ERROR, SKIPPED = "passed", "known", "gone", "failed", "error", "skipped"
NOT_JUDGED, UNLISTED = "not judged", "unlisted"
WORDS = {
    PASSED: "passes", KNOWN: "has its known defect", GONE: "no longer has its known defect", FAILED: "fails",
    NOT_JUDGED: "is not judged", UNLISTED: "is not judged, and not listed so", ERROR: "ends in an error",
    SKIPPED: "is skipped",
}  # fmt: skip
SAME = ("estimator", "ledger", "corpus", "checks")  # in all records of a report
OF_THE_HEADER = ("scikit-learn", "python", "numpy", "scipy", "blas", "machine", *SAME, "capture")
OF_THE_FOOTER = ("selection", "tests selected", "tests ended", "end")
AGAIN = "run `nox -s tests` anew for this release"

PLACE, BOUNDS = "place", "lower_bounds"
COMPONENT = re.compile(r"component ([0-9]{1,6})")
# Of a chain each figure is named after the way and the frame.
OF_A_FRAME = re.compile(r"(explicit|warm_start) frame ([0-9]{1,6}) (.+)", flags=re.DOTALL)
LARGEST = 1e100  # what is larger cannot be drawn: an axis takes squares of it


class BadRecord(Fault):
    """A record that is refused; the message is one line that names the file."""

    def __init__(self, path: Path, seen: str, should_be: str) -> None:
        super().__init__(f"{path} {seen}; should be {should_be}")


@dataclass(frozen=True)
class Result:
    """How one check on one case ended.

    States: ``known``: a defect of the ledger occurs; ``gone``: what it lists no
    longer does; ``failed``: a promise is broken that the ledger does not list;
    ``not judged``: there was nothing to compare, as the ledger lists it or
    where it is off; ``unlisted``: the same, and the ledger does not list it;
    ``error``: the corpus's fault or the suite's.
    """

    check: str
    case: str | None  # None where the check has no case
    promise: str  # the check's file, like test_collapse
    state: str
    text: str  # what was found, or why it, or a part of it, is not judged
    properties: dict[str, str]

    @property
    def name(self) -> str:
        """As pytest names it."""
        return self.check if self.case is None else f"{self.check}[{self.case}]"


@dataclass(frozen=True)
class Record:
    """What one run left."""

    path: Path
    release: str  # version of the scikit-learn under test
    header: dict[str, str]  # what was run, and how it ended
    results: tuple[Result, ...]


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

    def properties_of(self, case: str) -> dict[str, str]:
        """What the checks recorded of a case; of a chain, of the last explicit fit."""
        merged: dict[str, str] = {}
        for result in self.by_case.get(case, []):
            merged.update(result.properties)
        framed = [(match, text) for name, text in merged.items() if (match := OF_A_FRAME.fullmatch(name))]
        explicit = [(int(match[2]), match[3], text) for match, text in framed if match[1] == EXPLICIT]
        last = max((frame for frame, _, _ in explicit), default=None)
        return merged | {name: text for frame, name, text in explicit if frame == last}

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
    """The records that files and folders name, each once, sorted; a `Fault` where there is none."""
    found: set[Path] = set()
    for place in places:
        if not place.exists():
            raise Fault(f"{place} does not exist; should be a record or a folder of them (`nox -s tests` writes it)")
        # Not of a source of the user's, which calls itself by the version of a release; nor one being written.
        below = (path for path in place.rglob("*.xml") if not path.name.startswith((".", "source-")))
        found |= set(below) if place.is_dir() else {place}
    if not found:
        named = ", ".join(str(place) for place in places)
        raise Fault(f"there is no record (*.xml) in {named}; `nox -s tests` writes them into results/")
    return sorted(found)


def read_all(paths: Iterable[Path]) -> list[Record]:
    """Read records of whole runs, and check that their cases are of this corpus."""
    cases = {None, *corpus.case_names()}
    records = [read(path) for path in paths]
    for one in records:
        if other := next((result.name for result in one.results if result.case not in cases), None):
            raise BadRecord(one.path, f"has the test {other!r:.80}", "the record of tests on cases of this corpus")
    return records


def read(path: Path) -> Record:
    """Read a record; a `BadRecord` where it is none of this suite, is truncated, or is of a run that broke off."""
    suites = list(_root(path).iter("testsuite"))
    if len(suites) != 1:
        raise BadRecord(path, f"holds {len(suites)} test suites", "the JUnit record of one run")
    header = _properties(suites[0])
    form = junit_format.FORMAT_VERSION
    if header.get("record") != str(form):
        raise BadRecord(path, f"has no header of format {form}", f"written by this suite: {AGAIN}")
    for name in (*OF_THE_HEADER, *OF_THE_FOOTER):
        if name not in header:
            part = "header" if name in OF_THE_HEADER else "footer"
            raise BadRecord(path, f"lacks {name!r} in its {part}", f"the record of a run that came to its end: {AGAIN}")
    try:
        Version(header["scikit-learn"])
    except ValueError:
        raise BadRecord(path, f"is of scikit-learn {header['scikit-learn']!r:.40}", "a version like 1.9.1") from None
    results = tuple(_result(path, case) for case in suites[0].iter("testcase"))
    _require_whole(path, header, results)
    return Record(path, header["scikit-learn"], header, results)


def results_of(path: Path) -> tuple[Result, ...]:
    """Every test of a run of ours, whether the run is whole or not; a `BadRecord` where it cannot be read."""
    return tuple(_result(path, case) for case in _root(path).iter("testcase"))


def merge(records: Sequence[Record], listed: ledger.Ledger) -> Runs:
    """Put records together; those of one release add up, as the shards of a run do.

    A `BadRecord` is one that was run with another estimator, ledger, corpus or
    set of checks than the others, that contradicts another about a test, or
    that was not run with the ledger and the corpus that are here.
    """
    for name in SAME:
        _require_same(records, name)
    path, said = records[0].path, records[0].header
    here = {"ledger": junit_format.ledger_digest(listed), "corpus": junit_format.corpus_digest()}
    for name, value in here.items():
        if said[name] not in (value, junit_format.OFF):
            raise BadRecord(path, f"was run with the {name} {said[name]}", f"with the one that is here, {value}")
    versions = sorted({one.release for one in records}, key=Version)
    releases = tuple(_release([one for one in records if one.release == version]) for version in versions)
    return Runs(releases, said["estimator"], said["ledger"] != junit_format.OFF, said["corpus"])


def states_in(properties: Mapping[str, str]) -> dict[int, str]:
    """The state of each component that is not healthy."""
    named = {COMPONENT.fullmatch(name): text for name, text in properties.items()}
    return {int(match[1]): str(_component_in(text).state) for match, text in named.items() if match}


def _component_in(text: str) -> Finding:
    return findings.from_item(strict_json.parse(text))


def place_in(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Means, (n_components, 2), and covariances, (n_components, 2, 2), that a fit gave in the plane of two features."""
    content = strict_json.parse(text)
    means, triangles = (_finite(content[name]) for name in ("means", "covariances"))
    return means.reshape(-1, 2), triangles.reshape(-1, 3)[:, [0, 1, 1, 2]].reshape(-1, 2, 2)


def lower_bounds_in(text: str) -> list[float]:
    """The lower bound at each step, as far as it is finite."""
    return [float(value) for value in _finite([one for one in strict_json.parse(text) if one is not None])]


def _finite(numbers: Any) -> np.ndarray:
    array = np.array(numbers, dtype=np.float64)
    if not (np.abs(array) < LARGEST).all():
        raise ValueError(f"a number that is not finite, or {LARGEST:g} and more")
    return array


def _findings_in(text: str) -> str:
    """Findings in words, at most as many as a record keeps; empty where there are none."""
    found = findings.from_json(text)
    if len(found) > junit_format.MOST_FINDINGS:
        raise ValueError(f"{len(found)} findings; should be at most {junit_format.MOST_FINDINGS}")
    return textwrap.dedent("\n".join(findings.body(found))).strip("\n")


def _reader(name: str) -> Callable[[str], Any] | None:
    """What reads a property that is more than words."""
    framed = OF_A_FRAME.fullmatch(name)
    name = framed[3] if framed else name
    if COMPONENT.fullmatch(name):
        return lambda text: findings.of_component(_component_in(text))
    return {junit_format.FINDINGS: _findings_in, PLACE: place_in, BOUNDS: lower_bounds_in}.get(name)


def _root(path: Path) -> Element:
    try:
        text = plain_file.read_text(path, MAX_BYTES)
        if OTHER_ENCODING.match(text) or "\0" in text:
            raise BadRecord(path, "declares an encoding that it is not in", "in UTF-8, as pytest writes it")
        if (tags := text.count("<")) > MOST_TAGS:
            raise BadRecord(path, f"has {tags:,} tags", f"at most {MOST_TAGS:,}")
        return ElementTree.fromstring(text, forbid_dtd=True)
    except OSError as error:
        raise BadRecord(path, f"cannot be read ({error.strerror})", "the record of a run") from None
    except DefusedXmlException:
        raise BadRecord(path, "declares a document type or an entity", "plain XML, as pytest writes it") from None
    except (ParseError, ValueError, LookupError) as error:
        raise BadRecord(path, f"is no whole XML ({error})", f"a record that was not cut off: {AGAIN}") from None


def _properties(element: Element) -> dict[str, str]:
    return {entry.get("name") or "": entry.get("value") or "" for entry in element.iterfind("properties/property")}


def _result(path: Path, element: Element) -> Result:
    name = element.get("name") or ""
    match = re.fullmatch(r"(\w+)(?:\[(.*)\])?", name)
    if match is None:
        raise BadRecord(path, f"has a test named {name!r:.60}", "of tests named like test_check[case]")
    properties = _properties(element)
    for key, text in properties.items():
        try:
            if (reader := _reader(key)) is not None:
                reader(text)
        # Anything may stand where words and numbers should.
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            seen = f"has in {name:.80} the property {key!r:.40}, which cannot be read ({reason:.100})"
            raise BadRecord(path, seen, f"what this suite writes: {AGAIN}") from None
    state, text = _state(element, properties)
    return Result(match[1], match[2], (element.get("classname") or "").rpartition(".")[2], state, text, properties)


def _state(element: Element, properties: Mapping[str, str]) -> tuple[str, str]:
    error, failure, skipped = (element.find(name) for name in ("error", "failure", "skipped"))
    if error is not None:
        return ERROR, error.text or error.get("message") or ""
    if failure is not None:
        return _of_a_failure(failure, properties)
    if skipped is None:
        return PASSED, properties.get(junit_format.PARTLY, "")
    if skipped.get("type") == "pytest.xfail":
        return KNOWN, _findings_in(properties.get(junit_format.FINDINGS, "[]"))
    if junit_format.NOT_JUDGED in properties:
        return NOT_JUDGED, properties[junit_format.NOT_JUDGED]
    return SKIPPED, skipped.get("message") or ""


def _of_a_failure(failure: Element, properties: Mapping[str, str]) -> tuple[str, str]:
    if junit_format.GONE in properties:
        return GONE, failure.text or ""
    if junit_format.NOT_JUDGED in properties:
        return UNLISTED, properties[junit_format.NOT_JUDGED]
    # Only a broken promise is a failure of the estimator; anything else was raised on the way to it.
    if junit_format.FINDINGS in properties:
        return FAILED, _findings_in(properties[junit_format.FINDINGS])
    return ERROR, failure.text or failure.get("message") or ""


def _require_whole(path: Path, header: Mapping[str, str], results: Sequence[Result]) -> None:
    ended, selected = header["tests ended"], header["tests selected"]
    if header["end"] != "complete" or ended != selected:
        raise BadRecord(path, f"is of a run that stopped after {ended} of {selected} tests", f"of a whole run: {AGAIN}")
    if str(len(results)) != ended:
        raise BadRecord(path, f"holds {len(results)} tests and says that {ended} ended", f"all of them: {AGAIN}")
    for name, times in Counter(result.name for result in results).most_common(1):
        if times > 1:
            raise BadRecord(path, f"holds {name} twice", f"each test once: {AGAIN}")


def _require_same(records: Sequence[Record], name: str) -> None:
    usual, _ = Counter(one.header[name] for one in records).most_common(1)[0]
    other = next(one for one in records if one.header[name] == usual)
    for odd in records:
        if odd.header[name] != usual:
            seen = f"was run with the {name} {odd.header[name]}, and {other.path} with {usual}"
            raise BadRecord(odd.path, seen, f"run with the same: {AGAIN}, or leave it out")


def _release(records: Sequence[Record]) -> Release:
    found: dict[tuple[str, str | None], tuple[Result, Path]] = {}
    for one in records:
        for result in one.results:
            key = (result.check, result.case)
            known, path = found.setdefault(key, (result, one.path))
            if known.state == SKIPPED and result.state != SKIPPED:
                found[key] = (result, one.path)
            elif result.state not in (known.state, SKIPPED):
                seen = f"says that {result.name} {WORDS[result.state]}, and {path} that it {WORDS[known.state]}"
                same = f"the same about scikit-learn {one.release}: {AGAIN}, or leave one of them out"
                raise BadRecord(one.path, seen, same)
    results = {key: result for key, (result, _) in found.items()}
    return Release(records[0].release, tuple(one.header for one in records), results)
