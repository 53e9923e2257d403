"""Exact EM of this suite: what every other one is compared with."""

import numpy as np

from fixtures.corpus import Settings
from tests.support.reference import NEVER, exact_em, precision_factors
from tests.workers.peers.base import Can, Fit, Peer, Start


class Mixture(Peer):
    """`tests.support.reference.exact_em`."""

    can = Can(stops="none: so many steps")

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Take `n_iter` exact steps."""
        settings = Settings(self.covariance_type, self.reg_covar, NEVER, n_iter)
        wide = [part.astype(np.float64) for part in start]
        factors = precision_factors(wide[2], self.covariance_type, start.means.shape)
        with np.errstate(divide="ignore"):  # a weight of zero stays zero
            done = exact_em(samples, np.log(wide[0]), wide[1], factors, settings)
        # A weight of zero would have no logarithm for a fit that goes on from here.
        weights = np.maximum(np.exp(done.final.log_weights), np.finfo(np.float64).tiny)
        return Fit(weights, done.final.means, done.final.covariances, done.lower_bounds[-1])
