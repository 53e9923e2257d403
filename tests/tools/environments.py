"""What is installed in an environment, and which variables its programs get.

Imported by noxfile.py, so it needs nothing but nox and what nox brings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import nox

from tests.tools.release_table import Release

PROJECT = nox.project.load_toml(Path(__file__).resolve().parent.parent.parent / "pyproject.toml")

# One BLAS thread: a fit on tall, thin data gains nothing by more, and results
# and timings do not depend on how many cores the machine has.
# An environment that Python may not cache bytecode in takes seconds more to import.
ENVIRONMENT_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": None,
}
HELD = {name: value for name, value in ENVIRONMENT_VARIABLES.items() if value is not None}
# The environment is named by its interpreter, and by nothing else.
DROPPED = {name for name, value in ENVIRONMENT_VARIABLES.items() if value is None} | {"PYTHONPATH", "VIRTUAL_ENV"}


def variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Those of this process without what could bring in another scikit-learn, BLAS held at one thread, and more."""
    return {**{name: value for name, value in os.environ.items() if name not in DROPPED}, **HELD, **(more or {})}


def steps_of(release: Release, dependencies: Sequence[str] = ("numpy", "scipy")) -> list[list[str]]:
    """What to install, step by step: a release with dependencies of its day, then today's test tools.

    Parameters
    ----------
    dependencies : sequence of str
        Requirements of numpy and scipy, like ``numpy==1.26.4``.
    """
    # Wheels before 0.21 do not say that they need numpy and scipy, and the
    # joblib of 0.22 does not say that it needs what setuptools brings.
    packages = [f"scikit-learn=={release.version}", *dependencies, "setuptools; python_version < '3.12'"]
    return [[*packages, f"--exclude-newer={release.dependencies_until}", "--only-binary=:all:"], group("suite")]


def group(name: str) -> list[str]:
    """Requirements of a dependency group of pyproject.toml."""
    return list(nox.project.dependency_groups(PROJECT, name))
