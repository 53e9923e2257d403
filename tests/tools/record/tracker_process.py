"""The tracker in the environment of a release, seen from outside."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from fixtures.stored_case import npy_bytes
from tests.tools import release_environment
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerProcess

MODULE = "tests.workers.tracker"


@dataclass(frozen=True)
class Fit:
    """What one fit left."""

    n_iter: int | None
    converged: bool | None
    seconds: float  # wall time inside ``fit``
    warnings: list[str]  # categories of the warnings, each once
    error: str | None  # why the components cannot be judged
    states: list[str]  # for each component; empty where there is an error, as are the next two
    masses: list[float]  # responsibility mass of each component, in samples
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
    """A mixture that is fitted to one frame after the other in a process of its own, which is stopped with this."""

    def __init__(self, worker: Worker) -> None:
        self.ask = worker.ask  # the requests of `tests.workers.tracker.Tracker` that are not below
        self._worker = worker
        self._scratch = tempfile.TemporaryDirectory(prefix="record-")
        self._handed_over = 0

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
        return Fit(**self._worker.receive())

    @property
    def _next(self) -> Path:
        return Path(self._scratch.name, f"frame_{self._handed_over % 2}.npy")

    def start(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, means and precisions that the last fit started from."""
        sent = self.ask("start")
        weights, means, precisions = (np.array(sent[name]["values"], sent[name]["dtype"]) for name in sent)
        return weights, means, precisions

    def __enter__(self) -> TrackerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._worker.__exit__(kind, error, at)
        self._scratch.cleanup()
