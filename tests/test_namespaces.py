"""Promise: arrays of another library are fitted as numpy's are, and what a fit leaves is of that library.

scikit-learn takes them from 1.8 on, where ``array_api_dispatch`` is switched on
(https://scikit-learn.org/stable/modules/array_api.html). These checks run with
``--array-namespace``, and ask the class itself, which converts nothing.
"""

from typing import Any, Optional, Tuple

import numpy as np

from fixtures.corpus import Case, Traits
from tests.support import array_namespace, comparison
from tests.support.array_namespace import STARTS
from tests.support.check import AND_A_REDUCED_ONE, NOT_LARGE, ONE_FRAME, Reproduction, UnderTest, check, has_float64
from tests.support.judgement import Judgement
from tests.support.refusals import is_refusal
from tests.support.replay import Raised, call, fit_frame, initial, make_estimator
from tests.support.same_fit import same_fit
from tests.support.subject import Subject, not_fitted, require_fit

ARRAYS_SINCE = "https://github.com/scikit-learn/scikit-learn/pull/30777"
CASES = (*AND_A_REDUCED_ONE, "control-around-the-origin")
PARAMETERS = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_")
PREDICTS = ("predict", "predict_proba", "score_samples")
NUMBERS = ("lower_bound_", "n_iter_", "converged_")


def _converts_to_numpy(case: Traits, under_test: UnderTest) -> bool:  # noqa: ARG001
    return under_test.space.converts


@check(
    headline="what a fit leaves is not of the library, the device and the dtype of the samples",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    of_arrays=True,
)
def test_results_are_arrays_of_the_library(subject: Subject, judgement: Judgement) -> None:
    """Parameters, predictions and draws are arrays of the library, on the device and in the dtype of the samples."""
    model, samples = _fitted(subject, judgement)
    for name in PARAMETERS:
        _judge_array(judgement, name, getattr(model, name, None), samples)
    for name in PREDICTS:
        value, error = _dispatched(getattr(model, name), samples)
        if judgement.expect_no_error(error, name, "an array"):
            _judge_array(judgement, name, value, samples, has_dtype=name != "predict")
    drawn, error = _dispatched(model.sample, 3)
    if judgement.expect_no_error(error, "sample", "two arrays"):
        _judge_array(judgement, "sample", drawn[0], samples)


@check(
    headline="a number is left as an array of no dimension",
    title="GaussianMixture: lower_bound_ is an array of no dimension with array API dispatch",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    reproduction=Reproduction(
        """\
model = GaussianMixture(**parameters).fit(X)
print("lower_bound_ is {!r}, n_iter_ {!r}".format(model.lower_bound_, model.n_iter_))""",
        makes_fits=True,
    ),
    of_arrays=True,
    should_be="A number, as score, bic and aic are.",
)
def test_numbers_are_numbers(subject: Subject, judgement: Judgement) -> None:
    """``lower_bound_``, ``lower_bounds_``, ``n_iter_``, ``converged_``, score, bic and aic are numbers."""
    model, samples = _fitted(subject, judgement)
    found = {name: getattr(model, name, None) for name in NUMBERS}
    found.update(("lower_bounds_", bound) for bound in getattr(model, "lower_bounds_", [])[-1:])
    for name in ("score", "bic", "aic"):
        value, error = _dispatched(getattr(model, name), samples)
        if judgement.expect_no_error(error, name, "a number"):
            found[name] = value
    for name, value in found.items():
        is_number = isinstance(value, (bool, int, float, np.generic))
        judgement.expect(is_number, name, type(value).__name__, "a number", aspect="type")


@check(
    headline="the fit is not that of the same numbers in numpy",
    upstream=ARRAYS_SINCE,
    needs=(ONE_FRAME, NOT_LARGE),
    of_arrays=True,
)
def test_the_fit_is_that_of_numpy(subject: Subject, judgement: Judgement) -> None:
    """Arrays of the library give the fit that arrays of numpy give, within rounding."""
    case = subject.one_frame
    model = make_estimator(case, initial(case), subject.estimator_class.plain)
    same_fit(judgement, subject, fit_frame(case, 0, initial(case), model), subject.first)


