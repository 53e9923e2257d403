"""Baselines: how one named release fits each case, and whether another gives the same.

``baseline.json`` beside a case is a record, not a judgement: it shows where
two releases differ. What should have happened is said by ``expected.json``.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

import functools
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from fixtures import corpus, npy, strict_json
from fixtures.validation import BrokenCase
from tests.support import comparison
from tests.support.comparison import PARAMETERS
from tests.support.judgement import Judgement
from tests.support.replay import Outcome
from tests.support.subject import left

MAX_BYTES = 4 * (1 << 20)

Record = Dict[str, Any]
Ways = Dict[str, List[Record]]


class Baseline(NamedTuple):
    """How one release fits a case.

    Attributes
    ----------
    release : str
        Version of the scikit-learn that it was recorded with.
    ways : dict of str to list of dict
        For each way of replaying what is kept of each frame.
    """

    release: str
    ways: Ways


def path_of(case: str, root: Path = corpus.CASES) -> Path:
    """Where the baseline of a case is."""
    return root / case / "baseline.json"


def record_of(outcomes: Tuple[Outcome, ...]) -> List[Record]:
    """What a baseline keeps of a replay: a record for each frame, parameters for the last one only."""
    records: List[Record] = []
    for outcome in outcomes:
        if outcome.error is not None:
            records.append({"error": outcome.error.type})
            continue
        assert outcome.lower_bound is not None
        records.append(
            {
                "n_iter": int(outcome.n_iter or 0),
                "converged": bool(outcome.converged),
                "lower_bound": float(outcome.lower_bound),
            }
        )
    last = outcomes[-1]
    for name in PARAMETERS:
        array = getattr(last, name)
        if array is not None:
            records[-1][name] = {"dtype": array.dtype.name, "values": array.astype(np.float64).tolist()}
    return records


@functools.lru_cache(maxsize=None)
def read(case: str, root: Path = corpus.CASES) -> Baseline:
    """Read the baseline of a case.

    Raises
    ------
    BrokenCase
        It is missing or is not what ``nox -s record-baseline`` writes.
    """
    path = path_of(case, root)
    written = "what `nox -s record-baseline` writes"
    content = npy.read_bytes(path, MAX_BYTES)
    try:
        baseline = strict_json.parse(content.decode("utf-8"))
        release = baseline["recorded_with"]["scikit-learn"]
        for records in baseline["ways"].values():
            for record in records:
                if not ({"n_iter", "converged", "lower_bound"} <= set(record) or "error" in record):
                    raise ValueError("a frame's record is incomplete")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenCase(path, "cannot be read ({})".format(error), written) from None
    return Baseline(release, baseline["ways"])


def compare_ends(judgement: Judgement, records: List[Record], outcomes: Tuple[Outcome, ...]) -> None:
    """Compare how each fit ended: what it raised, its iterations, whether it converged."""
    for record, outcome in zip(records, outcomes):
        at = _at(judgement, records, outcome)
        there = record.get("error")
        here = None if outcome.error is None else outcome.error.type
        if here is not None or there is not None:
            at.expect(here == there, "fit", str(outcome.error or "no error"), there or "no error", aspect="error")
            continue
        for name in ("n_iter", "converged"):
            seen = getattr(outcome, name)
            at.expect(seen == record[name], name + "_", seen, record[name])
    judgement.expect(
        len(records) == len(outcomes), "fit", len(outcomes), len(records), aspect="number of frames that were fitted"
    )


def compare_bounds(
    judgement: Judgement, records: List[Record], outcomes: Tuple[Outcome, ...], case: corpus.Case
) -> None:
    """Compare the lower bound after each frame."""
    dtype = _coarser(records, outcomes)
    for record, outcome in zip(records, outcomes):
        recorded = record["lower_bound"]
        allowed = comparison.coarse(case, dtype, 1.0, recorded)
        comparison.compare(_at(judgement, records, outcome), outcome, {"lower_bound": recorded}, allowed)


def compare_parameters(
    judgement: Judgement, records: List[Record], outcomes: Tuple[Outcome, ...], case: corpus.Case
) -> None:
    """Compare the parameters after the last frame."""
    recorded = {name: np.array(records[-1][name]["values"]) for name in PARAMETERS if name in records[-1]}
    if "covariances" in recorded:
        allowed = comparison.coarse(case, _coarser(records, outcomes), recorded["covariances"])
        comparison.compare(judgement, outcomes[-1], recorded, allowed)


def compare_dtypes(judgement: Judgement, records: List[Record], outcomes: Tuple[Outcome, ...]) -> None:
    """Compare the dtypes of the parameters after the last frame."""
    for name, array in left(judgement, outcomes[-1], *PARAMETERS):
        if name in records[-1]:
            recorded = records[-1][name]["dtype"]
            judgement.expect(array.dtype.name == recorded, name + "_", array.dtype.name, recorded, aspect="dtype")


def _at(judgement: Judgement, records: List[Record], outcome: Outcome) -> Judgement:
    return judgement.at(frame=outcome.frame) if len(records) > 1 else judgement


def _coarser(records: List[Record], outcomes: Tuple[Outcome, ...]) -> str:
    """The coarser dtype of the two fits, or of what they started from."""
    last = outcomes[-1]
    seen = comparison.coarser(last.start.means, *(getattr(last, name) for name in PARAMETERS))
    recorded = {records[-1][name]["dtype"] for name in PARAMETERS if name in records[-1]}
    return "float32" if "float32" in recorded else seen
