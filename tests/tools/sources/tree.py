"""The source of a scikit-learn: how it differs from a wheel, a patch applied to it, and a wheel built of it."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rich.console import Console

from fixtures import scratch, whole_file
from tests.tools import release_environment
from tests.tools.clone import MIXTURE, VERSION_FILE, Clone, HistoryUnusable, printed, run_git, version_in
from tests.tools.release_environment import LAST_LINES, EnvironmentFailed
from tests.tools.release_table import Release
from tests.tools.sources.naming import SourceUnusable

# What decides how a fit ends: Python, and what is compiled.
CODE = (".py", ".pyx", ".pxd", ".pxi", ".tp", ".c", ".cpp", ".h", ".hpp")
WITHOUT_EFFECT = ("doc", "examples", "benchmarks", "asv_benchmarks", ".github")
NOT_BUILT_FROM = (*WITHOUT_EFFECT, "build", "dist", ".git")
VERSION_LINE = rb"(?m)^__version__\s*=.*$"
COST = "a full build of scikit-learn takes a quarter of an hour or more"
STEP = r"\[(\d+)/(\d+)\]"


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
        return release_environment.read_folder(self.folder / MIXTURE)

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

    The version alone is no difference. A file that the wheel has and the source has not may be one that the build
    writes; it is one only in ``sklearn/mixture``. Wheels before 1.5 lack what was compiled: a source of theirs always
    differs.
    """
    source, installed = tree.code(), _code_of(wheel)
    changed = {name for name, content in source.items() if installed.get(name) != content}
    changed |= {name for name in installed.keys() - source.keys() if name.startswith("mixture/")}
    mixture = {name for name in changed if name.startswith("mixture/")}
    return Difference(tuple(sorted(mixture)), tuple(sorted(changed - mixture)))


def apply_patch(patch: Path, files: Mapping[str, bytes], place: str) -> dict[str, bytes]:
    """The files of ``sklearn/mixture``, by path relative to it, with a patch applied.

    The patch is as ``git diff`` or ``git format-patch`` writes it, with or without the prefixes ``a/`` and ``b/``;
    what it changes in tests and documentation is passed over. Messages call the files those of `place`.
    """
    with scratch.temporary() as place_of_files:
        folder = place_of_files.resolve()
        whole_file.write_below(folder / MIXTURE, files)
        strip, paths = _changed_by(patch, folder)
        wanted = [path for path in paths if not _passed_over(path)]
        elsewhere = [path for path in wanted if not path.startswith(f"{MIXTURE}/")]
        if elsewhere:
            raise SourceUnusable(
                f"{patch.name} changes {elsewhere[0]}; should change {MIXTURE} alone to go on top of a release"
                " (apply it in a checkout and name that, to have it built)"
            )
        if not wanted:
            raise SourceUnusable(f"{patch.name} changes no code of {MIXTURE}; should change some")
        included = ["--include=" + re.sub(r"([*?\[])", r"[\1]", path) for path in wanted]
        done = _git_apply(folder, strip, "--whitespace=nowarn", *included, str(patch))
        if done.returncode:
            said = "; ".join(line.removeprefix("error: ") for line in printed(done.stderr).splitlines()[:2])
            raise SourceUnusable(f"{patch.name} does not apply to {MIXTURE} of {place}: {said}; should be made there")
        if links := [path for path in wanted if (folder / path).is_symlink()]:
            raise SourceUnusable(f"{patch.name} makes the link {links[0]}; should change files alone")
        after = release_environment.read_folder(folder / MIXTURE)
        if after == files:
            raise SourceUnusable(f"{patch.name} changes no code of {MIXTURE}; should change some")
        return after


def wheel_of(tree: Tree, name: str, nearest: Release, say: Callable[[str], None]) -> Path:
    """A wheel built of a source, or the one that was built of the very same files before.

    It is built in a private copy, for the Python of the nearest release; what it is built with is as of the day of the
    source, or of this release where that is later. Where it cannot be built, the log stays and is named.
    """
    folder = release_environment.FOLDER / "built"
    folder.mkdir(parents=True, exist_ok=True)
    day_after = datetime.date.fromisoformat(tree.day) + datetime.timedelta(days=1)
    until = max(day_after.isoformat(), nearest.dependencies_until)
    with scratch.folder(folder) as made:
        tree.export(made / "source")
        place = folder / f"{_fingerprint(made / 'source')}-{nearest.python}-{until}"
        built = sorted(place.glob("*.whl"))
        if built:
            say(f"{name} was built before: {built[0]}")
            return built[0]
        say(f"building {name} for Python {nearest.python}; Ctrl-C stops it")
        log = folder / f"{place.name}.log"
        options = [f"--python={nearest.python}", f"--exclude-newer={until}", f"--out-dir={made / 'wheel'}"]
        _build(["build", "--wheel", *options, str(made / "source")], log, name)
        (wheel,) = (made / "wheel").glob("*.whl")
        place.mkdir(exist_ok=True)
        wheel.replace(place / wheel.name)
        log.unlink()
        return place / wheel.name


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


def _changed_by(patch: Path, folder: Path) -> tuple[str, list[str]]:
    """How many leading folders of its names a patch wants to have taken off, and which paths it then changes."""
    said = ""
    for strip in ("-p1", "-p0"):
        done = _git_apply(folder, strip, "--numstat", "-z", str(patch))
        paths = [row.split("\t")[-1] for row in printed(done.stdout).split("\0") if row]
        if any(path.startswith("sklearn/") for path in paths):
            return strip, paths
        said = said or (printed(done.stderr).strip().splitlines() or ["it changes nothing below sklearn/"])[0]
    said = said.removeprefix("error: ")
    raise SourceUnusable(f"{patch.name} is not a patch of scikit-learn ({said}); should be as `git diff` writes it")


def _passed_over(path: str) -> bool:
    name = PurePosixPath(path)
    return name.parts[0] in WITHOUT_EFFECT or "tests" in name.parts or name.suffix in (".md", ".rst")


def _git_apply(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # Without this, git looks for a repository around the folder, and takes the paths to be relative to that.
    return run_git("apply", *arguments, folder=folder, variables={"GIT_CEILING_DIRECTORIES": str(folder.parent)})


def _build(arguments: list[str], log: Path, name: str) -> None:
    """Run uv, show how far its compilation is, and keep what it prints."""
    release_environment.add_pyenv_to_path()
    command, variables = release_environment.uv_command(arguments)
    last: deque[str] = deque(maxlen=LAST_LINES)
    with (
        log.open("w", encoding="utf-8") as kept,
        Console(stderr=True).status(f"building {name}") as status,
        subprocess.Popen(
            command, env={**variables, "PYTHONDONTWRITEBYTECODE": "1"}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                kept.write(line)
                if line.strip():
                    last.append(line.strip())
                step = re.match(STEP, line.strip())
                if step:
                    status.update(f"building {name}: {step[1]} of {step[2]}")
        except BaseException:  # Ctrl-C, or a full disk: nobody waits for the rest of the build
            process.terminate()
            raise
    if process.returncode:
        raise EnvironmentFailed(f"{name} could not be built: {' / '.join(last)} (all of it: {log})")


def _fingerprint(folder: Path) -> str:
    """A hash of the names and contents of all files."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(os.fsencode(path.relative_to(folder)) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
