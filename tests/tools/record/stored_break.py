"""A break as a case: the frame, what the frame before left, and where both come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import add_case, stored_case
from fixtures.corpus import MAX_TITLE, Case, Settings
from fixtures.validation import check_arrays
from tests.tools.record.recording import Fitted

LONGEST_NAME = 60


@dataclass(frozen=True)
class Origin:
    """Where the frames come from, and how they were made into samples."""

    source: str  # name of the file or folder, without its path
    conversion: Mapping[str, Any]  # options by which its pixels became points; empty for points
    every: int
    versions: Mapping[str, str]  # of what fitted the frames


def case_of(
    step: Fitted,
    start: tuple[np.ndarray, np.ndarray, np.ndarray],
    settings: Mapping[str, Any],
    origin: Origin,
    name: str | None = None,
) -> Case:
    """The case of a break, checked as every case is.

    Parameters
    ----------
    step : Fitted
        The fit that broke.
    start : tuple of ndarray
        Weights, means and precisions that it started from.
    settings : dict
        Estimator settings of a case.
    name : str, optional
        Made from the source and the frame where it is not given.
    """
    name = name or default_name(origin.source, step.frame.number)
    paths = [Path(f"{part}_ after frame {step.before}") for part in ("weights", "means", "precisions")]
    frame = (Path(f"frame {step.frame.number}"), step.frame.samples)
    check_arrays({**settings}, [frame], list(zip(paths, start, strict=True)))
    provenance = {
        "kind": "user",
        "recorded_from": origin.source,
        "frame": step.frame.number,
        "frame_before": step.before,
        "every": origin.every,
        "pixels": dict(origin.conversion) or "none: the frames are samples",
        "recorded_with": dict(origin.versions),
    }
    if step.frame.name:
        provenance["file"] = step.frame.name
    case = Case(name, _title(step, origin), (), Settings(**settings), (step.frame.samples,), *start, provenance)
    return add_case.with_flags(case)


def default_name(source: str, number: int) -> str:
    """A name of a case out of the name of a file or folder: ``My video.mp4`` and 7 give ``my-video-frame-7``."""
    stem = source if not Path(source).suffix else source[: -len(Path(source).suffix)]
    words = re.findall(r"[a-z0-9]+", stem.lower())
    return "-".join([*words, "frame", str(number)])[-LONGEST_NAME:].strip("-")


def store(case: Case, root: Path) -> tuple[Case, Path]:
    """Write a case whole or not at all, under a name that is free.

    A case that is there already, byte for byte, is left as it is.

    Returns
    -------
    tuple of Case and Path
        The case with the name it got, and its folder.
    """
    number, free = 1, case
    while (root / free.name).exists():
        if not stored_case.differing(free, root):
            return free, root / free.name
        number += 1
        free = case._replace(name=f"{case.name}-{number}")
    return free, stored_case.store(free, root)


def _title(step: Fitted, origin: Origin) -> str:
    """One line, shortened where the error or the name of the file is long."""
    what = step.fit.error or " and ".join(f"component {number} is {step.fit.states[number]}" for number in step.broke)
    source = " ".join(origin.source.split())[:LONGEST_NAME]
    end = f" in frame {step.frame.number} of {source}, fitted from what frame {step.before} left"
    room = MAX_TITLE - len(end)
    return (what if len(what) <= room else what[: room - 4] + " ...") + end
