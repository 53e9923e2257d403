"""Promise: what cannot be fitted or predicted is refused with a ValueError that says what it is, and changes nothing.

An estimator that was not fitted is still not fitted, and one that was keeps
what it has: the next warm fit goes on from there. Initial parameters are
checked whether a fit uses them or not.
"""

import re
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support.check import AND_A_REDUCED_ONE, ONE_OF_EACH_TYPE, Reproduction, check, has_float64
from tests.support.judgement import Judgement
from tests.support.refusals import copied, fitted, is_refusal
from tests.support.replay import Raised, Start, call, fit_frame, initial
from tests.support.subject import Subject, require_fit, require_parameters

PREDICTS = ("predict", "predict_proba", "score_samples", "score", "aic", "bic")
# What scikit-learn itself asks of a parameter; of any array it asks that its elements are finite numbers.
OF_ANY_ARRAY = ("with nan", "with inf", "of text")


class Wrong(NamedTuple):
    """What is to be refused.

    Attributes
    ----------
    words : str
        What is wrong with it.
    value : object
    names : tuple of str
        One of these is in the message; any message will do where there is none.
    """

    words: str
    value: Any
    names: Tuple[str, ...] = ()


# Three components, so that one weight may be below zero and none above one; and weights in float32.
WEIGHTS = (*AND_A_REDUCED_ONE, "control-around-the-origin", "control-few-near-float32-full")


@check(headline="weights that are not weights are not refused", cases=WEIGHTS, only=has_float64)
def test_invalid_weights_are_refused(subject: Subject, judgement: Judgement) -> None:
    """``weights_init`` of another shape, negative, above one, of another sum, or not of finite numbers: ValueError."""
    _judge_fits(subject, judgement, "weights_init", _not_weights(subject.case))


@check(
    headline="float32 weights whose sum is off by rounding are refused",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/30415",
    cases=WEIGHTS,
    should_be="The fit from them: a sum of float32 numbers is not closer to one.",
)
def test_float32_weights_are_taken(subject: Subject, judgement: Judgement) -> None:
    """``weights_init`` in float32 with a sum that rounding takes from one is no error."""
    require_fit(subject.first)
    case, few = subject.changed(max_iter=1), 4 * float(np.finfo(np.float32).eps)
    for factor in (1 - few, 1 + few):
        model = subject.estimator(case, initial(case))
        model.weights_init = (case.weights * factor).astype(np.float32)
        if model.weights_init.max() > 1:  # which no weight may be
            continue
        _, error = call(model.fit, case.frame.copy())
        at = judgement.at(way="a sum of {:.7f}".format(float(model.weights_init.sum())))
        at.expect(error is None, "fit", str(error), "a fitted estimator")


@check(
    headline="the refusal of weights tells the smallest as the largest",
    title="GaussianMixture: the message about the range of weights_init swaps its smallest and largest value",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/6666",
    cases=(*ONE_OF_EACH_TYPE, "reduced-far-component-dragged"),  # of two components
    should_be="The largest weight as 'max value', and the smallest as 'min value'.",
    reproduction=Reproduction(
        """\
weights = np.zeros(len(parameters["weights_init"]))
weights[:1] = 1.5
try:
    GaussianMixture(**dict(parameters, weights_init=weights)).fit(X)
except ValueError as error:
    print("weights from {} to {}: {}".format(weights.min(), weights.max(), error))""",
        makes_fits=True,
    ),
)
def test_the_range_of_weights_is_told(subject: Subject, judgement: Judgement) -> None:
    """A message that tells the largest and the smallest weight tells each as what it is."""
    require_fit(subject.first)
    case = subject.changed(max_iter=1)
    weights = np.full(case.n_components, -0.25)
    weights[0] = 1.5
    model = subject.estimator(case, initial(case))
    model.weights_init = weights
    _, error = call(model.fit, case.frame.copy())
    told = dict(re.findall(r"(max|min) value (-?[\d.]+)", error.message if error else ""))
    if set(told) != {"max", "min"}:
        judgement.stop("the message tells no range of weights")
    for word, number in (("max", weights.max()), ("min", weights.min())):
        judgement.expect(float(told[word]) == number, "fit", "{} value {}".format(word, told[word]), str(number))


@check(headline="means that are not means are not refused", cases=ONE_OF_EACH_TYPE)
def test_invalid_means_are_refused(subject: Subject, judgement: Judgement) -> None:
    """``means_init`` of another shape or not of finite numbers: ValueError."""
    _judge_fits(subject, judgement, "means_init", _not_means(subject.case))


