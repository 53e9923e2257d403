"""What made an answer change between two scikit-learns: a commit, a dependency, or why neither was found.

Where ``sklearn/mixture`` alone does not show it, all the commits between them can be searched by full builds.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.tools import release_environment, release_table
from tests.tools.bisect.commit_search import (
    SHORT,
    CommitEnvironment,
    CommitSearch,
    Culprit,
    Ends,
    NoCulprit,
    Wheel,
)
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.bisect.release_search import (
    DependencyCulprit,
    DependencySearch,
    EndsUnusable,
    Environments,
    ReleaseChange,
    require_ends,
)
from tests.tools.clone import Clone, commit_of_release, nearest_releases
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.tools.sources import tree
from tests.tools.sources.tree import NOT_BUILT_FROM, CommitTree

# How many wheels are tried on a commit: the nearest ones of the series before and after it are among them.
NEAR = 4
# What git looks at: a commit that changes nothing of it is never a culprit.
TESTS = "tests"
PATHS = [".", *(f":(exclude){folder}" for folder in NOT_BUILT_FROM), f":(exclude,glob)**/{TESTS}/**"]
# For the plan, before one was timed: `tree.COST`.
SECONDS_OF_A_BUILD = 900.0
# Environments that the ends are tried in: that of a release near the older end, and of one near the newer.
ENVIRONMENTS = 2

Cause = Culprit | DependencyCulprit | NoCulprit
Say = Callable[[str], None]


@dataclass
class Pace:
    """How many builds there were, and how many there will be at most."""

    most: int
    begun: int = 0
    seconds: list[float] = field(default_factory=list)  # Of each one that was built now, and not before

    def words(self) -> str:
        one = sum(self.seconds) / len(self.seconds) if self.seconds else SECONDS_OF_A_BUILD
        left = max(self.most - self.begun + 1, 1)
        return f"build {self.begun} of at most {self.most}, about {left * one:.0f} s left at most"


class BuiltCommits(CommitEnvironment):
    """The environment of a release in which one full build after another takes the place of its scikit-learn.

    Dependencies are the same for all, so that only scikit-learn can make a difference.
    """

    built = True

    def __init__(self, release: Release, scratch: Path, answers: Answers, pace: Pace, say: Say) -> None:
        super().__init__(release, answers)
        self._scratch = scratch
        self._pace = pace
        self._say = say

    def _content(self, clone: Clone, commit: str) -> str:
        digest = hashlib.sha256()
        for path, content in sorted(clone.file_ids(commit).items()):
            parts = path.split("/")
            if parts[0] not in NOT_BUILT_FROM and TESTS not in parts[:-1]:
                digest.update(f"{path}\0{content}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def _answer(self, clone: Clone, commit: str, question: Question) -> Answer:
        """What a full build of a commit answers; one that cannot be built cannot be tested."""
        self._pace.begun += 1
        self._say(self._pace.words())
        answered = self._built(clone, commit, question)
        self._say(f"{commit[:SHORT]}: {question.words(answered)}")
        return answered

    def _built(self, clone: Clone, commit: str, question: Question) -> Answer:
        name = commit[:SHORT]
        place = Path(tempfile.mkdtemp(prefix="built-", dir=self._scratch), "environment")
        try:
            begun = time.time()
            wheel = tree.wheel_of(CommitTree(clone, commit), name, self.release, self._say)
            if wheel.stat().st_mtime > begun:
                self._pace.seconds.append(time.time() - begun)
            return question.ask(self._install(wheel, place), f"a full build of {name}")
        except EnvironmentFailed as reason:
            return Answer(None, str(reason))
        finally:
            if not question.keeps_environments:
                shutil.rmtree(place.parent, ignore_errors=True)

    def _install(self, wheel: Path, place: Path) -> Path:
        """Put a wheel, and nothing else, in the place of the release's scikit-learn."""
        python = release_environment.make_private(self.release, place)
        shutil.rmtree(release_environment.packages_of(python) / "sklearn")
        options = ["--quiet", "--offline", "--no-deps", "--reinstall-package=scikit-learn", f"--python={python}"]
        release_environment.uv(["pip", "install", *options, str(wheel)])
        return python


