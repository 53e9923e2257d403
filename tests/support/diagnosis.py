"""Diagnosis: what became of each component of a fit, with the evidence.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Callable, List, NamedTuple, Optional, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support.density import full_matrices, log_masses, squared_distances
from tests.support.replay import Outcome
from tests.support.states import COLLAPSED, DRAGGED, EMPTY, HEALTHY, PINNED


class NotDiagnosable(ValueError):
    """The fit left no parameters that a component could be judged by."""


class Evidence(NamedTuple):
    """Where a component came from.

    Attributes
    ----------
    log_mass : float
        Log responsibility mass at the first E-step, from the parameters that
        the fit started from, in the log domain: 0 is one sample.
    mean : ndarray of shape (n_features,)
        The mean that it started from.
    nearest_sample : ndarray of shape (n_features,)
        The sample of least Mahalanobis distance under the precision that it started from.
    nearest_distance : float
        That distance, in standard deviations.
    """

    log_mass: float
    mean: np.ndarray
    nearest_sample: np.ndarray
    nearest_distance: float


class Component(NamedTuple):
    """One fitted component, judged.

    Attributes
    ----------
    number : int
        From 0, as in the fitted attributes.
    state : {'healthy', 'empty', 'dragged', 'pinned'}
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features)
    mass : float
        ``weights_ * n_samples``: responsibility mass of the last M-step, in samples.
    started : Evidence or None
        None for a healthy component, and where no evidence was asked for.
    """

    number: int
    state: str
    mean: np.ndarray
    covariance: np.ndarray
    mass: float
    started: Optional[Evidence]


class Diagnosis(NamedTuple):
    """Every component of a fit, judged.

    Attributes
    ----------
    components : tuple of Component
    dtype : numpy.dtype
        The floating point type that the fit computed in.
    low, high : ndarray of shape (n_features,)
        Bounding box of the samples.
    """

    components: Tuple[Component, ...]
    dtype: np.dtype
    low: np.ndarray
    high: np.ndarray

    def not_healthy(self) -> List[Component]:
        """Components in any state but healthy."""
        return [component for component in self.components if component.state != HEALTHY]

    def collapsed(self) -> List[Component]:
        """Components that are empty or dragged: artefacts of floating point, never EM."""
        return [component for component in self.components if component.state in COLLAPSED]


Judge = Callable[[Case, str, Outcome], Diagnosis]


def diagnose(case: Case, outcome: Outcome) -> Diagnosis:
    """Judge every component of a fit of one frame by its mass, its mean and its covariance.

    The M-step of scikit-learn divides by ``nk = resp.sum(axis=0) + 10 * eps``,
    with eps of the dtype it computes in. A component with

    - a mass of ``10 * eps``, that is, of no responsibility at all, and its mean
      at the origin is `empty`;
    - its mean outside the bounding box of the samples, where no weighted mean
      of samples can be, is `dragged`;
    - an eigenvalue of its covariance at ``reg_covar`` is `pinned`;

    and `healthy` otherwise. Place alone never condemns: a component with mass
    at the origin is as good as any other. Masses and places are compared
    within ``sqrt(eps)``, relative to the largest coordinate.

    Raises
    ------
    NotDiagnosable
        The fit raised, lacks an attribute, or a parameter is of the wrong
        shape or not finite; the message says which.
    """
    diagnosis = states_alone(case, outcome)
    return diagnosis._replace(components=_with_evidence(case, outcome, diagnosis.components))


def states_alone(case: Case, outcome: Outcome) -> Diagnosis:
    """`diagnose` without the evidence, which takes an E-step: no component says where it came from.

    Raises
    ------
    NotDiagnosable
        As `diagnose` does.
    """
    weights, means, covariances, dtype = fitted_parameters(case, outcome)
    samples = case.frames[outcome.frame]
    low, high = samples.min(axis=0).astype(np.float64), samples.max(axis=0).astype(np.float64)
    eps = float(np.finfo(dtype).eps)
    tolerance = np.sqrt(eps)
    place_tolerance = tolerance * max(1.0, np.abs(low).max(), np.abs(high).max())
    masses = weights * len(samples)
    # For all components at once: a recording does this after every fit.
    no_mass = masses <= 10 * eps * (1 + tolerance)
    at_origin = np.abs(means).max(axis=1) <= place_tolerance
    outside = ((means < low - place_tolerance) | (means > high + place_tolerance)).any(axis=1)
    floored = at_floor(covariances, case.settings.reg_covar, eps)
    components = []
    for index in range(case.n_components):
        if no_mass[index] and at_origin[index]:
            state = EMPTY
        elif outside[index]:
            state = DRAGGED
        elif floored[index]:
            state = PINNED
        else:
            state = HEALTHY
        components.append(Component(index, state, means[index], covariances[index], float(masses[index]), None))
    return Diagnosis(tuple(components), dtype, low, high)


def at_floor(covariances: np.ndarray, reg_covar: float, eps: float) -> np.ndarray:
    """Whether an eigenvalue of each covariance is ``reg_covar`` and nothing more.

    Parameters
    ----------
    covariances : ndarray of shape (..., n_features, n_features)
    reg_covar : float
    eps : float
        Of the dtype that the fit computed in; the rounding of an eigenvalue is
        ``n_features * eps`` of the largest one.

    Returns
    -------
    ndarray of bool of shape (...)
    """
    eigenvalues = np.linalg.eigvalsh(covariances)
    rounding = eigenvalues.shape[-1] * eps * np.abs(eigenvalues).max(axis=-1)
    return np.asarray(eigenvalues.min(axis=-1) <= reg_covar * (1 + np.sqrt(eps)) + rounding)


class FittedParameters(NamedTuple):
    """What a fit left, known to be finite and of the right shapes, in float64.

    Attributes
    ----------
    weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, n_features)
    covariances : ndarray of shape (n_components, n_features, n_features)
        One matrix for each component, whatever the covariance type.
    dtype : numpy.dtype
        The floating point type that the fit computed in.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    dtype: np.dtype


