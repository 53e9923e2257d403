"""The README's table of defects and its picture of the matrix are what the ledger gives."""

from __future__ import annotations

from fixtures import documentation
from tests.support.ledger import read_ledger
from tests.tools import release_table
from tests.tools.report import readme

MEND = "run `nox -s report -- --readme`"


def test_the_table_is_what_the_ledger_gives() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, readme.TABLE, readme.table()) == text, MEND


def test_the_picture_is_what_the_ledger_gives() -> None:
    assert readme.PICTURE.read_text(encoding="utf-8") == readme.picture(), MEND


def test_the_table_counts_the_cases_of_each_series() -> None:
    defect = "component-collapses-to-origin"
    newest = release_table.newest_of_series(release_table.read())
    (row,) = (line for line in readme.table().splitlines() if f"`{defect}`" in line)
    told = [cell.strip() for cell in row.strip("|").split("|")][2:]
    entries = [entry for entry in read_ledger().entries if entry.defect == defect]
    counted = [len({entry.case for entry in entries if entry.covers(release.version)}) for release in newest]
    assert told == [str(number or "") for number in counted]
