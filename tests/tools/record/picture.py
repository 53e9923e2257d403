"""The picture of a break: where the components were and went, and how the mass of the lost ones fell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fixtures.corpus import Case
from tests.support.density import full_matrices
from tests.support.picture import Fit, in_plane
from tests.tools import drawing
from tests.tools.record.recording import Fitted, Remembered

# More lines could not be distinguished.
DRAWN = 8


def draw(path: Path, case: Case, fitted: dict[str, Any], step: Fitted, last: Iterable[Remembered]) -> None:
    """Draw a break, as the means and covariances show it, and the masses of the last fits into a ``.png`` file."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    scene, masses = figure.subplots(2, 1, height_ratios=(2.6, 1))
    fit = _fit(case, fitted, step.fit.states)
    drawing.draw_frame(scene, case)
    drawing.draw_components(scene, case, fit, None)
    drawing.add_legend(figure, fit, exact=False)
    scene.set_title(case.title, fontsize="small")
    fits = list(last)
    for component in step.broke[:DRAWN]:
        course = [one.masses[component] for one in fits]
        named = f"component {component}, {step.fit.states[component]}"
        masses.semilogy([one.number for one in fits], course, "o-", markersize=3, label=named)
    masses.set_xlabel("frame")
    masses.set_ylabel("mass in samples")
    masses.xaxis.set_major_locator(MaxNLocator(integer=True))
    if step.broke:
        masses.legend(fontsize="x-small", frameon=False)
    drawing.save(figure, path, dpi=90)


def _fit(case: Case, fitted: dict[str, Any], states: list[str]) -> Fit | None:
    """What a fit left, as it is drawn; None where it raised."""
    if not states:
        return None
    means, covariances = (np.array(fitted[name]["values"]) for name in ("means", "covariances"))
    full = full_matrices(covariances, case.settings.covariance_type, *means.shape)
    return in_plane(means, full, states, str(case.provenance["recorded_with"]["scikit-learn"]))
