"""Promise: the lower bound rises, is what the parameters give, and says when to stop."""

from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest

from fixtures.corpus import Case
from tests.support import comparison, messages
from tests.support.density import full_matrices, log_joint_densities, log_sum_exp
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.replay import EXPLICIT, Outcome, fit_frame, initial, make_estimator
from tests.support.same_fit import same_fit

Replays = Dict[str, Tuple[Outcome, ...]]
FitAgain = Callable[[Case], Outcome]
N_STARTS = 5


def test_lower_bound_never_falls(case: Case, steps: Tuple[Outcome, ...], place: str) -> None:
    """From step to step, but for rounding and what reg_covar costs exact EM as well."""
    bounds = [float(outcome.lower_bound) for outcome in steps if outcome.lower_bound is not None]
    if len(bounds) < len(steps):
        return  # a step raised: test_no_component_collapses judges that
    allowed = comparison.tolerances(case, comparison.coarser(case.means, case.frame), 1.0, bounds[0]).lower_bound
    try:
        exact = exact_replay(case._replace(frames=case.frames[:1]))[0].lower_bounds
        allowed += max(0.0, -float(np.diff(exact).min())) if len(exact) > 1 else 0.0
    except DegenerateCovariance:
        pass
    wrong = [
        "step {}: seen {!r}; should be at least {!r} within {:.3g}".format(number + 2, after, before, allowed)
        for number, (before, after) in enumerate(zip(bounds, bounds[1:]))
        if not after >= before - allowed
    ]
    if wrong:
        raise messages.Defect("{}: the lower bound falls\n  {}".format(place, "\n  ".join(wrong)))


def test_lower_bound_is_what_the_parameters_give(case: Case, steps: Tuple[Outcome, ...], place: str) -> None:
    """``lower_bound_`` is the mean log-likelihood under the parameters that the step started from."""
    wrong = []
    samples = case.frame.astype(np.float64)
    for number, outcome in enumerate(steps):
        if outcome.lower_bound is None:
            break
        start = outcome.start
        precisions = full_matrices(start.precisions, case.settings.covariance_type, *case.means.shape)
        with np.errstate(divide="ignore"):
            log_weights = np.log(start.weights.astype(np.float64))
        joint = log_joint_densities(
            samples, log_weights, start.means.astype(np.float64), np.linalg.cholesky(precisions)
        )
        exact = float(log_sum_exp(joint, axis=1).mean())
        dtype = comparison.coarser(case.means, case.frame, outcome.means)
        allowed = comparison.tolerances(case, dtype, 1.0, exact)
        found = comparison.differences(outcome, {"lower_bound": exact}, allowed)
        wrong += ["step {}: {}".format(number + 1, line) for line in found]
    if wrong:
        raise messages.Defect("{}: lower_bound_ is of other parameters\n  {}".format(place, "\n  ".join(wrong)))


def test_convergence_is_as_said(case: Case, replays: Replays, place: str) -> None:
    """A fit that stops at max_iter says so and warns; one that converged does neither; counting starts at 1."""
    wrong = []
    for way, outcomes in replays.items():
        for outcome in outcomes:
            if outcome.error:
                break
            wrong += ["{}: {}".format(messages.where(case, way, outcome), line) for line in _ill_said(case, outcome)]
    if wrong:
        raise messages.Defect("{}: the fit is not as it says\n  {}".format(place, "\n  ".join(wrong)))


def _ill_said(case: Case, outcome: Outcome) -> List[str]:
    n_iter, converged, max_iter = outcome.n_iter, bool(outcome.converged), case.settings.max_iter
    warned = any("converge" in message for _, message in outcome.warnings)
    wrong = []
    if n_iter is None or not 1 <= n_iter <= max_iter:
        wrong.append("seen n_iter_ {}; should be 1 to {}".format(n_iter, max_iter))
    elif not converged and n_iter != max_iter:
        wrong.append("seen n_iter_ {} without convergence; should be {}".format(n_iter, max_iter))
    if warned == converged:
        words = "a warning" if warned else "no warning"
        should_be = "no warning" if converged else "a warning"
        wrong.append("seen converged_ {} and {}; should be {}".format(converged, words, should_be))
    return wrong


