"""Frames of any size, made of a seed: what the growth of the fit time is measured on.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Tuple

import numpy as np

from fixtures.corpus import Case, Settings

SEED = 12099
ITERATIONS = 10
DISTANCE = 12.0


def made_case(size: Tuple[int, int, int], covariance_type: str, dtype: str = "float64") -> Case:
    """Round clusters of unit width, started from half a unit beside their centres, for a fixed number of iterations.

    ``tol`` is 0, so that every release makes the same iterations; the centres
    lie far enough apart for none to be lost.

    Parameters
    ----------
    size : (int, int, int)
        Samples, components, features.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    dtype : str
        Of the samples and the parameters.
    """
    n_samples, n_components, n_features = size
    random = np.random.RandomState(SEED)
    centres = random.uniform(0, DISTANCE * n_components, size=(n_components, n_features))
    # In the first feature none is near another, whatever the draw was.
    centres[:, 0] = DISTANCE * np.arange(n_components)
    frame = centres[np.arange(n_samples) % n_components] + random.normal(size=(n_samples, n_features))
    precisions = {
        "full": np.array([np.eye(n_features)] * n_components),
        "tied": np.eye(n_features),
        "diag": np.ones((n_components, n_features)),
        "spherical": np.ones(n_components),
    }[covariance_type]
    return Case(
        name="made-{}-samples-{}-components-{}-features-{}".format(
            n_samples, n_components, n_features, covariance_type
        ),
        title="round clusters, one a component",
        flags=(),
        settings=Settings(covariance_type, 1e-6, 0.0, ITERATIONS),
        frames=(frame.astype(dtype),),
        weights=np.full(n_components, 1.0 / n_components, dtype=dtype),
        means=(centres + 0.5).astype(dtype),
        precisions=precisions.astype(dtype),
        provenance={},
    )
