"""Reduce a case that fails to the smallest one that fails in the same way, and write what an upstream issue needs.

Fewer samples, repeats, components, features and iterations, and numbers with
fewer digits, as long as the same check fails in the same way for the same
component. Run by ``nox -s reduce``.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import corpus
from fixtures.validation import BrokenCase
from tests.tools import release_environment, release_table
from tests.tools.reduce import output
from tests.tools.reduce.candidate import Candidate, from_case
from tests.tools.reduce.issue import Seen, write_issue
from tests.tools.reduce.journal import Journal
from tests.tools.reduce.progress import Progress
from tests.tools.reduce.script import write_script
from tests.tools.reduce.search import Search
from tests.tools.reduce.verification import Releases, Row, Verification, matrix
from tests.tools.worker_process import WorkerFailed, WorkerRefused

EXAMPLES = """\
examples:
  nox -s reduce -- object-leaves-frame
  nox -s reduce -- capture-frame-44 --capture DIR --verify series
  nox -s reduce -- ladder-16-float64 --check test_fit_moves_with_a_translation --sklearn 1.6.1
  nox -s reduce -- .recorded/my-video-frame-44 --component 3 --into upstream-issue
"""
JOURNAL = "journal.jsonl"


class DoesNotFail(Exception):
    """There is nothing to reduce."""


class Task(NamedTuple):
    """What is reduced: a case, how it fails, and on which release."""

    case: corpus.Case
    original: Candidate
    release: str
    failure: dict[str, Any]
    into: Path


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        version = release_environment.find(options.sklearn).version if options.sklearn else matrix("series")[-1]
        case = _load(options.case, options.capture)
        if options.component is not None and not 0 <= options.component < case.n_components:
            has = f"{case.name} has the components 0 to {case.n_components - 1}"
            parser.error(f"--component is {options.component}; {has}")
        with Releases() as releases:
            return _reduce(options, case, version, releases)
    except DoesNotFail as reason:
        print(reason)
        return 1
    except KeyboardInterrupt:
        print("interrupted before anything was reduced", file=sys.stderr)
        return 130
    except (
        corpus.BadCaptureFolder, corpus.CaptureNotAtHand, corpus.UnknownCase, release_environment.EnvironmentFailed,
        release_environment.UnknownRelease, BrokenCase, WorkerFailed, WorkerRefused, OSError,
    ) as error:  # fmt: skip
        print(f"error: {error}", file=sys.stderr)
        return 2


def _reduce(options: argparse.Namespace, case: corpus.Case, version: str, releases: Releases) -> int:
    started = time.perf_counter()
    task = _task(options, case, version, releases)
    _say_what_fails(task)
    if options.dry_run:
        print("  nothing written: --dry-run")
        return 0
    header = {"case": task.original.key, "code": _code()}
    header.update({name: task.failure[name] for name in ("check", "state")})
    with Journal(task.into / JOURNAL, header, afresh=options.afresh) as journal, Progress(task.original) as progress:
        if journal.verdicts:
            progress.say(f"going on after {len(journal.verdicts)} candidates that are in {journal.path}")
        judges = [releases.judge(version, task.failure)]
        search = Search(task.original, judges, journal, progress.update, options.least_components)
        try:
            rows = _search_and_verify(options, task, search, releases, progress)
        except KeyboardInterrupt:
            return _interrupted(task, search.best)
        _store(task, search.best, releases, rows)
        journal.remove()
    _say_what_is_left(task, search, time.perf_counter() - started)
    for row in rows:
        print(row.line())
    return 0 if all(row.agrees for row in rows) else 1


def _task(options: argparse.Namespace, case: corpus.Case, version: str, releases: Releases) -> Task:
    """Ask how the case fails."""
    check = _full_name(options.check, releases.probe(version).ask("names"))
    original = from_case(case, options.component)
    failure = releases.failure(version, check, original)
    where = f"scikit-learn {version}, case {case.name}"
    if failure is None:
        which = check or "none of the checks"
        raise DoesNotFail(f"{where}: {which} {'does not fail' if check else 'fails'}; should fail, to be reduced")
    if failure["faults"] is None:
        raise DoesNotFail(
            f"{where}: component {options.component} is {failure['states'][options.component]}; should be one that"
            f" {failure['check']} fails for: {_failing(failure['states'])}"
        )
    into = Path(options.into) if options.into else corpus.PROJECT / "results" / f"reduced-{case.name}"
    return Task(case, replace(original, component=failure["component"]), version, failure, into)


def _search_and_verify(
    options: argparse.Namespace, task: Task, search: Search, releases: Releases, progress: Progress
) -> list[Row]:
    """Reduce; where a release does not agree with the result, go back to where it did, and go on with it as a judge."""

    def starts(candidate: Candidate) -> list[dict[str, Any]]:
        return releases.probe(task.release).ask("starts", candidate=candidate.request)

    verification = Verification(releases, task.failure["check"], task.original, {task.release: task.failure})
    while True:
        reduced = search.run(starts)
        if not options.verify:
            return []
        rows = verification.rows(matrix(options.verify), reduced, progress.verified)
        judging = {judge.release for judge in search.judges}
        differing = next((row for row in rows if not row.agrees and row.release not in judging), None)
        if differing is None or differing.original is None:
            return rows
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


def _interrupted(task: Task, best: Candidate) -> int:
    case = output.reduced_case(best, task.case, task.failure, task.release)
    script = write_script(best, task.failure["check"], case.title)
    output.store(task.into, case, {"reproduce.py": script})
    print(f"interrupted; {task.into} has the smallest so far, {_size(best)}; the same command goes on from here")
    return 130


def _say_what_fails(task: Task) -> None:
    component, state = task.failure["component"], task.failure["state"]
    what = ", ".join(task.failure["faults"]) if component is None else f"component {component} is {state}"
    print(f"{task.case.name}: {task.failure['check']} fails on scikit-learn {task.release}: {what}", flush=True)


def _say_what_is_left(task: Task, search: Search, seconds: float) -> None:
    print(f"  {_size(task.original)} -> {_size(search.best)}; {search.asked} candidates, {seconds:.1f} s")
    for name in (f"reduced-{task.case.name}", "reproduce.py", "issue.md"):
        print(f"  {task.into / name}")


def _size(candidate: Candidate) -> str:
    counts = zip(candidate.shape, ("sample", "component", "feature"), strict=True)
    return ", ".join(f"{number:,} {what}{'' if number == 1 else 's'}" for number, what in counts)


def _failing(states: list[str]) -> str:
    found = [f"{number} ({state})" for number, state in enumerate(states) if state.startswith(("empty", "dragged"))]
    return ", ".join(found) or "none of them"


def _full_name(check: str | None, names: list[str]) -> str | None:
    if check is None or check in names:
        return check
    if f"test_{check}" in names:
        return f"test_{check}"
    raise WorkerRefused(f"--check is {check!r}; should be one of {', '.join(names)}")


def _load(named: str, capture: str | None) -> corpus.Case:
    """A case of the corpus by its name, or any by its folder."""
    folder = Path(named)
    in_folder = (folder / "case.json").is_file()
    root = folder.resolve().parent if in_folder else corpus.CASES
    return corpus.load_case(folder.resolve().name if in_folder else named, root, corpus.find_capture(capture))


def _code() -> str:
    """What the verdicts in a journal depend on."""
    digest = hashlib.sha256()
    for pattern in ("tests/test_*.py", "tests/support/*.py", "tests/tools/reduce/*.py"):
        for path in sorted(corpus.PROJECT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nox -s reduce --", description=__doc__.split("\n\n")[0], epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    series = release_table.newest_of_series(release_table.read())
    parser.add_argument("case", metavar="CASE", help="a case of the corpus by its name, or any case by its folder")
    parser.add_argument("--check", help="the check that fails (default: the first that does, collapse first)")
    parser.add_argument("--component", type=int, metavar="K", help="the component that fails (default: the first)")
    parser.add_argument("--sklearn", metavar="VERSION", help=f"release or series (default: {series[-1].version})")
    parser.add_argument("--least-components", type=int, default=1, metavar="N", help="keep so many (default: 1)")
    parser.add_argument("--into", metavar="DIR", help="where to write (default: results/reduced-CASE)")
    parser.add_argument("--verify", choices=["series", "every"], help="ask these releases about the result, too")
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--afresh", action="store_true", help="do not go on with a reduction that was cut off")
    parser.add_argument("--dry-run", action="store_true", help="say how the case fails; reduce and write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
