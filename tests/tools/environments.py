"""Environments of the sessions: what is installed, and when it is installed anew.

Imported by noxfile.py, so it needs nothing but nox and what nox brings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import nox

from tests.tools.release_table import Release

PROJECT = nox.project.load_toml(Path(__file__).resolve().parent.parent.parent / "pyproject.toml")
# Inside an environment: the steps that made it.
RECORD = "made_by.json"

# One BLAS thread: a fit on tall, thin data gains nothing by more, and results
# and timings do not depend on how many cores the machine has.
# An environment that Python may not cache bytecode in takes seconds more to import.
ENVIRONMENT_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": None,
}


def steps_of(release: Release, dependencies: Sequence[str] = ("numpy", "scipy")) -> list[list[str]]:
    """What to install, step by step: a release with dependencies of its day, then today's test tools.

    Parameters
    ----------
    release : Release
    dependencies : sequence of str
        Requirements of numpy and scipy, like ``numpy==1.26.4``.
    """
    # Wheels before 0.21 do not say that they need numpy and scipy, and the
    # joblib of 0.22 does not say that it needs what setuptools brings.
    packages = [f"scikit-learn=={release.version}", *dependencies, "setuptools; python_version < '3.12'"]
    return [[*packages, f"--exclude-newer={release.dependencies_until}", "--only-binary=:all:"], group("suite")]


def install_release(session: nox.Session, release: Release, *groups: str) -> None:
    """Install a release of scikit-learn and the test tools, and dependency groups of pyproject.toml."""
    _install(session, [*steps_of(release), *(group(name) for name in groups)])


def install_group(session: nox.Session, name: str) -> None:
    """Install a dependency group of pyproject.toml."""
    _install(session, [group(name)])


def group(name: str) -> list[str]:
    """Requirements of a dependency group of pyproject.toml."""
    return list(nox.project.dependency_groups(PROJECT, name))


def _install(session: nox.Session, steps: list[list[str]]) -> None:
    """Run the install steps unless this environment was made by the very same ones.

    What an environment was made by is kept inside it, so that one that is
    reused costs nothing and needs no network, and a change of the table or of
    pyproject.toml makes it anew.
    """
    record = Path(session.virtualenv.location) / RECORD
    wanted = json.dumps(steps, indent=1)
    if record.exists() and record.read_text(encoding="utf-8") == wanted:
        session.log("environment is as it should be: reused")
        return
    anew = ["--reinstall"] if record.exists() else []
    record.unlink(missing_ok=True)
    for step in steps:
        session.install(*anew, *step)
    if session.virtualenv.venv_backend != "none" and Path(session.virtualenv.location).is_dir():
        record.write_text(wanted, encoding="utf-8")
