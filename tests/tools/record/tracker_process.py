"""The tracker in the environment of a release, seen from outside."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from fixtures import npy
from fixtures.generated_case import npy_bytes
from tests.tools import release_environment
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerProcess

MODULE = "tests.workers.tracker"


@dataclass(frozen=True)
class Fit:
    """What one fit left."""

    n_iter: int | None
    converged: bool | None
    seconds: float  # Wall time inside ``fit``
    warnings: list[str]  # Categories of the warnings, each once
    error: str | None  # Why the components cannot be judged
    states: list[str]  # For each component; empty where there is an error, as are the next two
    masses: list[float]  # Responsibility mass of each component, in samples
    means: list[list[float]]  # (n_components, n_features)


class Worker(Protocol):
    """The outside end of a worker that serves ``tests.workers.tracker``; see `WorkerProcess`."""

    name: str

    def ask(self, do: str, **arguments: Any) -> Any: ...
    def send(self, do: str, **arguments: Any) -> None: ...
    def receive(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


def open_worker(release: Release) -> Worker:
    """A tracker's worker in the environment of a release."""
    return WorkerProcess(release_environment.make(release), MODULE, f"scikit-learn {release.version}")


class TrackerProcess:
    """A mixture that is fitted to one frame after the other in a process of its own.

    Parameters
    ----------
    worker : Worker
        Stopped with this.
    estimator : str or None
        ``MODULE:CLASS``; scikit-learn's own without it.
    settings : dict
        Estimator settings of a case.

    Attributes
    ----------
    versions : dict of str to str
        Of everything in that environment that can matter to a fit.

    """

    def __init__(self, worker: Worker, estimator: str | None, n_components: int, settings: dict[str, Any]) -> None:
        self._worker = worker
        self._scratch = tempfile.TemporaryDirectory(prefix="record-")
        self._handed_over = 0
        try:
            self.versions: dict[str, str] = worker.ask(
                "begin", estimator=estimator, n_components=n_components, settings=settings
            )
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def hand_over(self, samples: np.ndarray) -> None:
        """Put the next frame where its fit will find it; one may be under way."""
        # Two files in turn: the worker has read one before it is written over.
        self._handed_over += 1
        # numpy.save may raise nothing where a disk is full.
        self._next.write_bytes(npy_bytes(samples))

    def start_fit(self) -> None:
        """Start the fit of the frame that was handed over; `receive` waits for it."""
        self._worker.send("fit", path=str(self._next))

    def receive(self) -> Fit:
        """What the fit that was started last left."""
        return Fit(**{"states": [], "masses": [], "means": [], **self._worker.receive()})

    @property
    def _next(self) -> Path:
        return Path(self._scratch.name, f"frame_{self._handed_over % 2}.npy")

    def explain(self, components: list[int]) -> list[list[str]]:
        """Lines for each component: its state after the last fit, and where it started."""
        return self._worker.ask("explain", components=components)

    def fitted(self) -> dict[str, Any]:
        """Means and covariances that the last fit left, as a baseline has them; nothing after an error."""
        return self._worker.ask("fitted")

    def start(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, means and precisions that the last fit started from."""
        self._worker.ask("save_start", folder=self._scratch.name)
        paths = [Path(self._scratch.name, f"{name}.npy") for name in ("weights", "means", "precisions")]
        weights, means, precisions = (npy.parse(path, npy.read_bytes(path, npy.MAX_FILE_BYTES)) for path in paths)
        return weights, means, precisions

    def replay_case(self, name: str, root: Path) -> list[str] | None:
        """The state of each component after a fit of a stored case; None where it cannot be judged."""
        return self._worker.ask("replay_case", name=name, root=str(root))

    def __enter__(self) -> TrackerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._worker.__exit__(kind, error, at)
        self._scratch.cleanup()
