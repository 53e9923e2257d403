"""A source under test: what has to be done for it, and an interpreter that imports it until it is no longer needed."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from packaging.utils import parse_wheel_filename

from fixtures import scratch
from tests.tools import release_environment, release_table
from tests.tools.clone import nearest_releases
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import PYTHONS, Release
from tests.tools.sources import naming, tree
from tests.tools.sources.naming import SourceUnusable
from tests.tools.sources.tree import CommitTree, Difference, FolderTree, Tree

How = Literal["release", "overlay", "build", "in place", "wheel", "nightly"]
Route = Literal["overlay", "build"]
Say = Callable[[str], None]

NIGHTLY = "https://pypi.anaconda.org/scientific-python-nightly-wheels/simple"
MOST_CANDIDATES, MOST_INTERPRETERS, NAMED_FILES = 4, 4, 3
SECONDS_TO_IMPORT = 120
WHAT_IS_IMPORTED = """
import json, os, sys
import sklearn.mixture
folder = os.path.dirname(os.path.dirname(os.path.realpath(sklearn.mixture.__file__)))
print(json.dumps({"version": sklearn.__version__, "folder": folder}))
"""
# Python writes no bytecode, and meson-python's editable installation does not build anew what has changed.
READ_ONLY = {"PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Plan:
    name: str  # For display, like ``1.9.1+fix.patch``
    how: How
    why: str  # The same in words, with the reason
    nearest: Release  # The release to compare it with
    candidates: tuple[Release, ...] = ()  # Releases to lay it over, the likeliest first
    mixture: Mapping[str, bytes] | None = None  # What is laid over, by path relative to ``sklearn/mixture``
    tree: Tree | None = None  # What is built
    wheel: Path | None = None  # What is installed
    python: Path | None = None  # The interpreter that imports a checkout in place
    variables: Mapping[str, str] = field(default_factory=dict)  # Environment variables that it runs with


@dataclass(frozen=True)
class Imported:
    python: Path
    version: str
    folder: Path  # The folder ``sklearn`` that it comes from
    variables: Mapping[str, str]  # Environment variables that it was imported with


@dataclass(frozen=True)
class Prepared:
    name: str  # For display, like ``1.9.1+fix.patch``
    python: Path  # Interpreter that imports it
    version: str  # As it gives it
    how: How
    why: str  # The same in words, like ``laid over 1.9.1: only sklearn/mixture/_base.py differs``
    nearest: Release  # The release to compare it with; one that it is laid over
    variables: Mapping[str, str] = field(default_factory=dict)  # Environment variables to run it with


def to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def prepare(
    text: str, route: Route | None = None, python: Path | None = None, say: Say = to_stderr
) -> Iterator[Prepared]:
    """Put a source (`naming.KINDS`) under test; its private environment is gone afterwards.

    Parameters
    ----------
    route : {'overlay', 'build'}, optional
        Lay ``sklearn/mixture`` over the nearest release, or build, whatever the difference.
    python : Path, optional
        Interpreter that a checkout is built in place for.
    say : callable
        Takes one line on what is done and why.
    """
    with carry_out(plan_for(text, route, python), say) as prepared:
        yield prepared


def plan_for(text: str, route: Route | None = None, python: Path | None = None) -> Plan:
    """Decide how a source gets under test; without `python`, an active or near interpreter may be a checkout's."""
    source = naming.read(text)
    if isinstance(source, Release):
        return Plan(source.version, "release", f"the release {source.version} as it is", source)
    if isinstance(source, naming.Nightly):
        return Plan("nightly", "nightly", "the nightly build of the main line", release_table.read()[-1])
    if isinstance(source, naming.WheelFile):
        nearest = _nearest(str(source.version))[0]
        return Plan(source.path.name, "wheel", "the wheel as it is", nearest, wheel=source.path)
    if isinstance(source, naming.Patched):
        return _plan_of_patch(source)
    if isinstance(source, naming.Revision):
        return _plan_of_tree(CommitTree(source.clone, source.commit), source.name, route)
    return _plan_of_checkout(source.folder, route, python)


@contextlib.contextmanager
def carry_out(plan: Plan, say: Say = to_stderr) -> Iterator[Prepared]:
    """Put the source of a plan under test; its private environment is gone afterwards."""
    if plan.how == "in place":
        assert plan.python is not None
        yield _under_test(plan, plan.python, say)
    elif plan.how == "release":
        yield _under_test(plan, release_environment.make(plan.nearest), say)
    else:
        with release_environment.private_folder() as scratch:
            yield _laid_over(plan, scratch, say) if plan.how == "overlay" else _installed(plan, scratch, say)


