"""Gaussian log densities, computed on their own and not with scikit-learn.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

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


def squared_distances(samples: np.ndarray, mean: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distances ``(x - mean) P (x - mean)`` with ``P = A A^T``.

    The mean is taken off before the product, so that coordinates far from the
    origin lose no digits.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
    mean : ndarray of shape (n_features,)
    factor : ndarray of shape (n_features, n_features)
        A triangular factor ``A`` of the precision matrix.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    return (np.dot(samples - mean, factor) ** 2).sum(axis=1)


def log_joint_densities(
    samples: np.ndarray, log_weights: np.ndarray, means: np.ndarray, factors: np.ndarray
) -> np.ndarray:
    """``log w_k + log N(x_i; m_k, P_k)`` of every sample and component, (n_samples, n_components).

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
    log_weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, n_features)
    factors : ndarray of shape (n_components, n_features, n_features)
        A triangular factor ``A`` of each precision matrix ``A A^T``.
    """
    n_samples, n_features = samples.shape
    constants = log_weights - 0.5 * n_features * np.log(2 * np.pi)
    joint = np.empty((n_samples, len(means)))
    for component, (mean, factor) in enumerate(zip(means, factors)):
        half_log_det = np.log(np.abs(np.diag(factor))).sum()
        joint[:, component] = constants[component] + half_log_det - 0.5 * squared_distances(samples, mean, factor)
    return joint


def log_masses(samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> np.ndarray:
    """Log responsibility mass ``log sum_i r_ik`` of each component, in the log domain.

    The responsibilities are those of one E-step (Bishop, Pattern Recognition
    and Machine Learning, eq. 9.23); nothing is exponentiated but differences
    to the largest term.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features)
    weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, n_features)
    precisions : ndarray of shape (n_components, n_features, n_features)

    Returns
    -------
    ndarray of shape (n_components,)
        In nats of samples: 0 is a mass of one sample.
    """
    factors = np.linalg.cholesky(precisions)
    with np.errstate(divide="ignore"):  # a weight of zero is -inf, as it should be
        log_weights = np.log(np.asarray(weights, dtype=np.float64))
    parts = []
    for start in range(0, len(samples), CHUNK):
        chunk = np.asarray(samples[start : start + CHUNK], dtype=np.float64)
        joint = log_joint_densities(chunk, log_weights, means, factors)
        parts.append(log_sum_exp(joint - log_sum_exp(joint, axis=1)[:, np.newaxis], axis=0))
    return log_sum_exp(np.stack(parts), axis=0)


def log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    """``log(sum(exp(values)))`` along an axis without overflow or underflow."""
    largest = values.max(axis=axis)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):
        return shift + np.log(np.exp(values - np.expand_dims(shift, axis)).sum(axis=axis))
