"""pomegranate: EM in torch. https://github.com/jmschrei/pomegranate."""

import numpy as np
import torch
from pomegranate.distributions import Normal
from pomegranate.gmm import GeneralMixtureModel

from tests.workers.peers.base import Can, Fit, Peer, Start


class Mixture(Peer):
    """`pomegranate.gmm.GeneralMixtureModel` of normal distributions."""

    # Whatever goes in, responsibilities are rounded to float32.
    can = Can(
        covariance_types=("full", "diag"), dtypes=("float32",), has_reg_covar=False,
        stops="log-likelihood rises by less than tol",
    )  # fmt: skip

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Fit a mixture of the start; the log-likelihood is only printed."""
        weights, means, covariances = map(torch.from_numpy, start)
        normals = [Normal(*each, covariance_type=self.covariance_type) for each in zip(means, covariances)]
        model = GeneralMixtureModel(normals, weights, max_iter=n_iter, tol=-np.inf)
        model.fit(torch.from_numpy(samples))
        means, covariances = ([getattr(one, name).numpy() for one in model.distributions] for name in ("means", "covs"))
        return Fit(model.priors.numpy(), means, covariances)
