"""Try mutants on a suite: which of its tests can notice one, several trials at a time, and the result of each kept.

The two suites are this one, and scikit-learn's own tests.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import corpus
from fixtures.fault import Fault
from tests.tools import release_environment
from tests.tools.journal import Journal
from tests.tools.mutants.enumeration import Mutant
from tests.tools.worker_process import WorkerProcess

FILES = ("_base.py", "_gaussian_mixture.py")
OURS, THEIRS = "ours", "theirs"
TITLES = {OURS: "this suite", THEIRS: "scikit-learn's own tests"}

# The mutants whose death takes the longest to find are few: a whole run of the
# tests that reach them is tried again with so much more time, and some to start.
TIMES_CLEAN, MORE_SECONDS = 4, 20
SECONDS_OF_A_CLEAN_RUN = 1800.0

# A case is small that has up to so many numbers in its frames, times its components.
SMALL = 2700

PYTEST = ("-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:unraisableexception")
VARIABLES = {
    "PYTEST_ADDOPTS": "",
    "PYTHONWARNINGS": "",
    "LOKY_MAX_CPU_COUNT": "1",  # what scikit-learn's conftest.py sets the BLAS threads to
    "SKLEARN_WARNINGS_AS_ERRORS": "1",  # as in this suite
}
# Within a case: what judges one fit, what fits again and again, what compares with a baseline.
LATE_FILES = ("test_equivariance.py", "test_baseline.py")
# What the results of this suite depend on, besides scikit-learn.
OUR_FILES = (
    "conftest.py", "pyproject.toml", "fixtures/*.py", "fixtures/cases/**/*", "tests/test_*.py", "tests/support/*.py",
    "tests/known_defects.json", "tests/tools/mutants/trials.py",
)  # fmt: skip


class SuiteTest(NamedTuple):
    """A test that can be run on a mutant."""

    name: str  # pytest's id
    seconds: float  # CPU time on the package as it is
    lines: frozenset[tuple[str, int]]  # files and lines that it needs run, by itself or by what it shares


class Result(NamedTuple):
    killed_by: str | None  # the test that failed, or what else happened; None for a survivor
    seconds: float | None  # CPU time


NOT_REACHED = Result(None, 0.0)


def start(suite: str, python: Path) -> WorkerProcess:
    """A worker that has collected a suite, in the environment of an interpreter."""
    if suite == OURS:
        # Where pytest finds the capture by itself, its tests are left out: see `clean_tests`.
        arguments = ["-p", "no:benchmark", f"--rootdir={corpus.PROJECT}", str(corpus.PROJECT / "tests")]
        variables = {**VARIABLES, "GMM_CAPTURE": ""}
    else:
        package = str(release_environment.packages_of(python) / "sklearn")
        arguments = ["-c", os.devnull, f"--rootdir={package}", f"--confcutdir={package}", "--pyargs", "sklearn.mixture"]
        variables = VARIABLES
    return WorkerProcess(
        python, "tests.workers.mutant_trials", f"the worker of {TITLES[suite]}", variables, [*PYTEST, *arguments]
    )


def clean_tests(suite: str, worker: WorkerProcess, all_cases: bool = False) -> list[SuiteTest]:
    """Run a suite on the package as it is: its tests in the order in which they are tried.

    Of this suite, those on small cases and on the smallest chain, unless all
    cases are asked for; the published capture is left out, so that what kills a
    mutant does not depend on whether it is at hand. A `Fault` where a test fails.
    """
    listed = worker.ask("tests")
    if suite == OURS:
        cases = set(corpus.case_names()) - set(corpus.names_with("published")) if all_cases else set(small_cases())
        listed = [test for test in listed if test["case"] is None or test["case"] in cases]
    names = [test["id"] for test in listed]
    answer = worker.ask("clean", files=list(FILES), tests=names, seconds=SECONDS_OF_A_CLEAN_RUN)
    if "tests" not in answer:
        raise Fault(f"the clean run of {TITLES[suite]} broke off ({answer['killed_by']}); should end")
    failed = [test["id"] for test in answer["tests"] if test["failed"]]
    if failed:
        what = f"{len(failed)} tests fail on the package as it is, the first is {failed[0]}"
        raise Fault(f"{TITLES[suite]}: {what}; should all pass before anything is mutated")
    lines = [frozenset((file, line) for file, numbers in run.items() for line in numbers) for run in answer["lines"]]
    # Any test of a case may run its lines: the first one fits, and the others judge the same fit.
    shared: dict[str, frozenset[tuple[str, int]]] = {}
    for test, one in zip(answer["tests"], listed, strict=True):
        test["case"], test["lines"] = one["case"], lines[test["lines"]]
        if test["case"] is not None:
            shared[test["case"]] = shared.get(test["case"], frozenset()) | test["lines"]
    return [
        SuiteTest(test["id"], test["seconds"], shared.get(test["case"], frozenset()) | test["lines"])
        for test in sorted(
            answer["tests"], key=_likely_killers_first() if suite == OURS else lambda one: one["seconds"]
        )
    ]


def small_cases() -> list[str]:
    """Cases that are fitted in no time, and the smallest chain."""
    chain = min(corpus.names_with("chain"), key=_size)
    return [name for name in corpus.case_names() if _size(name) <= SMALL or name == chain]


def require_notice(suite: str, worker: WorkerProcess, sources: Mapping[str, str], tests: list[SuiteTest]) -> None:
    """Try a change that every test notices that fits anything; a `Fault` where the tests do not see the change."""
    file = FILES[0]
    source = sources[file] + "\nBaseMixture.fit_predict = None\n"
    first = [test.name for test in tests if test.lines][:20]
    if not worker.ask("attempt", file=file, source=source, tests=first, seconds=MORE_SECONDS)["killed_by"]:
        raise Fault(f"{TITLES[suite]} passes where nothing can be fitted; its tests should see the changed package")


def _likely_killers_first() -> Callable[[dict[str, Any]], tuple[int, int, str]]:
    """Sort key of this suite's tests: small cases, and checks of one fit."""
    sizes = {name: _size(name) for name in corpus.case_names()}

    def key(test: dict[str, Any]) -> tuple[int, int, str]:
        file = Path(test["id"].partition("::")[0]).name
        late = LATE_FILES.index(file) + 1 if file in LATE_FILES else 0
        return late, sizes.get(test["case"], 0), test["case"] or ""

    return key


