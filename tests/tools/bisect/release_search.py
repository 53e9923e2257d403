"""Search the releases of the table for those at which an answer changes."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fixtures.fault import Fault
from tests.tools import release_environment
from tests.tools.bisect import order
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.workers.probe import FAILS, PASSES

AT_A_TIME = 2
# For the plan: CPU seconds of an answer of an environment that is there, and of making one and its bytecode.
SECONDS_OF_A_STEP, SECONDS_TO_MAKE = 3.0, 6.0

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
    """Ask several releases, two at a time."""
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

    change = _change(question, ask, releases, order.first_change(first, last, changed))
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
        _change(question, ask, releases, order.Change(one, other, tuple(range(one + 1, other))))
        for one, other in itertools.pairwise(known)
        if question.differs(answers[one], answers[other])
    ]


def _change(question: Question, ask: Ask, releases: Sequence[Release], change: order.Change) -> ReleaseChange:
    before, after = releases[change.before], releases[change.after]
    skipped = tuple(releases[place] for place in change.skipped)
    return ReleaseChange(before, after, *question.reported(ask(before), ask(after)), skipped)


def plan(
    releases: Sequence[Release], good: Release | None, bad: Release | None, seconds_of_a_comparison: float = 0.0
) -> tuple[int, float]:
    """How many releases are asked at most, and the seconds that this is expected to take."""
    if good and bad:
        first, last = sorted((releases.index(good), releases.index(bad)))
        candidates, steps = releases[first : last + 1], 2 + order.most_steps(first, last)
    else:
        candidates, steps = releases, len(releases)
    missing = sum(not release_environment.is_made(release) for release in candidates)
    to_make = min(steps, missing)
    at_a_time = 1 if good and bad else AT_A_TIME
    to_ask = (steps * SECONDS_OF_A_STEP + to_make * SECONDS_TO_MAKE) / at_a_time
    return steps, to_ask + steps * seconds_of_a_comparison
