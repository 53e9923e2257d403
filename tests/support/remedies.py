"""Remedies: candidate fixes of scikit-learn #12099, each a ``GaussianMixture`` that runs on every release.

- `LogDomainMixture` does what EM says: a component without mass is a weighted
  mean of samples like any other.
- `WarmStartMixture` does so with as small a change of scikit-learn as it takes.
- `KeepLastParameters` leaves such a component where it was.

The first and the last put right what a release gets wrong around the M-step
(`SoundFit`). The change of scikit-learn is the M-step alone. Named on the command
line: ``--estimator tests.support.remedies:WarmStartMixture``.

Runs inside old environments: Python 3.6 syntax; numpy, scipy and scikit-learn.
"""

import contextlib
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

# What this module knows of the private side of scikit-learn is here and in the
# names of the overridden methods: `_initialize_parameters`, `_initialize`,
# `_m_step`, `_estimate_log_prob`, `_estimate_log_weights`, `_get_parameters` and
# `_set_parameters`, which every release calls at the same points of its fit.
# They take `xp` from 1.8 on (#30777). `SoundFit` and what is made of it are for
# numpy arrays, and pass it on unread as `**xp`.
try:
    from sklearn.mixture import _gaussian_mixture as private  # 0.22 on (#15166)
except ImportError:
    from sklearn.mixture import gaussian_mixture as private  # 0.18 to 0.21

RELEASE = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
N_ITER_COUNTS_FROM_ZERO = RELEASE < (0, 20)  # #11015
HAS_FIT_PREDICT = RELEASE >= (0, 20)  # #11281: fit calls it, and it holds the loop
LABELS_OF_THE_LAST_START = RELEASE == (0, 20)  # #13142
CONVERGED_IF_ANY_START_DID = RELEASE < (1, 5)  # #26837
LOWER_BOUND_OF_THE_LAST_START = RELEASE < (0, 20)

# What scikit-learn allows the sum of float32 weights, from 1.7 on (#30415).
FLOAT32_SUM_IS_OFF_BY = 1e-6
# The smallest float64 with all its digits. A weight of 0 would have no
# logarithm for the next E-step, and a smaller one only some of its digits.
SMALLEST_WEIGHT = np.finfo(np.float64).tiny


class SoundFit(GaussianMixture):  # type: ignore[misc]
    """Around the M-step, a fit does on every release what it should.

    - The first E-step uses the precisions given: up to 1.0.1 those of ``diag``
      and ``spherical`` were squared (#16944). ``covariances_`` are there from
      the start, and are those of the start.
    - A warm-started fit measures its first change of the lower bound from
      nothing, like a cold one: scikit-learn measures it from the bound of
      another frame, and may stop at once.
    - A fit that raises leaves the estimator as it was; scikit-learn leaves
      parameters of two different steps, and starts from them next time.
    - ``n_iter_`` counts the iterations done.
    - Of several starts the best is kept, with its own ``converged_``, lower bound
      and labels: up to 1.4 ``converged_`` is true if any start converged, up to
      0.19 the lower bound is the last one's, and 0.20 labels as the last one does.
    """

    _of_best_start: Dict[str, Any]  # within a fit only

    def fit(self, X: np.ndarray, y: Any = None) -> Any:  # noqa: N803
        """Fit to samples, (n_samples, n_features)."""
        with self._whole_or_not_at_all():
            super().fit(X, y)
            if N_ITER_COUNTS_FROM_ZERO:
                self.n_iter_ += 1
        return self

    def fit_predict(self, X: np.ndarray, y: Any = None) -> np.ndarray:  # noqa: N803
        """Fit to samples, and give the component of each."""
        if not HAS_FIT_PREDICT:
            return self.fit(X, y).predict(X)
        with self._whole_or_not_at_all():
            labels = super().fit_predict(X, y)
            return self.predict(X) if LABELS_OF_THE_LAST_START else labels

    def _initialize_parameters(self, X: np.ndarray, random_state: Any, **xp: Any) -> None:  # noqa: N803
        if CONVERGED_IF_ANY_START_DID:
            self.converged_ = False  # what an earlier start left
        super()._initialize_parameters(X, random_state, **xp)

    def _get_parameters(self) -> Any:
        if CONVERGED_IF_ANY_START_DID:
            self._of_best_start = {"converged_": self.converged_}
        if LOWER_BOUND_OF_THE_LAST_START:
            self._of_best_start["lower_bound_"] = self.lower_bound_
        return super()._get_parameters()

    def _set_parameters(self, params: Any, **xp: Any) -> None:
        super()._set_parameters(params, **xp)
        if CONVERGED_IF_ANY_START_DID:
            self.__dict__.update(self._of_best_start)
            del self._of_best_start

    @contextlib.contextmanager
    def _whole_or_not_at_all(self) -> Iterator[None]:
        before = self.__dict__.copy()
        if self.warm_start and hasattr(self, "converged_"):
            self.lower_bound_ = -np.inf
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _initialize(self, X: np.ndarray, resp: Optional[np.ndarray], **xp: Any) -> None:  # noqa: N803
        super()._initialize(X, resp, **xp)
        if self.precisions_init is None:
            return
        precisions = self.precisions_init
        if self.covariance_type in ("full", "tied"):
            # P = U U^T with U upper triangular, like the factors that the
            # M-step leaves: the Cholesky factor in reverse order.
            self.precisions_cholesky_ = np.linalg.cholesky(precisions[..., ::-1, ::-1])[..., ::-1, ::-1]
            self.covariances_ = np.linalg.inv(precisions)
        else:
            self.precisions_cholesky_ = np.sqrt(precisions)
            self.covariances_ = 1 / precisions

    def _set_covariances(self, covariances: np.ndarray) -> None:
        """Keep covariances and their factors; ValueError, as scikit-learn words it, where one is singular."""
        self.covariances_ = covariances
        self.precisions_cholesky_ = private._compute_precision_cholesky(covariances, self.covariance_type)


