"""Arrays of another library in the tools: reduced, searched and recorded with them as with numpy's."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.corpus import load_case
from fixtures.fault import Fault
from tests.tools import arrays, release_environment
from tests.tools.arrays import OF_NUMPY, STRICT, Arrays
from tests.tools.reduce import output
from tests.tools.reduce.candidate import from_case
from tests.tools.worker_process import WorkerProcess, WorkerRefused

CASE = "control-around-the-origin"
NUMBERS = "test_numbers_are_numbers"


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    arrays.add_options(parser)
    return parser.parse_args(words)


class InThisEnvironment(Arrays):
    """The library is where this process runs."""

    def place(self, python: Path) -> Path:  # noqa: ARG002
        return release_environment.packages_of(Path(sys.executable))


def worker(*words: str | None) -> WorkerProcess:
    return InThisEnvironment(*words).worker(Path(sys.executable), "tests.workers.probe", "this one")  # type: ignore[arg-type]


def test_the_options_name_numpy_unless_they_name_another() -> None:
    assert arrays.of(options()) == OF_NUMPY
    assert arrays.of(options("--array-namespace", "torch", "--device", "cuda")) == Arrays("torch", "cuda")


def test_a_device_comes_with_a_library() -> None:
    with pytest.raises(Fault, match="should come with --array-namespace"):
        arrays.of(options("--device", "cuda"))


def test_a_release_that_takes_numpys_only_is_refused() -> None:
    Arrays(STRICT).require("1.8.0")
    OF_NUMPY.require("0.18.1")
    with pytest.raises(Fault, match=r"1\.7\.2 takes arrays of numpy only; should be a release from 1\.8 on"):
        Arrays(STRICT).require("1.7.2")


def test_a_worker_fits_the_arrays_that_are_named() -> None:
    with worker(STRICT, "device1") as asked:
        assert asked.ask("judge", checks=[NUMBERS], case=CASE)["value"] == "fails"
    with worker("numpy") as asked:
        assert asked.ask("judge", checks=[NUMBERS], case=CASE)["value"] == "not judged"


def test_a_device_that_is_not_there_is_refused_by_the_worker() -> None:
    with worker(STRICT, "gpu") as asked, pytest.raises(WorkerRefused, match="'gpu' is no device of array_api_strict"):
        asked.ask("under_test")


def test_a_case_that_needs_float64_is_refused_on_a_device_without() -> None:
    with worker(STRICT, "no_float64") as asked, pytest.raises(WorkerRefused, match="is another one in float32"):
        asked.ask("judge", checks=[NUMBERS], case="offset-1e8-full")


@pytest.mark.parametrize("device", ["device1", "no_float64"])
@pytest.mark.parametrize("check", [NUMBERS, "test_no_component_collapses"])
def test_the_script_of_a_reduced_case_runs_with_the_library(check: str, device: str) -> None:
    candidate = from_case(load_case("reduced-far-component-dragged"), 1)
    script = output.write_script(candidate, check, "a summary", Arrays(STRICT, device))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("lower_bound_ is Array" if check == NUMBERS else "component 1: weight") in done.stdout
