"""Promise: the lower bound rises, is what the parameters give, and says when to stop."""

from typing import Any, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison, tolerances
from tests.support.check import ITERATIONS, NOT_LARGE, Reproduction, check
from tests.support.density import full_matrices
from tests.support.judgement import Judgement, NotJudged
from tests.support.reference import DegenerateCovariance, exact_replay, merge_equal
from tests.support.replay import Outcome, fit_frame, initial
from tests.support.same_fit import same_fit
from tests.support.subject import Subject, require_left, require_parameters

N_STARTS = 5
LARGEST_LOSS = 0.1  # nats: beyond, the covariances are rounding and little else
COUNTED = "`n_iter_` is the number of iterations: exact EM takes {n_iter}."


@check(headline="the lower bound falls", needs=(ITERATIONS, NOT_LARGE))
def test_lower_bound_never_falls(subject: Subject, judgement: Judgement) -> None:
    """From step to step, but for rounding and what reg_covar costs exact EM as well."""
    steps = subject.steps_to_compare(judgement)
    for outcome in steps:
        require_left(outcome, "lower_bound")
    bounds = [float(outcome.lower_bound or 0) for outcome in steps]
    for number, bound in enumerate(bounds):
        if not np.isfinite(bound):
            judgement.at(step=number + 1).expect(False, "lower_bound_", bound, "a finite number", aspect="value")
            judgement.stop("a lower bound is not finite")
    rounding = [_bound_of_start(subject, number, outcome)[1] for number, outcome in enumerate(steps)]
    moved = [_lost_to_covariances(subject, outcome) for outcome in steps]
    try:
        exact = exact_replay(subject.one_frame)[0].lower_bounds
        floor = max(0.0, -float(np.diff(exact).min())) if len(exact) > 1 else 0.0
    except DegenerateCovariance:
        floor = 0.0  # it costs nothing that could be said
    for number, (before, after) in enumerate(zip(bounds, bounds[1:])):
        at, allowed = judgement.at(step=number + 2), floor + rounding[number] + rounding[number + 1] + moved[number]
        if moved[number] > LARGEST_LOSS:
            judgement.cannot("rounding takes the covariances so far that the lower bound may fall")
            continue
        at.expect(after >= before - allowed, "lower_bound_", after, "at least {!r}".format(before), tolerance=allowed)


@check(
    headline="lower_bound_ is not that of the parameters that the step starts from",
    title="GaussianMixture: lower_bound_ is not that of the parameters given",
)
def test_lower_bound_is_what_the_parameters_give(subject: Subject, judgement: Judgement) -> None:
    """``lower_bound_`` is the mean log-likelihood under the parameters that the step started from."""
    for number, outcome in enumerate(subject.steps_to_compare(judgement)):
        require_left(outcome, "lower_bound")
        exact, allowed = _bound_of_start(subject, number, outcome)
        judgement.at(step=number + 1).close("lower_bound_", outcome.lower_bound, exact, allowed)


def _lost_to_covariances(subject: Subject, outcome: Outcome) -> float:
    """How much lower the lower bound may be because a step rounds its covariances.

    The derivative of ``E[log N(x; m, C)]`` along an error E of C is at most ``sum |P_ab E_ab|``.
    """
    case = subject.case
    parameters = require_parameters(case, outcome)
    dtype = comparison.coarser(case.means, case.frame, outcome.means)
    arithmetic = tolerances.arithmetic_of(case.settings, dtype)
    off = tolerances.of_fitted_covariances(arithmetic, case.frame.astype(np.float64), parameters.covariances)
    with np.errstate(all="ignore"):
        # One by one: before numpy 1.14 pinv takes one matrix.
        precisions = np.abs([np.linalg.pinv(covariance) for covariance in parameters.covariances])
        return float(np.dot(parameters.weights, (precisions * off).sum(axis=(1, 2))))


def _bound_of_start(subject: Subject, number: int, outcome: Outcome) -> Tuple[float, float]:
    """The lower bound of the parameters that a step starts from, and how far rounding may take it.

    Raises
    ------
    NotJudged
        The step before left parameters that have none.
    """
    case, start = subject.case, outcome.start
    if start.weights.shape != case.weights.shape or start.means.shape != case.means.shape:
        raise NotJudged("step {} left parameters of another shape".format(number))
    points, counts = merge_equal(case.frame)
    precisions = full_matrices(start.precisions, case.settings.covariance_type, *case.means.shape)
    if not all(np.isfinite(array).all() for array in (start.weights, start.means, precisions)):
        raise NotJudged("step {} left parameters that are not finite".format(number))
    with np.errstate(divide="ignore"):
        log_weights = np.log(start.weights.astype(np.float64))
    try:
        factors = np.linalg.cholesky(precisions)
    except np.linalg.LinAlgError:
        raise NotJudged("step {} left precisions_ that are not positive definite".format(number)) from None
    dtype = comparison.coarser(case.means, case.frame, outcome.means)
    arithmetic = tolerances.arithmetic_of(case.settings, dtype)
    found = tolerances.densities(arithmetic, points, (log_weights, start.means.astype(np.float64), factors))
    exact = float(np.dot(counts, found.log_likelihood) / counts.sum())
    return exact, tolerances.of_lower_bound(arithmetic, found, counts)


