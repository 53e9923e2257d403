"""Search all the commits between two scikit-learns by full builds, where ``sklearn/mixture`` alone does not show it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.tools import release_environment
from tests.tools.bisect.commit_environment import SHORT, CommitEnvironment
from tests.tools.bisect.commit_search import CommitSearch, Culprit, Ends, NoCulprit
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.clone import Clone
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.tools.sources import build
from tests.tools.sources.tree import NOT_BUILT_FROM, CommitTree

# What git looks at: a commit that changes nothing of it is never a culprit.
TESTS = "tests"
PATHS = [".", *(f":(exclude){folder}" for folder in NOT_BUILT_FROM), f":(exclude,glob)**/{TESTS}/**"]
# For the plan, before one was timed: `build.COST`.
SECONDS_OF_A_BUILD = 900.0
# Environments that the ends are tried in: that of a release near the older end, and of one near the newer.
ENVIRONMENTS = 2

Say = Callable[[str], None]


@dataclass
class Pace:
    """How many builds there were, and how many there will be at most."""

    most: int
    begun: int = 0
    seconds: list[float] = field(default_factory=list)  # Of each one that was built now, and not before

    def words(self) -> str:
        """What is left, in a few words."""
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

    def ask(self, clone: Clone, commit: str, question: Question) -> Answer:
        """What a full build of a commit answers; one that cannot be built cannot be tested."""

        def answer() -> Answer:
            self._pace.begun += 1
            self._say(self._pace.words())
            answered = self._answer(clone, commit, question)
            self._say(f"{commit[:SHORT]}: {question.words(answered)}")
            return answered

        wheel = f"{self.release.version}, a full build"
        return self._ask_once(_digest(clone, commit), commit, wheel, question, answer)

    def _answer(self, clone: Clone, commit: str, question: Question) -> Answer:
        name = commit[:SHORT]
        place = Path(tempfile.mkdtemp(prefix="built-", dir=self._scratch), "environment")
        try:
            begun = time.time()
            wheel = build.wheel_of(CommitTree(clone, commit), name, self.release, self._say)
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
    """Searches by full builds."""

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


def _digest(clone: Clone, commit: str) -> str:
    """Equal for commits whose builds are."""
    digest = hashlib.sha256()
    for path, content in sorted(clone.file_ids(commit).items()):
        parts = path.split("/")
        if parts[0] not in NOT_BUILT_FROM and TESTS not in parts[:-1]:
            digest.update(f"{path}\0{content}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()
