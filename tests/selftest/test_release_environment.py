"""Environments outside nox's sessions: found by version, whole or not there, shared ones left alone."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from tests.tools import release_environment, release_table
from tests.tools.release_environment import EnvironmentFailed, UnknownRelease
from tests.tools.release_table import Release

UV_OF_A_FULL_DISK = '#!/bin/sh\necho "error: No space left on device (os error 28)" >&2\nexit 2\n'
# Makes what `uv venv` would, and counts its calls.
UV_THAT_WORKS = '#!/bin/sh\necho "$@" >>"$(dirname "$0")/calls"\nif [ "$1" = venv ]; then\n  for last; do :; done\n'
UV_THAT_WORKS += '  mkdir -p "$last/bin"\nfi\n'

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


def test_an_unknown_release_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UnknownRelease, match=r"there is no release '9\.9' .*0\.18\.1, 0\.18\.2"):
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


def test_a_full_disk_leaves_nothing_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_that(tmp_path, monkeypatch, UV_OF_A_FULL_DISK)
    with pytest.raises(EnvironmentFailed, match="No space left on device"):
        release_environment.make(RELEASE, tmp_path / "environments")
    assert list((tmp_path / "environments").iterdir()) == []


def test_a_machine_without_uv_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_private_environment_that_does_not_fit_on_the_disk_leaves_nothing_and_is_told(
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
