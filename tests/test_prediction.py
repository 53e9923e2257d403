"""Promise: what a fitted mixture predicts is what its parameters say."""

from typing import Any, Dict, Optional, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison, tolerances
from tests.support.check import INTEGERS, Reproduction, check
from tests.support.criteria import n_parameters
from tests.support.density import full_matrices
from tests.support.judgement import Judgement
from tests.support.replay import Outcome, call, initial
from tests.support.subject import Subject, require_fit, require_left, require_parameters

MOST_SAMPLES = 2000  # predictions are checked on as many samples, spread over the frame


@check(
    headline="predictions do not follow from the parameters",
    title="GaussianMixture predicts what its parameters do not say",
    reproduction=Reproduction(
        """\
print("score_samples", model.score_samples(X).tolist())
print("predict_proba", model.predict_proba(X).tolist())"""
    ),
)
def test_predictions_follow_from_the_parameters(subject: Subject, judgement: Judgement) -> None:
    """Probabilities, labels, densities, scores and criteria; no component without mass attracts a sample."""
    case, outcome = subject.case, subject.last
    weights, means, _, dtype = require_parameters(case, outcome)
    require_left(outcome, "precisions")
    samples = _some(case.frames[-1])
    samples = samples.astype(np.float64) if samples.dtype.kind in "iu" else samples
    factors = _factors(case, outcome)
    seen = _predictions(judgement, outcome.estimator, samples)
    if factors is None:
        should_be = "positive definite, one for each component"
        judgement.condition(False, "precisions_", "not positive definite", should_be)
    else:
        found, allowed = _exact_predictions(case, outcome, weights, means, factors, samples)
        _compare(judgement, seen, found, allowed)
        _judge_sums(judgement, seen, allowed["sum"])
    _judge_labels(judgement, case, weights, dtype, seen)


@check(
    headline="integer samples are predicted otherwise than the same numbers as floats",
    title="GaussianMixture predicts integer samples otherwise than the same numbers as floats",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/30415",
    needs=[INTEGERS],
    should_be="The same from both lines: the samples are the same numbers.",
    reproduction=Reproduction(
        """\
for samples in (X, X.astype(float)):
    print("{}: score_samples {}, predict_proba {}".format(
        samples.dtype, model.score_samples(samples).tolist(), model.predict_proba(samples).tolist()))"""
    ),
)
def test_integers_are_predicted_like_floats(subject: Subject, judgement: Judgement) -> None:
    """Pixel coordinates as integers get the probabilities and densities that the same numbers get as floats."""
    case, outcome = subject.case, subject.last
    weights, means, _, _ = require_parameters(case, outcome)
    require_left(outcome, "precisions")
    factors = _factors(case, outcome)
    if factors is None:
        judgement.stop("the fit left precisions_ that are not positive definite")
    samples = _some(case.frames[-1])
    as_floats = _predictions(judgement, outcome.estimator, samples.astype(np.float64))
    as_integers = _predictions(judgement, outcome.estimator, samples)
    _, allowed = _exact_predictions(case, outcome, weights, means, factors, samples.astype(np.float64))
    _compare(judgement, as_integers, as_floats, {name: 2 * value for name, value in allowed.items()})
    if "predict" in as_floats and "predict" in as_integers:
        _compare_labels(judgement, "predict", as_integers["predict"], as_floats["predict"], "predict of floats")


@check(
    headline="fit_predict gives other labels than predict",
    title="GaussianMixture: fit_predict gives other labels than predict",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/11281",
    cases=("control-around-the-origin",),
    since="0.20",
)
def test_fit_predict_labels_like_predict(subject: Subject, judgement: Judgement) -> None:
    """The labels that ``fit_predict`` returns are those of the parameters that it leaves: one step changes some."""
    case = subject.changed(max_iter=1)
    _judge_same_labels(subject, judgement, subject.estimator(case, initial(case)))


