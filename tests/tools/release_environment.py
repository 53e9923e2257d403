"""Environments of releases for tools that need several at once: one worker each, outside nox's sessions.

They are kept in ``.environments/`` and shared; nothing writes into one after it
is made. What needs a scikit-learn that it may change asks for a private one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from fixtures.fault import Fault
from tests.tools import environments, interpreters, release_table
from tests.tools.release_table import Release

FOLDER = release_table.TABLE.parent.parent / ".environments"
LAST_LINES = 3
PRIVATE = "private"


class UnknownRelease(Fault):
    """A version that the table of releases does not have."""


class EnvironmentFailed(Fault):
    """An environment that could not be made: no interpreter, no network, a full disk."""


def find(version: str) -> Release:
    """The release of the table that has this version; a series, like 1.9, names its newest.

    Raises
    ------
    UnknownRelease
        There is none.
    """
    releases = release_table.read()
    for release in [*releases, *release_table.newest_of_series(releases)]:
        if version == release.version or (version == release.series and release is _newest(releases, version)):
            return release
    versions = ", ".join(release.version for release in releases)
    raise UnknownRelease(
        f"there is no release {version!r} in {release_table.TABLE.name}; should be one of {versions}, or a series"
        " like 1.9 (`nox -s releases` refreshes the table)"
    )


def _newest(releases: list[Release], series: str) -> Release | None:
    return next((release for release in release_table.newest_of_series(releases) if release.series == series), None)


def is_made(release: Release, folder: Path = FOLDER) -> bool:
    """Whether the shared environment of a release is there."""
    return _made_by(folder / f"sklearn-{release.version}") == environments.steps_of(release)


def make(release: Release, folder: Path = FOLDER) -> Path:
    """The Python of the shared environment of a release, which is made where it is not there yet.

    Raises
    ------
    EnvironmentFailed
        uv could not make it.
    """
    place = folder / f"sklearn-{release.version}"
    if not is_made(release, folder):
        print(f"making the environment of scikit-learn {release.version} ...", file=sys.stderr, flush=True)
        _create(place, release.python, environments.steps_of(release))
    return python_of(place)


def make_private(release: Release, place: Path, folder: Path = FOLDER) -> Path:
    """The Python of an environment of a release in a folder that does not exist yet, for its maker to change.

    It is a copy of the shared one, linked and not copied where the file system
    can, bytecode included: it takes a tenth of a second, and imports as fast.
    So replace files in it, never write into them.

    Raises
    ------
    EnvironmentFailed
        The shared environment or its copy could not be made.
    """
    shared = make(release, folder).parent.parent
    try:
        shutil.copytree(shared, place, symlinks=True, copy_function=_link)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(place, ignore_errors=True)
        raise EnvironmentFailed(f"no copy of {shared} in {place}: {_first_of(error)}") from None
    return python_of(place)


def make_of(python: str, steps: list[list[str]], place: Path) -> Path:
    """The Python of an environment in a folder that does not exist yet, made by install steps of its maker's.

    Parameters
    ----------
    python : str
        Major and minor version, like 3.13.
    steps : list of list of str
        What follows ``uv pip install``, step by step.
    place : Path

    Raises
    ------
    EnvironmentFailed
        uv could not make it.
    """
    _create(place, python, steps)
    return python_of(place)


@contextlib.contextmanager
def private_folder(folder: Path | None = None) -> Iterator[Path]:
    """A folder for private environments, beside the shared ones so that they can be linked; removed in the end.

    Those of processes that were killed before they could are removed first.
    """
    folder = folder or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for place in folder.glob(f"{PRIVATE}-*-*"):
        process = place.name.split("-")[1]
        if process.isdigit() and not _runs(int(process)):
            shutil.rmtree(place, ignore_errors=True)
    prefix = f"{PRIVATE}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _runs(process: int) -> bool:
    if os.name == "nt":  # where signal 0 would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # on another file system, or one without links
        shutil.copy2(source, target, follow_symlinks=False)


def _first_of(error: OSError) -> str:
    """The first of the many faults that `shutil.copytree` collects."""
    collected = error.args[0] if error.args else None
    return str(collected[0][2] if isinstance(collected, list) and collected else error)


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def packages_of(python: Path) -> Path:
    """The folder in which an environment keeps its packages."""
    answer = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['platlib'])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(answer.stdout.strip())


def _made_by(place: Path) -> object:
    with contextlib.suppress(OSError, ValueError):
        return json.loads((place / environments.RECORD).read_text(encoding="utf-8"))
    return None


def _create(place: Path, python: str, steps: list[list[str]]) -> None:
    """Make an environment under another name, and move it to its place when it is whole."""
    interpreters.add_pyenv_to_path()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as scratch_name:
            scratch = Path(scratch_name, "environment")
            uv(["venv", "--quiet", "--no-project", "--python", python, str(scratch)])
            for step in steps:
                uv(["pip", "install", "--quiet", "--python", str(python_of(scratch)), *step])
            (scratch / environments.RECORD).write_text(json.dumps(steps, indent=1), encoding="utf-8")
            shutil.rmtree(place, ignore_errors=True)
            # Another process may have been faster: its environment is as good.
            with contextlib.suppress(OSError):
                scratch.rename(place)
            if _made_by(place) != steps:
                raise EnvironmentFailed(f"{place} could not be written; is the disk full, or the folder not yours?")
    except OSError as error:
        raise EnvironmentFailed(f"no environment in {place}: {error}") from None


def uv(arguments: Sequence[str]) -> None:
    """Run uv, quietly.

    Raises
    ------
    EnvironmentFailed
        uv is not there, or ended with an error: the last lines of what it said.
    """
    command, variables = uv_command(arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        said = " / ".join(line.strip() for line in done.stderr.strip().splitlines()[-LAST_LINES:])
        raise EnvironmentFailed(f"`uv {' '.join(arguments[:2])} ...` failed: {said}")


def uv_command(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command and the environment variables that run uv.

    Raises
    ------
    EnvironmentFailed
        uv is not there.
    """
    program = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        raise EnvironmentFailed("uv is not on PATH; should be (`python -m pip install uv`)")
    variables = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return [program, *arguments], variables
