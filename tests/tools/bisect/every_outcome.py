"""Every outcome of every stored case between two releases: what changed it, and whether the ledger explains it.

Each commit between them that changes ``sklearn/mixture`` is asked for all cases at once, and so is its parent, on one
wheel: so what each commit did is told apart, however many others changed the same outcome. What changes with the same
``sklearn/mixture`` on both wheels is that of numpy or scipy, or of the rest of scikit-learn.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.version import Version

from fixtures import corpus, whole_file
from fixtures.fault import Fault
from tests.support import ledger
from tests.tools import ledger_file, release_environment, release_table
from tests.tools.bisect.commit_search import MIXTURE_ALONE, SHORT, CommitEnvironment
from tests.tools.bisect.explanation import Explainer
from tests.tools.bisect.question import SECONDS_AT_MOST, WORKER, Answer, Answers, Question, first_line
from tests.tools.bisect.release_search import DEPENDENCIES, EndsUnusable, Environments
from tests.tools.clone import Clone, Commit, HistoryUnusable, commit_of_release
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerFailed, WorkerProcess, WorkerRefused
from tests.workers.probe import ABSENT

FORMAT_VERSION = 1
NAMED_CASES = 3
# For the plan: of the 117 stored cases.
SECONDS_OF_ALL_CASES = 15.0

Outcome = tuple[str, str]  # Of a case (its name), and what it is called
AskDependencies = Callable[[Release, Mapping[str, str]], Answer]  # Like `Environments.ask`


@dataclass(frozen=True)
class EveryOutcome(Question):
    """Asks all that the fits of some cases left."""

    cases: tuple[str, ...] = ()

    def ask(self, python: Path, name: str) -> Answer:
        try:
            with WorkerProcess(python, WORKER, name) as worker:
                versions = worker.ask("under_test", timeout=SECONDS_AT_MOST)
                left = {case: worker.ask("outcomes", timeout=SECONDS_AT_MOST, case=case) for case in self.cases}
        except (WorkerRefused, WorkerFailed) as reason:
            return Answer(None, first_line(reason))
        return Answer(left, versions=versions)


@dataclass(frozen=True)
class Side:
    """One of the two releases."""

    release: Release
    commit: str
    wheel: CommitEnvironment
    released: Answer


@dataclass(frozen=True)
class Dependency:
    package: str
    before: str
    after: str


@dataclass(frozen=True)
class Unknown:
    reason: str


Cause = Commit | Dependency | Unknown


@dataclass
class Change:
    """An outcome that differs between the two releases."""

    case: str
    outcome: str
    beyond_rounding: bool  # Else in bits alone
    causes: list[Cause] = field(default_factory=list)
    unlisted: list[Cause] = field(default_factory=list)  # Those of the causes that the ledger does not explain


def changed(one: Answer, other: Answer) -> dict[Outcome, bool]:
    """The outcomes in which two answers differ, and whether they do beyond rounding."""
    found = {}
    for case, left in one.value.items():
        for name in sorted(left.keys() | other.value[case].keys()):
            asked = Question(case, (), name, name, bits=True)
            answers = [_answer(side.value[case].get(name)) for side in (one, other)]
            if asked.differs(*answers):
                found[case, name] = replace(asked, bits=False).differs(*answers)
    return found


def _answer(reply: Mapping[str, Any] | None) -> Answer:
    if reply is None:
        return Answer(ABSENT)
    return Answer(reply["value"], tolerance=reply.get("tolerance"), types=reply.get("types"))


def run(clone: Clone, versions: Sequence[str], *, dry_run: bool, written: Path | None) -> int:
    """Say of each change between two releases what made it; 0 where all of them have a cause."""
    before, after = (release_environment.find(version) for version in versions)
    releases = release_table.read()
    if releases.index(before) >= releases.index(after):
        raise Fault(f"--changes {before.version} {after.version}: should be an older release and a newer one")
    cases = tuple(sorted(set(corpus.case_names()) - set(corpus.names_with("published"))))
    old, new = (commit_of_release(clone, release) for release in (before, after))
    most = 4 + len(DEPENDENCIES) + 2 * len(clone.changing(old, new, MIXTURE_ALONE))
    print(
        f"plan: every outcome of {len(cases)} cases with {before.version}, {after.version} and the commits between"
        f" them: at most {most} runs, about {most * SECONDS_OF_ALL_CASES:.0f} s",
        flush=True,
    )
    if dry_run:
        return 0
    asked = EveryOutcome("", (), None, "every outcome", cases=cases)
    answers = Answers(lambda step: print(f"  {step.what} on {step.wheel}, {step.seconds:.0f} s", flush=True))
    with release_environment.private_folder() as scratch:
        explainer = Explainer(clone, scratch, answers)
        released = [_released(asked, answers, release) for release in (before, after)]
        commits = [explainer.commit_of(release) for release in (before, after)]
        wheels = [explainer.wheel(release) for release in (before, after)]
        swapped = Environments(asked, scratch, answers).ask
        sides = [Side(*side) for side in zip((before, after), commits, wheels, released, strict=True)]
        found = changes(asked, clone, sides[0], sides[1], swapped)
    explain(found, ledger_file.read(), after)
    print("\n".join(lines(found, before, after)))
    if written:
        whole_file.write_text(written, json.dumps(as_json(found, before, after), indent=1) + "\n")
    return 1 if any(isinstance(cause, Unknown) for change in found for cause in change.causes) else 0


def _released(asked: EveryOutcome, answers: Answers, release: Release) -> Answer:
    python = release_environment.make(release)
    answer = answers.keep(
        release.version, release.version, lambda: asked.ask(python, f"scikit-learn {release.version}")
    )
    if not answer.known:
        raise EndsUnusable(f"{release.version} cannot be tested: {answer.said}; should be two releases that can")
    return answer


def changes(asked: EveryOutcome, clone: Clone, older: Side, newer: Side, swapped: AskDependencies) -> list[Change]:
    """All outcomes that differ between two releases, each with all that changed it.

    `swapped` asks a release with other versions of numpy and scipy.
    """
    found = {key: Change(*key, beyond) for key, beyond in changed(older.released, newer.released).items()}
    untested = []
    for commit in clone.changing(older.commit, newer.commit, MIXTURE_ALONE):
        of_this = of_commit(clone, [newer.wheel, older.wheel], commit.id, asked)
        if of_this is None:
            untested.append(commit.id[:SHORT])
        _add(found, of_this or (), commit)
    outside = _outside(asked, clone, older, newer) & found.keys()
    elsewhere = "outside sklearn/mixture, and neither numpy nor scipy alone"
    for dependency, of_dependency in of_dependencies(swapped, older, newer) if outside else ():
        if of_dependency is None:
            elsewhere += f"; {dependency.package} was not tried: no wheel of it for both"
        _add(found, outside & (of_dependency or set()), dependency)
        outside -= of_dependency or set()
    _add(found, outside, Unknown(elsewhere))
    rest = f"one of {', '.join(untested)}, which cannot be tested" if untested else "none of the commits alone"
    _add(found, [key for key, change in found.items() if not change.causes], Unknown(rest))
    return list(found.values())


def _add(found: Mapping[Outcome, Change], outcomes: Iterable[Outcome], cause: Cause) -> None:
    for key in outcomes:
        if key in found:
            found[key].causes.append(cause)


def of_commit(
    clone: Clone, wheels: Sequence[CommitEnvironment], commit: str, asked: EveryOutcome
) -> Mapping[Outcome, bool] | None:
    """What a commit changed, on the first wheel that runs it and its parent; None without one."""
    for wheel in wheels:
        try:
            sides = [wheel.ask(clone, one, asked) for one in (*clone.parents(commit)[:1], commit)]
        except HistoryUnusable:  # where sklearn/mixture begins
            return None
        if len(sides) == 2 and all(side.known for side in sides):
            return changed(*sides)
    return None


def _outside(asked: EveryOutcome, clone: Clone, older: Side, newer: Side) -> set[Outcome]:
    """The outcomes that the same ``sklearn/mixture`` has otherwise on the wheel of the other release."""
    for side, other in ((older, newer), (newer, older)):
        laid = other.wheel.ask(clone, side.commit, asked)
        if laid.known:
            return set(changed(side.released, laid))
    return set()


def of_dependencies(ask: AskDependencies, older: Side, newer: Side) -> Iterator[tuple[Dependency, set[Outcome] | None]]:
    """What one release has otherwise with the numpy, or the scipy, of the other; None where neither runs with it."""
    for package in DEPENDENCIES:
        before, after = (side.released.versions[package] for side in (older, newer))
        if before != after:
            # The newer scikit-learn is likelier to run with older dependencies than the older one with newer.
            answers = (
                (side, ask(side.release, {**_dependencies(side), package: version}))
                for side, version in ((newer, before), (older, after))
            )
            found = (set(changed(side.released, answer)) for side, answer in answers if answer.known)
            yield Dependency(package, before, after), next(found, None)


def _dependencies(side: Side) -> dict[str, str]:
    return {name: side.released.versions[name] for name in DEPENDENCIES}


def explain(found: Iterable[Change], known: ledger.Ledger, after: Release) -> None:
    """Note which causes the ledger does not list for the release, of a defect that the case shows."""
    cases: dict[str, set[str]] = defaultdict(set)
    for entry in known.entries:
        cases[entry.defect].add(entry.case)
    listed = [(culprit, cases[culprit.defect]) for culprit in known.culprits if culprit.release == after.version]
    for change in found:
        change.unlisted = [
            cause for cause in change.causes
            if not any(change.case in shown and _is(cause, culprit) for culprit, shown in listed)
        ]  # fmt: skip


def _is(cause: Cause, culprit: ledger.Culprit) -> bool:
    if isinstance(cause, Commit):
        return cause.id == culprit.commit
    if isinstance(cause, Unknown) or not culprit.dependency:
        return False
    package, version = culprit.dependency.split()
    return package == cause.package and Version(cause.before) < Version(version) <= Version(cause.after)


def lines(found: Sequence[Change], before: Release, after: Release) -> list[str]:
    """Each cause, how many of its changes the ledger explains, and the others by outcome."""
    said = [f"{_count(found)} changed from scikit-learn {before.version} to {after.version}"]
    for cause in dict.fromkeys(cause for change in found for cause in change.causes):
        of_cause = [change for change in found if cause in change.causes]
        unlisted = [change for change in of_cause if cause in change.unlisted]
        explained = len(of_cause) - len(unlisted)
        said.append(f"{_words(cause)}: {_count(of_cause)}, of which the ledger explains {explained}")
        kinds: dict[str, list[str]] = defaultdict(list)
        for change in unlisted:
            kinds[change.outcome + ("" if change.beyond_rounding else " in bits alone")].append(change.case)
        for kind, cases in sorted(kinds.items()):
            named = ", ".join(cases[:NAMED_CASES]) + (", ..." if len(cases) > NAMED_CASES else "")
            said.append(f"  {kind} on {len(cases)} case{'' if len(cases) == 1 else 's'} ({named})")
    return said


def as_json(found: Sequence[Change], before: Release, after: Release) -> dict[str, Any]:
    changes = [
        {
            "case": change.case, "outcome": change.outcome, "beyond_rounding": change.beyond_rounding,
            "causes": [_words(cause) for cause in change.causes],
            "not_in_the_ledger": [_words(cause) for cause in change.unlisted],
        }
        for change in found
    ]  # fmt: skip
    return {"format": FORMAT_VERSION, "releases": [before.version, after.version], "changes": changes}


def _words(cause: Cause) -> str:
    if isinstance(cause, Commit):
        return f"{cause.id[:SHORT]}, {cause.date}, {cause.title}"
    if isinstance(cause, Dependency):
        return f"{cause.package} {cause.after} (after {cause.before}), no commit of scikit-learn"
    return f"no culprit, {cause.reason}"


def _count(found: Sequence[Change]) -> str:
    cases = {change.case for change in found}
    return f"{len(found)} outcome{'' if len(found) == 1 else 's'} of {len(cases)} case{'' if len(cases) == 1 else 's'}"
