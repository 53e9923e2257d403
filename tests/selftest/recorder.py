"""Recordings in this process, with the scikit-learn that is installed here, and what they say."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.record import __main__ as record
from tests.tools.record.live import Waiting
from tests.tools.record.recording import MODULE
from tests.tools.worker_process import WorkerProcess, WorkerRefused
from tests.workers import tracker, worker

# A clock that stands still: no line appears only because the machine is busy.
vars(record)["Waiting"] = functools.partial(Waiting, clock=lambda: 0.0)


def this_environment(*_: object) -> WorkerProcess:
    """A worker in the environment of the selftests, in place of a release's."""
    return WorkerProcess(Path(sys.executable), MODULE, "scikit-learn of the selftests")


class WorkerInThisProcess(WorkerProcess):
    """What a worker process answers, without the seconds that a process takes to start."""

    def __init__(self) -> None:  # starts no process
        self.name = "scikit-learn of the selftests"
        self._answers = tracker.answers()
        self._reply: Any = None

    def ask(self, do: str, *, timeout: float | None = None, **arguments: Any) -> Any:  # noqa: ARG002
        """Answer, through JSON as a process would."""
        try:
            return json.loads(json.dumps(self._answers[do](**json.loads(json.dumps(arguments)))))
        except worker.Refused as reason:
            raise WorkerRefused(str(reason)) from None

    def send(self, do: str, **arguments: Any) -> None:
        """Answer at once."""
        self._reply = self.ask(do, **arguments)

    def has_answered(self, within: float) -> bool:  # noqa: ARG002
        """It has, before it was asked."""
        return True

    def receive(self, *, timeout: float | None = None) -> Any:  # noqa: ARG002
        """The answer."""
        return self._reply

    def __exit__(self, *_: object) -> None:
        """Nothing is to be stopped."""


@dataclass(frozen=True)
class Said:
    """What one recording said."""

    code: int
    out: str
    err: str

    def only_error(self) -> str:
        """The one line of a refusal."""
        assert self.code == 2, self.out + self.err
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


class Recorder:
    """Records into a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def __call__(self, source: Path, *options: str, components: int = 5) -> Said:
        """Record a source."""
        arguments = [str(source), "--components", str(components), "--root", str(self.root), *options]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = record.main(arguments, lambda *_: WorkerInThisProcess())
        return Said(code, out.getvalue(), err.getvalue())

    def cases(self) -> list[str]:
        """Names of what is in the folder."""
        return sorted(path.name for path in self.root.iterdir())
