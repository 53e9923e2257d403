"""Promise: between two warm fits nothing is lost, and nothing that does not fit the next one is carried over.

A tracker catches the error of a bad frame and goes on with the same estimator,
changes a setting, copies it to another process, or gets a frame of another
kind. What it goes on from is what the last fit that returned has left.
"""

import copy
import pickle
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison
from tests.support.check import AND_A_REDUCED_ONE, ONE_OF_EACH_TYPE, Reproduction, check
from tests.support.criteria import judge_criteria
from tests.support.judgement import Judgement
from tests.support.one_step import judge_one_step, starting_at
from tests.support.refusals import fitted, is_refusal
from tests.support.replay import Outcome, Start, call, fit_frame, initial
from tests.support.same_fit import same_fit
from tests.support.subject import Subject, left, require_fit, require_left, require_parameters

CHANGES_BETWEEN_FITS = "https://github.com/scikit-learn/scikit-learn/issues/13285"
PARAMETERS_LEFT = tuple(name + "_" for name in comparison.PARAMETERS)
TYPES = ("full", "tied", "diag", "spherical")
ALL_THAT_A_FIT_LEAVES = (*comparison.PARAMETERS, "precisions", "lower_bound", "n_iter", "converged")


@check(
    headline="a fit that raises leaves what the next warm fit starts from",
    title="GaussianMixture(warm_start=True) goes on from what a fit that raised has left",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/6666",
    cases=AND_A_REDUCED_ONE,
    should_be="The same from both: the second fit raised, so the third goes on from the first.",
    reproduction=Reproduction(
        """\
parameters.update(max_iter=1, warm_start=True)
for frames in ((X, X), (X, np.zeros(X.shape), X)):
    model = GaussianMixture(**parameters)
    for frame in frames:
        model.set_params(reg_covar=parameters.get("reg_covar", 1e-6) if frame.any() else 0.0)
        try:
            model.fit(frame)
        except ValueError as error:
            print("a fit raises: {}".format(error))
    print("{} frames: means {}".format(len(frames), model.means_.tolist()))""",
        makes_fits=True,
    ),
)
def test_a_fit_that_raises_leaves_the_last_one(subject: Subject, judgement: Judgement) -> None:
    """A frame of equal samples raises, without ``reg_covar``: what comes next is as if it had not been there.

    The estimator has the parameters of the fit before and scores samples by
    them, and the next warm fit starts from them.
    """
    case = subject.changed(max_iter=1)
    with_it, without_it = _warm(subject, case), _warm(subject, case)
    before = fitted(with_it)
    with_it.reg_covar = 0.0
    _, error = call(with_it.fit, np.zeros(case.frame.shape))
    with_it.reg_covar = case.settings.reg_covar
    if error is None:
        judgement.stop("a fit of equal samples does not raise")
    for name in (name for name in PARAMETERS_LEFT if name in before):
        same = name in fitted(with_it) and np.array_equal(fitted(with_it)[name], before[name])
        judgement.expect(same, name, "other numbers after the fit that raised", "those of the fit before")
    should_be, failed = _predicted(judgement, without_it, "score_samples", case.frame)
    seen, error = _predicted(judgement, with_it, "score_samples", case.frame)
    if (
        should_be is not None
        and failed is None
        and judgement.expect_no_error(error, "score_samples", "densities as before")
    ):
        same = np.array_equal(seen, should_be)
        judgement.expect(same, "score_samples", "other numbers after the fit that raised", "those of the fit before")
    same_fit(judgement, subject, _again(case, without_it), _again(case, with_it))


