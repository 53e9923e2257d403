"""Progress of a reduction, on standard error, where somebody is looking."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.status import Status

from tests.tools.reduce.candidate import Candidate
from tests.tools.reduce.verification import Row


class Progress:
    """One line that changes, and a line for each step that made the case smaller."""

    def __init__(self, original: Candidate) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("asking about the whole case", console=self._console)
        self._started = time.monotonic()
        self._said = original.shape

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._console.is_terminal:
            self._status.stop()

    def update(self, step: str, best: Candidate, asked: int) -> None:
        """Show what is tried, and what is the smallest so far."""
        if not self._console.is_terminal:
            return
        samples, components, features = best.shape
        size = f"{samples:,} samples x {components} components x {features} features"
        seconds = time.monotonic() - self._started
        if best.shape != self._said:
            self._said = best.shape
            self._console.print(f"  fewer {step:<11} {size:<50} {seconds:6.1f} s")
        self._status.update(f"{step}: {size}, {asked} candidates, {seconds:.0f} s")

    def verified(self, row: Row) -> None:
        """Show the answer of one more release."""
        if self._console.is_terminal:
            self._status.update(f"verifying: {row.line().strip()}")

    def say(self, line: str) -> None:
        """Show a line."""
        if self._console.is_terminal:
            self._console.print(f"  {line}")
