"""Rounding: how far a whole fit may be from exact EM, because every step of it rounds.

EM makes an error of one step larger or smaller in the steps that follow; by how
much depends on the case. So exact EM is run again, each step moved at random as
far as rounding may move it (`tolerances`), and where these fits end tells how
far a fit may. Their number of iterations is that of exact EM.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Dict, List, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import tolerances
from tests.support.reference import DegenerateCovariance, Disturbance, Parameters, Trajectory, exact_replay

N_TRIALS = 4
# Of the largest deviation seen in so few trials.
SAFETY = 4.0
# The `10 * eps` that scikit-learn adds to each mass moves every mean a little:
# by more than this, relative to the largest coordinate or the lower bound, it is the defect of #12099.
MOST_OF_ADDED_MASS = {"float64": 1e-6, "float32": 2e-3}
# How far `test_fit_moves_with_a_translation` moves the samples: a power of two, exact in every dtype that is used.
SHIFT = 64
COMPARED = ("weights", "means", "covariances")


class _Rounding(Disturbance):
    """Each step off by as much as rounding may take it, at random."""

    def __init__(self, arithmetic: tolerances.Arithmetic, n_samples: int, seed: int) -> None:
        self.arithmetic = arithmetic
        self.n_samples = n_samples
        self.random = np.random.RandomState(seed)
        self.sum_error = 0.0
        self.bound_error = 0.0

    def e_step(self, points: np.ndarray, counts: np.ndarray, start: Any, joint: np.ndarray) -> Any:
        found = tolerances.densities_of_joint(self.arithmetic, points, start, joint)
        self.sum_error = float(found.sum_error.max())
        self.bound_error = tolerances.of_lower_bound(self.arithmetic, found, counts)
        # An error of a factor or a constant is the same for all samples, others are not.
        of_all, of_each = self._signs(joint.shape[1]), self._signs(*joint.shape)
        return np.minimum(found.joint_error, 1.0) * (of_all + of_each) / 2

    def m_step(self, points: np.ndarray, shares: np.ndarray, log_mass: np.ndarray, exact: Parameters) -> Parameters:  # noqa: ARG002
        off = tolerances.m_step_errors(
            self.arithmetic, points, shares, exact, n_samples=self.n_samples, sum_error=self.sum_error
        )
        moved = Parameters(*(value + self._signs(*value.shape) * part for value, part in zip(exact, off)))
        covariances = moved.covariances
        if self.arithmetic.covariance_type in ("full", "tied"):
            lower = np.tril(covariances)
            covariances = lower + np.swapaxes(lower, -1, -2) - lower * np.eye(lower.shape[-1])
        if self.arithmetic.covariance_type == "full":  # deviations are from the mean that was computed
            apart = moved.means - exact.means
            covariances = covariances + apart[:, :, np.newaxis] * apart[:, np.newaxis, :]
        return moved._replace(covariances=covariances)

    def _signs(self, *shape: int) -> np.ndarray:
        return self.random.uniform(-1, 1, shape)


class _AddedMass(Disturbance):
    """``10 * eps`` added to each mass."""

    def __init__(self, arithmetic: tolerances.Arithmetic, n_samples: int) -> None:
        self.arithmetic = arithmetic
        self.n_samples = n_samples

    def m_step(self, points: np.ndarray, shares: np.ndarray, log_mass: np.ndarray, exact: Parameters) -> Parameters:  # noqa: ARG002
        return tolerances.with_added_mass(self.arithmetic, self.n_samples, exact)


def moved(case: Case) -> Case:
    """A case with every coordinate plus `SHIFT`; integers in a type that this does not overflow."""
    wide = [frame.astype(np.int64) if frame.dtype.kind in "iu" else frame for frame in case.frames]
    return case._replace(frames=tuple(frame + SHIFT for frame in wide), means=case.means + SHIFT)


def of_fit(case: Case, dtype: str, exact: Tuple[Trajectory, ...]) -> Dict[str, Any]:
    """How far rounding may take the fit of a case from exact EM.

    Parameters
    ----------
    case : Case
    dtype : {'float64', 'float32'}
        What it is computed in.
    exact : tuple of Trajectory
        What exact EM makes of it.

    Returns
    -------
    dict
        ``weights``, ``means`` and ``covariances``: for each component how far
        any element may be off after any frame (of ``tied`` covariances one
        number); ``lower_bounds``: for each frame; in the units of these.
    """
    arithmetic = tolerances.arithmetic_of(case.settings, dtype)
    n_samples = max(len(frame) for frame in case.frames)
    trials: List[Dict[str, np.ndarray]] = []
    for seed in range(N_TRIALS):
        disturbance = _Rounding(arithmetic, n_samples, seed)
        off = _deviation(case, exact, disturbance)
        off["lower_bounds"] = off["lower_bounds"] + disturbance.bound_error
        trials.append({name: SAFETY * value for name, value in off.items()})
    largest = {name: np.max([trial[name] for trial in trials], axis=0) for name in trials[0]}
    added = _deviation(case, exact, _AddedMass(arithmetic, n_samples))
    coordinates = max(float(np.abs(frame.astype(np.float64)).max()) for frame in case.frames)
    bounds = np.abs([trajectory.lower_bounds[-1] for trajectory in exact])
    most = MOST_OF_ADDED_MASS[dtype]
    if (added["means"] <= most * max(1.0, coordinates)).all() and (
        added["lower_bounds"] <= most * np.maximum(1.0, bounds)
    ).all():
        largest = {name: value + added[name] for name, value in largest.items()}
    return largest


def _unknown(case: Case) -> Dict[str, np.ndarray]:
    """Where the fit is so near to a singular covariance that rounding decides whether it ends in one."""
    sizes = (case.n_components, case.n_components, _n_covariances(case), len(case.frames))
    return {name: np.full(size, np.inf) for name, size in zip((*COMPARED, "lower_bounds"), sizes)}


def _n_covariances(case: Case) -> int:
    return 1 if case.settings.covariance_type == "tied" else case.n_components


def _deviation(case: Case, exact: Tuple[Trajectory, ...], disturbance: Disturbance) -> Dict[str, np.ndarray]:
    n_iters = [trajectory.n_iter for trajectory in exact]
    try:
        disturbed = exact_replay(case, disturbance, n_iters)
    except DegenerateCovariance:
        return _unknown(case)
    pairs = [(one.final, other.final) for one, other in zip(disturbed, exact)]
    n_covariances = _n_covariances(case)
    off = {
        "weights": [np.abs(np.exp(one.log_weights) - np.exp(other.log_weights)) for one, other in pairs],
        "means": [np.abs(one.means - other.means).max(axis=1) for one, other in pairs],
        "covariances": [
            np.abs(one.covariances - other.covariances).reshape(n_covariances, -1).max(axis=1) for one, other in pairs
        ],
    }
    largest = {name: np.max(frames, axis=0) for name, frames in off.items()}
    bounds = [abs(one.lower_bounds[-1] - other.lower_bounds[-1]) for one, other in zip(disturbed, exact)]
    return dict(largest, lower_bounds=np.array(bounds))