@check(headline="precisions that are not precisions are not refused", cases=ONE_OF_EACH_TYPE)
def test_invalid_precisions_are_refused(subject: Subject, judgement: Judgement) -> None:
    """``precisions_init`` of another shape, asymmetric, not definite, or not of finite numbers: ValueError."""
    _judge_fits(subject, judgement, "precisions_init", _not_precisions(subject.case))


@check(
    headline="the refusal of an initial parameter does not name it",
    title="GaussianMixture: 'Input contains NaN' does not say that it is weights_init, means_init or precisions_init",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/21219",
    cases=AND_A_REDUCED_ONE,
    should_be="A message that names the parameter, as those about its shape do.",
    reproduction=Reproduction(
        """\
for name in ("weights", "means", "precisions"):
    invalid = dict(parameters, **{name + "_init": parameters[name + "_init"] * np.nan})
    try:
        GaussianMixture(**invalid).fit(X)
    except ValueError as error:
        print("{}_init: {}".format(name, str(error).splitlines()[0]))""",
        makes_fits=True,
    ),
)
def test_a_refusal_names_the_initial_parameter(subject: Subject, judgement: Judgement) -> None:
    """The message about nan, inf or text in an initial parameter says which one it is."""
    require_fit(subject.first)
    case = subject.changed(max_iter=1)
    every = {"weights": _not_weights(case), "means": _not_means(case), "precisions": _not_precisions(case)}
    for name, wrongs in every.items():
        for wrong in (wrong for wrong in wrongs if wrong.words in OF_ANY_ARRAY):
            model = subject.estimator(case, initial(case))
            setattr(model, name + "_init", wrong.value)
            _, error = call(model.fit, case.frame.copy())
            at = judgement.at(way="{}_init {}".format(name, wrong.words))
            if error is None:
                at.cannot("{}_init {} is not refused".format(name, wrong.words))
                continue
            at.expect(name.rstrip("s") in error.message, "fit", str(error), "a message that names " + name)


@check(
    headline="samples that cannot be fitted are not refused",
    cases=(*AND_A_REDUCED_ONE, "issue-8453-fewer-samples-than-features"),
)
def test_invalid_samples_are_refused(subject: Subject, judgement: Judgement) -> None:
    """Samples with nan or inf, of text, of one or three dimensions, none, one, or fewer than components: ValueError."""
    require_fit(subject.first)
    case = subject.changed(max_iter=1)
    model = subject.estimator(case, None)
    model.n_components = 1
    at = judgement.at(way="one component, samples of one")
    _judge_refusal(at, model, "fit", Wrong("of one", case.frame[:1], ("sample",)))
    for model, words in _both(subject, case):
        for wrong in _not_samples(case):
            at = judgement.at(way="{}, samples {}".format(words, wrong.words))
            _judge_refusal(at, model, "fit", wrong)


@check(
    headline="float64 is not advised where it may help, or where it is used",
    cases=ONE_OF_EACH_TYPE,
    since="1.7",
    only=has_float64,
)
def test_float64_is_advised_for_float32(subject: Subject, judgement: Judgement) -> None:
    """The refusal of a singular covariance names float64 to who fits float32, and to nobody else."""
    require_fit(subject.first)
    for dtype in (np.float64, np.float32):
        refused = _of_a_singular_covariance(subject, dtype)
        if not is_refusal(refused):
            judgement.cannot("a singular covariance is not refused")
            continue
        is_named, should_be = "float64" in str(refused), dtype == np.float32
        words, at = (
            "a message {} float64".format("with" if should_be else "without"),
            judgement.at(way=np.dtype(dtype).name),
        )
        at.expect(is_named == should_be, "fit", str(refused), words)
        at.expect("reg_covar" in str(refused), "fit", str(refused), "a message with reg_covar")


def _of_a_singular_covariance(subject: Subject, dtype: type) -> Optional[Raised]:
    case = subject.changed(max_iter=1, reg_covar=0.0)
    start = Start(*(array.astype(dtype) for array in initial(case)))
    return call(subject.estimator(case, start).fit, np.zeros(case.frame.shape, dtype))[1]


