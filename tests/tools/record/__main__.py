"""Fit a video frame by frame with a warm-started GaussianMixture, and keep the first frame that breaks one.

A video, a folder of images or .npy arrays go in. Pixels become points, each
repeated as often as it is bright. The first frame is fitted cold, each other
one from what the last one left, by the release that --sklearn names. Where a
component is worse off than after the frame before, the recording stops, prints
what happened to it, and writes the case: the frame and the parameters it was
fitted from.

Examples
--------
  nox -s record -- tracker.mp4 --components 37
  nox -s record -- frames/ --components 12 --threshold 40 --scale 0.25 --sklearn 1.2
  nox -s record -- tracker.mp4 --components 37 --difference --every 5 --all
"""

from __future__ import annotations

import argparse
import math
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from fixtures import add_case, command_line
from fixtures.corpus import NAME, PROJECT, Case
from fixtures.fault import Fault
from fixtures.validation import check_settings
from tests.tools import release_environment, release_table
from tests.tools.record import frame_sources, lines, stored_break
from tests.tools.record.frames import PIXELS, POINTS, Conversion, Frames, FrameSource, Skipped
from tests.tools.record.recording import Fitted, Recording
from tests.tools.record.tracker_process import TrackerProcess, Worker, open_worker

RECORDED = PROJECT / ".recorded"
RECORDED_A_BREAK, NOTHING_BROKE = 0, 1
EXIT_CODES = "0 a break was recorded, 1 nothing broke, 2 wrong use or bad input"

Start = Callable[[release_table.Release], Worker]


@command_line.command("stopped before the first frame; no case is written")
def main(arguments: list[str] | None = None, start: Start = open_worker) -> int:
    options = _parser().parse_args(arguments)
    _check(options)
    clock = time.perf_counter()
    source = frame_sources.open_source(options.source, options.holds)
    conversion = _conversion(options, source)
    release = release_environment.find(options.sklearn) if options.sklearn else release_table.read()[-1]
    frames = Frames(source, conversion, options.components, options.every)
    mixture = f"{options.components} components, {options.covariance_type}, scikit-learn {release.version}"
    print(f"{source.description}; {mixture}", flush=True)
    with TrackerProcess(start(release)) as tracker:
        versions = tracker.ask(
            "begin",
            estimator=options.estimator,
            n_components=options.components,
            settings=add_case.settings_of(options),
        )
        recording = Recording(frames, tracker, options.ignore_pinned)
        starting = time.perf_counter() - clock
        pixels = vars(conversion) if source.holds == PIXELS else {}
        origin = stored_break.Origin(options.source.resolve().name, pixels, options.every, versions)
        stored = _follow(recording, tracker, origin, options)
    print(lines.of_end(recording, frames.decoding_seconds, starting))
    if not recording.fitted and recording.skipped:
        raise Fault(
            f"none of the {recording.skipped} frames of {options.source} could be fitted with {options.components}"
            " components, for the reasons above"
        )
    if not recording.fitted:
        raise Fault(f"{options.source} holds no frames; should hold two or more")
    if stored is None:
        print(f"nothing broke in scikit-learn {release.version}: no case is written")
        return NOTHING_BROKE
    return RECORDED_A_BREAK


def _follow(
    recording: Recording, tracker: TrackerProcess, origin: stored_break.Origin, options: argparse.Namespace
) -> Path | None:
    """Fit frame after frame until one breaks, or to the end with --all; the folder of the case of the first break."""
    stored = None
    try:
        for step in _shown(recording):
            if isinstance(step, Skipped):
                continue
            if step.before is None and step.fit.error:
                raise Fault(f"frame {step.frame.number}, the first: {step.fit.error}")
            if step.is_break and stored is None:
                case = stored_break.case_of(step, tracker.start(), add_case.settings_of(options), origin, options.name)
                explanations = tracker.ask("explain", components=step.broke[: lines.NAMED]) if step.broke else []
                print("\n".join(lines.of_break(step, explanations, recording.last)))
                if options.root == RECORDED:
                    RECORDED.mkdir(exist_ok=True)
                case, stored = stored_break.store(case, options.root)
                _try_again(step, case, stored, recording=recording, tracker=tracker, picture=options.picture)
                if not options.all:
                    break
    except KeyboardInterrupt:
        kept = f"the case in {stored} is kept" if stored else "no case is written"
        raise command_line.Interrupted(f"stopped after {recording.fitted} frames; {kept}") from None
    return stored


