"""Promise: ``warm_start=True`` goes on from where the last fit ended, and from nothing else.

A chain fitted by one warm-started estimator equals explicit fits, each from
the parameters that the last one left.
"""

from typing import Dict, Tuple

import pytest

from fixtures import corpus
from fixtures.corpus import Case
from tests.support import messages
from tests.support.replay import EXPLICIT, WARM_START, Outcome
from tests.support.same_fit import same_fit


@pytest.mark.parametrize("case_name", corpus.names_with("chain"))
def test_warm_start_equals_explicit_replays(case: Case, replays: Dict[str, Tuple[Outcome, ...]], place: str) -> None:
    """Frame by frame: parameters, lower bound, iterations."""
    explicit, warm = replays[EXPLICIT], replays[WARM_START]
    wrong = []
    for one, other in zip(explicit, warm):
        found = same_fit(case, one, other)
        if one.n_iter != other.n_iter:
            found.append("seen n_iter_ {}; should be {}".format(other.n_iter, one.n_iter))
        wrong += ["frame {}: {}".format(one.frame, line) for line in found]
    if wrong:
        raise messages.Defect("{}: a warm start is not an explicit start\n  {}".format(place, "\n  ".join(wrong)))
