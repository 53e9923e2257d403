"""Every malformed ledger is refused with one line that names the file and the fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.check import every
from tests.support.junit_format import ledger_digest
from tests.support.ledger import LEDGER, BadLedger, Entry, Ledger, as_item, read_ledger, summary

ISSUE = "https://github.com/scikit-learn/scikit-learn/issues/1"


def item(**changes: Any) -> dict[str, Any]:
    """What is found of a defect: one check on two cases."""
    return {"releases": ">=0.18,<1.7", "check": "test_a", "cases": ["one", "two"], **changes}


def defect(**changes: Any) -> dict[str, Any]:
    """A defect that is listed as it should be."""
    return {"id": "d", "summary": "something is wrong", "upstream": ISSUE, "found": [item()], **changes}


def content(*defects: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A ledger that is as it should be."""
    return {"format": 2, "defects": list(defects or [defect()]), "not_judged": [], **changes}


def reason(**changes: Any) -> dict[str, Any]:
    """What is listed as not judged, as it should be."""
    return {"id": "r", "reason": "nothing is left", "found": [unjudged()], **changes}


def unjudged(*checks: str, **changes: Any) -> dict[str, Any]:
    """What is not judged: some checks on two cases."""
    return {"releases": ">=0.18,<1.7", "checks": list(checks or ["test_b"]), "cases": ["one", "two"], **changes}


def without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    """A mapping that lacks a key."""
    return {name: value for name, value in mapping.items() if name != key}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """Write a ledger; text goes to the file as it is."""

    def write_ledger(ledger: Any) -> Path:
        path = tmp_path / "known_defects.json"
        path.write_text(ledger if isinstance(ledger, str) else json.dumps(ledger, indent=1), encoding="utf-8")
        return path

    return write_ledger


def refusal(path: Path) -> str:
    """The one line with which a ledger is refused, without the name of the file that it begins with."""
    with pytest.raises(BadLedger) as caught:
        read_ledger(path)
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith(str(path))
    return message[len(str(path)) :].strip()


def culprit(**changes: Any) -> dict[str, Any]:
    """What made a defect end: a commit."""
    commit = {"commit": "0123456789" * 4, "date": "2025-05-06", "title": "FIX it (#1)", "pull_request": 1}
    return {"release": "1.7.0", "change": "ends", **commit, **changes}


def culprits(*listed: Any) -> dict[str, Any]:
    """A ledger whose defect has these culprits."""
    return content(defect(culprits=list(listed)))


BY_NUMPY = {"release": "0.18", "change": "begins", "dependency": "numpy 2.0.0"}

REPEATED_KEY = '{"format": 2, "format": 2, "defects": []}'
DEEP = '{"format": 2, "defects": ' + "[" * 100_000 + "]" * 100_000 + "}"

