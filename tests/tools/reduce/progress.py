"""Progress of a reduction, on standard error, where that is a terminal."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.status import Status

from tests.tools.reduce.candidate import Candidate


class Progress(Status):
    """One line that changes, and a line for each step that made the case smaller."""

    def __init__(self, original: Candidate) -> None:
        # Where nobody is looking it is quiet.
        console = Console(stderr=True, highlight=False, quiet=not sys.stderr.isatty())
        super().__init__("asking about the whole case", console=console)
        self._started = time.monotonic()
        self._shown = original.shape

    def tried(self, step: str, best: Candidate, asked: int) -> None:
        """Show what is tried, and what is the smallest so far."""
        seconds = time.monotonic() - self._started
        if best.shape != self._shown:
            self._shown = best.shape
            self.say(f"fewer {step:<11} {best.size:<50} {seconds:6.1f} s")
        self.update(f"{step}: {best.size}, {asked} candidates, {seconds:.0f} s")

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(f"  {line}")