@check(
    headline="a warm fit ignores another number of components",
    title="GaussianMixture(warm_start=True) ignores set_params(n_components=...)",
    upstream=CHANGES_BETWEEN_FITS,
    cases=AND_A_REDUCED_ONE,
    should_be="One component more, or a ValueError: n_components was changed.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
model = GaussianMixture(**dict(few, warm_start=True)).fit(X)
model.set_params(n_components=model.n_components + 1).fit(X)
print("n_components {}, means_ of shape {}".format(model.n_components, model.means_.shape))""",
        makes_fits=True,
    ),
)
def test_another_number_of_components_is_not_ignored(subject: Subject, judgement: Judgement) -> None:
    """After ``set_params(n_components=...)`` a warm fit starts anew, or refuses it."""
    n_components, n_features = subject.case.means.shape
    # One more than before is no more than there are samples: else it is refused for that.
    numbers = [number for number in (n_components - 1, n_components + 1) if 1 <= number <= len(subject.case.frame)]
    for number in numbers:
        at = judgement.at(way="set_params(n_components={})".format(number))
        model, error = _changed(subject, at, n_components=number)
        if _is_refused(at, error, "n_components"):
            continue
        is_anew = at.expect(
            np.shape(model.means_) == (number, n_features), "means_", str(np.shape(model.means_)),
            str((number, n_features)), aspect="shape",
        )  # fmt: skip
        if is_anew:
            case = subject.case._replace(means=model.means_)
            judge_criteria(at, case, model, subject.case.frame.astype(np.float64))


@check(
    headline="a warm fit neither takes nor refuses another covariance_type",
    title="GaussianMixture(warm_start=True) goes on with the factors of another covariance_type",
    upstream=CHANGES_BETWEEN_FITS,
    cases=ONE_OF_EACH_TYPE,
    should_be="A fit of the new covariance_type, or a ValueError that names it.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
for covariance_type in ("full", "tied", "diag", "spherical"):
    model = GaussianMixture(**dict(few, warm_start=True)).fit(X)
    try:
        model.set_params(covariance_type=covariance_type).fit(X)
        print("{}: score {}".format(covariance_type, model.score(X)))
    except Exception as error:
        print("{}: {}: {}".format(covariance_type, type(error).__name__, error))""",
        makes_fits=True,
    ),
)
def test_another_covariance_type_is_not_ignored(subject: Subject, judgement: Judgement) -> None:
    """After ``set_params(covariance_type=...)`` a warm fit starts anew, or raises a ValueError that names it."""
    for kind in TYPES:
        if kind == subject.case.settings.covariance_type:
            continue
        at = judgement.at(way="set_params(covariance_type={!r})".format(kind))
        model, error = _changed(subject, at, covariance_type=kind)
        if _is_refused(at, error, "covariance_type"):
            continue
        anew = subject.estimator(subject.changed(max_iter=8, covariance_type=kind), None)
        require_left(fit_frame(subject.one_frame, 0, initial(subject.case), anew), *comparison.PARAMETERS)
        # What goes on with the factors of another type starts elsewhere.
        for name in comparison.PARAMETERS:
            value, should_be = getattr(model, name + "_"), getattr(anew, name + "_")
            at.expect(
                np.shape(value) == np.shape(should_be) and np.allclose(value, should_be), name + "_",
                "other numbers", "those of a fit that starts anew",
            )  # fmt: skip


@check(
    headline="a warm fit of no iterations changes what it should leave",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/20408",
    cases=ONE_OF_EACH_TYPE,
    since="1.1",  # before, max_iter=0 was refused
)
def test_a_warm_fit_of_no_iterations_leaves_the_parameters(subject: Subject, judgement: Judgement) -> None:
    """A warm fit with ``max_iter=0`` leaves weights, means, covariances and precisions, and scores as before."""
    case, model, before = _after_no_iterations(subject, judgement)
    for name, value in left(judgement, before, *comparison.PARAMETERS, "precisions"):
        same = np.array_equal(getattr(model, name + "_"), value)
        judgement.expect(same, name + "_", "other numbers", "those of the fit before")
    judge_criteria(judgement, case, model, case.frame.astype(np.float64))


@check(
    headline="a warm fit of no iterations forgets the lower bound",
    title="GaussianMixture: a warm fit with max_iter=0 sets lower_bound_ to -inf",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/20408",
    cases=AND_A_REDUCED_ONE,
    since="1.1",
    should_be="The same lower_bound_ from both: the parameters are the same.",
    reproduction=Reproduction(
        """\
model = GaussianMixture(**dict(parameters, warm_start=True)).fit(X)
print("lower_bound_ {}".format(model.lower_bound_))
model.set_params(max_iter=0).fit(X)
print("lower_bound_ {}".format(model.lower_bound_))""",
        makes_fits=True,
    ),
)
def test_a_warm_fit_of_no_iterations_leaves_the_lower_bound(subject: Subject, judgement: Judgement) -> None:
    """A warm fit with ``max_iter=0`` leaves the lower bound that goes with the parameters."""
    _, model, before = _after_no_iterations(subject, judgement)
    for _, bound in left(judgement, before, "lower_bound"):
        seen = model.lower_bound_
        judgement.expect(seen == bound, "lower_bound_", seen, bound)


