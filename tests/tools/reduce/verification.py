"""Releases to ask: their probes held open, and whether a reduced case fails on each of them as the original does."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

from tests.tools import release_environment, release_table
from tests.tools.reduce.candidate import Candidate
from tests.tools.reduce.search import Judge
from tests.tools.worker_process import WorkerProcess

SECONDS_FOR_A_REQUEST = 1800.0


class Releases(contextlib.ExitStack):
    """Probes inside the environments of releases, started when they are needed and stopped together."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, WorkerProcess] = {}

    def python(self, version: str) -> Path:
        """The interpreter of a release's environment."""
        return release_environment.make(release_environment.find(version))

    def probe(self, version: str) -> WorkerProcess:
        """The probe of a release; a new one where the last has died."""
        if version not in self._open or self._open[version].has_ended:
            process = WorkerProcess(self.python(version), "tests.workers.probe", f"scikit-learn {version}")
            self._open[version] = self.enter_context(process)
        return self._open[version]

    def failure(self, version: str, check: str | None, candidate: Candidate) -> dict[str, Any] | None:
        """How a whole case fails on a release; see `probe.Probe.failure`."""
        request = candidate.request
        return self.probe(version).ask("failure", timeout=SECONDS_FOR_A_REQUEST, check=check, candidate=request)

    def judge(self, version: str, failure: dict[str, Any]) -> Judge:
        """What every candidate has to be like on a release."""
        return Judge(version, self.probe(version), failure["check"], [failure["state"], failure["faults"]])


class Row(NamedTuple):
    """One release: how the original fails there, and whether the reduced case does so too."""

    release: str
    original: dict[str, Any] | None  # None where it does not fail
    same: bool  # whether the reduced case fails in the same way; False where the original does not fail
    note: str = ""  # why a release could not be asked

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to do about this release."""
        return bool(self.note) or self.original is None or self.same

    def line(self) -> str:
        if self.note:
            return f"  {self.release:<12}not asked: {self.note}"
        if self.original is None:
            return f"  {self.release:<12}the original does not fail"
        return f"  {self.release:<12}{'fails in the same way' if self.same else 'does NOT fail in the same way'}"


def matrix(which: str) -> list[str]:
    """Versions of the newest release of each series, or of every release."""
    table = release_table.read()
    return [release.version for release in (release_table.newest_of_series(table) if which == "series" else table)]
