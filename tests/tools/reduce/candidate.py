"""A candidate, a case in the course of being reduced; with fewer frames, iterations, components, features or samples.

Each function that reduces takes a candidate and `First`, and gives the smallest
candidate that it finds; none makes one larger.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fixtures.corpus import Case, Settings
from fixtures.validation import BrokenCase, check_arrays
from tests.support.density import full_matrices, squared_distances

PARAMETERS = ("weights", "means", "precisions")
# Large enough for the lower bounds of a few samples to differ by less.
WIDE_TOLERANCE = 1.0

Item = TypeVar("Item")
Part = tuple[Item, ...]


@dataclass(frozen=True, eq=False)
class Candidate:
    settings: Settings
    frames: tuple[np.ndarray, ...]  # each (n_samples, n_features)
    weights: np.ndarray  # (n_components,)
    means: np.ndarray  # (n_components, n_features)
    precisions: np.ndarray  # shaped as the covariance type has them
    component: int | None

    @cached_property
    def request(self) -> dict[str, Any]:
        """What the probe is asked: numbers that JSON gives back as they are, dtypes beside them."""
        return {
            "settings": self.settings._asdict(),
            "component": self.component,
            "frames": [_numbers(frame) for frame in self.frames],
            **{name: _numbers(getattr(self, name)) for name in PARAMETERS},
        }

    @cached_property
    def key(self) -> str:
        digest = hashlib.sha256(json.dumps([self.settings, self.component]).encode())
        for array in (*self.frames, self.weights, self.means, self.precisions):
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def shape(self) -> tuple[int, int, int]:
        return sum(len(frame) for frame in self.frames), *self.means.shape

    @property
    def size(self) -> str:
        counts = zip(self.shape, ("sample", "component", "feature"), strict=True)
        return ", ".join(f"{number:,} {what}{'' if number == 1 else 's'}" for number, what in counts)

    @property
    def n_components(self) -> int:
        return len(self.weights)

    @cached_property
    def fewest_distinct(self) -> int:
        return min(len(np.unique(frame, axis=0)) for frame in self.frames)

    def is_valid(self) -> bool:
        """Whether it could be a case of the corpus."""
        parameters = [(Path(name), getattr(self, name)) for name in PARAMETERS]
        try:
            check_arrays(self.settings._asdict(), [(Path("frame"), frame) for frame in self.frames], parameters)
        except (BrokenCase, np.linalg.LinAlgError):
            return False
        return True

    def changed(self, **parts: Any) -> Candidate:
        """The same with other parts; parameters keep their dtype."""
        for name in set(parts) & set(PARAMETERS):
            parts[name] = np.ascontiguousarray(parts[name], dtype=getattr(self, name).dtype)
        return replace(self, **parts)

    def with_settings(self, **settings: Any) -> Candidate:
        return replace(self, settings=self.settings._replace(**settings))


def from_case(case: Case, component: int | None = None) -> Candidate:
    return Candidate(case.settings, case.frames, case.weights, case.means, case.precisions, component)


def _numbers(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": array.dtype.name, "values": array.tolist()}


# The first of some candidates that fails as the original does, or None.
First = Callable[[Iterable[Candidate]], Candidate | None]
# The parameters from which a replay fits each frame.
Starts = Callable[[Candidate], list[dict[str, Any]]]


def fewer_frames(candidate: Candidate, first: First, starts: Starts) -> Candidate:
    """One frame of a chain, or two, from what the frame before left; else as few as do."""
    n_frames = len(candidate.frames)
    if n_frames == 1:
        return candidate
    begun = list(enumerate(starts(candidate)))

    def windows() -> Iterator[Candidate]:
        for length in range(1, n_frames):
            for number, start in begun[: n_frames - length + 1]:
                yield candidate.changed(frames=candidate.frames[number : number + length], **start)

    found = first(windows()) or candidate

    def keep(kept: Sequence[int]) -> Candidate:
        return found.changed(frames=tuple(found.frames[number] for number in kept))

    return _minimised(found, range(len(found.frames)), keep, first)


def fewer_iterations(candidate: Candidate, first: First) -> Candidate:
    """As few iterations as do; then scikit-learn's defaults where they do."""
    most = candidate.settings.max_iter
    numbers = [number for number in (1, 2, 3, 5, 10, 20, 50) if number < most]
    candidate = first(candidate.with_settings(max_iter=number) for number in numbers) or candidate
    for name in ("tol", "reg_covar"):
        default = getattr(Settings(), name)
        if getattr(candidate.settings, name) != default:
            candidate = first([candidate.with_settings(**{name: default})]) or candidate
    return candidate


