"""What is not finished lies in a folder that is gone in the end, and after `kill -9` with the next process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import scratch, whole_file
from fixtures.corpus import PROJECT
from tests.tools.journal import Journal
from tests.tools.worker_process import WorkerProcess

# What each writes where it is killed, at the worst moment; the folder is the first argument.
PREPARED = """
import os, signal, sys
from pathlib import Path
from fixtures import scratch, whole_file
folder = Path(sys.argv[1])
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
"""
WRITTEN = """
Path.replace = killed
whole_file.write_text(folder / "a", "new")
"""
WRITTEN_BY_PROGRAM = """
with whole_file.written_by_program(folder / "a") as new:
    new.write_text("half")
    killed()
"""
REPLACED = """
rename = Path.rename
Path.rename = lambda old, new: killed() if old.name == "new" else rename(old, new)
whole_file.write_folder(folder / "a", {"file": b"new"})
"""


def kill(script: str, folder: Path) -> None:
    """Run a script that is killed, and leaves something."""
    before = set(folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", PREPARED + script, str(folder)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(set(folder.iterdir()) - before) == 1


@pytest.mark.parametrize("script", [WRITTEN, WRITTEN_BY_PROGRAM])
def test_a_file_is_as_it_was_after_a_kill_and_the_next_one_that_is_written_clears_up(
    script: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    kill(script, tmp_path)
    assert (tmp_path / "a").read_text(encoding="utf-8") == "old"
    whole_file.write_text(tmp_path / "b", "another")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_that_a_killed_process_had_moved_away_comes_back(tmp_path: Path) -> None:
    whole_file.write_folder(tmp_path / "a", {"file": b"old"})
    kill(REPLACED, tmp_path)
    assert not (tmp_path / "a").exists()
    whole_file.write_folder(tmp_path / "b", {})
    assert (tmp_path / "a" / "file").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_that_a_killed_process_had_moved_away_is_not_put_over_a_new_one(tmp_path: Path) -> None:
    whole_file.write_folder(tmp_path / "a", {"file": b"old"})
    kill(REPLACED, tmp_path)
    (tmp_path / "a").mkdir()
    whole_file.write_folder(tmp_path / "a", {"file": b"newest"})
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "a").iterdir()] == [("file", b"newest")]
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    with scratch.folder(tmp_path) as first, scratch.folder(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first, second])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".writing").mkdir()
    (tmp_path / f"{scratch.WRITING}file").touch()
    with scratch.folder(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".writing", f"{scratch.WRITING}file"]


def test_where_another_process_takes_the_new_folder_for_one_left_behind_another_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and its locking, the only moment when it is in nobody's use."""
    lock = scratch._lock
    taken: list[Path] = []

    def lock_too_late(place: Path) -> int:
        if not taken:
            taken.append(place)
            scratch.clear(tmp_path)
        return lock(place)

    monkeypatch.setattr(scratch, "_lock", lock_too_late)
    with scratch.folder(tmp_path) as place:
        assert list(tmp_path.iterdir()) == [place] != taken


def test_nothing_is_written_to_find_the_place_of_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tempfile` writes a file to find out; a process that is killed then leaves it under a name like any other."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._get_default_tempdir", lambda: 1 / 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with scratch.temporary() as place:
        assert place.parent == tmp_path
    with WorkerProcess(Path(sys.executable), "tests.selftest.worker_fake", "the fake"):
        assert list(tmp_path.iterdir()) == []


def test_a_journal_whose_last_line_was_cut_off_goes_on_before_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path, "header").add(1, 2)
    os.truncate(path, path.stat().st_size - 2)
    journal = Journal(path, "header")
    assert journal.entries == [1]
    journal.add(3)
    assert Journal(path, "header").entries == [1, 3]
