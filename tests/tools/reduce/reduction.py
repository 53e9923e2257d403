"""One reduction from end to end: how the case fails, the search, the releases that are asked, and what is written."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.status import Status

from fixtures import command_line, corpus
from fixtures.corpus import Case
from fixtures.fault import Fault
from tests.tools import release_environment, release_table
from tests.tools.journal import Journal
from tests.tools.reduce import output
from tests.tools.reduce.candidate import Candidate, from_case
from tests.tools.reduce.search import Judge, Search
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.worker_process import WorkerProcess

SECONDS_FOR_A_REQUEST = 1800.0


def matrix(which: str) -> list[str]:
    """Versions of the newest release of each series, or of every release."""
    table = release_table.read()
    return [release.version for release in (release_table.newest_of_series(table) if which == "series" else table)]


class Releases(contextlib.ExitStack):
    """Probes inside the environments of releases, started when they are needed and stopped together."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, WorkerProcess] = {}

    def python(self, version: str) -> Path:
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
        return Judge(version, self.probe(version), failure["check"], [failure["state"], failure["faults"]])


class Progress(Status):
    """A line that changes, and one for each step that made the case smaller; only where stderr is a terminal."""

    def __init__(self, original: Candidate) -> None:
        console = Console(stderr=True, highlight=False, quiet=not sys.stderr.isatty())
        super().__init__("asking about the whole case", console=console)
        self._started = time.monotonic()
        self._shown = original.shape

    def tried(self, step: str, best: Candidate, asked: int) -> None:
        seconds = time.monotonic() - self._started
        if best.shape != self._shown:
            self._shown = best.shape
            self.show(f"fewer {step:<11} {best.size:<50} {seconds:6.1f} s")
        self.update(f"{step}: {best.size}, {asked} candidates, {seconds:.0f} s")

    def show(self, line: str) -> None:  # it stays
        self.console.print(f"  {line}")


class DoesNotFail(Fault):
    """There is nothing to reduce."""


class Row(NamedTuple):
    """One release: how the original fails there, and whether the reduced case does so too."""

    release: str
    original: dict[str, Any] | None  # None where it does not fail
    same: bool  # whether the reduced case fails in the same way; False where the original does not fail
    note: str = ""  # why a release could not be asked

    @property
    def agrees(self) -> bool:  # there is nothing to do about this release
        return bool(self.note) or self.original is None or self.same

    def line(self) -> str:
        how = f"not asked: {self.note}" if self.note else "the original does not fail"
        if self.original is not None:
            how = "fails in the same way" if self.same else "does NOT fail in the same way"
        return f"  {self.release:<12}{how}"