def interpreter_of(checkout: Path, python: Path | None) -> Imported | None:
    """The interpreter that imports a checkout from where it is, without writing to it; None where none does.

    Asked are the one given, or that of the active environment and the first ones on PATH: each as it is (an editable
    installation), then with the checkout on its path (``build_ext --inplace``) where that has compiled files.
    """
    # Where meson-python keeps what it compiled: ``build/cp313``.
    compiled = [str(folder) for folder in sorted((checkout / "build").glob("cp*")) if folder.is_dir()]
    ways = [{**READ_ONLY, "MESONPY_EDITABLE_SKIP": os.pathsep.join(compiled)}]
    if any((checkout / "sklearn" / "__check_build").glob("*.so")):
        ways.append({**ways[0], "PYTHONPATH": str(checkout)})
    said = ""
    for interpreter in [python] if python else _interpreters():
        for way in ways:
            try:
                found = imported(interpreter, way)
            except SourceUnusable as error:
                said = str(error)
                continue
            if found.folder == checkout / "sklearn":
                return found
            said = f"it imports the one in {found.folder.parent}"
    if python:
        raise SourceUnusable(f"{python} does not import scikit-learn from {checkout} ({said}); should be built for it")
    return None


def imported(python: Path, variables: Mapping[str, str]) -> Imported:
    """What an interpreter imports as scikit-learn."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    with scratch.temporary() as nowhere:
        try:
            done = subprocess.run(
                [str(python), "-c", WHAT_IS_IMPORTED], cwd=nowhere, env={**inherited, **variables},
                capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS_TO_IMPORT, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceUnusable(f"{python} cannot be run: {error}") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SourceUnusable(f"{python} cannot import sklearn.mixture: {said}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return Imported(python, answer["version"], Path(answer["folder"]), variables)


def _interpreters() -> list[Path]:
    """The interpreter of the active environment, and the first ones on PATH.

    Several, because a nox session puts its own environment before the user's.
    """
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    folders = [Path(active, "bin")] if active else []
    folders += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    found = (shutil.which(name, path=str(folder)) for folder in folders for name in ("python", "python3"))
    first_of_folder: dict[Path, Path] = {}
    for path in found:
        if path:
            first_of_folder.setdefault(Path(path).parent, Path(path))
    return list(first_of_folder.values())[:MOST_INTERPRETERS]


def _nearest(version: str, day: str | None = None) -> list[Release]:
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return nearest_releases(version, day or today, release_table.read())


def _plan_of_checkout(folder: Path, route: Route | None, python: Path | None) -> Plan:
    found = interpreter_of(folder, python) if route is None else None
    if found is None:
        return _plan_of_tree(FolderTree(folder), folder.name, route)
    why, nearest = f"built in place: {found.python} imports it", _nearest(found.version)[0]
    return Plan(folder.name, "in place", why, nearest, python=found.python, variables=found.variables)


def _plan_of_patch(source: naming.Patched) -> Plan:
    release = source.release
    released = release_environment.read_folder(release_environment.mixture_of(release_environment.make(release)))
    patched = tree.apply_patch(source.patch, released, f"scikit-learn {release.version}")
    changed = [f"mixture/{name}" for name in sorted(patched) if released.get(name) != patched[name]]
    name, why = f"{release.version}+{source.patch.name}", f"the patch changes {_files(changed)}"
    return Plan(name, "overlay", why, release, (release,), patched)


def _plan_of_tree(source: Tree, name: str, route: Route | None) -> Plan:
    candidates = tuple(_nearest(source.version, source.day)[:MOST_CANDIDATES])
    nearest = candidates[0]
    found = tree.difference(source, release_environment.packages_of(release_environment.make(nearest)) / "sklearn")
    laid = Plan(name, "overlay", "", nearest, candidates, source.mixture(), source)
    if route == "build" or (route is None and found.elsewhere):
        return replace(laid, how="build", why=_why_built(found, nearest, asked=route == "build"))
    if not found.elsewhere and not found.mixture:
        return replace(laid, how="release", why=f"its code is that of {nearest.version}, which is taken as it is")
    if not found.elsewhere:
        laid = replace(laid, candidates=(nearest,))
    return replace(laid, why=_why_laid(found))


def _why_laid(found: Difference) -> str:
    """The words after ``laid over 1.9.1:``; which release it will be shows when one imports it."""
    if not found.elsewhere:
        return f"only {_files(found.mixture)} differ{'s' if len(found.mixture) == 1 else ''}"
    return (
        f"as asked by --overlay, and without the {_count(found.elsewhere)} outside sklearn/mixture that"
        f" differ{'s' if len(found.elsewhere) == 1 else ''} ({_files(found.elsewhere)})"
    )


def _why_built(found: Difference, nearest: Release, *, asked: bool) -> str:
    if asked:
        return f"built, as asked by --build; {tree.COST}"
    return (
        f"built, and {tree.COST}: outside sklearn/mixture it differs from {nearest.version}, the nearest release, in"
        f" {_count(found.elsewhere)} ({_files(found.elsewhere)}); --overlay would lay sklearn/mixture alone over it,"
        " in seconds"
    )


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} file{'' if len(names) == 1 else 's'}"


def _files(names: Sequence[str]) -> str:
    named = ", ".join(f"sklearn/{name}" for name in names[:NAMED_FILES])
    return named + (", ..." if len(names) > NAMED_FILES else "")


def _laid_over(plan: Plan, scratch: Path, say: Say) -> Prepared:
    """Lay it over the first candidate that imports it."""
    assert plan.mixture is not None
    refused = []
    for release in plan.candidates:
        python = release_environment.make_private(release, scratch / release.version)
        release_environment.lay(plan.mixture, python)
        laid = replace(plan, why=f"laid over {release.version}: {plan.why}", nearest=release)
        try:
            prepared = _under_test(laid, python, say)
        except SourceUnusable as error:
            refused.append(f"{release.version}: {str(error).rpartition(': ')[2]}")
            continue
        seen = release_environment.read_folder(release_environment.mixture_of(python))
        wrong = [name for name, content in seen.items() if plan.mixture.get(name) != content]
        if wrong:
            raise SourceUnusable(f"{python} has another sklearn/mixture/{wrong[0]} than {plan.name}; is the disk full?")
        return prepared
    raise SourceUnusable(
        f"no release imports the sklearn/mixture of {plan.name} ({'; '.join(refused)}); --build builds all of it"
    )


def _installed(plan: Plan, scratch: Path, say: Say) -> Prepared:
    """Install a wheel, one that is built for it, or the nightly build."""
    place, wheel = scratch / "environment", plan.wheel
    if plan.how == "nightly":
        say("fetching the nightly build ...")
        return _under_test(plan, _install_nightly(plan.nearest, place), say)
    if wheel is None:
        assert plan.tree is not None
        say(f"{plan.name}: {plan.why}")
        wheel = tree.wheel_of(plan.tree, plan.name, plan.nearest, say)
    return _under_test(plan, _install_wheel(wheel, plan.nearest, place), say)


def _install_wheel(wheel: Path, nearest: Release, place: Path) -> Path:
    _, version, _, tags = parse_wheel_filename(wheel.name)
    interpreters = {tag.interpreter for tag in tags}
    forever = any(tag.abi == "abi3" for tag in tags)
    fitting = [one for one in PYTHONS if f"cp{one.replace('.', '')}" in interpreters]
    python = nearest.python if forever or not fitting else fitting[-1]
    until = [f"--exclude-newer={nearest.dependencies_until}"] if str(version) == nearest.version else []
    packages = [str(wheel), "numpy", "scipy", "setuptools; python_version < '3.12'"]
    steps = [[*packages, *until, "--only-binary=:all:"], release_environment.group("suite")]
    return release_environment.make_of(python, steps, place)


def _install_nightly(newest: Release, place: Path) -> Path:
    """The nightly scikit-learn, with everything else from the package index."""
    alone = ["--no-deps", "--prerelease=allow", "--only-binary=:all:", f"--default-index={NIGHTLY}", "scikit-learn"]
    needed = ["numpy", "scipy", "joblib", "threadpoolctl", "narwhals", "--only-binary=:all:"]
    try:
        return release_environment.make_of(newest.python, [alone, needed, release_environment.group("suite")], place)
    except EnvironmentFailed as error:
        raise SourceUnusable(f"no nightly build from {NIGHTLY}: {error}") from None


def _under_test(plan: Plan, python: Path, say: Say) -> Prepared:
    """Make sure that it is imported, from where it should be, and say what is under test."""
    found = imported(python, dict(plan.variables))
    name = plan.name if plan.name != "nightly" else f"nightly {found.version}"
    say(f"under test: {name}, {plan.why}")
    say(f"  it is {found.folder} (version {found.version})")
    return Prepared(name, python, found.version, plan.how, plan.why, plan.nearest, found.variables)
