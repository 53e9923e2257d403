"""Search the releases of the table, or the versions of numpy and scipy, for those at which an answer changes."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from fixtures.fault import Fault
from tests.tools import release_environment, release_table
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.workers.probe import FAILS, PASSES

AT_A_TIME = 2
# For the plan: CPU seconds of an answer of an environment that is there, and of making one and its bytecode.
SECONDS_OF_A_STEP, SECONDS_TO_MAKE = 3.0, 6.0
DEPENDENCIES = ("numpy", "scipy")

Ask = Callable[[Release], Answer]


class EndsUnusable(Fault):
    """Two ends between which there is nothing to search: they agree, are swapped, or cannot be tested."""


@dataclass(frozen=True)
class ReleaseChange:
    """Two releases, next to each other of those that can be tested, whose answers differ."""

    before: Release
    after: Release
    answer_before: Answer
    answer_after: Answer
    skipped: tuple[Release, ...] = ()  # Releases between them that cannot be tested


@dataclass(frozen=True)
class Halved:
    """Where a sequence changes: after `before`, at `after` or at one of what lies between and cannot be tested."""

    before: int  # Places in the sequence
    after: int
    skipped: tuple[int, ...] = ()  # Places between them


def first_change(first: int, last: int, changed: Callable[[int], bool | None]) -> Halved:
    """Find a change between a first place that is as before and a last one that has changed, by halving.

    `changed` is asked at most once for each place, and gives None where that cannot be tested.
    """
    before, after = first, last
    skipped: set[int] = set()
    while True:
        middle = (before + after) // 2
        open_places = [place for place in range(before + 1, after) if place not in skipped]
        if not open_places:
            return Halved(before, after, tuple(sorted(place for place in skipped if before < place < after)))
        place = min(open_places, key=lambda candidate: (abs(candidate - middle), candidate))
        answer = changed(place)
        if answer is None:
            skipped.add(place)
        elif answer:
            after = place
        else:
            before = place


def most_steps(first: int, last: int) -> int:
    """How many places are asked at most, where all can be tested."""
    return max(0, (last - first - 1)).bit_length()


def asker(question: Question, answers: Answers) -> Ask:
    """Answers of releases, each asked once, in an environment that is made where it is not there."""

    @functools.cache
    def ask(release: Release) -> Answer:
        return answers.keep(release.version, release.version, lambda: _answer(question, release))

    return ask


def _answer(question: Question, release: Release) -> Answer:
    try:
        python = release_environment.make(release)
    except EnvironmentFailed as reason:  # the others may be there, or have an interpreter
        return Answer(None, str(reason))
    return question.ask(python, f"scikit-learn {release.version}")


def ask_all(ask: Ask, releases: Sequence[Release]) -> list[Answer]:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        try:
            return list(pool.map(ask, releases))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def require_ends(question: Question, good: Answer, bad: Answer, names: tuple[str, str]) -> None:
    """Refuse two ends, by the user's names of them, between which there is nothing to find."""
    for name, answer in zip(names, (good, bad), strict=True):
        if not answer.known:
            raise EndsUnusable(f"{name} cannot be tested: {answer.said}; should be two ends that can")
    if question.checks and (good.value, bad.value) == (FAILS, PASSES):
        raise EndsUnusable(
            f"{question.name} fails with {names[0]} and passes with {names[1]}: good and bad are swapped; should be"
            f" --good {names[1]} --bad {names[0]}"
        )
    if undecided := question.undecided(good, bad):
        raise EndsUnusable(f"{question.name} with {names[1]} relative to {names[0]}: {undecided}")
    if not question.differs(good, bad):
        good, bad = question.reported(good, bad)
        seen = f"{question.name} {good.value} with {names[0]} and with {names[1]} alike"
        if question.outcome:
            answers = f"{question.words(good)} with {names[0]} and {question.words(bad)} with {names[1]}"
            seen = f"{question.name} does not differ: {answers}"
        raise EndsUnusable(
            f"{seen}; should be two ends that differ (without --good and --bad all releases are searched)"
        )


