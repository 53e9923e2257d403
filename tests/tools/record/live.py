"""What is under way, for the person who waits: one line that changes on a terminal, else a line from time to time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from tests.tools.record.recording import UnderWay

# Where lines stay, in a file or a pipe, one is enough.
SECONDS_BETWEEN_LINES = 10.0


class Waiting:
    """Shows on standard error what is waited for, as long as this is open."""

    def __init__(
        self,
        expected: int | None,
        max_iter: int,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it ready, for a source of so many frames as far as it says and fits of so many iterations at most."""
        self._expected = expected
        self._max_iter = max_iter
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._said = clock()
        self._spinner = Spinner("dots")
        self._live = Live(
            self._spinner, console=self._console, transient=True, refresh_per_second=8,
            # Where only standard error is a terminal, what is printed goes where the user sent it.
            redirect_stdout=sys.stdout.isatty(), redirect_stderr=False,
        )  # fmt: skip
        self._left = ""

    def frames_done(self, number: int, seconds: float) -> None:
        """Tell how many frames were fitted or skipped, and how long that took."""
        of = "" if self._expected is None else f" of {max(self._expected, number)}"
        self._left = f"{number}{of} frame{'' if number == 1 and not of else 's'} done"
        if self._expected is not None and number:
            self._left += f", at most {_duration(seconds / number * max(self._expected - number, 0))} left"
        self.say(self._left)

    def fit_is_at(self, fit: UnderWay) -> None:
        where = "starting"
        if fit.iteration is not None:
            # After the last iteration there is one more E-step.
            iteration = f"iteration {min(fit.iteration, self._max_iter)} of at most {self._max_iter}"
            where = f"{iteration}, lower bound {fit.lower_bound:.6g}"
        self.say(f"frame {fit.number}: {where}, {_duration(fit.seconds)}", self._left)

    def say(self, *parts: str) -> None:
        text = "; ".join(filter(None, parts))
        if self._console.is_terminal:
            self._spinner.update(text=Text(text, no_wrap=True, overflow="ellipsis"))
        elif self._clock() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = self._clock()
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Waiting:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()


def _duration(seconds: float) -> str:
    """A time to wait, as exact as it is of interest: ``8 s``, ``4 min``, ``3.2 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
