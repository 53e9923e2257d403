"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import whole_file
from fixtures.fault import Fault


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
def test_what_cannot_be_written_is_reported_by_its_own_name(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch()
    path = tmp_path / place
    with pytest.raises(Fault) as error:
        whole_file.write_text(path, "new")
    assert str(error.value).startswith(f"{path} cannot be written: No")


def test_what_a_program_wrote_takes_the_place_however_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "results" / "record.xml"
    with pytest.raises(ZeroDivisionError), whole_file.written_by_program(path) as scratch:
        1 / (scratch.write_text("failed", encoding="utf-8") - 6)
    assert path.read_text(encoding="utf-8") == "failed"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("written", [None, ""])
def test_what_was_there_stays_where_a_program_wrote_nothing(tmp_path: Path, written: str | None) -> None:
    path = tmp_path / "record.xml"
    path.write_text("old", encoding="utf-8")
    with whole_file.written_by_program(path) as scratch:
        if written is not None:
            scratch.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_program_that_was_killed_left_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    path = tmp_path / "record.xml"
    with whole_file.written_by_program(path) as scratch:
        left = scratch
    left.write_text("half", encoding="utf-8")
    with whole_file.written_by_program(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_the_one_that_was_there(tmp_path: Path) -> None:
    whole_file.write_folder(tmp_path / "a", {"old": b"1"})
    whole_file.write_folder(tmp_path / "a", {"new": b"2"})
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "a").iterdir()] == [("new", b"2")]
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_folder_that_cannot_be_written_leaves_the_one_that_was_there(tmp_path: Path) -> None:
    whole_file.write_folder(tmp_path / "a", {"old": b"1"})
    with pytest.raises(Fault, match=r"a cannot be written: No such file or directory$"):
        whole_file.write_folder(tmp_path / "a", {"old": b"2", "no/such/file": b""})
    assert (tmp_path / "a" / "old").read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_what_is_half_written_is_not_taken_for_a_file_of_its_kind(tmp_path: Path) -> None:
    for writing in (whole_file.writing, whole_file.written_by_program):
        with writing(tmp_path / "record.xml") as scratch:
            scratch.write_text("half", encoding="utf-8")
            assert list(tmp_path.glob("*.xml")) == []
        scratch.with_name("record.xml").unlink()


def test_ctrl_c_between_the_old_folder_and_the_new_one_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_file.write_folder(tmp_path / "a", {"old": b"1"})
    rename = Path.rename

    def interrupted_once_it_is_away(path: Path, target: Path) -> Path:
        renamed = rename(path, target)
        if path == tmp_path / "a":
            raise KeyboardInterrupt
        return renamed

    monkeypatch.setattr(Path, "rename", interrupted_once_it_is_away)
    with pytest.raises(KeyboardInterrupt):
        whole_file.write_folder(tmp_path / "a", {"new": b"2"})
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "a").iterdir()] == [("old", b"1")]
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