def fewer_components(candidate: Candidate, first: First) -> Candidate:
    """The chosen component with none, one, or as few others as do; the weights share what is left."""
    chosen = () if candidate.component is None else (candidate.component,)
    others = tuple(number for number in range(candidate.n_components) if number not in chosen)
    few = [*([chosen] if chosen else []), *((*chosen, other) for other in others)]
    found = first(_with_components(candidate, kept) for kept in few if len(kept) < candidate.n_components)
    if found:
        return found
    return _minimised(candidate, others, lambda kept: _with_components(candidate, (*chosen, *kept)), first)


def _with_components(candidate: Candidate, kept: Sequence[int]) -> Candidate:
    order = sorted(kept)
    weights = candidate.weights[order].astype(np.float64)
    own = candidate.settings.covariance_type != "tied"
    return candidate.changed(
        weights=weights / weights.sum(),
        means=candidate.means[order],
        precisions=candidate.precisions[order] if own else candidate.precisions,
        component=None if candidate.component is None else order.index(candidate.component),
    )


def fewer_features(candidate: Candidate, first: First) -> Candidate:
    """One feature, or as few as do: with the precisions that they have given the others, or regardless of them."""
    for regardless in (False, True):
        every = range(candidate.means.shape[1])
        if len(every) > 1:
            keep = functools.partial(_with_features, candidate, regardless=regardless)
            candidate = first(keep([feature]) for feature in every) or _minimised(candidate, every, keep, first)
    return candidate


def _with_features(candidate: Candidate, kept: Sequence[int], *, regardless: bool) -> Candidate:
    """Regardless of the others the precision is that of the marginal density; else of the one given the others."""
    order = sorted(kept)
    kind, precisions = candidate.settings.covariance_type, candidate.precisions
    if kind == "diag":
        precisions = precisions[:, order]
    elif kind != "spherical":
        matrices = np.linalg.inv(precisions.astype(np.float64)) if regardless else precisions
        matrices = matrices[..., order, :][..., order]
        precisions = np.linalg.inv(matrices) if regardless else matrices
    return candidate.changed(
        frames=tuple(np.ascontiguousarray(frame[:, order]) for frame in candidate.frames),
        means=candidate.means[:, order],
        precisions=precisions,
    )


def fewer_samples(candidate: Candidate, first: First) -> Candidate:
    """As few distinct samples of each frame as do, then as few repeats of them."""
    candidate = first(_with_a_few_samples(candidate)) or candidate
    for number in range(len(candidate.frames)):
        rows, counts = _distinct(candidate.frames[number])
        keep = functools.partial(_with_rows, candidate, number, rows, counts)
        candidate = _minimised(candidate, range(len(rows)), keep, first)
        candidate = _fewer_repeats(candidate, number, first)
    return candidate


