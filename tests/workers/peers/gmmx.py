"""gmmx: EM in JAX. https://github.com/adonath/gmmx."""

import jax.numpy as jnp
import numpy as np
from gmmx import EMFitter, GaussianMixtureModelJax

from tests.workers.peers.base import Can, Fit, Peer, Start


class Mixture(Peer):
    """`gmmx.EMFitter`."""

    can = Can(covariance_types=("full", "diag"), dtypes=("float32",))

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Fit from a model of the start."""
        weights, means, covariances = map(jnp.asarray, start)
        model = GaussianMixtureModelJax.from_squeezed(means, covariances, weights, self.covariance_type)
        fitter = EMFitter(max_iter=n_iter, tol=-1.0, reg_covar=self.reg_covar)
        done = fitter.fit(jnp.asarray(samples), model)
        found = done.gmm
        return Fit(found.weights_numpy, found.means_numpy, found.covariances.values_numpy, float(done.log_likelihood))
