"""Promise: a fit does not depend on where the data lie, on their order, or on the unit they are in."""

from typing import Any, Callable, Dict, Tuple

import numpy as np
import pytest

from fixtures.corpus import Case
from tests.support import expected, messages
from tests.support.replay import EXPLICIT, LARGE_FRAME, Outcome
from tests.support.same_fit import same_fit

SHIFT, UNIT = 64, 4  # powers of two: exact in every dtype that is used


def test_fit_moves_with_a_translation(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """Every coordinate plus 64: the means move by as much, and nothing else does."""
    moved = case._replace(frames=tuple(_wide(frame) + SHIFT for frame in case.frames), means=case.means + SHIFT)
    _require_equivariance(case, moved, replays, fit_again, place, lambda fit: fit._replace(means=fit.means - SHIFT))


def test_fit_moves_with_a_reflection(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """The first coordinate with its sign changed."""
    signs = np.ones(case.means.shape[1], dtype=case.means.dtype)
    signs[0] = -1
    moved = case._replace(
        frames=tuple(_wide(frame) * signs.astype(_wide(frame).dtype) for frame in case.frames),
        means=case.means * signs,
        precisions=_map_matrices(case, case.precisions, lambda matrix: matrix * np.outer(signs, signs)),
    )
    _require_equivariance(
        case, moved, replays, fit_again, place,
        lambda fit: fit._replace(
            means=fit.means * signs,
            covariances=_map_matrices(case, fit.covariances, lambda matrix: matrix * np.outer(signs, signs)),
        ),
    )  # fmt: skip


def test_fit_moves_with_an_exchange_of_axes(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """The features in reverse order."""
    reverse = np.arange(case.means.shape[1])[::-1]

    def exchanged(array: np.ndarray) -> np.ndarray:
        return _map_features(case, array, reverse)

    moved = case._replace(
        frames=tuple(np.ascontiguousarray(frame[:, reverse]) for frame in case.frames),
        means=np.ascontiguousarray(case.means[:, reverse]),
        precisions=exchanged(case.precisions),
    )
    _require_equivariance(
        case, moved, replays, fit_again, place,
        lambda fit: fit._replace(means=fit.means[:, reverse], covariances=exchanged(fit.covariances)),
    )  # fmt: skip


def test_order_of_samples_does_not_matter(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """The samples in reverse order."""
    moved = case._replace(frames=tuple(np.ascontiguousarray(frame[::-1]) for frame in case.frames))
    _require_equivariance(case, moved, replays, fit_again, place, lambda fit: fit)


def test_order_of_components_does_not_matter(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """The components in reverse order: the fit has them in reverse order."""
    own = case.settings.covariance_type != "tied"
    moved = case._replace(
        weights=case.weights[::-1].copy(),
        means=case.means[::-1].copy(),
        precisions=case.precisions[::-1].copy() if own else case.precisions,
    )
    _require_equivariance(
        case, moved, replays, fit_again, place,
        lambda fit: fit._replace(
            weights=fit.weights[::-1],
            means=fit.means[::-1],
            covariances=fit.covariances[::-1] if own else fit.covariances,
        ),
    )  # fmt: skip


def test_every_sample_twice_changes_nothing(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """Twice the mass, the same mixture."""
    moved = case._replace(frames=tuple(np.concatenate([frame, frame]) for frame in case.frames))
    _require_equivariance(case, moved, replays, fit_again, place, lambda fit: fit)


def test_fit_scales_with_the_unit(case: Case, replays: Any, fit_again: Any, place: str) -> None:
    """Every coordinate times 4, reg_covar times 16: means times 4, covariances times 16."""
    moved = case._replace(
        frames=tuple(_wide(frame) * UNIT for frame in case.frames),
        means=case.means * UNIT,
        precisions=case.precisions / UNIT**2,
        settings=case.settings._replace(reg_covar=case.settings.reg_covar * UNIT**2),
    )
    shift = case.means.shape[1] * np.log(UNIT)
    _require_equivariance(
        case, moved, replays, fit_again, place,
        lambda fit: fit._replace(
            means=fit.means / UNIT, covariances=fit.covariances / UNIT**2, lower_bound=fit.lower_bound + shift
        ),
    )  # fmt: skip


def _require_equivariance(  # noqa: PLR0917  (all that the fixtures of a check give)
    case: Case,
    moved: Case,
    replays: Dict[str, Tuple[Outcome, ...]],
    fit_again: Callable[[Case], Outcome],
    place: str,
    back: Callable[[Any], Any],
) -> None:
    if len(case.frames) > 1 or len(case.frame) > LARGE_FRAME:
        pytest.skip("not fitted once more: a chain, or more than {:,} samples".format(LARGE_FRAME))
    if "degenerate" in expected.of(case):
        return  # EM ends in a singular covariance: what a fit leaves before that is rounding
    (before,) = replays[EXPLICIT]
    wrong = same_fit(case, before, fit_again(moved), back, also=[moved])
    if wrong:
        raise messages.Defect("{}: the fit does not move along\n  {}".format(place, "\n  ".join(wrong)))


def _wide(frame: np.ndarray) -> np.ndarray:
    """Integers in a type that a shift, a sign or a unit does not overflow."""
    return frame.astype(np.int64) if frame.dtype.kind in "iu" else frame


def _map_matrices(case: Case, array: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a function to every matrix of full or tied parameters; a sign does not change a variance."""
    if case.settings.covariance_type == "tied":
        return function(array)
    return np.stack([function(matrix) for matrix in array]) if case.settings.covariance_type == "full" else array


def _map_features(case: Case, array: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Covariances or precisions with their features in another order."""
    kind = case.settings.covariance_type
    if kind == "spherical":
        return array
    if kind == "diag":
        return np.ascontiguousarray(array[:, order])
    return np.ascontiguousarray(array[..., order, :][..., order])
