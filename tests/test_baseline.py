"""Record: a release fits each case as the release of the baseline does, or the ledger says why not.

A baseline is no promise of scikit-learn's. These checks are here so that no
change of behaviour between two releases goes unnoticed: each one is explained
by the ledger with its upstream change, or is a finding.
"""

from tests.support import baseline
from tests.support.check import check
from tests.support.judgement import Judgement
from tests.support.subject import Subject


@check(headline="the fit does not end as in the baseline", is_baseline=True)
def test_fit_ends_as_recorded(subject: Subject, judgement: Judgement) -> None:
    """It raises, converges and counts its iterations alike, frame by frame."""
    for way, records in _recorded(subject).items():
        baseline.compare_ends(_at(subject, judgement, way), records, subject.replays[way])


@check(headline="the lower bound is not that of the baseline", is_baseline=True)
def test_lower_bound_is_as_recorded(subject: Subject, judgement: Judgement) -> None:
    """The lower bound is the same after every frame."""
    _require_that_none_raised(subject, judgement)
    for way, records in _recorded(subject).items():
        baseline.compare_bounds(_at(subject, judgement, way), records, subject.replays[way], subject.case)


@check(headline="the parameters are not those of the baseline", is_baseline=True)
def test_parameters_are_as_recorded(subject: Subject, judgement: Judgement) -> None:
    """Weights, means and covariances are the same after the last frame."""
    _require_that_none_raised(subject, judgement)
    for way, records in _recorded(subject).items():
        baseline.compare_parameters(_at(subject, judgement, way), records, subject.replays[way], subject.case)


@check(headline="the dtypes are not those of the baseline", is_baseline=True)
def test_dtypes_are_as_recorded(subject: Subject, judgement: Judgement) -> None:
    """Weights, means and covariances have the same dtype."""
    _require_that_none_raised(subject, judgement)
    for way, records in _recorded(subject).items():
        baseline.compare_dtypes(_at(subject, judgement, way), records, subject.replays[way])


def _recorded(subject: Subject) -> baseline.Ways:
    return baseline.read(subject.case.name).ways


def _at(subject: Subject, judgement: Judgement, way: str) -> Judgement:
    return judgement.at(way=way) if len(subject.replays) > 1 else judgement


def _require_that_none_raised(subject: Subject, judgement: Judgement) -> None:
    for way, records in _recorded(subject).items():
        here, there = subject.replays[way][-1].error, records[-1].get("error")
        if here is not None or there is not None:
            seen = "nothing" if here is None else here.type
            judgement.stop("the fit raised {}, in the baseline {}".format(seen, there or "nothing"))
