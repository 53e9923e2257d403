"""Delta debugging: the smallest part of a list that still does what the whole list does.

Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE
Transactions on Software Engineering 28(2), 2002: the algorithm ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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

    Returns
    -------
    tuple
        The items that are left, in their order.
    """
    n_chunks = 2
    while len(items) > 1:
        chunks = list(_split(items, n_chunks))
        found = first([*chunks, *_complements(chunks)] if n_chunks > 2 else chunks)
        if found is not None:
            n_chunks = 2 if found in chunks else max(n_chunks - 1, 2)
            items = found
        elif n_chunks < len(items):
            n_chunks = min(2 * n_chunks, len(items))
        else:
            break
    return items


def _split(items: Part[Item], n_chunks: int) -> Iterator[Part[Item]]:
    for number in range(n_chunks):
        yield items[len(items) * number // n_chunks : len(items) * (number + 1) // n_chunks]


def _complements(chunks: list[Part[Item]]) -> Iterator[Part[Item]]:
    for left_out in range(len(chunks)):
        yield tuple(item for number, chunk in enumerate(chunks) if number != left_out for item in chunk)
