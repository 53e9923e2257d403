"""Reference: EM in exact form, which says what should have happened.

Responsibilities and component masses stay in the log domain from end to end:
they are exponentiated only after they have been normalised by component, so a
component that is far from every sample still has a weighted mean of samples.
Samples that are equal are counted once, with a weight.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fixtures.corpus import Case, Settings
from fixtures.validation import precisions_shape
from tests.support.density import full_matrices, log_joint_densities, log_sum_exp

NEVER = -1.0  # a tolerance that no change of the lower bound is below


class Parameters(NamedTuple):
    """Parameters of a mixture.

    Attributes
    ----------
    log_weights : ndarray of shape (n_components,)
        Logarithms: a weight may be too small for float64.
    means : ndarray of shape (n_components, n_features)
    covariances : ndarray
        In the shape that scikit-learn has for the covariance type.
    """

    log_weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


class Trajectory(NamedTuple):
    """What exact EM did.

    Attributes
    ----------
    parameters : tuple of Parameters
        After each M-step.
    log_masses : tuple of ndarray of shape (n_components,)
        Log responsibility mass of each component at each E-step, in nats of
        samples: 0 is a mass of one sample.
    lower_bounds : tuple of float
        Mean log-likelihood of a sample at each E-step, before the M-step that
        follows it, as scikit-learn counts it.
    converged : bool
        Whether the lower bound changed by less than ``tol``.
    """

    parameters: Tuple[Parameters, ...]
    log_masses: Tuple[np.ndarray, ...]
    lower_bounds: Tuple[float, ...]
    converged: bool

    @property
    def final(self) -> Parameters:
        """Parameters after the last M-step."""
        return self.parameters[-1]

    @property
    def n_iter(self) -> int:
        """Number of EM steps."""
        return len(self.parameters)


class DegenerateCovariance(ArithmeticError):
    """A covariance of exact EM is not positive definite; only possible with ``reg_covar`` near 0."""


class Disturbance:
    """Changes what each step of exact EM computes; as it stands, nothing."""

    def e_step(self, points: np.ndarray, counts: np.ndarray, start: Any, joint: np.ndarray) -> Any:  # noqa: ARG002
        """What is added to the log responsibilities, given the log joint densities."""
        return 0.0

    def m_step(self, points: np.ndarray, shares: np.ndarray, log_mass: np.ndarray, exact: Parameters) -> Parameters:  # noqa: ARG002
        """The parameters that take the place of the exact ones."""
        return exact


def exact_replay(
    case: Case, disturbance: Optional[Disturbance] = None, n_iters: Sequence[int] = ()
) -> Tuple[Trajectory, ...]:
    """Run exact EM over every frame of a case, each from what it left on the last one.

    Parameters
    ----------
    case : Case
    disturbance : Disturbance, optional
    n_iters : sequence of int, optional
        How many steps to take on each frame, whatever the lower bound does.

    Raises
    ------
    DegenerateCovariance
        A covariance is not positive definite; the message says in which frame.
    """
    log_weights, means, factors = exact_start(case)
    trajectories: List[Trajectory] = []
    for number, frame in enumerate(case.frames):
        settings = case.settings._replace(max_iter=n_iters[number], tol=NEVER) if n_iters else case.settings
        try:
            trajectory = exact_em(frame, log_weights, means, factors, settings, disturbance=disturbance)
            log_weights, means, covariances = trajectory.final
            factors = precision_factors(covariances, settings.covariance_type, means.shape)
        except DegenerateCovariance as error:
            raise DegenerateCovariance("frame {}: {}".format(number, error)) from None
        trajectories.append(trajectory)
    return tuple(trajectories)


def exact_start(case: Case) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log weights, means and factors of the precisions that a case starts from, in float64."""
    with np.errstate(divide="ignore"):  # a weight of zero stays zero
        log_weights = np.log(case.weights.astype(np.float64))
    means = case.means.astype(np.float64)
    return (
        log_weights,
        means,
        np.linalg.cholesky(full_matrices(case.precisions, case.settings.covariance_type, *means.shape)),
    )


