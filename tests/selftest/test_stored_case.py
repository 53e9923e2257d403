"""There is one way to store a case: whole or not at all, with what is recorded beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures import stored_case
from fixtures.corpus import CASES, Case, case_names, load_case, names_with
from fixtures.fault import Fault
from tests.selftest.case_files import NAME, store_case
from tests.tools.reduce import output

EMBEDDED = [name for name in case_names() if name not in names_with("published")]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return store_case(tmp_path / "elsewhere").load()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    return tmp_path / "cases"


def test_a_stored_case_is_the_one_that_was_stored(case: Case, root: Path) -> None:
    assert stored_case.store(case, root) == root / NAME
    assert stored_case.differing(case, root) == []
    again = load_case(NAME, root=root)
    assert again.provenance == case.provenance
    for name in ("frame", "weights", "means", "precisions"):
        np.testing.assert_array_equal(getattr(again, name), getattr(case, name))


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_case_of_the_corpus_is_stored_in_this_way(name: str) -> None:
    assert stored_case.differing(load_case(name), CASES) == []


def test_a_name_that_is_taken_is_refused(case: Case, root: Path) -> None:
    stored_case.store(case, root)
    with pytest.raises(Fault, match=r"tiny exists already; should be a new name$"):
        stored_case.store(case._replace(title="another"), root)
    assert load_case(NAME, root=root).title == case.title


def test_what_is_recorded_beside_a_case_stays_where_it_is_replaced(case: Case, root: Path) -> None:
    folder = stored_case.store(case, root)
    for name in stored_case.RECORDS:
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "frame_000.npy").touch()
    stored_case.store(case._replace(title="another"), root, replace=True)
    assert {path.name for path in folder.iterdir()} == {*stored_case.files_of(case), *stored_case.RECORDS}
    assert all((folder / name).read_text(encoding="utf-8") == name for name in stored_case.RECORDS)
    assert load_case(NAME, root=root).title == "another"


def test_a_missing_file_differs(case: Case, root: Path) -> None:
    (stored_case.store(case, root) / "means.npy").unlink()
    assert stored_case.differing(case, root) == [root / NAME / "means.npy"]


def test_a_reduction_whose_case_cannot_be_written_leaves_what_an_earlier_one_left(case: Case, root: Path) -> None:
    output.store(root, case, {"issue.md": "earlier\n"})
    with pytest.raises(Fault, match="cannot be written"):
        output.store(root, case._replace(name="no/such/folder"), {"issue.md": "later\n"})
    assert (root / "issue.md").read_bytes() == b"earlier\n"
    assert {path.name for path in root.iterdir()} == {NAME, "issue.md"}
