"""What the READMEs show of the ledger and of the checks is what these give."""

from __future__ import annotations

import re

from fixtures import documentation
from tests.support import check
from tests.support.ledger import Entry, read_ledger
from tests.tools import release_table
from tests.tools.report import readme

MEND = "run `nox -s report -- --readme`"
COLLAPSE = "component-collapses-to-origin"


def row_of(defect: str) -> str:
    (row,) = (line for line in readme.table().splitlines() if f"`{defect}`" in line)
    return row


def test_the_table_is_what_the_ledger_gives() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, readme.PRESENT, readme.present()) == text, MEND


def test_the_picture_is_what_the_ledger_gives() -> None:
    assert readme.PICTURE.read_text(encoding="utf-8") == readme.picture(), MEND


def test_the_reference_is_what_the_checks_and_the_ledger_give() -> None:
    text = readme.REFERENCE.read_text(encoding="utf-8")
    assert readme.reference(text) == text, MEND


def test_the_table_counts_the_cases_of_the_newest_release() -> None:
    newest = release_table.read()[-1].version
    entries = [entry for entry in read_ledger().entries if entry.defect == COLLAPSE and entry.covers(newest)]
    assert f"| every release: {len({entry.case for entry in entries})} |" in row_of(COLLAPSE)


def test_no_row_of_the_table_is_empty() -> None:
    head, _, *rows = readme.table().splitlines()
    assert head.endswith(f"| {release_table.read()[-1].version} |")
    assert len(rows) == len({entry.defect for entry in read_ledger().entries})
    ends = r"(: \d+[;\d .\w:]* \| (\*\*has it\*\*|fixed)|no release yet \| to come) \|$"
    assert all(re.search(ends, row) for row in rows)


def test_what_the_newest_release_has_is_not_called_fixed() -> None:
    newest = release_table.read()[-1].version
    entries = read_ledger().entries
    there = {entry.defect for entry in entries if entry.covers(newest)}
    of_numpy = {entry.defect for entry in entries if entry.is_of("numpy")}
    others = [entry for entry in entries if entry.defect not in of_numpy]
    there |= {entry.defect for entry in others if entry.covers(newest, entry.arrays[0])}
    assert {row.split("`")[1] for row in readme.table().splitlines() if "**has it**" in row} == there


def test_every_check_is_in_the_table_of_promises() -> None:
    table = readme.promises(check.by_file())
    assert set(re.findall(r"^\| `(test_\w+)` \|", table, flags=re.MULTILINE)) == set(check.every())


def test_what_is_not_judged_is_listed_with_its_reason() -> None:
    def entry(check_name: str) -> Entry:
        return Entry("r", "EM has no solution", "", "<1.0", check_name, "one", 1)

    table = readme.not_judged([entry("test_b"), entry("test_a")])
    assert "| `one` | `<1.0` | `test_a`, `test_b` | EM has no solution |" in table
    assert "| 3 checks |" in readme.not_judged([entry("test_a"), entry("test_b"), entry("test_c")])