@check(headline="n_init changes a warm fit", cases=ONE_OF_EACH_TYPE)
def test_a_warm_fit_has_one_start(subject: Subject, judgement: Judgement) -> None:
    """With ``n_init`` above one a warm fit leaves what it leaves with one: there is one place to go on from."""
    case = subject.changed(max_iter=1)
    one, several = _warm(subject, case), _warm(subject, case)
    several.n_init = 3
    should_be = _again(case, one)
    seen = _again(case, several)
    require_fit(should_be)
    if judgement.expect_no_error(seen.error, "fit", "the fit of one start"):
        for name, value in left(judgement, should_be, *ALL_THAT_A_FIT_LEAVES):
            same = np.array_equal(getattr(seen, name), value)
            judgement.expect(same, name + "_", "other numbers", "those of one start")


@check(headline="a copy does not go on like the original", cases=ONE_OF_EACH_TYPE)
def test_a_copy_goes_on_like_the_original(subject: Subject, judgement: Judgement) -> None:
    """A copy by pickle or ``deepcopy`` predicts and goes on, and one by ``clone`` begins, to the last bit alike."""
    case = subject.changed(max_iter=1)
    original = _warm(subject, case)
    copies = list(_copies(judgement, original))
    for words, one in copies:
        for name in ("score_samples", "predict"):
            should_be, failed = _predicted(judgement, original, name, case.frame)
            seen, error = _predicted(judgement, one, name, case.frame)
            if (
                should_be is not None
                and failed is None
                and judgement.at(way=words).expect_no_error(error, name, "what the original predicts")
            ):
                same = np.array_equal(seen, should_be)
                judgement.at(way=words).expect(same, name, "other numbers", "those of the original")
    from sklearn.base import clone  # noqa: PLC0415  (the report reads the checks without scikit-learn)

    clones = [("clone", clone(original))] if hasattr(original, "get_params") else []
    if not clones:
        judgement.cannot("the estimator has no get_params to be cloned by")
    first = require_fit(subject.again(case))
    next_one = _again(case, original)
    for words, one, should_be in [*((*pair, next_one) for pair in copies), *((*pair, first) for pair in clones)]:
        at, seen = judgement.at(way=words), _again(case, one)
        if at.expect_no_error(seen.error, "fit", "the fit of the original"):
            for name, value in left(at, should_be, *ALL_THAT_A_FIT_LEAVES):
                same = np.array_equal(getattr(seen, name), value)
                at.expect(same, name + "_", "other numbers", "those of the original")