def exact_em(
    samples: np.ndarray,
    log_weights: np.ndarray,
    means: np.ndarray,
    factors: np.ndarray,
    settings: Settings,
    *,
    disturbance: Optional[Disturbance] = None,
) -> Trajectory:
    """Run EM as ``GaussianMixture.fit`` defines it, without its rounding to zero.

    E-step and M-step are those of Bishop, Pattern Recognition and Machine
    Learning, section 9.2.2; ``reg_covar`` is added to the diagonal of each
    covariance, iterations stop when the mean log-likelihood changes by less
    than ``tol``, or after ``max_iter``.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
    log_weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, n_features)
    factors : ndarray of shape (n_components, n_features, n_features)
        A triangular factor ``A`` of each component's precision ``A A^T``.
    settings : Settings
        ``covariance_type``, ``reg_covar``, ``tol`` and ``max_iter``.
    disturbance : Disturbance, optional

    Raises
    ------
    DegenerateCovariance
        A covariance is not positive definite.
    """
    points, counts = merge_equal(samples)
    log_counts = np.log(counts)
    n_samples = float(counts.sum())
    steps: List[Parameters] = []
    masses: List[np.ndarray] = []
    bounds: List[float] = []
    converged = False
    while len(steps) < settings.max_iter and not converged:
        log_resp = log_joint_densities(points, log_weights, means, factors)
        log_likelihoods = log_sum_exp(log_resp, axis=1)
        # In place: this array is by far the largest.
        moved = disturbance.e_step(points, counts, (log_weights, means, factors), log_resp) if disturbance else 0.0
        log_resp += (log_counts - log_likelihoods)[:, np.newaxis]
        log_resp += moved
        log_mass = log_sum_exp(log_resp, axis=0)
        log_resp -= log_mass
        shares = np.exp(log_resp, out=log_resp)  # of each sample in a component's mass: sums to one
        parameters = m_step(points, shares, log_mass, n_samples, settings)
        if disturbance:
            parameters = disturbance.m_step(points, shares, log_mass, parameters)
        steps.append(parameters)
        masses.append(log_mass)
        bounds.append(float(np.dot(log_likelihoods, counts) / n_samples))
        converged = len(bounds) > 1 and abs(bounds[-1] - bounds[-2]) < settings.tol
        log_weights, means = parameters.log_weights, parameters.means
        factors = precision_factors(parameters.covariances, settings.covariance_type, means.shape)
    return Trajectory(tuple(steps), tuple(masses), tuple(bounds), converged)


def merge_equal(samples: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Distinct samples and how often each occurs.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)

    Returns
    -------
    points : ndarray of shape (n_distinct, n_features), float64
    counts : ndarray of shape (n_distinct,), float64
    """
    order = np.lexsort(samples.T)
    ordered = samples[order]
    first = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(samples)))
    return ordered[starts].astype(np.float64), counts.astype(np.float64)


def precision_factors(covariances: np.ndarray, covariance_type: str, shape: Tuple[int, int]) -> np.ndarray:
    """A factor ``A`` of each component's precision ``A A^T``, (n_components, n_features, n_features).

    ``A`` is the inverse of the transposed Cholesky factor of the covariance.

    Raises
    ------
    DegenerateCovariance
        A covariance is not positive definite.
    """
    try:
        factors = np.linalg.cholesky(full_matrices(covariances, covariance_type, *shape))
    except np.linalg.LinAlgError:
        raise DegenerateCovariance("a covariance of exact EM is not positive definite") from None
    return np.transpose(np.linalg.inv(factors), (0, 2, 1))


def m_step(
    points: np.ndarray, shares: np.ndarray, log_mass: np.ndarray, n_samples: float, settings: Settings
) -> Parameters:
    """The M-step of EM.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    shares : ndarray of shape (n_points, n_components)
        Of each point in the mass of a component: columns sum to one.
    log_mass : ndarray of shape (n_components,)
        Log responsibility mass of each component.
    n_samples : float
        What the masses sum to.
    settings : Settings
        ``covariance_type`` and ``reg_covar``.
    """
    means = np.dot(shares.T, points)
    n_components, n_features = means.shape
    kind = settings.covariance_type
    covariances = np.empty(precisions_shape(kind, n_components, n_features))
    covariances[...] = 0
    weights = np.exp(log_mass) / n_samples
    for component, mean in enumerate(means):
        # Deviations from the mean, not moments about the origin: those cancel.
        deviations = points - mean
        if kind == "diag":
            covariances[component] = np.dot(shares[:, component], deviations**2) + settings.reg_covar
        elif kind == "spherical":
            variances = np.dot(shares[:, component], deviations**2) + settings.reg_covar
            covariances[component] = variances.mean()
        else:
            covariance = np.dot(deviations.T * shares[:, component], deviations)
            if kind == "full":
                covariances[component] = covariance + settings.reg_covar * np.eye(n_features)
            else:
                covariances += weights[component] * covariance
    if kind == "tied":
        covariances += settings.reg_covar * np.eye(n_features)
    return Parameters(log_mass - np.log(n_samples), means, covariances)
