"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fixtures import whole_file
from fixtures.fault import Fault
from tests.selftest.full_disk import no_file_beyond


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
            assert list(tmp_path.rglob("*.xml")) == []
        (tmp_path / "record.xml").unlink()


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


@pytest.mark.parametrize("size", [None, 0, 100, 199])
def test_a_text_that_a_full_disk_takes_in_part_is_not_added_at_all(tmp_path: Path, size: int | None) -> None:
    path = tmp_path / "summary.md"
    if size is not None:
        path.write_bytes(b"x" * size)
    with no_file_beyond(200), pytest.raises(Fault, match=r"summary\.md cannot be written: File too large$"):
        whole_file.append_text(path, "y" * 201)
    assert (path.read_bytes() if path.exists() else None) == (None if size is None else b"x" * size)


def test_a_text_is_added_at_the_end(tmp_path: Path) -> None:
    for text in ("one\n", "zwölf\n"):
        whole_file.append_text(tmp_path / "summary.md", text)
    assert (tmp_path / "summary.md").read_bytes() == "one\nzwölf\n".encode()


@pytest.mark.parametrize(
    ("reason", "next_step"),
    [(errno.ENOSPC, "make room there, or name another place"), (errno.EROFS, "name a folder that you may write to")],
)
def test_a_disk_that_takes_no_more_is_reported_with_what_to_do(tmp_path: Path, reason: int, next_step: str) -> None:
    path = tmp_path / "a file"
    with pytest.raises(Fault) as error, whole_file.writing(path):
        raise OSError(reason, os.strerror(reason))
    assert str(error.value) == f"{path} cannot be written: {os.strerror(reason)}; {next_step}"
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(Fault, match="is no file; should be a new one, or one to be replaced"):
        whole_file.write_text(path, "new")
    assert path.is_fifo()