def _shown(recording: Recording) -> Iterator[Fitted | Skipped]:
    """The steps of a recording, each after its line."""
    with Console(stderr=True).status("fitting the first frame, cold") as shown:
        for step in recording:
            print(lines.of_step(step), flush=True)
            shown.update(f"{recording.fitted} frames fitted in {recording.seconds:.0f} s")
            yield step


def _try_again(
    step: Fitted, case: Case, folder: Path, *, recording: Recording, tracker: TrackerProcess, picture: Path | None
) -> None:
    """Print where a case is and whether a fit of its files breaks too, and draw it where that is asked for."""
    print(
        f"\ncase {folder}: frame {step.frame.number} with {len(case.frame):,} samples, and the {case.n_components}"
        f" components that frame {step.before} left"
    )
    print(lines.of_replay(step, tracker.ask("replay_case", name=case.name, root=str(folder.parent))))
    print(f"next: nox -s reduce -- {shlex.quote(str(folder))}\n", flush=True)
    if picture:
        from tests.tools.record.picture import draw  # noqa: PLC0415  (matplotlib takes a second to load)

        draw(picture, case, tracker.ask("fitted"), step, recording.last)
        print(f"picture {picture}")


def _conversion(options: argparse.Namespace, source: FrameSource) -> Conversion:
    given = {key: getattr(options, key) for key in ("threshold", "scale", "difference")}
    given = {key: value for key, value in given.items() if value is not None}
    if given and source.holds == POINTS:
        raise Fault(f"--{min(given)} is for pixels; {source.description}: should go without it, or with --as pixels")
    return Conversion(**given)


def _check(options: argparse.Namespace) -> None:
    """Refuse options that make no sense, before anything is read."""
    for option, fewest in (("components", 1), ("every", 1)):
        value = getattr(options, option)
        if value < fewest:
            raise Fault(f"--{option} is {value}; should be {fewest} or more")
    if options.threshold is not None and not (math.isfinite(options.threshold) and options.threshold >= 0):
        raise Fault(f"--threshold is {options.threshold}; should be a grey level, 0 or more")
    if options.scale is not None and not (math.isfinite(options.scale) and options.scale > 0):
        raise Fault(f"--scale is {options.scale}; should be more than 0")
    if options.picture is not None and (options.picture.suffix != ".png" or not options.picture.parent.is_dir()):
        raise Fault(f"--picture is {str(options.picture)!r}; should end in .png, in a folder that exists")
    if options.name is not None and not re.fullmatch(NAME, options.name):
        raise Fault(f"--name is {options.name!r}; should be lower-case letters and digits, joined by hyphens")
    if options.root != RECORDED and not options.root.is_dir():
        raise Fault(f"--root names {str(options.root)!r}, which is not a folder")
    if options.name is not None and (options.root / options.name).exists():
        raise Fault(f"--name is {options.name!r}, and {options.root / options.name} exists; should be a new name")
    check_settings(Path("the settings given"), add_case.settings_of(options))


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("record", __doc__, EXIT_CODES)
    add = parser.add_argument
    add("source", type=Path, metavar="VIDEO_OR_FRAMES", help="a video, a folder of images or .npy arrays, or one .npy")
    add("--components", type=int, required=True, metavar="K", help="number of components of the mixture")
    add_case.add_settings(parser)
    add("--threshold", type=float, metavar="T", help="grey level from which on a pixel is lit (default: 1)")
    add("--scale", type=float, metavar="S", help="repeat a lit pixel round(S * grey level) times (default: 1)")
    add("--difference", action="store_true", default=None, help="take absolute differences to the frame before")
    add("--every", type=int, default=1, metavar="N", help="take every N-th frame (default: every one)")
    add("--as", dest="holds", choices=(POINTS, PIXELS),
        help=f"what a 2-D .npy is (default: points with at most {frame_sources.MOST_FEATURES} columns)")  # fmt: skip
    add("--sklearn", metavar="VERSION", help="release of scikit-learn, or a series like 1.9 (default: the newest)")
    add("--estimator", metavar="MODULE:CLASS", help="a class of your own (default: GaussianMixture)")
    add("--all", action="store_true", help="go on after the first break; the case is still the first one's")
    add("--ignore-pinned", action="store_true", help="a covariance that sinks to reg_covar, no failure, is no break")
    add("--name", help="name of the case (default: made from the source and the frame)")
    add("--picture", type=Path, metavar="FILE.png", help="draw the break, and the mass of what broke over time")
    add("--root", type=Path, default=RECORDED, metavar="DIR",
        help="folder for the case (default: .recorded, which git ignores; fixtures/cases is the corpus)")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
