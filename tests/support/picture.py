"""Picture: a case's frame, its components before and after a fit, and where exact EM puts them, as SVG.

Written by hand, because the environment of an old release has nothing that
draws. The page of ``nox -s report`` has more to show.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple
from xml.sax.saxutils import escape

import numpy as np

from fixtures.corpus import Case
from tests.support import expected
from tests.support.density import full_matrices
from tests.support.diagnosis import NotDiagnosable, states_alone
from tests.support.plane import covariances_in_plane, points_in_plane
from tests.support.replay import Outcome, Start
from tests.support.states import COLLAPSED
from tests.support.subject import Subject

WIDTH, HEIGHT, MARGIN, KEY = 720, 480, 24, 112
CELLS = 160  # of the longer side of the frame: a pixel of the picture is no smaller
BEFORE, AFTER, LOST, EXACT = "#0072b2", "#009e73", "#d55e00", "#222222"

STYLE = """
text {{ font: 13px system-ui, sans-serif; fill: #222 }}
ellipse, path {{ stroke-width: 1.5 }}
ellipse, .lost {{ fill: none }}
.before {{ stroke: {}; stroke-dasharray: 4 3 }}
.after {{ stroke: {} }}
.lost {{ stroke: {}; stroke-width: 2 }}
.exact {{ stroke: {} }}
""".format(BEFORE, AFTER, LOST, EXACT)

Lines = List[str]


def write(path: Path, subject: Subject) -> None:
    """Write the picture of the last explicit fit of a case, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(".{}.writing".format(path.name))
    scratch.write_text(draw(subject.case, subject.last), encoding="utf-8")
    scratch.replace(path)


def draw(case: Case, outcome: Outcome) -> str:
    """The picture of a fit as the text of an SVG file.

    Parameters
    ----------
    case : Case
        Of more than two features the first two are drawn; a single one is
        drawn along a line.
    outcome : Outcome
        What the fit of one of its frames left; a fit that raised has no
        components after it.
    """
    samples = case.frames[outcome.frame].astype(np.float64)
    before = _of_start(case, outcome.start)
    after = _of_fit(case, outcome)
    exact = _exact_means(case, outcome)
    low, high = samples.min(axis=0), samples.max(axis=0)
    places = [points_in_plane(np.array([low, high])), before[0]]
    places += [] if after is None else [after.means]
    scale = _Scale(np.concatenate(places))
    lines = _frame(scale, points_in_plane(samples))
    lines += [scale.ellipse(mean, matrix, "before") for mean, matrix in zip(*before)]
    lines += _after(scale, before[0], after)
    lines += [scale.cross(mean) for mean in exact]
    return _document(case, outcome, lines)


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
        drawn = covariance * np.outer(self.factors, self.factors)
        values, vectors = np.linalg.eigh(drawn)
        radii = 2 * np.sqrt(np.maximum(values, 0))
        angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
        return (
            '<ellipse class="{}" rx="{:.1f}" ry="{:.1f}" transform="translate({:.1f} {:.1f}) rotate({:.1f})"/>'.format(
                name, max(radii[1], 1.0), max(radii[0], 1.0), *self.at(mean), angle
            )
        )

    def cross(self, mean: np.ndarray) -> str:
        x, y = self.at(mean)
        return '<path class="exact" d="M{:.1f} {:.1f}h8m-4-4v8"/>'.format(x - 4, y)


def _of_start(case: Case, start: Start) -> Tuple[np.ndarray, np.ndarray]:
    means = start.means.astype(np.float64)
    precisions = full_matrices(start.precisions, case.settings.covariance_type, *means.shape)
    return points_in_plane(means), covariances_in_plane(np.linalg.inv(precisions))


class _After(NamedTuple):
    """Components after a fit, in the plane of the first two features, and which of them collapsed."""

    means: np.ndarray
    covariances: np.ndarray
    collapsed: List[bool]


def _of_fit(case: Case, outcome: Outcome) -> Optional[_After]:
    try:
        components = states_alone(case, outcome).components
    except NotDiagnosable:
        return None
    return _After(
        points_in_plane(np.array([one.mean for one in components])),
        covariances_in_plane(np.array([one.covariance for one in components])),
        [one.state in COLLAPSED for one in components],
    )


def _exact_means(case: Case, outcome: Outcome) -> np.ndarray:
    truth = expected.read(case.name)
    if "degenerate" in truth or outcome.frame != len(case.frames) - 1:
        return np.empty((0, 2))
    return points_in_plane(np.array(truth["means"], dtype=np.float64))


def _frame(scale: _Scale, points: np.ndarray) -> Lines:
    """Samples as squares, the darker the more there are in one."""
    cells = np.floor((points - scale.low) / scale.cell).astype(np.int64)
    order = np.lexsort(cells.T)
    first = np.concatenate([[True], (cells[order][1:] != cells[order][:-1]).any(axis=1)])
    counts = np.diff(np.append(np.flatnonzero(first), len(cells)))
    width, height = np.maximum(scale.cell * scale.factors, 1.5)
    levels = np.ceil(4 * np.log1p(counts) / np.log1p(counts.max())).astype(int)
    lines = []
    for level in range(1, 5):
        squares = [scale.at((cell + 0.5) * scale.cell + scale.low) for cell in cells[order][first][levels == level]]
        shape = "h{:.1f}v{:.1f}h-{:.1f}z".format(width, height, width)
        path = "".join("M{:.1f} {:.1f}{}".format(x - width / 2, y - height / 2, shape) for x, y in squares)
        if path:
            lines.append('<path fill="#888" fill-opacity="{:.2f}" d="{}"/>'.format(level / 4.0, path))
    return lines


def _after(scale: _Scale, before: np.ndarray, after: Optional[_After]) -> Lines:
    lines: Lines = []
    for start, mean, matrix, lost in zip(before, *(after or ((), (), ()))):
        lines.append(scale.ellipse(mean, matrix, "lost" if lost else "after"))
        if lost:
            arrow = '<path class="lost" marker-end="url(#head)" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>'
            lines.append(arrow.format(*(scale.at(start) + scale.at(mean))))
    return lines


def _document(case: Case, outcome: Outcome, lines: Lines) -> str:
    title = "{}: {}".format(case.name, case.title)
    fit = "raised {}".format(outcome.error) if outcome.error else "{} iterations".format(outcome.n_iter)
    key = [
        ("before", "before: what the fit starts from, two standard deviations"),
        ("after", "after the fit ({})".format(fit[:80])),
        ("lost", "collapsed"),
        ("exact", "where exact EM puts it"),
    ]
    words = []
    for number, (name, text) in enumerate(key):
        y = HEIGHT + 34 + 19 * number
        words.append('<path class="{}" fill="none" d="M{} {}h22"/>'.format(name, MARGIN, y - 4))
        words.append('<text x="{}" y="{}">{}</text>'.format(MARGIN + 32, y, escape(text)))
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img">'.format(WIDTH, HEIGHT + KEY),
            "<title>{}</title>".format(escape(title)),
            "<style>{}</style>".format(STYLE),
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
            ' orient="auto"><path d="M0 0 8 4 0 8z" fill="{}"/></marker></defs>'.format(LOST),
            '<rect width="100%" height="100%" fill="white"/>',
            *lines,
            '<text x="{}" y="{}" font-weight="bold">{}</text>'.format(MARGIN, HEIGHT + 12, escape(title)),
            *words,
            "</svg>",
            "",
        ]
    )