@check(
    headline="starts in float64 do not start a fit of float32 samples",
    title="GaussianMixture: float64 starts with float32 samples raise with array API dispatch",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    reproduction=Reproduction(
        """\
for name in ("weights_init", "means_init", "precisions_init"):
    parameters[name] = xp.asarray(parameters[name], dtype=xp.float64)
GaussianMixture(**parameters).fit(xp.asarray(X, dtype=xp.float32))""",
        makes_fits=True,
    ),
    of_arrays=True,
    only=has_float64,
    should_be="The fit, in the dtype of the samples: with numpy both may be mixed.",
)
def test_starts_in_another_dtype_are_taken(subject: Subject, judgement: Judgement) -> None:
    """Starts in float64 start a fit of samples in float32, and in float32 one of samples in float64."""
    _require_numpys_fit(subject)
    for of_samples, of_starts in ((np.float32, np.float64), (np.float64, np.float32)):
        model = _model(subject, np.dtype(of_starts))
        _, error = _dispatched(model.fit, subject.space.array(subject.case.frame, np.dtype(of_samples)))
        at = judgement.at(way="samples in {}".format(np.dtype(of_samples).name))
        # The sum of weights in float32 may be too far from one for a fit in float64, which is another defect.
        if error is not None and "weights" in error.message:
            at.cannot("the weights in float32 are refused")
            continue
        at.expect(error is None, "fit", str(error), "a fitted estimator")


@check(
    headline="arrays of two libraries in one fit raise what is no ValueError",
    title="GaussianMixture: numpy starts with torch samples raise TypeError with array API dispatch",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    reproduction=Reproduction(
        """\
GaussianMixture(**parameters).fit(np.ones(X.shape))""",
        makes_fits=True,
    ),
    of_arrays=True,
    should_be="A ValueError that names both libraries, or the fit.",
)
def test_two_libraries_in_a_fit_are_taken_or_refused(subject: Subject, judgement: Judgement) -> None:
    """Starts of numpy with samples of the library, and the other way round, give a fit or a ValueError."""
    _require_numpys_fit(subject)
    samples = subject.space.array(subject.case.frame, _dtype(subject))
    own, warm = (_model(subject, _dtype(subject), warm_start=is_warm) for is_warm in (False, True))
    numpys = make_estimator(subject.one_frame, initial(subject.case), subject.estimator_class.plain)
    numpys.init_params = "random"
    _, error = _dispatched(warm.fit, samples)
    if error is not None:
        judgement.stop(not_fitted(error))
    asked = (("starts of numpy", numpys, samples), ("samples of numpy", own, subject.case.frame.copy()),
             ("a warm fit of numpy's samples", warm, subject.case.frame.copy()))  # fmt: skip
    for words, model, given in asked:
        _, error = _dispatched(model.fit, given)
        is_right = error is None or is_refusal(error)
        judgement.at(way=words).expect(is_right, "fit", str(error), "a fitted estimator or a ValueError")


@check(
    headline="a prediction of another library's samples is refused for a reason that is none",
    title="GaussianMixture.predict of another array library: 'Input arrays use different devices: cpu, cpu'",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    reproduction=Reproduction(
        """\
GaussianMixture(**parameters).fit(X).predict(np.ones(X.shape))""",
        makes_fits=True,
    ),
    of_arrays=True,
    should_be="A ValueError that names both libraries, as other estimators raise, or the prediction.",
)
def test_samples_of_another_library_are_refused_by_its_name(subject: Subject, judgement: Judgement) -> None:
    """A fitted estimator that is asked about numpy's arrays predicts, or raises a ValueError that names both."""
    model, _ = _fitted(subject, judgement)
    for name in PREDICTS:
        _, error = _dispatched(getattr(model, name), subject.case.frame.copy())
        named = error is not None and all(library in error.message for library in ("numpy", subject.space.name))
        words = "a prediction, or a ValueError that names numpy and {}".format(subject.space.name)
        judgement.expect(error is None or (is_refusal(error) and named), name, str(error), words)


