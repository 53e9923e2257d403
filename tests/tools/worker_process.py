"""The outside end of a worker process: starts it in an environment, asks it, and stops it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from fixtures import scratch
from fixtures.fault import Fault
from tests.tools import release_environment, release_table

PROJECT = release_table.TABLE.parent.parent
LAST_LINES = 3
SECONDS_TO_STOP = 5.0


class WorkerFailed(Fault):
    """A worker died, did not answer in time, or an answer raised."""


class WorkerRefused(Fault):
    """A worker cannot meet a request; its reason."""


class WorkerProcess:
    """A module of ``tests/workers``, which calls ``worker.serve``, held open in an environment.

    Messages call it by its `name`, like ``scikit-learn 1.9.1``. Its environment variables are `variables` beyond those
    that hold BLAS at one thread.
    """

    def __init__(
        self,
        python: Path,
        module: str,
        name: str,
        variables: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile(dir=scratch.temporary_place())  # noqa: SIM115  (closed with the process)
        self._process = subprocess.Popen(
            [str(python), "-m", module, *arguments], cwd=PROJECT, env=release_environment.variables(variables),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._received = b""
        self._asked = ""

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process died, or was killed because it took too long."""
        return self._process.poll() is not None

    def ask(self, do: str, *, timeout: float | None = None, **arguments: Any) -> Any:
        """Have one request answered; a worker that takes more than `timeout` seconds is killed.

        Raises
        ------
        WorkerRefused
            The worker cannot meet the request.
        WorkerFailed
            The worker died or took too long, or the answer raised.
        """
        self.send(do, **arguments)
        return self.receive(timeout=timeout)

    def send(self, do: str, **arguments: Any) -> None:
        """Send a request, and do not wait: `receive` gives its answer."""
        self._asked = do
        try:
            self._input.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._input.flush()
        except OSError:
            raise WorkerFailed(self._how_it_died()) from None

    def receive(self, *, timeout: float | None = None) -> Any:
        """The answer to the request that was sent last; raises as `ask` does."""
        reply = json.loads(self._line(self._asked, timeout))
        if "refused" in reply:
            raise WorkerRefused(reply["refused"])
        if "error" in reply:
            places = [line.strip() for line in reply["traceback"].splitlines() if line.startswith("  File ")]
            raise WorkerFailed(f"{self.name}: {self._asked!r} raised {reply['error']} ({places[-1]})")
        return reply["answer"]

    def has_answered(self, within: float) -> bool:
        """Whether `receive` has something to read, after so many seconds at most."""
        return bool(self._received or self._selector.select(within))

    def close(self) -> None:
        with contextlib.suppress(OSError):  # a process that has died takes no last line
            self._input.close()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        self._output.close()
        self._errors.close()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:  # it may be in the middle of a fit
            self._process.kill()
        self.close()

    def _line(self, do: str, timeout: float | None) -> bytes:
        while b"\n" not in self._received:
            if not self._selector.select(timeout):
                self._process.kill()
                raise WorkerFailed(f"{self.name}: {do!r} took more than {timeout:g} s")
            more = os.read(self._output.fileno(), 1 << 20)
            if not more:
                raise WorkerFailed(self._how_it_died())
            self._received += more
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _how_it_died(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]
        return f"{self.name}: the worker ended with {code}: {' / '.join(said) or 'it said nothing'}"
