"""Environments of releases and groups: found by version, whole or not there, shared ones left alone."""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from fixtures import scratch
from tests.tools import release_environment, release_table
from tests.tools.release_environment import EnvironmentFailed, InterpreterMissing, UnknownRelease
from tests.tools.release_table import Release

UV_OF_A_FULL_DISK = """#!/bin/sh
[ "$1" = python ] && exit 0
echo "error: No space left on device (os error 28)" >&2
exit 2
"""
UV_WITHOUT_INTERPRETERS = """#!/bin/sh
echo "error: No interpreter found" >&2
exit 2
"""
# Makes what `uv venv` would, with a Python that says what it is to run, and counts its calls.
UV_THAT_WORKS = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
if [ "$1" = venv ]; then
  for last; do :; done
  mkdir -p "$last/bin"
  printf '#!/bin/sh\necho "ran $*"\n' >"$last/bin/python"
  chmod +x "$last/bin/python"
fi
"""

RELEASE = Release("1.8.7", "3.12", "2026-01-01")


def uv_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put a program called uv in front of the real one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").write_text(script)
    (folder / "uv").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(folder / "python"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/bin", "/usr/bin"]))
    return folder


def test_a_release_is_found_by_its_version() -> None:
    assert release_environment.find("0.22.1").version == "0.22.1"


def test_a_series_is_its_newest_release() -> None:
    newest = release_table.newest_of_series(release_table.read())[-1]
    assert release_environment.find(newest.series) == newest


def test_a_version_that_has_both_meanings_is_the_release() -> None:
    assert release_environment.find("1.0").version == "1.0"


def test_an_unknown_release_is_reported_with_those_that_there_are() -> None:
    with pytest.raises(UnknownRelease, match=r"there is no release .9\.9. .*one of \d+ \(the nearest: 1\.9\.1, "):
        release_environment.find("9.9")


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = uv_that(tmp_path, monkeypatch, UV_THAT_WORKS) / "calls"
    python = release_environment.make(RELEASE, tmp_path / "environments")
    said = calls.read_text()
    assert release_environment.make(RELEASE, tmp_path / "environments") == python
    assert "scikit-learn==1.8.7" in said
    assert calls.read_text() == said


def test_an_environment_of_other_steps_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = uv_that(tmp_path, monkeypatch, UV_THAT_WORKS) / "calls"
    release_environment.make(RELEASE, tmp_path / "environments")
    release_environment.make(Release("1.8.7", "3.12", "2026-02-02"), tmp_path / "environments")
    assert "--exclude-newer=2026-02-02" in calls.read_text()


def test_an_environment_whose_interpreter_is_gone_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_that(tmp_path, monkeypatch, UV_THAT_WORKS)
    python = release_environment.make(RELEASE, tmp_path / "environments")
    python.unlink()
    python.symlink_to(tmp_path / "removed" / "python3.12")
    assert not release_environment.is_made(RELEASE, tmp_path / "environments")
    assert release_environment.make(RELEASE, tmp_path / "environments").exists()


def test_processes_that_need_the_same_environment_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = uv_that(tmp_path, monkeypatch, UV_THAT_WORKS) / "calls"
    together = Barrier(8)

    def make() -> Path:
        together.wait()
        return release_environment.make(RELEASE, tmp_path / "environments")

    with ThreadPoolExecutor(together.parties) as pool:
        made = [pool.submit(make) for _ in range(together.parties)]
    assert len({one.result() for one in made}) == 1
    assert calls.read_text().count("venv ") == 1


def test_what_a_killed_maker_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "environments"
    uv_that(tmp_path, monkeypatch, UV_THAT_WORKS)
    left = folder / f"{scratch.WRITING}abc" / "sklearn-1.8.7-python3.12"
    left.mkdir(parents=True)
    (left / "half").touch()
    place = release_environment.make(RELEASE, folder).parent.parent
    assert not (place / "half").exists()
    assert [one for one in folder.iterdir() if one.is_dir()] == [place]


def test_pythons_of_one_release_are_two_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_that(tmp_path, monkeypatch, UV_THAT_WORKS)
    first = release_environment.make(RELEASE, tmp_path / "environments")
    other = release_environment.make(Release("1.8.7", "3.13", "2026-01-01"), tmp_path / "environments")
    assert first != other
    assert release_environment.is_made(RELEASE, tmp_path / "environments")


def test_a_group_has_one_environment_for_each_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = uv_that(tmp_path, monkeypatch, UV_THAT_WORKS) / "calls"
    folder = tmp_path / "environments"
    made = [release_environment.make_group("corpus", python, folder) for python in ("3.10", "3.13", "3.10", "3.13")]
    assert made[:2] == made[2:]
    assert len(set(made)) == calls.read_text().count("venv ") == 2
    assert "matplotlib" in calls.read_text()


def test_a_missing_interpreter_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_that(tmp_path, monkeypatch, UV_WITHOUT_INTERPRETERS)
    with pytest.raises(InterpreterMissing, match=r"Python 3\.12 is neither on PATH nor in pyenv"):
        release_environment.make(RELEASE, tmp_path / "environments")


def test_a_full_disk_leaves_nothing_and_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_that(tmp_path, monkeypatch, UV_OF_A_FULL_DISK)
    with pytest.raises(EnvironmentFailed, match="No space left on device") as caught:
        release_environment.make(RELEASE, tmp_path / "environments")
    assert not isinstance(caught.value, InterpreterMissing)
    assert not [place for place in (tmp_path / "environments").iterdir() if place.is_dir()]


def test_a_machine_without_uv_is_reported_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (uv_that(tmp_path, monkeypatch, UV_THAT_WORKS) / "uv").unlink()
    with pytest.raises(EnvironmentFailed, match="pip install uv"):
        release_environment.make(RELEASE, tmp_path / "environments")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_private_environment_is_a_copy_whose_files_can_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    uv_that(tmp_path, monkeypatch, UV_THAT_WORKS)
    shared = release_environment.make(RELEASE, tmp_path / "environments").parent.parent
    (shared / "module.py").write_text("released = 1\n")
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    private = tmp_path / "private"
    python = release_environment.make_private(RELEASE, private, tmp_path / "environments")
    assert python == release_environment.python_of(private)
    assert (private / "module.py").read_text() == "released = 1\n"
    (private / "module.py").unlink()
    (private / "module.py").write_text("changed = 1\n")
    assert (shared / "module.py").read_text() == "released = 1\n"


def test_a_private_environment_that_does_not_fit_on_the_disk_leaves_nothing_and_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    uv_that(tmp_path, monkeypatch, UV_THAT_WORKS)
    release_environment.make(RELEASE, tmp_path / "environments")
    monkeypatch.setattr(os, "link", disk_is_full)
    monkeypatch.setattr(shutil, "copy2", disk_is_full)
    with pytest.raises(EnvironmentFailed, match=r"No space left on device$"):
        release_environment.make_private(RELEASE, tmp_path / "private", tmp_path / "environments")
    assert not (tmp_path / "private").exists()