def fitted_parameters(case: Case, outcome: Outcome) -> FittedParameters:
    """Check what a fit left before anything is computed from it.

    Raises
    ------
    NotDiagnosable
        The fit raised, lacks an attribute, or a parameter is of the wrong
        type, dtype or shape, or not finite; the message says which.
    """
    if outcome.error:
        raise NotDiagnosable("the fit raised {}; should return a fitted estimator".format(outcome.error))
    weights = _finite("weights_", outcome.weights, case.weights.shape)
    means = _finite("means_", outcome.means, case.means.shape)
    # The initial precisions have the shape of the covariances.
    covariances = _finite("covariances_", outcome.covariances, case.precisions.shape)
    # The means are a quotient of the sums of responsibilities, so their dtype is theirs.
    dtype = means.dtype if means.dtype.kind == "f" else np.dtype(np.float64)
    full = full_matrices(covariances, case.settings.covariance_type, *case.means.shape)
    return FittedParameters(weights.astype(np.float64), means.astype(np.float64), full, dtype)


def _finite(name: str, array: Any, shape: Tuple[int, ...]) -> np.ndarray:
    """A fitted attribute of the right shape without nan and inf; or the reason why not."""
    if not isinstance(array, np.ndarray):
        raise NotDiagnosable("the fit left {} as {!r:.40}; should be an array".format(name, array))
    if array.dtype.kind not in "fiu":
        raise NotDiagnosable("{} has dtype {}; should be a floating point type".format(name, array.dtype))
    if array.shape != shape:
        raise NotDiagnosable("{} has shape {}; should be {}".format(name, array.shape, shape))
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise NotDiagnosable("{} holds {} at {}; should be finite".format(name, array[where], where))
    return array


def _with_evidence(case: Case, outcome: Outcome, components: Tuple[Component, ...]) -> Tuple[Component, ...]:
    """Add to each component that is not healthy where it came from."""
    if all(component.state == HEALTHY for component in components):
        return components
    start, samples = outcome.start, case.frames[outcome.frame]
    means = start.means.astype(np.float64)
    precisions = full_matrices(start.precisions, case.settings.covariance_type, *means.shape)
    try:
        masses = log_masses(samples, start.weights, means, precisions)
    except np.linalg.LinAlgError:
        raise NotDiagnosable(
            "the fit of the frame before left precisions_ that are not positive definite; should be"
        ) from None
    return tuple(
        component
        if component.state == HEALTHY
        else component._replace(
            started=_evidence(
                samples, means[component.number], precisions[component.number], float(masses[component.number])
            )
        )
        for component in components
    )


def _evidence(samples: np.ndarray, mean: np.ndarray, precision: np.ndarray, log_mass: float) -> Evidence:
    distances = squared_distances(samples, mean, np.linalg.cholesky(precision))
    nearest = int(distances.argmin())
    return Evidence(log_mass, mean, samples[nearest], float(np.sqrt(distances[nearest])))
