"""Small git histories of scikit-learn: the ``sklearn/mixture`` of an installed one, and what a test changes in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import sklearn

from tests.tools import release_environment

# Nothing of the machine's configuration, and of a git that runs the tests as a hook.
VARIABLES = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "A Tester" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "tester@example.org" for who in ("AUTHOR", "COMMITTER")},
}


class Repository:
    """A git repository that a test fills.

    Parameters
    ----------
    folder : Path
        Is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, **variables: str) -> str:
        """Run git in it; its output."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=VARIABLES | variables, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files, by path relative to its root."""
        for name, content in files.items():
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, title: str, files: Mapping[str, str | bytes] | None = None, day: str = "2025-01-01") -> str:
        """Write files and commit them as of a day; the id of the commit."""
        self.write(files or {})
        self.git("add", "--all")
        stamp = f"{day}T12:00:00Z"
        message = ("commit", "--quiet", "--allow-empty", "--message", title)
        self.git(*message, GIT_AUTHOR_DATE=stamp, GIT_COMMITTER_DATE=stamp)
        return self.git("rev-parse", "HEAD")


def version_file(version: str) -> dict[str, str]:
    """The file that says the version of scikit-learn."""
    return {"sklearn/__init__.py": f'"""Machine learning."""\n\n__version__ = "{version}"\n'}


def installed_mixture() -> dict[str, bytes]:
    """The Python files of the installed scikit-learn's ``sklearn/mixture``, without its tests."""
    files = release_environment.read_folder(Path(sklearn.__file__).parent / "mixture")
    return {name: content for name, content in files.items() if name.endswith(".py") and "/" not in name}


def in_mixture(files: Mapping[str, bytes]) -> dict[str, str | bytes]:
    """The same files by path relative to the root."""
    return {f"sklearn/mixture/{name}": content for name, content in files.items()}


def fingerprint(folder: Path) -> str:
    """A hash of every name, kind, time of change and content below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found.update(f"{path.relative_to(folder)} {status.st_mode} {status.st_mtime_ns}\n".encode())
        if path.is_file() and not path.is_symlink():
            found.update(path.read_bytes())
    return found.hexdigest()
