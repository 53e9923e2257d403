"""Read the record of a run, a JUnit file: the only reader of it.

A record may come from anywhere: it is hostile until checked. A document type,
and with it every entity, is forbidden, and the size is looked at first.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from packaging.version import InvalidVersion, Version

from fixtures.fault import Fault
from tests.support import junit_format
from tests.tools.report import recorded

MAX_BYTES = 64 * (1 << 20)
PASSED, KNOWN, GONE, FAILED, ERROR, SKIPPED = "passed", "known", "gone", "failed", "error", "skipped"
NOT_JUDGED, UNLISTED = "not judged", "unlisted"
OF_THE_HEADER = (
    "scikit-learn", "python", "numpy", "scipy", "blas", "machine", "estimator", "ledger", "corpus", "checks", "capture",
)  # fmt: skip
OF_THE_FOOTER = ("selection", "tests selected", "tests ended", "end")
AGAIN = "run `nox -s tests` anew for this release"


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
    header: dict[str, str]  # what was run, and how it ended
    results: tuple[Result, ...]

    @property
    def release(self) -> str:
        """Version of the scikit-learn under test."""
        return self.header["scikit-learn"]


def read(path: Path) -> Record:
    """Read a record and check that it is of a whole run.

    Raises
    ------
    BadRecord
        It cannot be read, is no record of this suite, is truncated, or is of a run that broke off.
    """
    suites = list(_root(path).iter("testsuite"))
    if len(suites) != 1:
        raise BadRecord(path, f"holds {len(suites)} test suites", "the JUnit record of one run")
    (suite,) = suites
    header = _properties(suite)
    form = junit_format.FORMAT_VERSION
    if header.get("record") != str(form):
        raise BadRecord(path, f"has no header of format {form}", f"written by this suite: {AGAIN}")
    for name in (*OF_THE_HEADER, *OF_THE_FOOTER):
        if name not in header:
            part = "header" if name in OF_THE_HEADER else "footer"
            raise BadRecord(path, f"lacks {name!r} in its {part}", f"the record of a run that came to its end: {AGAIN}")
    try:
        Version(header["scikit-learn"])
    except InvalidVersion:
        raise BadRecord(path, f"is of scikit-learn {header['scikit-learn']!r:.40}", "a version like 1.9.1") from None
    results = tuple(_result(path, case) for case in suite.iter("testcase"))
    _require_whole(path, header, results)
    return Record(path, header, results)


def results_of(path: Path) -> tuple[Result, ...]:
    """Every test of a run of ours, whether the run is whole or not.

    Raises
    ------
    BadRecord
        It cannot be read, or a test in it is not what this suite writes.
    """
    return tuple(_result(path, case) for case in _root(path).iter("testcase"))


def _root(path: Path) -> Element:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadRecord(path, f"has {size:,} bytes", f"at most {MAX_BYTES:,}")
        return ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise BadRecord(path, f"cannot be read ({error.strerror})", "the record of a run") from None
    except DefusedXmlException:
        raise BadRecord(path, "declares a document type or an entity", "plain XML, as pytest writes it") from None
    except (ParseError, ValueError, LookupError) as error:
        raise BadRecord(path, f"is no whole XML ({error})", f"a record that was not cut off: {AGAIN}") from None


def _properties(element: Element) -> dict[str, str]:
    parent = element.find("properties")
    found = parent.findall("property") if parent is not None else []
    return {entry.get("name") or "": entry.get("value") or "" for entry in found}


def _result(path: Path, element: Element) -> Result:
    name = element.get("name") or ""
    match = re.fullmatch(r"(\w+)(?:\[(.*)\])?", name)
    if match is None:
        raise BadRecord(path, f"has a test named {name!r:.60}", "of tests named like test_check[case]")
    properties = _properties(element)
    try:
        recorded.require_readable(properties)
    except recorded.Unreadable as reason:
        raise BadRecord(path, f"has in {name:.80} {reason}", f"what this suite writes: {AGAIN}") from None
    state, text = _state(element, properties)
    promise = (element.get("classname") or "").rpartition(".")[2]
    return Result(match[1], match[2], promise, state, text, properties)


def _state(element: Element, properties: dict[str, str]) -> tuple[str, str]:
    error, failure, skipped = (element.find(name) for name in ("error", "failure", "skipped"))
    if error is not None:
        return ERROR, error.text or error.get("message") or ""
    if failure is not None:
        return _of_a_failure(failure, properties)
    if skipped is None:
        return PASSED, properties.get(junit_format.PARTLY, "")
    if skipped.get("type") == "pytest.xfail":
        return KNOWN, _found(properties)
    if junit_format.NOT_JUDGED in properties:
        return NOT_JUDGED, properties[junit_format.NOT_JUDGED]
    return SKIPPED, skipped.get("message") or ""


def _of_a_failure(failure: Element, properties: dict[str, str]) -> tuple[str, str]:
    if junit_format.GONE in properties:
        return GONE, failure.text or ""
    if junit_format.NOT_JUDGED in properties:
        return UNLISTED, properties[junit_format.NOT_JUDGED]
    # Only a broken promise is a failure of the estimator; anything else was raised on the way to it.
    if junit_format.FINDINGS in properties:
        return FAILED, _found(properties)
    return ERROR, failure.text or failure.get("message") or ""


def _found(properties: dict[str, str]) -> str:
    return recorded.words(properties.get(junit_format.FINDINGS, "[]"))


def _require_whole(path: Path, header: dict[str, str], results: tuple[Result, ...]) -> None:
    ended, selected = header["tests ended"], header["tests selected"]
    if header["end"] != "complete" or ended != selected:
        raise BadRecord(path, f"is of a run that stopped after {ended} of {selected} tests", f"of a whole run: {AGAIN}")
    names = [result.name for result in results]
    if str(len(names)) != ended:
        raise BadRecord(path, f"holds {len(names)} tests and says that {ended} ended", f"all of them: {AGAIN}")
    (name, times), *_ = Counter(names).most_common(1) or [("", 0)]
    if times > 1:
        raise BadRecord(path, f"holds {name} twice", f"each test once: {AGAIN}")
