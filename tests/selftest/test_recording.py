"""A recording: what is a break, what is remembered, and that nothing else is kept."""

from __future__ import annotations

import tracemalloc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from tests.tools.record.frames import PIXELS, Frame, Frames, FrameSource, Skipped, Stored
from tests.tools.record.pixels import Conversion
from tests.tools.record.recording import REMEMBERED, Fit, Fitted, Recording, TrackerProcess

HEALTHY, PINNED, DRAGGED, EMPTY = "healthy", "pinned", "dragged", "empty"


def fit(*states: str, error: str | None = None) -> Fit:
    """What a fit leaves whose components are in these states."""
    masses = [float(number + 1) for number in range(len(states))]
    return Fit(2, True, 0.5, [], error, list(states), masses, [[mass, -mass] for mass in masses])


class ScriptedTracker(TrackerProcess):
    """Leaves what a test says, and notes in which order it is asked."""

    def __init__(self, *fits: Fit, events: list[str] | None = None) -> None:
        self._fits = iter(fits)
        self.events = [] if events is None else events

    def hand_over(self, samples: np.ndarray) -> None:
        """Note it."""
        self._samples = len(samples)
        self.events.append(f"hand over {self._samples}")

    def start_fit(self) -> None:
        """Note it."""
        self.events.append(f"start {self._samples}")

    def has_fitted(self) -> bool:
        """At once."""
        return True

    def receive(self) -> Fit:
        """The next fit of the script."""
        self.events.append("receive")
        return next(self._fits)


def frames(number: int) -> Iterator[Frame]:
    """So many frames; frame n has n samples."""
    for index in range(number):
        yield Frame(index, "", np.ones((index, 2)), "")


def steps(*fits: Fit, pinned: bool = False) -> list[Fitted]:
    """The steps of a recording of these fits."""
    recording = Recording(frames(len(fits)), ScriptedTracker(*fits), pinned)
    return [step for step in recording if isinstance(step, Fitted)]


@pytest.mark.parametrize("state", [PINNED, DRAGGED, EMPTY])
def test_a_component_that_stops_being_healthy_is_a_break(state: str) -> None:
    first, second = steps(fit(HEALTHY, HEALTHY, HEALTHY), fit(HEALTHY, state, HEALTHY), pinned=state == PINNED)
    assert not first.is_break
    assert second.is_break
    assert (second.before, second.broke) == (0, [1])


@pytest.mark.parametrize(("old", "new"), [(PINNED, DRAGGED), (PINNED, EMPTY), (DRAGGED, EMPTY)])
def test_a_component_of_which_less_is_left_is_a_break(old: str, new: str) -> None:
    assert steps(fit(old), fit(new))[1].broke == [0]


@pytest.mark.parametrize("state", [HEALTHY, PINNED, DRAGGED, EMPTY])
def test_what_was_so_before_is_no_break(state: str) -> None:
    """A cold start can leave components empty; nothing was lost between two frames."""
    assert not any(step.is_break for step in steps(fit(state, HEALTHY), fit(state, HEALTHY)))


def test_a_component_that_recovers_is_no_break() -> None:
    assert not steps(fit(PINNED), fit(HEALTHY))[1].is_break


def test_a_component_that_becomes_pinned_is_a_break_only_where_that_is_asked_for() -> None:
    recording = Recording(frames(3), ScriptedTracker(fit(HEALTHY), fit(PINNED), fit(EMPTY)))
    _, second, third = recording
    assert isinstance(second, Fitted)
    assert isinstance(third, Fitted)
    assert not second.is_break
    assert third.broke == [0]
    assert recording.pinned_in == 1
    assert [step.broke for step in steps(fit(HEALTHY), fit(PINNED), pinned=True)] == [[], [0]]


def test_a_fit_that_raises_is_a_break_and_the_end() -> None:
    found = steps(fit(HEALTHY), fit(error="the fit raised ValueError"), fit(HEALTHY))
    assert [step.is_break for step in found] == [False, True]


