"""Simpler numbers: what to try in place of a number, the simplest first."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Any

import numpy as np


def cost(number: np.generic) -> tuple[int, bool, Decimal, bool]:
    """How hard a number is to read: its digits, whether it is broken, how large it is, whether it is negative."""
    decimal = _decimal(number)
    return _digits(decimal), decimal != decimal.to_integral_value(), abs(decimal), decimal < 0


def simpler(number: np.generic, *, zero: bool = False) -> list[np.generic]:
    """Numbers of the same dtype that are easier to read and near, or small, sorted by `cost`.

    Zero only where it is asked for: the origin is where a collapsed component
    ends, and a sample or a mean that is put there hides it.
    """
    decimal = _decimal(number)
    sizes = {*_of_one_digit(abs(decimal)), *_rounded(abs(decimal))}
    values = {sign * size for size in sizes for sign in ({1, -1} if decimal < 0 else {1})}
    own = cost(number)
    found = {}
    for value in values:
        if (not zero and not value) or not _fits(value, number.dtype):
            continue
        candidate = number.dtype.type(value if number.dtype.kind == "f" else int(value))
        if cost(candidate) < own:
            found[cost(candidate)] = candidate
    return [found[key] for key in sorted(found)]


def _fits(value: Decimal, dtype: np.dtype[Any]) -> bool:
    """Whether a value is one of a dtype's, but for rounding."""
    if dtype.kind == "f":
        return True
    return value == value.to_integral_value() and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def _of_one_digit(size: Decimal) -> Iterator[Decimal]:
    """0, and every d * 10**e from 1 up to a size."""
    yield Decimal(0)
    power = Decimal(1)
    while power <= max(size, Decimal(1)):
        yield from (digit * power for digit in range(1, 10))
        power *= 10


def _rounded(size: Decimal) -> Iterator[Decimal]:
    """A size with fewer digits: to nearest, down and up."""
    if not size:
        return
    for digits in range(1, _digits(size)):
        step = Decimal(1).scaleb(size.adjusted() - digits + 1)
        for way in (ROUND_HALF_EVEN, ROUND_DOWN, ROUND_UP):
            yield (size / step).to_integral_value(way) * step
    yield from (size.to_integral_value(way) for way in (ROUND_HALF_EVEN, ROUND_DOWN, ROUND_UP))


def _decimal(number: Any) -> Decimal:
    """A number as it is printed: the fewest digits that give it back."""
    if number.dtype.kind in "iu":
        return Decimal(int(number))
    return Decimal(np.format_float_scientific(number, unique=True, trim="-"))


def _digits(decimal: Decimal) -> int:
    return len(decimal.normalize().as_tuple().digits)
