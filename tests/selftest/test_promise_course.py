"""What EM does on its way - first step, warm start, lower bound, end: a fake for each promise, and who notices it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tests.selftest.promise_fakes import CONVERGES, STARTS, ExactMixture, Fault, name_of, require, subject_of
from tests.support.reference import Trajectory


class MissesTheFirstStep(ExactMixture):
    """One cold step leaves a mean that is not that of EM."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if not self.started_warm:
            self.means_[0] += 1e-3


class MissesWeightsOfTheFirstStep(ExactMixture):
    """One cold step leaves weights that are not those of EM."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if not self.started_warm:
            self.weights_ += np.array([1e-5, -1e-5, 0])


class SquaresPrecisions(ExactMixture):
    """A cold start takes each precision twice, as scikit-learn did with ``diag`` until 1.0 (#16944)."""

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights, means, precisions = super().begin(samples)
        return (
            weights,
            means,
            precisions if self.started_warm or precisions is None else np.matmul(precisions, precisions),
        )


class MeansOff(ExactMixture):
    """Every mean is off by a thousandth of its distance from the middle."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.means_ += 1e-3 * (self.means_ - samples.mean(axis=0))


class ComponentAtTheWrongPlace(ExactMixture):
    """The two heaviest components have exchanged their means."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        heaviest = np.argsort(self.weights_)[1:]
        self.means_[heaviest] = self.means_[heaviest[::-1]]


class StartsOverOnTheNextFrame(ExactMixture):
    """Samples that are new are fitted from the initial parameters, warm start or not."""

    seen: np.ndarray | None = None

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        new = self.seen is None or not np.array_equal(samples, self.seen)
        self.seen = samples
        return (self.weights_init, self.means_init, self.precisions_init) if new else super().begin(samples)


class AlwaysStartsOver(ExactMixture):
    """``warm_start`` is ignored."""

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # noqa: ARG002
        return self.weights_init, self.means_init, self.precisions_init


class StopsEarlyWhenWarm(ExactMixture):
    """A warm-started fit stops an iteration early, as if the last frame's lower bound counted."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.started_warm:
            self.set_parameters(trajectory, trajectory.n_iter - 1)


class CountsWrongWhenWarm(ExactMixture):
    """A warm-started fit adds its iterations to those of the last one."""

    total = 0

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.total = self.n_iter_ = self.n_iter_ + self.total


class RaisesWhenWarm(ExactMixture):
    """A second frame is refused."""

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self.started_warm and self.max_iter > 1:
            raise ValueError("no")
        return super().begin(samples)


class GoesBackAtTheEnd(ExactMixture):
    """A step after which little is left to gain goes the other way."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        start = getattr(self, "before", self.means_init)
        if self.score(samples) - self.lower_bound_ < 1e-3:
            self.means_ = start + 2 * (start - self.means_)
        self.before = self.means_.copy()


class BoundFalls(ExactMixture):
    """Each step says a lower bound that is less than that of the step before."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.n_steps = getattr(self, "n_steps", 0) + 1
        self.lower_bound_ -= 10.0 * (self.n_steps - 1)


class BoundOff(ExactMixture):
    """Every warm step adds a little to the lower bound."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.lower_bound_ += 1e-4 if self.started_warm else 0.0


class BoundOfTheParametersAfter(ExactMixture):
    """``lower_bound_`` is that of the parameters which the last step leaves."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.lower_bound_ = self.score(samples)

    leave_step = leave_whole


class CountsFromZero(ExactMixture):
    """``n_iter_`` of a fit that converged is the index of the last iteration, as in scikit-learn 0.18."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.n_iter_ -= int(self.converged_)


class CountsNothing(ExactMixture):
    """``n_iter_`` is always zero."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.n_iter_ = 0


class CountsTooMany(ExactMixture):
    """``n_iter_`` is more than ``max_iter``."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.n_iter_ += self.max_iter


class CountsSixty(ExactMixture):
    """``n_iter_`` is 60, which is less than ``max_iter`` and more than the steps that the suite takes one by one."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.n_iter_ = 60 if self.converged_ else self.n_iter_


class CountsTooFewAtMaxIter(ExactMixture):
    """``n_iter_`` of a fit that stopped at ``max_iter`` is one less."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.n_iter_ -= int(not self.converged_)


class GoesOnTooLong(ExactMixture):
    """A fit does one iteration more than ``tol`` asks for."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.max_iter, whole = 1, self.max_iter
        n_iter, self.warm_start, warm_start = self.n_iter_, True, self.warm_start
        if self.converged_:
            ExactMixture.fit(self, samples)
            self.n_iter_, self.converged_ = n_iter + 1, True
        self.max_iter, self.warm_start = whole, warm_start

    def warn(self) -> None:
        if self.max_iter > 1:
            super().warn()


class ClaimsConvergence(ExactMixture):
    """A fit that stopped at ``max_iter`` says that it converged, and does not warn."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.converged_ = True


class DeniesConvergence(ExactMixture):
    """A fit that converged says that it did not, and warns."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.converged_ = False


class NeverWarns(ExactMixture):
    """A fit that stops at ``max_iter`` says so in ``converged_`` alone."""

    def warn(self) -> None:
        pass


class WarnsOfAnything(ExactMixture):
    """The warning is of no category that a user could filter."""

    def warn(self) -> None:
        if not self.converged_:
            warnings.warn("EM did not converge", UserWarning, stacklevel=3)


class AlwaysWarns(ExactMixture):
    """A fit that converged warns all the same."""

    def warn(self) -> None:
        self.converged_, said = False, self.converged_
        super().warn()
        self.converged_ = said


class KeepsTheLastBoundAlone(ExactMixture):
    """``lower_bounds_`` has the last lower bound and none before it."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.lower_bounds_ = self.lower_bounds_[-1:]


class BoundsOfAnotherFit(ExactMixture):
    """``lower_bounds_`` are those of samples elsewhere."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.lower_bounds_ = [bound - 1 for bound in self.lower_bounds_]


FAULTS = (
    Fault(
        KeepsTheLastBoundAlone, "test_lower_bounds_are_those_of_the_iterations", what="lower_bounds_", aspect="shape"
    ),
    Fault(BoundsOfAnotherFit, "test_lower_bounds_are_those_of_the_iterations", what="lower_bounds_", aspect=""),
    Fault(
        MissesTheFirstStep,
        "test_first_step_uses_the_parameters_given",
        *STARTS,
        "test_lower_bounds_are_those_of_the_iterations",
        what="means_",
        component=0,
        feature=1,
    ),
    Fault(
        MissesWeightsOfTheFirstStep,
        "test_first_step_uses_the_parameters_given",
        *STARTS,
        "test_lower_bounds_are_those_of_the_iterations",
        what="weights_",
        component=1,
    ),
    # All that depends on the first E-step: its bound, where a fit ends, explicit starts of a chain; a square has
    # another unit.
    Fault(
        SquaresPrecisions,
        "test_first_step_uses_the_parameters_given",
        "test_precisions_given_are_used",
        "test_lower_bound_is_what_the_parameters_give",
        "test_components_end_where_exact_em_puts_them",
        "test_warm_start_equals_explicit_replays",
        "test_fit_scales_with_the_unit",
        "test_factors_are_those_of_the_precisions_given",
        "test_no_iterations_leave_what_was_given",
        "test_a_first_lower_bound_of_zero_does_not_stop",
        "test_float16_is_as_good_as_float64",
        what="weights_",
        component=1,
    ),
    # The pixel that comes again and again has no room for a mean beside it.
    Fault(
        MeansOff,
        "test_components_end_where_exact_em_puts_them",
        "test_no_component_collapses",
        what="means_",
        should_be=58.0,
        component=2,
        feature=0,
    ),
    Fault(
        ComponentAtTheWrongPlace, "test_components_end_where_exact_em_puts_them", what="means_", component=0, feature=0
    ),
    Fault(
        StartsOverOnTheNextFrame,
        "test_warm_start_equals_explicit_replays",
        "test_a_fit_that_raises_leaves_the_last_one",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        what="weights_",
        component=0,
        frame=1,
    ),
    # Steps are warm starts as well.
    Fault(
        AlwaysStartsOver,
        "test_warm_start_equals_explicit_replays",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_another_number_of_features_is_refused",
        "test_lower_bounds_are_those_of_the_iterations",
        "test_lower_bound_is_what_the_parameters_give",
        "test_iterations_are_counted",
        what="weights_",
        component=0,
        frame=1,
    ),
    Fault(StopsEarlyWhenWarm, "test_warm_start_equals_explicit_replays", what="weights_", component=0, frame=1),
    Fault(
        CountsWrongWhenWarm,
        "test_warm_start_equals_explicit_replays",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=17,
        should_be=6,
        frame=1,
    ),
    Fault(
        RaisesWhenWarm,
        "test_warm_start_equals_explicit_replays",
        "test_no_component_collapses",
        what="fit",
        seen="ValueError: no",
        should_be="no error",
        aspect="ValueError",
        frame=1,
    ),
    Fault(
        GoesBackAtTheEnd,
        "test_lower_bound_never_falls",
        "test_lower_bounds_are_those_of_the_iterations",
        "test_weights_and_means_given_are_used",
        what="lower_bound_",
        step=11,
    ),
    # A bound that falls, while the parameters get better, is not theirs; and its changes are others.
    Fault(
        BoundFalls,
        "test_lower_bound_never_falls",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_lower_bounds_are_those_of_the_iterations",
        "test_lower_bound_is_what_the_parameters_give",
        "test_iterations_are_counted",
        what="lower_bound_",
        step=2,
    ),
    Fault(
        BoundOff,
        "test_lower_bound_is_what_the_parameters_give",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_lower_bounds_are_those_of_the_iterations",
        what="lower_bound_",
        step=2,
    ),
    # Said of one step, of a whole fit, and of the changes from step to step.
    Fault(
        BoundOfTheParametersAfter,
        "test_lower_bound_is_what_the_parameters_give",
        *(name for name in STARTS if "at_samples" not in name),
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_first_step_uses_the_parameters_given",
        "test_components_end_where_exact_em_puts_them",
        "test_iterations_are_counted",
        "test_lower_bounds_are_those_of_the_iterations",
        what="lower_bound_",
        step=1,
    ),
    Fault(
        CountsFromZero,
        "test_iterations_are_counted",
        "test_a_change_of_tol_does_not_stop",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=10,
        should_be="the first step that changes the lower bound by less than tol: none of those taken",
        aspect="with converged_ True",
    ),
    Fault(
        CountsNothing,
        "test_convergence_is_as_said",
        "test_a_change_of_tol_does_not_stop",
        "test_iterations_are_counted",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=0,
        should_be="1 to 100",
        aspect="range",
    ),
    # A number that no step has is over max_iter, and not where the bound settles.
    Fault(
        CountsTooMany,
        "test_convergence_is_as_said",
        "test_iterations_are_counted",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=111,
        should_be="1 to 100",
        aspect="range",
    ),
    Fault(
        CountsSixty,
        "test_iterations_are_counted",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=60,
        should_be="the first step that changes the lower bound by less than tol: step 11",
        aspect="with converged_ True",
    ),
    Fault(
        CountsTooFewAtMaxIter,
        "test_convergence_is_as_said",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=2,
        should_be=3,
        aspect="without convergence",
    ),
    # The iteration too many moves on.
    Fault(
        GoesOnTooLong,
        "test_iterations_are_counted",
        "test_components_end_where_exact_em_puts_them",
        "test_lower_bounds_are_those_of_the_iterations",
        what="n_iter_",
        seen=12,
        should_be="the first step that changes the lower bound by less than tol: step 11",
        aspect="with converged_ True",
    ),
    Fault(
        ClaimsConvergence,
        "test_iterations_are_counted",
        what="n_iter_",
        seen=3,
        should_be="the first step that changes the lower bound by less than tol: none of those taken",
        aspect="with converged_ True",
    ),
    # It denies what its own steps show.
    Fault(
        DeniesConvergence,
        "test_convergence_is_as_said",
        "test_iterations_are_counted",
        what="n_iter_",
        seen=11,
        should_be=100,
        aspect="without convergence",
    ),
    Fault(
        NeverWarns,
        "test_convergence_is_as_said",
        what="fit",
        seen="no warning of it",
        should_be="a warning of no convergence",
        aspect="with converged_ False",
    ),
    Fault(
        WarnsOfAnything,
        "test_convergence_is_as_said",
        what="fit",
        seen="no warning of it",
        should_be="a warning of no convergence",
    ),
    Fault(
        AlwaysWarns,
        "test_convergence_is_as_said",
        what="fit",
        seen="a warning of no convergence",
        should_be="no warning of it",
        aspect="with converged_ True",
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)


def test_the_fakes_leave_the_right_estimator_as_it_is() -> None:
    outcome = subject_of(CONVERGES, ExactMixture).first
    assert (outcome.n_iter, outcome.converged, outcome.warnings) == (11, True, ())
