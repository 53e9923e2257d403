"""The two sides of a comparison: what the user named, and how its worker is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools import release_environment
from tests.tools.worker_process import WorkerProcess

WORKER = "tests.support.fit_timer"


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Attributes
    ----------
    name : str
        What messages call it, like ``scikit-learn 1.9.1``.
    python : Path
        Interpreter of its environment.
    estimator : str
        ``MODULE:CLASS`` of what is fitted.
    worker : str
        Module that times its fits.
    variables : mapping of str to str
        Environment variables of its worker.
    """

    name: str
    python: Path
    estimator: str = "sklearn.mixture:GaussianMixture"
    worker: str = WORKER
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> WorkerProcess:
        """A new process of this side, held open."""
        return WorkerProcess(self.python, self.worker, self.name, self.variables)


def open_side(text: str) -> Side:
    """The side that a release or series names, with its environment made.

    Raises
    ------
    release_environment.UnknownRelease
        The table of releases does not have it.
    release_environment.EnvironmentFailed
        Its environment could not be made.
    """
    release = release_environment.find(text)
    return Side(f"scikit-learn {release.version}", release_environment.make(release))
