"""The base of all adapters: what the suite asks of an estimator, around one EM of another library."""

import contextlib
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np

from fixtures.validation import COVARIANCE_TYPES
from tests.support.density import full_matrices

ALL = "weights, means, covariances"  # a start that is given whole


class Can(NamedTuple):
    """What an implementation can.

    Attributes
    ----------
    start : str
        What a fit can be given to start from; unless it is `ALL`, nothing can be judged.
    covariance_types : tuple of str
        As scikit-learn names them.
    dtypes : tuple of str
        Floating point types that it computes in; first the one that a case of another type is converted to.
    has_reg_covar : bool
        Whether it adds ``reg_covar`` to each covariance; exact EM does without where it does not.
    stops : str
        Its own stopping rule, in words. It is switched off.
    takes_one_step : bool
        Whether it can be told to take so many steps, one included.
    """

    start: str = ALL
    covariance_types: Tuple[str, ...] = COVARIANCE_TYPES
    dtypes: Tuple[str, ...] = ("float64", "float32")
    has_reg_covar: bool = True
    stops: str = "mean log-likelihood changes by less than tol"
    takes_one_step: bool = True


class Start(NamedTuple):
    """What EM starts from: covariances, where `replay.Start` has precisions."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


class Fit(NamedTuple):
    """What EM left; the lower bound is the mean log-likelihood of a sample before the last M-step, if it is told."""

    weights: Any
    means: Any
    covariances: Any  # in the shape that scikit-learn has for the covariance type
    lower_bound: Optional[float] = None


class Peer:
    """An estimator with ``GaussianMixture``'s parameters and fitted attributes; an adapter is a subclass with `em`.

    It starts from what is given, or warm, and takes ``max_iter`` steps.
    """

    can = Can()

    def __init__(
        self, *, covariance_type: str, max_iter: int, reg_covar: float = 0.0, warm_start: bool = False, **start: Any
    ) -> None:
        self.covariance_type = covariance_type
        self.max_iter = max_iter
        self.reg_covar = reg_covar
        self.warm_start = warm_start
        self._start = tuple(start[name + "_init"] for name in ("weights", "means", "precisions"))

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        """Take `n_iter` steps of EM; ``self.covariance_type`` and ``self.reg_covar`` say which.

        Parameters
        ----------
        samples : ndarray of shape (n_samples, n_features)
        start : Start
            Arrays of the dtype of the samples, which are the adapter's own.
        n_iter : int
        """
        raise NotImplementedError

    def fit(self, X: np.ndarray, y: Any = None) -> "Peer":  # noqa: ARG002, N803
        """Fit to samples, (n_samples, n_features)."""
        is_warm = self.warm_start and getattr(self, "precisions_", None) is not None
        weights, means, precisions = (
            (self.weights_, self.means_, self.precisions_) if is_warm else self._start  # type: ignore[has-type]
        )
        dtype = means.dtype if means.dtype.name in self.can.dtypes else np.dtype(self.can.dtypes[0])
        start = Start(*(np.array(part, dtype=dtype) for part in (weights, means, self._inverse(precisions))))
        left = self.em(np.array(X, dtype=dtype), start, self.max_iter)
        self.weights_, self.means_, self.covariances_ = (np.array(part) for part in left[:3])
        self.n_iter_ = self.max_iter
        self.lower_bound_ = left.lower_bound
        # No other fit can go on from a covariance that is not definite.
        self.precisions_: Optional[np.ndarray] = None
        with contextlib.suppress(np.linalg.LinAlgError):
            np.linalg.cholesky(full_matrices(self.covariances_, self.covariance_type, *self.means_.shape))
            self.precisions_ = self._inverse(self.covariances_)
        return self

    def _inverse(self, matrices: np.ndarray) -> np.ndarray:
        """Covariances of precisions, or the other way round."""
        return 1 / matrices if self.covariance_type in ("diag", "spherical") else np.linalg.inv(matrices)