def changes(
    question: Question, answers: Answers, releases: list[Release], good: Release | None, bad: Release | None
) -> list[ReleaseChange]:
    """The change between two ends, or all those of all releases."""
    ask = asker(question, answers)
    if good and bad:
        return [between(question, ask, releases, good, bad)]
    return everywhere(question, ask, releases)


def between(question: Question, ask: Ask, releases: Sequence[Release], good: Release, bad: Release) -> ReleaseChange:
    """Verify two ends and halve what lies between them.

    Where the answer changes more than once between the ends, one of the changes is found.
    """
    answers = dict(zip((good, bad), ask_all(ask, [good, bad]), strict=True))
    require_ends(question, answers[good], answers[bad], (good.version, bad.version))
    first, last = sorted((releases.index(good), releases.index(bad)))
    ends = ask(releases[first]), ask(releases[last])

    def changed(place: int) -> bool | None:
        return question.changed(ends[0], ask(releases[place]), ends[1])

    change = _change(question, ask, releases, first_change(first, last, changed))
    if not question.differs(ask(change.before), ask(change.after)):
        said = question.words(change.answer_after)
        raise EndsUnusable(
            f"halving ends at {change.before.version} and {change.after.version}, which do not differ ({said}): the"
            f" change from {good.version} to {bad.version} is the sum of several; should be two ends closer together"
        )
    return change


def everywhere(question: Question, ask: Ask, releases: Sequence[Release]) -> list[ReleaseChange]:
    """Ask every release, and give each change from one that can be tested to the next that can."""
    answers = ask_all(ask, releases)
    known = [place for place, answer in enumerate(answers) if answer.known]
    if not known:
        raise EndsUnusable(f"no release can be tested: {answers[-1].said}")
    return [
        _change(question, ask, releases, Halved(one, other, tuple(range(one + 1, other))))
        for one, other in itertools.pairwise(known)
        if question.differs(answers[one], answers[other])
    ]


def _change(question: Question, ask: Ask, releases: Sequence[Release], change: Halved) -> ReleaseChange:
    before, after = releases[change.before], releases[change.after]
    skipped = tuple(releases[place] for place in change.skipped)
    return ReleaseChange(before, after, *question.reported(ask(before), ask(after)), skipped)


def plan(
    releases: Sequence[Release], good: Release | None, bad: Release | None, seconds_of_a_comparison: float = 0.0
) -> tuple[int, float]:
    """How many releases are asked at most, and the seconds that this is expected to take."""
    if good and bad:
        first, last = sorted((releases.index(good), releases.index(bad)))
        candidates, steps = releases[first : last + 1], 2 + most_steps(first, last)
    else:
        candidates, steps = releases, len(releases)
    missing = sum(not release_environment.is_made(release) for release in candidates)
    to_make = min(steps, missing)
    at_a_time = 1 if good and bad else AT_A_TIME
    to_ask = (steps * SECONDS_OF_A_STEP + to_make * SECONDS_TO_MAKE) / at_a_time
    return steps, to_ask + steps * seconds_of_a_comparison


@dataclass(frozen=True)
class DependencyCulprit:
    package: str
    before: str  # Neighbouring versions of it that have a wheel
    after: str
    release: str  # The scikit-learn that was held fixed
    answer_before: Answer
    answer_after: Answer


