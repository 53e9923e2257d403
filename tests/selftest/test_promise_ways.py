"""What a fit starts from, cold or warm: a fake for each promise, and who notices it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.selftest.promise_fakes import CONVERGES, PROMISES, ExactMixture, Fault, name_of, require, subject_of
from tests.support.judgement import NOT_JUDGED
from tests.support.reference import Trajectory

Start = tuple[np.ndarray, np.ndarray, np.ndarray]


class ExchangesClusters(ExactMixture):
    """The components get the clusters of k-means in another order."""

    def responsibilities(self, samples: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        drawn = super().responsibilities(samples, random)
        return np.roll(drawn, 1, axis=1) if self.init_params == "kmeans" else drawn


class DoesNotNormalise(ExactMixture):
    """Responsibilities at random do not sum to one."""

    def responsibilities(self, samples: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        drawn = super().responsibilities(samples, random)
        return drawn**2 if self.init_params == "random" else drawn


class TakesTheNextSample(ExactMixture):
    """A component starts at the sample after the one that was drawn for it."""

    def responsibilities(self, samples: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        drawn = super().responsibilities(samples, random)
        return np.roll(drawn, 1, axis=0) if self.init_params in ("k-means++", "random_from_data") else drawn


class WeighsByAllSamples(ExactMixture):
    """The weights of a start are masses over the number of samples, as in scikit-learn since 1.1."""

    def estimate(self, samples: np.ndarray, resp: np.ndarray) -> Start:
        _, means, precisions = super().estimate(samples, resp)
        return resp.sum(axis=0) / len(samples), means, precisions


class EstimatesMeansThatAreGiven(ExactMixture):
    """Means are estimated unless the precisions are given as well."""

    def begin(self, samples: np.ndarray) -> Start:
        weights, means, precisions = super().begin(samples)
        return weights, None if precisions is None else means, precisions


class EstimatesPrecisionsThatAreGiven(ExactMixture):
    """Precisions are estimated unless all is given."""

    def begin(self, samples: np.ndarray) -> Start:
        weights, means, precisions = super().begin(samples)
        return weights, means, None if weights is None or means is None else precisions


class MovesWhatIsGiven(ExactMixture):
    """A start that is given whole depends on ``init_params``."""

    def cold_starts(self, samples: np.ndarray, random: np.random.RandomState) -> list[Start]:
        off = 1 + 2.0**-52 * (self.init_params == "random")
        return [
            (weights, means * off, precisions) for weights, means, precisions in super().cold_starts(samples, random)
        ]


class MovesTheSeed(ExactMixture):
    """A start is drawn where all is given, and not used."""

    def cold_starts(self, samples: np.ndarray, random: np.random.RandomState) -> list[Start]:
        if all(array is not None for array in self.begin(samples)):
            random.uniform()
        return super().cold_starts(samples, random)


class LeavesOtherCovariances(ExactMixture):
    """The covariances of a start that is estimated are left twice as large."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        if self.precisions_init is None:
            self.covariances_ = 2 * self.covariances_


