"""Tolerances: how far rounding may take what one EM step computes, element by element.

Bounds of a running error analysis (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., sections 3.1, 3.5, 8.1 and 10.1): a sum of n products, in
whatever order, is off by at most ``n * u * sum |a_i b_i|``, where ``u`` is the
unit roundoff; ``gamma(n)`` is that ``n * u``. What an estimator computes from
the same inputs may be off by as much as the bound, whatever its release or
BLAS; what exact EM computes here in float64 may be off by less.

scikit-learn computes some quantities as differences of moments about the origin,
which cancel where the samples are far from it. They get the allowance for
that, and nothing else does: the log densities of ``diag`` and ``spherical``, and
the covariances of ``tied``, ``diag`` and ``spherical``, on every release up to 1.9.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, NamedTuple, Tuple

import numpy as np

from fixtures.corpus import Settings
from tests.support.density import log_joint_densities, log_sum_exp
from tests.support.reference import Parameters

# What scikit-learn computes as a difference of moments.
DENSITIES_OF_MOMENTS = ("diag", "spherical")
COVARIANCES_OF_MOMENTS = ("tied", "diag", "spherical")
# Twice each bound: the exact value is computed in float64, and is off by no more than once.
SAFETY = 2.0
# An error of e in a logarithm is one of exp(e) - 1, relative: beyond this one a bound says nothing.
LARGEST_LOG_ERROR = 50.0


class Tolerances(NamedTuple):
    """How far each thing that a fit leaves may be off, in its own unit; numbers or arrays."""

    weights: Any
    means: Any
    covariances: Any
    lower_bound: Any


class Densities(NamedTuple):
    """Log densities under given parameters, and how far rounding may take them, in nats.

    Attributes
    ----------
    joint : ndarray of shape (n_samples, n_components)
        ``log w_k + log N(x_i; m_k, P_k)``.
    joint_error : ndarray of shape (n_samples, n_components)
    log_likelihood : ndarray of shape (n_samples,)
    log_likelihood_error : ndarray of shape (n_samples,)
    log_resp_error : ndarray of shape (n_samples, n_components)
        Of the log responsibilities; it is the relative error of a responsibility.
    sum_error : ndarray of shape (n_samples,)
        Of the sum of a sample's responsibilities.
    """

    joint: np.ndarray
    joint_error: np.ndarray
    log_likelihood: np.ndarray
    log_likelihood_error: np.ndarray
    log_resp_error: np.ndarray
    sum_error: np.ndarray

    @property
    def resp(self) -> np.ndarray:
        """Responsibilities."""
        return np.exp(self.joint - self.log_likelihood[:, np.newaxis])

    @property
    def resp_error(self) -> np.ndarray:
        """Of the responsibilities, those aside that underflow."""
        return self.resp * np.expm1(np.minimum(self.log_resp_error, LARGEST_LOG_ERROR))


class Arithmetic(NamedTuple):
    """What rounding depends on.

    Attributes
    ----------
    eps, tiny : float
        Of the floating point type that is computed in: `numpy.finfo`.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    reg_covar : float
    n_estimated : int
        From how many samples the parameters of an E-step were estimated, in the
        same arithmetic; 0 where they are given.
    """

    eps: float
    tiny: float
    covariance_type: str
    reg_covar: float
    n_estimated: int = 0

    def gamma(self, n: float) -> float:
        """Relative error of a sum of n products."""
        return SAFETY * n * self.eps / 2


def densities(
    arithmetic: Arithmetic,
    samples: np.ndarray,
    start: Tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Densities:
    """Log densities of samples, with their errors.

    Parameters
    ----------
    arithmetic : Arithmetic
    samples : ndarray of shape (n_samples, n_features)
    start : tuple of ndarray
        ``log_weights``, ``means`` and ``factors``: see `density.log_joint_densities`.
    """
    log_weights, means, factors = start
    joint = log_joint_densities(samples, log_weights, means, factors)
    return densities_of_joint(arithmetic, samples, start, joint)


def densities_of_joint(
    arithmetic: Arithmetic,
    samples: np.ndarray,
    start: Tuple[np.ndarray, np.ndarray, np.ndarray],
    joint: np.ndarray,
) -> Densities:
    """`densities` where the log joint densities are known already."""
    gamma = arithmetic.gamma
    log_weights, means, factors = start
    error = np.empty_like(joint)
    for component, (mean, factor) in enumerate(zip(means, factors)):
        error[:, component] = _density_error(arithmetic, samples, mean, factor)
    with np.errstate(invalid="ignore"):
        error += gamma(2) * np.where(np.isfinite(log_weights), np.abs(log_weights), 0)
        error += gamma(2) * np.where(np.isfinite(joint), np.abs(joint), 0)
    log_likelihood = log_sum_exp(joint, axis=1)
    log_resp = joint - log_likelihood[:, np.newaxis]
    resp = np.exp(log_resp)
    n_components = joint.shape[1]
    sum_error = gamma(n_components + 4) + gamma(2) * np.abs(log_likelihood)
    log_likelihood_error = (resp * error).sum(axis=1) + sum_error
    log_resp_error = error + (log_likelihood_error + gamma(2))[:, np.newaxis]
    log_resp_error += gamma(2) * np.where(np.isfinite(log_resp), np.abs(log_resp), 0)
    return Densities(joint, error, log_likelihood, log_likelihood_error, log_resp_error, sum_error)


def _density_error(arithmetic: Arithmetic, samples: np.ndarray, mean: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Of ``log N(x; m, A A^T)``, its constant included.

    ``y = (x - m) A`` is computed as ``x A - m A``; of ``diag`` and ``spherical``
    the square ``y^2`` as ``x^2 a^2 - 2 x m a^2 + m^2 a^2``.
    """
    gamma, n_features = arithmetic.gamma, len(mean)
    centred = samples - mean
    scaled = np.abs(np.dot(centred, factor))
    reach = np.dot(np.abs(samples) + np.abs(mean), np.abs(factor))
    log_diagonal = np.abs(np.log(np.abs(np.diag(factor)))).sum() + 0.5 * n_features * np.log(2 * np.pi)
    error = gamma(n_features + 4) * log_diagonal
    if arithmetic.covariance_type in DENSITIES_OF_MOMENTS:
        error = error + 0.5 * gamma(n_features + 6) * (reach**2).sum(axis=1)
        off = np.zeros_like(scaled)
    else:
        error = error + 0.5 * gamma(n_features + 4) * (scaled**2).sum(axis=1)
        off = gamma(n_features + 2) * reach
    error = error + (scaled * off + 0.5 * off**2).sum(axis=1)
    # Of the factor that an estimator makes of a precision P or a covariance C: each
    # element of P is off by gamma sqrt(P_aa P_bb), of C likewise (Higham, theorem 10.3).
    precision = np.dot(factor, factor.T)
    covariance = np.linalg.inv(precision)
    root, width = np.sqrt(np.diag(precision)), np.sqrt(np.abs(np.diag(covariance)))
    of_precision = np.dot(np.abs(centred), root) ** 2
    of_covariance = np.dot(np.abs(np.dot(centred, precision)), width) ** 2
    of_determinant = 2 * (np.abs(covariance) * np.outer(root, root)).sum()
    error = error + 0.5 * gamma(n_features + 4) * (of_precision + of_covariance + of_determinant)
    if arithmetic.n_estimated:
        error = error + _estimation_error(arithmetic, samples, factor, centred, width)
    return np.asarray(error)


