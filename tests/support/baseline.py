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
from tests.support.density import full_matrices
from tests.support.replay import Outcome

PARAMETERS = ("weights", "means", "covariances")
MAX_BYTES = 4 * (1 << 20)

# How far two releases may differ by rounding alone, relative to the scale of
# what is compared: a few EM steps amplify eps, which is 2e-16 and 1e-7.
RELATIVE_TOLERANCE = {"float64": 1e-6, "float32": 2e-3}

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
    for record, outcome in zip(records, outcomes):
        if outcome.lower_bound is None or "lower_bound" not in record:
            continue
        recorded = record["lower_bound"]
        tolerance = relative_tolerance(records, outcomes, case) * max(1.0, abs(recorded))
        if case.settings.covariance_type != "full":
            tolerance += cancellation(case, outcomes) / smallest_variance(case)
        # Not `>`: that would let nan pass.
        if not abs(float(outcome.lower_bound) - recorded) <= tolerance:
            wrong.append(
                "frame {}: seen lower_bound_ {!r}; recorded {!r} (tolerance {:.3g})".format(
                    outcome.frame, float(outcome.lower_bound), recorded, tolerance
                )
            )
    return wrong


def different_parameters(records: List[Record], outcomes: Tuple[Outcome, ...], case: corpus.Case) -> List[str]:
    """Parameters after the last frame that are not the recorded ones."""
    wrong = []
    relative = relative_tolerance(records, outcomes, case)
    largest = max(float(np.abs(frame.astype(np.float64)).max()) for frame in case.frames)
    for name in PARAMETERS:
        got = getattr(outcomes[-1], name)
        if got is None or name not in records[-1]:
            continue
        recorded = np.array(records[-1][name]["values"])
        tolerance = {
            "weights": relative,
            "means": relative * max(1.0, largest),
            "covariances": relative * max(1.0, float(np.abs(recorded).max())),
        }[name]
        if name == "covariances" and case.settings.covariance_type != "full":
            tolerance += cancellation(case, outcomes)
        if got.shape != recorded.shape:
            wrong.append("seen {}_ of shape {}; recorded {}".format(name, got.shape, recorded.shape))
            continue
        difference = np.abs(got.astype(np.float64) - recorded)
        if not (difference <= tolerance).all():
            where = np.unravel_index(int(np.argmax(difference)), difference.shape)
            wrong.append(
                "seen {}_ {!r} at {}; recorded {!r} (tolerance {:.3g})".format(
                    name,
                    float(got[where]),
                    tuple(int(index) for index in where),
                    float(recorded[where]),
                    tolerance,
                )
            )
    return wrong


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


def relative_tolerance(records: List[Record], outcomes: Tuple[Outcome, ...], case: corpus.Case) -> float:
    """The tolerance of the coarser dtype of the two fits, and what the worst condition number adds to it."""
    names = [records[-1][name]["dtype"] for name in PARAMETERS if name in records[-1]]
    names += [getattr(outcomes[-1], name).dtype.name for name in PARAMETERS if getattr(outcomes[-1], name) is not None]
    names += [outcomes[-1].start.means.dtype.name]
    dtype = "float32" if "float32" in names else "float64"
    # A density loses as many digits as the condition number of its precision has.
    worst = max(float(np.linalg.cond(matrix)) for matrix in _precisions(case))
    return RELATIVE_TOLERANCE[dtype] + 16 * float(np.finfo(dtype).eps) * worst


def _precisions(case: corpus.Case) -> np.ndarray:
    return full_matrices(case.precisions, case.settings.covariance_type, *case.means.shape)


def cancellation(case: corpus.Case, outcomes: Tuple[Outcome, ...]) -> float:
    """What the moments about the origin lose: ``eps * x**2`` for samples at x.

    Every covariance type but ``full`` is computed as a difference of such
    moments, so the digits lost are noise and differ between releases.
    """
    means = outcomes[-1].means
    coarse = (means is not None and means.dtype == np.float32) or case.frame.dtype == np.float32
    eps = float(np.finfo(np.float32 if coarse else np.float64).eps)
    largest = max(float(np.abs(frame.astype(np.float64)).max()) for frame in case.frames)
    return 16 * eps * largest**2


def smallest_variance(case: corpus.Case) -> float:
    """The smallest variance of a feature over all samples: what densities are relative to."""
    return max(case.settings.reg_covar, min(float(frame.astype(np.float64).var(axis=0).min()) for frame in case.frames))