class KeepsHalfAStep(ExactMixture):
    """A step that raises has written its means before, as in every scikit-learn."""

    def run(self, samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> Trajectory:
        try:
            return super().run(samples, weights, means, precisions)
        except ValueError:
            self.means_ = np.zeros_like(means)
            raise


class KeepsASetting(ExactMixture):
    """A warm start goes on with a setting of the first fit."""

    name, number = "", 0

    def require_settings(self) -> None:
        super().require_settings()
        if self.warm_start and hasattr(self, "fitted_with"):
            setattr(self, self.name, self.fitted_with[self.number])


class KeepsTheNumberOfComponents(KeepsASetting):
    """A warm start goes on with as many components as before."""

    name, number = "n_components", 0

    def require_settings(self) -> None:
        wanted = self.n_components
        super().require_settings()
        if self.n_components != wanted:
            self.random_state = 1


class KeepsTheCovarianceType(KeepsASetting):
    """A warm start goes on with the covariance type as before."""

    name, number = "covariance_type", 1


class StartsOverWithoutIterations(ExactMixture):
    """A warm fit of no iterations is a cold one."""

    def require_settings(self) -> None:
        super().require_settings()
        if self.max_iter == 0 and hasattr(self, "fitted_with"):
            del self.fitted_with


class ForgetsTheBound(ExactMixture):
    """A warm fit of no iterations leaves no lower bound, as in scikit-learn since 1.1."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        super().fit(samples)
        if self.max_iter == 0:
            self.lower_bound_ = -np.inf
        return self


class CopiesStartOver(ExactMixture):
    """A copy does not know that there was a fit."""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "fitted_with"}


class RefusesFloat32(ExactMixture):
    """Samples in float32 are not fitted."""

    def read(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        if X.dtype == np.float32:
            raise TypeError("no float32")
        return super().read(X)


class CutsFeatures(ExactMixture):
    """Of a frame with more features than the last one the last features are left out."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        n_features = self.means_.shape[1] if hasattr(self, "fitted_with") else None
        return super().fit(samples[:, :n_features] if samples.ndim == 2 else samples)


class SaysNothingOfFeatures(ExactMixture):
    """Another number of features is refused without a word on it."""

    def require_fitted(self, samples: np.ndarray) -> None:
        try:
            super().require_fitted(samples)
        except ValueError as error:
            raise ValueError("shapes do not match" if "features" in str(error) else str(error)) from None


class BeginsInFloat32(ExactMixture):
    """A start that is estimated is in float32, whatever the samples."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        if self.means_init is None and self.weights_init is None:
            self.weights_ = self.weights_.astype(np.float32)


class CountsAnIteration(ExactMixture):
    """A fit of no iterations counts one."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        self.n_iter_ = 1


class CutsFloat16(ExactMixture):
    """Means in float16 lose their last digit."""

    def begin(self, samples: np.ndarray) -> Start:
        weights, means, precisions = super().begin(samples)
        if getattr(self.means_init, "dtype", None) == np.float16 and not self.started_warm:
            means = means * (1 + 2.0**-10)
        return weights, means, precisions


class GoesOnSeveralTimes(ExactMixture):
    """A warm fit is made as often as ``n_init`` says, each from where the last one ended."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        is_warm = self.warm_start and hasattr(self, "fitted_with")
        for _ in range(self.n_init - 1 if is_warm else 0):
            super().fit(samples)
        return super().fit(samples)


class ReturnsNothing(ExactMixture):
    """``fit`` returns None."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        super().fit(samples)
        return None  # type: ignore[return-value]  # that is its fault

    def fit_predict(self, samples: np.ndarray) -> np.ndarray:
        super().fit(samples)
        return self.predict(samples)


class SpoilsABound(ExactMixture):
    """The first of the lower bounds is not that of the first step."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.lower_bounds_[0] += 1e-3


NO_ITERATIONS = "test_no_iterations_leave_the_start"
GIVEN = ("test_weights_and_means_given_are_used", "test_precisions_given_are_used")
FAULTS = (
    Fault(
        ExchangesClusters, "test_a_start_from_kmeans_is_that_of_its_labels", *GIVEN, NO_ITERATIONS,
        what="weights_", way="init_params='kmeans', nothing given",
    ),
    Fault(
        DoesNotNormalise, "test_a_start_at_random_is_that_of_its_responsibilities", *GIVEN, NO_ITERATIONS,
        what="weights_", way="init_params='random', nothing given",
    ),
    Fault(
        TakesTheNextSample, "test_a_start_at_samples_is_that_of_one_sample_each", *GIVEN, NO_ITERATIONS,
        what="weights_", way="init_params='k-means++', nothing given",
    ),
    Fault(
        WeighsByAllSamples, "test_a_start_at_samples_has_weights_that_sum_to_one",
        what="weights_", should_be=1.0, aspect="sum", way="init_params='k-means++', nothing given",
    ),
    Fault(
        EstimatesMeansThatAreGiven, "test_weights_and_means_given_are_used", NO_ITERATIONS,
        "test_no_iterations_leave_the_means_given", what="weights_", way="init_params='kmeans', means given",
    ),
    Fault(
        EstimatesPrecisionsThatAreGiven, "test_precisions_given_are_used",
        what="weights_", way="init_params='kmeans', precisions given",
    ),
    Fault(
        MovesWhatIsGiven, "test_nothing_is_drawn_where_all_is_given",
        what="weights_", seen="other numbers", should_be="those of init_params='kmeans'",
    ),
    Fault(
        MovesTheSeed, "test_no_seed_is_used_where_all_is_given",
        what="random_state", seen="another state after the fit", should_be="the state before it",
    ),
    Fault(LeavesOtherCovariances, NO_ITERATIONS, what="covariances_", way="init_params='kmeans', nothing given"),
    Fault(
        KeepsHalfAStep, "test_a_fit_that_raises_leaves_the_last_one",
        what="means_", seen="other numbers after the fit that raised", should_be="those of the fit before",
    ),
    Fault(
        KeepsTheNumberOfComponents, "test_another_number_of_components_is_not_ignored",
        what="means_", seen="(3, 2)", should_be="(2, 2)", aspect="shape", way="set_params(n_components=2)",
    ),
    Fault(
        KeepsTheCovarianceType, "test_another_covariance_type_is_not_ignored",
        what="weights_", seen="other numbers", way="set_params(covariance_type='tied')",
    ),
    Fault(
        StartsOverWithoutIterations, "test_a_warm_fit_of_no_iterations_leaves_the_parameters",
        "test_a_warm_fit_of_no_iterations_leaves_the_lower_bound", what="weights_", seen="other numbers",
    ),
    Fault(
        ForgetsTheBound, "test_a_warm_fit_of_no_iterations_leaves_the_lower_bound",
        what="lower_bound_", seen=-np.inf,
    ),
    Fault(
        CopiesStartOver, "test_a_copy_goes_on_like_the_original",
        what="weights_", seen="other numbers", should_be="those of the original", way="pickle",
    ),
    Fault(
        RefusesFloat32, "test_a_frame_of_another_kind_is_fitted_like_any",
        what="fit", seen="TypeError: no float32", aspect="TypeError", way="float32",
    ),
    Fault(
        CutsFeatures, "test_another_number_of_features_is_refused",
        what="fit", seen="no error", should_be="ValueError", aspect="refusal", way="a feature more",
    ),
    Fault(
        SaysNothingOfFeatures, "test_another_number_of_features_is_named", "test_what_cannot_be_predicted_is_refused",
        what="fit", seen="ValueError: shapes do not match", aspect="refusal", way="a feature more",
    ),
    Fault(
        BeginsInFloat32, "test_a_start_has_the_dtype_of_the_samples", NO_ITERATIONS,
        what="weights_", seen="float32", should_be="float64", aspect="dtype", way="init_params='kmeans'",
    ),
    Fault(
        CountsAnIteration, "test_no_iterations_leave_what_was_given", "test_no_iterations_leave_the_means_given",
        what="n_iter_", seen=1, should_be=0,
    ),
    Fault(
        CutsFloat16, "test_float16_is_as_good_as_float64",
        what="weights_", seen="other numbers", should_be="those of the fit that arrays start",
    ),
    Fault(
        GoesOnSeveralTimes, "test_a_warm_fit_has_one_start",
        what="weights_", seen="other numbers", should_be="those of one start",
    ),
    Fault(ReturnsNothing, "test_fit_returns_the_estimator", what="fit", seen="NoneType", should_be="the estimator"),
    Fault(SpoilsABound, "test_lower_bounds_are_those_of_the_iterations", what="lower_bounds_", step=1),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)


class NeverRaises(ExactMixture):
    """Equal samples are fitted, whatever that may be."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        return super().fit(samples) if np.ptp(samples) else self


class HasNoSettings(ExactMixture):
    """No setting can be changed or read by its name."""

    set_params = get_params = property()


@pytest.mark.parametrize(
    ("estimator", "name", "reason"),
    [
        (NeverRaises, "test_a_fit_that_raises_leaves_the_last_one", "a fit of equal samples does not raise"),
        (HasNoSettings, "test_another_number_of_components_is_not_ignored", "the estimator has no set_params"),
        (HasNoSettings, "test_another_covariance_type_is_not_ignored", "the estimator has no set_params"),
    ],
)
def test_what_cannot_be_done_between_fits_is_not_judged(estimator: type[ExactMixture], name: str, reason: str) -> None:
    judgement = PROMISES[name].judge(subject_of(CONVERGES, estimator))
    assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, reason)


@pytest.mark.parametrize("init_params", ["kmeans", "random", "at_samples"])
def test_a_start_of_fewer_samples_than_components_is_not_judged(init_params: str) -> None:
    class FitsAnything(ExactMixture):
        def require(self, samples: np.ndarray) -> None:
            """Refuse nothing."""

    name = next(name for name in PROMISES if name.startswith("test_a_start") and init_params in name)
    few = CONVERGES._replace(name="hand-made, two samples", frames=(CONVERGES.frame[:2],))
    judgement = PROMISES[name].judge(subject_of(few, FitsAnything))
    assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, "there are fewer samples than components")
