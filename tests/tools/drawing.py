"""Draw a case: the frame, the components before, where a fit put them and where exact EM does; or all on one sheet.

The contact sheet of ``nox -s corpus -- --plots DIR``, the report and a recording's
picture are all drawn here. Nothing is fitted, and whether a component is lost is
what the diagnosis says. For the sheet, what the newest release made of a case is
read from ``baseline.json``, and what exact EM does from ``expected.json``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from fixtures import whole_file
from fixtures.corpus import CASES, Case
from tests.support import baseline, picture, replay
from tests.support.comparison import PARAMETERS
from tests.support.picture import AFTER, BEFORE, EXACT, LOST, Fit

CELLS = 150  # of the longer side of a frame
COLUMNS = 8  # of the contact sheet
GREY = 0.5

mpl.rcParams["svg.hashsalt"] = "cases"  # same input, same bytes


def draw_frame(axes: Axes, case: Case) -> None:
    """Draw the samples of the last frame, the denser the darker; of more than two features the first two.

    They are one small bitmap, half transparent: it suits a light page and a dark one.
    """
    points = picture.first_two_features(case.frames[-1])
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
    before, covariances = picture.before_fit(case, case.means, case.precisions)
    for mean, covariance in zip(before, covariances, strict=True):
        axes.add_patch(_ellipse(mean, covariance, BEFORE, linestyle="--"))
    fitted = zip(before, fit.means, fit.covariances, fit.lost, strict=True) if fit is not None else ()
    for start, mean, covariance, is_lost in fitted:
        axes.add_patch(_ellipse(mean, covariance, LOST if is_lost else AFTER))
        if is_lost:
            arrow = {"arrowstyle": "->", "color": LOST, "linewidth": 1.2}
            axes.annotate("", xy=tuple(mean), xytext=tuple(start), arrowprops=arrow)
            axes.plot(*mean, "o", color=LOST, markersize=4)
    if exact is not None:
        axes.plot(*exact.T, "+", color=EXACT, markersize=6)
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


def _ellipse(mean: np.ndarray, covariance: np.ndarray, colour: str, linestyle: str = "-") -> Ellipse:
    """The ellipse of two standard deviations in the plane of the first two features."""
    values, vectors = np.linalg.eigh(covariance)
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    size = 4 * np.sqrt(np.maximum(values[::-1], 0))
    return Ellipse(tuple(mean), *size, angle=angle, fill=False, edgecolor=colour, linewidth=1, linestyle=linestyle)


def draw_case(axes: Axes, case: Case, fit: Fit | None, root: Path = CASES) -> None:
    """Draw one case; of a chain the last frame, of more than two features the first two."""
    draw_frame(axes, case)
    draw_components(axes, case, fit, picture.exact_means(case, root))
    axes.set_title(case.name, fontsize="small")


def baseline_fit(case: Case, root: Path = CASES) -> Fit | None:
    """The fit that ``baseline.json`` beside a case records; None where it raised, or is not recorded."""
    if not baseline.path_of(case.name, root).exists():
        return None
    recorded = baseline.read(case.name, root)
    *earlier, record = recorded.ways[replay.EXPLICIT]
    kept: dict[str, Any] = {name: record.get(name) for name in (*PARAMETERS, "n_iter", "converged", "lower_bound")}
    kept |= {name: np.array(one["values"], one["dtype"]) for name in PARAMETERS if (one := kept[name]) is not None}
    outcome = replay.Outcome(
        start=replay.initial(case), precisions=None, warnings=(), seconds=0.0, frame=len(earlier),
        error=replay.Raised(record["error"], "") if "error" in record else None, **kept,
    )  # fmt: skip
    return picture.fit_of(case, outcome, recorded.release)


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
        add_legend(figure, fit)
        save(figure, folder / f"{case.name}.png", dpi=110)
        small = sheet.add_subplot(rows, COLUMNS, number + 1)
        draw_case(small, case, fit, root)
        small.tick_params(labelsize="xx-small")
        small.title.set_fontsize(6)
    save(sheet, folder / "contact-sheet.png", dpi=90)
    print(f"{len(cases)} pictures and contact-sheet.png in {folder}")
