"""Search the versions of numpy and scipy for the one that changed an answer, with scikit-learn held fixed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from fixtures.fault import Fault
from tests.tools import release_environment, releases
from tests.tools.bisect import order
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release

DEPENDENCIES = ("numpy", "scipy")


@dataclass(frozen=True)
class DependencyCulprit:
    """The version of a dependency that changed an answer."""

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
        """What a release answers with some versions of its dependencies."""
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
    """A search between the environments of two releases."""

    question: Question
    change: ReleaseChange
    ask_environment: Callable[[Release, Mapping[str, str]], Answer]  # Like `Environments.ask`
    offered: Callable[[str, str], Sequence[str]] = releases.versions_with_wheels  # Of a Python and a package
    known: dict[tuple[Release, frozenset[tuple[str, str]]], Answer] = field(default_factory=dict)

    def find(self) -> DependencyCulprit | str:
        """The culprit, or why none was found."""
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

        found = order.first_change(0, len(versions) - 1, changed)
        before, after = versions[found.before], versions[found.after]
        return DependencyCulprit(package, before, after, fixed.version, ask(found.before), ask(found.after))

    def _differ(self, one: Answer, other: Answer) -> bool:
        return one.known and other.known and self.question.differs(one, other)

    def _ask(self, fixed: Release, versions: Mapping[str, str]) -> Answer:
        key = (fixed, frozenset(versions.items()))
        if key not in self.known:
            self.known[key] = self.ask_environment(fixed, versions)
        return self.known[key]