def _size(name: str) -> int:
    files = corpus.read_description(corpus.CASES / name)["files"]
    numbers = sum(math.prod(entry["shape"]) for file, entry in files.items() if file.startswith("frame"))
    return int(numbers * files["means.npy"]["shape"][0])


def tests_for(mutant: Mutant, tests: Iterable[SuiteTest]) -> list[SuiteTest]:
    """The tests that can notice a mutant: those that run its statement, or all where it runs at import."""
    if mutant.lines is None:
        return list(tests)
    places = {(mutant.file, line) for line in mutant.lines}
    return [test for test in tests if places & test.lines]


class Tried:
    """The results of one suite's trials, kept in a file so that another run can go on.

    Those of another state, as `state_of` gives it, are dropped; with `afresh` all are.
    """

    def __init__(self, path: Path, state: str, *, afresh: bool = False) -> None:
        self._journal = Journal(path, ["mutants", state], afresh=afresh)
        self._lock = threading.Lock()
        self.results = {identity: Result(*result) for identity, *result in self._journal.entries}

    def add(self, mutant: Mutant, result: Result) -> None:
        with self._lock:
            self.results[mutant.identity()] = result
            self._journal.add([mutant.identity(), *result])


def state_of(version: str, sources: dict[str, str], patterns: Iterable[str] = ()) -> str:
    """A digest of all that results depend on: the release, its sources, and files of this project."""
    digest = hashlib.sha256(version.encode())
    for name, text in sorted(sources.items()):
        digest.update(f"{name}\n{text}".encode())
    for pattern in patterns:
        for path in sorted(corpus.PROJECT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(corpus.PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def attempt(mutant: Mutant, source: str, tests: Sequence[SuiteTest], worker: WorkerProcess) -> Result:
    chosen = tests_for(mutant, tests)
    if not chosen:
        return NOT_REACHED
    names = [test.name for test in chosen]
    seconds = TIMES_CLEAN * sum(test.seconds for test in chosen) + MORE_SECONDS  # more count as one that does not end
    answer = worker.ask("attempt", file=mutant.file, source=mutant.apply(source), tests=names, seconds=seconds)
    return Result(answer["killed_by"], answer["seconds"])


def run(
    suite: str, mutants: Sequence[Mutant], python: Path, sources: Mapping[str, str], tried: Tried,
    *, jobs: int, progress: Callable[..., object], all_cases: bool = False,
) -> None:  # fmt: skip
    """Try the mutants that have no result yet, several at a time.

    The sources of the modules that are mutated are by the names of their files.
    The progress is called with the ``description`` of what is being done, and
    with ``advance``, how many trials have ended since the last call.
    """
    waiting = [mutant for mutant in mutants if mutant.identity() not in tried.results]
    if not waiting:
        return
    progress(description=f"{TITLES[suite]}: on the package as it is")
    idle: queue.SimpleQueue[WorkerProcess] = queue.SimpleQueue()
    with contextlib.ExitStack() as workers:
        first = workers.enter_context(start(suite, python))
        tests = clean_tests(suite, first, all_cases)
        require_notice(suite, first, sources, tests)
        for worker in (first, *(workers.enter_context(start(suite, python)) for _ in range(jobs - 1))):
            idle.put(worker)

        def work(mutant: Mutant) -> None:
            worker = idle.get()
            try:
                tried.add(mutant, attempt(mutant, sources[mutant.file], tests, worker))
                progress(description=f"{TITLES[suite]}: {mutant.function}", advance=1)
            finally:
                idle.put(worker)

        with ThreadPoolExecutor(jobs) as pool:
            try:
                for future in [pool.submit(work, mutant) for mutant in waiting]:
                    future.result()
            finally:
                pool.shutdown(cancel_futures=True)
