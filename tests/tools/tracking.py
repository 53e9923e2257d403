"""What each remedy does for a tracker: which components follow which objects through a long video.

Objects leave, come back, cross and fade in made scenes of forty frames, and each
frame is fitted from what the last one left. An object is followed by its own
component where most of its samples are of the component that began with it, and
nine tenths of that component's samples are of the object; otherwise it has another
one to itself, or shares one with other objects. What EM itself does stands beside:
it keeps a mixture likely, and no component with its object.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fixtures.corpus import PROJECT, Case
from fixtures.generated_case import Disc, Scene, initial_parameters, moments_of_array, synthetic
from tests.support.density import log_joint_densities
from tests.support.reference import exact_replay
from tests.tools import drawing
from tests.tools.reduce import candidate
from tests.tools.worker_process import WorkerProcess

N_FRAMES = 40
EXACT = "exact EM"
PICTURE = PROJECT / ".github" / "pictures" / "tracking.png"
TABLE = "tracking"
SECONDS_FOR_A_SCENE = 300.0

# What becomes of an object in a frame.
HIDDEN, OWN, ANOTHER, SHARED = range(4)
COLOURS = {HIDDEN: "#ffffff", OWN: "#4c9f70", ANOTHER: "#edae49", SHARED: "#d1495b"}
WORDS = {
    HIDDEN: "not in the picture", OWN: "followed by its own component", ANOTHER: "by another object's",
    SHARED: "by one that it shares",
}  # fmt: skip
ALONE = 0.9  # of a component's samples


@dataclass(frozen=True)
class Video:
    """A scene whose objects may be made of several discs, one after the other."""

    name: str
    words: str
    objects: tuple[tuple[Disc, ...], ...]
    fade: int = 0

    def scene(self, objects: Sequence[Sequence[Disc]] | None = None) -> Scene:
        discs = tuple(disc for thing in objects or self.objects for disc in thing)
        return Scene(width=160, height=110, objects=discs, fade=self.fade)

    def labels(self, time: int) -> np.ndarray:
        """The object of each sample of a frame: the brightest at its pixel."""
        seen = [self.scene([thing]) for thing in self.objects]
        bright = [
            {place: value for disc in one.objects for place, value in one.visible(disc, time).items()} for one in seen
        ]
        frame = map(tuple, self.scene().frame(time).tolist())
        return np.array([max(range(len(bright)), key=lambda thing: bright[thing].get(at, 0)) for at in frame])

    def case(self) -> Case:
        frames = [self.scene().frame(time) for time in range(N_FRAMES)]
        first = self.labels(0)
        moments = [moments_of_array(frames[0][first == thing]) for thing in range(len(self.objects))]
        return synthetic(self.name, self.words, ("chain",), frames, initial_parameters(moments))


STILL = ((Disc(x=30, y=25, radius=6, peak=9),), (Disc(x=35, y=85, radius=6, peak=8),))
OUT_RIGHT = Disc(x=120, y=60, radius=5, peak=8, vx=4)
VIDEOS = (
    Video("leaves", "one of four objects moves out of the picture", (
        *STILL, (Disc(x=120, y=85, radius=5, peak=7),), (OUT_RIGHT,),
    )),
    Video("comes back", "one of four objects is gone in frames 10 to 19, and comes back where it was", (
        *STILL, (Disc(x=120, y=85, radius=5, peak=7),),
        (Disc(x=120, y=30, radius=5, peak=8, until=9), Disc(x=120, y=30, radius=5, peak=8, since=20)),
    )),
    Video("comes back elsewhere", "it comes back in another place", (
        *STILL, (Disc(x=120, y=85, radius=5, peak=7),),
        (Disc(x=120, y=30, radius=5, peak=8, until=9), Disc(x=75, y=55, radius=5, peak=8, since=20)),
    )),
    Video("cross", "two objects cross, and lie upon one another for some frames", (
        *STILL, (Disc(x=60, y=55, radius=5, peak=8, vx=2),), (Disc(x=140, y=57, radius=5, peak=7, vx=-2),),
    )),
    Video("passes behind", "a dim object passes behind a large bright one, and is hidden for some frames", (
        *STILL, (Disc(x=100, y=55, radius=14, peak=30),), (Disc(x=60, y=55, radius=3, peak=3, vx=2),),
    )),
    Video("one pixel moves", "an object of one pixel moves by one pixel per frame", (
        *STILL, (Disc(x=120, y=85, radius=5, peak=7),), (Disc(x=100, y=30, radius=1, peak=30, vx=1),),
    )),
    Video("shrink and grow", "an object shrinks to one pixel, is gone in frames 8 to 15, and comes back as large", (
        *STILL, (Disc(x=120, y=85, radius=5, peak=7),),
        (Disc(x=120, y=30, radius=7, peak=8, shrink=1, until=7), Disc(x=120, y=30, radius=7, peak=8, since=16)),
    )),
    Video("fade", "the picture fades, until the dimmer objects are dark", (
        *STILL, (Disc(x=120, y=85, radius=5, peak=5),), (Disc(x=120, y=30, radius=5, peak=3),),
    ), fade=2),
)  # fmt: skip


class Course(NamedTuple):
    """What becomes of a video's objects and components."""

    fate: np.ndarray  # (n_objects, n_frames), of the four above
    outside: int  # how often, over all frames, a component's mean is outside the rectangle of the samples


