"""Draw a case: the frame, the components before, where a fit put them and where exact EM does.

The contact sheet, the report and a recording's picture are all drawn here.
Nothing is fitted, and whether a component is lost is what the diagnosis says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from fixtures import whole_file
from fixtures.corpus import CASES, Case
from tests.support import expected
from tests.support.density import full_matrices
from tests.support.diagnosis import NotDiagnosable, states_alone
from tests.support.plane import covariances_in_plane, points_in_plane
from tests.support.replay import Outcome
from tests.support.states import COLLAPSED

# Told apart by those who see few colours too (Okabe and Ito).
BEFORE, AFTER, LOST, EXACT = "#0072b2", "#009e73", "#d55e00", "#000000"
CELLS = 150  # of the longer side of a frame
GREY = 0.5

mpl.rcParams["svg.hashsalt"] = "cases"  # same input, same bytes


class Fit(NamedTuple):
    """Where a fit put the components of a case, in the plane of the first two features."""

    means: np.ndarray  # (n_components, 2)
    covariances: np.ndarray  # (n_components, 2, 2)
    lost: np.ndarray  # (n_components,), bool: which collapsed
    release: str  # version of the scikit-learn that fitted


def fit_of(case: Case, outcome: Outcome, release: str) -> Fit | None:
    """A fit as it is drawn; None where it left nothing that a component could be judged by."""
    try:
        components = states_alone(case, outcome).components
    except NotDiagnosable:
        return None
    means, covariances = (np.array([getattr(one, name) for one in components]) for name in ("mean", "covariance"))
    return in_plane(means, covariances, [one.state for one in components], release)


def in_plane(means: np.ndarray, covariances: np.ndarray, states: Sequence[str | None], release: str) -> Fit:
    """A fit that was judged elsewhere, as it is drawn.

    Parameters
    ----------
    means : ndarray of shape (n_components, n_features)
    covariances : ndarray of shape (n_components, n_features, n_features)
    states : sequence of str or None
        Of each component, as the diagnosis has it.
    release : str
    """
    lost = np.array([state in COLLAPSED for state in states])
    return Fit(points_in_plane(means), covariances_in_plane(covariances), lost, release)


def exact_means(case: Case, root: Path = CASES) -> np.ndarray | None:
    """Where exact EM puts the components, (n_components, n_features), as ``expected.json`` beside a case says."""
    if not expected.path_of(case.name, root).exists():
        return None
    truth = expected.read(case.name, root)
    return np.array(truth["means"]) if "means" in truth else None


def draw_frame(axes: Axes, case: Case) -> None:
    """Draw the samples of the last frame, the denser the darker; of more than two features the first two.

    They are one small bitmap, half transparent: it suits a light page and a dark one.
    """
    points = points_in_plane(case.frames[-1])
    low, high = points.min(axis=0), points.max(axis=0)
    cell = (high - low).max() / CELLS
    if np.array_equal(points, np.round(points)):
        # A pixel's coordinate is its centre; other data get cells so small that it does not show.
        cell = max(1.0, cell)
    cell = cell or 1.0
    size = np.floor((high - low) / cell).astype(int) + 1
    cells = np.floor((points - low) / cell).astype(int)
    counts = np.zeros(size)
    np.add.at(counts, tuple(cells.T), 1)
    image = np.full((size[1], size[0], 4), GREY)
    level = np.log1p(counts.T) / np.log1p(counts.max())
    image[..., 3] = np.where(level > 0, 0.15 + 0.75 * level, 0)
    left, top = low - cell / 2
    right, bottom = low + (size - 0.5) * cell
    axes.imshow(image, extent=(left, right, bottom, top), interpolation="none", aspect="auto", origin="upper")


def draw_components(axes: Axes, case: Case, fit: Fit | None, exact: np.ndarray | None) -> None:
    """Draw over a frame the components before and after a fit, None if it raised, and where exact EM puts them."""
    before = points_in_plane(case.means)
    precisions = full_matrices(case.precisions, case.settings.covariance_type, *case.means.shape)
    for mean, covariance in zip(before, covariances_in_plane(np.linalg.inv(precisions)), strict=True):
        axes.add_patch(_ellipse(mean, covariance, BEFORE, linestyle="--"))
    if fit is not None:
        _draw_fit(axes, before, fit)
    if exact is not None:
        axes.plot(*points_in_plane(exact).T, "+", color=EXACT, markersize=6)
    axes.autoscale_view()
    width, height = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    if case.frame.shape[1] > 1 and width < 20 * height < 400 * width:
        axes.set_aspect("equal")
    if not axes.yaxis_inverted():  # as in a picture
        axes.invert_yaxis()


def add_legend(figure: Figure, fit: Fit | None, *, exact: bool = True) -> None:
    """Explain below a figure of constrained layout what is drawn; where exact EM puts components may be unknown."""
    marks = [
        Line2D([], [], color=BEFORE, linestyle="--", label="before (initial parameters)"),
        Line2D([], [], color=AFTER, label=f"after the fit (scikit-learn {fit.release})" if fit else "the fit raised"),
        Line2D([], [], color=LOST, marker=">", label="collapsed: from where it was to where the fit put it"),
    ]
    if exact:
        marks.append(Line2D([], [], color=EXACT, marker="+", linestyle="none", label="where exact EM puts it"))
    figure.legend(handles=marks, fontsize="x-small", loc="outside lower center", ncols=2, frameon=False)


def save(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure whole or not at all; the same figure gives the same bytes."""
    with whole_file.writing(path) as scratch:
        figure.savefig(scratch, dpi=dpi, format=path.suffix[1:], metadata={"Software": None})


def _draw_fit(axes: Axes, before: np.ndarray, fit: Fit) -> None:
    for start, mean, covariance, is_lost in zip(before, fit.means, fit.covariances, fit.lost, strict=True):
        axes.add_patch(_ellipse(mean, covariance, LOST if is_lost else AFTER))
        if is_lost:
            arrow = {"arrowstyle": "->", "color": LOST, "linewidth": 1.2}
            axes.annotate("", xy=tuple(mean), xytext=tuple(start), arrowprops=arrow)
            axes.plot(*mean, "o", color=LOST, markersize=4)


def _ellipse(mean: np.ndarray, covariance: np.ndarray, colour: str, linestyle: str = "-") -> Ellipse:
    """The ellipse of two standard deviations in the plane of the first two features."""
    values, vectors = np.linalg.eigh(covariance)
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    size = 4 * np.sqrt(np.maximum(values[::-1], 0))
    return Ellipse(tuple(mean), *size, angle=angle, fill=False, edgecolor=colour, linewidth=1, linestyle=linestyle)
