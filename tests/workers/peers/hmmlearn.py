"""hmmlearn: a hidden Markov model of one state that emits a mixture. https://github.com/hmmlearn/hmmlearn."""

import numpy as np
from hmmlearn.hmm import GMMHMM

from tests.workers.peers.base import Can, Fit, Peer, Start


class Mixture(Peer):
    """`hmmlearn.hmm.GMMHMM`."""

    can = Can(dtypes=("float64",), has_reg_covar=False, stops="log-likelihood rises by less than tol")

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Fit the emissions of the one state."""
        n_components, n_features = start.means.shape
        # Maximum likelihood: its own prior of spherical covariances is none only where there are as many components
        # as features.
        prior = -(n_features + 2) / 2 if self.covariance_type == "spherical" else None
        model = GMMHMM(
            1, n_components, covariance_type=self.covariance_type, covars_prior=prior, n_iter=n_iter, tol=-np.inf,
            init_params="",
        )  # fmt: skip
        model.startprob_, model.transmat_ = np.ones(1), np.ones((1, 1))
        model.weights_, model.means_, model.covars_ = (part[np.newaxis] for part in start)
        model.fit(samples)
        bound = model.monitor_.history[-1] / len(samples)
        return Fit(model.weights_[0], model.means_[0], model.covars_[0], bound)
