"""A worker process: it answers, it says why not, and its death is told."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.corpus import PROJECT
from tests.tools.worker_process import WorkerFailed, WorkerProcess, WorkerRefused


@pytest.fixture
def process() -> Iterator[WorkerProcess]:
    with WorkerProcess(Path(sys.executable), "tests.selftest.worker_fake", "the fake") as opened:
        yield opened


def test_an_answer_comes_back_unchanged(process: WorkerProcess) -> None:
    value = {"means": [[0.1, 5e-324]], "text": "two\nlines"}
    assert process.ask("echo", value=value) == value


def test_what_the_code_prints_is_no_answer(process: WorkerProcess) -> None:
    assert [process.ask("echo", value=number) for number in range(3)] == [0, 1, 2]


def test_a_large_answer_comes_back_whole(process: WorkerProcess) -> None:
    value = [0.1] * 200_000
    assert process.ask("echo", value=value) == value


def test_a_refusal_is_the_workers_own_words(process: WorkerProcess) -> None:
    with pytest.raises(WorkerRefused, match=r"^there is no such case$"):
        process.ask("refuse")


def test_what_raises_names_the_worker_the_error_and_the_place_and_the_worker_goes_on(process: WorkerProcess) -> None:
    with pytest.raises(
        WorkerFailed, match=r"the fake: 'fail' raised ZeroDivisionError: in the code under test .File .*worker_fake"
    ):
        process.ask("fail")
    assert process.ask("echo", value=1) == 1


def test_a_death_is_reported_with_the_last_words(process: WorkerProcess) -> None:
    with pytest.raises(WorkerFailed, match="the fake: the worker ended with 3: last words"):
        process.ask("die")


def test_a_worker_that_died_before_is_reported_of_too(process: WorkerProcess) -> None:
    with pytest.raises(WorkerFailed):
        process.ask("die")
    with pytest.raises(WorkerFailed, match="the worker ended with 3"):
        process.ask("echo", value=1)


def test_a_worker_that_takes_too_long_is_stopped(process: WorkerProcess) -> None:
    with pytest.raises(WorkerFailed, match=r"'hang' took more than 0\.01 s"):
        process.ask("hang", timeout=0.01)


HANGING = """
import sys
from tests.selftest.test_worker_process import *
fake = WorkerProcess(Path(sys.executable), "tests.selftest.worker_fake", "the fake")
fake.ask("echo", value=1)
fake.send("hang")
print(fake.process_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
DRAWING = """
import os, signal
from tests.tools.report import pictures
print(pictures.processes().submit(os.getpid).result(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system does not say when a process ends")
@pytest.mark.parametrize("script", [HANGING, DRAWING], ids=["a worker in the middle of an answer", "one that draws"])
def test_no_process_outlives_one_that_is_killed(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    try:
        process = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:  # it has ended already
        return
    ended, _, _ = select.select([process], [], [], 30)
    os.close(process)
    assert ended
