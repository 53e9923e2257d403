"""Search the commits between two scikit-learns for the one that changed an answer.

Each commit's ``sklearn/mixture`` is laid over the wheel of a near release,
which takes a second where a build takes a quarter of an hour. Two answers are
compared on one wheel only.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools.bisect.borrowed_history import NEW, OLD, SKIP, Bisection
from tests.tools.bisect.question import Answer, Question
from tests.tools.bisect.wheel import Wheel
from tests.tools.history import Clone, Commit, HistoryUnusable

SHORT = 10


@dataclass(frozen=True)
class Culprit:
    """The commit that changed an answer.

    Attributes
    ----------
    commit : Commit
    diff : str
        Of its ``sklearn/mixture``, to its first parent.
    wheel : str
        The release over whose wheel it and its parents were laid.
    before, after : Answer
        Of its parent and of itself, both on this wheel.
    """

    commit: Commit
    diff: str
    wheel: str
    before: Answer
    after: Answer


@dataclass(frozen=True)
class NoCulprit:
    """A search that ended without one commit.

    Attributes
    ----------
    reason : str
    outside : bool
        Whether the cause lies outside ``sklearn/mixture``.
    candidates : tuple of Commit
        Where the culprit is one of several, which cannot be told apart.
    """

    reason: str
    outside: bool = False
    candidates: tuple[Commit, ...] = ()


@dataclass(frozen=True)
class Ends:
    """Two commits that differ on a wheel, the older one first."""

    old: str
    new: str
    wheel: Wheel


class CommitSearch:
    """Searches of one question in one clone.

    Parameters
    ----------
    clone : Clone
    question : Question
    wheels : sequence of Wheel
        The likeliest to fit first.
    scratch : Path
        Folder for the repository of our own.
    """

    def __init__(self, clone: Clone, question: Question, wheels: Sequence[Wheel], scratch: Path) -> None:
        self._clone = clone
        self._question = question
        self._wheels = wheels
        self._scratch = scratch

    def find(self, olds: Sequence[str], news: Sequence[str]) -> Culprit | NoCulprit:
        """Find the culprit between the first two ends that differ on one of the wheels.

        Parameters
        ----------
        olds, news : sequence of str
            Commits that may stand for the older and for the newer end, the likeliest first.

        Raises
        ------
        HistoryUnusable
            The clone's history cannot be searched.
        """
        self._clone.require_whole()
        said: list[str] = []
        for old, new in self._pairs(olds, news):
            for wheel in self._wheels:
                before, after = self._ask(wheel, old), self._ask(wheel, new)
                if not (before.tells and after.tells):
                    said += [answer.said for answer in (before, after) if not answer.tells]
                elif self._question.differs(before, after):
                    return self._bisect(Ends(old, new, wheel))
                else:
                    said.append("")
        if said and all(said):
            return NoCulprit(f"no wheel runs sklearn/mixture of both ends: {said[0]}; `--build` says how to go on")
        return NoCulprit(
            "on the same wheel, sklearn/mixture of the one end and of the other answer alike: the cause lies outside"
            " sklearn/mixture, or in a dependency",
            outside=True,
        )

    def confirm_one_of(self, suspects: Sequence[str]) -> Culprit | None:
        """The first of some commits that differs from its parents on a wheel."""
        for commit in suspects:
            cause = self._confirm(self._wheels, commit)
            if isinstance(cause, Culprit):
                return cause
        return None

    def first_that_tell(self, commits: Sequence[str]) -> list[Answer]:
        """The answers of some commits on the first wheel where they differ, else the last where all of them tell.

        Where no wheel tells, those of the last.
        """
        best: list[Answer] = []
        for wheel in self._wheels:
            answers = [self._ask(wheel, commit) for commit in commits]
            if all(answer.tells for answer in answers):
                if any(self._question.differs(answers[0], answer) for answer in answers[1:]):
                    return answers
                best = answers
            elif not best or not all(answer.tells for answer in best):
                best = answers
        return best

    def _pairs(self, olds: Sequence[str], news: Sequence[str]) -> Iterator[tuple[str, str]]:
        for new in dict.fromkeys(news):
            for old in dict.fromkeys(olds):
                if not self._clone.is_ancestor(new, old):  # else it is not the later one
                    yield old, new

    def _ask(self, wheel: Wheel, commit: str) -> Answer:
        return wheel.ask(self._clone.mixture_files(commit), commit[:SHORT], self._question)

    def _bisect(self, ends: Ends) -> Culprit | NoCulprit:
        old, new = ends.old, ends.new
        folder = Path(tempfile.mkdtemp(prefix="history-", dir=self._scratch), "borrowed.git")
        bisection = Bisection(self._clone, folder, old, new)
        while isinstance(place := bisection.place(), str):
            bisection.judge(self._word(ends, place))
        if len(place.commits) == 1:
            wheels = [ends.wheel, *(wheel for wheel in self._wheels if wheel is not ends.wheel)]
            return self._confirm(wheels, place.commits[0])
        candidates = tuple(self._clone.commit(commit) for commit in place.commits)
        return NoCulprit(
            f"it is one of {len(candidates)} commits, all but the last of which cannot tell on any wheel",
            candidates=candidates,
        )

    def _word(self, ends: Ends, commit: str) -> str:
        """Whether a commit is old or new; on another wheel where the ends differ on that one too."""
        for wheel in [ends.wheel, *(other for other in self._wheels if other is not ends.wheel)]:
            try:
                answer = self._ask(wheel, commit)
            except HistoryUnusable:  # before sklearn/mixture was there
                return SKIP
            if not answer.tells:
                continue
            before, after = self._ask(wheel, ends.old), self._ask(wheel, ends.new)
            if before.tells and after.tells and self._question.differs(before, after):
                return NEW if self._question.differs(before, answer) else OLD
        return SKIP

    def _confirm(self, wheels: Sequence[Wheel], commit: str) -> Culprit | NoCulprit:
        """The culprit, where it and each of its parents differ on one wheel."""
        parents = self._clone.parents(commit)
        for wheel in wheels:
            with contextlib.suppress(HistoryUnusable):
                after, befores = self._ask(wheel, commit), [self._ask(wheel, parent) for parent in parents]
                if not all(answer.tells for answer in (after, *befores)):
                    continue
                if befores and all(self._question.differs(before, after) for before in befores):
                    diff = self._clone.mixture_diff(parents[0], commit)
                    return Culprit(self._clone.commit(commit), diff, wheel.release.version, befores[0], after)
        return NoCulprit(
            f"git's bisection ends at {commit[:SHORT]}, but it and its parent do not differ on any one wheel",
            candidates=(self._clone.commit(commit),),
        )
