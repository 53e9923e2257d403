"""What the reader of the ledger refuses its schema refuses as well, where that can say what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures import schema, strict_json
from tests.selftest.test_ledger_format import BY_NUMPY, MALFORMED, content, culprit, culprits, reason
from tests.tools import ledger_file

# No JSON, or JSON of which the parser refuses to say what it is.
NO_JSON = {"empty file", "not JSON", "repeated key", "nan", "deep"}
# What depends on more than the place where it stands, or on what a version specifier is.
BEYOND_THE_SCHEMA = {"repeated id", "repeated reason", "bad specifier", "culprit of no change"}
BEYOND_THE_SCHEMA |= {"culprit of the other change"}


def refused(ledger: Any) -> str | None:
    """What the schema says of a ledger, after it was written and parsed."""
    text = ledger if isinstance(ledger, str) else json.dumps(ledger)
    return schema.refusal(strict_json.parse(text), ledger_file.SCHEMA)


@pytest.mark.parametrize("name", sorted(set(MALFORMED) - NO_JSON - BEYOND_THE_SCHEMA))
def test_a_malformed_ledger_is_refused_by_its_schema(name: str) -> None:
    assert refused(MALFORMED[name][0])


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
