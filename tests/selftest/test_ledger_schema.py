"""What the reader of the ledger refuses its schema refuses as well, where that can say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures import stored_case, strict_json
from tests.selftest.test_ledger_format import (
    BY_NUMPY,
    MALFORMED,
    content,
    culprit,
    culprits,
    defect,
    reason,
    without,
)
from tests.support.ledger import BadLedger, read_ledger
from tests.tools import ledger_file

# No JSON, or JSON of which the parser refuses to say what it is.
NO_JSON = {"empty file", "not JSON", "repeated key", "nan", "deep"}
# What depends on more than the place where it stands, or on what a version specifier is.
BEYOND_THE_SCHEMA = {"repeated id", "repeated reason", "bad specifier", "culprit of no change"}
BEYOND_THE_SCHEMA |= {"culprit of the other change"}

# What the examples of the reader leave out; both refuse it.
FOUND = reason()["found"][0]
MORE = {
    "upstream is a number": content(defect(upstream=12099)),
    "found of a reason is an object": content(not_judged=[reason(found=FOUND)]),
    "item of a reason is text": content(not_judged=[reason(found=["one"])]),
    "unknown key of an item of a reason": content(not_judged=[reason(found=[{**FOUND, "check": "test_a"}])]),
    "no releases of a reason": content(not_judged=[reason(found=[without(FOUND, "releases")])]),
    "hash is a number": culprits(culprit(commit=10**39)),
    "date is a number": culprits(culprit(date=20250506)),
    "title is a number": culprits(culprit(title=1)),
    "pull request is 0": culprits(culprit(pull_request=0)),
    "dependency is a number": culprits({**BY_NUMPY, "dependency": 2}),
    "dependency that changes nothing": culprits(without(BY_NUMPY, "change")),
}


def refused(ledger: Any) -> str | None:
    """What the schema says of a ledger, after it was written and parsed."""
    text = ledger if isinstance(ledger, str) else json.dumps(ledger)
    return stored_case.refusal(strict_json.parse(text), ledger_file.SCHEMA)


@pytest.mark.parametrize("name", sorted(set(MALFORMED) - NO_JSON - BEYOND_THE_SCHEMA))
def test_a_malformed_ledger_is_refused_by_its_schema(name: str) -> None:
    assert refused(MALFORMED[name][0])


@pytest.mark.parametrize("ledger", MORE.values(), ids=MORE)
def test_what_a_schema_refuses_the_reader_refuses(tmp_path: Path, ledger: dict[str, Any]) -> None:
    path = tmp_path / "known_defects.json"
    path.write_text(json.dumps(ledger), encoding="utf-8")
    with pytest.raises(BadLedger):
        read_ledger(path)
    assert refused(ledger)


@pytest.mark.parametrize("name", sorted(BEYOND_THE_SCHEMA))
def test_what_a_schema_cannot_say_it_does_not_refuse(name: str) -> None:
    assert refused(MALFORMED[name][0]) is None


@pytest.mark.parametrize("name", sorted(NO_JSON))
def test_what_is_no_json_is_no_matter_of_a_schema(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        refused(MALFORMED[name][0])


@pytest.mark.parametrize(
    "ledger",
    [
        content(),
        content(defects=[]),
        content(not_judged=[reason()]),
        culprits(culprit(), culprit(pull_request=None), BY_NUMPY),
    ],
    ids=["a defect", "no defect", "not judged", "culprits"],
)
def test_a_good_ledger_is_as_its_schema_says(ledger: dict[str, Any]) -> None:
    assert refused(ledger) is None
