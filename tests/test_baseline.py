"""Record: a release fits each case as the release of the baseline does, or the ledger says why not.

A baseline is no promise of scikit-learn's. These checks are here so that no
change of behaviour between two releases goes unnoticed: each one is explained
by the ledger with its upstream change, or is a finding.
"""

from typing import Any, Dict, List, Tuple

import pytest

from fixtures.corpus import Case
from tests.support import baseline, messages
from tests.support.replay import Outcome

Replays = Dict[str, Tuple[Outcome, ...]]


@pytest.fixture(autouse=True)
def _scikit_learns_own(estimator_class: Any) -> None:
    if not estimator_class.__module__.startswith("sklearn."):
        pytest.skip("the baseline records scikit-learn's own class, and another one is under test")


def test_fit_ends_as_recorded(case: Case, replays: Replays, release: str) -> None:
    """It raises, converges and counts its iterations alike, frame by frame."""
    recorded = baseline.read(case.name)
    wrong = {way: baseline.different_ends(recorded["ways"][way], replays[way]) for way in replays}
    _require_equal(release, case, recorded["release"], wrong)


def test_lower_bound_is_as_recorded(case: Case, replays: Replays, release: str) -> None:
    """The lower bound is the same after every frame."""
    recorded = baseline.read(case.name)
    _skip_where_one_raised(recorded, replays)
    wrong = {way: baseline.different_bounds(recorded["ways"][way], replays[way], case) for way in replays}
    _require_equal(release, case, recorded["release"], wrong)


def test_parameters_are_as_recorded(case: Case, replays: Replays, release: str) -> None:
    """Weights, means and covariances are the same after the last frame."""
    recorded = baseline.read(case.name)
    _skip_where_one_raised(recorded, replays)
    wrong = {way: baseline.different_parameters(recorded["ways"][way], replays[way], case) for way in replays}
    _require_equal(release, case, recorded["release"], wrong)


def test_dtypes_are_as_recorded(case: Case, replays: Replays, release: str) -> None:
    """Weights, means and covariances have the same dtype."""
    recorded = baseline.read(case.name)
    _skip_where_one_raised(recorded, replays)
    wrong = {way: baseline.different_dtypes(recorded["ways"][way], replays[way]) for way in replays}
    _require_equal(release, case, recorded["release"], wrong)


def _skip_where_one_raised(recorded: Dict[str, Dict[str, List[baseline.Record]]], replays: Replays) -> None:
    if any("error" in recorded["ways"][way][-1] or replays[way][-1].error for way in replays):
        pytest.skip("a fit raised, here or in the baseline: test_fit_ends_as_recorded judges that")


def _require_equal(release: str, case: Case, recorded_with: str, wrong: Dict[str, List[str]]) -> None:
    lines = ["  {}, {}".format(way, line) for way, found in wrong.items() for line in found]
    if lines:
        raise messages.Defect(
            "scikit-learn {}, case {}: the fit differs from the baseline, recorded with scikit-learn {}\n{}".format(
                release, case.name, recorded_with, "\n".join(lines)
            )
        )
