"""The steps of a search: what was asked, of which scikit-learn, with which answer, in how many seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.tools.bisect.question import Answer


@dataclass(frozen=True)
class Step:
    """One answer."""

    what: str  # A release, or the first digits of a commit
    wheel: str  # What it ran on: the release itself, or the wheel that the commit's ``sklearn/mixture`` was laid over
    answer: Answer
    seconds: float  # Wall time, making the environment included


@dataclass
class Answers:
    """All answers of a search, kept as they come, so that one that is broken off has them."""

    on_step: Callable[[Step], None] = lambda _: None
    steps: list[Step] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def keep(self, what: str, wheel: str, ask: Callable[[], Answer]) -> Answer:
        """Have something answered, and keep the answer."""
        clock = time.perf_counter()
        answer = ask()
        step = Step(what, wheel, answer, time.perf_counter() - clock)
        self.steps.append(step)
        self.on_step(step)
        return answer

    @property
    def seconds(self) -> float:
        """Wall time since the search began."""
        return time.perf_counter() - self.started