class Reduction:
    """A case that fails on a release, and what is left of it; `DoesNotFail` where it, or its component, does not."""

    def __init__(
        self, releases: Releases, release: str, case: Case, *, check: str | None, component: int | None, into: Path
    ) -> None:
        original = from_case(case, component)
        failure = releases.failure(release, check, original)
        where = f"scikit-learn {release}, case {case.name}"
        if failure is None:
            which = check or "none of the checks"
            raise DoesNotFail(f"{where}: {which} {'does not fail' if check else 'fails'}; should fail, to be reduced")
        if failure["faults"] is None:
            states = failure["states"]
            lost = [f"{n} ({state})" for n, state in enumerate(states) if state.startswith(("empty", "dragged"))]
            raise DoesNotFail(
                f"{where}: component {component} is {states[component]}; should be one that"
                f" {failure['check']} fails for: {', '.join(lost) or 'none of them'}"
            )
        self._releases, self._release, self._case, self._into = releases, release, case, into
        self.failure: dict[str, Any] = failure  # as `probe.Probe.failure` gives it
        self.original = self.best = replace(original, component=failure["component"])
        self.asked = 0  # candidates that a release was asked about
        self.seconds = 0.0  # wall time until the best was written, without that of asking the other releases
        self.rows: list[Row] = []  # for each release that was asked about the best

    @property
    def agrees(self) -> bool:
        return all(row.agrees for row in self.rows)

    def run(self, versions: Sequence[str] = (), *, least_components: int = 1, afresh: bool = False) -> None:
        """Reduce, ask releases about the result, and write what an upstream issue needs.

        Where one of the `versions`, which are asked, does not agree the search goes
        back to where it did, and on with it as a judge. After Ctrl-C the smallest
        so far is written, and the same call goes on, unless it begins `afresh`.
        """
        started = time.perf_counter()
        failure = {name: self.failure[name] for name in ("check", "state")}
        header = ["reduction", {"case": self.original.key, "code": _code(), **failure}]
        journal = Journal(self._into / "journal.jsonl", header, afresh=afresh)
        progress = Progress(self.original)
        with progress:
            if journal.entries:
                progress.show(f"going on after {len(journal.entries)} candidates that are in {journal.path}")
            judges = [self._releases.judge(self._release, self.failure)]
            search = Search(self.original, judges, journal, progress.tried, least_components)
            try:
                self._search_and_verify(search, versions, progress)
            except KeyboardInterrupt:
                self.best = search.best
                self._store()
                raise command_line.Interrupted(
                    f"{self._into} has the smallest so far, {self.best.size}; the same command goes on from here"
                ) from None
            self.asked = search.asked
            self._store(finished=True)
            journal.path.unlink(missing_ok=True)
        self.seconds += time.perf_counter() - started

    def _search_and_verify(self, search: Search, versions: Sequence[str], progress: Progress) -> None:
        failures: dict[str, dict[str, Any] | None] = {self._release: self.failure}

        def starts(candidate: Candidate) -> list[dict[str, Any]]:
            return self._releases.probe(self._release).ask("starts", candidate=candidate.request)

        while True:
            self.best, self.rows = search.run(starts), []
            started = time.perf_counter()
            for version in versions:
                self.rows.append(self._row(version, failures))
                progress.update(f"verifying: {self.rows[-1].line().strip()}")
            self.seconds -= time.perf_counter() - started
            judging = {judge.release for judge in search.judges}
            differing = next((row for row in self.rows if not row.agrees and row.release not in judging), None)
            if differing is None or differing.original is None:
                return
            progress.show(
                f"scikit-learn {differing.release} does not agree: going back, with that release as a judge, too"
            )
            search.add_judge(self._releases.judge(differing.release, differing.original))

    def _row(self, version: str, failures: dict[str, dict[str, Any] | None]) -> Row:
        """Ask a release about the best; about the original once, which is kept in `failures`."""
        try:
            if version not in failures:
                failures[version] = self._releases.failure(version, self.failure["check"], self.original)
            failure = failures[version]
            if failure is None or failure["faults"] is None:
                return Row(version, None, False)
            return Row(version, failure, self._releases.judge(version, failure).same([self.best]) == [True])
        except EnvironmentFailed as error:
            return Row(version, None, False, str(error))

    def _store(self, *, finished: bool = False) -> None:
        """Write the case and its script; of a reduction that was not cut off also the text of the issue."""
        check = self.failure["check"]
        case = output.reduced_case(self.best, self._case, self.failure, self._release)
        script = output.write_script(self.best, check, case.title)
        texts = {"reproduce.py": script}
        if finished:
            python = self._releases.python(self._release)
            texts["issue.md"] = output.write_issue(
                self.best, check, self.failure["state"], script=script, output=output.run_script(python, script),
                versions=output.versions(python, corpus.PROJECT),
                exact=self._releases.probe(self._release).ask("exact", candidate=self.best.request),
                releases=[row.release for row in self.rows if row.same],
                upstream=output.upstream_of(self._case.name, check, self._release),
            )  # fmt: skip
        output.store(self._into, case, texts)


def _code() -> str:
    """A digest of what the verdicts in a journal depend on."""
    digest = hashlib.sha256()
    for pattern in ("tests/test_*.py", "tests/support/*.py", "tests/workers/*.py", "tests/tools/reduce/*.py"):
        for path in sorted(corpus.PROJECT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
