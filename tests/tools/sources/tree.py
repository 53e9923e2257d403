"""The source of a scikit-learn: which files it has, how it differs from a wheel, and a copy of it to build."""

from __future__ import annotations

import datetime
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.tools import overlay
from tests.tools.clone import MIXTURE, VERSION_FILE, Clone, HistoryUnusable, version_in
from tests.tools.sources.naming import SourceUnusable

# What decides how a fit ends: Python, and what is compiled.
CODE = (".py", ".pyx", ".pxd", ".pxi", ".tp", ".c", ".cpp", ".h", ".hpp")
NOT_BUILT_FROM = ("doc", "examples", "benchmarks", "asv_benchmarks", "build", "dist", ".git", ".github")
VERSION_LINE = rb"(?m)^__version__\s*=.*$"


@dataclass(frozen=True)
class CommitTree:
    """The source of a commit."""

    clone: Clone
    commit: str

    @property
    def version(self) -> str:
        """Its version, like 1.10.dev0."""
        return self.clone.version(self.commit)

    @property
    def day(self) -> str:
        """The day that it is of (ISO 8601)."""
        return self.clone.commit(self.commit).date

    def code(self) -> dict[str, str]:
        """A hash of each file below ``sklearn`` that decides how a fit ends, by path relative to it."""
        return _hashes(self.clone.files(self.commit, "sklearn", suffixes=CODE))

    def mixture(self) -> dict[str, bytes]:
        """The files of ``sklearn/mixture``, by path relative to it."""
        return self.clone.mixture_files(self.commit)

    def export(self, place: Path) -> None:
        """Write what is needed to build it into a new folder."""
        self.clone.export(self.commit, place, without=NOT_BUILT_FROM)


@dataclass(frozen=True)
class FolderTree:
    """The source in a folder, as its files are now, committed or not."""

    folder: Path

    @property
    def version(self) -> str:
        version = version_in((self.folder / VERSION_FILE).read_bytes())
        if version is None:
            raise SourceUnusable(f"{self.folder / VERSION_FILE} has no __version__; should have")
        return version

    @property
    def day(self) -> str:
        """The day of the commit that is checked out; outside git, that on which the version was written."""
        try:
            return Clone(self.folder).commit("HEAD").date
        except HistoryUnusable:
            written = (self.folder / VERSION_FILE).stat().st_mtime
            return datetime.datetime.fromtimestamp(written, datetime.timezone.utc).date().isoformat()

    def code(self) -> dict[str, str]:
        return _code_of(self.folder / "sklearn")

    def mixture(self) -> dict[str, bytes]:
        return overlay.read_folder(self.folder / MIXTURE)

    def export(self, place: Path) -> None:
        compiled = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "*.o", ".git")

        def left_out(folder: str, names: list[str]) -> set[str]:
            top = set(NOT_BUILT_FROM) if Path(folder) == self.folder else set()
            return set(compiled(folder, names)) | (top & set(names))

        shutil.copytree(self.folder, place, symlinks=True, ignore=left_out)


Tree = CommitTree | FolderTree


@dataclass(frozen=True)
class Difference:
    """Files of code in which a source differs from a wheel, by path relative to ``sklearn``."""

    mixture: tuple[str, ...]
    elsewhere: tuple[str, ...]


def difference(tree: Tree, wheel: Path) -> Difference:
    """Where the code of a source differs from that of an installed wheel (the folder ``sklearn``).

    The version alone is no difference. A file that the wheel has and the source
    has not may be one that the build writes; it is one only in
    ``sklearn/mixture``. Wheels before 1.5 lack what was compiled: a
    source of theirs always differs.
    """
    source, installed = tree.code(), _code_of(wheel)
    changed = {name for name, content in source.items() if installed.get(name) != content}
    changed |= {name for name in installed.keys() - source.keys() if PurePosixPath(name).parts[0] == "mixture"}
    mixture = {name for name in changed if PurePosixPath(name).parts[0] == "mixture"}
    return Difference(tuple(sorted(mixture)), tuple(sorted(changed - mixture)))


def _code_of(folder: Path) -> dict[str, str]:
    """Hashes of the code below a folder ``sklearn``."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return _hashes({name: path.read_bytes() for name, path in paths.items() if _is_code(name) and path.is_file()})


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {
        name: hashlib.sha256(re.sub(VERSION_LINE, b"", content) if name == "__init__.py" else content).hexdigest()
        for name, content in files.items()
        if _is_code(name)
    }


def _is_code(name: str) -> bool:
    """Whether a file below ``sklearn`` decides how a fit ends; scikit-learn's own tests do not."""
    path = PurePosixPath(name)
    return path.suffix in CODE and not {"tests", "__pycache__"} & set(path.parts) and path.name != "conftest.py"
