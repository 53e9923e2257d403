"""Try mutants on a suite, several at a time, and keep what each trial gave."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.tools.mutants import suites
from tests.tools.mutants.enumeration import Mutant
from tests.tools.mutants.record import Record, Result
from tests.tools.worker_process import WorkerProcess

NOT_REACHED = Result(None, 0.0)


def attempt(mutant: Mutant, source: str, tests: Sequence[suites.SuiteTest], worker: WorkerProcess) -> Result:
    """Try a mutant on the tests that can tell it."""
    chosen = suites.tests_for(mutant, tests)
    if not chosen:
        return NOT_REACHED
    answer = worker.ask(
        "attempt", file=mutant.file, source=mutant.apply(source), tests=[test.name for test in chosen],
        seconds=suites.seconds_for(chosen),
    )  # fmt: skip
    return Result(answer["killed_by"], answer["seconds"])


def run(  # noqa: PLR0917  (what is tried, where, and how)
    suite: str,
    mutants: Sequence[Mutant],
    python: Path,
    record: Record,
    jobs: int,
    progress: Callable[[str, int], None],
    all_cases: bool = False,
) -> None:
    """Try the mutants that have no result yet.

    Parameters
    ----------
    suite : {'ours', 'theirs'}
    python : Path
        Interpreter of the environment.
    record : Record
        Where results are kept, each as soon as it is there.
    jobs : int
        How many at a time.
    progress : callable
        Told what is being done, and how many trials are over since it was last told.
    all_cases : bool
        Whether this suite is tried on large cases too.

    Raises
    ------
    Fault
        The suite fails on the package as it is.
    WorkerFailed
        A worker died.
    """
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        if mutant.identity() not in record.results:
            waiting.put(mutant)
    if waiting.empty():
        return
    progress(f"{suites.TITLES[suite]}: on the package as it is", 0)
    with suites.start(suite, python) as first:
        sources = first.ask("sources", files=list(suites.FILES))
        tests = suites.clean_tests(suite, first, all_cases)
        suites.require_notice(suite, first, sources, tests)
        stop = threading.Event()

        def work(worker: WorkerProcess) -> None:
            try:
                while not stop.is_set():
                    mutant = waiting.get_nowait()
                    record.add(mutant, attempt(mutant, sources[mutant.file], tests, worker))
                    progress(f"{suites.TITLES[suite]}: {mutant.function}", 1)
            except queue.Empty:
                return

        def start_and_work() -> None:
            with suites.start(suite, python) as worker:
                work(worker)

        with ThreadPoolExecutor(jobs) as pool:
            try:
                running = [pool.submit(work, first), *(pool.submit(start_and_work) for _ in range(jobs - 1))]
                for future in running:
                    future.result()
            finally:
                stop.set()
