"""While a fit runs it is told where it is: on a terminal in one line, in a pipe from time to time."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from rich.console import Console
from sklearn.mixture import GaussianMixture

from tests.selftest.recorder import Recorder
from tests.selftest.test_recording import HEALTHY, ScriptedTracker, fit, frames
from tests.tools.record.frames import Frame
from tests.tools.record.live import SECONDS_BETWEEN_LINES, Waiting
from tests.tools.record.recording import Recording, UnderWay
from tests.workers.em_progress import Progress

SAMPLES = np.random.default_rng(0).normal(size=(400, 2)) + np.repeat([[0.0, 0.0], [5.0, 1.0]], 200, axis=0)


class Clock:
    """Stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        """The time that it was set to."""
        return self.now


def shown(expected: int | None, terminal: bool, tell: Callable[[Waiting, Clock], None]) -> str:
    """What a person sees who waits."""
    out, clock = io.StringIO(), Clock()
    console = Console(file=out, force_terminal=terminal, width=120, color_system=None)
    with Waiting(expected, 100, console, clock) as waiting:
        tell(waiting, clock)
        waiting._live.refresh()
    return out.getvalue()


AT = UnderWay(number=7, seconds=12.3, iteration=31, lower_bound=-9.123456)


def test_a_terminal_shows_iteration_lower_bound_and_what_is_left() -> None:
    def tell(waiting: Waiting, _: Clock) -> None:
        waiting.frames_done(7, 21.0)
        waiting.fit_is_at(AT)

    assert (
        "frame 7: iteration 31 of at most 100, lower bound -9.12346, 12 s; 7 of 240 frames done, at most 12 min left"
        in shown(240, True, tell)
    )


def test_a_source_that_does_not_say_how_long_it_is_has_no_time_left() -> None:
    said = shown(None, True, lambda waiting, _: waiting.frames_done(1, 21.0))
    assert "1 frame done" in said
    assert "left" not in said


def test_a_pipe_gets_a_whole_line_from_time_to_time() -> None:
    def tell(waiting: Waiting, clock: Clock) -> None:
        for clock.now in np.arange(0, 2.5 * SECONDS_BETWEEN_LINES, 0.5):
            waiting.fit_is_at(AT)

    line = "frame 7: iteration 31 of at most 100, lower bound -9.12346, 12 s"
    assert shown(240, False, tell).splitlines() == [line, line]


@pytest.mark.parametrize(("seconds", "words"), [(99, "99 s"), (600, "10 min"), (7200, "2.0 h")])
def test_a_time_is_told_as_exactly_as_it_is_of_interest(seconds: float, words: str) -> None:
    assert f"at most {words} left" in shown(2, True, lambda waiting, _: waiting.frames_done(1, seconds))


def test_a_recording_tells_where_its_fit_is_until_it_is_done() -> None:
    class SlowTracker(ScriptedTracker):
        """Done when it was asked for the third time."""

        asked = 0

        def has_fitted(self) -> bool:
            self.asked += 1
            return self.asked % 3 == 0

        def progress(self) -> tuple[int, float]:
            return self.asked, -self.asked / 2

    told: list[UnderWay] = []
    recording = Recording(frames(2), SlowTracker(fit(HEALTHY), fit(HEALTHY)), watch=told.append)
    assert len(list(recording)) == 2
    assert recording.under_way is None
    assert [(one.number, one.iteration, one.lower_bound) for one in told] == [
        (0, 1, -0.5), (0, 2, -1.0), (1, 4, -2.0), (1, 5, -2.5),
    ]  # fmt: skip


def test_a_recording_that_is_stopped_still_knows_where_its_fit_was(
    point_sets: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by Ctrl-C in the 31st iteration of the third frame, which is the moment that a fit is looked at."""

    def stop(recording: Recording, _: Frame) -> NoReturn:
        recording.under_way = UnderWay(number=2, seconds=12.3, iteration=31, lower_bound=-9.123456)
        raise KeyboardInterrupt

    fitted = Recording._finish
    monkeypatch.setattr(Recording, "_finish", lambda self, frame: (fitted if frame.number < 2 else stop)(self, frame))
    said = recorder(point_sets, components=2)
    assert said.code == 130
    assert said.out.splitlines()[-1].startswith("2 frames fitted in ")
    what = "stopped after 2 frames, in iteration 31 of frame 2 with the lower bound -9.12346; no case is written"
    assert said.err == f"interrupted: {what}\n"


def test_every_iteration_of_a_fit_is_written_with_its_lower_bound(tmp_path: Path) -> None:
    """The last E-step of all is after the last iteration; the bound before it is the one that the fit ends with."""
    told: list[list[float]] = []

    class Told(Progress):
        """Keeps what it writes."""

        def _write(self, text: str) -> None:
            super()._write(text)
            told.extend([json.loads(text)] if text else [])

    mixture = GaussianMixture(2, random_state=0, warm_start=True, tol=1e-9)
    progress = Told(tmp_path / "progress.json")
    for _ in range(2):
        told.clear()
        progress.begin(mixture)
        assert (tmp_path / "progress.json").read_text() == ""
        mixture.fit(SAMPLES)
        assert [iteration for iteration, _ in told] == list(range(1, mixture.n_iter_ + 2))
        assert told[mixture.n_iter_ - 1][1] == mixture.lower_bound_
        assert json.loads((tmp_path / "progress.json").read_text()) == told[-1]


def test_a_fit_that_is_watched_is_the_same_fit(tmp_path: Path) -> None:
    watched, alone = (GaussianMixture(2, random_state=0) for _ in range(2))
    Progress(tmp_path / "progress.json").begin(watched)
    np.testing.assert_array_equal(watched.fit(SAMPLES).means_, alone.fit(SAMPLES).means_)
    assert [name for name in vars(watched) if name not in vars(alone)] == ["_e_step"]


def test_an_estimator_that_tells_nothing_is_fitted_all_the_same(tmp_path: Path) -> None:
    class Silent:
        """Not scikit-learn's."""

    class Odd(GaussianMixture):  # type: ignore[misc]
        """Returns what is no number."""

        def _e_step(self, samples: np.ndarray) -> tuple[None, None]:  # noqa: ARG002
            return None, None

    progress = Progress(tmp_path / "no folder" / "progress.json")
    progress.begin(Silent())
    odd = Odd(2)
    progress.begin(odd)
    assert odd._e_step(SAMPLES) == (None, None)
