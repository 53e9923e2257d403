"""Starts: the mixture that a fit begins with where its initial parameters are not given.

``init_params`` names responsibilities; what is not given is their M-step. They
are drawn here as scikit-learn draws them from the same seed.

Runs inside old environments: Python 3.6 syntax, numpy and scikit-learn.
"""

from typing import Dict, Iterable, Tuple

import numpy as np
from packaging.version import Version

from fixtures.corpus import Case
from tests.support import tolerances
from tests.support.judgement import NotJudged
from tests.support.reference import DegenerateCovariance, Parameters, m_step, precision_factors
from tests.support.replay import Start, call
from tests.support.tolerances import Tolerances

OF_ALL_SAMPLES = ("kmeans", "random")
# One sample for each component, and the others for none.
OF_SAMPLES = ("k-means++", "random_from_data")
OF_SAMPLES_SINCE = "1.1"


def known(release: str) -> Tuple[str, ...]:
    """The values of ``init_params`` that a release has."""
    has_all = Version(Version(release).base_version) >= Version(OF_SAMPLES_SINCE)
    return (*OF_ALL_SAMPLES, *OF_SAMPLES) if has_all else OF_ALL_SAMPLES


def responsibilities(samples: np.ndarray, n_components: int, init_params: str, seed: int) -> np.ndarray:
    """The responsibilities that ``init_params`` and a seed give, of shape (n_samples, n_components).

    Raises
    ------
    NotJudged
        There are too few samples.
    """
    from sklearn import cluster  # noqa: PLC0415  (the report reads the checks without scikit-learn)

    if len(samples) < n_components:
        raise NotJudged("there are fewer samples than components")
    random = np.random.RandomState(seed)
    if init_params == "random":
        drawn = random.uniform(size=(len(samples), n_components))
        return drawn / drawn.sum(axis=1)[:, np.newaxis]
    ones = np.zeros((len(samples), n_components))
    if init_params == "kmeans":
        means, error = call(cluster.KMeans(n_clusters=n_components, n_init=1, random_state=random).fit, samples)
        if error is not None:
            raise NotJudged("k-means raised {}".format(error.brief))
        ones[np.arange(len(samples)), means.labels_] = 1
        return ones
    if init_params == "random_from_data":
        chosen = random.choice(len(samples), size=n_components, replace=False)
    else:
        _, chosen = cluster.kmeans_plusplus(samples, n_components, random_state=random)
    ones[chosen, np.arange(n_components)] = 1
    return ones


def estimated(case: Case, init_params: str, seed: int, dtype: str = "float64") -> Tuple[Parameters, Tolerances]:
    """The M-step of the responsibilities that a fit of a case starts from, and how far rounding may take it.

    Raises
    ------
    NotJudged
        A component gets none.
    """
    samples = _floats(case.frame)
    given = responsibilities(samples, case.n_components, init_params, seed)
    masses = given.sum(axis=0)
    if not masses.all():
        raise NotJudged("init_params={!r} leaves a component without a sample".format(init_params))
    samples, shares, n_samples = samples.astype(np.float64), given / masses, float(masses.sum())
    exact = m_step(samples, shares, np.log(masses), n_samples, case.settings)
    arithmetic = tolerances.arithmetic_of(case.settings, dtype)
    return exact, tolerances.of_m_step(arithmetic, samples, shares, exact, n_samples=n_samples)


def start(case: Case, init_params: str, given: Iterable[str] = (), seed: int = 0) -> Start:
    """Where a fit of a case starts, of which some parameters are given and the others estimated.

    Parameters
    ----------
    case : Case
    init_params : str
    given : iterable of {'weights', 'means', 'precisions'}
        Those that are the case's own.
    seed : int

    Raises
    ------
    NotJudged
        There is no such start, or its covariances are singular.
    """
    (log_weights, means, covariances), _ = estimated(case, init_params, seed)
    try:
        factors = precision_factors(covariances, case.settings.covariance_type, means.shape)
    except DegenerateCovariance:
        raise NotJudged("the covariances of init_params={!r} are singular".format(init_params)) from None
    whole = np.matmul(factors, np.transpose(factors, (0, 2, 1)))
    chosen: Dict[str, np.ndarray] = {
        "weights": np.exp(log_weights),
        "means": means,
        "precisions": _shaped(case, whole),
    }
    chosen.update({name: getattr(case, name) for name in given})
    return Start(**chosen)


def _shaped(case: Case, matrices: np.ndarray) -> np.ndarray:
    """One matrix for each component in the shape of the covariance type."""
    kind = case.settings.covariance_type
    if kind == "full":
        return matrices
    if kind == "tied":
        return matrices[0]
    diagonals = np.einsum("kii->ki", matrices)
    return diagonals.copy() if kind == "diag" else diagonals[:, 0].copy()


def _floats(frame: np.ndarray) -> np.ndarray:
    return frame if frame.dtype.kind == "f" else frame.astype(np.float64)