MALFORMED = {
    "empty file": ("", "is not valid JSON"),
    "not JSON": ("{", "is not valid JSON"),
    "repeated key": (REPEATED_KEY, "is not valid JSON (a key is repeated)"),
    "nan": ('{"format": NaN, "defects": []}', "is not valid JSON (NaN is not a JSON number)"),
    "deep": (DEEP, "is not valid JSON (it is nested too deeply)"),
    "list": ([], "has [] as the ledger; should be an object"),
    "null": (None, "has None as the ledger"),
    "unknown key": (content(extra=1), "has the unknown entry 'extra' in the ledger; should have just defects, fo"),
    "missing key": (without(content(), "defects"), "lacks 'defects' in the ledger"),
    "older format": (
        without(content(format=1), "not_judged"),
        "has format version 1; should be 2, which lists",
    ),
    "newer format": (content(format=3), "has format version 3; should be 2"),
    "format is text": (content(format="1"), "has '1' as 'format' in the ledger; should be a whole number"),
    "format is true": (content(format=True), "True"),
    "defects is an object": (content(defects={}), "has {} as 'defects'"),
    "defect is text": (content(defects=["d"]), "has 'd' as a defect; should be an object"),
    "unknown key of a defect": (content(defect(reason="?")), "has the unknown entry 'reason' in a defect"),
    "no summary": (content(without(defect(), "summary")), "lacks 'summary' in a defect"),
    "empty summary": (content(defect(summary="")), "has '' as 'summary' in a defect"),
    "id is a number": (content(defect(id=12099)), "has 12099 as 'id' in a defect"),
    "repeated id": (content(defect(), defect()), "lists the defect 'd' twice; should be listed once"),
    "no upstream": (content(without(defect(), "upstream")), "lacks 'upstream' in a defect"),
    "upstream elsewhere": (content(defect(upstream="https://example.org/1")), "gives 'https://example.org/1' as ups"),
    "upstream of nothing": (content(defect(upstream=ISSUE[:-1])), "as upstream of 'd'; should be the address"),
    "upstream with more": (content(defect(upstream=ISSUE + "#note")), "as upstream of 'd'; should be the address"),
    "upstream with a newline": (content(defect(upstream=ISSUE + "\n")), "as upstream of 'd'; should be the address"),
    "found nowhere": (content(defect(found=[])), "lists the defect 'd' on no case; should name at least one"),
    "found is an object": (content(defect(found=item())), "as 'found' in a defect; should be a list"),
    "item is text": (content(defect(found=["one"])), "has 'one' as an item of 'found' of 'd'; should be an object"),
    "unknown key of an item": (content(defect(found=[item(case="one")])), "has the unknown entry 'case' in an item"),
    "no check": (content(defect(found=[without(item(), "check")])), "lacks 'check' in an item of 'found' of 'd'"),
    "bad specifier": (content(defect(found=[item(releases="0.18+")])), "has the releases '0.18+' in an item of 'found"),
    "no specifier": (content(defect(found=[item(releases="")])), "has '' as 'releases' in an item of 'found' of 'd'"),
    "no cases": (content(defect(found=[item(cases=[])])), "has the cases [] in an item of 'found' of 'd'; should be"),
    "case is a number": (content(defect(found=[item(cases=[1])])), "has the cases [1] in an item of 'found' of 'd'"),
    "cases is text": (content(defect(found=[item(cases="one")])), "has 'one' as 'cases' in an item of 'found' of 'd'"),
    "repeated case": (
        content(defect(found=[item(cases=["one", "two", "one"])])),
        "repeats 'one' in the cases of an item of 'found' of 'd'; should be listed once",
    ),
    "no reasons": (without(content(), "not_judged"), "lacks 'not_judged' in the ledger; should have just defects, fo"),
    "not_judged is an object": (content(not_judged={}), "has {} as 'not_judged' in the ledger; should be a list"),
    "not judged is text": (content(not_judged=["r"]), "has 'r' as an item of 'not_judged'; should be an object"),
    "no reason": (content(not_judged=[without(reason(), "reason")]), "lacks 'reason' in an item of 'not_judged'"),
    "empty reason": (content(not_judged=[reason(reason="")]), "has '' as 'reason' in an item of 'not_judged'"),
    "reason with an upstream": (content(not_judged=[reason(upstream=ISSUE)]), "has the unknown entry 'upstream' in an"),
    "reason with culprits": (content(not_judged=[reason(culprits=[])]), "has the unknown entry 'culprits' in an item"),
    "repeated reason": (
        content(not_judged=[reason(), reason()]),
        "lists the item 'r' of 'not_judged' twice; should b",
    ),
    "reason for nothing": (content(not_judged=[reason(found=[])]), "lists the item 'r' of 'not_judged' on no case; s"),
    "repeated case of a reason": (
        content(not_judged=[reason(found=[unjudged(cases=["one", "one"])])]),
        "repeats 'one' in the cases of an item of 'found' of 'r'; should be listed once",
    ),
    "repeated check of a reason": (
        content(not_judged=[reason(found=[unjudged("test_a", "test_a")])]),
        "repeats 'test_a' in the checks of an item of 'found' of 'r'; should be listed once",
    ),
    "one check of a reason": (
        content(not_judged=[reason(found=[item()])]),
        "has the unknown entry 'check' in an item of 'found' of 'r'; should have just cases, checks, releases",
    ),
    "culprits is an object": (content(defect(culprits={})), "has among the culprits of 'd' {}; should be a list"),
    "culprit is text": (culprits("#1"), "has among the culprits of 'd' '#1'; should be an object with just change"),
    "culprit without a commit": (culprits(without(culprit(), "commit")), "; should be an object with just change"),
    "culprit of two kinds": (culprits(culprit(dependency="numpy 2.0.0")), "; should be an object with just change"),
    "unknown change": (culprits(culprit(change="fixed")), "the change 'fixed'; should be begins or ends"),
    "change is a list": (culprits(culprit(change=["ends"])), "the change ['ends']; should be begins or ends"),
    "release is no version": (culprits(culprit(release="next")), "the release 'next'; should be a version"),
    "release is a number": (culprits(culprit(release=1.7)), "the release 1.7; should be a version"),
    "short hash": (culprits(culprit(commit="0123456")), "the commit '0123456'; should be 40 hexadecimal digits"),
    "date with a time": (culprits(culprit(date="2025-05-06T00:00")), "should be a day like 2025-05-06"),
    "empty title": (culprits(culprit(title="")), "the title ''; should be the first line"),
    "title of two lines": (culprits(culprit(title="a\nb")), "should be the first line of the commit's message"),
    "pull request is text": (culprits(culprit(pull_request="#1")), "the pull_request '#1'; should be a number or null"),
    "pull request is true": (culprits(culprit(pull_request=True)), "the pull_request True; should be a number"),
    "dependency without a version": (
        culprits({**BY_NUMPY, "dependency": "numpy"}),
        "the dependency 'numpy'; should be a name and a version, like numpy 2.0.0",
    ),
    "culprit of no change": (
        culprits(culprit(release="1.6.0")),
        "ends with 1.6.0; should be a release r that some 'releases' of it names as <r",
    ),
    "culprit of the other change": (culprits(culprit(change="begins")), "begins with 1.7.0; should be a release r"),
    "repeated culprit": (culprits(culprit(), culprit()), "twice; should be listed once"),
}