def _estimation_error(
    arithmetic: Arithmetic, samples: np.ndarray, factor: np.ndarray, centred: np.ndarray, width: np.ndarray
) -> np.ndarray:
    """Of a log density whose mean and covariance were estimated with the errors of `m_step_errors`."""
    gamma = arithmetic.gamma(arithmetic.n_estimated + 8)
    largest, precision = np.abs(samples).max(axis=0), np.dot(factor, factor.T)
    spread = width + 2 * largest if arithmetic.covariance_type in COVARIANCES_OF_MOMENTS else width
    off = 2 * gamma * np.dot(largest, np.abs(factor))
    of_mean = (np.abs(np.dot(centred, factor)) * off + 0.5 * off**2).sum(axis=1)
    of_covariance = np.dot(np.abs(np.dot(centred, precision)), spread) ** 2
    of_determinant = (np.abs(precision) * np.outer(spread, spread)).sum()
    return np.asarray(of_mean + 0.5 * gamma * (of_covariance + of_determinant) + gamma)


def m_step_errors(
    arithmetic: Arithmetic,
    points: np.ndarray,
    shares: np.ndarray,
    exact: Parameters,
    *,
    n_samples: float,
    sum_error: float,
) -> Parameters:
    """How far rounding may take the weights, means and covariances that an M-step computes.

    Parameters
    ----------
    arithmetic : Arithmetic
    points : ndarray of shape (n_distinct, n_features)
        Distinct samples.
    shares : ndarray of shape (n_distinct, n_components)
        Of each in the mass of a component; they sum to one.
    exact : Parameters
        What the M-step should give.
    n_samples : float
    sum_error : float
        Largest error of the sum of a sample's responsibilities.

    Returns
    -------
    errors : Parameters
        Of the logarithms of the weights: that is, relative errors of weights. Of
        ``full`` covariances it is that around the mean that was computed.
    """
    gamma, kind = arithmetic.gamma, arithmetic.covariance_type
    n_components, n_features = exact.means.shape
    sums = gamma(n_samples + 4)
    log_weights = np.full(n_components, sums + gamma(n_components + 2))
    means = sums * (np.dot(shares.T, np.abs(points)) + np.abs(exact.means))
    weights = np.exp(exact.log_weights)
    covariances = np.zeros_like(exact.covariances)
    for component, mean in enumerate(exact.means):
        share, off = shares[:, component], means[component]
        absolute = np.abs(mean)
        if kind == "full":
            deviations = np.abs(points - mean)
            covariances[component] = sums * np.dot(deviations.T * share, deviations)
        elif kind == "tied":
            moments = np.outer(absolute, absolute)
            covariances += weights[component] * (
                gamma(n_samples + n_components + n_features + 6) * moments
                + np.outer(absolute, off)
                + np.outer(off, absolute)
            )
        else:
            squares = np.dot(share, points**2)
            variances = sums * (squares + 3 * mean**2) + 2 * absolute * off
            covariances[component] = variances if kind == "diag" else variances.mean()
    if kind == "tied":
        total = np.dot(shares, weights)  # of each point in all samples
        scale = gamma(n_samples + n_components + n_features + 6) + sum_error
        covariances += scale * np.dot(np.abs(points).T * total, np.abs(points))
    return Parameters(log_weights, means, covariances + 2 * sums * np.abs(exact.covariances))


