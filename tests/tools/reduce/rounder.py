"""Numbers that are easier to read: precisions towards the identity, weights towards equal ones, few digits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Any

import numpy as np

from tests.tools.reduce.candidate import Candidate, First

MOST_NUMBERS = 64
MOST_DIGITS = 6


def rounder_numbers(candidate: Candidate, first: First) -> Candidate:
    """Every number of a small candidate as easy to read as does; a large one is left as it is."""
    if sum(frame.size for frame in candidate.frames) > MOST_NUMBERS:
        return candidate
    for proposals in (_with_plain_precisions, _with_plain_weights):
        candidate = first(_easier(candidate, proposals(candidate))) or candidate
    # The samples first, the chosen component last: it is what has to be far from them.
    for number in range(len(candidate.frames)):
        for index in np.ndindex(candidate.frames[number].shape):
            candidate = _one_sample_number(candidate, number, index, first)
    for name in ("means", "precisions"):
        candidate = first(_easier(candidate, _all_rounded(candidate, name))) or candidate
        for index in sorted(np.ndindex(getattr(candidate, name).shape), key=lambda at: at[0] == candidate.component):
            candidate = _one_number(candidate, name, index, first)
    return first(_easier(candidate, _with_plain_start(candidate))) or candidate


def _easier(candidate: Candidate, proposals: Iterator[Candidate]) -> Iterator[Candidate]:
    own = _cost(candidate)
    return (proposal for proposal in proposals if _cost(proposal) < own)


def _cost(candidate: Candidate) -> list[object]:
    """The costs of all numbers, added up term by term; each change of one number for a simpler one lowers it."""
    arrays = (*candidate.frames, candidate.weights, candidate.means, candidate.precisions)
    costs = [cost(number) for array in arrays for number in array.reshape(-1)]
    return [sum(terms) for terms in zip(*costs, strict=True)]


def _with_plain_precisions(candidate: Candidate) -> Iterator[Candidate]:
    """All precisions the identity, one component's after the other, or without what is off the diagonal."""
    kind, precisions = candidate.settings.covariance_type, candidate.precisions
    ones = np.broadcast_to(np.eye(precisions.shape[-1]), precisions.shape) if kind in ("full", "tied") else 1.0
    plain = np.ones_like(precisions) * ones
    yield candidate.changed(precisions=plain)
    if kind in ("full", "tied"):
        yield candidate.changed(precisions=precisions * plain)
    if kind != "tied":
        for component in range(len(precisions)):
            only = np.zeros(precisions.shape, dtype=bool)
            only[component] = True
            yield candidate.changed(precisions=np.where(only, plain, precisions))


def _with_plain_start(candidate: Candidate) -> Iterator[Candidate]:
    """All precisions the identity, and the chosen component as far away as it then has to be."""
    if candidate.component is None:
        return
    plain = next(_with_plain_precisions(candidate))
    for power, digit in itertools.product((1, 10, 100, 1000), range(1, 10)):
        means = plain.means.copy()
        means[candidate.component] = digit * power
        yield plain.changed(means=means)


def _with_plain_weights(candidate: Candidate) -> Iterator[Candidate]:
    """Equal weights, or with as few digits as they can have: one component gets what is left over."""
    n_components = candidate.n_components
    for digits in range(1, MOST_DIGITS):
        unit = 10**digits
        share, left = divmod(unit, n_components)
        for component in range(n_components if left else 1):
            parts = [share + left * (number == component) for number in range(n_components)]
            if min(parts) > 0:
                yield candidate.changed(weights=np.array(parts) / unit)
    if n_components == 3:  # sums to one exactly, in float32 too
        for order in sorted(set(itertools.permutations((0.5, 0.25, 0.25)))):
            yield candidate.changed(weights=np.array(order))
    for digits in range(1, MOST_DIGITS):
        rounded = np.round(candidate.weights.astype(np.float64), digits)
        rounded[rounded.argmax()] += 1 - rounded.sum()
        yield candidate.changed(weights=np.round(rounded, digits))


def _all_rounded(candidate: Candidate, name: str) -> Iterator[Candidate]:
    array = getattr(candidate, name).astype(np.float64)
    for digits in range(1, MOST_DIGITS):
        rounded = [float(f"{number:.{digits}g}") for number in array.reshape(-1)]
        yield candidate.changed(**{name: np.array(rounded).reshape(array.shape)})


def _one_number(candidate: Candidate, name: str, index: tuple[int, ...], first: First) -> Candidate:
    """One mean or precision; a matrix stays symmetric."""
    array = getattr(candidate, name)
    symmetric = name == "precisions" and candidate.settings.covariance_type in ("full", "tied")
    if symmetric and index[-1] < index[-2]:
        return candidate

    def proposals() -> Iterator[Candidate]:
        for number in simpler(array[index], zero=symmetric and index[-1] != index[-2]):
            changed = array.copy()
            changed[index] = number
            if symmetric:
                changed[index[:-2] + index[:-3:-1]] = number
            yield candidate.changed(**{name: changed})

    return first(proposals()) or candidate


def _one_sample_number(candidate: Candidate, number: int, index: tuple[int, ...], first: First) -> Candidate:
    """One coordinate of a sample; of a chain where it is the same in other frames all of them, or this one."""
    value = candidate.frames[number][index]
    alike = [frame.shape == candidate.frames[number].shape and frame[index] == value for frame in candidate.frames]
    alone = [other == number for other in range(len(candidate.frames))]

    def proposals() -> Iterator[Candidate]:
        for simple in simpler(value):
            for where in [alike, alone] if sum(alike) > 1 else [alone]:
                frames = [frame.copy() for frame in candidate.frames]
                for frame in (frame for frame, changes in zip(frames, where, strict=True) if changes):
                    frame[index] = simple
                yield candidate.changed(frames=tuple(frames))

    return first(proposals()) or candidate


def cost(number: np.generic) -> tuple[int, bool, Decimal, bool]:
    """How hard a number is to read: its digits, whether it is broken, how large it is, whether it is negative."""
    decimal = _decimal(number)
    return _digits(decimal), decimal != decimal.to_integral_value(), abs(decimal), decimal < 0


def simpler(number: np.generic, *, zero: bool = False) -> list[np.generic]:
    """Numbers of the same dtype that are easier to read and near, or small, sorted by `cost`.

    Zero only where it is asked for: a collapsed component ends at the origin,
    and a sample or a mean that is put there hides it.
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
    steps = [Decimal(1).scaleb(size.adjusted() - digits + 1) for digits in range(1, _digits(size))]
    for step in (*steps, Decimal(1)):
        yield from ((size / step).to_integral_value(way) * step for way in (ROUND_HALF_EVEN, ROUND_DOWN, ROUND_UP))


def _decimal(number: Any) -> Decimal:
    """A number as it is printed: the fewest digits that give it back."""
    if number.dtype.kind in "iu":
        return Decimal(int(number))
    return Decimal(np.format_float_scientific(number, unique=True, trim="-"))


def _digits(decimal: Decimal) -> int:
    return len(decimal.normalize().as_tuple().digits)
