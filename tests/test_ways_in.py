"""Promise: a fit starts with what is given, and with the estimate of its first responsibilities for the rest.

``init_params`` names these responsibilities: those of the labels of k-means, at
random, or of one sample for each component (k-means++, random_from_data). What
is not given is their M-step (https://scikit-learn.org/stable/modules/mixture.html).
One step from there shows the start on every release; from 1.1 on ``max_iter=0``
shows it as it is.
"""

from typing import Iterable, Sequence, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison, starts
from tests.support.check import AND_A_REDUCED_ONE, ONE_OF_EACH_TYPE, Reproduction, check
from tests.support.criteria import judge_criteria
from tests.support.judgement import Judgement
from tests.support.one_step import judge_one_step, starting_at
from tests.support.replay import Outcome, call, fit_frame, initial
from tests.support.subject import Subject, left, require_fit

WITHOUT_PRECISIONS = (("weights",), ("means",), ("weights", "means"))
WITH_PRECISIONS = (("precisions",), ("weights", "precisions"), ("means", "precisions"))
ALL = ("weights", "means", "precisions")
AT_SAMPLES = "https://github.com/scikit-learn/scikit-learn/pull/20408"


# The second start of k-means finds better clusters of the last case than the first.
@check(
    headline="a fit does not start with the clusters of k-means",
    cases=(*ONE_OF_EACH_TYPE, "issue-29989-ill-conditioned"),
)
def test_a_start_from_kmeans_is_that_of_its_labels(subject: Subject, judgement: Judgement) -> None:
    """With nothing given, ``init_params="kmeans"`` starts with the clusters of k-means."""
    _judge_starts(subject, judgement, ["kmeans"])


@check(headline="a fit does not start with the responsibilities drawn", cases=ONE_OF_EACH_TYPE)
def test_a_start_at_random_is_that_of_its_responsibilities(subject: Subject, judgement: Judgement) -> None:
    """With nothing given, ``init_params="random"`` starts with the M-step of what the seed draws, for each seed."""
    _judge_starts(subject, judgement, ["random"], seeds=(0, 1))


