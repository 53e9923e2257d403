"""OpenCV: ``cv2.ml.EM``, which OpenCV 5 does not have any more. https://github.com/opencv/opencv."""

import cv2
import numpy as np

from tests.support.density import full_matrices
from tests.workers.peers.base import Can, Fit, Peer, Start

KINDS = {
    "full": cv2.ml.EM_COV_MAT_GENERIC,
    "diag": cv2.ml.EM_COV_MAT_DIAGONAL,
    "spherical": cv2.ml.EM_COV_MAT_SPHERICAL,
}


class Mixture(Peer):
    """`cv2.ml.EM`."""

    can = Can(
        covariance_types=tuple(KINDS), dtypes=("float64",), has_reg_covar=False,
        stops="log-likelihood rises by less than a share of it",
    )  # fmt: skip

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Train from the start: it ends with an E-step, which counts."""
        model = cv2.ml.EM_create()
        model.setClustersNumber(len(start.weights))
        model.setCovarianceMatrixType(KINDS[self.covariance_type])
        model.setTermCriteria((cv2.TERM_CRITERIA_COUNT, n_iter + 1, 0.0))
        covariances = full_matrices(start.covariances, self.covariance_type, *start.means.shape)
        # A list of matrices is not taken, nor is an array whose last axis could be channels.
        model.trainE(samples, start.means, cv2.Mat(covariances, wrap_channels=False), start.weights)
        found = np.array(model.getCovs())
        if self.covariance_type != "full":
            found = np.diagonal(found, axis1=1, axis2=2)
        return Fit(
            model.getWeights()[0], model.getMeans(), found[:, 0] if self.covariance_type == "spherical" else found
        )
