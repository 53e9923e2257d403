"""Sides of a comparison in this process: no fit is made, and how long it took is told."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tests.tools.compare.measure import Side

EXACT = 0.0


class ToldWorker:
    """A worker in this process that says how long fits took."""

    process_id = -1  # of nobody

    def __init__(self, seconds: float, noise: float, draw: random.Random) -> None:
        self.seconds, self.noise, self.draw = seconds, noise, draw

    def ask(self, do: str, **_: object) -> object:
        return {"cpu": self.seconds * self.draw.lognormvariate(0, self.noise)} if do == "time" else 400_000

    def send(self, *_: object, **__: object) -> None:
        """Take what `receive` answers."""

    def receive(self, **_: object) -> dict[str, float]:
        return {"seconds": 1.0, "n_iter": 3}  # so that each request is of one fit

    def __enter__(self) -> ToldWorker:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class ToldSide(Side):
    """A side whose fits take as long as it is told."""

    seconds: float = 1.0
    noise: float = EXACT
    draw: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311  (noise of a fake)

    def start(self) -> Any:
        return ToldWorker(self.seconds, self.noise, self.draw)
