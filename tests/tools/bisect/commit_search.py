"""Search the commits between two scikit-learns for the one that changed an answer.

Each commit's ``sklearn/mixture`` is laid over the wheel of a near release,
which takes a second where a build takes a quarter of an hour. Two answers are
compared on one wheel only.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools.bisect.borrowed_history import MIXTURE_ALONE, NEW, OLD, SKIP, Bisection
from tests.tools.bisect.commit_environment import SHORT, CommitEnvironment
from tests.tools.bisect.question import Answer, Question
from tests.tools.clone import Clone, Commit, HistoryUnusable


@dataclass(frozen=True)
class Culprit:
    """The commit that changed an answer."""

    commit: Commit
    diff: str  # Of its ``sklearn/mixture``, or of all that is built, to its first parent
    wheel: str  # The release over whose wheel it and its parents were laid, or with whose dependencies they were built
    before: Answer  # Of its parent and of itself, both on this wheel, or built
    after: Answer
    built: bool = False


@dataclass(frozen=True)
class NoCulprit:
    """A search that ended without one commit."""

    reason: str
    outside: bool = False  # Whether the cause lies outside ``sklearn/mixture``
    candidates: tuple[Commit, ...] = ()  # Where the culprit is one of several
    ends: tuple[str, ...] = ()  # The older and the newer commit between which full builds can search


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
        """Whether both answered."""
        return self.before.known and self.after.known


@dataclass(frozen=True)
class CommitSearch:
    """Searches of one question in one clone."""

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

    def confirm_one_of(self, suspects: Sequence[str]) -> Culprit | None:
        """The first of some commits that differs from its parents on a wheel."""
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
        """Find the culprit between two ends that differ."""
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
        """Whether a commit is old or new."""
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