def test_iterations_are_counted(case: Case, steps: Tuple[Outcome, ...], replays: Replays, place: str) -> None:
    """``n_iter_`` is the step at which the lower bound first changes by less than tol."""
    full = replays[EXPLICIT][0]
    bounds = [float(outcome.lower_bound) for outcome in steps if outcome.lower_bound is not None]
    if full.error or full.n_iter is None:
        return  # test_convergence_is_as_said judges a fit that says nothing
    changes = [abs(after - before) for before, after in zip(bounds, bounds[1:])]
    small = [number + 2 for number, change in enumerate(changes) if change < case.settings.tol]
    all_steps = len(bounds) == full.n_iter
    right = small[:1] == [full.n_iter] if full.converged and all_steps else not small
    if not right:
        raise messages.Defect(
            "{}: seen n_iter_ {} and converged_ {}; should be the first step that changes the lower bound by less"
            " than tol, which is {}".format(
                place, full.n_iter, full.converged, "step {}".format(small[0]) if small else "none of those taken"
            )
        )


@pytest.mark.parametrize("case_name", ["control-around-the-origin"])
def test_a_change_of_tol_does_not_stop(case: Case, fit_again: FitAgain, place: str) -> None:
    """The lower bound has to change by less than ``tol``; by just as much is not enough."""

    def fit(max_iter: int, tol: float) -> Outcome:
        return fit_again(case._replace(settings=case.settings._replace(max_iter=max_iter, tol=tol)))

    two, three = fit(2, 0.0), fit(3, 0.0)
    if two.lower_bound is None or three.lower_bound is None or three.n_iter is None:
        raise messages.Defect("{}: seen {} after three steps; should fit".format(place, three.error or "nothing"))
    further = fit(4, abs(float(three.lower_bound) - float(two.lower_bound)))
    if further.n_iter is None or not further.n_iter > three.n_iter:
        raise messages.Defect(
            "{}: seen n_iter_ {} with tol {!r}, by which step 3 changes the lower bound; should be {}".format(
                place, further.n_iter, abs(float(three.lower_bound) - float(two.lower_bound)), three.n_iter + 1
            )
        )


@pytest.mark.parametrize("case_name", ["control-around-the-origin"])
def test_a_first_lower_bound_of_zero_does_not_stop(case: Case, fit_again: FitAgain, place: str) -> None:
    """There is nothing before the first step that it could have changed by too little.

    A unit of length in which the first lower bound is 0 changes no count of steps.
    """
    one = fit_again(case._replace(settings=case.settings._replace(max_iter=1)))
    if one.lower_bound is None:
        raise messages.Defect("{}: seen {} after one step; should fit".format(place, one.error or "no lower bound"))
    unit = float(np.exp(one.lower_bound / case.means.shape[1]))
    moved = case._replace(
        frames=tuple(frame * unit for frame in case.frames),
        means=case.means * unit,
        precisions=case.precisions / unit**2,
        settings=case.settings._replace(reg_covar=case.settings.reg_covar * unit**2),
    )
    before, after = fit_again(case), fit_again(moved)
    if before.n_iter != after.n_iter:
        raise messages.Defect(
            "{}: seen n_iter_ {} in a unit in which the first lower bound is 0; should be {}".format(
                place, after.n_iter, before.n_iter
            )
        )


@pytest.mark.parametrize("case_name", ["control-around-the-origin", "reduced-control-around-the-origin"])
def test_the_best_of_several_starts_is_kept(case: Case, estimator_class: Any, place: str) -> None:
    """``n_init`` starts at random leave what the best of them leaves alone."""
    short = case._replace(settings=case.settings._replace(max_iter=8))

    def fit(n_starts: int, random: np.random.RandomState) -> Outcome:
        estimator = make_estimator(short, None, estimator_class, n_init=n_starts, init_params="random")
        estimator.random_state = random
        return fit_frame(short, 0, initial(short), estimator)

    # From this seed the second start is the best, by far.
    seen, one_by_one = fit(N_STARTS, np.random.RandomState(0)), np.random.RandomState(0)
    alone = [fit(1, one_by_one) for _ in range(N_STARTS)]
    failed = [outcome.error for outcome in (seen, *alone) if outcome.error or outcome.lower_bound is None]
    if failed:
        raise messages.Defect("{}: seen {} from a start at random; should fit".format(place, failed[0]))
    bounds = [float(outcome.lower_bound or 0) for outcome in alone]
    best = alone[int(np.argmax(bounds))]
    wrong = same_fit(short, best, seen)
    if (seen.n_iter, seen.converged) != (best.n_iter, best.converged):
        ends = (seen.n_iter, seen.converged, best.n_iter, best.converged)
        wrong.append("seen n_iter_ {} and converged_ {}; should be {} and {}".format(*ends))
    if wrong:
        raise messages.Defect("{}: not the best of {} starts\n  {}".format(place, N_STARTS, "\n  ".join(wrong)))
