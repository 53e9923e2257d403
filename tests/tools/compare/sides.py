"""The two sides of a comparison: what the user named, and how its worker is started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools import release_environment
from tests.tools.release_table import Release
from tests.tools.sources.prepared import prepare
from tests.tools.worker_process import WorkerProcess

WORKER = "tests.workers.fit_timer"


@dataclass(frozen=True)
class Side:
    """One of the two that are compared."""

    name: str  # in messages, like "scikit-learn 1.9.1"
    python: Path
    estimator: str = "sklearn.mixture:GaussianMixture"
    worker: str = WORKER  # the module that times its fits
    variables: Mapping[str, str] = field(default_factory=dict)  # of its worker's environment

    def start(self) -> WorkerProcess:
        """A new process of this side, held open."""
        return WorkerProcess(self.python, self.worker, self.name, self.variables)


@contextlib.contextmanager
def open_side(text: str, *, overlay: bool = False) -> Iterator[Side]:
    """The side that a release, series, wheel, checkout, revision or patch names, as `sources.prepare` takes it.

    With an overlay a checkout or a revision is laid over the nearest release,
    whatever else than ``sklearn/mixture`` differs.

    Raises
    ------
    Fault
        It cannot be put under test; one line says why.
    """
    with prepare(text, "overlay" if overlay else None) as prepared:
        yield Side(f"scikit-learn {prepared.name}", prepared.python, variables=prepared.variables)


@contextlib.contextmanager
def open_with_dependencies_of(other: Side, release: Release) -> Iterator[Side]:
    """A release with the Python, numpy and scipy of another side: what differs is scikit-learn alone.

    Raises
    ------
    EnvironmentFailed
        The release does not go with them, or has no wheel for that Python.
    """
    with other.start() as worker:
        found = worker.ask("describe")
    python = ".".join(found["python"].split(".")[:2])
    steps = release_environment.steps_of(release, [f"{name}=={found[name]}" for name in ("numpy", "scipy")])
    with release_environment.private_folder() as scratch:
        made = release_environment.make_of(python, steps, scratch / "environment")
        yield Side(f"scikit-learn {release.version} with the Python, numpy and scipy of {other.name}", made)
