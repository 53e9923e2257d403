"""Draw a case for the page: its frame and components, and the lower bound of the fit against exact EM's."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fixtures.corpus import Case
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.tools import drawing
from tests.tools.report import recorded, svg
from tests.tools.report.recorded import RecordedFit

INK = "#101010"
COLOURS = {
    drawing.BEFORE: "--before", drawing.AFTER: "--after", drawing.LOST: "--lost", drawing.EXACT: "--exact",
    INK: "--text",
}  # fmt: skip


@dataclass(frozen=True)
class Pictures:
    """SVG of a case's frame and of its lower bounds."""

    frame: str
    bounds: str


def draw(case: Case, recorded_fit: RecordedFit) -> Pictures:
    """Draw a case and what one release made of it."""
    fit = _fit(case, recorded_fit)
    frame = svg.inline(_frame(case, fit), f"f-{case.name}", _description_of_frame(case, fit), COLOURS)
    fitted = recorded.lower_bounds(recorded_fit.lower_bounds or "[]")
    exact = _exact_bounds(case)
    if not fitted and not exact:
        return Pictures(frame, "")
    description = _description_of_bounds(recorded_fit.release, fitted, exact)
    return Pictures(frame, svg.inline(_bounds(fitted, exact), f"b-{case.name}", description, COLOURS))


def _fit(case: Case, fit: RecordedFit) -> drawing.Fit | None:
    if not fit.place:
        return None
    means, covariances = recorded.place(fit.place)
    if len(means) != case.n_components or len(covariances) != case.n_components:
        return None
    states = [fit.states.get(number) for number in range(case.n_components)]
    return drawing.in_plane(means, covariances, states, fit.release)


def _frame(case: Case, fit: drawing.Fit | None) -> Figure:
    figure, axes = axes_of(3.6)
    drawing.draw_frame(axes, case)
    drawing.draw_components(axes, case, fit, drawing.exact_means(case))
    style(axes)
    return figure


def axes_of(height: float) -> tuple[Figure, Axes]:
    """Axes with margins that are fixed: fitting them to the labels takes as long as the drawing."""
    figure = Figure(figsize=(5, height))
    bottom, top = 0.4 / height, 1 - 0.25 / height
    figure.subplots_adjust(left=0.14, right=0.98, bottom=bottom, top=top)
    axes = figure.subplots()
    for background in (figure.patch, axes.patch):
        background.set_visible(False)
    return figure, axes


def style(axes: Axes) -> None:
    axes.tick_params(colors=INK, labelsize=8, length=2)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(INK)
        spine.set_linewidth(0.5)
    axes.xaxis.label.set_color(INK)


def _bounds(fitted: list[float], exact: list[float]) -> Figure:
    figure, axes = axes_of(2.4)
    if exact:
        axes.plot(range(1, len(exact) + 1), exact, "+--", color=drawing.EXACT, linewidth=1, markersize=6)
    if fitted:
        axes.plot(range(1, len(fitted) + 1), fitted, "o-", color=drawing.AFTER, linewidth=1.2, markersize=3)
    axes.set_xlabel("iteration", fontsize=8)
    axes.set_title("lower bound, nats a sample", fontsize=8, loc="left", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.ticklabel_format(useOffset=False, style="plain")
    style(axes)
    return figure


def _exact_bounds(case: Case) -> list[float]:
    """Lower bound of exact EM at each step on the first frame; none where it ends in a singular covariance."""
    try:
        return list(exact_replay(case._replace(frames=case.frames[:1]))[0].lower_bounds)
    except DegenerateCovariance:
        return []


def _description_of_frame(case: Case, fit: drawing.Fit | None) -> str:
    if fit is None:
        return f"{case.name}: the frame and the initial components; the fit left none"
    collapsed = int(fit.lost.sum())
    return f"{case.name}: {collapsed} of {case.n_components} components collapsed with scikit-learn {fit.release}"


def _description_of_bounds(release: str, fitted: list[float], exact: list[float]) -> str:
    ends = [f"scikit-learn {release} ends at {fitted[-1]:.6g} after {len(fitted)} iterations"] if fitted else []
    ends += [f"exact EM at {exact[-1]:.6g} after {len(exact)}"] if exact else []
    return "lower bound: " + ", ".join(ends)
