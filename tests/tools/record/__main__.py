"""Fit a video frame by frame with a warm-started GaussianMixture, and keep the first frame that breaks one.

A video, a folder of images or .npy arrays go in. Pixels become points, each
repeated as often as it is bright; of very many, one out of every so many is
taken. The first frame is fitted cold, each other one from what the last one left,
by the release that --sklearn names. Where a component is lost (it is left without
samples, or dragged away from them), the recording stops, prints what happened to
it, and writes the case: the frame and the parameters it was fitted from. With
--pinned a component whose covariance sinks to reg_covar counts, too.

Examples
--------
  nox -s record -- tracker.mp4 --components 37
  nox -s record -- phone.mp4 --components 12 --threshold 170 --above --crop 200,80,640,480
  nox -s record -- frames/ --components 12 --threshold 40 --stride 1 --sklearn 1.2
  nox -s record -- tracker.mp4 --components 37 --difference --every 5 --all
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import add_case, command_line, whole_file
from fixtures.corpus import Case
from fixtures.fault import Fault
from tests.support.density import full_matrices
from tests.support.states import HEALTHY
from tests.tools import arrays, release_environment, release_table
from tests.tools.arrays import Arrays
from tests.tools.record import options as record_options
from tests.tools.record.frames import PIXELS, Frame, Frames, Skipped, open_source
from tests.tools.record.live import Waiting
from tests.tools.record.options import RECORDED
from tests.tools.record.recording import Fitted, Recording, Step, TrackerProcess, case_of, open_worker, store
from tests.tools.worker_process import WorkerProcess

RECORDED_A_BREAK, NOTHING_BROKE = 0, 1
# So many components are named, and drawn: more lines could not be distinguished.
NAMED = 8


@command_line.command("stopped before the first frame; no case is written")
def main(
    arguments: list[str] | None = None, start: Callable[[release_table.Release, Arrays], WorkerProcess] = open_worker
) -> int:
    options = record_options.parse(arguments, __doc__)
    fitted_in = arrays.of(options)
    clock = time.perf_counter()
    source = open_source(options.source, options.holds)
    conversion, thinning = record_options.conversion(options, source)
    release = release_environment.find(options.sklearn) if options.sklearn else release_table.read()[-1]
    frames = Frames(source, conversion, options.components, options.every, thinning)
    mixture = f"{options.components} components, {options.covariance_type}, scikit-learn {release.version}"
    print(f"{source.description}; {mixture}", flush=True)
    with TrackerProcess(start(release, fitted_in)) as tracker, Waiting(frames.expected, options.max_iter) as waiting:
        waiting.say("starting, and reading the first frame")
        versions = tracker.begin(options.estimator, options.components, add_case.settings_of(options))
        recording = Recording(_thinning_said(frames), tracker, options.pinned, waiting.fit_is_at)
        starting = time.perf_counter() - clock
        origin = {
            "recorded_from": options.source.resolve().name,
            "every": options.every,
            "pixels": vars(conversion) if source.holds == PIXELS else "none: the frames are samples",
            "recorded_with": versions,
        }
        stored, stopped = _follow(recording, tracker, origin, options, waiting)
    print(_last_line(recording, frames.decoding_seconds, starting))
    for line in _found(recording, everything=stopped or options.all):
        print(line)
    if stopped:
        kept = f"the case in {stored} is kept" if stored else "no case is written"
        raise command_line.Interrupted(f"stopped after {_frames(recording.fitted)}{_cut_short(recording)}; {kept}")
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
    recording: Recording,
    tracker: TrackerProcess,
    origin: dict[str, Any],
    options: argparse.Namespace,
    waiting: Waiting,
) -> tuple[Path | None, bool]:
    """Fit frame after frame until one breaks, or to the end with --all.

    Returns
    -------
    stored : Path or None
        The folder of the case of the first break.
    stopped : bool
        Whether it ended with Ctrl-C.
    """
    stored = None
    try:
        for step in recording:
            print(_line(step), flush=True)
            waiting.frames_done(recording.fitted + recording.skipped, recording.seconds)
            if not isinstance(step, Fitted):
                continue
            if step.before is None and step.fit.error:
                raise Fault(f"frame {step.frame.number}, the first: {step.fit.error}")
            if step.is_break and stored is None:
                case = case_of(step, tracker.start(), add_case.settings_of(options), origin, options.name)
                print("\n".join(_course_of(step, recording, tracker)))
                if options.root == RECORDED:
                    whole_file.make_folder(RECORDED)
                case, stored = store(case, options.root)
                _try_again(step, case, stored, tracker)
                if options.picture:
                    _draw(options.picture, case, step, recording, tracker)
                    print(f"picture {options.picture}")
                if not options.all:
                    break
    except KeyboardInterrupt:
        return stored, True
    return stored, False


def _thinning_said(frames: Frames) -> Iterator[Frame | Skipped]:
    """The frames; before the first that is fitted it is printed what share of its samples is taken, if not all."""
    is_first = True
    for frame in frames:
        if isinstance(frame, Frame):
            if is_first and frame.stride > 1:
                print(
                    f"of the {frame.n_samples:,} samples of frame {frame.number} one of every {frame.stride} is taken:"
                    f" {len(frame.array):,} (--stride 1 takes all, --max-samples N at most so many)",
                    flush=True,
                )
            is_first = False
        yield frame


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
    fit_seconds = recording.fit_seconds + (recording.under_way.seconds if recording.under_way else 0)
    needed = fit_seconds + decoding_seconds
    skipped = f", {recording.skipped} skipped" if recording.skipped else ""
    return (
        f"{_frames(recording.fitted)} fitted{skipped} in {recording.seconds:.2f} s ({starting_seconds:.2f} s to start"
        f" before): {fit_seconds:.2f} s inside fit, {decoding_seconds:.2f} s decoding,"
        f" {recording.seconds / needed if needed else 0:.2f} times their sum"
    )


def _found(recording: Recording, everything: bool) -> Iterator[str]:
    """What was found, for the end: all breaks where there may be several, and what was seen and not counted."""
    if everything and recording.breaks:
        yield f"broke in {_frames(len(recording.breaks))}:"
        yield from (f"  frame {number:>4}  {what}" for number, what in recording.breaks[:NAMED])
        if len(recording.breaks) > NAMED:
            yield f"  and {len(recording.breaks) - NAMED} more"
    if recording.pinned_in is not None:
        yield (
            f"frame {recording.pinned_in} is the first with a component that became pinned (its covariance sank to"
            " reg_covar), which is no loss: --pinned stops there"
        )


def _cut_short(recording: Recording) -> str:
    """Which fit is lost, in words; nothing where it had just been started."""
    fit = recording.under_way
    if fit is None or fit.iteration is None:
        return ""
    return f", in iteration {fit.iteration} of frame {fit.number} with the lower bound {fit.lower_bound:.6g}"


def _frames(number: int) -> str:
    return f"{number} frame{'' if number == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
