"""What the reporter of scikit-learn #12099 got: the figures that every release must give.

The reporter's notebook printed 37 means and 37 covariances with nine
significant digits. The record beside the case holds the same numbers in full,
as one release computes them.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import NamedTuple

import numpy as np

from fixtures import corpus, strict_json
from fixtures.validation import BrokenCase

CASE = "capture-frame-44"
RECORD = corpus.CASES / CASE / "published_fit.json"

# numpy printed the means with 8 decimals and the covariances as d.dddddddde+ee.
DECIMALS = 8


class PublishedFit(NamedTuple):
    """The recorded fit, in pixels and square pixels."""

    means: np.ndarray  # (37, 2)
    covariances: np.ndarray  # (37, 2, 2)


def read() -> PublishedFit:
    """Read the record.

    Raises
    ------
    BrokenCase
        It is not what `tests/tools/published_fit.py` writes.
    """
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
