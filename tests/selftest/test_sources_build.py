"""A source is built in a copy of it, once; a build that fails keeps its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.selftest.fake_releases import PROJECT, RELEASES, source_of, write
from tests.selftest.histories import Repository, fingerprint
from tests.tools import release_environment
from tests.tools.clone import Clone
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.sources import tree as source_tree
from tests.tools.sources.tree import CommitTree, FolderTree

# Leaves a trace of having run.
BACKEND = """
import os, pathlib, zipfile
def build_wheel(folder, settings=None, metadata=None):
    assert os.access("configure.sh", os.X_OK), "configure.sh should be executable"
    assert not pathlib.Path("doc").exists(), "doc should be left out"
    print("[1/2] compiling", flush=True)
    pathlib.Path("sklearn", "written_by_the_build").write_text("")
    name = "scikit_learn-1.6.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path in sorted(pathlib.Path("sklearn").rglob("*")):
            wheel.write(path)
        wheel.writestr("scikit_learn-1.6.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: scikit-learn\\n")
    return name
"""
SOURCE = {**source_of("1.6.1"), "pyproject.toml": PROJECT, "backend.py": BACKEND, "configure.sh": "#!/bin/sh\n"}
NEAREST = RELEASES[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where built wheels are kept."""
    monkeypatch.setattr(release_environment, "FOLDER", tmp_path / ".environments")
    return tmp_path / ".environments" / "built"


@pytest.fixture
def checkout(tmp_path: Path) -> Repository:
    """A clone of a project that is built in a moment."""
    repository = Repository(tmp_path / "scikit learn")
    repository.write(SOURCE)
    (repository.folder / "configure.sh").chmod(0o755)
    repository.commit("source", day="2025-01-11")
    return repository


def test_a_checkout_and_its_commit_are_built_once_and_stay_as_they_are(checkout: Repository) -> None:
    said: list[str] = []
    before = fingerprint(checkout.folder)
    commit = CommitTree(Clone(checkout.folder), checkout.git("rev-parse", "HEAD"))
    built = [source_tree.wheel_of(tree, "it", NEAREST, said.append) for tree in (FolderTree(checkout.folder), commit)]
    assert built[0] == built[1]
    assert built[0].is_file()
    assert fingerprint(checkout.folder) == before
    assert said[0].startswith("building it for Python 3.")
    assert said[1].startswith("it was built before")


def test_a_change_is_built_anew(checkout: Repository) -> None:
    first = source_tree.wheel_of(FolderTree(checkout.folder), "it", NEAREST, print)
    checkout.write({"sklearn/base.py": "# changed\n"})
    assert source_tree.wheel_of(FolderTree(checkout.folder), "it", NEAREST, print) != first


def test_a_build_that_fails_keeps_its_log_and_nothing_else(checkout: Repository, folder: Path) -> None:
    checkout.write({"backend.py": BACKEND.replace("print(", "raise SystemExit('no compiler here') if 1 else print(")})
    with pytest.raises(EnvironmentFailed, match=r"it could not be built: .*all of it: .*\.log") as told:
        source_tree.wheel_of(FolderTree(checkout.folder), "it", NEAREST, print)
    assert "\n" not in str(told.value)
    (log,) = folder.iterdir()
    assert "no compiler here" in log.read_text()


def test_a_source_without_a_build_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "bare", source_of("1.6.1"))
    with pytest.raises(EnvironmentFailed, match="bare could not be built"):
        source_tree.wheel_of(FolderTree(tmp_path / "bare"), "bare", NEAREST, print)
