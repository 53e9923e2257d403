"""What a recording prints: a line for each frame, and the course of a break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from tests.support.states import HEALTHY
from tests.tools.record.frames import Skipped
from tests.tools.record.recording import Fitted, Recording, Remembered

# So many components of one state are named; of more, so many and how many there are.
NAMED = 8


def of_step(step: Fitted | Skipped) -> str:
    """The line of a frame."""
    if isinstance(step, Skipped):
        return f"{_label(step.number, step.name)}  skipped: {step.reason}"
    frame, fit = step.frame, step.fit
    head = f"{_label(frame.number, frame.name)}  {len(frame.samples):>9,} samples"
    if fit.error:
        return f"{head}  {fit.error}"
    least = int(np.argmin(fit.masses))
    parts = [
        f"{head}  {fit.n_iter or 0:>3} iteration{'s' if fit.n_iter != 1 else ' '}",
        f"smallest mass {fit.masses[least]:>9.4g} (component {least})",
        states(fit.states),
        *([frame.note] if frame.note else []),
        *(["did not converge"] if fit.converged is False else []),
        *([", ".join(fit.warnings)] if fit.warnings else []),
    ]
    return "  ".join(parts)


def states(found: list[str]) -> str:
    """How many components are in which state, and which ones are not healthy: ``4 healthy, 1 empty (4)``."""
    if set(found) == {HEALTHY}:
        return f"all {len(found)} healthy"
    counts = Counter(found)
    parts = [f"{counts[HEALTHY]} healthy"] if counts[HEALTHY] else []
    for state in sorted(set(found) - {HEALTHY}):
        which = [number for number, seen in enumerate(found) if seen == state]
        parts.append(f"{counts[state]} {state} ({listed(which)})")
    return ", ".join(parts)


def listed(which: list[int]) -> str:
    """Numbers, joined by commas; of many the first few and how many more there are."""
    more = f" and {len(which) - NAMED} more" if len(which) > NAMED else ""
    return ", ".join(map(str, which[:NAMED])) + more


def of_break(step: Fitted, explanations: Iterable[list[str]], last: Iterable[Remembered]) -> list[str]:
    """For each component that broke its state, where it started, and its mass over the last frames."""
    lines = []
    for component, explanation in zip(step.broke[:NAMED], explanations, strict=True):
        lines += ["", *(line[2:] for line in explanation), "  over the last frames"]
        lines += [
            f"    frame {fit.number:>4}  mass {fit.masses[component]:>10.4g} samples"
            f"  mean ({', '.join(f'{value:.6g}' for value in fit.means[component])})"
            for fit in last
        ]
    if len(step.broke) > NAMED:
        lines.append(f"\n{len(step.broke) - NAMED} more components broke: {listed(step.broke[NAMED:])}")
    return lines


def of_replay(step: Fitted, replayed: list[str] | None) -> str:
    """Whether the case, fitted from its files with explicit initial parameters, breaks as the recording did."""
    if step.fit.error:
        ends = "fails too" if replayed is None else "fits; the error needs the recording"
        return f"replayed from its files: {ends}"
    if replayed is None:
        return "replayed from its files: leaves nothing that can be judged"
    again = [number for number in step.broke if replayed[number] == step.fit.states[number]]
    if again == step.broke:
        return f"replayed from its files: breaks again, component{'s' * (len(again) > 1)} {listed(again)} the same way"
    healed = sorted(set(step.broke) - set(again))
    return (
        f"replayed from its files: component{'s' * (len(healed) > 1)} {listed(healed)} ends otherwise"
        f" ({states(replayed)}): the break needs what warm_start=True carries besides the parameters"
    )


def of_end(recording: Recording, decoding_seconds: float, starting_seconds: float) -> str:
    """How many frames there were, and where the seconds went."""
    needed = recording.fit_seconds + decoding_seconds
    frames = f"{recording.fitted} frame{'' if recording.fitted == 1 else 's'} fitted"
    skipped = f", {recording.skipped} skipped" if recording.skipped else ""
    return (
        f"{frames}{skipped} in {recording.seconds:.2f} s ({starting_seconds:.2f} s to start before):"
        f" {recording.fit_seconds:.2f} s inside fit, {decoding_seconds:.2f} s decoding,"
        f" {recording.seconds / needed if needed else 0:.2f} times their sum"
    )


def _label(number: int, name: str) -> str:
    return f"frame {number:>4}{f' {name}' if name else ''}"
