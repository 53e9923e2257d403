"""Bisection of a sequence in which some items cannot be tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """Where a sequence changes: after `before`, at `after` or at one of what lies between and cannot be tested."""

    before: int  # Places in the sequence
    after: int
    skipped: tuple[int, ...] = ()  # Places between them


def first_change(first: int, last: int, changed: Callable[[int], bool | None]) -> Change:
    """Find a change between a first place that is as before and a last one that has changed, by halving.

    `changed` is asked at most once for each place, and gives None where that cannot be tested.
    """
    before, after = first, last
    skipped: set[int] = set()
    while True:
        middle = (before + after) // 2
        open_places = [place for place in range(before + 1, after) if place not in skipped]
        if not open_places:
            return Change(before, after, tuple(sorted(place for place in skipped if before < place < after)))
        place = min(open_places, key=lambda candidate: (abs(candidate - middle), candidate))
        answer = changed(place)
        if answer is None:
            skipped.add(place)
        elif answer:
            after = place
        else:
            before = place


def most_steps(first: int, last: int) -> int:
    """How many places are asked at most, where all can be tested."""
    return max(0, (last - first - 1)).bit_length()
