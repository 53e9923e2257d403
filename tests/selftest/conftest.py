"""Fixtures of the selftests. The project's own conftest.py is at work here too."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.selftest.suite_runs import PROCESSES, Run, copy_project, run_pytest


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