@check(
    headline="a fit does not start at the samples drawn",
    title="GaussianMixture: covariance_type='tied' with init_params='random_from_data' starts with a covariance"
    " about the origin",
    upstream=AT_SAMPLES,
    cases=ONE_OF_EACH_TYPE,
    since=starts.OF_SAMPLES_SINCE,
    should_be="reg_covar on the diagonal, whatever the shift: each component starts at one sample.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
few.update(max_iter=0, init_params="random_from_data")
for shift in (0, 64):
    model = GaussianMixture(**few).fit(X + shift)
    print("moved by {}: covariances {}".format(shift, model.covariances_.tolist()))""",
        makes_fits=True,
    ),
)
def test_a_start_at_samples_is_that_of_one_sample_each(subject: Subject, judgement: Judgement) -> None:
    """``"k-means++"`` and ``"random_from_data"`` start with means at the samples drawn, as wide as ``reg_covar``."""
    _judge_starts(subject, judgement, starts.OF_SAMPLES, with_bound=False)


@check(
    headline="the weights of a start at samples do not sum to one",
    title="GaussianMixture: weights of init_params='random_from_data' and 'k-means++' do not sum to one",
    upstream=AT_SAMPLES,
    cases=AND_A_REDUCED_ONE,
    since=starts.OF_SAMPLES_SINCE,
    should_be="A sum of 1: what max_iter=0 leaves is a mixture, and every start has the weights of one.",
    reproduction=Reproduction(
        """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
for init_params in ("kmeans", "random", "k-means++", "random_from_data"):
    model = GaussianMixture(**dict(few, max_iter=0, init_params=init_params)).fit(X)
    print("{}: weights sum to {}".format(init_params, model.weights_.sum()))""",
        makes_fits=True,
    ),
)
def test_a_start_at_samples_has_weights_that_sum_to_one(subject: Subject, judgement: Judgement) -> None:
    """``max_iter=0`` shows the weights of a start at samples: they sum to one."""
    require_fit(subject.first)
    for init_params in starts.OF_SAMPLES:
        case, outcome = _fit(subject, subject.changed(max_iter=0), init_params, ())
        at = judgement.at(way=_words(init_params, ()))
        if at.expect_no_error(outcome.error, "fit", "a fit of no iterations"):
            for _, weights in left(at, outcome, "weights"):
                slack = 64 * case.n_components * float(np.finfo(weights.dtype).eps)
                total = float(weights.sum())
                at.expect(abs(total - 1) <= slack, "weights_", total, 1.0, aspect="sum", tolerance=slack)


@check(headline="a fit does not use the weights and means given", cases=ONE_OF_EACH_TYPE)
def test_weights_and_means_given_are_used(subject: Subject, judgement: Judgement) -> None:
    """Weights, means or both are given: the fit starts with them, and with the estimate of what is not given."""
    for given in WITHOUT_PRECISIONS:
        _judge_starts(subject, judgement, _sound(subject, given), given)


@check(
    headline="a fit does not use the precisions given",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/22058",
    cases=ONE_OF_EACH_TYPE,
    should_be="The first from every fit: the precisions given are those of the first E-step.",
)
def test_precisions_given_are_used(subject: Subject, judgement: Judgement) -> None:
    """Precisions are given, alone or with weights or means: the fit starts with them, and estimates the rest."""
    for given in WITH_PRECISIONS:
        _judge_starts(subject, judgement, _sound(subject, given), given)


@check(headline="init_params changes a start that is given", cases=ONE_OF_EACH_TYPE)
def test_nothing_is_drawn_where_all_is_given(subject: Subject, judgement: Judgement) -> None:
    """With weights, means and precisions given every ``init_params`` leaves the same bits, from every seed."""
    require_fit(subject.first)
    case = subject.changed(max_iter=1)
    _, should_be = _fit(subject, case, "kmeans", ALL)
    require_fit(should_be)
    for init_params in starts.known(subject.release):
        at = judgement.at(way=_words(init_params, ALL))
        _, seen = _fit(subject, case, init_params, ALL, seed=1)
        if at.expect_no_error(seen.error, "fit", "a fitted estimator"):
            for name, value in left(at, should_be, *comparison.PARAMETERS, "precisions", "lower_bound"):
                same = np.array_equal(getattr(seen, name), value)
                at.expect(same, name + "_", "other numbers", "those of init_params='kmeans'")


@check(
    headline="a start that is given moves the seed",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/26021",
    cases=ONE_OF_EACH_TYPE,
    since="1.4",  # before, a start from k-means was drawn, and not used
)
def test_no_seed_is_used_where_all_is_given(subject: Subject, judgement: Judgement) -> None:
    """With weights, means and precisions given a ``RandomState`` is left as it was: no start is drawn."""
    require_fit(subject.first)
    for init_params in starts.known(subject.release):
        random = np.random.RandomState(0)
        parameters = {name + "_init": getattr(subject.case, name).copy() for name in ALL}
        model = subject.estimator(subject.changed(max_iter=1), None, init_params=init_params, **parameters)
        model.random_state = random
        _, error = call(model.fit, subject.case.frame.copy())
        at = judgement.at(way=_words(init_params, ALL))
        if at.expect_no_error(error, "fit", "a fitted estimator"):
            same = random.randint(2**31 - 1) == np.random.RandomState(0).randint(2**31 - 1)
            at.expect(same, "random_state", "another state after the fit", "the state before it")


@check(
    headline="a fit of no iterations does not leave its start",
    upstream=AT_SAMPLES,
    cases=ONE_OF_EACH_TYPE,
    since="1.1",  # before, max_iter=0 was refused
)
def test_no_iterations_leave_the_start(subject: Subject, judgement: Judgement) -> None:
    """``max_iter=0`` leaves weights, means and covariances of the start, given or estimated."""
    require_fit(subject.first)
    for given in ((), *WITHOUT_PRECISIONS):
        for init_params in _sound(subject, given):
            case, outcome = _fit(subject, subject.wide(max_iter=0), init_params, given)
            at = judgement.at(way=_words(init_params, given))
            if at.expect_no_error(outcome.error, "fit", "a fit of no iterations"):
                start = starts.start(case, init_params, given)
                dtype = comparison.coarser(case.means, case.frame, outcome.means)
                estimate, allowed = starts.estimated(case, init_params, 0, dtype)
                should_be = {"weights": start.weights, "means": start.means, "covariances": estimate.covariances}
                comparison.compare(at, outcome, should_be, allowed)
                is_left = outcome.covariances is not None or "covariances_" not in outcome.attributes
                at.expect(is_left, "covariances_", "None", "those of the start")
                judge_criteria(at, case, outcome.estimator, case.frame.astype(np.float64))


def _judge_starts(
    subject: Subject,
    judgement: Judgement,
    init_params: Sequence[str],
    given: Tuple[str, ...] = (),
    *,
    seeds: Iterable[int] = (0,),
    with_bound: bool = True,
) -> None:
    """Compare one step from each start with exact EM."""
    require_fit(subject.first)  # one that always raises is judged elsewhere
    for name in init_params:
        for seed in seeds:
            case, outcome = _fit(subject, subject.wide(max_iter=1), name, given, seed)
            begun = starting_at(case, starts.start(case, name, given, seed))
            at = judgement.at(way=_words(name, given))
            judge_one_step(at, begun, outcome, with_bound=with_bound, is_estimated=True)
            if outcome.error is None:
                judge_criteria(at, case, outcome.estimator, case.frame.astype(np.float64))


def _fit(subject: Subject, case: Case, init_params: str, given: Iterable[str], seed: int = 0) -> Tuple[Case, Outcome]:
    """The fit of a case of which only some initial parameters are given, and the case."""
    parameters = {name + "_init": getattr(case, name).copy() for name in given}
    estimator = subject.estimator(case, None, init_params=init_params, **parameters)
    estimator.random_state = seed
    return case, fit_frame(case, 0, initial(case), estimator)


def _sound(subject: Subject, given: Tuple[str, ...]) -> Sequence[str]:
    """Every ``init_params`` but those whose fault is judged above: weights at samples, and their tied covariance."""
    is_tied = subject.case.settings.covariance_type == "tied"
    if "weights" in given and ("precisions" in given or not is_tied):
        return starts.known(subject.release)
    return starts.OF_ALL_SAMPLES


def _words(init_params: str, given: Iterable[str]) -> str:
    return "init_params={!r}, {} given".format(init_params, " and ".join(given) or "nothing")
