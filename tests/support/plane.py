"""Plane: a case in its first two features, as every picture and a run's JUnit file show it.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, numpy only.
"""

import numpy as np


def points_in_plane(points: np.ndarray) -> np.ndarray:
    """Points in the first two features, in float64; a single feature gets a second that is zero.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)

    Returns
    -------
    ndarray of shape (n_points, 2)
    """
    flat = np.zeros((len(points), 2))
    size = min(2, points.shape[1])
    flat[:, :size] = points[:, :size]
    return flat


def covariances_in_plane(covariances: np.ndarray) -> np.ndarray:
    """Covariances in the first two features; a single feature gets a second that is zero.

    Parameters
    ----------
    covariances : ndarray of shape (n_components, n_features, n_features)

    Returns
    -------
    ndarray of shape (n_components, 2, 2)
    """
    flat = np.zeros((len(covariances), 2, 2))
    size = min(2, covariances.shape[1])
    flat[:, :size, :size] = covariances[:, :size, :size]
    return flat
