"""Environments: one for each release, and one for each dependency group, shared by nox's sessions and the tools.

They are kept in ``.environments/``, each with the steps that made it: it is made anew when those change, and needs no
network while they do not. It appears whole or not at all, and nothing writes into it after it is made. What needs a
scikit-learn that it may change asks for a private one, and lays another ``sklearn/mixture`` over that of the release:
that is pure Python, so it takes a second, where a build of scikit-learn takes a quarter of an hour.

Imported by noxfile.py, so it needs nothing but nox and what nox brings.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import nox
from filelock import FileLock, Timeout

from fixtures import scratch, whole_file
from fixtures.fault import Fault, one_of
from tests.tools import release_table
from tests.tools.release_table import Release

PROJECT = release_table.TABLE.parent.parent
FOLDER = PROJECT / ".environments"
# Inside an environment: the steps that made it.
STEPS = "made_by.json"
LAST_LINES = 3
PRIVATE = "private-"
# One BLAS thread: a fit on tall, thin data gains nothing by more, and results and timings do not depend on how many
# cores the machine has. An environment that Python may not cache bytecode in takes seconds more to import.
HELD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ENVIRONMENT_VARIABLES: dict[str, str | None] = {**HELD, "PYTHONDONTWRITEBYTECODE": None}
# The environment is named by its interpreter, and by nothing else.
DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")


class UnknownRelease(Fault):
    """A version that the table of releases does not have."""


class EnvironmentFailed(Fault):
    """An environment that could not be made: no interpreter, no network, a full disk."""


class InterpreterMissing(EnvironmentFailed):
    """There is no interpreter of the Python that an environment needs."""


class NotAnOverlay(Fault):
    """Files that are not a pure-Python ``sklearn/mixture``."""


def find(version: str) -> Release:
    """The release of the table that has this version; a series, like 1.9, names its newest."""
    releases = release_table.read()
    named = {release.series: release for release in releases} | {release.version: release for release in releases}
    if version in named:
        return named[version]
    versions = one_of([release.version for release in releases], version)
    raise UnknownRelease(
        f"there is no release {version!r} in {release_table.TABLE.name}; should be {versions}, or a series like 1.9"
        " (`nox -s releases` refreshes the table)"
    )


def variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Those of this process without what could bring in another scikit-learn, BLAS held at one thread, and more."""
    inherited = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return {**inherited, **HELD, **(more or {})}


def steps_of(release: Release, dependencies: Sequence[str] = ("numpy", "scipy")) -> list[list[str]]:
    """What to install: a release with dependencies of its day (requirements of numpy and scipy), then test tools."""
    # Wheels before 0.21 do not say that they need numpy and scipy, and the
    # joblib of 0.22 does not say that it needs what setuptools brings.
    packages = [f"scikit-learn=={release.version}", *dependencies, "setuptools; python_version < '3.12'"]
    return [[*packages, f"--exclude-newer={release.dependencies_until}", "--only-binary=:all:"], group("suite")]


def group(name: str) -> list[str]:
    """Requirements of a dependency group of pyproject.toml."""
    return list(nox.project.dependency_groups(nox.project.load_toml(PROJECT / "pyproject.toml"), name))


def is_made(release: Release, folder: Path = FOLDER) -> bool:
    """Whether the shared environment of a release is there."""
    return _is_whole(_place_of(release, folder), steps_of(release))


def make(release: Release, folder: Path = FOLDER) -> Path:
    """The Python of the shared environment of a release, which is made where it is not there yet."""
    name = f"scikit-learn {release.version}"
    return _make_shared(_place_of(release, folder), release.python, steps_of(release), name)


def make_group(name: str, python: str | None = None, folder: Path = FOLDER) -> Path:
    """The Python of the shared environment of a dependency group of pyproject.toml, made where it is not there yet.

    Its version is `python`, like 3.13, or that of the Python that this runs on.
    """
    version = python or "{0.major}.{0.minor}".format(sys.version_info)
    place = _named_place(name, version, folder)
    return _make_shared(place, python or sys.executable, [group(name)], f"the tools ({name})")


def make_named(name: str, python: str, steps: list[list[str]], folder: Path = FOLDER) -> Path:
    """The Python of a shared environment of anything else, made by `steps` where it is not there yet."""
    return _make_shared(_named_place(name, python, folder), python, steps, name)


def is_made_named(name: str, python: str, steps: list[list[str]], folder: Path = FOLDER) -> bool:
    """Whether that environment is there."""
    return _is_whole(_named_place(name, python, folder), steps)


def make_private(release: Release, place: Path, folder: Path = FOLDER) -> Path:
    """The Python of an environment of a release in a folder that does not exist yet, for its maker to change.

    It is a copy of the shared one, linked and not copied where the file system can, bytecode included: it takes a
    tenth of a second, and imports as fast. So replace files in it, never write into them.
    """
    shared = make(release, folder).parent.parent
    try:
        shutil.copytree(shared, place, symlinks=True, copy_function=_link)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(place, ignore_errors=True)
        raise EnvironmentFailed(f"no copy of {shared} in {place}: {_first_of(error)}") from None
    return python_of(place)