@check(headline="a frame of another kind is not fitted from what the last one left", cases=ONE_OF_EACH_TYPE)
def test_a_frame_of_another_kind_is_fitted_like_any(subject: Subject, judgement: Judgement) -> None:
    """The next frame has half as many samples, or another dtype: a warm fit is one exact step from the last one."""
    case = subject.changed(max_iter=1)
    half = case.frame[: max(case.n_components, 2, len(case.frame) // 2)]
    other = np.float64 if case.frame.dtype == np.float32 else np.float32
    for words, frame in (("half of the samples", half), (np.dtype(other).name, case.frame.astype(other))):
        model = _warm(subject, case)
        if getattr(model, "precisions_", None) is None:
            judgement.stop("the fit left no precisions_ to start the next frame from")
        start = Start(model.weights_.copy(), model.means_.copy(), model.precisions_.copy())
        begun = starting_at(case, start)._replace(frames=(frame,))
        judge_one_step(judgement.at(way=words), begun, fit_frame(begun, 0, start, model))


@check(
    headline="a frame with another number of features is not refused",
    upstream=CHANGES_BETWEEN_FITS,
    cases=AND_A_REDUCED_ONE,
)
def test_another_number_of_features_is_refused(subject: Subject, judgement: Judgement) -> None:
    """A warm fit of a frame with a feature more or less raises ValueError; the next one goes on as if it had not."""
    for words, model, _, error in _with_other_features(subject, judgement):
        at = judgement.at(way=words)
        seen = "no error" if error is None else str(error)
        if at.expect(is_refusal(error), "fit", seen, "ValueError", aspect="refusal"):
            case = subject.changed(max_iter=1)
            same_fit(at, subject, _again(case, _warm(subject, case)), _again(case, model))


@check(
    headline="a frame with another number of features is refused, but its features are not named",
    title="GaussianMixture(warm_start=True) says nothing of the number of features, and forgets the one that it has",
    upstream=CHANGES_BETWEEN_FITS,
    cases=ONE_OF_EACH_TYPE,
    should_be="A ValueError that names the features, and predictions as before.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
model = GaussianMixture(**dict(few, warm_start=True)).fit(X)
for call, samples in ((model.fit, np.hstack([X, X[:, :1]])), (model.predict, X)):
    try:
        print(call(samples).tolist())
    except ValueError as error:
        print(error)""",
        makes_fits=True,
    ),
)
def test_another_number_of_features_is_named(subject: Subject, judgement: Judgement) -> None:
    """The error names the features, and the estimator predicts as before."""
    for words, model, before, error in _with_other_features(subject, judgement):
        at = judgement.at(way=words)
        if error is None:
            at.cannot("another number of features is not refused")
            continue
        at.expect("features" in error.message, "fit", str(error), "a message that names the features", aspect="refusal")
        after, failed = _predicted(at, model, "predict", subject.case.frame)
        if before is not None and at.expect_no_error(failed, "predict", "labels as before"):
            at.expect(np.array_equal(before, after), "predict", "other labels", "labels as before", aspect="labels")


def _warm(subject: Subject, case: Case) -> Any:
    """A warm-started estimator after its first fit of a case."""
    model = subject.estimator(case, initial(case), warm_start=True)
    require_parameters(case, fit_frame(case, 0, initial(case), model))
    return model


def _again(case: Case, model: Any) -> Outcome:
    """The next fit of the same frame."""
    return fit_frame(case, 0, initial(case), model)


def _changed(subject: Subject, judgement: Judgement, **settings: Any) -> Tuple[Any, Any]:
    """A warm-started estimator after a cold fit, `set_params` and another fit, and what that raised."""
    require_fit(subject.first)
    case = subject.changed(max_iter=8)
    model = subject.estimator(case, None, warm_start=True)
    if not hasattr(model, "set_params"):
        judgement.stop("the estimator has no set_params")
    require_fit(fit_frame(case, 0, initial(case), model))
    model.set_params(**settings)
    outcome = _again(case, model)
    if outcome.error is None:
        require_left(outcome, *comparison.PARAMETERS)
    return model, outcome.error


def _is_refused(judgement: Judgement, error: Any, name: str) -> bool:
    """Whether a fit raised; a finding where that was no ValueError that names the setting."""
    if error is None:
        return False
    said = is_refusal(error) and name in error.message
    judgement.expect(said, "fit", str(error), "a ValueError that names " + name, aspect="refusal")
    return True


def _after_no_iterations(subject: Subject, judgement: Judgement) -> Tuple[Case, Any, Outcome]:
    """A warm-started estimator after a fit, and another one of no iterations; and what the first left."""
    case = subject.changed(max_iter=1)
    model = subject.estimator(case, initial(case), warm_start=True)
    before = require_fit(fit_frame(case, 0, initial(case), model))
    require_parameters(case, before)
    model.max_iter = 0
    error = _again(case, model).error
    if not judgement.expect_no_error(error, "fit", "a fit of no iterations"):
        judgement.stop("the fit of no iterations raised")
    return case, model, before


def _copies(judgement: Judgement, original: Any) -> Iterator[Tuple[str, Any]]:
    """Copies of an estimator that keep what it has fitted, with the names of the ways."""
    try:
        pickle.dumps(type(original))
    except (pickle.PicklingError, AttributeError):  # a class that no module has
        judgement.cannot("the estimator's class cannot be pickled")
    else:
        yield "pickle", pickle.loads(pickle.dumps(original))  # noqa: S301  (made a moment ago)
    yield "deepcopy", copy.deepcopy(original)


def _predicted(judgement: Judgement, model: Any, name: str, frame: np.ndarray) -> Tuple[Any, Any]:
    """What a method gives of a frame, and what it raised; neither where there is no such method."""
    method = getattr(model, name, None)
    if method is None:
        judgement.cannot("the estimator has no {}".format(name))
        return None, None
    return call(method, frame.astype(np.float64))


def _with_other_features(subject: Subject, judgement: Judgement) -> Iterator[Tuple[str, Any, Any, Any]]:
    """Warm-started estimators after a frame of one feature more or less: labels before, and what the fit raised."""
    require_fit(subject.first)
    case = subject.changed(max_iter=1)
    frame = case.frame
    frames: List[Tuple[str, np.ndarray]] = [("a feature more", np.hstack([frame, frame[:, :1]]))]
    if frame.shape[1] > 1:
        frames.append(("a feature less", np.ascontiguousarray(frame[:, 1:])))
    for words, other in frames:
        # Nothing is given that could be of another shape: the last fit alone has the number of features.
        model = _without_start(subject, case)
        before, _ = _predicted(judgement, model, "predict", frame)
        _, error = call(model.fit, other)
        yield words, model, before, error


def _without_start(subject: Subject, case: Case) -> Any:
    model = _warm(subject, case)
    nothing: Dict[str, Any] = {"weights_init": None, "means_init": None, "precisions_init": None}
    vars(model).update(nothing)
    return model