@check(headline="settings that are out of range are not refused", cases=ONE_OF_EACH_TYPE)
def test_invalid_settings_are_refused(subject: Subject, judgement: Judgement) -> None:
    """A number below its least, or a ``covariance_type`` that there is not: ValueError that names the setting."""
    wrongs: Dict[str, Any] = {
        "n_components": 0, "tol": -1.0, "reg_covar": -1.0, "max_iter": -1, "n_init": 0, "covariance_type": "round",
    }  # fmt: skip
    for name, value in wrongs.items():
        _judge_fits(subject, judgement, name, [Wrong("is {!r}".format(value), value, (name,))])


@check(
    headline="settings of a wrong type are not refused",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/24021",
    cases=ONE_OF_EACH_TYPE,
    since="1.2",
)
def test_settings_of_a_wrong_type_are_refused(subject: Subject, judgement: Judgement) -> None:
    """A seed, a switch or an initial parameter that is none: ValueError that names the setting."""
    wrongs: Dict[str, Any] = {
        "random_state": "at will", "warm_start": "at will", "verbose": -1, "verbose_interval": 0,
        "weights_init": 1.0, "means_init": 1.0, "precisions_init": 1.0,
    }  # fmt: skip
    for name, value in wrongs.items():
        _judge_fits(subject, judgement, name, [Wrong("is {!r}".format(value), value, (name,))])


@check(
    headline="an unknown init_params is not refused, or not before the fit has begun",
    title="GaussianMixture: an unknown init_params is not refused by a warm start, and leaves converged_",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/24021",
    cases=AND_A_REDUCED_ONE,
    should_be="A ValueError that names it, and nothing else changed.",
    reproduction=Reproduction(
        """few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
model = GaussianMixture(**dict(few, warm_start=True, init_params="at will"))
try:
    model.fit(X)
except ValueError as error:
    print(error)
print("converged_ is there: {}".format(hasattr(model, "converged_")))""",
        makes_fits=True,
    ),
)
def test_an_unknown_init_params_is_refused(subject: Subject, judgement: Judgement) -> None:
    """``init_params`` that there is not: ValueError that names it, whether the fit starts with it or not."""
    wrong = Wrong("is 'at will'", "at will", ("init_params", "'at will'"))
    _judge_fits(subject, judgement, "init_params", [wrong])


@check(headline="samples that cannot be predicted are not refused", cases=ONE_OF_EACH_TYPE)
def test_what_cannot_be_predicted_is_refused(subject: Subject, judgement: Judgement) -> None:
    """A feature more or less, nan or inf in what is predicted: ValueError; so is anything before a fit."""
    require_fit(subject.first)
    case = subject.changed(max_iter=1)
    samples = case.frame.astype(np.float64)
    more, less = np.hstack([samples, samples[:, :1]]), np.ascontiguousarray(samples[:, 1:])
    wrongs = [
        Wrong("with a feature more", more, ("features",)),
        Wrong("with a feature less", less, ("feature",)),
        *(wrong for wrong in _not_samples(case) if wrong.words in OF_ANY_ARRAY),
    ]
    (unfitted, _), (model, _) = _both(subject, case)
    for name in PREDICTS:
        if not hasattr(model, name):
            judgement.cannot("the estimator has no {}".format(name))
            continue
        for wrong in wrongs:
            _judge_refusal(judgement.at(way="samples " + wrong.words), model, name, wrong)
        before = Wrong("before a fit", samples, ("fit",))
        _judge_refusal(judgement.at(way="before a fit"), unfitted, name, before)


def _judge_fits(subject: Subject, judgement: Judgement, name: str, wrongs: Sequence[Wrong]) -> None:
    """Fit with a wrong value of a setting, by an estimator that was not fitted, and by one that was."""
    require_fit(subject.first)  # one that refuses everything refuses nothing in particular
    case = subject.changed(max_iter=1)
    for model, words in _both(subject, case):
        if not hasattr(model, name):
            judgement.cannot("the estimator has no {}".format(name))
            continue
        right = getattr(model, name)
        for wrong in wrongs:
            setattr(model, name, wrong.value)
            at = judgement.at(way="{}, {} {}".format(words, name, wrong.words))
            _judge_refusal(at, model, "fit", wrong._replace(value=case.frame))
            setattr(model, name, right)


