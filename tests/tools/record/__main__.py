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
from typing import Any

import numpy as np
from rich.console import Console

from fixtures import add_case, command_line
from fixtures.corpus import NAME, PROJECT, Case
from fixtures.fault import Fault
from fixtures.validation import check_settings
from tests.support.density import full_matrices
from tests.support.states import HEALTHY
from tests.tools import release_environment, release_table
from tests.tools.record.frames import MOST_FEATURES, PIXELS, POINTS, Conversion, Frames, FrameSource, open_source
from tests.tools.record.recording import Fitted, Recording, Step, TrackerProcess, case_of, open_worker, store
from tests.tools.worker_process import WorkerProcess

RECORDED = PROJECT / ".recorded"
RECORDED_A_BREAK, NOTHING_BROKE = 0, 1
EXIT_CODES = "0 a break was recorded, 1 nothing broke, 2 wrong use or bad input"
# So many components are named, and drawn: more lines could not be distinguished.
NAMED = 8


@command_line.command("stopped before the first frame; no case is written")
def main(
    arguments: list[str] | None = None, start: Callable[[release_table.Release], WorkerProcess] = open_worker
) -> int:
    options = _parser().parse_args(arguments)
    _check(options)
    clock = time.perf_counter()
    source = open_source(options.source, options.holds)
    conversion = _conversion(options, source)
    release = release_environment.find(options.sklearn) if options.sklearn else release_table.read()[-1]
    frames = Frames(source, conversion, options.components, options.every)
    mixture = f"{options.components} components, {options.covariance_type}, scikit-learn {release.version}"
    print(f"{source.description}; {mixture}", flush=True)
    settings = add_case.settings_of(options)
    with TrackerProcess(start(release)) as tracker:
        versions = tracker.ask("begin", estimator=options.estimator, n_components=options.components, settings=settings)
        recording = Recording(frames, tracker, options.ignore_pinned)
        starting = time.perf_counter() - clock
        origin = {
            "recorded_from": options.source.resolve().name,
            "every": options.every,
            "pixels": vars(conversion) if source.holds == PIXELS else "none: the frames are samples",
            "recorded_with": versions,
        }
        stored = _follow(recording, tracker, origin, options)
    print(_last_line(recording, frames.decoding_seconds, starting))
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
    recording: Recording, tracker: TrackerProcess, origin: dict[str, Any], options: argparse.Namespace
) -> Path | None:
    """Fit frame after frame until one breaks, or to the end with --all; the folder of the case of the first break."""
    stored = None
    try:
        for step in _shown(recording):
            if not isinstance(step, Fitted):
                continue
            if step.before is None and step.fit.error:
                raise Fault(f"frame {step.frame.number}, the first: {step.fit.error}")
            if step.is_break and stored is None:
                case = case_of(step, tracker.start(), add_case.settings_of(options), origin, options.name)
                print("\n".join(_course_of(step, recording, tracker)))
                if options.root == RECORDED:
                    RECORDED.mkdir(exist_ok=True)
                case, stored = store(case, options.root)
                _try_again(step, case, stored, tracker)
                if options.picture:
                    _draw(options.picture, case, step, recording, tracker)
                    print(f"picture {options.picture}")
                if not options.all:
                    break
    except KeyboardInterrupt:
        kept = f"the case in {stored} is kept" if stored else "no case is written"
        raise command_line.Interrupted(f"stopped after {recording.fitted} frames; {kept}") from None
    return stored


def _shown(recording: Recording) -> Iterator[Step]:
    with Console(stderr=True).status("fitting the first frame, cold") as shown:
        for step in recording:
            print(_line(step), flush=True)
            shown.update(f"{recording.fitted} frames fitted in {recording.seconds:.0f} s")
            yield step


def _line(step: Step) -> str:
    frame = step.frame if isinstance(step, Fitted) else step
    label = f"frame {frame.number:>4}{f' {frame.name}' if frame.name else ''}"
    if not isinstance(step, Fitted):
        return f"{label}  skipped: {step.reason}"
    fit, head = step.fit, f"{label}  {len(step.frame.array):>9,} samples"
    if fit.error:
        return f"{head}  {fit.error}"
    least = int(np.argmin(fit.masses))
    parts = [
        f"{head}  {fit.n_iter or 0:>3} iteration{'s' if fit.n_iter != 1 else ' '}",
        f"smallest mass {fit.masses[least]:>9.4g} (component {least})",
        _states(fit.states),
        step.frame.note,
        "did not converge" if fit.converged is False else "",
        ", ".join(fit.warnings),
    ]
    return "  ".join(part for part in parts if part)


def _states(found: list[str]) -> str:
    """How many components are in which state, and which ones are not healthy: ``4 healthy, 1 empty (4)``."""
    if set(found) == {HEALTHY}:
        return f"all {len(found)} healthy"
    parts = [f"{found.count(HEALTHY)} healthy"] if HEALTHY in found else []
    for state in sorted(set(found) - {HEALTHY}):
        which = [number for number, seen in enumerate(found) if seen == state]
        parts.append(f"{len(which)} {state} ({_listed(which)})")
    return ", ".join(parts)


def _listed(which: list[int]) -> str:
    """Numbers, joined by commas; of many the first few and how many more there are."""
    more = f" and {len(which) - NAMED} more" if len(which) > NAMED else ""
    return ", ".join(map(str, which[:NAMED])) + more


