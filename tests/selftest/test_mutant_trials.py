"""Trials of mutants: a test sees the change, whatever it imported; and each trial is its own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.mixture import _gaussian_mixture

from fixtures.fault import Fault
from tests.selftest.suite_runs import environment_of_a_run
from tests.tools.mutants import trials
from tests.tools.mutants.enumeration import mutants_of
from tests.tools.mutants.trials import PYTEST, VARIABLES, SuiteTest
from tests.tools.worker_process import WorkerProcess

FILE = "_gaussian_mixture.py"
SOURCE = Path(str(_gaussian_mixture.__file__)).read_text(encoding="utf-8")
TESTS = """
import pytest
from sklearn import mixture
from sklearn.mixture import GaussianMixture

SAMPLES = [[0.0], [1.0], [5.0], [6.0]]

def test_nothing():
    pass


def test_by_the_class():
    assert GaussianMixture(n_components=2).fit(SAMPLES)._n_parameters() == 5


def test_by_the_module():
    assert mixture.GaussianMixture(n_components=2).fit(SAMPLES)._n_parameters() == 5


@pytest.mark.parametrize("model", [GaussianMixture(n_components=2)])
def test_by_a_parameter(model):
    assert model.n_components == 2
    assert model.fit(SAMPLES)._n_parameters() == 5
"""
NAMES = ("test_by_the_class", "test_by_the_module", "test_by_a_parameter[model0]")


def changed(before: str, after: str) -> str:
    """The source with one change."""
    assert before in SOURCE
    return SOURCE.replace(before, after)


MORE_PARAMETERS = changed("return int(cov_params + mean_params", "return 1 + int(cov_params + mean_params")


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """A worker that holds the tests above collected."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_small.py").write_text(TESTS)
    arguments = [*PYTEST, "-c", "/dev/null", f"--rootdir={folder}", str(folder)]
    variables = {**environment_of_a_run(), **VARIABLES}
    with WorkerProcess(Path(sys.executable), "tests.workers.mutant_trials", "the fake", variables, arguments) as opened:
        yield opened


def killer(worker: WorkerProcess, source: str, *names: str, seconds: float = 60.0) -> str | None:
    """What kills a mutant."""
    answer = worker.ask("attempt", file=FILE, source=source, tests=[f"test_small.py::{name}" for name in names],
                        seconds=seconds)  # fmt: skip
    killed_by: str | None = answer["killed_by"]
    return killed_by


@pytest.mark.parametrize("name", NAMES)
def test_a_change_is_seen_by(name: str, worker: WorkerProcess) -> None:
    assert killer(worker, MORE_PARAMETERS, "test_nothing", name) == f"test_small.py::{name}"


def test_no_change_kills_nothing(worker: WorkerProcess) -> None:
    assert killer(worker, SOURCE, "test_nothing", *NAMES) is None


def test_a_trial_leaves_nothing_to_the_next(worker: WorkerProcess) -> None:
    assert killer(worker, MORE_PARAMETERS, *NAMES) is not None
    assert killer(worker, SOURCE, *NAMES) is None


def test_a_mutant_that_cannot_be_imported_is_killed(worker: WorkerProcess) -> None:
    assert killer(worker, "1 / 0", "test_nothing") == "import: ZeroDivisionError"


def test_a_mutant_that_does_not_end_is_killed(worker: WorkerProcess) -> None:
    assert killer(worker, "while True: pass", "test_nothing", seconds=0.0) == "time: it took too long"


def test_a_mutant_that_ends_the_process_is_killed(worker: WorkerProcess) -> None:
    assert killer(worker, "import os; os._exit(0)", "test_nothing") == "crash: it ended without an answer"


def test_a_mutant_that_crashes_is_killed(worker: WorkerProcess) -> None:
    assert killer(worker, "import os; os.abort()", "test_nothing") == "crash: signal 6"


def test_the_clean_run_tells_which_lines_a_test_runs(worker: WorkerProcess) -> None:
    names = [test["id"] for test in worker.ask("tests")]
    answer = worker.ask("clean", files=[FILE], tests=names, seconds=60.0)
    lines = {test["id"].partition("::")[2]: set(answer["lines"][test["lines"]][FILE]) for test in answer["tests"]}
    (number,) = (n for n, line in enumerate(SOURCE.splitlines(), 1) if "return int(cov_params + mean_params" in line)
    assert not lines["test_nothing"]
    assert all(number in lines[name] for name in NAMES)


def test_a_mutant_is_tried_on_the_tests_that_reach_it(worker: WorkerProcess) -> None:
    mutant = next(one for one in mutants_of(FILE, SOURCE) if one.function == "GaussianMixture._n_parameters")
    assert mutant.lines is not None
    reaching = SuiteTest("test_small.py::test_by_the_class", 0.1, frozenset((FILE, line) for line in mutant.lines))
    assert trials.tests_for(mutant, [SuiteTest("x", 0.1, frozenset()), reaching]) == [reaching]
    assert trials.tests_for(mutant._replace(lines=None), [reaching, reaching]) == [reaching, reaching]
    assert trials.attempt(mutant, SOURCE, [reaching._replace(lines=frozenset())], worker) == trials.NOT_REACHED


def test_this_suite_can_be_tried_where_the_capture_is_not_at_hand() -> None:
    with trials.start(trials.OURS, Path(sys.executable)) as own:
        assert "object-leaves-frame" in {test["case"] for test in own.ask("tests")}


def test_a_suite_that_fails_on_the_package_as_it_is_is_refused() -> None:
    class Failing:
        def ask(self, do: str, **arguments: object) -> object:  # noqa: ARG002
            test = {"id": "a.py::test_b", "case": None, "failed": True, "seconds": 0.1, "lines": 0}
            return [test] if do == "tests" else {"tests": [test], "lines": [{}]}

    with pytest.raises(Fault, match=r"1 tests fail on the package as it is, the first is a\.py::test_b"):
        trials.clean_tests(trials.OURS, Failing())  # type: ignore[arg-type]
