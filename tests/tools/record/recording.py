"""A recording: frame after frame is fitted, and the next one made ready meanwhile."""

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

    def send(self, samples: np.ndarray) -> None:
        """Start the fit of the next frame."""

    def receive(self) -> Fit:
        """Wait for it."""


@dataclass(frozen=True)
class Fitted:
    """A frame that was fitted.

    Attributes
    ----------
    frame : Frame
    fit : Fit
    before : int or None
        Number of the frame that was fitted before; None for the first, which starts cold.
    broke : list of int
        Components that are worse off than after the frame before; none after a cold start.
    """

    frame: Frame
    fit: Fit
    before: int | None
    broke: list[int]

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

    Parameters
    ----------
    frames : iterable of Frame or Skipped
        Nothing but the frame under way and the next one is kept.
    tracker : Tracker
    ignore_pinned : bool
        A component that becomes pinned, which is no failure, is no break.

    Attributes
    ----------
    last : deque of Remembered
        The last few fits.
    fitted, skipped : int
        Numbers of frames so far.
    seconds, fit_seconds : float
        Wall time of the recording, without what its caller does with a step, and of it inside ``fit``.
    """

    def __init__(self, frames: Iterable[Frame | Skipped], tracker: Tracker, ignore_pinned: bool = False) -> None:
        self._frames = frames
        self._tracker = tracker
        self._severity = {**SEVERITY, PINNED: 0} if ignore_pinned else SEVERITY
        self._states: list[str] = []
        self.last: deque[Remembered] = deque(maxlen=REMEMBERED)
        self.fitted = 0
        self.skipped = 0
        self.fit_seconds = 0.0
        self.seconds = 0.0
        self._before: int | None = None

    def __iter__(self) -> Iterator[Fitted | Skipped]:
        """Yield what became of each frame; it ends with a fit that left nothing to go on from.

        A step is yielded before the next fit is started.
        """
        steps = self._steps()
        while True:
            clock = time.perf_counter()
            step = next(steps, None)
            self.seconds += time.perf_counter() - clock
            if step is None:
                return
            yield step

    def _steps(self) -> Iterator[Fitted | Skipped]:
        under_way: Frame | None = None
        for frame in self._frames:  # the next one is made ready while the one under way is fitted
            if under_way is not None:
                step = self._finish(under_way)
                yield step
                if step.fit.error:
                    return
            under_way = None
            if isinstance(frame, Skipped):
                self.skipped += 1
                yield frame
            else:
                self._tracker.send(frame.samples)
                under_way = frame
        if under_way is not None:
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
