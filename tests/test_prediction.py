"""Promise: what a fitted mixture predicts is what its parameters say."""

import warnings
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from fixtures.corpus import Case
from tests.support import comparison, messages, stopwatch
from tests.support.density import full_matrices, log_joint_densities, log_sum_exp
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.replay import EXPLICIT, Outcome, initial, make_estimator

Replays = Dict[str, Tuple[Outcome, ...]]
MOST_SAMPLES = 2000  # predictions are checked on as many samples, spread over the frame


def test_predictions_follow_from_the_parameters(case: Case, replays: Replays, place: str) -> None:
    """Probabilities, labels, densities, scores and criteria; no component without mass attracts a sample."""
    outcome = replays[EXPLICIT][-1]
    try:
        weights, means, _, dtype = fitted_parameters(case, outcome)
    except NotDiagnosable:
        return  # test_no_component_collapses judges a fit that left nothing to predict with
    samples = _some(case.frames[-1])
    samples = samples.astype(np.float64) if samples.dtype.kind in "iu" else samples
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    try:
        precisions = np.asarray(outcome.precisions, dtype=np.float64)
        factors = np.linalg.cholesky(full_matrices(precisions, case.settings.covariance_type, *means.shape))
    except (np.linalg.LinAlgError, TypeError, ValueError):
        raise messages.Defect(
            "{}: seen precisions_ {!r:.60}; should be positive definite, one for each component".format(
                place, outcome.precisions
            )
        ) from None
    joint = log_joint_densities(samples.astype(np.float64), log_weights, means, factors)
    density = log_sum_exp(joint, axis=1)
    seen = _predictions(outcome.estimator, samples, place)
    # Log densities may be far below zero: what is lost is relative to them.
    slack = _slack(case, outcome, density)
    wrong = _off(seen, _true_predictions(case, joint, density), slack)
    wrong += _label_faults(case, weights, dtype, seen)
    if wrong:
        lines = "\n  ".join(wrong)
        raise messages.Defect("{}: predictions do not follow from the parameters\n  {}".format(place, lines))


def test_integers_are_predicted_like_floats(case: Case, replays: Replays, place: str) -> None:
    """Pixel coordinates as integers get the probabilities and densities that the same numbers get as floats."""
    outcome = replays[EXPLICIT][-1]
    frame = case.frames[-1]
    if frame.dtype.kind not in "iu" or outcome.error or outcome.means is None or not np.isfinite(outcome.means).all():
        return
    as_floats = _predictions(outcome.estimator, _some(frame).astype(np.float64), place)
    as_integers = _predictions(outcome.estimator, _some(frame), place)
    wrong = _off(as_integers, as_floats, _slack(case, outcome, as_floats["score_samples"]))
    if not np.array_equal(as_integers["predict"], as_floats["predict"]):
        wrong.append("seen other labels of predict(X); should be the same")
    if wrong:
        lines = "\n  ".join(wrong)
        raise messages.Defect(
            "{}: samples in {} are not what they are as floats\n  {}".format(place, frame.dtype, lines)
        )


@pytest.mark.parametrize("case_name", ["control-around-the-origin"])
def test_fit_predict_labels_like_predict(case: Case, estimator_class: Any, place: str) -> None:
    """The labels that ``fit_predict`` returns are those of the parameters that it leaves: one step changes some."""
    one_step = case._replace(settings=case.settings._replace(max_iter=1))
    _require_same_labels(case, make_estimator(one_step, initial(case), estimator_class), place)


@pytest.mark.parametrize("case_name", ["control-around-the-origin", "reduced-control-around-the-origin"])
def test_fit_predict_labels_like_the_best_start(case: Case, estimator_class: Any, place: str) -> None:
    """Of several starts at random too, where the best is not the last."""
    some_steps = case._replace(settings=case.settings._replace(max_iter=8))
    model = make_estimator(some_steps, None, estimator_class, n_init=5, init_params="random")
    _require_same_labels(case, model, place)


