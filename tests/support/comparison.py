"""Compare what two fits left.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Dict, Optional

import numpy as np

from fixtures.corpus import Case
from tests.support.density import full_matrices
from tests.support.judgement import Judgement
from tests.support.tolerances import Tolerances

# How far two fits may differ where nothing better is known of them (`coarse`).
RELATIVE_TOLERANCE = {"float64": 1e-6, "float32": 2e-3}

PARAMETERS = ("weights", "means", "covariances")


def coarse(case: Case, dtype: str, covariances: Any, lower_bound: float = 0.0) -> Tolerances:
    """How far fits may differ that end elsewhere than exact EM, or that only rounding ends.

    What rounding does to them is not derived: `rounding` derives it for the others.

    Parameters
    ----------
    case : Case
    dtype : {'float64', 'float32'}
        The coarser type of what is compared.
    covariances : array-like
        What the covariances should be; they give the scale.
    lower_bound : float
        What the lower bound should be.

    Notes
    -----
    Relative to scale: `RELATIVE_TOLERANCE`, and ``16 * eps * condition``, as a
    density loses as many digits as the condition number of its precision has.
    Every covariance type but ``full`` is computed as a difference of moments
    about the origin, which loses ``eps * x**2`` for samples at x; a density
    loses as many units of its component's variance, and so do weights.
    """
    eps = float(np.finfo(dtype).eps)
    coordinates = [np.abs(frame.astype(np.float64)).max() for frame in case.frames]
    largest = max(1.0, float(max(coordinates)))
    eigenvalues = np.linalg.eigvalsh(full_matrices(case.precisions, case.settings.covariance_type, *case.means.shape))
    worst_condition = float((eigenvalues[:, -1] / eigenvalues[:, 0]).max())
    relative = RELATIVE_TOLERANCE[dtype] + 16 * eps * worst_condition
    cancellation = 0.0 if case.settings.covariance_type == "full" else 16 * eps * largest**2
    scale = max(1.0, float(np.abs(covariances).max()))
    return Tolerances(
        weights=relative + cancellation * float(eigenvalues.max()),
        means=relative * largest,
        covariances=relative * scale + cancellation,
        lower_bound=relative * max(1.0, abs(lower_bound)) + cancellation * float(eigenvalues.max()),
    )


def dtype_of(case: Case) -> str:
    """The floating point type that a fit of a case computes in, at the coarsest."""
    return coarser(case.weights, case.means, case.precisions, *case.frames)


def coarser(*arrays: Optional[np.ndarray]) -> str:
    """The coarser floating point type of some arrays."""
    return "float32" if any(array is not None and array.dtype == np.float32 for array in arrays) else "float64"


def compare(
    judgement: Judgement,
    seen: Any,
    should_be: Dict[str, Any],
    allowed: Tolerances,
    components: Optional[np.ndarray] = None,
) -> None:
    """Compare what a fit left with what it should have; what there is none of is noted as not judged.

    Parameters
    ----------
    judgement : Judgement
    seen : Outcome
        Or anything else with the attributes that are compared.
    should_be : dict
        Arrays, or a number for ``lower_bound``, by name.
    allowed : Tolerances
    components : ndarray of bool of shape (n_components,), optional
        Which components count; all unless given.
    """
    for name, expected in should_be.items():
        value = getattr(seen, name)
        if value is None or expected is None:
            judgement.cannot("the fit left no {}_".format(name))
        else:
            judgement.close(name + "_", value, expected, getattr(allowed, name), components)


def outweighs_eps(log_masses: np.ndarray, dtype: str) -> np.ndarray:
    """Which components have so much mass that the ``10 * eps`` of the M-step is within tolerance.

    A mass of m is divided by ``m + 10 * eps``, which is off by ``10 * eps / m``.

    Parameters
    ----------
    log_masses : ndarray of shape (n_components,)
    dtype : {'float64', 'float32'}
    """
    return log_masses > np.log(10 * float(np.finfo(dtype).eps) / RELATIVE_TOLERANCE[dtype])
