"""An estimator that keeps every promise, the cases to try it on, and all checks at once.

Fakes are subclasses of `ExactMixture` that break one thing each; they are
beside the selftests of the promise that they break.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from fixtures.corpus import Case, Settings
from tests.selftest.fakes import shaped_like
from tests.selftest.refuses import Refuses
from tests.support import check
from tests.support.check import Check, UnderTest
from tests.support.density import full_matrices, log_joint_densities, log_sum_exp
from tests.support.findings import Finding
from tests.support.judgement import BROKEN, Judgement
from tests.support.reference import DegenerateCovariance, Trajectory, exact_em, m_step, precision_factors
from tests.support.subject import Subject

RELEASE = "1.9.1"
N_SAMPLES = (20, 12, 6)


class ExactMixture(Refuses):
    """Exact EM with the interface of ``GaussianMixture``.

    Fakes override `leave_whole` and `leave_step`, which may change what a fit
    left: a whole one, or one of ``max_iter=1``.
    """

    def fit(self, X: np.ndarray) -> ExactMixture:  # noqa: N803  (the name is scikit-learn's)
        samples = self.read(X)
        self.is_float32 = getattr(X, "dtype", None) == np.float32
        self.require(samples)
        settings = (self.n_components, self.covariance_type)
        self.started_warm = self.warm_start and getattr(self, "fitted_with", None) == settings
        if self.started_warm:
            self.require_fitted(samples)
        self.n_features_in_ = samples.shape[1]
        if self.started_warm and self.max_iter == 0:
            self.n_iter_, self.converged_ = 0, False
            return self
        random = check_random_state(self.random_state)
        starts = [self.begin(samples)] if self.started_warm else self.cold_starts(samples, random)
        if not self.started_warm:
            self.leave_start(*starts[0])
        if self.max_iter == 0:
            return self
        trajectory = self.best([self.run(samples, *start) for start in starts])
        self.set_parameters(trajectory, len(trajectory.parameters))
        self.fitted_with = settings
        self.converged_ = trajectory.converged
        if self.max_iter > 1:
            self.leave_whole(trajectory, samples)
        else:
            self.leave_step(trajectory, samples)
        self.tell()
        self.warn()
        return self

    def require(self, samples: np.ndarray) -> None:
        """Refuse what cannot be fitted."""
        self.require_settings()
        self.require_samples(samples)
        self.require_parameters(samples.shape[1])

    def fit_predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return self.fit(X).predict(X)

    def cold_starts(
        self, samples: np.ndarray, random: np.random.RandomState
    ) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Where the starts are: as given, and the M-step of responsibilities for what is not given."""
        given = self.begin(samples)
        if all(array is not None for array in given):
            return [tuple(np.array(array, np.float64) for array in given)] * self.n_init  # type: ignore[list-item]  # of three
        starts = []
        for _ in range(self.n_init):
            estimated = self.estimate(samples, self.responsibilities(samples, random))
            both = zip(estimated, given, strict=True)
            starts.append(tuple(e if g is None else np.array(g, np.float64) for e, g in both))
        return starts  # type: ignore[return-value]  # tuples of three

    def responsibilities(self, samples: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """What ``init_params`` names."""
        n_samples, n_components = len(samples), self.n_components
        if self.init_params == "random":
            drawn = random.uniform(size=(n_samples, n_components))
            return drawn / drawn.sum(axis=1, keepdims=True)
        if self.init_params == "kmeans":
            return np.eye(n_components)[KMeans(n_components, n_init=1, random_state=random).fit(samples).labels_]
        if self.init_params == "k-means++":
            chosen = kmeans_plusplus(samples, n_components, random_state=random)[1]
        else:
            chosen = random.choice(n_samples, n_components, replace=False)
        return np.eye(n_samples)[:, chosen]

    def estimate(self, samples: np.ndarray, resp: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, means and precisions of responsibilities."""
        masses = resp.sum(axis=0)
        settings = Settings(self.covariance_type, self.reg_covar, self.tol, self.max_iter)
        log_weights, means, covariances = m_step(samples, resp / masses, np.log(masses), masses.sum(), settings)
        factors = precision_factors(covariances, self.covariance_type, means.shape)
        whole = np.matmul(factors, np.transpose(factors, (0, 2, 1)))
        return np.exp(log_weights), means, shaped_like(self.covariance_type, whole)

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        """Leave what a fit starts from, its factors upper triangular."""
        self.weights_, self.means_, self.precisions_ = weights, means, precisions
        matrices = full_matrices(precisions, self.covariance_type, *means.shape)
        self.covariances_ = shaped_like(self.covariance_type, np.linalg.inv(matrices))
        upper = np.linalg.cholesky(matrices[:, ::-1, ::-1])[:, ::-1, ::-1]
        self.precisions_cholesky_ = shaped_like(self.covariance_type, upper)
        self.n_iter_, self.converged_, self.lower_bound_ = 0, False, -np.inf

    def run(self, samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> Trajectory:
        """EM from a start."""
        factors = np.linalg.cholesky(full_matrices(precisions, self.covariance_type, *means.shape))
        settings = Settings(self.covariance_type, self.reg_covar, self.tol, self.max_iter)
        try:
            return exact_em(samples, np.log(weights), means, factors, settings)
        except DegenerateCovariance as error:
            raise ValueError(self.advice(str(error))) from None

    def advice(self, error: str) -> str:
        """The message about a singular covariance."""
        return f"{error}; increase reg_covar" + (" or fit float64" if self.is_float32 else "")

    def best(self, trajectories: list[Trajectory]) -> Trajectory:
        """Which of several starts is kept."""
        return max(trajectories, key=lambda trajectory: trajectory.lower_bounds[-1])

    def read(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return np.array(X, dtype=np.float64)

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # noqa: ARG002
        if self.started_warm:
            return self.weights_, self.means_, self.precisions_
        return self.weights_init, self.means_init, self.precisions_init

    def set_parameters(self, trajectory: Trajectory, n_steps: int) -> None:
        """Leave what EM had after so many steps."""
        log_weights, means, covariances = trajectory.parameters[n_steps - 1]
        self.weights_, self.means_ = np.exp(log_weights), means.copy()
        self.n_iter_, self.lower_bounds_ = n_steps, list(trajectory.lower_bounds[:n_steps])
        self.lower_bound_ = self.lower_bounds_[-1]
        self.set_covariances(covariances)

    def set_covariances(self, covariances: np.ndarray) -> None:
        """Leave covariances, and the precisions and factors that belong to them."""
        self.covariances_ = covariances.copy()
        factors = precision_factors(covariances, self.covariance_type, self.means_.shape)
        if self.covariance_type == "tied":
            factors = factors[:1]
        self.precisions_cholesky_ = shaped_like(self.covariance_type, factors)
        self.precisions_ = shaped_like(self.covariance_type, np.matmul(factors, np.transpose(factors, (0, 2, 1))))

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:
        """Change what a whole fit left."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:
        """Change what one step left."""

    def tell(self) -> None:
        """Print the progress of a fit."""
        if self.verbose > 1:
            print("Iteration 1")

    def warn(self) -> None:
        if not self.converged_:
            warnings.warn("EM did not converge", ConvergenceWarning, stacklevel=3)

    def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        samples = np.array(X, np.float64)
        self.require_fitted(samples)
        precisions = full_matrices(self.precisions_, self.covariance_type, *self.means_.shape)
        return log_joint_densities(samples, np.log(self.weights_), self.means_, np.linalg.cholesky(precisions))

    def score_samples(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return log_sum_exp(self.log_joint(X), axis=1)

    def score(self, X: np.ndarray) -> float:  # noqa: N803
        return float(ExactMixture.score_samples(self, X).mean())

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        joint = self.log_joint(X)
        return np.exp(joint - log_sum_exp(joint, axis=1)[:, np.newaxis])

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return self.predict_proba(X).argmax(axis=1)

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        if n_samples < 1:
            raise ValueError(f"n_samples is {n_samples}")
        if not hasattr(self, "means_"):
            raise NotFittedError("there was no fit")
        random = check_random_state(self.random_state)
        counts = random.multinomial(n_samples, self.weights_ / self.weights_.sum())
        covariances = full_matrices(self.covariances_, self.covariance_type, *self.means_.shape)
        drawn = [random.multivariate_normal(*one) for one in zip(self.means_, covariances, counts, strict=True)]
        return np.concatenate(drawn), np.repeat(np.arange(len(counts)), counts)

    def n_parameters(self) -> int:
        n_components, n_features = self.means_.shape
        triangle = n_features * (n_features + 1) // 2
        own = {"full": n_components * triangle, "tied": triangle, "diag": n_components * n_features}
        return n_components - 1 + n_components * n_features + own.get(self.covariance_type, n_components)

    def bic(self, X: np.ndarray) -> float:  # noqa: N803
        return -2 * ExactMixture.score(self, X) * len(X) + self.n_parameters() * float(np.log(len(X)))

    def aic(self, X: np.ndarray) -> float:  # noqa: N803
        return -2 * ExactMixture.score(self, X) * len(X) + 2 * self.n_parameters()


def frame_of(seed: int) -> np.ndarray:
    """Integer samples of two overlapping objects, wider than high, and of one pixel that comes again and again."""
    random = np.random.default_rng(seed)
    wide = random.multivariate_normal([22, 30], [[30, 8], [8, 12]], N_SAMPLES[0])
    beside = random.multivariate_normal([37, 32], [[20, -6], [-6, 9]], N_SAMPLES[1])
    pixel = np.full((N_SAMPLES[2], 2), [58.0, 36.0])
    return np.concatenate([wide, beside, pixel]).round().astype(np.int32)


def promise_case(covariance_type: str = "full", n_frames: int = 1, max_iter: int = 100) -> Case:
    """A case that EM needs some steps for; its last component ends at the floor where its covariance is its own."""
    precisions = np.linalg.inv(np.array([[[30.0, 4.0], [4.0, 20.0]], [[20.0, -3.0], [-3.0, 10.0]], [[4, 0], [0, 3]]]))
    return Case(
        name=f"hand-made {covariance_type} {n_frames} {max_iter}",
        title="made by hand",
        flags=("control",),
        settings=Settings(covariance_type, 1e-6, 1e-3, max_iter),
        frames=tuple(frame_of(seed) for seed in range(n_frames)),
        weights=np.array([0.5, 0.25, 0.25]),
        means=np.array([[24.0, 31.0], [31.0, 31.0], [57.0, 36.0]]),
        precisions=shaped_like(covariance_type, precisions),
        provenance={"kind": "user"},
    )


def many_samples_of(case: Case) -> Case:
    """A case with enough samples to share between threads, and as quick: exact EM counts equal ones once."""
    return case._replace(name=case.name + MANY_SAMPLES, frames=(np.tile(case.frame, (80, 1)),))


MANY_SAMPLES = ", each sample 80 times"
CONVERGES, STOPS, CHAIN = promise_case(), promise_case(max_iter=3), promise_case(n_frames=3)
MANY = many_samples_of(CONVERGES)
CASES = (CONVERGES, STOPS, CHAIN, MANY)

PROMISES = {name: one for name, one in check.every().items() if not one.is_baseline and not one.of_arrays}

# They compare one step from a start that is not given whole.
STARTS = (
    "test_a_start_from_kmeans_is_that_of_its_labels",
    "test_a_start_at_random_is_that_of_its_responsibilities",
    "test_a_start_at_samples_is_that_of_one_sample_each",
    "test_weights_and_means_given_are_used",
    "test_precisions_given_are_used",
)
# They compare score, bic and aic of what was fitted.
CRITERIA = (
    *STARTS,
    "test_no_iterations_leave_the_start",
    "test_a_warm_fit_of_no_iterations_leaves_the_parameters",
    "test_another_number_of_components_is_not_ignored",
)


def subject_of(case: Case, estimator_class: Any) -> Subject:
    """What a check asks, as pytest makes it."""
    return Subject(case, estimator_class, RELEASE)


def asked_about(case: Case, cases: tuple[Case, ...] = CASES) -> list[Check]:
    """The promises that are asked about a case; about many samples only those that no other case will do for."""
    under_test = UnderTest(ExactMixture, RELEASE)

    def asked(one: Check) -> list[Case]:
        return [other for other in cases if one.applies(other.traits, under_test)]

    return [one for one in PROMISES.values() if any(other is case for other in _few(asked(one)))]


def _few(cases: list[Case]) -> list[Case]:
    return [case for case in cases if not case.name.endswith(MANY_SAMPLES)] or cases


def judgements(estimator_class: Any, cases: tuple[Case, ...] = CASES) -> dict[tuple[str, str], Judgement]:
    """How each check ends on each case that it is asked about, by the names of both.

    One BLAS thread, unless a check asks for more.
    """
    ends = {}
    with threadpool_limits(1, user_api="blas"):
        for case in cases:
            subject = subject_of(case, estimator_class)
            for one in asked_about(case, cases=cases):
                ends[one.name, case.name] = one.judge(subject)
    return ends


def broken(estimator_class: Any, cases: tuple[Case, ...] = CASES) -> dict[str, list[Finding]]:
    """The checks that an estimator breaks, with what each finds on the first case that shows it."""
    found: dict[str, list[Finding]] = {}
    for (name, _), judgement in judgements(estimator_class, cases).items():
        if judgement.end() == BROKEN:
            found.setdefault(name, judgement.findings)
    return found


class Fault:
    """A fake and what must be found of it.

    Parameters
    ----------
    estimator : type
    *breaks : str
        Names of the checks that must be broken; no other may be. The first one
        is the promise that the fake is made to break.
    **first
        Fields of the first finding of that check.
    """

    def __init__(self, estimator: type[ExactMixture], *breaks: str, **first: Any) -> None:
        self.estimator = estimator
        self.breaks = breaks
        self.first = first


def name_of(value: object) -> str:
    """The name of a fake, for the id of a test."""
    assert isinstance(value, Fault)
    return str(value.estimator.__name__)


def require(fault: Fault) -> None:
    """Fail unless a fake breaks just what it is made to break, and the finding says what, where, and what should be."""
    found = broken(fault.estimator)
    assert set(found) == set(fault.breaks), found
    first = found[fault.breaks[0]][0]._asdict()
    assert {name: first[name] for name in fault.first} == fault.first, first