@dataclass(frozen=True)
class FullBuilds:
    clone: Clone
    scratch: Path  # Folder for environments and repositories, removed by its maker
    answers: Answers
    say: Say  # Takes a line: the plan, and each build

    def find(
        self,
        question: Question,
        without: NoCulprit,
        releases: Iterable[Release],
        verify: Callable[[Ends], None] = lambda _: None,
    ) -> Culprit | NoCulprit:
        """Go on between the ends of a search that built nothing.

        The Python and dependencies of one release after another are tried, until the ends differ; `verify`
        takes these ends, and raises where they are not what the user said.
        """
        old, new = without.ends
        self.say(f"without a build: {without.reason}")
        self.say(plan(self.clone, old, new))
        pace = Pace(most_builds(self.clone, old, new))
        reasons = []
        for release in list(dict.fromkeys(releases))[:ENVIRONMENTS]:
            search = self._search(question, BuiltCommits(release, self.scratch, self.answers, pace, self.say))
            ends = search.compare(old, new)
            if ends.known and question.differs(ends.before, ends.after):
                verify(ends)
                cause = search.bisect(ends)
                return replace(cause, ends=()) if isinstance(cause, NoCulprit) else cause
            said = f"cannot be tested ({ends.before.said or ends.after.said})"
            if ends.known:
                said = question.undecided(ends.before, ends.after) or "answer alike"
            reasons.append(f"full builds of both ends, with the dependencies of {release.version}, {said}")
        return NoCulprit("; ".join([without.reason, *reasons]))

    def _search(self, question: Question, environment: BuiltCommits) -> CommitSearch:
        return CommitSearch(self.clone, question, lambda _: [environment], self.scratch, PATHS)


def plan(clone: Clone, old: str, new: str) -> str:
    """What a search by full builds would cost, in a line."""
    between, builds = clone.count(old, new, PATHS), most_builds(clone, old, new)
    return (
        f"full builds: {between} commits between {old[:SHORT]} and {new[:SHORT]} change what is built: at most"
        f" {builds} builds, about {builds * SECONDS_OF_A_BUILD:.0f} s, less where wheels were built before;"
        " Ctrl-C stops it, and keeps the wheels"
    )


def most_builds(clone: Clone, old: str, new: str) -> int:
    """How many builds a search takes at most: the ends in each environment, the halving, and where the ends parted."""
    halving = clone.count(old, new, PATHS).bit_length()
    return ENVIRONMENTS * 2 + halving + (not clone.is_ancestor(old, new))