@pytest.mark.parametrize(("ledger", "seen"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_ledger_is_refused(write: Callable[[Any], Path], ledger: Any, seen: str) -> None:
    assert seen in refusal(write(ledger))


def test_a_missing_ledger_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "known_defects.json") == "cannot be read (No such file or directory); should be there"


def test_a_ledger_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known_defects.json"
    path.write_bytes(json.dumps(content()).encode("utf-16"))
    assert "is not valid JSON" in refusal(path)


def test_a_good_ledger_is_read_whole(write: Callable[[Any], Path]) -> None:
    ledger = read_ledger(write(content(defect(), defect(id="e", found=[item(cases=["three"]), item(check="test_b")]))))
    assert [(entry.defect, entry.check, entry.case) for entry in ledger.entries] == [
        ("d", "test_a", "one"),
        ("d", "test_a", "two"),
        ("e", "test_a", "three"),
        ("e", "test_b", "one"),
        ("e", "test_b", "two"),
    ]


def test_what_made_a_defect_begin_and_end_is_read(write: Callable[[Any], Path]) -> None:
    listed = [culprit(), culprit(pull_request=None), BY_NUMPY]
    ledger = read_ledger(write(culprits(*listed)))
    assert [as_item(found) for found in ledger.culprits] == listed
    assert {found.defect for found in ledger.culprits} == {"d"}


def test_an_empty_list_of_defects_is_a_good_ledger(write: Callable[[Any], Path]) -> None:
    assert read_ledger(write(content(defects=[]))).entries == ()


def test_what_is_not_judged_is_read_whole(write: Callable[[Any], Path]) -> None:
    ledger = read_ledger(
        write(content(not_judged=[reason(), reason(id="s", found=[unjudged("test_a", "test_b", cases=["three"])])]))
    )
    assert [(entry.defect, entry.check, entry.case) for entry in ledger.not_judged] == [
        ("r", "test_b", "one"),
        ("r", "test_b", "two"),
        ("s", "test_a", "three"),
        ("s", "test_b", "three"),
    ]
    assert not any(entry.is_judged for entry in ledger.not_judged)
    assert all(entry.is_judged for entry in ledger.entries)


def test_what_is_not_judged_is_part_of_the_state_of_a_ledger(write: Callable[[Any], Path]) -> None:
    digests = [ledger_digest(read_ledger(write(content(not_judged=listed)))) for listed in ([], [reason()])]
    assert digests[0] != digests[1]


def lines_are_right(path: Path) -> bool:
    """Whether each entry's line is one that holds nothing but its case, and no two entries share one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    ledger = read_ledger(path)
    entries = (*ledger.entries, *ledger.not_judged)
    own = all(lines[entry.line - 1].strip(" ,") == json.dumps(entry.case) for entry in entries)
    places = dict.fromkeys((entry.line, entry.case, entry.defect) for entry in entries)  # several checks share one
    return own and [line for line, _, _ in places] == sorted({line for line, _, _ in places})


@pytest.mark.parametrize(
    "defects",
    [
        [defect(), defect(id="e")],
        [defect(found=[item(), item(check="test_b"), item(check="test_c", cases=["two", "one"])])],
        [defect(found=[item(cases=["e", "one"]), item(check="test_b")]), defect(id="e")],
        [defect(summary='it says "cases" and "one"'), defect(id="e", summary="d")],
        [defect(id="d", found=[item(check="one")])],
        [dict(reversed(defect().items())), dict(reversed(defect(id="e").items()))],
        [defect(found=[dict(reversed(item().items()))])],
        [defect(), defect(id="köln")],
    ],
    ids=["two defects", "items", "id is a case", "words in a summary", "check is a case", "found first", "cases first",
         "not ASCII"],
)  # fmt: skip
def test_the_line_of_an_entry_is_the_line_of_its_case(tmp_path: Path, defects: list[dict[str, Any]]) -> None:
    path = tmp_path / "known_defects.json"
    path.write_text(json.dumps(content(*defects), indent=1, ensure_ascii=False), encoding="utf-8")
    assert lines_are_right(path)


def test_the_line_of_what_is_not_judged_is_the_line_of_its_case(write: Callable[[Any], Path]) -> None:
    assert lines_are_right(write(content(not_judged=[reason(), reason(id="one", found=[unjudged("two")])])))


def test_the_lines_of_the_stored_ledger_are_right() -> None:
    assert lines_are_right(LEDGER)


@pytest.mark.parametrize(
    ("releases", "release", "covered"),
    [
        (">=0.18", "0.18.1", True),
        (">=0.18", "1.10.dev0", True),
        (">=0.18", "1.10.dev0+git20261101.abcdef", True),
        (">=0.18,<1.7", "1.6.1", True),
        (">=0.18,<1.7", "1.7.0", False),
        (">=0.18,<1.7", "1.10.0", False),
        (">=1.7", "1.7.dev0", True),
        ("<1.7.0", "1.7.dev0", False),
        (">=1.7.0", "1.7.0rc1", True),
        ("==0.22.2.post1", "0.22.2.post1", True),
    ],
)
def test_an_entry_covers_the_releases_that_it_names(releases: str, release: str, covered: bool) -> None:
    entry = Entry("d", "something is wrong", ISSUE, releases, "test_a", "one", 1)
    assert entry.covers(release) is covered


def test_items_may_share_a_case_on_different_releases(write: Callable[[Any], Path]) -> None:
    ledger = read_ledger(write(content(defect(found=[item(releases="<1.0"), item(releases=">=1.0")]))))
    assert [entry.releases for entry in ledger.listed_for("1.9.1")] == [">=1.0", ">=1.0"]


def test_entries_that_overlap_on_a_release_are_refused(write: Callable[[Any], Path]) -> None:
    ledger = read_ledger(write(content(defect(found=[item(releases="<1.5"), item(releases=">=1.0")]))))
    with pytest.raises(BadLedger, match=r"lines \d+ and \d+: test_a\[one\] is listed twice for scikit-learn 1\.2\.0"):
        ledger.listed_for("1.2.0")


def test_what_is_a_defect_and_not_judged_is_refused(write: Callable[[Any], Path]) -> None:
    """A check on a case fails or is not judged; nobody can expect both."""
    ledger = read_ledger(write(content(not_judged=[reason(found=[unjudged("test_a", releases=">=1.0")])])))
    with pytest.raises(BadLedger, match=r"lines \d+ and \d+: test_a\[one\] is listed twice for scikit-learn 1\.2\.0"):
        ledger.listed_for("1.2.0")
    assert {entry.is_judged for entry in ledger.listed_for("0.24.2")} == {True}
    assert {entry.is_judged for entry in ledger.listed_for("1.8.0")} == {False}


def known(entries: Ledger) -> None:
    """Ask whether a ledger names only the checks and cases of these tests."""
    entries.require_known({"test_a", "test_b"}, {"one", "two"})


@pytest.mark.parametrize(
    ("changes", "entry", "seen"),
    [
        ({"check": "test_A"}, 0, "there is no check 'test_A'; should be one of test_a, test_b"),
        ({"check": "test_a "}, 0, "there is no check 'test_a '; should be one of test_a, test_b"),
        ({"cases": ["one", "One"]}, 1, "there is no case 'One'; should be one of one, two"),
        ({"cases": ["*"]}, 0, "there is no case '*'; should be one of one, two"),
    ],
)
def test_a_name_must_match_exactly(
    write: Callable[[Any], Path], changes: dict[str, Any], entry: int, seen: str
) -> None:
    path = write(content(defect(found=[item(**changes)])))
    ledger = read_ledger(path)
    with pytest.raises(BadLedger) as caught:
        known(ledger)
    assert str(caught.value) == f"{path}, line {ledger.entries[entry].line}: {seen}"


def test_a_name_of_what_is_not_judged_must_match_exactly(write: Callable[[Any], Path]) -> None:
    path = write(content(not_judged=[reason(found=[unjudged("test_c")])]))
    ledger = read_ledger(path)
    with pytest.raises(BadLedger) as caught:
        known(ledger)
    seen = "there is no check 'test_c'; should be one of test_a, test_b"
    assert str(caught.value) == f"{path}, line {ledger.not_judged[0].line}: {seen}"


def test_names_that_match_are_accepted(write: Callable[[Any], Path]) -> None:
    known(read_ledger(write(content())))


def test_the_stored_ledger_names_checks_that_exist() -> None:
    ledger = read_ledger()
    assert {entry.check for entry in (*ledger.entries, *ledger.not_judged)} <= set(every())
    assert "test_fit_time" not in every()


def test_the_summary_has_a_line_for_each_defect_with_its_number_of_cases() -> None:
    entries = [
        Entry(name, "something is wrong", ISSUE, ">=0.18", check, case, 1)
        for name, check, case in [
            ("d", "test_a", "one"), ("d", "test_b", "one"), ("d", "test_a", "two"), ("e", "test_a", "one"),
        ]
    ]  # fmt: skip
    assert summary(entries, "scikit-learn 1.9.1") == [
        f"known defect still present in scikit-learn 1.9.1: d on 2 cases ({ISSUE})",
        f"known defect still present in scikit-learn 1.9.1: e on 1 case ({ISSUE})",
    ]


def test_the_summary_of_no_defect_says_so() -> None:
    assert summary([], "scikit-learn 1.9.1") == ["no known defect occurred with scikit-learn 1.9.1"]
