"""Search the commits between two scikit-learns for the one that changed an answer.

Each commit's ``sklearn/mixture`` is laid over the wheel of a near release, which takes a second where a build takes a
quarter of an hour. Two answers are compared on one wheel only. git itself bisects, in a repository of our own that
borrows the clone's objects: nothing is ever written into the clone, so there is nothing to undo in it when the search
is broken off, by Ctrl-C or by kill -9.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.tools import release_environment
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.clone import MIXTURE, Clone, Commit, HistoryUnusable, printed, run_git
from tests.tools.release_environment import NotAnOverlay
from tests.tools.release_table import Release

MIXTURE_ALONE = (MIXTURE, f":(exclude){MIXTURE}/tests")
OLD, NEW, SKIP = "old", "new", "skip"
# Digits of a commit that are shown.
SHORT = 10


@dataclass(frozen=True)
class Culprit:
    commit: Commit
    diff: str  # Of its ``sklearn/mixture``, or of all that is built, to its first parent
    wheel: str  # The release over whose wheel it and its parents were laid, or with whose dependencies they were built
    before: Answer  # Of its parent and of itself, both on this wheel, or built
    after: Answer
    built: bool = False


@dataclass(frozen=True)
class NoCulprit:
    reason: str
    outside: bool = False  # Whether the cause lies outside ``sklearn/mixture``
    candidates: tuple[Commit, ...] = ()  # Where the culprit is one of several
    ends: tuple[str, ...] = ()  # The older and the newer commit between which full builds can search


class Bisection:
    """A bisection between two commits, driven from outside; the older one need not be an ancestor of the newer.

    A commit that changes none of the paths is never the culprit. The folder does not exist yet.
    """

    def __init__(self, clone: Clone, folder: Path, old: str, new: str, paths: Sequence[str] = MIXTURE_ALONE) -> None:
        self._folder = folder
        objects = clone.objects()
        folder.mkdir(parents=True)
        self._run("init", "--quiet", "--bare", f"--object-format={'sha1' if len(old) == 40 else 'sha256'}", str(folder))
        (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        (folder / "HEAD").write_text(f"{new}\n", encoding="utf-8")
        terms = [f"--term-old={OLD}", f"--term-new={NEW}"]
        self._said = self._git("bisect", "start", "--no-checkout", *terms, new, old, "--", *paths)

    def place(self) -> str | list[str]:
        """The commit to judge next; in the end the first that is new, or several where those before it are skipped."""
        ended = re.search(rf"^([0-9a-f]+) is the first {NEW} commit$", self._said, re.MULTILINE)
        if ended:
            return [ended.group(1)]
        if "only 'skip'ped commits left" in self._said:
            return re.findall(r"^([0-9a-f]{40,64})$", self._said, re.MULTILINE)
        if re.search(r"^The merge base \S+ is", self._said, re.MULTILINE):
            raise HistoryUnusable(
                "where the histories of the two ends part, the answer is that of the later end already;"
                " should be two ends of one line of history"
            )
        return self._git("rev-parse", "--verify", "BISECT_HEAD").strip()

    def judge(self, word: str) -> None:
        # git ends with 2 when only skipped ones are left, and with 3 at a merge base that is new.
        self._said = self._git("bisect", word, may_end_with=(0, 2, 3))

    def _git(self, *arguments: str, may_end_with: Sequence[int] = (0,)) -> str:
        return self._run(f"--git-dir={self._folder}", *arguments, may_end_with=may_end_with)

    def _run(self, *arguments: str, may_end_with: Sequence[int] = (0,)) -> str:
        done = run_git(*arguments, folder=self._folder)
        output, errors = printed(done.stdout), printed(done.stderr)
        if done.returncode not in may_end_with:
            said = ((errors or output).strip().splitlines() or ["no message"])[-1]
            raise HistoryUnusable(f"git cannot bisect: {said}")
        return output + errors


class CommitEnvironment(ABC):
    """The environment of a release in which commits are tried, one after another; those of equal content once."""

    built: ClassVar[bool]  # Whether each commit is built; else its ``sklearn/mixture`` is laid over the release

    def __init__(self, release: Release, answers: Answers) -> None:
        self.release = release
        self.answers = answers
        self._asked: dict[tuple[str, Question], Answer] = {}

    def ask(self, clone: Clone, commit: str, question: Question) -> Answer:
        """What a commit answers."""
        key = self._content(clone, commit), question
        if key not in self._asked:
            wheel = f"{self.release.version}, a full build" if self.built else self.release.version
            answered = self.answers.keep(commit[:SHORT], wheel, lambda: self._answer(clone, commit, question))
            self._asked[key] = answered
        return self._asked[key]

    @abstractmethod
    def _content(self, clone: Clone, commit: str) -> str:
        """Equal for commits that answer alike."""

    @abstractmethod
    def _answer(self, clone: Clone, commit: str, question: Question) -> Answer: ...


class Wheel(CommitEnvironment):
    """A private environment of a release, made when it is first needed.

    A question that keeps its environments gets one for each ``sklearn/mixture``.
    """

    built = False

    def __init__(self, release: Release, place: Path, answers: Answers) -> None:
        super().__init__(release, answers)
        self.place = place

    def _content(self, clone: Clone, commit: str) -> str:
        digest = hashlib.sha256()
        for name, content in sorted(clone.mixture_files(commit).items()):
            if name.endswith(".py") and not name.startswith("tests/"):  # which make no difference
                digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def _answer(self, clone: Clone, commit: str, question: Question) -> Answer:
        what = commit[:SHORT]
        place = self.place.with_name(f"{self.place.name}-{what}") if question.keeps_environments else self.place
        python = release_environment.python_of(place)
        if not place.exists():
            release_environment.make_private(self.release, place)
        try:
            release_environment.lay(clone.mixture_files(commit), python)
        except NotAnOverlay as reason:
            return Answer(None, str(reason))
        except OSError as error:
            raise release_environment.EnvironmentFailed(f"sklearn/mixture cannot be laid: {error}") from None
        return question.ask(python, f"{what} on the wheel of {self.release.version}")


@dataclass(frozen=True)
class Ends:
    """Two commits and their answers, the older one first."""

    old: str
    new: str
    before: Answer
    after: Answer
    wheel: CommitEnvironment | None  # The wheel that both answered on; None where each answered on one near to it

    @property
    def known(self) -> bool:
        return self.before.known and self.after.known


@dataclass(frozen=True)
class CommitSearch:
    clone: Clone
    question: Question
    near: Callable[[str], Sequence[CommitEnvironment]]  # Of a commit: where it is likely to run, the likeliest first
    scratch: Path  # Folder for the repository of our own
    paths: Sequence[str] = MIXTURE_ALONE  # What of a commit can matter

    def find(self, olds: Sequence[str], news: Sequence[str]) -> Culprit | NoCulprit:
        """Find the culprit between the first two that differ of commits that may be the ends, the likeliest first."""
        self.clone.require_whole()
        reason = "the clone's history has the newer end before the older one"
        outside = False
        pair: tuple[str, ...] = ()
        for old, new in self._pairs(olds, news):
            ends = self.compare(old, new)
            pair = old, new
            if not ends.known:
                said = ends.before.said or ends.after.said
                reason = f"no wheel runs sklearn/mixture of both ends ({said})"
            elif self.question.differs(ends.before, ends.after):
                return self.bisect(ends)
            elif undecided := self.question.undecided(ends.before, ends.after):
                reason = f"on the same wheel, sklearn/mixture of the one end and of the other: {undecided}"
                pair = ()  # a build would not decide it either
            else:
                outside = True
        if outside:
            reason = (
                "on the same wheel, sklearn/mixture of the one end and of the other answer alike: the cause lies"
                " outside sklearn/mixture, or in a dependency"
            )
        return NoCulprit(reason, outside, ends=pair)

    def after(self, culprit: Culprit, new: str) -> Iterator[Culprit | NoCulprit]:
        """What else changed the answer, commit by commit, after a culprit and up to the newer end.

        Not of what is timed: that of each commit alone would be lost in the noise.
        """
        found: Culprit | NoCulprit = culprit
        while isinstance(found, Culprit) and not self.question.seconds_of_a_comparison:
            if not self.clone.is_ancestor(found.commit.id, new):  # on the main line, after the release was cut
                break
            ends = self.compare(found.commit.id, new)
            if not ends.known or not self.question.differs(ends.before, ends.after):
                break
            found = self.bisect(ends)
            yield found

    def confirm_one_of(self, suspects: Sequence[str]) -> Culprit | None:
        for commit in suspects:
            cause = self._confirm(self.near(commit), commit)
            if isinstance(cause, Culprit):
                return cause
        return None

    def compare(self, old: str, new: str) -> Ends:
        """The answers of two commits: on one wheel where one runs both, if possible one where they differ."""
        near_old = self.near(old)
        found: Ends | None = None
        for wheel in (wheel for wheel in self.near(new) if wheel in near_old):
            ends = Ends(old, new, self._ask(wheel, old), self._ask(wheel, new), wheel)
            if ends.known and self.question.differs(ends.before, ends.after):
                return ends
            found = ends if ends.known else found
        return found or Ends(old, new, self._ask_near(old), self._ask_near(new), None)

    def bisect(self, ends: Ends) -> Culprit | NoCulprit:
        folder = Path(tempfile.mkdtemp(prefix="history-", dir=self.scratch), "borrowed.git")
        bisection = Bisection(self.clone, folder, ends.old, ends.new, self.paths)
        while isinstance(place := bisection.place(), str):
            bisection.judge(self._word(ends, place))
        if len(place) == 1:
            wheels = [*([ends.wheel] if ends.wheel else []), *self.near(place[0])]
            return self._confirm(list(dict.fromkeys(wheels)), place[0])
        candidates = tuple(self.clone.commit(commit) for commit in place)
        return NoCulprit(
            f"it is one of {len(candidates)} commits, all but the last of which cannot be tested",
            candidates=candidates,
            ends=(ends.old, ends.new),
        )

    def _pairs(self, olds: Sequence[str], news: Sequence[str]) -> Iterator[tuple[str, str]]:
        for new in dict.fromkeys(news):
            for old in dict.fromkeys(olds):
                if not self.clone.is_ancestor(new, old):  # else it is not the later one
                    yield old, new

    def _ask(self, wheel: CommitEnvironment, commit: str) -> Answer:
        return wheel.ask(self.clone, commit, self.question)

    def _ask_near(self, commit: str) -> Answer:
        """The first known answer of a near wheel; where there is none, the last reason."""
        answer = Answer(None, "no wheel is near")
        for wheel in self.near(commit):
            answer = self._ask(wheel, commit)
            if answer.known:
                break
        return answer

    def _word(self, ends: Ends, commit: str) -> str:
        try:
            changed = self.question.changed(*self._comparable(ends, commit))
        except HistoryUnusable:  # before sklearn/mixture was there
            return SKIP
        return SKIP if changed is None else NEW if changed else OLD

    def _comparable(self, ends: Ends, commit: str) -> tuple[Answer, Answer, Answer]:
        """The answer of a commit, between those of the older and the newer end to compare it with.

        Both are of one wheel where there is one that runs both ends; another
        one than theirs counts where the ends differ on that one, too.
        """
        if ends.wheel is None:
            return ends.before, self._ask_near(commit), ends.after
        answer = self._ask(ends.wheel, commit)
        if answer.known:
            return ends.before, answer, ends.after
        for wheel in (wheel for wheel in self.near(commit) if wheel is not ends.wheel):
            other = self._ask(wheel, commit)
            if other.known:
                before, after = self._ask(wheel, ends.old), self._ask(wheel, ends.new)
                if before.known and after.known and self.question.differs(before, after):
                    return before, other, after
        return ends.before, answer, ends.after

    def _confirm(self, wheels: Sequence[CommitEnvironment], commit: str) -> Culprit | NoCulprit:
        """The culprit, where it and each of its parents differ on one wheel."""
        parents = self.clone.parents(commit)
        for wheel in wheels:
            with contextlib.suppress(HistoryUnusable):
                after, befores = self._ask(wheel, commit), [self._ask(wheel, parent) for parent in parents]
                if not all(answer.known for answer in (after, *befores)):
                    continue
                if befores and all(self.question.differs(before, after) for before in befores):
                    diff = self.clone.diff(parents[0], commit, self.paths)
                    version, built = wheel.release.version, wheel.built
                    reported = self.question.reported(befores[0], after)
                    return Culprit(self.clone.commit(commit), diff, version, *reported, built)
        return NoCulprit(
            f"git's bisection ends at {commit[:SHORT]}, but it and its parent do not differ on any one wheel",
            candidates=(self.clone.commit(commit),),
            ends=(parents[0], commit) if parents else (),
        )