class LogDomainMixture(SoundFit):
    """EM with responsibilities in the log domain: exact, however far a component is from all samples.

    The M-step needs each sample's *share* in the mass of a component, and
    shares do not change when all log responsibilities of the component are
    raised by the same amount. Raised until the largest is 0 they cannot all
    underflow: the shares sum to one, the mean lies inside the data, and nothing
    needs a ``10 * eps`` to divide by.

    Covariances and densities come from deviations from the mean, which lose no
    digits far from the origin. All is computed in float64 whatever the dtype of
    the samples: squares of pixel coordinates have more digits than float32. Where
    samples and initial parameters are all float32, the fitted parameters are
    rounded to it at the end, as releases from 1.7 on keep it.

    Log weights are kept as such within a fit, as exact EM asks for. ``weights_``
    are not less than the smallest normal float64, so that the next fit,
    explicit or warm, can start from them: both then start from the same.
    """

    weights_: np.ndarray
    _rounds_to = np.dtype(np.float64)
    _log_weights: Optional[np.ndarray] = None  # within a fit only

    def _check_parameters(self, X: np.ndarray, **xp: Any) -> None:  # noqa: N803
        # float64 before scikit-learn looks at them: up to 1.6 it refuses weights
        # of float32 that sum to one within the precision of float32.
        given = {name: getattr(self, name) for name in ("weights_init", "means_init", "precisions_init")}
        given = {name: np.asarray(array) for name, array in given.items() if array is not None}
        if not hasattr(self, "means_"):
            self._rounds_to = np.result_type(X.dtype, np.float32, *(array.dtype for array in given.values()))
        for name, array in given.items():
            exact = array.astype(np.float64)
            if name == "weights_init" and array.dtype == np.float32 and abs(exact.sum() - 1) <= FLOAT32_SUM_IS_OFF_BY:
                exact /= exact.sum()  # which is as much one as float32 can say
            setattr(self, name, exact)
        super()._check_parameters(X, **xp)

    def _initialize(self, X: np.ndarray, resp: Optional[np.ndarray], **xp: Any) -> None:  # noqa: N803
        # float64, because scikit-learn makes the first M-step of a cold start.
        super()._initialize(np.asarray(X, dtype=np.float64), resp, **xp)
        self.weights_ = np.maximum(self.weights_, SMALLEST_WEIGHT)
        self._log_weights = None

    def _m_step(self, X: np.ndarray, log_resp: np.ndarray, **xp: Any) -> None:  # noqa: N803, ARG002
        points = coordinate_rows(X)
        shares, log_mass = shares_in_mass(log_resp)
        self._log_weights = log_mass - np.log(len(X))
        weights = np.exp(self._log_weights)
        weights /= weights.sum()  # as it is up to rounding; a weight above 1 could not be handed on
        self.weights_ = np.maximum(weights, SMALLEST_WEIGHT)
        self.means_ = np.dot(shares, points.T)
        self._set_covariances(self._covariances(points, shares, weights))

    def _covariances(self, points: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
        n_features = len(points)
        if self.covariance_type in ("diag", "spherical"):
            variances = np.empty((self.n_components, n_features))
            for component, mean in enumerate(self.means_):
                deviations = points - mean[:, np.newaxis]
                variances[component] = np.dot(np.square(deviations, out=deviations), shares[component])
            variances += self.reg_covar
            return variances if self.covariance_type == "diag" else variances.mean(axis=1)
        floor = self.reg_covar * np.eye(n_features)
        covariances = np.empty((self.n_components, n_features, n_features))
        for component, mean in enumerate(self.means_):
            deviations = points - mean[:, np.newaxis]
            covariances[component] = np.dot(deviations * shares[component], deviations.T)
        if self.covariance_type == "tied":
            return np.tensordot(weights, covariances, axes=1) + floor
        return covariances + floor

    def _estimate_log_prob(self, X: np.ndarray, **xp: Any) -> np.ndarray:  # noqa: N803, ARG002
        if X.shape[1] != self.means_.shape[1]:  # a mean of another length might be broadcast
            raise ValueError("X has {} features; the mixture has {}".format(X.shape[1], self.means_.shape[1]))
        points = coordinate_rows(X)
        factors = self.precisions_cholesky_
        if self.covariance_type == "tied":
            factors = np.broadcast_to(factors, (self.n_components,) + factors.shape)
        # Rows are components: each is written, and read by the M-step, in one piece.
        log_prob = np.empty((self.n_components, len(X)))
        for component, (mean, factor) in enumerate(zip(self.means_, factors)):
            deviations = points - mean[:, np.newaxis]
            if factor.ndim == 2:
                deviations = np.dot(factor.T, deviations)
                half_log_det = np.log(np.diag(factor)).sum()
            else:
                deviations *= np.reshape(factor, (-1, 1))
                half_log_det = np.log(factor).sum() if factor.ndim else len(points) * np.log(factor)
            np.einsum("fi,fi->i", deviations, deviations, out=log_prob[component])
            log_prob[component] *= -0.5
            log_prob[component] += half_log_det - 0.5 * len(points) * np.log(2 * np.pi)
        return log_prob.T

    def _estimate_log_weights(self, **xp: Any) -> np.ndarray:  # noqa: ARG002
        return np.log(self.weights_) if self._log_weights is None else self._log_weights

    def _set_parameters(self, params: Tuple[np.ndarray, ...], **xp: Any) -> None:
        # The last that every fit does: from here on weights_ are what counts.
        super()._set_parameters(params, **xp)
        self._log_weights = None
        if self._rounds_to == np.float32 and self._float32_holds_the_precisions():
            self.weights_ = np.maximum(self.weights_, np.finfo(np.float32).tiny)
            for name in ("weights_", "means_", "covariances_", "precisions_cholesky_", "precisions_"):
                setattr(self, name, getattr(self, name).astype(np.float32))

    def _float32_holds_the_precisions(self) -> bool:
        """Whether they are still definite when they are rounded: the next fit is refused what is not."""
        if self.covariance_type in ("diag", "spherical"):
            return True
        rounded = self.precisions_.astype(np.float32).astype(np.float64)
        return bool(np.linalg.eigvalsh(rounded).min() > 0)


class WarmStartMixture(GaussianMixture):  # type: ignore[misc]
    """scikit-learn's M-step, and then anew, from raised responsibilities, each component with less than one sample.

    The change that scikit-learn could take: `nox -s remedies -- --patch` writes
    it as one, and the README has it as a class to paste. It changes nothing else,
    and so has every other defect of the release.

    - *EM loses nothing.* The mean and the covariance of a component are made of
      each sample's share in its mass, and shares do not change when all its
      responsibilities are multiplied by one number. Raised until the largest
      is 1, they cannot all underflow. The product is a sum of logarithms, so
      it is exact where the responsibilities themselves have no digits left.
    - *No* ``10 * eps``. Of a mass ``nk``, which it is added to, it moves the mean
      by ``10 * eps / nk`` of the way to the origin. Raised, ``nk`` is at least 1
      and ``10 * eps`` is rounding, as it is for a component with a sample or more.
      It stays where it is: a component that starts without a sample divides by it.
    - *tied* needs the mean alone. The common covariance counts each component
      with its true mass, and a mean that is ``10 * eps / nk`` off changes it by
      ``10 * eps``.
    - *A weight that underflows* is kept at the smallest normal number of its
      dtype (numpy names it from 1.22 on; it is 4 by the largest): 0 would have
      no logarithm in the next E-step, and no way back.
    - *Left alone*: every component with a sample or more, to the last bit; one
      that was given a weight of 0, which has no share of any sample; how a fit
      starts, where responsibilities are given as they are and 0 is 0; and
      `BayesianGaussianMixture`, whose prior has a mean for an empty component.

    A step without such a component compares ``n_components`` numbers with 1, and
    does nothing more. One with them costs a step of these components again, on the
    samples whose responsibility is more than ``eps ** 4`` once it is raised, and
    holds less than the step before it. What is left out adds less than ``n_samples
    * eps ** 4`` of a squared distance to a variance: in float32, of a million samples
    in a frame of 8,000 by 8,000 pixels, less than ``eps`` of the default ``reg_covar``.
    """

    def _m_step(self, X: Any, log_resp: Any, **namespace: Any) -> None:  # noqa: N803
        xp = namespace.get("xp", np)
        self.weights_, self.means_, self.covariances_ = private._estimate_gaussian_parameters(
            X, xp.exp(log_resp), self.reg_covar, self.covariance_type, **namespace
        )
        self.weights_ /= xp.sum(self.weights_)
        self._estimate_lost_components(X, log_resp, **namespace)
        self.precisions_cholesky_ = private._compute_precision_cholesky(
            self.covariances_, self.covariance_type, **namespace
        )

    def _estimate_lost_components(self, X: Any, log_resp: Any, **namespace: Any) -> None:  # noqa: N803
        """Estimate components of less than one sample from raised responsibilities.

        The mean and the covariance of a component do not change when all its
        responsibilities are multiplied by one number. Make the largest 1, and
        they cannot all underflow, and `10 * eps` is small beside their sum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        log_resp : array-like of shape (n_samples, n_components)
            Logarithm of the posterior probabilities (or responsibilities) of
            the point of each sample in X.
        """
        xp = namespace.get("xp", np)
        lost = self.weights_ < 1 / X.shape[0]
        if not xp.any(lost):
            return
        limits = xp.finfo(log_resp.dtype)
        smallest, least_share = 4 / float(limits.max), float(limits.eps) ** 4
        for k in range(self.n_components):
            if not lost[k]:
                continue
            column = log_resp[:, k]
            largest = xp.max(column)
            if largest == -xp.inf:  # a weight of 0 leaves nothing to raise
                continue
            # What is far less than the largest changes no digit, not even of reg_covar.
            near = xp.nonzero(column > largest + float(np.log(least_share)))[0]
            resp = xp.exp(xp.take(column, near, axis=0) - largest)[:, None]
            samples = xp.take(X, near, axis=0)
            nk, means, covariances = private._estimate_gaussian_parameters(
                samples, resp, self.reg_covar, self.covariance_type, **namespace
            )
            # A weight of 0 would have no logarithm in the next step.
            weight = float(nk[0] * xp.exp(largest)) / X.shape[0]
            self.weights_[k] = max(weight, smallest)
            self.means_[k, :] = means[0, :]
            # The tied covariance counts every component with its true mass.
            if self.covariance_type != "tied":
                self.covariances_[k, ...] = covariances[0, ...]


class KeepLastParameters(SoundFit):
    """A component that has lost its mass keeps the mean and the covariance of the step before.

    scikit-learn divides by ``nk``, the mass plus ``10 * eps``, and so moves a
    mean towards the origin by the part ``10 * eps / nk`` of the way. A
    component is lost where that is half of the way or more: where its mass is
    at most ``10 * eps``. A component with somewhat more mass is dragged, by
    less, and stays so: what is lost is a matter of a threshold here, and of
    none in `LogDomainMixture`.

    Its weight is what scikit-learn makes of its mass, ``10 * eps`` of a sample
    or little more: it takes no sample from the others, and when an object comes
    back to where it is, one E-step gives it that object.
    """

    means_: np.ndarray

    def _m_step(self, X: np.ndarray, log_resp: np.ndarray, **xp: Any) -> None:  # noqa: N803, ARG002
        # Not the M-step of the parent: with reg_covar=0 that raises for a lost component.
        nk, means, covariances = private._estimate_gaussian_parameters(
            X, np.exp(log_resp), self.reg_covar, self.covariance_type
        )
        lost = np.flatnonzero(nk <= 20 * np.finfo(log_resp.dtype).eps)
        if len(lost):  # those of the step before are still in place
            means[lost] = self.means_[lost]
            if self.covariance_type != "tied":
                covariances[lost] = self.covariances_[lost]
        self.weights_ = nk / nk.sum()
        self.means_ = means
        self._set_covariances(covariances)


def shares_in_mass(log_resp: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Each sample's share in the responsibility mass of each component, and the log masses.

    Parameters
    ----------
    log_resp : ndarray of shape (n_samples, n_components)

    Returns
    -------
    shares : ndarray of shape (n_components, n_samples)
        Rows sum to one, however small the mass.
    log_mass : ndarray of shape (n_components,)
    """
    rows = log_resp.T
    largest = rows.max(axis=1)
    shares = rows - largest[:, np.newaxis]
    np.exp(shares, out=shares)
    raised_mass = shares.sum(axis=1)  # between 1 and n_samples
    shares /= raised_mass[:, np.newaxis]
    return shares, largest + np.log(raised_mass)


def coordinate_rows(samples: np.ndarray) -> np.ndarray:
    """Samples as float64, one row for each coordinate: (n_features, n_samples)."""
    return np.ascontiguousarray(np.transpose(samples), dtype=np.float64)