@check(
    headline="n_iter_, converged_ and the warning do not say how the fit ended",
    title="GaussianMixture: n_iter_ and converged_ do not say what happened",
    should_be=COUNTED,
)
def test_convergence_is_as_said(subject: Subject, judgement: Judgement) -> None:
    """A fit that stops at max_iter says so and warns; one that converged does neither; counting starts at 1."""
    for _, outcome, at in subject.fits(judgement):
        require_left(outcome, "n_iter", "converged")
        _judge_end(at, subject.case, outcome)


def _judge_end(judgement: Judgement, case: Case, outcome: Outcome) -> None:
    n_iter, converged, max_iter = outcome.n_iter, bool(outcome.converged), case.settings.max_iter
    warned = any(category == "ConvergenceWarning" and "converge" in message for category, message in outcome.warnings)
    in_range = n_iter is not None and 1 <= n_iter <= max_iter
    if judgement.expect(in_range, "n_iter_", n_iter, "1 to {}".format(max_iter), aspect="range"):
        judgement.expect(converged or n_iter == max_iter, "n_iter_", n_iter, max_iter, aspect="without convergence")
    words = {True: "a warning of no convergence", False: "no warning of it"}
    aspect = "with converged_ {}".format(converged)
    judgement.expect(warned != converged, "fit", words[warned], words[not converged], aspect=aspect)


@check(
    headline="n_iter_ is not the first step that changes the lower bound by less than tol",
    title="GaussianMixture: n_iter_ is not the number of iterations",
    needs=(ITERATIONS, NOT_LARGE),
    should_be=COUNTED,
)
def test_iterations_are_counted(subject: Subject, judgement: Judgement) -> None:
    """``n_iter_`` is the step at which the lower bound first changes by less than tol."""
    full, tol = subject.first, subject.case.settings.tol
    require_left(full, "n_iter", "converged", "lower_bound")
    steps = subject.steps_to_compare(judgement)
    bounds = [float(outcome.lower_bound) for outcome in steps if outcome.lower_bound is not None]
    if len(bounds) < subject.n_steps:
        judgement.stop("the steps end before the fit does")
    changes = [abs(after - before) for before, after in zip(bounds, bounds[1:])]
    small = [number + 2 for number, change in enumerate(changes) if change < tol]
    all_steps = len(bounds) >= (full.n_iter or 0)
    right = small[:1] == [full.n_iter] if full.converged and all_steps else not small
    first = "step {}".format(small[0]) if small else "none of those taken"
    judgement.expect(
        right, "n_iter_", full.n_iter, "the first step that changes the lower bound by less than tol: " + first,
        aspect="with converged_ {}".format(full.converged),
    )  # fmt: skip


@check(
    headline="lower_bounds_ are not those of the iterations",
    upstream="https://github.com/scikit-learn/scikit-learn/issues/28559",
    since="1.7",
)
def test_lower_bounds_are_those_of_the_iterations(subject: Subject, judgement: Judgement) -> None:
    """``lower_bounds_`` has the lower bound of each iteration, and the last one is ``lower_bound_``."""
    outcomes = [outcomes[-1] for outcomes in subject.replays.values()]
    for outcome in outcomes:
        require_left(outcome, "n_iter", "lower_bound")
        bounds = getattr(outcome.estimator, "lower_bounds_", None)
        if bounds is None:
            judgement.stop("the fit left no lower_bounds_")
        if judgement.has_shape("lower_bounds_", bounds, (outcome.n_iter or 0,)) and len(bounds):
            judgement.expect(bounds[-1] == outcome.lower_bound, "lower_bounds_", bounds[-1], outcome.lower_bound)
    first = subject.first
    _judge_bounds_of_steps(subject, judgement, getattr(first.estimator, "lower_bounds_", None), int(first.n_iter or 0))


