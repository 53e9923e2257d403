"""The contact sheet: every case drawn, and all of them on one sheet.

What the newest release made of a case is read from ``baseline.json`` and what
exact EM does from ``expected.json``. Run by ``nox -s corpus -- --plots DIR``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fixtures.corpus import CASES, Case
from tests.support import baseline, replay
from tests.support.comparison import PARAMETERS
from tests.tools import drawing

COLUMNS = 8


def draw_case(axes: Axes, case: Case, fit: drawing.Fit | None, root: Path = CASES) -> None:
    """Draw one case; of a chain the last frame, of more than two features the first two."""
    drawing.draw_frame(axes, case)
    drawing.draw_components(axes, case, fit, drawing.exact_means(case, root))
    axes.set_title(case.name, fontsize="small")


def baseline_fit(case: Case, root: Path = CASES) -> drawing.Fit | None:
    """The fit that ``baseline.json`` beside a case records; None where it raised, or is not recorded."""
    if not baseline.path_of(case.name, root).exists():
        return None
    recorded = baseline.read(case.name, root)
    records = recorded.ways[replay.EXPLICIT]
    return drawing.fit_of(case, _outcome(case, len(records) - 1, records[-1]), recorded.release)


def draw_cases(cases: Sequence[Case], folder: Path, root: Path = CASES) -> None:
    """Write ``<case>.png`` for each case and ``contact-sheet.png`` of all into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = math.ceil(len(cases) / COLUMNS)
    sheet = Figure(figsize=(2.6 * COLUMNS, 2.4 * rows), layout="tight")
    for number, case in enumerate(cases):
        print(f"  drawing {case.name} ({number + 1} of {len(cases)})", flush=True)
        fit = baseline_fit(case, root)
        figure = Figure(figsize=(8, 4.4), layout="constrained")
        draw_case(figure.subplots(), case, fit, root)
        drawing.add_legend(figure, fit)
        drawing.save(figure, folder / f"{case.name}.png", dpi=110)
        small = sheet.add_subplot(rows, COLUMNS, number + 1)
        draw_case(small, case, fit, root)
        small.tick_params(labelsize="xx-small")
        small.title.set_fontsize(6)
    drawing.save(sheet, folder / "contact-sheet.png", dpi=90)
    print(f"{len(cases)} pictures and contact-sheet.png in {folder}")


def _outcome(case: Case, frame: int, record: dict[str, Any]) -> replay.Outcome:
    """What a baseline keeps of a fit, as the fit left it."""
    arrays: dict[str, Any] = {
        name: np.array(record[name]["values"], dtype=record[name]["dtype"]) if name in record else None
        for name in PARAMETERS
    }
    ended = {name: record.get(name) for name in ("n_iter", "converged", "lower_bound")}
    error = replay.Raised(record["error"], "") if "error" in record else None
    return replay.Outcome(
        start=replay.initial(case), precisions=None, warnings=(), error=error, seconds=0.0, frame=frame,
        **ended, **arrays,
    )  # fmt: skip
