"""Record: the public capture gives what its reporter saw, on every release.

The figures that the notebook of scikit-learn #12099 printed hold the two
collapsed components as well: whoever repeats the report on another release
sees the same fit, so the defect is the same one. It printed 37 means and 37
covariances with nine significant digits; the record beside the case holds the
same numbers in full, as one release computes them.
"""

from typing import NamedTuple

import numpy as np

from fixtures import corpus, strict_json
from fixtures.validation import BrokenCase
from tests.support.check import check
from tests.support.judgement import Judgement
from tests.support.subject import Subject, judge_parameters

RECORD = corpus.CASES / corpus.CAPTURE_CASE / "published_fit.json"

# numpy printed the means with 8 decimals and the covariances as d.dddddddde+ee.
DECIMALS = 8


class PublishedFit(NamedTuple):
    """The recorded fit, in pixels and square pixels."""

    means: np.ndarray  # (37, 2)
    covariances: np.ndarray  # (37, 2, 2)


def read_published_fit() -> PublishedFit:
    """Read the record; it is a broken case where it is not what `tests/tools/published_fit.py` writes."""
    try:
        record = strict_json.parse(RECORD.read_text(encoding="utf-8"))
        fit = PublishedFit(np.array(record["means"], dtype=float), np.array(record["covariances"], dtype=float))
    except (OSError, ValueError, KeyError, TypeError) as error:
        written = "what `nox -s record-published-fit` writes"
        raise BrokenCase(RECORD, "cannot be read ({})".format(error), written) from None
    if fit.means.shape != (37, 2) or fit.covariances.shape != (37, 2, 2):
        raise BrokenCase(RECORD, "has shapes {}, {}".format(fit.means.shape, fit.covariances.shape), "37 components")
    return fit


def last_printed_digit(values: np.ndarray, scientific: bool) -> np.ndarray:
    """One unit of the last digit with which numpy printed each value; as d.dddddddde+ee it follows the exponent."""
    if not scientific:
        return np.full(values.shape, 10.0**-DECIMALS)
    magnitudes = np.where(values == 0, 1.0, np.abs(values))
    return 10.0 ** (np.floor(np.log10(magnitudes)) - DECIMALS)


@check(
    headline="the fit is not what the reporter of #12099 saw",
    upstream="https://github.com/scikit-learn/scikit-learn/issues/12099",
    cases=(corpus.CAPTURE_CASE,),
    is_baseline=True,
)
def test_fit_gives_the_published_figures(subject: Subject, judgement: Judgement) -> None:
    """Means and covariances are those that were printed, within one unit of the last digit."""
    expected = read_published_fit()
    parameters = judge_parameters(judgement, subject.case, subject.last)
    if parameters is not None:
        for name, scientific in (("means", False), ("covariances", True)):
            should_be = getattr(expected, name)
            unit = last_printed_digit(should_be, scientific)
            judgement.close(name + "_", getattr(parameters, name), should_be, unit)
