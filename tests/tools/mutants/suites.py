"""The two suites that are tried on mutants: which tests they have, in which order, and which lines those run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import corpus
from fixtures.fault import Fault
from tests.tools import release_environment
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


class SuiteTest(NamedTuple):
    """A test that can be run on a mutant."""

    name: str  # pytest's id
    seconds: float  # CPU time on the package as it is
    lines: frozenset[tuple[str, int]]  # files and lines that it needs run, by itself or by what it shares


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
        raise Fault(
            f"{TITLES[suite]}: {len(failed)} tests fail on the package as it is, the first is {failed[0]};"
            " should all pass before anything is mutated"
        )
    lines = [frozenset((file, line) for file, numbers in run.items() for line in numbers) for run in answer["lines"]]
    ran = [{**test, "case": one["case"]} for test, one in zip(answer["tests"], listed, strict=True)]
    shared = _lines_of_cases(ran, lines)
    tests = {
        test["id"]: SuiteTest(test["id"], test["seconds"], shared.get(test["case"], frozenset()) | lines[test["lines"]])
        for test in ran
    }
    if suite == THEIRS:
        return sorted(tests.values(), key=lambda test: test.seconds)
    return [tests[name] for name in _in_our_order(ran)]


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


def _lines_of_cases(tests: list[dict[str, Any]], lines: list[frozenset[tuple[str, int]]]) -> dict[str, Any]:
    """Lines that any test of a case runs: the first one fits, and the others judge the same fit."""
    shared: dict[str, frozenset[tuple[str, int]]] = {}
    for test in tests:
        if test["case"] is not None:
            shared[test["case"]] = shared.get(test["case"], frozenset()) | lines[test["lines"]]
    return shared


def _in_our_order(tests: list[dict[str, Any]]) -> list[str]:
    """Names of tests, the likely killers first: small cases, and checks of one fit."""
    sizes = {name: _size(name) for name in corpus.case_names()}

    def key(test: dict[str, Any]) -> tuple[int, int, str]:
        file = Path(test["id"].partition("::")[0]).name
        late = LATE_FILES.index(file) + 1 if file in LATE_FILES else 0
        return late, sizes.get(test["case"], 0), test["case"] or ""

    return [test["id"] for test in sorted(tests, key=key)]


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


def seconds_for(tests: Iterable[SuiteTest]) -> float:
    """CPU seconds after which a mutant counts as one that does not end."""
    return TIMES_CLEAN * sum(test.seconds for test in tests) + MORE_SECONDS
