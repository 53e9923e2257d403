"""What has to be done to put a source under test: nothing, lay its ``sklearn/mixture`` over a release, or build it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tests.tools import overlay, release_environment, release_table
from tests.tools.release_commits import nearest_releases
from tests.tools.release_table import Release
from tests.tools.sources import in_place, naming, patch
from tests.tools.sources.build import COST
from tests.tools.sources.tree import CommitTree, Difference, FolderTree, Tree, difference

How = Literal["release", "overlay", "build", "in place", "wheel", "nightly"]
Route = Literal["overlay", "build"]
MOST_CANDIDATES = 4
NAMED_FILES = 3


@dataclass(frozen=True)
class Plan:
    """How a source gets under test."""

    name: str  # For display, like ``1.9.1+fix.patch``
    how: How  # What is done: ``release``, ``overlay``, ``build``, ``in place``, ``wheel`` or ``nightly``
    why: str  # The same in words, with the reason
    nearest: Release  # The release to compare it with
    candidates: tuple[Release, ...] = ()  # Releases to lay it over, the likeliest first
    mixture: Mapping[str, bytes] | None = None  # What is laid over, by path relative to ``sklearn/mixture``
    tree: Tree | None = None  # What is built
    wheel: Path | None = None  # What is installed
    python: Path | None = None  # The interpreter that imports a checkout in place
    variables: Mapping[str, str] | None = None  # Environment variables that it runs with


def plan_for(text: str, route: Route | None = None, python: Path | None = None) -> Plan:
    """Decide how a source (`naming.KINDS`) gets under test; `route` and `python` as of `prepared.prepare`.

    Without `python`, a checkout's interpreter is that of the active environment, or one of the first on PATH.
    """
    source = naming.read(text)
    if isinstance(source, Release):
        return Plan(source.version, "release", f"the release {source.version} as it is", source)
    if isinstance(source, naming.Nightly | naming.WheelFile):
        return _of_wheel(source)
    if isinstance(source, naming.Patched):
        return _of_patch(source)
    if isinstance(source, naming.Revision):
        return _of_tree(CommitTree(source.clone, source.commit), source.name, route)
    built = in_place.find(source.folder, python) if route is None else None
    return _of_place(source, built) if built else _of_tree(FolderTree(source.folder), source.folder.name, route)


def _of_wheel(source: naming.Nightly | naming.WheelFile) -> Plan:
    if isinstance(source, naming.Nightly):
        return Plan("nightly", "nightly", "the nightly build of the main line", release_table.read()[-1])
    nearest = nearest_releases(str(source.version), _today(), release_table.read())[0]
    return Plan(source.path.name, "wheel", "the wheel as it is", nearest, wheel=source.path)


def _of_place(source: naming.Checkout, built: in_place.Imported) -> Plan:
    nearest = nearest_releases(built.version, _today(), release_table.read())[0]
    why = f"built in place: {built.python} imports it"
    return Plan(source.folder.name, "in place", why, nearest, python=built.python, variables=built.variables)


def _of_patch(source: naming.Patched) -> Plan:
    release = source.release
    folder = release_environment.packages_of(release_environment.make(release)) / "sklearn" / "mixture"
    released = overlay.read_folder(folder)
    patched = patch.apply(source.patch, released, f"scikit-learn {release.version}")
    changed = tuple(f"mixture/{name}" for name in sorted(patched) if released.get(name) != patched[name])
    name = f"{release.version}+{source.patch.name}"
    return Plan(name, "overlay", f"the patch changes {_files(changed)}", release, (release,), patched)


def _of_tree(tree: Tree, name: str, route: Route | None) -> Plan:
    candidates = tuple(nearest_releases(tree.version, tree.day, release_table.read())[:MOST_CANDIDATES])
    nearest = candidates[0]
    found = difference(tree, release_environment.packages_of(release_environment.make(nearest)) / "sklearn")
    laid = Plan(name, "overlay", "", nearest, candidates, tree.mixture(), tree)
    if route == "build" or (route is None and found.elsewhere):
        return replace(laid, how="build", why=_why_built(found, nearest, asked=route == "build"))
    if not found.elsewhere and not found.mixture:
        return replace(laid, how="release", why=f"its code is that of {nearest.version}, which is taken as it is")
    if not found.elsewhere:
        laid = replace(laid, candidates=(nearest,))
    return replace(laid, why=_why_laid(found))


def _why_laid(found: Difference) -> str:
    """The words after ``laid over 1.9.1:``; which release it will be is known when one imports it."""
    if not found.elsewhere:
        return f"only {_files(found.mixture)} differ{'s' if len(found.mixture) == 1 else ''}"
    return (
        f"as asked by --overlay, and without the {_count(found.elsewhere)} outside sklearn/mixture that"
        f" differ{'s' if len(found.elsewhere) == 1 else ''} ({_files(found.elsewhere)})"
    )


def _why_built(found: Difference, nearest: Release, *, asked: bool) -> str:
    if asked:
        return f"built, as asked by --build; {COST}"
    return (
        f"built, and {COST}: outside sklearn/mixture it differs from {nearest.version}, the nearest release, in"
        f" {_count(found.elsewhere)} ({_files(found.elsewhere)}); --overlay would lay sklearn/mixture alone over it,"
        " in seconds"
    )


def _count(names: tuple[str, ...]) -> str:
    return f"{len(names)} file{'' if len(names) == 1 else 's'}"


def _files(names: tuple[str, ...]) -> str:
    named = ", ".join(f"sklearn/{name}" for name in names[:NAMED_FILES])
    return named + (", ..." if len(names) > NAMED_FILES else "")


def _today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
