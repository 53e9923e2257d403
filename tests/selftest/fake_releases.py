"""Releases of a scikit-learn of a few lines, each in an environment of its own, so that no test needs an index."""

from __future__ import annotations

import os
import shutil
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.tools import release_environment, release_table
from tests.tools.release_environment import python_of
from tests.tools.release_table import Release

PYTHON = f"3.{sys.version_info.minor}"
RELEASES = [
    Release("1.6.0", PYTHON, "2024-12-10"),
    Release("1.6.1", PYTHON, "2025-01-11"),
    Release("1.7.0", PYTHON, "2025-06-06"),
]
# A build that needs nothing from an index: its backend lies beside it.
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
MIXTURE = {"__init__.py": "from ._base import ANSWER\n", "_base.py": "ANSWER = 'released'\n"}


def source_of(version: str) -> dict[str, str]:
    """The files of a release's source, by path relative to its root."""
    return {
        "sklearn/__init__.py": f'__version__ = "{version}"\n',
        "sklearn/base.py": f"# of {version[:3]}\n",
        "sklearn/_loss.pyx": "# compiled\n",
        **{f"sklearn/mixture/{name}": content for name, content in MIXTURE.items()},
        "sklearn/mixture/tests/test_mixture.py": "",
        "doc/index.rst": "words\n",
    }


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files, by path relative to a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def make_environment(place: Path, files: Mapping[str, str]) -> Path:
    """An environment in which the files below ``sklearn`` are installed; its interpreter."""
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    packages = release_environment.packages_of(python_of(place))
    write(packages, {name: content for name, content in files.items() if name.startswith("sklearn/")})
    return python_of(place)


class FakeReleases:
    """The table and the environments of the releases above.

    Parameters
    ----------
    folder : Path
        Where the environments are made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for release in RELEASES:
            make_environment(folder / f"sklearn-{release.version}", source_of(release.version))

    def install(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Let the tools take them for the real ones, and keep private environments in a folder."""
        monkeypatch.setattr(release_table, "read", lambda: list(RELEASES))
        monkeypatch.setattr(release_environment, "FOLDER", folder)
        monkeypatch.setattr(release_environment, "make", lambda release, _=None: self.python(release.version))

    def python(self, version: str) -> Path:
        """The interpreter of a release's environment."""
        return python_of(self.folder / f"sklearn-{version}")

    def packages(self, version: str) -> Path:
        """Where a release is installed."""
        return release_environment.packages_of(self.python(version))

    def without_bytecode(self, version: str, place: Path) -> Path:
        """A copy of what is installed, without what Python caches on import."""
        return Path(shutil.copytree(self.packages(version), place, ignore=shutil.ignore_patterns("__pycache__")))
