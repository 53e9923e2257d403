"""gmr: EM in numpy, for regression. https://github.com/AlexanderFabisch/gmr."""

import numpy as np
from gmr import GMM

from tests.workers.peers.base import Can, Fit, Peer, Start


class Mixture(Peer):
    """`gmr.GMM`."""

    can = Can(
        covariance_types=("full",), dtypes=("float64",), has_reg_covar=False, stops="responsibilities change by little"
    )

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Fit a model of the start, which it writes over."""
        model = GMM(len(start.weights), *start)
        model.from_samples(samples, R_diff=-1.0, n_iter=n_iter)
        return Fit(model.priors, model.means, model.covariances)
