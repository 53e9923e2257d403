"""How far a comparison is, on standard error; nothing where that is no terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from tests.tools.compare.measure import CaseResult


class Progress:
    """A bar of the time that a comparison may take, and how many cases are decided."""

    def __init__(self, most_seconds: float) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("first round", total=most_seconds)
        self._started = time.monotonic()

    def show(self, number: int, results: Sequence[CaseResult]) -> None:
        """Tell of a round that is done."""
        finished = sum(result.finished for result in results)
        text = f"round {number}: {finished} of {len(results)} cases decided"
        self._bar.update(self._task, description=text, completed=time.monotonic() - self._started)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()
