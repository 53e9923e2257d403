"""The culprits of what the ledger lists: which changes are searched, and where they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures import documentation
from fixtures.fault import Fault
from tests.support import ledger
from tests.support.ledger import as_item
from tests.tools import release_table
from tests.tools.bisect import explain_ledger
from tests.tools.release_table import Release

RELEASES = [Release(f"1.{minor}.0", "3.12", "2026-01-01") for minor in range(10)]
ISSUE = "https://github.com/scikit-learn/scikit-learn/issues/1"


def defect(name: str, *found: tuple[str, str, list[str]]) -> dict[str, Any]:
    """A defect that is found by some checks."""
    items = [{"releases": releases, "check": check, "cases": cases} for releases, check, cases in found]
    return {"id": name, "summary": "something is wrong", "upstream": ISSUE, "found": items}


def stored(tmp_path: Path, *defects: dict[str, Any]) -> Path:
    """A ledger with these defects."""
    path = tmp_path / "known_defects.json"
    path.write_text(
        json.dumps({"format": ledger.FORMAT_VERSION, "defects": list(defects), "not_judged": []}), encoding="utf-8"
    )
    return path


def searched(path: Path) -> list[tuple[str, str, str, str, str]]:
    """Each search: defect, change, release, check, case."""
    found = explain_ledger.boundaries(ledger.read_ledger(path), RELEASES, {"one", "two"})
    return [(item.defect, item.change, item.after.version, item.question.name, item.question.case) for item in found]


def test_each_end_of_each_check_is_searched_once(tmp_path: Path) -> None:
    path = stored(
        tmp_path,
        defect("d", (">=1.2,<1.5", "test_a", ["one", "two"]), (">=1.2", "test_b", ["two"])),
        defect("e", ("<1.3", "test_c", ["three", "two"])),
    )
    assert searched(path) == [
        ("d", "begins", "1.2.0", "test_a", "one"),
        ("d", "begins", "1.2.0", "test_b", "two"),
        ("d", "ends", "1.5.0", "test_a", "one"),
        ("e", "ends", "1.3.0", "test_c", "two"),
    ]


def test_a_case_whose_data_are_not_stored_is_not_searched(tmp_path: Path) -> None:
    assert searched(stored(tmp_path, defect("d", (">=1.2", "test_a", ["three"])))) == []


def test_what_all_releases_have_is_not_searched(tmp_path: Path) -> None:
    assert searched(stored(tmp_path, defect("d", (">=0.18", "test_a", ["one"]), (">=1.0", "test_b", ["one"])))) == []


def test_a_case_on_which_one_defect_follows_another_shows_no_change(tmp_path: Path) -> None:
    path = stored(tmp_path, defect("d", ("<1.2", "test_a", ["one"])), defect("e", (">=1.2", "test_a", ["one", "two"])))
    assert searched(path) == [("e", "begins", "1.2.0", "test_a", "two")]


ITEM = {
    "release": "1.2.0", "change": "begins", "commit": "0123456789" * 4, "date": "2025-05-06",
    "title": "FIX a | b [c] (#12)", "pull_request": 12,
}  # fmt: skip


def test_culprits_are_written_in_place_of_older_ones(tmp_path: Path) -> None:
    listed = defect("d", (">=1.2,<1.5", "test_a", ["one"]))
    path = stored(tmp_path, {**listed, "culprits": [{"release": "1.5.0", "change": "ends", "dependency": "numpy 2.0"}]})
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- culprits -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    explain_ledger.write_culprits({"d": [ITEM]}, path, readme)
    read = ledger.read_ledger(path)
    assert [as_item(item) for item in read.culprits] == [ITEM]
    before, row, after = readme.read_text(encoding="utf-8").partition("| `d` | begins with 1.2.0 | ")
    assert before.startswith("before\n<!-- culprits -->\n| known defect |")
    assert row
    assert "2025-05-06: FIX a \\| b \\[c] (#12) |\n<!-- end -->\nafter" in after
    assert "/pull/12)" in after


def test_a_culprit_of_a_part_says_what_is_left() -> None:
    ends = {"release": "1.7.0", "change": "ends", "dependency": "numpy 2.0"}
    listed = defect("d", ("<1.7.0", "test_a", ["one"]), (">=0.18", "test_a", ["two", "three"]))
    row = explain_ledger.table([{**listed, "culprits": [ends]}]).splitlines()[-1]
    assert "| ends with 1.7.0 on 1 case only; **still present on 2 cases** |" in row


def test_a_culprit_of_one_check_says_which() -> None:
    ends = {"release": "1.7.0", "change": "ends", "dependency": "numpy 2.0"}
    listed = defect("d", ("<1.7.0", "test_a", ["one"]), (">=0.18", "test_b", ["one"]))
    row = explain_ledger.table([{**listed, "culprits": [ends]}]).splitlines()[-1]
    assert "| ends with 1.7.0 for `test_a` on 1 case only; **still present on 1 case** |" in row


def test_a_culprit_of_more_cases_says_what_was_there_before() -> None:
    begins = {"release": "1.5.1", "change": "begins", "dependency": "numpy 2.0"}
    listed = defect("d", ("<1.7.0", "test_a", ["one"]), (">=1.5.1,<1.7.0", "test_a", ["two", "three"]))
    row = explain_ledger.table([{**listed, "culprits": [begins]}]).splitlines()[-1]
    assert "| begins with 1.5.1 on 2 cases; 1 case had it before |" in row


def test_what_is_there_with_arrays_of_other_libraries_alone_is_not_still_present() -> None:
    ends = {"release": "1.7.0", "change": "ends", "dependency": "numpy 2.0"}
    listed = defect("d", ("<1.7.0", "test_a", ["one"]), (">=0.18", "test_a", ["two"]))
    listed["found"][1]["arrays"] = ["torch"]
    row = explain_ledger.table([{**listed, "culprits": [ends]}]).splitlines()[-1]
    assert "| ends with 1.7.0 |" in row


def test_culprits_of_defects_that_were_not_searched_stay(tmp_path: Path) -> None:
    other = {**defect("e", (">=1.2", "test_b", ["two"])), "culprits": [ITEM]}
    path = stored(tmp_path, defect("d", (">=1.2,<1.5", "test_a", ["one"])), other)
    readme = tmp_path / "README.md"
    readme.write_text("<!-- culprits -->\nold\n<!-- end -->\n", encoding="utf-8")
    explain_ledger.write_culprits({"d": [ITEM]}, path, readme)
    assert [item.defect for item in ledger.read_ledger(path).culprits] == ["d", "e"]


def test_the_readmes_table_is_that_of_the_ledger() -> None:
    text = explain_ledger.README.read_text(encoding="utf-8")
    made = explain_ledger.table(json.loads(ledger.LEDGER.read_text(encoding="utf-8"))["defects"])
    assert documentation.with_table(text, explain_ledger.TABLE, made) == text


def test_every_change_that_the_ledger_lists_has_a_culprit() -> None:
    known = ledger.read_ledger()
    begun_and_ended = {(item.defect, item.change, item.release) for item in known.culprits}
    cases = {entry.case for entry in known.entries}
    releases = release_table.read()
    listed = explain_ledger.boundaries(known, releases, cases)
    assert {(item.defect, item.change, item.after.version) for item in listed} == begun_and_ended


def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, defect("d", (">=1.2", "test_a", ["one"])))
    (tmp_path / "README.md").write_text("nothing\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(Fault, match="no place for the table of culprits"):
        explain_ledger.write_culprits({"d": [ITEM]}, path, tmp_path / "README.md")
    assert path.read_bytes() == before
