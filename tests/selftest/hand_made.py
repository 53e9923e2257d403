"""Cases and outcomes made by hand, for tests of what judges them."""

from __future__ import annotations

import numpy as np

from fixtures.corpus import Case, Settings
from tests.selftest.fakes import shaped_like
from tests.support.replay import Outcome, initial

REG_COVAR = 1e-6
EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)

# A box of 10..14 x 20..26; the origin is outside.
SAMPLES = np.array([[10, 20], [14, 26], [11, 22], [13, 25], [12, 23], [12, 21], [10, 26], [14, 20]], dtype=np.int32)
MEANS = np.array([[11.0, 22.0], [13.0, 25.0], [12.5, 24.5]])
WEIGHTS = np.array([0.5, 0.25, 0.25])
PRECISION = np.array([[2.0, 0.5], [0.5, 1.0]])
COVARIANCE = np.array([[3.0, 1.0], [1.0, 4.0]])
FLOOR = REG_COVAR * np.eye(2)


def case_of(
    samples: np.ndarray = SAMPLES,
    covariance_type: str = "full",
    weights: np.ndarray = WEIGHTS,
    means: np.ndarray = MEANS,
    precisions: np.ndarray | None = None,
) -> Case:
    """A case; its initial precisions are given in full, one matrix for each component."""
    if precisions is None:
        precisions = np.stack([PRECISION] * len(weights))
    return Case(
        name="hand-made",
        title="made by hand",
        flags=("control",),
        settings=Settings(covariance_type, REG_COVAR, 1e-3, 100),
        frames=(samples,),
        weights=weights,
        means=means,
        precisions=shaped_like(covariance_type, precisions),
        provenance={"kind": "user"},
    )


def outcome_of(
    weights: np.ndarray | None,
    means: np.ndarray | None,
    covariances: np.ndarray | None,
    *,
    case: Case | None = None,
) -> Outcome:
    """What a fit of a case left, of the hand-made one unless said otherwise."""
    return Outcome(
        start=initial(case or case_of()),
        weights=weights,
        means=means,
        covariances=covariances,
        precisions=None,
        n_iter=2,
        converged=True,
        lower_bound=-7.25,
        warnings=(),
        error=None,
        seconds=0.0,
        frame=0,
    )


def outcome_with(
    covariance_type: str = "full",
    *,
    mass: float = 2.0,
    mean: tuple[float, float] = (12.0, 23.0),
    covariance: np.ndarray = COVARIANCE,
    dtype: type = np.float64,
) -> Outcome:
    """A fit of `SAMPLES` whose component 1 is as given and whose others are healthy.

    Under ``tied`` the covariance is that of all components.
    """
    weights = np.array([0.5, mass / len(SAMPLES), 0.5])
    means = np.array([[11.0, 22.0], mean, [12.5, 24.5]])
    matrices = np.stack([COVARIANCE, covariance, COVARIANCE])
    if covariance_type == "tied":
        matrices = np.stack([covariance] * 3)
    covariances = shaped_like(covariance_type, matrices)
    case = case_of(covariance_type=covariance_type)
    return outcome_of(weights.astype(dtype), means.astype(dtype), covariances.astype(dtype), case=case)
