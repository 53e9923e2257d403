"""Picture: a case in its first two features, its components before and after a fit, and where exact EM puts them.

What is drawn is found here for every picture; the SVG is written by hand,
because the environment of an old release has nothing that draws. The page of
``nox -s report`` has more to show.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, numpy only.
"""

from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple
from xml.sax.saxutils import escape

import numpy as np

from fixtures.corpus import CASES, Case
from tests.support import expected
from tests.support.density import full_matrices
from tests.support.diagnosis import NotDiagnosable, states_alone
from tests.support.replay import Outcome
from tests.support.states import COLLAPSED
from tests.support.subject import Subject

WIDTH, HEIGHT, MARGIN, KEY = 720, 480, 24, 112
CELLS = 160  # of the longer side of the frame: a pixel of the picture is no smaller
# Told apart by those who see few colours too (Okabe and Ito).
BEFORE, AFTER, LOST, EXACT = "#0072b2", "#009e73", "#d55e00", "#000000"

DOCUMENT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>
text {{ font: 13px system-ui, sans-serif; fill: #222 }}
ellipse, path {{ stroke-width: 1.5 }}
ellipse, .lost {{ fill: none }}
.before {{ stroke: {before}; stroke-dasharray: 4 3 }}
.after {{ stroke: {after} }}
.lost {{ stroke: {lost}; stroke-width: 2 }}
.exact {{ stroke: {exact} }}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0 8 4 0 8z" fill="{lost}"/></marker></defs>
<rect width="100%" height="100%" fill="white"/>
{drawn}
</svg>
"""
LINE_OF_KEY = '<path class="{}" fill="none" d="M{} {}h22"/>\n<text x="{}" y="{}">{}</text>'


class Fit(NamedTuple):
    """Where a fit put the components of a case, in the plane of the first two features."""

    means: np.ndarray  # (n_components, 2)
    covariances: np.ndarray  # (n_components, 2, 2)
    lost: np.ndarray  # (n_components,), bool: which collapsed
    release: str  # version of the scikit-learn that fitted


def fit_of(case: Case, outcome: Outcome, release: str) -> Optional[Fit]:
    """A fit as it is drawn; None where it left nothing that a component could be judged by."""
    try:
        components = states_alone(case, outcome).components
    except NotDiagnosable:
        return None
    means, covariances = (np.array([getattr(one, name) for one in components]) for name in ("mean", "covariance"))
    return in_plane(means, covariances, [one.state for one in components], release)


def in_plane(means: np.ndarray, covariances: np.ndarray, states: Sequence[Optional[str]], release: str) -> Fit:
    """A fit that was judged elsewhere, with the state of each component, in the plane of the first two features."""
    lost = np.array([state in COLLAPSED for state in states])
    return Fit(first_two_features(means), first_two_features(covariances), lost, release)


def before_fit(case: Case, means: np.ndarray, precisions: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Means and covariances that a fit starts from, in the plane of the first two features."""
    full = full_matrices(precisions, case.settings.covariance_type, *means.shape)
    return first_two_features(means), first_two_features(np.linalg.inv(full))


def exact_means(case: Case, root: Path = CASES) -> Optional[np.ndarray]:
    """Where exact EM puts the components, (n_components, 2), as ``expected.json`` beside a case says."""
    if not expected.path_of(case.name, root).exists():
        return None
    truth = expected.read(case.name, root)
    return first_two_features(np.array(truth["means"], dtype=np.float64)) if "means" in truth else None


def first_two_features(arrays: np.ndarray) -> np.ndarray:
    """Points, (n, 2), or covariances, (n, 2, 2), in the first two features; a single one gets a second that is zero."""
    part = arrays[:, :2] if arrays.ndim == 2 else arrays[:, :2, :2]
    missing = 2 - part.shape[1]
    return np.pad(part.astype(np.float64), [(0, 0)] + [(0, missing)] * (part.ndim - 1), mode="constant")


def write(path: Path, subject: Subject) -> None:
    """Write the picture of the last explicit fit of a case, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(".{}.writing".format(path.name))
    scratch.write_text(draw(subject.case, subject.last), encoding="utf-8")
    scratch.replace(path)


def draw(case: Case, outcome: Outcome) -> str:
    """The picture of a fit of one of a case's frames as the text of an SVG file.

    Of more than two features the first two are drawn; a single one is drawn
    along a line. A fit that raised has no components after it.
    """
    samples = first_two_features(case.frames[outcome.frame])
    before = before_fit(case, outcome.start.means, outcome.start.precisions)
    after = fit_of(case, outcome, "")
    scale = _Scale(np.concatenate([samples, before[0], *([] if after is None else [after.means])]))
    drawn = _frame(scale, samples)
    drawn += [scale.ellipse(mean, matrix, "before") for mean, matrix in zip(*before)]
    if after is not None:
        drawn += _after(scale, before[0], after)
    exact = exact_means(case) if outcome.frame == len(case.frames) - 1 else None
    if exact is not None:
        places = [scale.at(mean) for mean in exact]
        drawn += ['<path class="exact" d="M{:.1f} {:.1f}h8m-4-4v8"/>'.format(x - 4, y) for x, y in places]
    title = escape("{}: {}".format(case.name, case.title))
    drawn.append('<text x="{}" y="{}" font-weight="bold">{}</text>'.format(MARGIN, HEIGHT + 12, title))
    return DOCUMENT.format(
        width=WIDTH, height=HEIGHT + KEY, title=title, drawn="\n".join(drawn + _key(outcome)),
        before=BEFORE, after=AFTER, lost=LOST, exact=EXACT,
    )  # fmt: skip


class _Scale:
    """From the plane of the samples to the picture, with one scale for both axes where they allow it."""

    def __init__(self, places: np.ndarray) -> None:
        self.low = places.min(axis=0)
        extent = np.maximum(places.max(axis=0) - self.low, 1e-9)
        room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN], dtype=np.float64)
        scales = room / extent
        # Coordinates of very different extent would leave a line.
        self.factors = np.minimum(scales, scales.min() if scales.max() < 20 * scales.min() else scales)
        self.cell = extent.max() / CELLS

    def at(self, place: np.ndarray) -> Tuple[float, float]:
        x, y = MARGIN + (place - self.low) * self.factors
        return float(x), float(y)

    def ellipse(self, mean: np.ndarray, covariance: np.ndarray, name: str) -> str:
        """Two standard deviations."""
        values, vectors = np.linalg.eigh(covariance * np.outer(self.factors, self.factors))
        minor, major = np.maximum(2 * np.sqrt(np.maximum(values, 0)), 1.0)
        angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        turned = "translate({:.1f} {:.1f}) rotate({:.1f})".format(*self.at(mean), angle)
        return '<ellipse class="{}" rx="{:.1f}" ry="{:.1f}" transform="{}"/>'.format(name, major, minor, turned)


def _frame(scale: _Scale, points: np.ndarray) -> List[str]:
    """Samples as squares, the darker the more there are in one."""
    cells = np.floor((points - scale.low) / scale.cell).astype(np.int64)
    cells, counts = np.unique(cells, axis=0, return_counts=True)
    width, height = np.maximum(scale.cell * scale.factors, 1.5)
    levels = np.ceil(4 * np.log1p(counts) / np.log1p(counts.max())).astype(int)
    lines = []
    for level in range(1, 5):
        squares = [scale.at((cell + 0.5) * scale.cell + scale.low) for cell in cells[levels == level]]
        shape = "h{:.1f}v{:.1f}h-{:.1f}z".format(width, height, width)
        path = "".join("M{:.1f} {:.1f}{}".format(x - width / 2, y - height / 2, shape) for x, y in squares)
        if path:
            lines.append('<path fill="#888" fill-opacity="{:.2f}" d="{}"/>'.format(level / 4.0, path))
    return lines


def _after(scale: _Scale, before: np.ndarray, after: Fit) -> List[str]:
    lines = []
    for start, mean, matrix, lost in zip(before, after.means, after.covariances, after.lost):
        lines.append(scale.ellipse(mean, matrix, "lost" if lost else "after"))
        if lost:
            arrow = '<path class="lost" marker-end="url(#head)" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>'
            lines.append(arrow.format(*scale.at(start), *scale.at(mean)))
    return lines


def _key(outcome: Outcome) -> List[str]:
    fit = "raised {}".format(outcome.error) if outcome.error else "{} iterations".format(outcome.n_iter)
    key = [
        (HEIGHT + 34, "before", "before: what the fit starts from, two standard deviations"),
        (HEIGHT + 53, "after", "after the fit ({})".format(fit[:80])),
        (HEIGHT + 72, "lost", "collapsed"),
        (HEIGHT + 91, "exact", "where exact EM puts it"),
    ]
    return [LINE_OF_KEY.format(name, MARGIN, y - 4, MARGIN + 32, y, escape(text)) for y, name, text in key]
