"""Promise: what a fitted mixture draws is of that mixture, and the same from the same seed."""

import copy
from typing import Any, Tuple

import numpy as np

from tests.support.check import AND_A_REDUCED_ONE, ONE_OF_EACH_TYPE, Reproduction, check
from tests.support.judgement import Judgement
from tests.support.refusals import is_refusal
from tests.support.replay import call
from tests.support.subject import Subject, require_fit, require_parameters

N_SAMPLES = 20000
# Standard errors; the seed is fixed, and 200 figures are compared: by chance one is beyond once in a million seeds.
MOST_ERRORS = 6.0
# With fewer samples the error of a variance is far from normal.
FEWEST_SAMPLES = 200


@check(headline="what is drawn is not the same from the same seed", cases=ONE_OF_EACH_TYPE)
def test_a_seed_draws_the_same_samples(subject: Subject, judgement: Judgement) -> None:
    """Two calls of ``sample`` draw the same bits from one ``random_state``, and others from another."""
    model = _model(subject, judgement)
    (samples, labels), again = _drawn(judgement, model, 50), _drawn(judgement, model, 50)
    for what, one, other in (("samples", samples, again[0]), ("labels", labels, again[1])):
        judgement.expect(np.array_equal(one, other), "sample", "other " + what, "those of the same seed", aspect=what)
    model.random_state = 1
    different = not np.array_equal(samples, _drawn(judgement, model, 50)[0])
    judgement.expect(different, "sample", "the same samples", "others from another seed", aspect="seed")


@check(headline="what is drawn is not of the mixture", cases=ONE_OF_EACH_TYPE)
def test_samples_drawn_are_of_the_mixture(subject: Subject, judgement: Judgement) -> None:
    """Labels come as often as the weights say; samples of each have its mean and covariance.

    Each within six standard errors: those of a binomial count, of a mean, and
    of a covariance (Anderson, An Introduction to Multivariate Statistical
    Analysis, section 3.4: ``(c_ii c_jj + c_ij**2) / n``).
    """
    weights, means, covariances, _ = require_parameters(subject.case, require_fit(subject.first))
    model = _model(subject, judgement)
    samples, labels = _drawn(judgement, model, N_SAMPLES)
    are_components = judgement.condition(
        set(labels.tolist()) <= set(range(len(weights))), "sample", "others", "numbers of components", aspect="labels"
    )
    for component, weight in enumerate(weights if are_components else ()):
        own = samples[labels == component]
        allowed = MOST_ERRORS * np.sqrt(N_SAMPLES * weight * max(0.0, 1 - weight)) + 1
        expected = N_SAMPLES * float(weight)
        judgement.expect(
            abs(len(own) - expected) <= allowed, "sample", len(own), expected,
            aspect="number of samples", tolerance=float(allowed), component=component,
        )  # fmt: skip
        if len(own) >= FEWEST_SAMPLES:
            _judge_moments(judgement, component, own, means[component], covariances[component])


def _judge_moments(
    judgement: Judgement, component: int, own: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> None:
    variances = np.diag(covariance)
    seen = np.cov(own.T).reshape(covariance.shape)
    compared = (
        ("mean", own.mean(axis=0), mean, np.sqrt(variances / len(own))),
        ("covariance", seen, covariance, np.sqrt((np.outer(variances, variances) + covariance**2) / len(own))),
    )
    for aspect, value, should_be, error in compared:
        errors = np.abs(value - should_be) / np.maximum(error, np.finfo(float).tiny)
        worst = np.unravel_index(int(errors.argmax()), errors.shape)
        judgement.expect(
            errors[worst] <= MOST_ERRORS, "sample", float(value[worst]), float(should_be[worst]), aspect=aspect,
            tolerance=float(MOST_ERRORS * error[worst]), component=component,
        )  # fmt: skip


@check(headline="an impossible number of samples is not refused", cases=ONE_OF_EACH_TYPE)
def test_no_number_of_samples_below_one_is_drawn(subject: Subject, judgement: Judgement) -> None:
    """``sample`` of none, of fewer, or before a fit: ValueError; of one, which is the default, it is one."""
    model = _model(subject, judgement)
    for number in (0, -1):
        _, error = call(model.sample, number)
        seen = "no error" if error is None else str(error)
        aspect = "of {} samples".format(number)
        if judgement.expect(is_refusal(error), "sample", seen, "ValueError", aspect=aspect):
            judgement.expect("n_samples" in seen, "sample", seen, "a message with n_samples", aspect=aspect)
    _, error = call(subject.estimator(subject.case, None).sample)
    seen = "no error" if error is None else str(error)
    judgement.expect(is_refusal(error), "sample", seen, "ValueError", aspect="before a fit")
    pair, error = call(model.sample)
    if judgement.expect_no_error(error, "sample", "one sample"):
        judgement.expect(len(pair[0]) == 1 == len(pair[1]), "sample", len(pair[0]), 1, aspect="by default")


@check(
    headline="the refusal of a number of samples says another number",
    title="GaussianMixture.sample: the message about n_samples says n_components",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/7386",
    cases=AND_A_REDUCED_ONE,
    should_be="Invalid value for 'n_samples': -1.",
    reproduction=Reproduction(
        """\
try:
    model.sample(-1)
except ValueError as error:
    print(error)"""
    ),
)
def test_the_number_of_samples_that_is_refused_is_named(subject: Subject, judgement: Judgement) -> None:
    """The message of ``sample(-1)`` has the number that was asked for."""
    _, error = call(_model(subject, judgement).sample, -1)
    if error is None:
        judgement.stop("sample(-1) is not refused")
    judgement.expect("-1" in error.message, "sample", str(error), "a message with the number -1", aspect="refusal")


def _model(subject: Subject, judgement: Judgement) -> Any:
    """The fitted estimator of the first frame, in a copy of which the seed can be changed."""
    require_parameters(subject.case, require_fit(subject.first))
    model = copy.copy(subject.first.estimator)
    if not hasattr(model, "sample"):
        judgement.stop("the estimator has no sample")
    return model


def _drawn(judgement: Judgement, model: Any, number: int) -> Tuple[np.ndarray, np.ndarray]:
    """Samples and labels.

    Raises
    ------
    NotJudged
        There are none, which is noted as a finding.
    """
    pair, error = call(model.sample, number)
    if not judgement.expect_no_error(error, "sample", "samples and labels"):
        judgement.stop("sample raised")
    samples, labels = (np.asarray(array) for array in pair)
    shapes = judgement.has_shape("sample", samples, (number, np.shape(model.means_)[1]))
    if not (shapes and judgement.has_shape("sample", labels, (number,))):
        judgement.stop("what was drawn is of another shape")
    return samples, labels
