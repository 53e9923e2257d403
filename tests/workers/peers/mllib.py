"""pyspark.mllib: EM of Spark, on this machine alone. https://github.com/apache/spark."""

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np
from pyspark import SparkConf, SparkContext
from pyspark.mllib.clustering import GaussianMixture
from pyspark.mllib.linalg import DenseMatrix, DenseVector

from tests.workers.peers.base import Can, Fit, Peer, Start


@functools.lru_cache(maxsize=None)
def _context() -> Any:
    """Spark with one thread, and no page in a browser."""
    return SparkContext("local[1]", conf=SparkConf().set("spark.ui.enabled", "false"))


class Mixture(Peer):
    """`pyspark.mllib.clustering.GaussianMixture`."""

    can = Can(
        covariance_types=("full",), dtypes=("float64",), has_reg_covar=False,
        stops="log-likelihood changes by no more than convergenceTol",
    )  # fmt: skip

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Train from a model of the start."""
        n_features = samples.shape[1]
        gaussians = [
            SimpleNamespace(mu=DenseVector(mean), sigma=DenseMatrix(n_features, n_features, matrix.ravel()))
            for mean, matrix in zip(start.means, start.covariances)
        ]
        model = SimpleNamespace(k=len(gaussians), weights=start.weights.tolist(), gaussians=gaussians)
        rows = _context().parallelize(samples.tolist(), 1)
        found = GaussianMixture.train(rows, len(gaussians), 0.0, n_iter, initialModel=model)
        return Fit(
            found.weights,
            [one.mu.toArray() for one in found.gaussians],
            [one.sigma.toArray() for one in found.gaussians],
        )