def courses(remedies: Mapping[str, str], python: Path, progress: Any = iter) -> dict[str, dict[str, Course]]:
    """What becomes of each video, by the names of estimators and of videos; exact EM is the last.

    Parameters
    ----------
    remedies : mapping of str to str
        ``MODULE:CLASS`` of each estimator, by name.
    python : Path
        Interpreter of the environment of a release.
    progress : callable
        Takes and gives the names of the estimators.
    """
    cases = [video.case() for video in VIDEOS]
    found = {}
    for name in progress([*remedies, EXACT]):
        if name == EXACT:
            left = [_exact(case) for case in cases]
        else:
            with WorkerProcess(python, "tests.workers.probe", name, {}, [remedies[name]]) as worker:
                left = [_fitted(worker, case) for case in cases]
        each = zip(VIDEOS, cases, left, strict=True)
        found[name] = {video.name: course(video, case, one) for video, case, one in each}
    return found


Left = list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def _exact(case: Case) -> Left:
    """Log weights, means and factors that exact EM leaves on each frame."""
    finals = [trajectory.final for trajectory in exact_replay(case)]
    return [(one.log_weights, one.means, _factors(np.linalg.inv(one.covariances))) for one in finals]


def _fitted(worker: WorkerProcess, case: Case) -> Left:
    """The same of an estimator; shorter where a fit raised."""
    # What is asked is where each frame starts: the last one again shows what it left.
    again = case._replace(frames=(*case.frames, case.frames[-1]))
    starts = worker.ask("starts", timeout=SECONDS_FOR_A_SCENE, candidate=candidate.from_case(again).request)
    arrays = [[np.array(start[name]) for name in ("weights", "means", "precisions")] for start in starts[1:]]
    return [(np.log(weights), means, _factors(precisions)) for weights, means, precisions in arrays]


def _factors(precisions: np.ndarray) -> np.ndarray:
    return np.linalg.cholesky(precisions)


def course(video: Video, case: Case, left: Left) -> Course:
    fate = np.full((len(video.objects), N_FRAMES), SHARED)
    for time, frame in enumerate(case.frames):
        objects = video.labels(time)
        components = log_joint_densities(frame, *left[time]).argmax(axis=1) if time < len(left) else None
        for thing in range(len(video.objects)):
            if not (objects == thing).any():
                fate[thing, time] = HIDDEN
            elif components is not None:
                ((most, _),) = Counter(components[objects == thing].tolist()).most_common(1)
                if (objects[components == most] == thing).mean() >= ALONE:
                    fate[thing, time] = OWN if most == thing else ANOTHER
    outside = [_is_outside(frame, means).sum() for frame, (_, means, _) in zip(case.frames, left, strict=False)]
    return Course(fate, int(sum(outside)))


def _is_outside(frame: np.ndarray, means: np.ndarray) -> np.ndarray:
    # By more than rounding: the mean of equal samples is one of them.
    slack = 1e-9 * np.abs(frame).max()
    return ((means < frame.min(axis=0) - slack) | (means > frame.max(axis=0) + slack)).any(axis=1)


def table(found: Mapping[str, Mapping[str, Course]]) -> str:
    """The Markdown table: how often objects are followed by their own component + by another, and what is lost."""
    head = ["| video | shown |" + "".join(f" {name} |" for name in found), "| --- | ---: |" + " ---: |" * len(found)]
    rows = []
    for video in VIDEOS:
        ends = [one[video.name] for one in found.values()]
        cells = "".join(f" {_cell(course)} |" for course in ends)
        rows.append(f"| {video.name}: {video.words} | {(ends[0].fate != HIDDEN).sum()} |{cells}")
    return "\n".join([*head, *rows])


def _cell(course: Course) -> str:
    another, lost = int((course.fate == ANOTHER).sum()), course.outside
    followed = f"{(course.fate == OWN).sum()}" + (f" + {another}" if another else "")
    return followed + (f", {lost} outside" if lost else "")


def draw(found: Mapping[str, Mapping[str, Course]], path: Path = PICTURE) -> None:
    """The same as a picture: a row for each object, a column for each frame."""
    figure = Figure(figsize=(2.1 * len(found), 0.85 * len(VIDEOS) + 0.7), layout="constrained")
    axes = figure.subplots(len(VIDEOS), len(found), sharex=True, squeeze=False)
    colours = ListedColormap(list(COLOURS.values()))
    for row, video in enumerate(VIDEOS):
        for column, (name, by_video) in enumerate(found.items()):
            one = axes[row, column]
            one.imshow(by_video[video.name].fate, cmap=colours, vmin=HIDDEN, vmax=SHARED, aspect="auto")
            one.set_yticks([])
            one.tick_params(labelsize="x-small", length=2)
            if row == 0:
                one.set_title(name, fontsize="small")
            if column == 0:
                one.set_ylabel(video.name, fontsize="x-small", rotation=0, ha="right", va="center")
    marks = [Patch(facecolor=COLOURS[one], edgecolor="#999999", label=words) for one, words in WORDS.items()]
    figure.legend(handles=marks, fontsize="small", loc="outside lower center", ncols=4, frameon=False)
    drawing.save(figure, path, dpi=110)
