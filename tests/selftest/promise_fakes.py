"""An estimator that keeps every promise, the cases to try it on, and all checks of a promise at once.

Fakes are subclasses of `ExactMixture` that break one thing each; they are
beside the selftests of the promise that they break.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from fixtures.corpus import Case, Settings
from tests import (
    test_equivariance,
    test_initialisation,
    test_likelihood,
    test_parameters,
    test_prediction,
    test_purity,
    test_reference,
    test_warm_start,
)
from tests.selftest.fakes import Parameters, shaped_like
from tests.support import expected
from tests.support.density import full_matrices, log_joint_densities, log_sum_exp
from tests.support.messages import Defect
from tests.support.reference import DegenerateCovariance, Trajectory, exact_em, precision_factors
from tests.support.replay import WARM_START, Outcome, replay, replay_steps, ways

PLACE = "scikit-learn 1.9.1, case hand-made"
MOST_STEPS = 40  # as many as conftest.py takes
N_SAMPLES = (20, 12, 6)


class ExactMixture(Parameters):
    """Exact EM with the interface of ``GaussianMixture``.

    Fakes override `leave_whole` and `leave_step`, which may change what a fit
    left: a whole one, or one of ``max_iter=1``.
    """

    def fit(self, X: np.ndarray) -> ExactMixture:  # noqa: N803  (the name is scikit-learn's)
        samples = self.read(X)
        self.started_warm = self.warm_start and hasattr(self, "means_")
        random = check_random_state(self.random_state)
        starts = [self.begin(samples)] if self.started_warm else self.cold_starts(samples, random)
        self.leave_start(*starts[0])
        if self.max_iter == 0:
            return self
        trajectory = self.best([self.run(samples, *start) for start in starts])
        self.set_parameters(trajectory, len(trajectory.parameters))
        self.converged_ = trajectory.converged
        if self.max_iter > 1:
            self.leave_whole(trajectory, samples)
        else:
            self.leave_step(trajectory, samples)
        self.warn()
        return self

    def fit_predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return self.fit(X).predict(X)

    def cold_starts(
        self, samples: np.ndarray, random: np.random.RandomState
    ) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Where the starts are: as given, and what is not given is as wide as the samples, and at samples."""
        starts = []
        for _ in range(self.n_init):
            at_random = samples[random.choice(len(samples), self.n_components)]
            precision = np.linalg.inv(np.cov(samples.T) + np.eye(samples.shape[1]))
            alike = shaped_like(self.covariance_type, np.array([precision] * self.n_components))
            chosen = (np.full(self.n_components, 1 / self.n_components), at_random, alike)
            given = self.begin(samples)
            starts.append(tuple(c if g is None else np.array(g) for c, g in zip(chosen, given, strict=True)))
        return starts  # type: ignore[return-value]  # tuples of three

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
            raise ValueError(str(error)) from None

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
        self.n_iter_, self.lower_bound_ = n_steps, trajectory.lower_bounds[n_steps - 1]
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

    def warn(self) -> None:
        if not self.converged_:
            warnings.warn("EM did not converge", ConvergenceWarning, stacklevel=3)

    def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        precisions = full_matrices(self.precisions_, self.covariance_type, *self.means_.shape)
        log_weights = np.log(self.weights_)
        return log_joint_densities(np.array(X, np.float64), log_weights, self.means_, np.linalg.cholesky(precisions))

    def score_samples(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return log_sum_exp(self.log_joint(X), axis=1)

    def score(self, X: np.ndarray) -> float:  # noqa: N803
        return float(ExactMixture.score_samples(self, X).mean())

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        joint = self.log_joint(X)
        return np.exp(joint - log_sum_exp(joint, axis=1)[:, np.newaxis])

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return self.predict_proba(X).argmax(axis=1)

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


CONVERGES, STOPS, CHAIN = promise_case(), promise_case(max_iter=3), promise_case(n_frames=3)


class Arguments:
    """What conftest.py hands to the checks of a case, made once."""

    def __init__(self, case: Case, estimator_class: Any) -> None:
        self.case = case
        self.estimator_class = estimator_class
        self.release = "1.9.1"
        self.replays = {way: replay(case, estimator_class, way) for way in ways(case)}
        n_steps = min(self.replays["explicit"][0].n_iter or 1, MOST_STEPS)
        self.steps = replay_steps(case, estimator_class, max(1, n_steps))

    def fit_again(self, case: Case) -> Outcome:
        (outcome,) = replay(case, self.estimator_class)
        return outcome

    def call(self, check: Callable[..., None], truth: dict[str, Any] | None = None) -> None:
        """Run a check; what exact EM makes of the case is computed unless it is given."""
        names = check.__code__.co_varnames[: check.__code__.co_argcount]
        arguments = {name: PLACE if name == "place" else getattr(self, name) for name in names}
        with mock.patch.object(expected, "read", lambda name: truth or truth_of(self.case, name)):
            check(**arguments)


TRUTHS: dict[str, dict[str, Any]] = {}


def truth_of(case: Case, name: str) -> dict[str, Any]:
    """What ``expected.json`` of a case would hold."""
    assert case.name == name
    if name not in TRUTHS:
        TRUTHS[name] = expected.expectation(case)
    return TRUTHS[name]


MODULES = (
    test_initialisation,
    test_reference,
    test_warm_start,
    test_likelihood,
    test_parameters,
    test_prediction,
    test_equivariance,
    test_purity,
)
CHECKS: dict[str, Callable[..., None]] = {
    name: function for module in MODULES for name, function in vars(module).items() if name.startswith("test_")
}
FOR_CHAINS = ("test_warm_start_equals_explicit_replays",)


def failures(estimator_class: Any, cases: tuple[Case, ...] = (CONVERGES, STOPS, CHAIN)) -> dict[str, str]:
    """The checks that fail on an estimator, with the message of the first failure of each.

    One BLAS thread, unless a check asks for more.
    """
    messages: dict[str, str] = {}
    with threadpool_limits(1, user_api="blas"):
        for case in cases:
            arguments = Arguments(case, estimator_class)
            for name, check in CHECKS.items():
                if name in messages or (name in FOR_CHAINS) != (WARM_START in arguments.replays):
                    continue
                try:
                    arguments.call(check)
                except Defect as defect:
                    messages[name] = str(defect)
    return messages


class Fault(NamedTuple):
    """A fake and what must be said of it.

    Attributes
    ----------
    estimator : type
    breaks : str
        Short names of the checks that must fail, in `SHORT`; all others must
        pass. The first one is the promise that the fake is made to break.
    says : str
        Regular expression of a line of that check's message.
    """

    estimator: Any
    breaks: str
    says: str


SHORT = {
    "first step": "test_first_step_uses_the_parameters_given",
    "end": "test_components_end_where_exact_em_puts_them",
    "warm start": "test_warm_start_equals_explicit_replays",
    "rise": "test_lower_bound_never_falls",
    "bound": "test_lower_bound_is_what_the_parameters_give",
    "convergence": "test_convergence_is_as_said",
    "count": "test_iterations_are_counted",
    "mixture": "test_parameters_are_a_mixture",
    "dtype": "test_dtype_is_kept",
    "predictions": "test_predictions_follow_from_the_parameters",
    "integers": "test_integers_are_predicted_like_floats",
    "translation": "test_fit_moves_with_a_translation",
    "reflection": "test_fit_moves_with_a_reflection",
    "axes": "test_fit_moves_with_an_exchange_of_axes",
    "samples": "test_order_of_samples_does_not_matter",
    "components": "test_order_of_components_does_not_matter",
    "twice": "test_every_sample_twice_changes_nothing",
    "unit": "test_fit_scales_with_the_unit",
    "again": "test_fitting_again_gives_the_same_bits",
    "arguments": "test_fit_leaves_its_arguments_alone",
    "factors": "test_factors_are_those_of_the_precisions_given",
    "lists": "test_lists_are_as_good_as_arrays",
    "nothing": "test_no_iterations_leave_what_was_given",
    "nothing but means": "test_no_iterations_leave_the_means_given",
    "tol": "test_a_change_of_tol_does_not_stop",
    "zero": "test_a_first_lower_bound_of_zero_does_not_stop",
    "starts": "test_the_best_of_several_starts_is_kept",
    "labels": "test_fit_predict_labels_like_predict",
    "labels of starts": "test_fit_predict_labels_like_the_best_start",
    "singular": "test_a_singular_covariance_is_refused",
    "threads": "test_blas_threads_do_not_matter",
}


def name_of(value: object) -> str:
    """The name of a fake, for the id of a test."""
    assert isinstance(value, Fault)
    return str(value.estimator.__name__)


def require(fault: Fault) -> None:
    """Fail unless a fake breaks just what it is made to break, and the message says what, where, and what should be."""
    found = failures(fault.estimator)
    broken = fault.breaks.split(", ")
    assert set(found) == {SHORT[name] for name in broken}, found
    message = found[SHORT[broken[0]]]
    assert message.startswith(PLACE + ":")
    assert re.search(fault.says, message), message
