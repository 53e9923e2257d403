"""What the page draws: a case, its lower bounds, and figures as SVG: small, of the page's colours, always the same."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from html import escape
from multiprocessing import get_context, parent_process

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fixtures.corpus import Case
from tests.support.picture import AFTER, BEFORE, EXACT, LOST, Fit, exact_means, in_plane
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.tools import drawing
from tests.tools.report import records

mpl.rcParams["svg.fonttype"] = "none"  # text stays text: it is read aloud, found and copied

INK = "#101010"
# The CSS variable that stands in the page for each colour of a figure, so that it suits a dark page too.
COLOURS = {BEFORE: "--before", AFTER: "--after", LOST: "--lost", EXACT: "--exact", INK: "--text"}

IDS = re.compile(r' id="([^"]+)"')
REFERENCES = re.compile(r'href="#([^"]+)')
PATHS = re.compile(r' (?:d|x|y)="[^"]*"')
LONG_NUMBERS = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
FONTS = re.compile(r"font: (?:[a-z]+ )*([\d.]+)px [^;\"]*|font-family: [^;\"]*;? ?")
PICTURES = re.compile(r"<svg.*?</svg>", flags=re.DOTALL)
STYLES = re.compile(r' style="([^"]+)"')
PLAIN_GROUPS = re.compile(r"<g>((?:(?!</?g\b).)*)</g>")  # without attributes: they held nothing but an id
# What stands around a drawing and says nothing: its style would hold for the whole page,
# and no figure here draws beyond its axes.
DROPPED = re.compile(
    r"<(metadata|style|clipPath).*?</\1>|<!--.*?-->|<defs>\s*</defs>| clip-path=\"[^\"]*\"", flags=re.DOTALL
)


def draw(case: Case, release: str, properties: Mapping[str, str]) -> tuple[str, str]:
    """SVG of a case's frame, and of its lower bounds, empty where there are none; of a fit what its record keeps."""
    frame = _frame(case, _fit(case, release, properties))
    fitted = records.lower_bounds_in(properties.get(records.BOUNDS) or "[]")
    exact = _exact_bounds(case)
    if not fitted and not exact:
        return frame, ""
    ends = [f"scikit-learn {release} ends at {fitted[-1]:.6g} after {len(fitted)} iterations"] if fitted else []
    ends += [f"exact EM at {exact[-1]:.6g} after {len(exact)}"] if exact else []
    return frame, inline(_bounds(fitted, exact), f"b-{case.name}", f"lower bound: {', '.join(ends)}")


def _fit(case: Case, release: str, properties: Mapping[str, str]) -> Fit | None:
    if not properties.get(records.PLACE):
        return None
    means, covariances = records.place_in(properties[records.PLACE])
    if len(means) != case.n_components or len(covariances) != case.n_components:
        return None
    states = records.states_in(properties)
    return in_plane(means, covariances, [states.get(number) for number in range(case.n_components)], release)


def _frame(case: Case, fit: Fit | None) -> str:
    figure, axes = axes_of(3.6)
    drawing.draw_frame(axes, case)
    drawing.draw_components(axes, case, fit, exact_means(case))
    style(axes)
    description = "the frame and the initial components; the fit left none"
    if fit is not None:
        collapsed = f"{int(fit.lost.sum())} of {case.n_components}"
        description = f"{collapsed} components collapsed with scikit-learn {fit.release}"
    return inline(figure, f"f-{case.name}", f"{case.name}: {description}")


def _bounds(fitted: list[float], exact: list[float]) -> Figure:
    figure, axes = axes_of(2.4)
    if exact:
        axes.plot(range(1, len(exact) + 1), exact, "+--", color=EXACT, linewidth=1, markersize=6)
    if fitted:
        axes.plot(range(1, len(fitted) + 1), fitted, "o-", color=AFTER, linewidth=1.2, markersize=3)
    axes.set_xlabel("iteration", fontsize=8)
    axes.set_title("lower bound, nats a sample", fontsize=8, loc="left", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.ticklabel_format(useOffset=False, style="plain")
    style(axes)
    return figure


def _exact_bounds(case: Case) -> list[float]:
    """Lower bound of exact EM at each step on the first frame; empty where it ends in a singular covariance."""
    try:
        return list(exact_replay(case._replace(frames=case.frames[:1]))[0].lower_bounds)
    except DegenerateCovariance:
        return []


def axes_of(height: float) -> tuple[Figure, Axes]:
    """Axes with margins that are fixed: fitting them to the labels takes as long as the drawing."""
    figure = Figure(figsize=(5, height))
    figure.subplots_adjust(left=0.14, right=0.98, bottom=0.4 / height, top=1 - 0.25 / height)
    axes = figure.subplots()
    for background in (figure.patch, axes.patch):
        background.set_visible(False)
    return figure, axes


def style(axes: Axes) -> None:
    """Make axes small, and of the page's ink."""
    axes.tick_params(colors=INK, labelsize=8, length=2)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(INK)
        spine.set_linewidth(0.5)
    axes.xaxis.label.set_color(INK)


def inline(figure: Figure, name: str, description: str) -> str:
    """A figure as an ``svg`` element that can stand beside others in one page.

    The name makes its ids differ from those of other figures; the description
    is read aloud to those who do not see it.
    """
    stream = io.StringIO()
    # No date, no version of matplotlib, and ids that do not depend on the run: same input, same bytes.
    with mpl.rc_context({"svg.hashsalt": name}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0]
    text = DROPPED.sub("", DROPPED.sub("", text[text.index(">", text.index("<svg")) + 1 :])).replace("xlink:", "")
    referenced = set(REFERENCES.findall(text))
    text = IDS.sub(lambda match: match[0] if match[1] in referenced else "", text)
    # Only where a tenth of a point does not show: not in what is scaled, and not in what is read.
    text = PATHS.sub(lambda path: LONG_NUMBERS.sub(_rounded, path[0]), text)
    text = FONTS.sub(lambda font: f"font-size: {font[1]}px" if font[1] else "", text)
    for colour, variable in COLOURS.items():
        text = text.replace(colour, f"var({variable})")
    text = PLAIN_GROUPS.sub(r"\1", re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", text)))
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(description)}">{text.strip()}'


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def with_shared_styles(page: str) -> str:
    """A page whose pictures share a style sheet: most of matplotlib's SVG are a few styles, repeated at every line."""
    names: dict[str, str] = {}

    def as_class(style: re.Match[str]) -> str:
        return f' class="{names.setdefault(style[1], f"v{len(names)}")}"'

    shared = PICTURES.sub(lambda picture: STYLES.sub(as_class, picture[0]), page)
    sheet = "".join(f".{name} {{ {style} }}\n" for style, name in names.items())
    return shared.replace("</style>", f"{sheet}</style>", 1)


def processes() -> ProcessPoolExecutor:
    """Processes that draw, one for each core."""
    # If they were forked, they would share the state of BLAS threads.
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _end_with_parent)


def _end_with_parent() -> None:
    """End this process, which would wait for work for ever, when its parent is killed."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
