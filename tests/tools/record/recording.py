"""A recording: frame after frame is fitted, while the next one is made ready and the last one reported."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tests.support.states import DRAGGED, EMPTY, HEALTHY, PINNED
from tests.tools.record.frames import Frame, Skipped
from tests.tools.record.tracker_process import Fit

# The higher, the less is left of a component.
SEVERITY = {HEALTHY: 0, PINNED: 1, DRAGGED: 2, EMPTY: 3}
# So many fits are remembered: the one that broke, and what led there.
REMEMBERED = 6


class Tracker(Protocol):
    """Fits one frame after the other; see `TrackerProcess`."""

    def hand_over(self, samples: np.ndarray) -> None: ...
    def start_fit(self) -> None: ...
    def receive(self) -> Fit: ...


@dataclass(frozen=True)
class Fitted:
    """A frame that was fitted."""

    frame: Frame
    fit: Fit
    before: int | None  # number of the frame that was fitted before; None for the first, which starts cold
    broke: list[int]  # components that are worse off than after the frame before; none after a cold start

    @property
    def is_break(self) -> bool:
        """Whether this fit broke something that the one before had left whole."""
        return self.before is not None and bool(self.broke or self.fit.error)


@dataclass(frozen=True)
class Remembered:
    """One fit of the last ones: frame, and mass and mean of each component."""

    number: int
    masses: list[float]
    means: list[list[float]]


class Recording:
    """Fit the frames of a source in turn, each from what the last one left.

    Nothing but the frame that is reported, the one under way and the next one
    is kept. A component that becomes pinned, which is no failure, can be ignored.
    """

    def __init__(self, frames: Iterable[Frame | Skipped], tracker: Tracker, ignore_pinned: bool = False) -> None:
        self._frames = frames
        self._tracker = tracker
        self._severity = {**SEVERITY, PINNED: 0} if ignore_pinned else SEVERITY
        self._states: list[str] = []
        self._before: int | None = None
        self.last: deque[Remembered] = deque(maxlen=REMEMBERED)
        self.fitted = self.skipped = 0  # frames so far
        self.fit_seconds = 0.0  # wall time inside ``fit``
        self.seconds = 0.0  # wall time, without what the caller does about a break

    def __iter__(self) -> Iterator[Fitted | Skipped]:
        """Yield each frame fitted or skipped; it ends with a fit that left nothing to go on from.

        A break is yielded before the next fit is started, any other step while it runs.
        """
        clock = time.perf_counter()
        for step in self._steps():
            reported = time.perf_counter()
            self.seconds = reported - clock
            yield step
            if isinstance(step, Fitted) and step.is_break:
                clock += time.perf_counter() - reported
        self.seconds = time.perf_counter() - clock

    def _steps(self) -> Iterator[Fitted | Skipped]:
        under_way: Frame | None = None
        for frame in self._frames:
            if isinstance(frame, Frame):
                self._tracker.hand_over(frame.samples)
            step = self._finish(under_way) if under_way else None
            if step and (step.is_break or step.fit.error):
                yield step
                if step.fit.error:
                    return
                step = None
            under_way = frame if isinstance(frame, Frame) else None
            if under_way:
                self._tracker.start_fit()
            if step:
                yield step
            if isinstance(frame, Skipped):
                self.skipped += 1
                yield frame
        if under_way:
            yield self._finish(under_way)

    def _finish(self, frame: Frame) -> Fitted:
        fit = self._tracker.receive()
        self.fitted += 1
        self.fit_seconds += fit.seconds
        before, self._before = self._before, frame.number
        broke = [
            component
            # Before a cold start there are no states, after an error neither.
            for component, (old, new) in enumerate(zip(self._states, fit.states, strict=False))
            if self._severity[new] > self._severity[old]
        ]
        self._states = fit.states
        if not fit.error:
            self.last.append(Remembered(frame.number, fit.masses, fit.means))
        return Fitted(frame, fit, before, broke)
