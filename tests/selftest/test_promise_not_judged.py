"""A check that is left nothing to judge is not judged, and says what is missing; it never passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures.corpus import Case, load_case
from tests.selftest.promise_fakes import (
    CASES,
    CHAIN,
    CONVERGES,
    PROMISES,
    RELEASE,
    STARTS,
    ExactMixture,
    asked_about,
    judgements,
    subject_of,
)
from tests.support import check
from tests.support.check import UnderTest
from tests.support.judgement import BROKEN, KEPT, NOT_JUDGED, Judgement
from tests.support.reference import Trajectory
from tests.support.replay import Raised
from tests.support.subject import not_fitted

ERROR = "no fit succeeds"
REAL = ("control-around-the-origin", "control-still-scene-uint8", "chain-control-slow-pan", "object-leaves-frame")
# These say themselves that a fit raised; the others leave it to them.
REPORT_THE_RAISE = {
    "test_no_component_collapses",
    "test_components_end_where_exact_em_puts_them",
    "test_first_step_uses_the_parameters_given",
}
# Equal samples without reg_covar: every covariance is singular after the first step.
SINGULAR = CONVERGES._replace(
    name="hand-made, singular",
    frames=(np.full_like(CONVERGES.frame, 30),),
    settings=CONVERGES.settings._replace(reg_covar=0.0),
)
MISSING = "test_nothing_of_scikit_learns_class_is_missing"
NOT_LEFT = {
    "n_iter_": {
        "test_a_change_of_tol_does_not_stop",
        "test_a_first_lower_bound_of_zero_does_not_stop",
        "test_convergence_is_as_said",
        "test_iterations_are_counted",
        "test_lower_bounds_are_those_of_the_iterations",
        "test_the_best_of_several_starts_is_kept",
    },
    "lower_bound_": {
        "test_a_change_of_tol_does_not_stop",
        "test_a_warm_fit_of_no_iterations_leaves_the_lower_bound",
        "test_a_first_lower_bound_of_zero_does_not_stop",
        "test_iterations_are_counted",
        "test_lower_bound_is_what_the_parameters_give",
        "test_lower_bound_never_falls",
        "test_lower_bounds_are_those_of_the_iterations",
        "test_the_best_of_several_starts_is_kept",
    },
    # Steps, and the frames of a chain, go on from precisions_.
    "precisions_": {
        "test_integers_are_predicted_like_floats",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_components_end_where_exact_em_puts_them",
        "test_iterations_are_counted",
        "test_lower_bound_never_falls",
        "test_predictions_follow_from_the_parameters",
        "test_warm_start_equals_explicit_replays",
    },
    "converged_": {
        "test_convergence_is_as_said",
        "test_iterations_are_counted",
        "test_the_best_of_several_starts_is_kept",
    },
    "precisions_cholesky_": set(),
}

# Kept, and a part of it is not judged.
PARTLY = {
    "n_iter_": {
        "test_a_warm_fit_has_one_start",
        "test_a_copy_goes_on_like_the_original",
        "test_fitting_again_gives_the_same_bits",
        "test_no_iterations_leave_the_means_given",
        "test_no_iterations_leave_what_was_given",
    },
    "lower_bound_": {
        "test_a_warm_fit_has_one_start",
        "test_float16_is_as_good_as_float64",
        *(name for name in STARTS if name != "test_a_start_at_samples_is_that_of_one_sample_each"),
        "test_a_copy_goes_on_like_the_original",
        "test_a_fit_that_raises_leaves_the_last_one",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_another_number_of_features_is_refused",
        "test_nothing_is_drawn_where_all_is_given",
        "test_blas_threads_do_not_matter",
        "test_components_end_where_exact_em_puts_them",
        "test_every_sample_twice_changes_nothing",
        "test_first_step_uses_the_parameters_given",
        "test_fit_moves_with_a_reflection",
        "test_fit_moves_with_a_translation",
        "test_fit_moves_with_an_exchange_of_axes",
        "test_fit_scales_with_the_unit",
        "test_fitting_again_gives_the_same_bits",
        "test_lists_are_as_good_as_arrays",
        "test_order_of_components_does_not_matter",
        "test_order_of_samples_does_not_matter",
        "test_warm_start_equals_explicit_replays",
    },
    "precisions_": {
        "test_a_warm_fit_has_one_start",
        "test_float16_is_as_good_as_float64",
        "test_a_copy_goes_on_like_the_original",
        "test_a_warm_fit_of_no_iterations_leaves_the_parameters",
        "test_nothing_is_drawn_where_all_is_given",
        "test_convergence_is_as_said",
        "test_dtype_is_kept",
        "test_fitting_again_gives_the_same_bits",
        "test_lists_are_as_good_as_arrays",
        "test_lower_bound_is_what_the_parameters_give",
        "test_no_component_collapses",
        "test_no_iterations_leave_what_was_given",
        "test_parameters_are_a_mixture",
    },
    "converged_": {
        "test_a_warm_fit_has_one_start",
        "test_a_copy_goes_on_like_the_original",
        "test_no_iterations_leave_the_means_given",
        "test_no_iterations_leave_what_was_given",
    },
    "precisions_cholesky_": {"test_a_copy_goes_on_like_the_original", "test_parameters_are_a_mixture"},
}


class Raises(ExactMixture):
    """Every fit raises, when half of its attributes are set."""

    def fit(self, X: np.ndarray) -> ExactMixture:  # noqa: N803
        self.weights_ = np.full(self.n_components, 1 / len(X))
        raise ValueError(ERROR)


def without(name: str) -> type[ExactMixture]:
    """A right class whose fit leaves all but one attribute, which it keeps to itself."""

    class Fake(ExactMixture):
        kept: dict[str, Any] = {}

        def fit(self, X: np.ndarray) -> ExactMixture:  # noqa: N803
            vars(self).update(self.kept)
            try:
                super().fit(X)
            except ValueError:
                if self.kept:
                    del vars(self)[name]
                raise
            self.kept = {name: vars(self).pop(name)}
            return self

        def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
            vars(self).update(self.kept)
            try:
                return super().log_joint(X)
            finally:
                vars(self).pop(name, None)

    return Fake


class PredictsNothing(ExactMixture):
    """The fit is right, and there are no methods that predict."""

    score_samples = score = predict_proba = predict = bic = aic = fit_predict = property()


class ForgetsStepsThatWarm(ExactMixture):
    """A second step raises."""

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self.started_warm and self.max_iter == 1:
            raise ValueError(ERROR)
        return super().begin(samples)


def real(name: str) -> dict[str, Judgement]:
    """How every check ends that the suite runs on a case of the corpus, records too."""
    subject = subject_of(load_case(name), Raises)
    own_class = UnderTest(GaussianMixture, RELEASE)
    asked = [one for one in check.every().values() if one.runs_on(subject.case.traits, own_class)]
    return {one.name: one.judge(subject) for one in asked}


@pytest.fixture(scope="module")
def raised() -> dict[tuple[str, str], Judgement]:
    return judgements(Raises)


def test_every_promise_is_asked_of_a_class_that_only_raises(raised: dict[tuple[str, str], Judgement]) -> None:
    assert {name for name, _ in raised} == set(PROMISES)


def test_a_class_that_only_raises_keeps_nothing(raised: dict[tuple[str, str], Judgement]) -> None:
    assert {names for names, judgement in raised.items() if judgement.end() == KEPT} == set()


@pytest.mark.parametrize("name", REAL)
def test_a_class_that_only_raises_keeps_nothing_of_a_real_case(name: str) -> None:
    ends = real(name)
    assert {one.name for one in check.every().values() if one.is_baseline and not one.cases} <= set(ends)
    assert [check_name for check_name, judgement in ends.items() if judgement.end() == KEPT] == []


def test_a_raise_is_reported_by_the_checks_that_say_so(raised: dict[tuple[str, str], Judgement]) -> None:
    assert {name for (name, _), judgement in raised.items() if judgement.end() == BROKEN} == REPORT_THE_RAISE
    for (name, _), judgement in raised.items():
        for finding in judgement.findings:
            assert (finding.what, finding.seen, finding.aspect) == ("fit", f"ValueError: {ERROR}", "ValueError"), name


def test_the_reason_of_a_check_that_is_not_judged_is_the_raise(raised: dict[tuple[str, str], Judgement]) -> None:
    reasons = {(name, judgement.reason()) for (name, _), judgement in raised.items() if judgement.end() == NOT_JUDGED}
    # One looks at what a fit leaves that raises, as it should.
    factors = ("test_factors_are_those_of_the_precisions_given", "the fit left no precisions_cholesky_ of its start")
    assert factors in reasons
    assert {reason for _, reason in reasons - {factors}} == {f"the fit raised ValueError: {ERROR}"}


def test_a_raise_is_not_judged_where_exact_em_ends_in_a_singular_covariance() -> None:
    subject = subject_of(SINGULAR, Raises)
    for name in REPORT_THE_RAISE:
        judgement = PROMISES[name].judge(subject)
        assert judgement.end() == NOT_JUDGED
        assert "exact EM ends in a singular covariance" in judgement.reason()


@pytest.mark.parametrize("name", NOT_LEFT)
def test_what_needs_a_missing_attribute_is_not_judged_and_the_rest_is_kept(name: str) -> None:
    ends = judgements(without(name))
    findings = [(check_name, one) for (check_name, _), judgement in ends.items() for one in judgement.findings]
    assert {(check_name, one.what, one.seen) for check_name, one in findings} == {(MISSING, name, "nothing")}
    assert {check_name for (check_name, _), judgement in ends.items() if judgement.end() == NOT_JUDGED} == NOT_LEFT[
        name
    ]


@pytest.mark.parametrize("name", PARTLY)
def test_a_check_that_is_kept_without_a_missing_attribute_says_so(name: str) -> None:
    ends = judgements(without(name))
    partly = {
        check_name for (check_name, _), judgement in ends.items() if judgement.end() == KEPT and judgement.missing
    }
    assert partly == PARTLY[name]


@pytest.mark.parametrize("name", ["weights_", "means_"])
def test_a_fit_of_no_iterations_is_not_judged_by_its_count_alone(name: str) -> None:
    subject = subject_of(CONVERGES, without(name))
    for check_name in ("test_no_iterations_leave_what_was_given", "test_no_iterations_leave_the_means_given"):
        judgement = PROMISES[check_name].judge(subject)
        assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, f"the fit left no {name}")


def test_an_attribute_that_only_one_of_two_fits_leaves_is_a_finding() -> None:
    class LeavesNoBoundWhenWarm(ExactMixture):
        def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
            if self.started_warm:
                del self.lower_bound_

    check_of_chains = PROMISES["test_warm_start_equals_explicit_replays"]
    first, *_ = check_of_chains.judge(subject_of(CHAIN, LeavesNoBoundWhenWarm)).findings
    assert (first.what, first.seen, first.frame) == ("lower_bound_", "None", 1)


@pytest.mark.parametrize("name", NOT_LEFT)
def test_what_is_not_judged_says_which_attribute_is_missing(name: str) -> None:
    reasons = [judgement.reason() for judgement in judgements(without(name)).values() if judgement.missing]
    assert reasons
    others = {reason for reason in reasons if f"the fit left no {name}" not in reason}
    assert others <= {"the estimator's class cannot be pickled"}  # it is made in a function


def test_a_fit_that_is_right_without_precisions_ends_where_exact_em_does_on_one_frame() -> None:
    end = PROMISES["test_components_end_where_exact_em_puts_them"].judge(subject_of(CONVERGES, without("precisions_")))
    assert end.end() == KEPT


def test_a_class_without_methods_that_predict_is_not_judged_by_its_predictions() -> None:
    ends = judgements(PredictsNothing)
    not_judged = {name: judgement for (name, _), judgement in ends.items() if judgement.end() == NOT_JUDGED}
    assert set(not_judged) == {
        "test_predictions_follow_from_the_parameters",
        "test_integers_are_predicted_like_floats",
        "test_fit_predict_labels_like_predict",
        "test_fit_predict_labels_like_the_best_start",
        "test_what_cannot_be_predicted_is_refused",
    }
    assert all("the estimator has no " in judgement.reason() for judgement in not_judged.values())
    assert {name for (name, _), judgement in ends.items() if judgement.end() == BROKEN} == {MISSING}


@pytest.mark.parametrize("name", ["test_lower_bound_never_falls", "test_iterations_are_counted"])
def test_steps_that_end_early_are_no_judgement_of_the_fit(name: str) -> None:
    judgement = PROMISES[name].judge(subject_of(CONVERGES, ForgetsStepsThatWarm))
    assert judgement.end() == NOT_JUDGED
    assert ERROR in judgement.reason()


@pytest.mark.parametrize("case", [case for case in CASES if len(case.frames) > 1], ids=lambda case: case.name)
def test_the_first_frame_alone_does_not_judge_a_warm_start(case: Case) -> None:
    class RaisesOnTheSecondFrame(ExactMixture):
        def read(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
            if not np.array_equal(X, case.frame):
                raise ValueError(ERROR)
            return super().read(X)

    (one,) = (one for one in asked_about(case) if one.name == "test_warm_start_equals_explicit_replays")
    judgement = one.judge(subject_of(case, RaisesOnTheSecondFrame))
    assert judgement.end() == NOT_JUDGED
    assert ERROR in judgement.reason()


def test_a_reason_is_one_line_and_not_a_long_one() -> None:
    reason = not_fitted(Raised("ValueError", "no.\n" + 100 * " one more word"))
    assert reason.startswith("the fit raised ValueError: no. one more word")
    assert reason.endswith("...")
    assert len(reason) < 120
    assert not_fitted(Raised("ValueError", "no.")) == "the fit raised ValueError: no"
