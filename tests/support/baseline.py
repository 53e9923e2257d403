"""Baselines: how one named release fits each case, and whether another gives the same.

``baseline.json`` beside a case is a record, not a judgement: it shows where
two releases differ. What should have happened is said by ``expected.json``.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

import functools
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from fixtures import corpus, npy, strict_json
from fixtures.validation import BrokenCase
from tests.support import comparison
from tests.support.comparison import PARAMETERS
from tests.support.replay import Outcome

MAX_BYTES = 4 * (1 << 20)

Record = Dict[str, Any]


def path_of(case: str, root: Path = corpus.CASES) -> Path:
    """Where the baseline of a case is."""
    return root / case / "baseline.json"


def record_of(outcomes: Tuple[Outcome, ...]) -> List[Record]:
    """What a baseline keeps of a replay: a record for each frame, parameters for the last one only."""
    records: List[Record] = []
    for outcome in outcomes:
        if outcome.error:
            records.append({"error": outcome.error.split(":")[0]})
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
def read(case: str, root: Path = corpus.CASES) -> Dict[str, Any]:
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
    return {"release": release, "ways": baseline["ways"]}


def different_ends(records: List[Record], outcomes: Tuple[Outcome, ...]) -> List[str]:
    """Frames whose fit raised, stopped or converged otherwise than recorded."""
    wrong = []
    for record, outcome in zip(records, outcomes):
        if record.get("error") or outcome.error:
            seen, recorded = (outcome.error or "no error"), record.get("error") or "no error"
            if seen.split(":")[0] != recorded:
                wrong.append("frame {}: seen {}; recorded {}".format(outcome.frame, seen, recorded))
            continue
        for name in ("n_iter", "converged"):
            if getattr(outcome, name) != record[name]:
                wrong.append(
                    "frame {}: seen {}_ {}; recorded {}".format(
                        outcome.frame, name, getattr(outcome, name), record[name]
                    )
                )
    if len(records) != len(outcomes):
        wrong.append("seen {} fits; recorded {}".format(len(outcomes), len(records)))
    return wrong


def different_bounds(records: List[Record], outcomes: Tuple[Outcome, ...], case: corpus.Case) -> List[str]:
    """Frames whose lower bound is not the recorded one."""
    wrong = []
    dtype = _coarser(records, outcomes)
    for record, outcome in zip(records, outcomes):
        if outcome.lower_bound is None or "lower_bound" not in record:
            continue
        recorded = record["lower_bound"]
        allowed = comparison.tolerances(case, dtype, 1.0, recorded)
        found = comparison.differences(outcome, {"lower_bound": recorded}, allowed, word="recorded")
        wrong += ["frame {}: {}".format(outcome.frame, line) for line in found]
    return wrong


def different_parameters(records: List[Record], outcomes: Tuple[Outcome, ...], case: corpus.Case) -> List[str]:
    """Parameters after the last frame that are not the recorded ones."""
    recorded = {name: np.array(records[-1][name]["values"]) for name in PARAMETERS if name in records[-1]}
    recorded = {name: array for name, array in recorded.items() if getattr(outcomes[-1], name) is not None}
    if not recorded:
        return []
    allowed = comparison.tolerances(case, _coarser(records, outcomes), recorded["covariances"])
    return comparison.differences(outcomes[-1], recorded, allowed, word="recorded")


def different_dtypes(records: List[Record], outcomes: Tuple[Outcome, ...]) -> List[str]:
    """Parameters whose dtype is not the recorded one."""
    last = outcomes[-1]
    return [
        "seen {}_ in {}; recorded {}".format(name, getattr(last, name).dtype.name, records[-1][name]["dtype"])
        for name in PARAMETERS
        if getattr(last, name) is not None
        and name in records[-1]
        and getattr(last, name).dtype.name != records[-1][name]["dtype"]
    ]


def _coarser(records: List[Record], outcomes: Tuple[Outcome, ...]) -> str:
    """The coarser dtype of the two fits, or of what they started from."""
    last = outcomes[-1]
    seen = comparison.coarser(last.start.means, *(getattr(last, name) for name in PARAMETERS))
    recorded = {records[-1][name]["dtype"] for name in PARAMETERS if name in records[-1]}
    return "float32" if "float32" in recorded else seen
