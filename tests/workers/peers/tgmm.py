"""tgmm: EM in torch. https://github.com/adriansousapoza/tgmm."""

import numpy as np
import torch
from tgmm import GaussianMixture

from tests.workers.peers.base import Can, Fit, Peer, Start

SMALLEST = 1e-300  # a tol that is taken: it has to be above zero
KINDS = {"full": "full", "tied": "tied_full", "diag": "diag", "spherical": "spherical"}


class Mixture(Peer):
    """`tgmm.GaussianMixture`."""

    can = Can(covariance_types=tuple(KINDS), stops="mean log-likelihood changes by less than a share of it")

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Fit from the start; the history of lower bounds has one more where it did not converge."""
        weights, means, covariances = map(torch.from_numpy, start)
        torch.set_default_dtype(weights.dtype)  # that of the history
        model = GaussianMixture(
            len(weights), covariance_type=KINDS[self.covariance_type], max_iter=n_iter, tol=SMALLEST,
            reg_covar=self.reg_covar, init_weights=weights, init_means=means, init_covariances=covariances,
            device="cpu",
        )  # fmt: skip
        model.fit(torch.from_numpy(samples))
        bounds = model.log_likelihood_history_[:n_iter]
        return Fit(model.weights_.numpy(), model.means_.numpy(), model.covariances_.numpy(), float(bounds[-1]))
