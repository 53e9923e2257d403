"""One reduction from end to end: how the case fails, the search, the releases that are asked, and what is written."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import corpus
from fixtures.fault import Fault
from tests.tools.reduce import output
from tests.tools.reduce.candidate import Candidate, from_case
from tests.tools.reduce.issue import Seen, write_issue
from tests.tools.reduce.journal import Journal
from tests.tools.reduce.progress import Progress
from tests.tools.reduce.script import write_script
from tests.tools.reduce.search import Search
from tests.tools.reduce.verification import Releases, Row, Verification

JOURNAL = "journal.jsonl"


class DoesNotFail(Fault):
    """There is nothing to reduce."""


class Interrupted(KeyboardInterrupt):
    """A reduction was cut off; the smallest case so far is in its folder."""

    def __init__(self, best: Candidate) -> None:
        super().__init__("interrupted")
        self.best = best


class Task(NamedTuple):
    """What is reduced: a case, how it fails, and on which release."""

    case: corpus.Case
    original: Candidate  # The whole case with the component that is chosen
    release: str
    failure: dict[str, Any]  # What `probe.Probe.failure` says
    into: Path  # Folder for what comes of it


class Reduction(NamedTuple):
    """What came of a task."""

    best: Candidate
    asked: int  # How many candidates a release was asked about
    seconds: float  # Wall time until it was found and written, without that of asking the other releases
    rows: list[Row]  # What each release that was asked says of the result

    @property
    def agrees(self) -> bool:
        """Whether no release was found on which the result does not fail as the original does."""
        return all(row.agrees for row in self.rows)


def task_of(
    releases: Releases, release: str, case: corpus.Case, *, check: str | None, component: int | None, into: Path
) -> Task:
    """Ask a release how a case fails.

    Raises
    ------
    DoesNotFail
        It does not, or not for the component.
    """
    original = from_case(case, component)
    failure = releases.failure(release, check, original)
    where = f"scikit-learn {release}, case {case.name}"
    if failure is None:
        which = check or "none of the checks"
        raise DoesNotFail(f"{where}: {which} {'does not fail' if check else 'fails'}; should fail, to be reduced")
    if failure["faults"] is None:
        raise DoesNotFail(
            f"{where}: component {component} is {failure['states'][component]}; should be one that"
            f" {failure['check']} fails for: {_failing(failure['states'])}"
        )
    return Task(case, replace(original, component=failure["component"]), release, failure, into)


def reduce(
    task: Task, releases: Releases, versions: Sequence[str] = (), *, least_components: int = 1, afresh: bool = False
) -> Reduction:
    """Reduce, ask releases about the result, and write what an upstream issue needs.

    Parameters
    ----------
    versions : sequence of str
        The releases that are asked about the result. Where one does not agree
        the search goes back to where it did, and on with it as a judge.
    least_components : int
        How many components are kept at least.
    afresh : bool
        Whether to begin anew, instead of going on with one that was cut off.

    Raises
    ------
    Interrupted
        Ctrl-C; the smallest so far is written, and the same call goes on.
    """
    started = time.perf_counter()
    header = {"case": task.original.key, "code": _code()}
    header.update({name: task.failure[name] for name in ("check", "state")})
    with Journal(task.into / JOURNAL, header, afresh=afresh) as journal, Progress(task.original) as progress:
        if journal.verdicts:
            progress.say(f"going on after {len(journal.verdicts)} candidates that are in {journal.path}")
        judges = [releases.judge(task.release, task.failure)]
        search = Search(task.original, judges, journal, progress.update, least_components)
        try:
            rows, asking = _search_and_verify(task, search, releases, versions, progress)
        except KeyboardInterrupt:
            _store_cut_off(task, search.best)
            raise Interrupted(search.best) from None
        _store(task, search.best, releases, rows)
        journal.remove()
    return Reduction(search.best, search.asked, time.perf_counter() - started - asking, rows)


def _search_and_verify(
    task: Task, search: Search, releases: Releases, versions: Sequence[str], progress: Progress
) -> tuple[list[Row], float]:
    """Reduce; where a release does not agree with the result, go back to where it did, and go on with it as a judge.

    Gives what each release says, and the seconds that asking them took.
    """
    asking = 0.0

    def starts(candidate: Candidate) -> list[dict[str, Any]]:
        return releases.probe(task.release).ask("starts", candidate=candidate.request)

    verification = Verification(releases, task.failure["check"], task.original, {task.release: task.failure})
    while True:
        reduced = search.run(starts)
        started = time.perf_counter()
        rows = verification.rows(versions, reduced, progress.verified)
        asking += time.perf_counter() - started
        judging = {judge.release for judge in search.judges}
        differing = next((row for row in rows if not row.agrees and row.release not in judging), None)
        if differing is None or differing.original is None:
            return rows, asking
        progress.say(f"scikit-learn {differing.release} does not agree: going back, with that release as a judge, too")
        search.add_judge(releases.judge(differing.release, differing.original))


def _store(task: Task, reduced: Candidate, releases: Releases, rows: list[Row]) -> None:
    check, state = task.failure["check"], task.failure["state"]
    case = output.reduced_case(reduced, task.case, task.failure, task.release)
    script = write_script(reduced, check, case.title)
    python = releases.python(task.release)
    seen = Seen(
        output.run_script(python, script),
        output.versions(python, corpus.PROJECT),
        releases.probe(task.release).ask("exact", candidate=reduced.request),
        tuple(row.release for row in rows if row.same),
        output.upstream_of(task.case.name, check, task.release),
    )
    issue = write_issue(reduced, check, state, script, seen)
    output.store(task.into, case, {"reproduce.py": script, "issue.md": issue})


def _store_cut_off(task: Task, best: Candidate) -> None:
    case = output.reduced_case(best, task.case, task.failure, task.release)
    output.store(task.into, case, {"reproduce.py": write_script(best, task.failure["check"], case.title)})


def _failing(states: list[str]) -> str:
    found = [f"{number} ({state})" for number, state in enumerate(states) if state.startswith(("empty", "dragged"))]
    return ", ".join(found) or "none of them"


def _code() -> str:
    """What the verdicts in a journal depend on."""
    digest = hashlib.sha256()
    for pattern in ("tests/test_*.py", "tests/support/*.py", "tests/workers/*.py", "tests/tools/reduce/*.py"):
        for path in sorted(corpus.PROJECT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
