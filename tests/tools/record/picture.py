"""The picture of a break: where the components were and went, and how the mass of the lost ones fell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fixtures import plots
from fixtures.corpus import Case
from tests.tools.record.recording import Remembered

# So many lines can be told apart.
DRAWN = 8


def draw(path: Path, case: Case, fitted: dict[str, Any], broke: list[int], last: Iterable[Remembered]) -> None:
    """Draw a break into a file, whole or not at all.

    Parameters
    ----------
    path : Path
        A ``.png`` file.
    case : Case
    fitted : dict
        ``means`` and ``covariances`` as a baseline has them.
    broke : list of int
        Components that broke.
    last : iterable of Remembered
        The last fits, the one that broke included.
    """
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    scene, masses = figure.subplots(2, 1, height_ratios=(2.6, 1))
    fit = plots.fit_of(case, fitted, str(case.provenance["recorded_with"]["scikit-learn"]))
    if fit is not None:
        fit = fit._replace(lost=np.isin(np.arange(case.n_components), broke))
    plots.draw_frame(scene, case)
    plots.draw_components(scene, case, fit, None)
    before, after, lost, _ = plots.marks(fit)  # where exact EM puts it is not known
    lost.set_label("broke: where the fit put it")
    scene.set_title(case.title, fontsize="small")
    scene.legend(
        handles=[before, after, lost], fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1), frameon=False
    )
    fits = list(last)
    for component in broke[:DRAWN]:
        course = [fit.masses[component] for fit in fits]
        masses.semilogy([fit.number for fit in fits], course, "o-", markersize=3, label=f"component {component}")
    masses.set_xlabel("frame")
    masses.set_ylabel("mass in samples")
    masses.xaxis.set_major_locator(MaxNLocator(integer=True))
    if broke:
        masses.legend(fontsize="x-small", frameon=False)
    plots.save(figure, path, dpi=90)
