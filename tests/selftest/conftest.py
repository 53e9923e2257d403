"""Fixtures of the selftests. The project's own conftest.py is at work here too."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.recorder import Recorder
from tests.selftest.suite_runs import PROCESSES, Run, copy_project, run_pytest

Refusal = Callable[[Callable[[list[str]], int], list[str]], str]


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """A shell's background job ignores Ctrl-C, and so would every program that the selftests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that nothing may change."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    """A small project that the test may change."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def start_run() -> Iterator[Callable[..., Future[Run]]]:
    """`run_pytest` in the background: processes share the cores."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        yield lambda root, *arguments, **variables: pool.submit(run_pytest, root, *arguments, **variables)
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Refusal:
    """The one line with which a command refuses a call."""

    def line_of(main: Callable[[list[str]], int], arguments: list[str]) -> str:
        capsys.readouterr()
        assert main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        return line

    return line_of


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "my cases")


@pytest.fixture
def point_sets(tmp_path: Path) -> Path:
    """Four frames of two clouds, the second of which is gone in the last."""
    folder = tmp_path / "frames"
    folder.mkdir()
    random = np.random.RandomState(0)
    clouds = [random.normal(centre, 1.0, size=(20, 2)) for centre in (20.0, 90.0)]
    for number in range(3):
        np.save(folder / f"f{number}.npy", np.concatenate(clouds) + number / 10)
    np.save(folder / "f3.npy", clouds[0])
    return folder
