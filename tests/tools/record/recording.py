"""A recording: a tracker fits frame after frame, and a break becomes a case.

While one frame is fitted the next one is made ready and the last one reported.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import add_case, scratch, stored_case, whole_file
from fixtures.corpus import MAX_TITLE, Case, Settings
from fixtures.fault import printable
from fixtures.validation import check_arrays
from tests.support import replay
from tests.support.states import DRAGGED, EMPTY, HEALTHY, PINNED
from tests.tools import release_environment
from tests.tools.arrays import OF_NUMPY, Arrays
from tests.tools.record.frames import Frame, Skipped
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerProcess

MODULE = "tests.workers.tracker"
# The higher, the less is left of a component. One that is pinned is not lost: EM may well end there.
SEVERITY = {HEALTHY: 0, PINNED: 0, DRAGGED: 2, EMPTY: 3}
SEVERITY_WITH_PINNED = {**SEVERITY, PINNED: 1}
# So many fits are remembered: the one that broke, and what led there.
REMEMBERED = 6
LONGEST_NAME = 60
# While a fit runs, it is asked so often where it is.
SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True)
class Fit:
    n_iter: int | None
    converged: bool | None
    seconds: float  # wall time inside ``fit``
    warnings: list[str]  # categories of the warnings, each once
    error: str | None  # why the components cannot be judged
    states: list[str]  # for each component; empty where there is an error, as are the next two
    masses: list[float]  # responsibility mass of each component, in samples
    means: list[list[float]]  # (n_components, n_features)


@dataclass(frozen=True)
class Fitted:
    frame: Frame
    fit: Fit
    before: int | None  # number of the frame that was fitted before; None for the first, which starts cold
    broke: list[int]  # components that are worse off than after the frame before; none after a cold start

    @property
    def is_break(self) -> bool:
        """Whether this fit broke something that the one before had left whole."""
        return self.before is not None and bool(self.broke or self.fit.error)


Step = Fitted | Skipped


@dataclass(frozen=True)
class UnderWay:
    """A fit that is not done."""

    number: int  # of the frame
    seconds: float  # since it was started
    iteration: int | None = None  # E-steps so far; None before the first one, or where the estimator does not tell
    lower_bound: float | None = None


Watch = Callable[[UnderWay], None]


def open_worker(release: Release, arrays: Arrays = OF_NUMPY) -> WorkerProcess:
    arrays.require(release.version)
    return arrays.worker(release_environment.make(release), MODULE, f"scikit-learn {release.version}")


class TrackerProcess(contextlib.ExitStack):
    """A mixture that is fitted to one frame after the other in a process of its own, which is stopped with this."""

    def __init__(self, worker: WorkerProcess) -> None:
        super().__init__()
        self._scratch = self.enter_context(scratch.temporary())
        self._worker = self.enter_context(worker)
        self.ask = worker.ask  # the requests of `tests.workers.tracker.Tracker` that are not below
        self._handed_over = 0
        self._progress = Path(self._scratch, "progress.json")

    def begin(self, estimator: str | None, n_components: int, settings: Mapping[str, Any]) -> dict[str, str]:
        """Make the estimator ready; the versions that it runs with."""
        progress = str(self._progress)
        return self.ask("begin", estimator=estimator, n_components=n_components, settings=settings, progress=progress)

    def hand_over(self, samples: np.ndarray) -> None:
        """Put the next frame where its fit will find it; one may be under way."""
        # Two files in turn: the worker has read one before it is written over.
        self._handed_over += 1
        # numpy.save may raise nothing where a disk is full.
        with whole_file.refused_in_words(self._next):
            self._next.write_bytes(stored_case.npy_bytes(samples))

    def start_fit(self) -> None:
        """Start the fit of the frame that was handed over; `receive` waits for it."""
        self._worker.send("fit", path=str(self._next))

    def has_fitted(self) -> bool:
        """Whether the fit is done, now or in a moment."""
        return self._worker.has_answered(SECONDS_BETWEEN_LOOKS)

    def progress(self) -> tuple[int, float] | tuple[None, None]:
        """The iteration and the lower bound of the fit that runs, as far as it tells."""
        try:
            iteration, bound = json.loads(self._progress.read_text())
        except (OSError, ValueError):
            return None, None  # nothing yet, or just being written
        return iteration, bound

    def receive(self) -> Fit:
        return Fit(**self._worker.receive())

    @property
    def _next(self) -> Path:
        return Path(self._scratch, f"frame_{self._handed_over % 2}.npy")

    def start(self) -> replay.Start:
        """Weights, means and precisions that the last fit started from."""
        return replay.Start(*(np.array(values, dtype) for values, dtype in self.ask("start")))


class Recording:
    """Fit the frames of a source in turn, each from what the last one left.

    Nothing but the frame that is reported, the one under way and the next one
    is kept. A break is a component that is lost; with `pinned` one that becomes
    pinned, too. While a fit runs, `watch` is told where it is.
    """

    def __init__(
        self,
        frames: Iterable[Frame | Skipped],
        tracker: TrackerProcess,
        pinned: bool = False,
        watch: Watch = lambda _: None,
    ) -> None:
        self._frames = frames
        self._tracker = tracker
        self._severity = SEVERITY_WITH_PINNED if pinned else SEVERITY
        self._watch = watch
        self._states: list[str] = []
        self._before: int | None = None
        self.last: deque[tuple[int, Fit]] = deque(maxlen=REMEMBERED)  # numbers of frames, with their fits
        self.fitted = self.skipped = 0  # frames so far
        self.breaks: list[tuple[int, str]] = []  # numbers of frames, with what broke in words
        self.pinned_in: int | None = None  # the first frame with a component that became pinned, if that is no break
        self.under_way: UnderWay | None = None  # where the fit is that is waited for
        self.fit_seconds = 0.0  # wall time inside ``fit``
        self.seconds = 0.0  # wall time, without what the caller does about a break

    def __iter__(self) -> Iterator[Step]:
        """Yield each frame fitted or skipped; it ends with a fit that left nothing to go on from.

        A break is yielded before the next fit is started, any other step while it runs.
        """
        clock = time.perf_counter()
        try:
            for step in self._steps():
                reported = time.perf_counter()
                self.seconds = reported - clock
                yield step
                if isinstance(step, Fitted) and step.is_break:
                    clock += time.perf_counter() - reported
        finally:
            self.seconds = time.perf_counter() - clock

    def _steps(self) -> Iterator[Step]:
        under_way: Frame | None = None
        for frame in self._frames:
            if isinstance(frame, Frame):
                self._tracker.hand_over(frame.array)
            step = self._finish(under_way) if under_way else None
            if step and (step.is_break or step.fit.error):
                yield step
                if step.fit.error:
                    return
                step = None
            under_way = frame if isinstance(frame, Frame) else None
            if under_way:
                self._tracker.start_fit()
                self._started = time.perf_counter()
            if step:
                yield step
            if isinstance(frame, Skipped):
                self.skipped += 1
                yield frame
        if under_way:
            yield self._finish(under_way)

    def _finish(self, frame: Frame) -> Fitted:
        while not self._tracker.has_fitted():
            seconds = time.perf_counter() - self._started
            self.under_way = UnderWay(frame.number, seconds, *self._tracker.progress())
            self._watch(self.under_way)
        fit = self._tracker.receive()
        self.under_way = None
        self.fitted += 1
        self.fit_seconds += fit.seconds
        before, self._before = self._before, frame.number
        # Before a cold start there are no states, after an error neither.
        changes = list(zip(self._states, fit.states, strict=False))
        broke = [number for number, (old, new) in enumerate(changes) if self._severity[new] > self._severity[old]]
        if self.pinned_in is None and not self._severity[PINNED] and (HEALTHY, PINNED) in changes:
            self.pinned_in = frame.number
        self._states = fit.states
        if not fit.error:
            self.last.append((frame.number, fit))
        step = Fitted(frame, fit, before, broke)
        if step.is_break:
            self.breaks.append((frame.number, _what_broke(step)))
        return step


def case_of(
    step: Fitted, start: replay.Start, settings: Mapping[str, Any], origin: Mapping[str, Any], name: str | None
) -> Case:
    """The case of a break, checked as every case is.

    The origin is what the provenance of all frames has in common. Without a
    name one is made from the source and the frame.
    """
    source, frame = printable(origin["recorded_from"]), step.frame
    paths = [Path(f"{part}_ after frame {step.before}") for part in start._fields]
    frames = [(Path(f"frame {frame.number}"), frame.array)]
    check_arrays({**settings}, frames, list(zip(paths, start, strict=True)))
    provenance = {"kind": "user", **origin, "recorded_from": source, "frame": frame.number, "frame_before": step.before}
    if frame.n_samples:
        provenance["stride"] = frame.stride
    if frame.name:
        provenance["file"] = printable(frame.name)
    name = name or default_name(origin["recorded_from"], frame.number)
    return add_case.with_flags(
        Case(name, _title(step, source), (), Settings(**settings), (frame.array,), *start, provenance)
    )


def default_name(source: str, number: int) -> str:
    """A name of a case out of the name of a file or folder: ``My video.mp4`` and 7 give ``my-video-frame-7``."""
    words = re.findall(r"[a-z0-9]+", source.removesuffix(Path(source).suffix).lower())
    return "-".join([*words, "frame", str(number)])[-LONGEST_NAME:].strip("-")


def _what_broke(step: Fitted) -> str:
    return step.fit.error or " and ".join(f"component {number} is {step.fit.states[number]}" for number in step.broke)


def _title(step: Fitted, source: str) -> str:
    what = printable(_what_broke(step))
    source = " ".join(source.split())[:LONGEST_NAME]
    end = f" in frame {step.frame.number} of {source}, fitted from what frame {step.before} left"
    room = MAX_TITLE - len(end)
    return (what if len(what) <= room else what[: room - 4] + " ...") + end


def store(case: Case, root: Path) -> tuple[Case, Path]:
    """Write a case whole or not at all, under a name that is free; the case with that name, and its folder.

    A case that is there already, byte for byte, is left as it is.
    """
    number, free = 1, case
    while (root / free.name).exists():
        if not stored_case.differing(free, root):
            return free, root / free.name
        number += 1
        free = case._replace(name=f"{case.name}-{number}")
    return free, stored_case.store(free, root)
