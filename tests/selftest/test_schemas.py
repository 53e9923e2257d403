"""The published schemas say what the readers say, and every file that they describe is as they say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fixtures import add_case, corpus, npy, stored_case, strict_json, verifier
from fixtures.corpus import CASES, FLAGS, MAX_TITLE, PROJECT, PROVENANCE_KINDS, case_names
from fixtures.validation import COVARIANCE_TYPES, MAX_ITERATIONS, BrokenCase
from tests.selftest.case_files import NAME, store_case
from tests.support import ledger
from tests.tools import ledger_file

SCHEMAS = (stored_case.SCHEMA, ledger_file.SCHEMA)


def content_of(path: Path) -> Any:
    return strict_json.parse(path.read_text(encoding="utf-8"))


def parts_of(content: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON value, itself included."""
    if isinstance(content, dict):
        yield content
    for inner in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from parts_of(inner)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_is_one_of_its_draft_and_is_called_like_its_file(path: Path) -> None:
    content = content_of(path)
    Draft202012Validator.check_schema(content)
    assert content["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert content["$id"] == path.name


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_entry_of_a_schema_is_explained(path: Path) -> None:
    content = content_of(path)
    told = {"title", "description"}
    entries = [
        (name, entry)
        for part in parts_of(content)
        for name, entry in (part.get("properties") or {}).items()
        if isinstance(entry, dict)
    ]
    shared = content["$defs"]
    bare = [
        name
        for name, entry in entries
        if not told & set(entry) and not told & set(shared[entry.get("$ref", "").rpartition("/")[2]])
    ]
    assert entries
    assert bare == []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_no_pattern_lets_a_line_break_follow(path: Path) -> None:
    patterns = [part["pattern"] for part in parts_of(content_of(path)) if isinstance(part.get("pattern"), str)]
    ends = [pattern for pattern in patterns if "$" in pattern]
    assert ends
    assert [pattern for pattern in ends if not pattern.endswith("$(?!\\n)")] == []


def test_the_schema_of_a_case_names_what_the_code_names() -> None:
    of_a_case = content_of(stored_case.SCHEMA)["properties"]
    assert of_a_case["format"]["const"] == corpus.FORMAT_VERSION
    assert of_a_case["title"]["maxLength"] == MAX_TITLE
    assert of_a_case["flags"]["items"]["enum"] == sorted(FLAGS)
    assert of_a_case["provenance"]["properties"]["kind"]["enum"] == sorted(PROVENANCE_KINDS)
    settings = of_a_case["settings"]
    assert settings["required"] == list(corpus.Settings._fields) == list(settings["properties"])
    assert settings["properties"]["covariance_type"]["enum"] == list(COVARIANCE_TYPES)
    assert settings["properties"]["max_iter"]["maximum"] == MAX_ITERATIONS
    assert content_of(stored_case.SCHEMA)["$defs"]["array"]["properties"]["dtype"]["enum"] == list(npy.DTYPES)


def test_the_schema_explains_every_kind_of_provenance_as_the_code_does() -> None:
    told = content_of(stored_case.SCHEMA)["properties"]["provenance"]["properties"]["kind"]["description"]
    assert re.findall(r"(\w+):", told) == sorted(PROVENANCE_KINDS)


def test_the_schema_of_the_ledger_names_what_the_code_names() -> None:
    of_the_ledger, shared = content_of(ledger_file.SCHEMA)["properties"], content_of(ledger_file.SCHEMA)["$defs"]
    assert of_the_ledger["format"]["const"] == ledger.FORMAT_VERSION
    assert shared["change"]["enum"] == list(ledger.COMPARISONS)
    assert set(shared["commit"]["required"]) == set(shared["commit"]["properties"]) == ledger.OF_A_COMMIT
    assert set(shared["dependency"]["required"]) == set(shared["dependency"]["properties"]) == ledger.OF_A_DEPENDENCY


@pytest.mark.parametrize("name", case_names())
def test_every_case_is_as_its_schema_says(name: str) -> None:
    assert stored_case.refusal(content_of(CASES / name / "case.json"), stored_case.SCHEMA) is None


def test_the_origin_of_every_case_is_reported_in_words_of_the_schema() -> None:
    known = set(content_of(stored_case.SCHEMA)["properties"]["provenance"]["properties"])
    assert {key for name in case_names() for key in content_of(CASES / name / "case.json")["provenance"]} <= known


def test_the_ledger_is_as_its_schema_says() -> None:
    assert ledger_file.read() == ledger.read_ledger()


@pytest.fixture
def stricter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemas that refuse what the readers take."""
    refusing = tmp_path / "refusing.schema.json"
    refusing.write_text(json.dumps({"properties": {"format": {"const": "another"}}}), encoding="utf-8")
    monkeypatch.setattr(stored_case, "SCHEMA", refusing)
    monkeypatch.setattr(ledger_file, "SCHEMA", refusing)


@pytest.mark.usefixtures("stricter")
def test_a_ledger_that_its_schema_refuses_is_refused_in_one_line_with_the_place() -> None:
    with pytest.raises(ledger.BadLedger) as caught:
        ledger_file.read()
    assert str(caught.value) == (
        f"{ledger.LEDGER} is not valid at $.format ('another' was expected);"
        " should be as tests/refusing.schema.json says"
    )


@pytest.mark.usefixtures("stricter")
def test_the_lint_refuses_a_case_that_its_schema_refuses(tmp_path: Path) -> None:
    stored = store_case(tmp_path / "cases")
    (problem,) = verifier.lint(stored.root, None, set())
    assert problem == (
        f"{stored.folder / 'case.json'} is not valid at $.format ('another' was expected);"
        " should be as fixtures/refusing.schema.json says"
    )


@pytest.mark.usefixtures("stricter")
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_add_case_refuses_a_case_that_its_schema_refuses(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    stored = store_case(tmp_path / "cases")
    files = [f"--{name}={stored.folder / name}.npy" for name in ("frame", "weights", "means", "precisions")]
    assert add_case.main(["--name", "mine", "--root", str(stored.root), *files, *more]) == 2
    assert "$.format ('another' was expected)" in capsys.readouterr().err
    assert [path.name for path in stored.root.iterdir()] == [NAME]


@pytest.mark.usefixtures("stricter")
def test_no_case_is_stored_that_its_schema_refuses(tmp_path: Path) -> None:
    case = store_case(tmp_path / "cases").load()
    with pytest.raises(BrokenCase, match="another"):
        stored_case.store(case._replace(name="mine"), tmp_path)
    assert not (tmp_path / "mine").exists()


def test_no_tool_reads_the_ledger_but_by_its_schema() -> None:
    modules = [path for path in (PROJECT / "tests" / "tools").rglob("*.py") if path.name != "ledger_file.py"]
    assert modules
    assert [path.name for path in modules if "read_ledger(" in path.read_text(encoding="utf-8")] == []
