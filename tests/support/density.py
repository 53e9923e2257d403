"""Gaussian log densities, computed on their own and not with scikit-learn.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Iterator, Tuple

import numpy as np

CHUNK = 8192  # samples at a time: (CHUNK, n_components) stays in the cache


def full_matrices(matrices: np.ndarray, covariance_type: str, n_components: int, n_features: int) -> np.ndarray:
    """Covariances or precisions of any covariance type as one matrix for each component.

    Parameters
    ----------
    matrices : ndarray
        In the shape that scikit-learn has for the covariance type.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    n_components, n_features : int

    Returns
    -------
    ndarray of shape (n_components, n_features, n_features), float64
    """
    matrices = np.asarray(matrices, dtype=np.float64)
    if covariance_type == "full":
        return matrices
    if covariance_type == "tied":
        return np.repeat(matrices[np.newaxis], n_components, axis=0)
    diagonals = matrices if covariance_type == "diag" else np.repeat(matrices[:, np.newaxis], n_features, axis=1)
    return np.stack([np.diag(diagonal) for diagonal in diagonals])


def squared_distances(samples: np.ndarray, mean: np.ndarray, cholesky: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distances ``(x - mean) P (x - mean)`` with ``P = L L^T``.

    The mean is taken off before the product, so that coordinates far from the
    origin lose no digits.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
    mean : ndarray of shape (n_features,)
    cholesky : ndarray of shape (n_features, n_features)
        Lower Cholesky factor of the precision matrix.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    return (np.dot(samples - mean, cholesky) ** 2).sum(axis=1)


def log_responsibilities(
    samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray
) -> Iterator[Tuple[slice, np.ndarray]]:
    """The E-step in the log domain, some samples at a time.

    ``log r_ik = log w_k + log N(x_i; m_k, P_k) - log sum_j w_j N(x_i; m_j, P_j)``
    (Bishop, Pattern Recognition and Machine Learning, eq. 9.23); nothing is
    exponentiated but differences to the largest term.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
    weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, n_features)
    precisions : ndarray of shape (n_components, n_features, n_features)

    Yields
    ------
    rows : slice
        Which samples.
    log_resp : ndarray of shape (rows, n_components), float64
    """
    factors = [np.linalg.cholesky(precision) for precision in precisions]
    with np.errstate(divide="ignore"):  # a weight of zero is -inf, as it should be
        constants = np.log(np.asarray(weights, dtype=np.float64))
    constants = constants + [np.log(np.diag(factor)).sum() for factor in factors]
    for start in range(0, len(samples), CHUNK):
        rows = slice(start, min(start + CHUNK, len(samples)))
        chunk = np.asarray(samples[rows], dtype=np.float64)
        joint = np.empty((len(chunk), len(weights)))
        for component, (mean, factor) in enumerate(zip(means, factors)):
            joint[:, component] = constants[component] - 0.5 * squared_distances(chunk, mean, factor)
        yield rows, joint - log_sum_exp(joint, axis=1)[:, np.newaxis]


def log_masses(samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> np.ndarray:
    """Log responsibility mass ``log sum_i r_ik`` of each component, in the log domain.

    Parameters
    ----------
    samples, weights, means, precisions
        As for `log_responsibilities`.

    Returns
    -------
    ndarray of shape (n_components,)
        In nats of samples: 0 is a mass of one sample.
    """
    parts = [log_sum_exp(log_resp, axis=0) for _, log_resp in log_responsibilities(samples, weights, means, precisions)]
    return log_sum_exp(np.stack(parts), axis=0)


def log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    """``log(sum(exp(values)))`` along an axis without overflow or underflow."""
    largest = values.max(axis=axis)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):
        return shift + np.log(np.exp(values - np.expand_dims(shift, axis)).sum(axis=axis))