def test_a_fit_that_raises_on_the_first_frame_is_no_break() -> None:
    (only,) = steps(fit(error="the fit raised ValueError"), fit(HEALTHY))
    assert not only.is_break


def test_the_frame_before_is_the_last_that_was_fitted() -> None:
    listed: list[Frame | Skipped] = [Frame(0, "", np.ones((3, 2)), ""), Skipped(4, "", "is torn")]
    listed.append(Frame(8, "", np.ones((3, 2)), ""))
    recording = Recording(listed, ScriptedTracker(fit(HEALTHY), fit(EMPTY)))
    first, skipped, second = recording
    assert isinstance(skipped, Skipped)
    assert isinstance(second, Fitted)
    assert second.before == 0
    assert (recording.fitted, recording.skipped, recording.fit_seconds) == (2, 1, 1.0)
    assert isinstance(first, Fitted)


def test_the_next_frame_is_handed_over_and_the_last_one_reported_while_one_is_fitted() -> None:
    events: list[str] = []

    def watched() -> Iterator[Frame]:
        for frame in frames(3):
            events.append(f"ready {frame.number}")
            yield frame

    for step in Recording(watched(), ScriptedTracker(*[fit(HEALTHY)] * 3, events=events)):
        assert isinstance(step, Fitted)
        events.append(f"told {step.frame.number}")
    first = ["ready 0", "hand over 0", "start 0"]
    second = ["ready 1", "hand over 1", "receive", "start 1", "told 0"]
    third = ["ready 2", "hand over 2", "receive", "start 2", "told 1", "receive", "told 2"]
    assert events == [*first, *second, *third]


@pytest.mark.parametrize("broken", [fit(EMPTY), fit(error="the fit raised ValueError")])
def test_no_fit_is_under_way_when_a_break_is_reported(broken: Fit) -> None:
    """Who stops there can still ask the tracker where the fit came from."""
    tracker = ScriptedTracker(fit(HEALTHY), broken, fit(HEALTHY), fit(HEALTHY))
    told = {step.frame.number: tracker.events[-1] for step in Recording(frames(4), tracker) if isinstance(step, Fitted)}
    assert told[0] == "start 1"
    assert told[1] == "receive"


def test_the_last_fits_are_remembered() -> None:
    recording = Recording(frames(20), ScriptedTracker(*[fit(HEALTHY, HEALTHY)] * 20))
    assert len(list(recording)) == 20
    assert [number for number, _ in recording.last] == list(range(20 - REMEMBERED, 20))
    assert recording.last[0][1].masses == [1.0, 2.0]


class LongVideo:
    """Pictures that are made when they are asked for; it knows how many of them are alive."""

    def __init__(self, n_frames: int) -> None:
        self._n_frames = n_frames
        self._pictures: weakref.WeakSet[Frame] = weakref.WeakSet()
        self.most_alive = 0

    def frames(self, every: int) -> Iterator[Stored]:
        """Yield pictures of 300 x 200 pixels, every one different."""
        for number in range(0, self._n_frames, every):
            frame = Frame(number, "", np.full((200, 300), number % 5, np.uint8))
            self._pictures.add(frame)
            self.most_alive = max(self.most_alive, len(self._pictures))
            yield frame


def peak(n_frames: int) -> int:
    """Most memory, in bytes, that a recording of so many frames takes at a time."""
    video = LongVideo(n_frames)
    tracemalloc.start()
    try:
        frames = Frames(FrameSource(PIXELS, "a long video", video.frames), Conversion(), 2)
        for _ in Recording(frames, ScriptedTracker(*[fit(HEALTHY, HEALTHY)] * n_frames)):
            pass
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert video.most_alive <= 2
    return most


def test_memory_does_not_grow_with_the_length_of_the_video() -> None:
    assert peak(60) < 1.05 * peak(10)
