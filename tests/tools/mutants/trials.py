"""Try mutants on a suite, several at a time, and keep the result of each trial."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from fixtures.corpus import PROJECT
from tests.tools.journal import Journal
from tests.tools.mutants import suites
from tests.tools.mutants.enumeration import Mutant
from tests.tools.worker_process import WorkerProcess

# What the results of this suite depend on, besides scikit-learn.
OUR_FILES = (
    "conftest.py", "pyproject.toml", "fixtures/*.py", "fixtures/cases/**/*", "tests/test_*.py", "tests/support/*.py",
    "tests/known_defects.json", "tests/tools/mutants/suites.py",
)  # fmt: skip


class Result(NamedTuple):
    """How a trial ended."""

    killed_by: str | None  # the test that failed, or what else happened; None for a survivor
    seconds: float | None  # CPU time


NOT_REACHED = Result(None, 0.0)


class Tried:
    """The results of one suite's trials, kept in a file so that another run can go on.

    Those of another state, as `state_of` gives it, are dropped; with `afresh` all are.
    """

    def __init__(self, path: Path, state: str, *, afresh: bool = False) -> None:
        self._journal = Journal(path, ["mutants", state], afresh=afresh)
        self._lock = threading.Lock()
        self.results = {identity: Result(*result) for identity, *result in self._journal.entries}

    def add(self, mutant: Mutant, result: Result) -> None:
        """Keep the result of a trial, at once."""
        with self._lock:
            self.results[mutant.identity()] = result
            self._journal.add([mutant.identity(), *result])


def state_of(version: str, sources: dict[str, str], patterns: Iterable[str] = ()) -> str:
    """A digest of all that results depend on: the release, its sources, and files of this project."""
    digest = hashlib.sha256(version.encode())
    for name, text in sorted(sources.items()):
        digest.update(f"{name}\n{text}".encode())
    for pattern in patterns:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def attempt(mutant: Mutant, source: str, tests: Sequence[suites.SuiteTest], worker: WorkerProcess) -> Result:
    """Try a mutant on the tests that can notice it."""
    chosen = suites.tests_for(mutant, tests)
    if not chosen:
        return NOT_REACHED
    answer = worker.ask(
        "attempt", file=mutant.file, source=mutant.apply(source), tests=[test.name for test in chosen],
        seconds=suites.seconds_for(chosen),
    )  # fmt: skip
    return Result(answer["killed_by"], answer["seconds"])


def run(
    suite: str,
    mutants: Sequence[Mutant],
    python: Path,
    sources: Mapping[str, str],
    tried: Tried,
    *,
    jobs: int,
    progress: Callable[..., object],
    all_cases: bool = False,
) -> None:
    """Try the mutants that have no result yet.

    Parameters
    ----------
    suite : {'ours', 'theirs'}
    python : Path
        Interpreter of the environment.
    sources : mapping of str to str
        The modules that are mutated, by the names of their files.
    jobs : int
        How many at a time.
    progress : callable
        Called with the ``description`` of what is being done, and with ``advance``,
        how many trials have ended since the last call.
    all_cases : bool
        Whether this suite is tried on large cases too.
    """
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        if mutant.identity() not in tried.results:
            waiting.put(mutant)
    if waiting.empty():
        return
    progress(description=f"{suites.TITLES[suite]}: on the package as it is")
    with suites.start(suite, python) as first:
        tests = suites.clean_tests(suite, first, all_cases)
        suites.require_notice(suite, first, sources, tests)
        stop = threading.Event()

        def work(worker: WorkerProcess) -> None:
            try:
                while not stop.is_set():
                    mutant = waiting.get_nowait()
                    tried.add(mutant, attempt(mutant, sources[mutant.file], tests, worker))
                    progress(description=f"{suites.TITLES[suite]}: {mutant.function}", advance=1)
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
