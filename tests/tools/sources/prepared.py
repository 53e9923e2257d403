"""A source under test: an interpreter that imports it, until it is no longer needed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import parse_wheel_filename

from tests.tools import environments, overlay, release_environment
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.tools.releases import PYTHONS
from tests.tools.sources import build, in_place
from tests.tools.sources.naming import SourceUnusable
from tests.tools.sources.plan import How, Plan, Route, plan_for

NIGHTLY = "https://pypi.anaconda.org/scientific-python-nightly-wheels/simple"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A scikit-learn under test."""

    name: str  # For display, like ``1.9.1+fix.patch``
    python: Path  # Interpreter that imports it
    version: str  # What it says it is
    how: How  # ``release``, ``overlay``, ``build``, ``in place``, ``wheel`` or ``nightly``
    why: str  # The same in words, like ``laid over 1.9.1: only sklearn/mixture/_base.py differs``
    nearest: Release  # The release to compare it with; one that it is laid over
    variables: Mapping[str, str] = field(default_factory=dict)  # Environment variables to run it with


def to_stderr(line: str) -> None:
    """Say a line."""
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


@contextlib.contextmanager
def carry_out(plan: Plan, say: Say = to_stderr) -> Iterator[Prepared]:
    """Put the source of a plan under test; its private environment is gone afterwards."""
    if plan.how == "in place":
        assert plan.python is not None
        yield _under_test(plan, plan.python, plan.why, plan.nearest, say)
    elif plan.how == "release":
        yield _under_test(plan, release_environment.make(plan.nearest), plan.why, plan.nearest, say)
    else:
        with release_environment.private_folder() as scratch:
            yield _private(plan, scratch, say)


def _private(plan: Plan, scratch: Path, say: Say) -> Prepared:
    if plan.how == "overlay":
        return _laid_over(plan, scratch, say)
    if plan.how == "nightly":
        say("fetching the nightly build ...")
        try:
            python = _install_nightly(plan.nearest, scratch)
        except EnvironmentFailed as error:
            raise SourceUnusable(f"no nightly build from {NIGHTLY}: {error}") from None
        return _under_test(plan, python, plan.why, plan.nearest, say)
    wheel = plan.wheel
    if wheel is None:
        assert plan.tree is not None
        say(f"{plan.name}: {plan.why}")
        wheel = build.wheel_of(plan.tree, plan.name, plan.nearest, say)
    return _under_test(plan, _install_wheel(wheel, plan.nearest, scratch), plan.why, plan.nearest, say)


def _laid_over(plan: Plan, scratch: Path, say: Say) -> Prepared:
    """Lay it over the first candidate that imports it."""
    assert plan.mixture is not None
    refused = []
    for release in plan.candidates:
        python = release_environment.make_private(release, scratch / release.version)
        overlay.lay(plan.mixture, python)
        try:
            why = f"laid over {release.version}: {plan.why}"
            prepared = _under_test(plan, python, why, release, say)
        except SourceUnusable as error:
            refused.append(f"{release.version}: {str(error).rpartition(': ')[2]}")
            continue
        seen = overlay.read_folder(release_environment.packages_of(python) / "sklearn" / "mixture")
        wrong = [name for name, content in seen.items() if plan.mixture.get(name) != content]
        if wrong:
            raise SourceUnusable(f"{python} has another sklearn/mixture/{wrong[0]} than {plan.name}; is the disk full?")
        return prepared
    raise SourceUnusable(
        f"no release imports the sklearn/mixture of {plan.name} ({'; '.join(refused)}); --build builds all of it"
    )


def _install_wheel(wheel: Path, nearest: Release, scratch: Path) -> Path:
    version, tags = parse_wheel_filename(wheel.name)[1], parse_wheel_filename(wheel.name)[3]
    interpreters = {tag.interpreter for tag in tags}
    forever = any(tag.abi == "abi3" for tag in tags)
    fitting = [one for one in PYTHONS if f"cp{one.replace('.', '')}" in interpreters]
    python = nearest.python if forever or not fitting else fitting[-1]
    until = [f"--exclude-newer={nearest.dependencies_until}"] if str(version) == nearest.version else []
    packages = [str(wheel), "numpy", "scipy", "setuptools; python_version < '3.12'"]
    steps = [[*packages, *until, "--only-binary=:all:"], environments.group("suite")]
    return release_environment.make_of(python, steps, scratch / "environment")


def _install_nightly(newest: Release, scratch: Path) -> Path:
    """The nightly scikit-learn, with everything else from the package index."""
    alone = ["--no-deps", "--prerelease=allow", "--only-binary=:all:", f"--default-index={NIGHTLY}", "scikit-learn"]
    needed = ["numpy", "scipy", "joblib", "threadpoolctl", "narwhals", "--only-binary=:all:"]
    steps = [alone, needed, environments.group("suite")]
    return release_environment.make_of(newest.python, steps, scratch / "environment")


def _under_test(plan: Plan, python: Path, why: str, nearest: Release, say: Say) -> Prepared:
    """Make sure that it is imported, from where it should be, and say what is under test."""
    variables = dict(plan.variables or {})
    found = in_place.imported(python, variables)
    name = plan.name if plan.name != "nightly" else f"nightly {found.version}"
    say(f"under test: {name}, {why}")
    say(f"  it is {found.folder} (version {found.version})")
    return Prepared(name, python, found.version, plan.how, why, nearest, variables)