def of_fitted_covariances(arithmetic: Arithmetic, samples: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """How far rounding may take each element of fitted covariances, whatever the shares of the samples were.

    Parameters
    ----------
    arithmetic : Arithmetic
    samples : ndarray of shape (n_samples, n_features)
    covariances : ndarray of shape (n_components, n_features, n_features)
    """
    n_components, n_features = covariances.shape[:2]
    largest = np.abs(samples).max(axis=0)
    scale = np.sqrt(np.abs(np.einsum("kii->ki", covariances)))
    products = scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
    gamma = arithmetic.gamma(len(samples) + n_components + n_features + 6)
    if arithmetic.covariance_type in COVARIANCES_OF_MOMENTS:
        return gamma * (products + 4 * np.outer(largest, largest))
    # Deviations are from the mean that was computed.
    return gamma * products + (2 * gamma) ** 2 * np.outer(largest, largest)


def of_step(
    arithmetic: Arithmetic,
    points: np.ndarray,
    counts: np.ndarray,
    start: Tuple[np.ndarray, np.ndarray, np.ndarray],
    exact: Parameters,
) -> Tolerances:
    """How far rounding, and the ``10 * eps`` that scikit-learn adds to each mass, may take one EM step.

    Parameters
    ----------
    arithmetic : Arithmetic
    points, counts : ndarray
        Distinct samples, and how often each occurs.
    start : tuple of ndarray
        ``log_weights``, ``means`` and ``factors`` that the step starts from.
    exact : Parameters
        What it should give.
    """
    kind = arithmetic.covariance_type
    n_samples = float(counts.sum())
    found = densities(arithmetic, points, start)
    weighted = counts[:, np.newaxis] * found.resp
    masses = weighted.sum(axis=0)
    shares = weighted / np.maximum(masses, np.finfo(float).tiny)
    weights = np.exp(exact.log_weights)
    off = counts[:, np.newaxis] * found.resp_error / np.maximum(masses, np.finfo(float).tiny)
    mean_off = off.sum(axis=0)
    own = of_m_step(arithmetic, points, shares, exact, n_samples=n_samples, sum_error=float(found.sum_error.max()))
    means, covariances = own.means.copy(), own.covariances.copy()
    for component, mean in enumerate(exact.means):
        deviations = np.abs(points - mean)
        means[component] += np.dot(off[:, component], deviations)
        if kind in ("full", "tied"):
            moved = np.dot(deviations.T * off[:, component], deviations)
            if kind == "full":
                covariances[component] += moved + mean_off[component] * np.abs(exact.covariances[component])
                covariances[component] += np.outer(means[component], means[component])
            else:
                covariances += weights[component] * moved
        else:
            moved = np.dot(off[:, component], deviations**2)
            covariances[component] += (moved if kind == "diag" else moved.mean()) + mean_off[component] * np.abs(
                exact.covariances[component]
            )
    return Tolerances(
        weights=weights * mean_off + own.weights,
        means=means,
        covariances=covariances,
        lower_bound=of_lower_bound(arithmetic, found, counts),
    )


def of_m_step(
    arithmetic: Arithmetic,
    points: np.ndarray,
    shares: np.ndarray,
    exact: Parameters,
    *,
    n_samples: float,
    sum_error: float = 0.0,
) -> Tolerances:
    """How far rounding and the ``10 * eps`` may take an M-step from given shares: see `m_step_errors`."""
    own = m_step_errors(arithmetic, points, shares, exact, n_samples=n_samples, sum_error=sum_error)
    added = with_added_mass(arithmetic, n_samples, exact)
    weights, covariances = np.exp(exact.log_weights), own.covariances
    if arithmetic.covariance_type == "full":
        covariances = covariances + own.means[:, :, np.newaxis] * own.means[:, np.newaxis, :]
    return Tolerances(
        weights=weights * own.log_weights + np.abs(np.exp(added.log_weights) - weights) + arithmetic.eps**2,
        means=own.means + np.abs(added.means - exact.means),
        covariances=covariances + np.abs(added.covariances - exact.covariances),
        lower_bound=0.0,
    )


def of_lower_bound(arithmetic: Arithmetic, found: Densities, counts: np.ndarray) -> float:
    """How far rounding may take the mean log-likelihood of samples that occur so often."""
    n_samples = counts.sum()
    size = arithmetic.gamma(n_samples + 2) * np.abs(found.log_likelihood)
    return float(np.dot(counts, found.log_likelihood_error + size) / n_samples)


def with_added_mass(arithmetic: Arithmetic, n_samples: float, exact: Parameters) -> Parameters:
    """What an M-step gives that adds ``10 * eps`` to each mass, as scikit-learn does.

    With the mass n and the sum of both n', means are ``n / n'`` of what they
    should be; the moments about the origin, too.

    Parameters
    ----------
    arithmetic : Arithmetic
    n_samples : float
    exact : Parameters
    """
    kind, added = arithmetic.covariance_type, 10 * arithmetic.eps
    floor = arithmetic.reg_covar * (np.eye(exact.means.shape[1]) if kind in ("full", "tied") else 1.0)
    scatter = exact.covariances - floor
    log_masses = exact.log_weights + np.log(n_samples)
    with np.errstate(over="ignore", divide="ignore"):
        kept = 1 / (1 + added * np.exp(-log_masses))
        log_weights = np.logaddexp(log_masses, np.log(added)) - np.log(n_samples + added * len(kept))
    means = exact.means * kept[:, np.newaxis]
    if kind == "tied":
        lost = np.exp(log_masses) * (1 - kept)
        covariances = (n_samples * scatter + np.dot(exact.means.T * lost, exact.means)) / (
            n_samples + added * len(kept)
        )
    elif kind == "full":
        apart = exact.means - means
        covariances = kept[:, np.newaxis, np.newaxis] * (scatter + apart[:, :, np.newaxis] * apart[:, np.newaxis, :])
    else:
        squares = exact.means**2 if kind == "diag" else (exact.means**2).mean(axis=1)
        shape = (-1,) + (1,) * (exact.covariances.ndim - 1)
        part = kept.reshape(shape)
        covariances = part * scatter + part * (1 - part) * squares
    return Parameters(log_weights, means, covariances + floor)


def arithmetic_of(settings: Settings, dtype: str) -> Arithmetic:
    """The arithmetic of a fit with some settings, in a floating point type."""
    finfo = np.finfo(dtype)
    return Arithmetic(float(finfo.eps), float(finfo.tiny), settings.covariance_type, settings.reg_covar)
