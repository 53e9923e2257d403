"""Releases to ask: their probes held open, and whether a reduced case fails on each of them as the original does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.tools import release_environment, release_table
from tests.tools.reduce.candidate import Candidate
from tests.tools.reduce.search import Judge
from tests.tools.worker_process import WorkerProcess

PROBE = "tests.workers.probe"
SECONDS_FOR_A_REQUEST = 1800.0


class Releases:
    """Probes inside the environments of releases, started when they are asked for and stopped together."""

    def __init__(self) -> None:
        self._open: dict[str, WorkerProcess] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Releases:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def python(self, version: str) -> Path:
        """The interpreter of a release's environment."""
        return release_environment.make(release_environment.find(version))

    def probe(self, version: str) -> WorkerProcess:
        """The probe of a release; a new one where the last has died."""
        if version not in self._open or self._open[version].has_ended:
            process = WorkerProcess(self.python(version), PROBE, f"scikit-learn {version}")
            self._open[version] = self._stack.enter_context(process)
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
    original: dict[str, Any] | None  # None where the original does not fail
    same: bool  # Whether the reduced case fails in the same way; False where the original does not fail
    note: str = ""  # Why a release could not be asked, or empty

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to do about this release."""
        return bool(self.note) or self.original is None or self.same

    def line(self) -> str:
        """The row as a line of text."""
        if self.note:
            return f"  {self.release:<12}not asked: {self.note}"
        if self.original is None:
            return f"  {self.release:<12}the original does not fail"
        return f"  {self.release:<12}{'fails in the same way' if self.same else 'does NOT fail in the same way'}"


class Verification:
    """Asks releases about a reduced case; each is asked about the original once.

    Parameters
    ----------
    known : dict
        How the original fails, by the release that was asked already.
    """

    def __init__(
        self, releases: Releases, check: str, original: Candidate, known: dict[str, dict[str, Any] | None]
    ) -> None:
        self._releases = releases
        self._check = check
        self._original = original
        self._failures = known

    def rows(self, versions: Iterable[str], reduced: Candidate, progress: Callable[[Row], None]) -> list[Row]:
        """Ask releases in turn; `progress` is called with each row."""
        rows = []
        for version in versions:
            try:
                rows.append(self._row(version, reduced))
            except release_environment.EnvironmentFailed as error:
                rows.append(Row(version, None, False, str(error)))
            progress(rows[-1])
        return rows

    def _row(self, version: str, reduced: Candidate) -> Row:
        if version not in self._failures:
            self._failures[version] = self._releases.failure(version, self._check, self._original)
        failure = self._failures[version]
        if failure is None or failure["faults"] is None:
            return Row(version, None, False)
        return Row(version, failure, self._releases.judge(version, failure).same([reduced]) == [True])


def matrix(which: str) -> list[str]:
    """Versions of the newest release of each series, or of every release."""
    table = release_table.read()
    return [release.version for release in (release_table.newest_of_series(table) if which == "series" else table)]
