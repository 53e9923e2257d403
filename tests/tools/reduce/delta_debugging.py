"""Delta debugging: the smallest part of a list that still does what the whole list does.

Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE
Transactions on Software Engineering 28(2), 2002: the algorithm ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")
Part = tuple[Item, ...]


def minimise(items: Part[Item], first: Callable[[Iterable[Part[Item]]], Part[Item] | None]) -> Part[Item]:
    """A part of a list that is 1-minimal: taking any one item away breaks it.

    Parameters
    ----------
    items : tuple
        The whole list, which is known to do.
    first : callable
        Takes parts, and gives the first one that does, or None.
    """
    n_chunks = 2
    while len(items) > 1:
        bounds = list(pairwise(len(items) * number // n_chunks for number in range(n_chunks + 1)))
        chunks = [items[begin:end] for begin, end in bounds]
        complements = [items[:begin] + items[end:] for begin, end in bounds]
        found = first([*chunks, *complements] if n_chunks > 2 else chunks)
        if found is not None:
            n_chunks = 2 if found in chunks else max(n_chunks - 1, 2)
            items = found
        elif n_chunks < len(items):
            n_chunks = min(2 * n_chunks, len(items))
        else:
            break
    return items