def _require_same_labels(case: Case, model: Any, place: str) -> None:
    if not hasattr(model, "fit_predict"):
        return  # before 0.20
    samples = case.frame.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with stopwatch.inside_estimator():
            try:
                seen, should_be = np.asarray(model.fit_predict(samples)), np.asarray(model.predict(samples))
            except Exception as error:  # whatever it raises is what it does
                seen_error = "{}: {}".format(type(error).__name__, error)
                raise messages.Defect("{}: seen {}; should fit and predict".format(place, seen_error)) from None
    if not np.array_equal(seen, should_be):
        number = int((seen != should_be).sum()) if seen.shape == should_be.shape else len(samples)
        words = "{}: seen {} of {} labels of fit_predict(X) that predict(X) does not give; should be the same"
        raise messages.Defect(words.format(place, number, len(samples)))


def _some(frame: np.ndarray) -> np.ndarray:
    return frame[:: max(1, len(frame) // MOST_SAMPLES)]


def _slack(case: Case, outcome: Outcome, density: np.ndarray) -> float:
    dtype = comparison.coarser(case.frame, outcome.means)
    return comparison.tolerances(case, dtype, 1.0, float(np.abs(density).max())).lower_bound


def _predictions(model: Any, samples: np.ndarray, place: str) -> Dict[str, np.ndarray]:
    """What a model predicts, by the name of the method."""
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
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with stopwatch.inside_estimator():
                    seen = np.asarray(getattr(model, name)(samples))
        except Exception as error:  # whatever it raises is what it does
            seen_error = "{}: {}".format(type(error).__name__, error)
            raise messages.Defect("{}: seen {} from {}(X); should predict".format(place, seen_error, name)) from None
        if seen.shape != shape or seen.dtype.kind not in ("iu" if name == "predict" else "fiu"):
            what = "{} of shape {}".format(seen.dtype, seen.shape)
            raise messages.Defect("{}: seen {} from {}(X); should be of shape {}".format(place, what, name, shape))
        predictions[name] = seen
    labels = predictions["predict"]
    if not ((labels >= 0) & (labels < n_components)).all():
        raise messages.Defect("{}: seen labels of predict(X) that are no components; should be".format(place))
    return predictions


def _true_predictions(case: Case, joint: np.ndarray, density: np.ndarray) -> Dict[str, Any]:
    log_likelihood, n_parameters = float(density.sum()), _n_parameters(case)
    return {
        "score_samples": density,
        "score": density.mean(),
        "predict_proba": np.exp(joint - density[:, np.newaxis]),
        "bic": -2 * log_likelihood + n_parameters * np.log(len(density)),
        "aic": -2 * log_likelihood + 2 * n_parameters,
    }


def _label_faults(case: Case, weights: np.ndarray, dtype: np.dtype, seen: Dict[str, np.ndarray]) -> List[str]:
    faults = []
    if not np.allclose(seen["predict_proba"].sum(axis=1), 1, rtol=0, atol=1e-5):
        faults.append("seen rows of predict_proba(X) that do not sum to 1; should")
    if not np.array_equal(seen["predict"], seen["predict_proba"].argmax(axis=1)):
        faults.append("seen labels of predict(X) that are not the likeliest components of predict_proba(X)")
    weightless = weights * len(case.frames[-1]) <= 20 * float(np.finfo(dtype).eps)
    attracting = np.flatnonzero(weightless & (np.bincount(seen["predict"], minlength=len(weights)) > 0))
    for component in attracting:
        faults.append("seen component {} without mass as the label of a sample; should attract none".format(component))
    return faults


def _off(seen: Dict[str, np.ndarray], should_be: Dict[str, Any], slack: float) -> List[str]:
    wrong = []
    for name, value in should_be.items():
        difference = np.abs(seen[name].astype(np.float64) - value)
        allowed = slack * (2 * len(seen["predict"]) if name in ("aic", "bic") else 1)
        if name != "predict" and not (difference <= allowed).all():
            largest = float(difference.max())
            wrong.append("seen {}(X) off by {:.3g}; should be off by at most {:.3g}".format(name, largest, allowed))
    return wrong


def _n_parameters(case: Case) -> int:
    n_components, n_features = case.means.shape
    triangle = n_features * (n_features + 1) // 2
    covariances = {
        "full": n_components * triangle,
        "tied": triangle,
        "diag": n_components * n_features,
        "spherical": n_components,
    }[case.settings.covariance_type]
    return n_components - 1 + n_components * n_features + covariances