def _judge_bounds_of_steps(subject: Subject, judgement: Judgement, bounds: Any, n_iter: int) -> None:
    """Compare the lower bounds of a fit with those of single steps."""
    # Of a large frame one step is taken; a fit that goes wrong may end before its steps do.
    steps = [outcome.lower_bound for outcome in subject.steps[:n_iter]]
    if bounds is None or np.shape(bounds) != (n_iter,) or None in steps:
        judgement.stop("the fit or its steps left no lower bounds to compare")
    # A fit and its steps compute the same from the same factors: they differ by what a step's bound may be off.
    for number, (seen, bound) in enumerate(zip(bounds, steps)):
        _, allowed = _bound_of_start(subject, number, subject.steps[number])
        judgement.at(step=number + 1).close("lower_bounds_", seen, bound, 2 * allowed)


@check(headline="a change of the lower bound by tol ends the fit", cases=("control-around-the-origin",))
def test_a_change_of_tol_does_not_stop(subject: Subject, judgement: Judgement) -> None:
    """The lower bound has to change by less than ``tol``; by just as much is not enough."""

    def fit(max_iter: int, tol: float) -> Outcome:
        outcome = subject.again(subject.changed(max_iter=max_iter, tol=tol))
        require_left(outcome, "lower_bound", "n_iter")
        return outcome

    two, three = fit(2, 0.0), fit(3, 0.0)
    tol = abs(float(three.lower_bound or 0) - float(two.lower_bound or 0))
    seen, expected = int(fit(4, tol).n_iter or 0), int(three.n_iter or 0) + 1
    aspect = "with tol {!r}, by which step 3 changes the lower bound".format(tol)
    judgement.expect(seen >= expected, "n_iter_", seen, expected, aspect=aspect)


@check(
    headline="a first lower bound of 0 counts as a small change",
    cases=("control-around-the-origin",),
)
def test_a_first_lower_bound_of_zero_does_not_stop(subject: Subject, judgement: Judgement) -> None:
    """There is nothing before the first step that it could have changed by too little.

    A unit of length in which the first lower bound is 0 changes no count of steps.
    """
    case = subject.one_frame
    one = subject.again(subject.changed(max_iter=1))
    require_left(one, "lower_bound")
    unit = float(np.exp(one.lower_bound / case.means.shape[1]))
    moved = case._replace(
        frames=tuple(frame * unit for frame in case.frames),
        means=case.means * unit,
        precisions=case.precisions / unit**2,
        settings=case.settings._replace(reg_covar=case.settings.reg_covar * unit**2),
    )
    before, after = subject.again(case), subject.again(moved)
    require_left(before, "n_iter")
    require_left(after, "n_iter")
    aspect = "in a unit in which the first lower bound is 0"
    judgement.expect(after.n_iter == before.n_iter, "n_iter_", after.n_iter, before.n_iter, aspect=aspect)


@check(
    headline="of {} starts not the best is kept".format(N_STARTS),
    title="GaussianMixture(n_init=5) does not leave what the best start does",
    cases=("control-around-the-origin", "reduced-control-around-the-origin"),
    should_be="The same from both: of several starts the best is kept.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
few.update(max_iter=8, init_params="random", random_state=np.random.RandomState(0))
alone = [GaussianMixture(**few).fit(X) for _ in range(5)]
several = GaussianMixture(**dict(few, n_init=5, random_state=np.random.RandomState(0))).fit(X)
for name, model in (("best of 5 starts", max(alone, key=lambda one: one.lower_bound_)), ("n_init=5", several)):
    print("{}: converged_ {}, n_iter_ {}, lower_bound_ {!r}".format(
        name, model.converged_, model.n_iter_, float(model.lower_bound_)))""",
        makes_fits=True,
    ),
)
def test_the_best_of_several_starts_is_kept(subject: Subject, judgement: Judgement) -> None:
    """``n_init`` starts at random leave what the best of them leaves alone."""
    short = subject.changed(max_iter=8)

    def fit(n_starts: int, random: np.random.RandomState) -> Outcome:
        estimator = subject.estimator(short, None, n_init=n_starts, init_params="random")
        estimator.random_state = random
        outcome = fit_frame(short, 0, initial(short), estimator)
        require_left(outcome, "lower_bound", "n_iter", "converged")
        return outcome

    # From this seed the second start is the best, by far.
    seen, one_by_one = fit(N_STARTS, np.random.RandomState(0)), np.random.RandomState(0)
    alone = [fit(1, one_by_one) for _ in range(N_STARTS)]
    best = max(alone, key=lambda outcome: float(outcome.lower_bound or 0))
    same_fit(judgement, subject, best, seen)
    for name in ("n_iter", "converged"):
        value, should_be = getattr(seen, name), getattr(best, name)
        judgement.expect(value == should_be, name + "_", value, should_be)