@dataclass(frozen=True)
class Explainer:
    """Searches the commits, and then the dependencies, between two releases."""

    clone: Clone
    scratch: Path  # Folder for environments and repositories, removed by its maker
    answers: Answers
    wheels: dict[Release, Wheel] = field(default_factory=dict)  # Those that were laid over so far
    builds: FullBuilds | None = None  # What goes on where nothing was found without a build, if the user wants it

    def explain(self, question: Question, change: ReleaseChange, suspects: Sequence[str] = ()) -> Cause:
        """What made an answer change between two releases; a suspected commit that did it spares the search."""
        cause = self._without_builds(question, change, suspects)
        if self.builds and isinstance(cause, NoCulprit) and cause.ends:
            return self.builds.find(question, cause, [change.before, change.after])
        return cause

    def _without_builds(self, question: Question, change: ReleaseChange, suspects: Sequence[str]) -> Cause:
        search = self._search(question, change)
        cause: Cause | None = search.confirm_one_of(suspects)
        if cause is None:
            # The main line on the day of a release: what was added to its branch alone had been there before.
            until = self.clone.last_until(change.after.dependencies_until, self.clone.main_line())
            cause = search.find([self.commit_of(change.before)], [self.commit_of(change.after), until])
        if not (isinstance(cause, NoCulprit) and cause.outside):
            return cause
        return self._dependency(question, change, cause)

    def others(self, question: Question, change: ReleaseChange, cause: Cause) -> Iterator[Cause]:
        """What else changed an answer between two releases, after a commit that did: commits, then the dependencies."""
        if not isinstance(cause, Culprit) or cause.built:
            return
        ends = {release: self.commit_of(release) for release in (change.before, change.after)}
        yield from self._search(question, change).after(cause, ends[change.after])
        for wheel, end, released in (
            (change.after, change.before, change.answer_before),
            (change.before, change.after, change.answer_after),
        ):
            laid = self.wheel(wheel).ask(self.clone, ends[end], question)
            if laid.known:
                if not question.seconds_of_a_comparison and question.differs(released, laid):
                    reason = f"sklearn/mixture of {end.version} answers otherwise on the wheel of {wheel.version}"
                    yield self._dependency(question, change, NoCulprit(reason, outside=True))
                return

    def _dependency(self, question: Question, change: ReleaseChange, without: NoCulprit) -> Cause:
        found = DependencySearch(question, change, Environments(question, self.scratch, self.answers).ask).find()
        if isinstance(found, DependencyCulprit):
            return found
        return NoCulprit(f"{without.reason}; {found}", outside=True, ends=without.ends)

    def _search(self, question: Question, change: ReleaseChange) -> CommitSearch:
        wheels = [self.wheel(change.after), self.wheel(change.before)]
        return CommitSearch(self.clone, question, lambda _: wheels, self.scratch)

    def wheel(self, release: Release) -> Wheel:
        if release not in self.wheels:
            self.wheels[release] = Wheel(release, self.scratch / f"wheel-{release.version}", self.answers)
        return self.wheels[release]

    def commit_of(self, release: Release) -> str:
        files = release_environment.read_folder(release_environment.mixture_of(release_environment.make(release)))
        return commit_of_release(self.clone, release, files)

    def between(
        self, question: Question, good: Release | str, bad: Release | str, names: tuple[str, str]
    ) -> list[Cause]:
        """What made an answer change between two ends, commit by commit; one of them at least is a commit.

        `names` are the user's names of them.
        """
        commits = [end if isinstance(end, str) else self.commit_of(end) for end in (good, bad)]
        reverse = self.clone.is_ancestor(commits[1], commits[0])
        old, new = reversed(commits) if reverse else commits
        search = CommitSearch(self.clone, question, self._near, self.scratch)

        def verify(ends: Ends) -> None:
            answers = (ends.after, ends.before) if reverse else (ends.before, ends.after)
            require_ends(question, answers[0], answers[1], names)

        ends = search.compare(old, new)
        try:
            verify(ends)
            cause: Culprit | NoCulprit = search.bisect(ends)
        except EndsUnusable as reason:
            if ends.known and question.differs(ends.before, ends.after):  # swapped
                raise
            if self.builds is None:
                raise EndsUnusable(f"{reason}; or, as the cause may lie outside sklearn/mixture, --build") from None
            cause = NoCulprit(str(reason), outside=ends.known, ends=(old, new))
        if self.builds and isinstance(cause, NoCulprit) and cause.ends:
            return [self.builds.find(question, cause, [self._nearest(commit)[0] for commit in (old, new)], verify)]
        return [cause, *(search.after(cause, new) if isinstance(cause, Culprit) else ())]

    def _near(self, commit: str) -> list[Wheel]:
        """Wheels that are likely to run a commit, the likeliest first."""
        return [self.wheel(release) for release in self._nearest(commit)]

    def _nearest(self, commit: str) -> list[Release]:
        day = self.clone.commit(commit).date
        return nearest_releases(self.clone.version(commit), day, release_table.read())[:NEAR]