def _course_of(step: Fitted, recording: Recording, tracker: TrackerProcess) -> Iterator[str]:
    """For each component that broke its state, where it started, and its mass over the last frames."""
    explanations = tracker.ask("explain", components=step.broke[:NAMED]) if step.broke else []
    for component, explanation in zip(step.broke[:NAMED], explanations, strict=True):
        yield from ("", *(line[2:] for line in explanation), "  over the last frames")
        for number, fit in recording.last:
            mean = ", ".join(f"{value:.6g}" for value in fit.means[component])
            yield f"    frame {number:>4}  mass {fit.masses[component]:>10.4g} samples  mean ({mean})"
    if len(step.broke) > NAMED:
        yield f"\n{len(step.broke) - NAMED} more components broke: {_listed(step.broke[NAMED:])}"


def _try_again(step: Fitted, case: Case, folder: Path, tracker: TrackerProcess) -> None:
    """Print where a case is, and whether a fit of its files breaks too."""
    print(
        f"\ncase {folder}: frame {step.frame.number} with {len(case.frame):,} samples, and the {case.n_components}"
        f" components that frame {step.before} left"
    )
    replayed = tracker.ask("replay_case", name=case.name, root=str(folder.parent))
    print(f"replayed from its files: {_how_it_ends(step, replayed)}")
    print(f"next: nox -s reduce -- {shlex.quote(str(folder))}\n", flush=True)


def _how_it_ends(step: Fitted, replayed: list[str] | None) -> str:
    """Whether the case, fitted from its files with explicit initial parameters, breaks as the recording did."""
    if step.fit.error:
        return "fails too" if replayed is None else "fits; the error needs the recording"
    if replayed is None:
        return "leaves nothing that can be judged"
    again = [number for number in step.broke if replayed[number] == step.fit.states[number]]
    if again == step.broke:
        return f"breaks again, component{'s' * (len(again) > 1)} {_listed(again)} the same way"
    healed = sorted(set(step.broke) - set(again))
    return (
        f"component{'s' * (len(healed) > 1)} {_listed(healed)} ends otherwise ({_states(replayed)}):"
        " the break needs what warm_start=True carries besides the parameters"
    )


def _draw(path: Path, case: Case, step: Fitted, recording: Recording, tracker: TrackerProcess) -> None:
    """Draw where the components were and went, and how the mass of those that broke fell over the last fits."""
    from matplotlib.figure import Figure  # noqa: PLC0415  (matplotlib takes a second to load)
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    from tests.support.picture import in_plane  # noqa: PLC0415
    from tests.tools import drawing  # noqa: PLC0415

    fit = None  # where it raised
    if step.fit.states:
        means, covariances = map(np.array, tracker.ask("fitted"))
        full = full_matrices(covariances, case.settings.covariance_type, *means.shape)
        release = str(case.provenance["recorded_with"]["scikit-learn"])
        fit = in_plane(means, full, step.fit.states, release)
    figure = Figure(figsize=(9, 5), layout="constrained")
    scene, masses = figure.subplots(2, 1, height_ratios=(2.6, 1))
    drawing.draw_frame(scene, case)
    drawing.draw_components(scene, case, fit, None)
    drawing.add_legend(figure, fit, exact=False)
    scene.set_title(case.title, fontsize="small")
    for component in step.broke[:NAMED]:
        course = [one.masses[component] for _, one in recording.last]
        named = f"component {component}, {step.fit.states[component]}"
        masses.semilogy([number for number, _ in recording.last], course, "o-", markersize=3, label=named)
    masses.set_xlabel("frame")
    masses.set_ylabel("mass in samples")
    masses.xaxis.set_major_locator(MaxNLocator(integer=True))
    if step.broke:
        masses.legend(fontsize="x-small", frameon=False)
    drawing.save(figure, path, dpi=90)


def _last_line(recording: Recording, decoding_seconds: float, starting_seconds: float) -> str:
    needed = recording.fit_seconds + decoding_seconds
    frames = f"{recording.fitted} frame{'' if recording.fitted == 1 else 's'} fitted"
    skipped = f", {recording.skipped} skipped" if recording.skipped else ""
    return (
        f"{frames}{skipped} in {recording.seconds:.2f} s ({starting_seconds:.2f} s to start before):"
        f" {recording.fit_seconds:.2f} s inside fit, {decoding_seconds:.2f} s decoding,"
        f" {recording.seconds / needed if needed else 0:.2f} times their sum"
    )


def _conversion(options: argparse.Namespace, source: FrameSource) -> Conversion:
    keys = ("threshold", "scale", "difference")
    given = {key: getattr(options, key) for key in keys if getattr(options, key) is not None}
    if given and source.holds == POINTS:
        raise Fault(f"--{min(given)} is for pixels; {source.description}: should go without it, or with --as pixels")
    return Conversion(**given)


def _check(options: argparse.Namespace) -> None:
    """Refuse options that make no sense, before anything is read."""
    for option in ("components", "every"):
        if getattr(options, option) < 1:
            raise Fault(f"--{option} is {getattr(options, option)}; should be 1 or more")
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
        help=f"what a 2-D .npy is (default: points with at most {MOST_FEATURES} columns)")  # fmt: skip
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
