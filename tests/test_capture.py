"""Record: the public capture gives what its reporter saw, on every release.

The figures that the notebook of scikit-learn #12099 printed hold the two
collapsed components as well: whoever repeats the report on another release
sees the same fit, so the defect is the same one.
"""

from tests.support import published_fit
from tests.support.check import check
from tests.support.judgement import Judgement
from tests.support.subject import Subject, judge_parameters


@check(
    headline="the fit is not what the reporter of #12099 saw",
    upstream="https://github.com/scikit-learn/scikit-learn/issues/12099",
    cases=(published_fit.CASE,),
    is_baseline=True,
)
def test_fit_gives_the_published_figures(subject: Subject, judgement: Judgement) -> None:
    """Means and covariances are those that were printed, within one unit of the last digit."""
    expected = published_fit.read()
    parameters = judge_parameters(judgement, subject.case, subject.last)
    if parameters is not None:
        for name, scientific in (("means", False), ("covariances", True)):
            should_be = getattr(expected, name)
            unit = published_fit.last_printed_digit(should_be, scientific)
            judgement.close(name + "_", getattr(parameters, name), should_be, unit)
