"""What is refused, and what is drawn: a fake for each promise, and who notices it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.selftest.promise_fakes import CONVERGES, PROMISES, ExactMixture, Fault, name_of, require, subject_of
from tests.selftest.refuses import require_numbers
from tests.support.judgement import NOT_JUDGED


class TakesAny(ExactMixture):
    """An initial parameter is not looked at."""

    name = ""

    def require_parameter(self, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
        if name != self.name:
            super().require_parameter(name, array, shape)


class TakesAnyWeights(TakesAny):
    """Weights are not looked at."""

    name = "weights"


class TakesAnyMeans(TakesAny):
    """Means are not looked at."""

    name = "means"


class TakesAnyPrecisions(TakesAny):
    """Precisions are not looked at."""

    name = "precisions"


class NamesNoParameter(ExactMixture):
    """What is not finite is refused without its name, as in every scikit-learn."""

    def require_parameter(self, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
        require_numbers("they", array)
        super().require_parameter(name, array, shape)


class SwapsTheRange(ExactMixture):
    """The smallest weight is told as the largest, as in every scikit-learn."""

    def range_of(self, weights: np.ndarray) -> str:
        return super().range_of(-weights).replace("-", "")


class HalfFitted(ExactMixture):
    """An estimator that refuses its samples has means before."""

    def require_samples(self, samples: np.ndarray) -> None:
        if not hasattr(self, "fitted_with"):
            self.means_ = self.means_init
        super().require_samples(samples)


class FitsFewerSamplesThanComponents(ExactMixture):
    """Two samples are enough for any number of components."""

    def require_samples(self, samples: np.ndarray) -> None:
        super().require_samples(np.concatenate([samples] * 2) if len(samples) == 2 else samples)


class FitsOneSample(ExactMixture):
    """One sample is enough for one component."""

    def require_samples(self, samples: np.ndarray) -> None:
        is_one = len(samples) == self.n_components == 1
        super().require_samples(np.concatenate([samples] * 2) if is_one else samples)


class CountsFeatures(ExactMixture):
    """The message about too few samples says how many features they have."""

    def require_samples(self, samples: np.ndarray) -> None:
        if 0 < len(samples) < self.n_components:
            raise ValueError(f"n_samples = {samples.shape[1] + 1}")
        super().require_samples(samples)


class MindsRounding(ExactMixture):
    """Weights in float32 must sum to one as those in float64 must."""

    def require_parameter(self, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
        if name == "weights" and abs(array.sum() - 1) > 1e-8:
            raise ValueError("weights_init do not sum to one")
        super().require_parameter(name, array, shape)


class NamesNoRegCovar(ExactMixture):
    """What is raised of a singular covariance does not say what to do."""

    def advice(self, error: str) -> str:
        return super().advice(error).replace("reg_covar", "something")


class AdvisesFloat64ToAll(ExactMixture):
    """Who fits float64 is advised to fit float64."""

    def advice(self, error: str) -> str:
        return f"{error}; increase reg_covar or fit float64"


class TakesANegativeTol(ExactMixture):
    """``tol`` may be below zero."""

    def require_settings(self) -> None:
        given, self.tol = self.tol, abs(self.tol)
        try:
            super().require_settings()
        finally:
            self.tol = given


class TakesAnyInitParams(ExactMixture):
    """``init_params`` is not looked at where nothing is drawn."""

    def require_settings(self) -> None:
        given, self.init_params = self.init_params, "kmeans"
        try:
            super().require_settings()
        finally:
            self.init_params = given


class TakesAnySeed(ExactMixture):
    """``random_state`` is not looked at where nothing is drawn."""

    def require_settings(self) -> None:
        given, self.random_state = self.random_state, 0
        try:
            super().require_settings()
        finally:
            self.random_state = given


class PredictsNan(ExactMixture):
    """What is not finite is predicted as something that is."""

    def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return super().log_joint(np.nan_to_num(X) if X.dtype.kind == "f" else X)


class DrawsAnew(ExactMixture):
    """Each call draws other samples."""

    calls = 0

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        self.calls += 1
        given, self.random_state = self.random_state, self.calls
        drawn = super().sample(n_samples)
        self.random_state = given
        return drawn


class MindsNoSeed(ExactMixture):
    """Every seed draws the same samples."""

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        given, self.random_state = self.random_state, 0
        drawn = super().sample(n_samples)
        self.random_state = given
        return drawn


class DrawsEquallyOften(ExactMixture):
    """Every component is drawn from as often as any other."""

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        if not hasattr(self, "fitted_with"):
            return super().sample(n_samples)
        given, self.weights_ = self.weights_, np.full_like(self.weights_, 1 / len(self.weights_))
        drawn = super().sample(n_samples)
        self.weights_ = given
        return drawn


class DrawsTooWide(ExactMixture):
    """What is drawn is a tenth too far from the mean."""

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        samples, labels = super().sample(n_samples)
        return samples + 0.1 * (samples - self.means_[labels]), labels


class DrawsNone(ExactMixture):
    """No samples may be asked for."""

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        return super().sample(n_samples) if n_samples > 0 else (self.means_[:0], np.arange(0))


class SaysNothing(ExactMixture):
    """An impossible number of samples is refused without a word."""

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        if n_samples < 1:
            raise ValueError(-1 if n_samples else 0)
        return super().sample(n_samples)


class SaysAnotherNumber(ExactMixture):
    """The message about a number of samples has another number, as in every scikit-learn."""

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        if n_samples < 1:
            raise ValueError(f"n_samples is {self.n_components}")
        return super().sample(n_samples)


OF_A_TYPE = "test_settings_of_a_wrong_type_are_refused"
FAULTS = (
    Fault(
        TakesAnyWeights, "test_invalid_weights_are_refused", OF_A_TYPE,
        what="fit", should_be="ValueError", aspect="refusal",
    ),
    Fault(TakesAnyMeans, "test_invalid_means_are_refused", OF_A_TYPE, what="fit", aspect="refusal"),
    Fault(TakesAnyPrecisions, "test_invalid_precisions_are_refused", OF_A_TYPE, what="fit", aspect="refusal"),
    Fault(
        NamesNoParameter, "test_a_refusal_names_the_initial_parameter",
        what="fit", seen="ValueError: they contain nan or infinity", should_be="a message that names weights",
    ),
    Fault(SwapsTheRange, "test_the_range_of_weights_is_told", what="fit", seen="max value 0.25000", should_be="1.5"),
    Fault(
        HalfFitted, "test_invalid_samples_are_refused", "test_invalid_weights_are_refused",
        "test_invalid_means_are_refused", "test_invalid_precisions_are_refused", OF_A_TYPE,
        what="means_", seen="there after the refusal", should_be="as it was before",
    ),
    Fault(
        FitsFewerSamplesThanComponents, "test_invalid_samples_are_refused",
        what="fit", aspect="refusal", way="not fitted, samples fewer than components",
    ),
    Fault(
        FitsOneSample, "test_invalid_samples_are_refused",
        what="fit", aspect="refusal", way="one component, samples of one",
    ),
    Fault(
        CountsFeatures, "test_invalid_samples_are_refused",
        what="fit", seen="ValueError: n_samples = 3", should_be="a message with n_samples = 2",
    ),
    Fault(
        MindsRounding, "test_float32_weights_are_taken",
        what="fit", seen="ValueError: weights_init do not sum to one", should_be="a fitted estimator",
    ),
    Fault(
        NamesNoRegCovar, "test_a_singular_covariance_is_refused", "test_float64_is_advised_for_float32",
        what="fit", should_be="a message with reg_covar",
    ),
    Fault(
        AdvisesFloat64ToAll, "test_float64_is_advised_for_float32",
        what="fit", should_be="a message without float64", way="float64",
    ),
    Fault(
        TakesANegativeTol, "test_invalid_settings_are_refused",
        what="fit", seen="no error", should_be="ValueError", way="not fitted, tol is -1.0",
    ),
    Fault(
        TakesAnyInitParams, "test_an_unknown_init_params_is_refused",
        what="fit", seen="no error", should_be="ValueError", way="not fitted, init_params is 'at will'",
    ),
    Fault(
        TakesAnySeed, OF_A_TYPE,
        what="fit", should_be="a message with random_state", way="not fitted, random_state is 'at will'",
    ),
    Fault(
        PredictsNan, "test_what_cannot_be_predicted_is_refused",
        what="predict", seen="no error", should_be="ValueError", way="samples with nan",
    ),
    Fault(
        DrawsAnew, "test_a_seed_draws_the_same_samples",
        what="sample", seen="other samples", should_be="those of the same seed", aspect="samples",
    ),
    Fault(
        MindsNoSeed, "test_a_seed_draws_the_same_samples",
        what="sample", seen="the same samples", should_be="others from another seed", aspect="seed",
    ),
    Fault(
        DrawsEquallyOften, "test_samples_drawn_are_of_the_mixture",
        what="sample", aspect="number of samples", component=0,
    ),
    Fault(DrawsTooWide, "test_samples_drawn_are_of_the_mixture", what="sample", aspect="covariance", component=0),
    Fault(
        DrawsNone, "test_no_number_of_samples_below_one_is_drawn",
        what="sample", seen="no error", should_be="ValueError", aspect="of 0 samples",
    ),
    Fault(
        SaysNothing, "test_no_number_of_samples_below_one_is_drawn",
        what="sample", seen="ValueError: 0", should_be="a message with n_samples", aspect="of 0 samples",
    ),
    Fault(
        SaysAnotherNumber, "test_the_number_of_samples_that_is_refused_is_named",
        what="sample", seen="ValueError: n_samples is 3", should_be="a message with the number -1",
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)


class DrawsNothing(ExactMixture):
    """There is no ``sample``."""

    sample = property()


@pytest.mark.parametrize("name", [one.name for one in PROMISES.values() if one.file == "test_sample"])
def test_a_class_that_draws_nothing_is_not_judged_by_what_it_draws(name: str) -> None:
    judgement = PROMISES[name].judge(subject_of(CONVERGES, DrawsNothing))
    assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, "the estimator has no sample")
