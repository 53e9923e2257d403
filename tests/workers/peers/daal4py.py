"""daal4py: EM of oneDAL, in C++. https://github.com/uxlfoundation/scikit-learn-intelex."""

import daal4py
import numpy as np

from tests.workers.peers.base import Can, Fit, Peer, Start

STORED = {"full": "full", "diag": "diagonal"}


class Mixture(Peer):
    """`daal4py.em_gmm`."""

    can = Can(
        covariance_types=tuple(STORED), dtypes=("float64",), has_reg_covar=False,
        stops="log-likelihood changes by less than accuracyThreshold",
    )  # fmt: skip

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Compute from the start."""
        algorithm = daal4py.em_gmm(
            nComponents=len(start.weights), maxIterations=n_iter, accuracyThreshold=0.0,
            covarianceStorage=STORED[self.covariance_type],
        )  # fmt: skip
        matrices = [np.atleast_2d(matrix) for matrix in start.covariances]
        done = algorithm.compute(samples, start.weights[np.newaxis], start.means, matrices)
        covariances = np.reshape(done.covariances, start.covariances.shape)
        return Fit(
            np.ravel(done.weights), done.means, covariances, float(np.ravel(done.goalFunction)[0]) / len(samples)
        )
