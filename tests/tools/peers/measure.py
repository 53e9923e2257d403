"""Ask the workers: what scikit-learn loses, what a peer makes of it, and how long both take."""

from __future__ import annotations

import functools
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from fixtures import corpus
from fixtures.fault import Fault
from tests.tools.peers.declared import SCIKIT_LEARN, CannotRun, Implementation
from tests.tools.peers.result import NOT_FITTED, Ends, Result
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerFailed, WorkerProcess, WorkerRefused

SECONDS_FOR_A_CASE = 600.0
ROUNDS, FITS = 3, 3  # both sides in turn so often, and the shortest of so many fits each time
# One of each covariance type, on which nothing is lost and one step moves nothing: whose adapter is not exact EM there
# has a fault, and is not judged.
CONTROLS_OF_ADAPTERS = tuple(f"control-still-scene{kind}" for kind in ("", "-diag", "-spherical", "-tied"))
Lost = dict[str, list[list[int]]]  # frame and component of each that scikit-learn loses, by case
_CONSOLE = Console(stderr=True)
_tracked = functools.partial(track, transient=True, console=_CONSOLE, disable=not _CONSOLE.is_terminal)


@dataclass(frozen=True)
class Cases:
    """The cases that peers are judged on."""

    lost: Lost
    controls: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.lost, *self.controls]


def worker_of(peer: Implementation, python: Path, release: Release) -> WorkerProcess:
    """A worker that judges a peer."""
    return WorkerProcess(python, "tests.workers.peers", peer.name, arguments=[peer.adapter, release.version])


def cases_of(names: Sequence[str], scikit_learn: WorkerProcess) -> Cases:
    """What scikit-learn loses in cases, and those that are controls of one frame."""
    controls = [name for name in corpus.names_with("control") if corpus.traits_of(name).n_frames == 1]
    lost = {}
    for name in _tracked(names, f"what {SCIKIT_LEARN} loses"):
        if found := scikit_learn.ask("lost", timeout=SECONDS_FOR_A_CASE, case=name):
            lost[name] = found
    return Cases(lost, tuple(name for name in names if name in controls and name not in lost))


def measure(peer: Implementation, cases: Cases, release: Release, scikit_learn: WorkerProcess) -> Result:
    """Judge one peer on cases: skipped where it cannot run here, at fault where its adapter is not exact EM."""
    result = Result(peer.name)
    try:
        with worker_of(peer, peer.interpreter(), release) as worker:
            told = worker.ask("describe", package=peer.distribution)
            result = replace(result, version=told["version"], can=told["can"])
            fault = worker.ask("disagreement", timeout=SECONDS_FOR_A_CASE, cases=list(CONTROLS_OF_ADAPTERS))
            if fault:
                return replace(result, fault=f"its adapter disagrees with exact EM on the control: {fault[0]}")
            return _judged(result, worker, cases, scikit_learn)
    except (CannotRun, WorkerRefused) as reason:
        return replace(result, skipped=_first_line(reason))
    except WorkerFailed as reason:
        # Before it has said what it can, there is a package that cannot be imported.
        said = _first_line(reason)
        return replace(result, fault=said) if result.can else replace(result, skipped=said)


def _first_line(reason: Exception) -> str:
    return str(reason).splitlines()[0]


def _judged(result: Result, worker: WorkerProcess, cases: Cases, scikit_learn: WorkerProcess) -> Result:
    fates: Counter[str] = Counter()
    ends: dict[str, Counter[str]] = {}
    fitted = []
    for name in _tracked(cases.names, result.name):
        lost = cases.lost.get(name, [])
        answer = worker.ask("judge", timeout=SECONDS_FOR_A_CASE, case=name, lost=lost)
        if "cannot" in answer:
            fates[NOT_FITTED] += len(lost)
            continue
        fitted.append(name)
        fates.update(answer["fates"])
        for check, end in answer["ends"].items():
            ends.setdefault(check, Counter())[end] += 1
    ratios = [
        ratio for name in _tracked(fitted, f"{result.name}: fit time") if (ratio := _ratio(name, worker, scikit_learn))
    ]
    return replace(
        result,
        fates=dict(fates),
        promises={check: Ends.of(found) for check, found in ends.items()},
        ratio=statistics.median(ratios) if ratios else None,
        n_timed=len(ratios),
    )


def _ratio(case: str, worker: WorkerProcess, scikit_learn: WorkerProcess) -> float | None:
    """Seconds of a fit relative to scikit-learn's, timed in turn; None where either leaves nothing to time."""
    times: list[tuple[Any, Any]] = [
        tuple(side.ask("seconds", timeout=SECONDS_FOR_A_CASE, case=case, fits=FITS) for side in (worker, scikit_learn))
        for _ in range(ROUNDS)
    ]
    own, theirs = zip(*times, strict=True)
    return None if None in own or None in theirs else min(own) / min(theirs)


def names_at_hand(asked: Sequence[str], capture: Path | None) -> list[str]:
    """The cases that were asked for, or all whose data are at hand.

    Raises
    ------
    Fault
        There is no case of a name.
    """
    known = corpus.case_names()
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise Fault(f"there is no case {', '.join(unknown)}; should be of the corpus (fixtures/README.md lists it)")
    published = set() if capture else set(corpus.names_with("published"))
    return [name for name in asked or known if name not in published]
