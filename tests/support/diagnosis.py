"""Diagnosis: what became of each component of a fit, with the evidence.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support.density import full_matrices, log_masses, squared_distances
from tests.support.findings import Finding, place_in
from tests.support.replay import Outcome
from tests.support.states import COLLAPSED, DRAGGED, EMPTY, HEALTHY, PINNED


class NotDiagnosable(ValueError):
    """The fit left no parameters that a component could be judged by.

    Attributes
    ----------
    finding : Finding or None
        What is wrong with what it left; None where it left nothing.
    """

    def __init__(self, message: str, finding: Optional[Finding] = None) -> None:
        super().__init__(message)
        self.finding = finding


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
    outside : bool
        Whether the mean is outside the bounding box of the samples.
    started : Evidence or None
        None for a healthy component, and where no evidence was asked for.
    """

    number: int
    state: str
    mean: np.ndarray
    covariance: np.ndarray
    mass: float
    outside: bool
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
        The fit raised, left not all attributes, or a parameter is of the
        wrong shape or not finite; the message says which.
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
        mean, covariance, mass = means[index], covariances[index], float(masses[index])
        components.append(Component(index, state, mean, covariance, mass, bool(outside[index]), None))
    return Diagnosis(tuple(components), dtype, low, high)


def finding_of(diagnosis: Diagnosis, component: Component) -> Finding:
    """What became of a component that is not healthy, and where it came from."""
    started = component.started
    assert started is not None  # it is not healthy, so there is evidence
    box = " x ".join("{:.6g}..{:.6g}".format(low, high) for low, high in zip(diagnosis.low, diagnosis.high))
    return Finding(
        "means_",
        component.mean.tolist(),
        # Pinned is no failure: nothing else should be.
        "a mean inside the data, {}".format(box) if component.state in COLLAPSED else "",
        component=component.number,
        state=component.state,
        evidence={
            "covariance": component.covariance.tolist(),
            "mass": component.mass,
            "started": started.mean.tolist(),
            "nearest_sample": started.nearest_sample.tolist(),
            "nearest_distance": started.nearest_distance,
            "log_mass": started.log_mass,
            "underflows": underflows(started.log_mass, diagnosis.dtype),
        },
    )


def underflows(log_mass: float, dtype: np.dtype) -> bool:
    """Whether no responsibility that adds up to a log mass can be told from zero.

    The mass is at least the largest responsibility, so below the logarithm of
    the smallest subnormal number of the dtype all of them are zero.
    """
    return bool(log_mass < np.log(float(np.nextafter(dtype.type(0), dtype.type(1)))))


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
        The fit raised, left not all attributes, or a parameter is of the
        wrong type, dtype or shape, or not finite; the message says which.
    """
    if outcome.error is not None:
        raise NotDiagnosable("the fit raised {}".format(outcome.error.brief))
    kind = case.settings.covariance_type
    weights = _finite("weights_", outcome.weights, case.weights.shape, kind)
    means = _finite("means_", outcome.means, case.means.shape, kind)
    # The initial precisions have the shape of the covariances.
    covariances = _finite("covariances_", outcome.covariances, case.precisions.shape, kind)
    # The means are a quotient of the sums of responsibilities, so their dtype is theirs.
    dtype = means.dtype if means.dtype.kind == "f" else np.dtype(np.float64)
    full = full_matrices(covariances, kind, *case.means.shape)
    return FittedParameters(weights.astype(np.float64), means.astype(np.float64), full, dtype)


def _finite(name: str, array: Any, shape: Tuple[int, ...], covariance_type: str) -> np.ndarray:
    """A fitted attribute of the right shape without nan and inf; or the reason why not."""
    if array is None:
        raise NotDiagnosable("the fit left no {}".format(name))
    if not isinstance(array, np.ndarray):
        raise _invalid(Finding(name, type(array).__name__, "an array", aspect="type"))
    if array.dtype.kind not in "fiu":
        raise _invalid(Finding(name, str(array.dtype), "a floating point type", aspect="dtype"))
    if array.shape != shape:
        raise _invalid(Finding(name, str(array.shape), str(shape), aspect="shape"))
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(index) for index in np.argwhere(~finite)[0])
        place = place_in(name, where, covariance_type)
        raise _invalid(Finding(name, float(array[where]), "a finite number", aspect="value", **place))
    return array


def _invalid(finding: Finding) -> NotDiagnosable:
    words = "the fit left {0.what} with the {0.aspect} {0.seen}; should be {0.should_be}"
    return NotDiagnosable(words.format(finding), finding)


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
            "the fit of the frame before left precisions_ that are not positive definite",
            Finding("precisions_", "not positive definite", "positive definite", aspect="of the frame before"),
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