@dataclass(frozen=True)
class Environments:
    """Private environments of releases whose numpy and scipy are exchanged, asked one thing."""

    question: Question
    scratch: Path
    answers: Answers
    pythons: dict[Release, Path] = field(default_factory=dict)

    def ask(self, fixed: Release, versions: Mapping[str, str]) -> Answer:
        wanted = [f"{name}=={version}" for name, version in sorted(versions.items())]
        return self.answers.keep(", ".join(wanted), fixed.version, lambda: self._answer(fixed, wanted))

    def _answer(self, fixed: Release, wanted: Sequence[str]) -> Answer:
        if fixed not in self.pythons or self.question.keeps_environments:
            place = Path(tempfile.mkdtemp(prefix="dependencies-", dir=self.scratch), fixed.version)
            self.pythons[fixed] = release_environment.make_private(fixed, place)
        python = self.pythons[fixed]
        options = ["--quiet", "--python", str(python), "--no-deps", "--only-binary=:all:"]
        try:
            release_environment.uv(["pip", "install", *options, *wanted])
        except EnvironmentFailed as reason:  # no wheel of this version for this Python
            return Answer(None, str(reason))
        return self.question.ask(python, f"scikit-learn {fixed.version} with {', '.join(wanted)}")


@dataclass(frozen=True)
class DependencySearch:
    question: Question
    change: ReleaseChange
    ask_environment: Callable[[Release, Mapping[str, str]], Answer]  # Like `Environments.ask`
    offered: Callable[[str, str], Sequence[str]] = release_table.versions_with_wheels  # Of a Python and a package
    known: dict[tuple[Release, frozenset[tuple[str, str]]], Answer] = field(default_factory=dict)

    def find(self) -> DependencyCulprit | str:
        change = self.change
        before, after = (
            {name: answer.versions[name] for name in DEPENDENCIES if name in answer.versions}
            for answer in (change.answer_before, change.answer_after)
        )
        if before == after:
            return f"{change.before.version} and {change.after.version} have the same numpy and scipy"
        reasons = []
        # The newer scikit-learn is likelier to run with older dependencies than the older one with newer.
        for fixed, own, other in ((change.after, after, before), (change.before, before, after)):
            found = self._find_with(fixed, own, other)
            if isinstance(found, DependencyCulprit):
                return found
            reasons.append(found)
        return "; ".join(reasons)

    def _find_with(self, fixed: Release, own: Mapping[str, str], other: Mapping[str, str]) -> DependencyCulprit | str:
        start = self._ask(fixed, own)
        for package in (name for name in own if own[name] != other.get(name, own[name])):
            if self._differ(start, self._ask(fixed, {**own, package: other[package]})):
                return self._between(fixed, own, package, other[package])
        named = " and ".join(f"{name} {version}" for name, version in other.items())
        together = self._ask(fixed, other)
        if not together.known:
            return f"scikit-learn {fixed.version} cannot be tested with {named}: {together.said}"
        if self._differ(start, together):
            return f"scikit-learn {fixed.version} answers otherwise with {named}, but not with one of them alone"
        if undecided := self.question.undecided(start, together) if start.known else "":
            return f"scikit-learn {fixed.version} with {named}: {undecided}"
        return f"scikit-learn {fixed.version} answers alike with {named}"

    def _between(self, fixed: Release, own: Mapping[str, str], package: str, other: str) -> DependencyCulprit:
        low, high = sorted((own[package], other), key=Version)
        try:
            offered = sorted(self.offered(fixed.python, package), key=Version)
        except Fault as error:
            raise EnvironmentFailed(f"the versions of {package} cannot be listed: {error}") from None
        versions = [low, *(version for version in offered if Version(low) < Version(version) < Version(high)), high]

        def ask(place: int) -> Answer:
            return self._ask(fixed, {**own, package: versions[place]})

        def changed(place: int) -> bool | None:
            return self.question.changed(ask(0), ask(place), ask(len(versions) - 1))

        found = first_change(0, len(versions) - 1, changed)
        before, after = versions[found.before], versions[found.after]
        return DependencyCulprit(package, before, after, fixed.version, ask(found.before), ask(found.after))

    def _differ(self, one: Answer, other: Answer) -> bool:
        return one.known and other.known and self.question.differs(one, other)

    def _ask(self, fixed: Release, versions: Mapping[str, str]) -> Answer:
        key = (fixed, frozenset(versions.items()))
        if key not in self.known:
            self.known[key] = self.ask_environment(fixed, versions)
        return self.known[key]