def _judge_refusal(judgement: Judgement, model: Any, method: str, wrong: Wrong) -> None:
    before = fitted(model)
    _, error = call(getattr(model, method), copied(wrong.value))
    seen = "no error" if error is None else str(error)
    if judgement.expect(is_refusal(error), method, seen, "ValueError", aspect="refusal") and wrong.names:
        named = any(name in seen for name in wrong.names)
        judgement.expect(named, method, seen, "a message with " + " or ".join(wrong.names), aspect="refusal")
    after = fitted(model)
    for name in sorted({*before, *after}):
        same = name in before and name in after and np.array_equal(before[name], after[name])
        words = ("{} after the refusal".format("there" if name in after else "gone"), "as it was before")
        judgement.condition(same, name, words[0], words[1], aspect="after a refusal")


def _both(subject: Subject, case: Case) -> Iterator[Tuple[Any, str]]:
    """An estimator that was not fitted, and a warm-started one that was."""
    yield subject.estimator(case, initial(case)), "not fitted"
    model = subject.estimator(case, initial(case), warm_start=True)
    require_parameters(case, fit_frame(case, 0, initial(case), model))
    yield model, "warm-started"


def _of_any_array(array: np.ndarray) -> Iterator[Wrong]:
    for words, number in (("with nan", np.nan), ("with inf", np.inf)):
        spoiled = array.astype(np.float64)
        spoiled[(0,) * array.ndim] = number
        yield Wrong(words, spoiled)
    yield Wrong("of text", np.array(["x"] * array.size).reshape(array.shape))


def _not_weights(case: Case) -> Sequence[Wrong]:
    weights, names = case.weights.astype(np.float64), ("'weights'", "weights_init")
    wrongs = [
        Wrong("with one more", np.append(weights, 0.0), names),
        Wrong("as a column", weights[:, np.newaxis], names),
        Wrong("of a sum of 1.000001", weights * 1.000001, names),
        Wrong("of a sum of 0.999999", weights * 0.999999, names),
        *_of_any_array(weights),
    ]
    if case.weights.dtype == np.float32:
        wrongs.append(Wrong("of a sum of 1.01, in float32", (1.01 * weights).astype(np.float32), names))
    if len(weights) > 1:
        negative = weights.copy()
        negative[:2] = -1e-6, weights[0] + weights[1] + 1e-6
        above = np.zeros(len(weights))
        above[0] = 1.5
        wrongs += [
            Wrong("with one below zero", negative, ("range", "weights_init")),
            Wrong("with one above one", above, ("range", "weights_init")),
        ]
    return wrongs


def _not_means(case: Case) -> Sequence[Wrong]:
    means, names = case.means.astype(np.float64), ("'means'", "means_init")
    return [
        Wrong("with one more", np.concatenate([means, means[:1]]), names),
        Wrong("with a feature more", np.hstack([means, means[:, :1]]), names),
        Wrong("in one row", means.ravel(), names),
        *_of_any_array(means),
    ]


def _not_precisions(case: Case) -> Sequence[Wrong]:
    kind, n_features = case.settings.covariance_type, case.means.shape[1]
    precisions, names = case.precisions.astype(np.float64), ("'{} precision'".format(kind), "precisions_init")
    wrongs = [
        Wrong("with one more", np.concatenate([precisions, precisions[:1]]), names),
        Wrong("with an axis more", precisions[np.newaxis]),
        Wrong("of zeros", np.zeros_like(precisions), names),
        Wrong("with signs changed", -precisions, names),
        *_of_any_array(precisions),
    ]
    if kind in ("full", "tied") and n_features > 1:
        asymmetric, indefinite = precisions.copy(), precisions.copy()
        largest = float(np.abs(precisions).max())
        asymmetric[..., 0, 1] += 0.01 * largest
        indefinite[..., 0, 1] += 2 * largest
        indefinite[..., 1, 0] += 2 * largest
        wrongs += [Wrong("that are not symmetric", asymmetric, names), Wrong("that are indefinite", indefinite, names)]
    elif kind in ("diag", "spherical"):
        one = precisions.copy()
        one[(-1,) * one.ndim] = 0.0
        wrongs.append(Wrong("with a zero", one, names))
    return wrongs


def _not_samples(case: Case) -> Sequence[Wrong]:
    frame = case.frame
    n_samples = case.n_components - 1
    few = [Wrong("fewer than components", frame[:n_samples], ("n_samples = {}".format(n_samples),))]
    return [
        *_of_any_array(frame),
        Wrong("of one dimension", frame[:, 0].copy()),
        Wrong("of three dimensions", frame[:, :, np.newaxis]),
        Wrong("without features", frame[:, :0]),
        Wrong("without one", frame[:0], ("sample",)),
        *(few if case.n_components > 2 else []),
    ]