def _with_a_few_samples(candidate: Candidate) -> Iterator[Candidate]:
    """Of each frame two samples, then twice as many each time, until they do: cheaper than halving from above.

    Where iterations count, a larger tolerance is tried too: few samples rarely
    change the lower bound by as little as many do.
    """
    distinct = [_distinct(frame) for frame in candidate.frames]
    most = max(len(rows) for rows, _ in distinct)
    orders = [_orders(candidate, rows) for rows, _ in distinct]
    wide = [] if candidate.settings.max_iter == 1 else [WIDE_TOLERANCE]
    tolerances = dict.fromkeys([candidate.settings.tol, *wide])
    n_rows = max(2, candidate.n_components)
    while n_rows < most:
        for tol in tolerances:
            for of_frames in zip(*orders, strict=True):
                kept = [sorted(order(n_rows)) for order in of_frames]
                few = [(rows[part], counts[part]) for (rows, counts), part in zip(distinct, kept, strict=True)]
                repeated = tuple(np.repeat(rows, counts, axis=0) for rows, counts in few)
                for frames in (tuple(rows for rows, _ in few), repeated):
                    yield candidate.with_settings(tol=tol).changed(frames=frames)
        n_rows *= 2


def _orders(candidate: Candidate, rows: np.ndarray) -> list[Callable[[int], set[int]]]:
    """Ways to take some of the distinct samples: spread over them, nearest to the chosen component, and both."""

    def spread(n_rows: int) -> set[int]:
        return set(np.linspace(0, len(rows) - 1, min(n_rows, len(rows))).astype(int).tolist())

    if candidate.component is None:
        return [spread]
    full = full_matrices(candidate.precisions, candidate.settings.covariance_type, *candidate.means.shape)
    factor = np.linalg.cholesky(full[candidate.component])
    mean = candidate.means[candidate.component].astype(np.float64)
    order = np.argsort(squared_distances(rows.astype(np.float64), mean, factor), kind="stable").tolist()
    return [spread, lambda n_rows: set(order[:n_rows]), lambda n_rows: {*spread(n_rows // 2), *order[: n_rows // 2]}]


def _fewer_repeats(candidate: Candidate, number: int, first: First) -> Candidate:
    """Every sample once; else one after the other once, twice, four times, ... as long as that is less often."""
    rows, counts = _distinct(candidate.frames[number])
    every = range(len(rows))
    candidate = first([_with_rows(candidate, number, rows, np.ones_like(counts), every)]) or candidate
    for row in every:
        counts = _distinct(candidate.frames[number])[1]
        powers = (2**power for power in range(int(counts[row] - 1).bit_length()))
        fewer = (np.where(np.arange(len(rows)) == row, repeats, counts) for repeats in powers)
        candidate = first(_with_rows(candidate, number, rows, few, every) for few in fewer) or candidate
    return candidate


def _distinct(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct samples, sorted, and how often each occurs."""
    return np.unique(frame, axis=0, return_counts=True)


def _with_rows(
    candidate: Candidate, number: int, rows: np.ndarray, counts: np.ndarray, kept: Sequence[int]
) -> Candidate:
    frame = np.repeat(rows[list(kept)], counts[list(kept)], axis=0)
    frames = (*candidate.frames[:number], frame, *candidate.frames[number + 1 :])
    return candidate.changed(frames=frames)


def _minimised(
    candidate: Candidate, items: Iterable[int], keep: Callable[[Sequence[int]], Candidate], first: First
) -> Candidate:
    """The candidate with a 1-minimal part of some numbered things."""
    found = candidate

    def first_part(parts: Iterable[tuple[int, ...]]) -> tuple[int, ...] | None:
        nonlocal found
        parts_by_key: dict[str, tuple[int, ...]] = {}

        def candidates() -> Iterator[Candidate]:
            for part in parts:
                proposal = keep(part)
                parts_by_key.setdefault(proposal.key, part)
                yield proposal

        one = first(candidates())
        found = one or found
        return parts_by_key[one.key] if one else None

    minimise(tuple(items), first_part)
    return found


def minimise(items: Part[Item], first: Callable[[Iterable[Part[Item]]], Part[Item] | None]) -> Part[Item]:
    """A part of a list that is 1-minimal: taking any one item away breaks it.

    Delta debugging: the algorithm ddmin of Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input,
    IEEE Transactions on Software Engineering 28(2), 2002. The first of some parts that does what the whole does, or
    None, is what `first` gives.
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
