"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import whole_file


def test_a_text_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_text("old", encoding="utf-8")
    whole_file.write_text(path, "new\n")
    assert path.read_bytes() == b"new\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_where_writing_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), whole_file.writing(path) as scratch:
        scratch.write_text("ne" * (1 // scratch.write_text("", encoding="utf-8")), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["no/such/folder/file", "a file/below"])
def test_what_cannot_be_written_is_told_by_its_own_name(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch()
    path = tmp_path / place
    with pytest.raises(whole_file.NotWritten) as error:
        whole_file.write_text(path, "new")
    assert str(error.value).startswith(f"{path} cannot be written: No")
