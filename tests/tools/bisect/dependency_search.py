"""Search the versions of numpy and scipy for the one that changed an answer, with scikit-learn held fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from tests.tools import release_environment, releases
from tests.tools.bisect import order
from tests.tools.bisect.question import Answer, Question
from tests.tools.bisect.record import Record
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release

DEPENDENCIES = ("numpy", "scipy")


@dataclass(frozen=True)
class DependencyCulprit:
    """The version of a dependency that changed an answer.

    Attributes
    ----------
    package : str
    before, after : str
        Neighbouring versions of it that have a wheel.
    release : str
        The scikit-learn that was held fixed.
    answer_before, answer_after : Answer
    """

    package: str
    before: str
    after: str
    release: str
    answer_before: Answer
    answer_after: Answer


class DependencySearch:
    """A search between the environments of two releases.

    Parameters
    ----------
    question : Question
    change : ReleaseChange
    scratch : Path
        Folder for the environments.
    record : Record
    """

    def __init__(self, question: Question, change: ReleaseChange, scratch: Path, record: Record) -> None:
        self._question = question
        self._change = change
        self._scratch = scratch
        self._record = record

    def find(self) -> DependencyCulprit | str:
        """The culprit, or why there is none."""
        change = self._change
        before, after = change.answer_before.versions, change.answer_after.versions
        different = [name for name in DEPENDENCIES if before.get(name) != after.get(name)]
        if not different:
            return f"numpy and scipy are the same in the environments of {change.before.version} and of" + (
                f" {change.after.version}"
            )
        reasons = []
        # The newer scikit-learn is likelier to run with older dependencies than the older one with newer.
        for fixed, other in ((change.after, before), (change.before, after)):
            own = after if fixed is change.after else before
            found = self._find_with(fixed, own, {name: other[name] for name in different})
            if isinstance(found, DependencyCulprit):
                return found
            reasons.append(f"with scikit-learn {fixed.version} held fixed, {found}")
        return "; ".join(reasons)

    def _find_with(self, fixed: Release, own: Mapping[str, str], other: Mapping[str, str]) -> DependencyCulprit | str:
        place = self._scratch / f"dependencies-{fixed.version}"
        release_environment.make_private(fixed, place)
        python = release_environment.python_of(place)
        start = self._ask(fixed, python, {})
        changed: dict[str, Answer] = {}
        for names in (*([name] for name in other), list(other)):
            answer = self._ask(fixed, python, {**own, **{name: other[name] for name in names}})
            if answer.tells and self._question.differs(start, answer):
                changed["+".join(names)] = answer
                if len(names) == 1:
                    return self._between(fixed, python, own, names[0], other[names[0]])
        if changed:
            return "it takes numpy and scipy together to change the answer"
        return "its answer does not change with " + " and ".join(f"{name} {other[name]}" for name in other)

    def _between(
        self, fixed: Release, python: Path, own: Mapping[str, str], package: str, other: str
    ) -> DependencyCulprit | str:
        low, high = sorted((own[package], other), key=Version)
        try:
            offered = releases.versions_with_wheels(fixed.python, package)
        except releases.IndexUnreachable as error:
            raise EnvironmentFailed(f"the versions of {package} cannot be listed: {error}") from None
        versions = [
            version for version in sorted(offered, key=Version) if Version(low) < Version(version) < Version(high)
        ]
        versions = [low, *versions, high]
        answers: dict[int, Answer] = {}

        def ask(place: int) -> Answer:
            if place not in answers:
                answers[place] = self._ask(fixed, python, {**own, package: versions[place]})
            return answers[place]

        def changed(place: int) -> bool | None:
            answer = ask(place)
            return self._question.differs(ask(0), answer) if answer.tells else None

        found = order.first_change(0, len(versions) - 1, changed)
        before, after = versions[found.before], versions[found.after]
        return DependencyCulprit(package, before, after, fixed.version, ask(found.before), ask(found.after))

    def _ask(self, fixed: Release, python: Path, versions: Mapping[str, str]) -> Answer:
        wanted = [f"{name}=={versions[name]}" for name in DEPENDENCIES if name in versions]

        def answer() -> Answer:
            try:
                if wanted:
                    _install(python, wanted)
            except EnvironmentFailed as reason:
                return Answer(None, str(reason))
            return self._question.ask(python, f"scikit-learn {fixed.version} with {', '.join(wanted)}")

        what = ", ".join(wanted) or "as it is"
        return self._record.take(what, fixed.version, answer)


def _install(python: Path, wanted: Sequence[str]) -> None:
    release_environment.uv(
        ["pip", "install", "--quiet", "--python", str(python), "--no-deps", "--only-binary=:all:", *wanted]
    )
