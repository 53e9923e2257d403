"""What EM does on its way - first step, warm start, lower bound, end: a fake for each promise, and who notices it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.selftest.promise_fakes import CONVERGES, Arguments, ExactMixture, Fault, name_of, require
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


class AlwaysWarns(ExactMixture):
    """A fit that converged warns all the same."""

    def warn(self) -> None:
        self.converged_, said = False, self.converged_
        super().warn()
        self.converged_ = said


FAULTS = (
    Fault(MissesTheFirstStep, "first step", r"seen means_ \S+ at \(\d, \d\); should be \S+ within"),
    Fault(MissesWeightsOfTheFirstStep, "first step", r"seen weights_ 0\.\d+ at \(\d,\); should be 0\.\d+ within"),
    # All that depends on the first E-step: its bound, where a fit ends, explicit starts of a chain; a square has
    # another unit.
    Fault(
        SquaresPrecisions,
        "first step, bound, end, warm start, unit, factors, nothing, zero",
        r"seen lower_bound_ \S+; should be \S+ within",
    ),
    Fault(MeansOff, "end", r"seen means_ \S+ at \(\d, \d\); should be \S+ within"),
    Fault(ComponentAtTheWrongPlace, "end", r"seen means_ \S+ at \(0, 0\); should be 2\S+ within"),
    Fault(StartsOverOnTheNextFrame, "warm start", r"frame 1: seen \w+_ .*; should be"),
    # Steps are warm starts as well.
    Fault(AlwaysStartsOver, "warm start, bound, count", r"frame 1: seen \w+_ .*; should be"),
    Fault(StopsEarlyWhenWarm, "warm start", r"frame 1: seen n_iter_ 5; should be 6"),
    Fault(CountsWrongWhenWarm, "warm start", r"frame 1: seen n_iter_ 17; should be 6"),
    Fault(RaisesWhenWarm, "warm start", r"frame 1: seen ValueError: no; should be no error"),
    Fault(GoesBackAtTheEnd, "rise", r"step \d+: seen \S+; should be at least \S+ within"),
    # A bound that falls, while the parameters get better, is not theirs; and its changes are others.
    Fault(BoundFalls, "rise, bound, count", r"step 2: seen \S+; should be at least \S+ within"),
    Fault(BoundOff, "bound", r"step 2: seen lower_bound_ \S+; should be \S+ within"),
    # Said of one step, of a whole fit, and of the changes from step to step.
    Fault(BoundOfTheParametersAfter, "bound, first step, end, count", r"step 1: seen lower_bound_ \S+; should be"),
    Fault(CountsFromZero, "count, tol", r"seen n_iter_ 10 and converged_ True; should be the first step .* none of"),
    Fault(CountsNothing, "convergence, tol", r"seen n_iter_ 0; should be 1 to 100"),
    # A number that no step has is over max_iter, and not where the bound settles.
    Fault(CountsTooMany, "convergence, count", r"seen n_iter_ 111; should be 1 to 100"),
    Fault(CountsSixty, "count", r"seen n_iter_ 60 and converged_ True; should be .* which is step 11"),
    Fault(CountsTooFewAtMaxIter, "convergence", r"seen n_iter_ 2 without convergence; should be 3"),
    # The iteration too many moves on.
    Fault(GoesOnTooLong, "count, end", r"seen n_iter_ 12 and converged_ True; should be .* which is step 11"),
    Fault(ClaimsConvergence, "count", r"seen n_iter_ 3 and converged_ True; should be .* none of those"),
    # It denies what its own steps show.
    Fault(DeniesConvergence, "convergence, count", r"seen n_iter_ 11 without convergence; should be 100"),
    Fault(NeverWarns, "convergence", r"seen converged_ False and no warning; should be a warning"),
    Fault(AlwaysWarns, "convergence", r"seen converged_ True and a warning; should be no warning"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)


def test_the_fakes_leave_the_right_estimator_as_it_is() -> None:
    (outcome,) = Arguments(CONVERGES, ExactMixture).replays["explicit"]
    assert (outcome.n_iter, outcome.converged, outcome.warnings) == (11, True, ())