def make_of(python: str, steps: list[list[str]], place: Path) -> Path:
    """The Python of a new environment, made under another name; each step is what follows ``uv pip install``."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        # A folder of its own, not one that uv may still write to where it has outlived a process that was killed.
        with scratch.folder(place.parent) as made:
            new = made / place.name
            _make_empty(new, python)
            for step in steps:
                uv(["pip", "install", "--quiet", "--python", str(python_of(new)), *step])
            (new / STEPS).write_text(json.dumps(steps, indent=1), encoding="utf-8")
            if place.exists():
                shutil.rmtree(place)
            new.rename(place)
    except OSError as error:
        raise EnvironmentFailed(f"no environment in {place}: {error}") from None
    return python_of(place)


@contextlib.contextmanager
def private_folder(folder: Path | None = None) -> Iterator[Path]:
    """A folder for private environments, beside the shared ones so that they can be linked; as `scratch.folder`."""
    folder = folder or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with scratch.folder(folder, PRIVATE) as place:
        yield place


def lay(files: Mapping[str, bytes], python: Path) -> None:
    """Replace ``sklearn/mixture`` of a private environment by files, given by path relative to it.

    The old files are removed and new ones written, never written into: uv links the files of an environment
    from its cache. What is not Python, and scikit-learn's own tests, are left out.

    Raises
    ------
    NotAnOverlay
        There is no ``__init__.py``, a path leads elsewhere, or a part needs compiling.
    """
    wanted = {PurePosixPath(name): content for name, content in files.items()}
    for name in wanted:
        if name.is_absolute() or ".." in name.parts:
            raise NotAnOverlay(f"{name} leads out of sklearn/mixture; should be a path inside it")
        if name.suffix in (".pyx", ".pxd", ".so", ".pyd"):
            raise NotAnOverlay(f"sklearn/mixture/{name} needs a build; should be Python alone")
    modules = {name: content for name, content in wanted.items() if name.suffix == ".py" and "tests" not in name.parts}
    if PurePosixPath("__init__.py") not in modules:
        raise NotAnOverlay("sklearn/mixture/__init__.py is missing; should be a whole sklearn/mixture")
    folder = mixture_of(python)
    # With the bytecode: that of a file of the same second and size would be taken for the new one's.
    shutil.rmtree(folder)
    whole_file.write_below(folder, modules)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a ``sklearn/mixture`` folder, by path relative to it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def packages_of(python: Path) -> Path:
    """The folder in which an environment keeps its packages."""
    code = "import sysconfig; print(sysconfig.get_paths()['platlib'])"
    return Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())


def mixture_of(python: Path) -> Path:
    """The ``sklearn/mixture`` of an environment."""
    return packages_of(python) / "sklearn" / "mixture"


def uv(arguments: Sequence[str]) -> None:
    """Run uv, quietly."""
    command, environment = uv_command(arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = " / ".join(line.strip() for line in done.stderr.strip().splitlines()[-LAST_LINES:])
        raise EnvironmentFailed(f"`uv {' '.join(arguments[:2])} ...` failed: {said}")


def uv_command(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command and the environment variables that run uv."""
    program = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        raise EnvironmentFailed("uv is not on PATH; should be (`python -m pip install uv`)")
    inherited = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return [program, *arguments], inherited


def add_pyenv_to_path() -> None:
    """Let nox and uv find pyenv's interpreters, after all that PATH has already.

    pyenv keeps most of its versions off PATH, and its shims answer only for those that are switched on.
    """
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return
    try:
        answer = subprocess.run([pyenv, "root"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return
    newest_first = sorted(Path(answer.stdout.strip(), "versions").glob("*/bin"), reverse=True)
    folders = os.environ.get("PATH", "").split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(dict.fromkeys([*folders, *map(str, newest_first)]))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # on another file system, or one without links
        shutil.copy2(source, target, follow_symlinks=False)


def _first_of(error: OSError) -> str:
    """The first of the many faults that `shutil.copytree` collects."""
    collected = error.args[0] if error.args else None
    return str(collected[0][2] if isinstance(collected, list) and collected else error)


def _place_of(release: Release, folder: Path) -> Path:
    return folder / f"sklearn-{release.version}-python{release.python}"


def _named_place(name: str, python: str, folder: Path) -> Path:
    return folder / f"{name}-python{python}"


def _make_shared(place: Path, python: str, steps: list[list[str]], name: str) -> Path:
    """Make an environment unless it is there, one process at a time: those that wait find it made."""
    if not _is_whole(place, steps):
        with _alone(place, name):
            if not _is_whole(place, steps):
                print(f"making the environment of {name} ...", file=sys.stderr, flush=True)
                make_of(python, steps, place)
    return python_of(place)


@contextlib.contextmanager
def _alone(place: Path, name: str) -> Iterator[None]:
    """No other process makes the same environment meanwhile; a lock ends with its process."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.with_name(f".{place.name}.lock"))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            print(f"another process makes the environment of {name}; waiting ...", file=sys.stderr, flush=True)
            lock.acquire()
    except OSError as error:
        raise EnvironmentFailed(f"no environment in {place}: {error}") from None
    try:
        yield
    finally:
        lock.release()


def _is_whole(place: Path, steps: list[list[str]]) -> bool:
    """Whether an environment was made by these steps, and the interpreter that it links to is still there."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads((place / STEPS).read_text(encoding="utf-8")) == steps and python_of(place).exists()
    return False


def _make_empty(place: Path, python: str) -> None:
    add_pyenv_to_path()
    try:
        # Relocatable: its programs are found after it is moved, and in a copy.
        uv(["venv", "--quiet", "--no-project", "--relocatable", "--python", python, str(place)])
    except EnvironmentFailed:
        command, environment = uv_command(["python", "find", "--no-project", python])
        if subprocess.run(command, capture_output=True, check=False, env=environment).returncode:
            raise InterpreterMissing(
                f"Python {python} is neither on PATH nor in pyenv, and uv could not download it; install it"
            ) from None
        raise