@check(
    headline="fit_predict of several starts gives other labels than predict",
    title="GaussianMixture: fit_predict gives other labels than predict",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/13142",
    cases=("control-around-the-origin", "reduced-control-around-the-origin"),
    since="0.20",
    should_be="The same labels from both.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
model = GaussianMixture(**dict(few, max_iter=8, n_init=5, init_params="random"))
print("fit_predict", model.fit_predict(X).tolist())
print("predict    ", model.predict(X).tolist())""",
        makes_fits=True,
    ),
)
def test_fit_predict_labels_like_the_best_start(subject: Subject, judgement: Judgement) -> None:
    """Of several starts at random ``fit_predict`` labels by the best one, which is not the last."""
    case = subject.changed(max_iter=8)
    _judge_same_labels(subject, judgement, subject.estimator(case, None, n_init=5, init_params="random"))


def _judge_same_labels(subject: Subject, judgement: Judgement, model: Any) -> None:
    require_fit(subject.first)  # one that always raises is judged elsewhere
    if not hasattr(model, "fit_predict"):
        judgement.stop("the estimator has no fit_predict")
    samples = subject.case.frame.astype(np.float64)
    seen, error = call(model.fit_predict, samples)
    if judgement.expect_no_error(error, "fit_predict", "labels"):
        should_be, error = call(model.predict, samples)
        if judgement.expect_no_error(error, "predict", "labels") and judgement.has_shape(
            "fit_predict", seen, np.shape(should_be)
        ):
            _compare_labels(judgement, "fit_predict", seen, should_be, "predict")


def _some(frame: np.ndarray) -> np.ndarray:
    return frame[:: max(1, len(frame) // MOST_SAMPLES)]


def _factors(case: Case, outcome: Outcome) -> Optional[np.ndarray]:
    """A triangular factor of each component's precision; None where there is none."""
    try:
        precisions = np.asarray(outcome.precisions, dtype=np.float64)
        return np.linalg.cholesky(full_matrices(precisions, case.settings.covariance_type, *case.means.shape))
    except (np.linalg.LinAlgError, TypeError, ValueError):
        return None


def _predictions(judgement: Judgement, model: Any, samples: np.ndarray) -> Dict[str, np.ndarray]:
    """What a model predicts, by the name of the method; what it cannot, or not in the right shape, is left out."""
    n_samples, n_components = len(samples), len(model.weights_)
    shapes = {
        "score_samples": (n_samples,),
        "score": (),
        "predict_proba": (n_samples, n_components),
        "predict": (n_samples,),
        "bic": (),
        "aic": (),
    }
    predictions = {}
    for name, shape in shapes.items():
        method = getattr(model, name, None)
        if method is None:
            judgement.cannot("the estimator has no {}".format(name))
            continue
        seen, error = call(method, samples)
        if not judgement.expect_no_error(error, name, "predictions"):
            continue
        seen = np.asarray(seen)
        kinds = "iu" if name == "predict" else "fiu"
        if judgement.has_shape(name, seen, shape) and judgement.condition(
            seen.dtype.kind in kinds, name, str(seen.dtype), "numbers", aspect="dtype"
        ):
            predictions[name] = seen
    if "predict" in predictions:
        odd = sorted({int(label) for label in predictions["predict"]} - set(range(n_components)))
        should_be = "0 to {}".format(n_components - 1)
        if not judgement.condition(not odd, "predict", ", ".join(map(str, odd[:5])), should_be, aspect="labels"):
            del predictions["predict"]
    return predictions


def _exact_predictions(  # noqa: PLR0917
    case: Case, outcome: Outcome, weights: np.ndarray, means: np.ndarray, factors: np.ndarray, samples: np.ndarray
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """What the parameters of a fit predict, and how far rounding may take it; ``sum`` is that of a row."""
    arithmetic = tolerances.arithmetic_of(case.settings, comparison.coarser(case.frame, outcome.means))
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    found = tolerances.densities(arithmetic, samples.astype(np.float64), (log_weights, means, factors))
    density, n_samples, n_free = found.log_likelihood, len(samples), n_parameters(case)
    exact = {
        "score_samples": density,
        "score": density.mean(),
        "predict_proba": found.resp,
        "bic": -2 * density.sum() + n_free * np.log(n_samples),
        "aic": -2 * density.sum() + 2 * n_free,
    }
    score = tolerances.of_lower_bound(arithmetic, found, np.ones(n_samples))
    allowed = {
        "score_samples": found.log_likelihood_error,
        "score": score,
        "predict_proba": found.resp_error + arithmetic.tiny,
        "sum": found.sum_error,
    }
    for name in ("bic", "aic"):
        allowed[name] = 2 * n_samples * score + arithmetic.gamma(4) * abs(exact[name])
    return exact, allowed


def _judge_sums(judgement: Judgement, seen: Dict[str, np.ndarray], allowed: np.ndarray) -> None:
    if "predict_proba" in seen:
        off = np.abs(seen["predict_proba"].astype(np.float64).sum(axis=1) - 1)
        worst = int((off - allowed).argmax())
        judgement.expect(
            (off <= allowed).all(), "predict_proba", float(off[worst]), 0.0,
            aspect="largest error of the sum of a row", tolerance=float(allowed[worst]),
        )  # fmt: skip


def _judge_labels(
    judgement: Judgement, case: Case, weights: np.ndarray, dtype: np.dtype, seen: Dict[str, np.ndarray]
) -> None:
    if "predict_proba" in seen and "predict" in seen:
        likeliest = seen["predict_proba"].argmax(axis=1)
        _compare_labels(judgement, "predict", seen["predict"], likeliest, "the likeliest component of predict_proba")
    if "predict" in seen:
        weightless = weights * len(case.frames[-1]) <= 20 * float(np.finfo(dtype).eps)
        counts = np.bincount(seen["predict"], minlength=len(weights))
        for component in np.flatnonzero(weightless):
            judgement.expect(
                not counts[component], "predict", "{} samples".format(counts[component]), "none: it has no mass",
                aspect="label of a component without mass", component=int(component),
            )  # fmt: skip


def _compare(
    judgement: Judgement, seen: Dict[str, np.ndarray], should_be: Dict[str, Any], allowed: Dict[str, Any]
) -> None:
    for name, value in should_be.items():
        if name in seen and name != "predict":
            difference = np.abs(seen[name].astype(np.float64) - value)
            limit = np.broadcast_to(allowed[name], difference.shape)
            within = difference <= limit  # not `>`: that would let nan pass
            excess = np.where(np.isnan(difference), np.inf, difference - limit)
            worst: Any = np.unravel_index(int(excess.argmax()), difference.shape) if difference.ndim else ()
            judgement.expect(
                within.all(), name, float(difference[worst]), 0.0, aspect="largest error", tolerance=float(limit[worst])
            )


def _compare_labels(judgement: Judgement, what: str, seen: Any, should_be: Any, source: str) -> None:
    number = int((np.asarray(seen) != np.asarray(should_be)).sum())
    words = "{} of {} labels differ from {}".format(number, len(should_be), source)
    judgement.expect(not number, what, words, "no difference", aspect="labels")
