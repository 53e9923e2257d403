"""The picture of a break: where the components were and went, and how the mass of the lost ones fell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
    plots.draw_fit(scene, case, fitted, {}, str(case.provenance["recorded_with"]["scikit-learn"]))
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