@check(
    headline="without dispatch the fit is not numpy's",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    of_arrays=True,
    only=_converts_to_numpy,
)
def test_without_dispatch_the_fit_is_numpys(subject: Subject, judgement: Judgement) -> None:
    """Where ``array_api_dispatch`` is off, arrays of the library give the bits that numpy's give, as numpy's arrays."""
    case = subject.one_frame
    start = make_estimator(case, initial(case), subject.estimator_class.plain)
    should_be = require_fit(fit_frame(case, 0, initial(case), start))
    model = _model(subject, None)
    _, error = call(model.fit, subject.space.array(case.frame))
    if judgement.expect_no_error(error, "fit", "the fit of numpy's arrays"):
        for name in comparison.PARAMETERS:
            value = getattr(model, name + "_", None)
            is_same = isinstance(value, np.ndarray) and np.array_equal(value, getattr(should_be, name))
            judgement.expect(is_same, name + "_", "{}, other bits".format(type(value).__name__), "those of numpy")


@check(
    headline="integer samples cannot be fitted on a device without float64",
    title="GaussianMixture: integer samples raise on a device without float64",
    upstream=ARRAYS_SINCE,
    cases=CASES,
    reproduction=Reproduction(
        """\
GaussianMixture(**parameters).fit(xp.asarray(X, dtype=xp.int32))""",
        makes_fits=True,
    ),
    of_arrays=True,
    should_be="A fit in the widest floating point type of the device.",
)
def test_integers_are_fitted_on_any_device(subject: Subject, judgement: Judgement) -> None:
    """Integer samples are fitted in a floating point type that the device has."""
    frame = np.rint(subject.case.frame).astype(np.int32)
    wide = subject.wide(max_iter=1)  # rounded samples may be equal
    case = wide._replace(frames=(frame,))
    require_fit(fit_frame(case, 0, initial(case), make_estimator(case, initial(case), subject.estimator_class.plain)))
    model = _model(subject, np.dtype(subject.space.widest), case)
    _, error = _dispatched(model.fit, subject.space.array(frame))
    judgement.expect(error is None, "fit", str(error), "a fitted estimator")


def _model(subject: Subject, dtype: Optional[np.dtype], case: Optional[Case] = None, **parameters: Any) -> Any:
    """An unfitted estimator of the class itself, which starts from arrays of the library."""
    case = case or subject.one_frame
    model = make_estimator(case, initial(case), subject.estimator_class.plain, init_params="random", **parameters)
    for name in STARTS:
        setattr(model, name, subject.space.array(getattr(model, name), dtype))
    return model


def _fitted(subject: Subject, judgement: Judgement) -> Tuple[Any, Any]:
    """An estimator after a fit of the library's arrays, and its samples."""
    model = _model(subject, _dtype(subject))
    samples = subject.space.array(subject.case.frame, _dtype(subject))
    _, error = _dispatched(model.fit, samples)
    if error is not None:
        judgement.stop(not_fitted(error))
    return model, samples


def _require_numpys_fit(subject: Subject) -> None:
    """Go on only where the fit with numpy returns; one that does not is judged elsewhere."""
    case = subject.one_frame
    model = make_estimator(case, initial(case), subject.estimator_class.plain)
    require_fit(fit_frame(case, 0, initial(case), model))


def _dtype(subject: Subject) -> np.dtype:
    """The floating point type in which the samples are fitted."""
    kind = subject.case.frame.dtype
    return kind if kind.kind == "f" else np.dtype(subject.space.widest)


def _dispatched(function: Any, *arguments: Any) -> Tuple[Any, Optional[Raised]]:
    with array_namespace.dispatch():
        return call(function, *arguments)


def _judge_array(judgement: Judgement, what: str, value: Any, samples: Any, *, has_dtype: bool = True) -> None:
    """Compare the library and the device of an array, and its dtype where it is of the samples' kind."""
    library, should_be = (type(array).__module__.partition(".")[0] for array in (value, samples))
    if judgement.expect(library == should_be, what, library, should_be, aspect="library"):
        for aspect in ("device", "dtype") if has_dtype else ("device",):
            seen, expected = str(getattr(value, aspect)), str(getattr(samples, aspect))
            judgement.expect(seen == expected, what, seen, expected, aspect=aspect)
