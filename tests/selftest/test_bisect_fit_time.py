"""Bisect by fit time: two environments are kept and timed in turn, and the interval of their ratio decides."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.selftest.fake_releases import RELEASES, FakeReleases
from tests.selftest.histories import Repository, in_mixture, version_file
from tests.selftest.test_compare import Behaviour, FakeSide
from tests.selftest.told_sides import EXACT, ToldSide
from tests.tools.bisect import release_search
from tests.tools.bisect.commit_search import CommitSearch, Culprit, NoCulprit, Wheel
from tests.tools.bisect.fit_time import FITS, FitTime, Timed
from tests.tools.bisect.question import Answer, Answers
from tests.tools.bisect.release_search import EndsUnusable, ReleaseChange
from tests.tools.bisect.result import SearchResult, as_json
from tests.tools.clone import Clone
from tests.tools.compare.measure import Plan
from tests.tools.release_table import Release

CASE = "two-samples"
PLAN = Plan(blocks=3, looks=(6,))
MANY = [Release(f"1.{minor}", "3.12", "2026-01-01") for minor in range(8)]
NOISY = 2.0


def asked() -> FitTime:
    return FitTime.of(CASE, Answers(), PLAN)


def timed(name: str, seconds: float, noise: float = EXACT) -> Timed:
    """An environment whose fits take so many seconds."""
    side = ToldSide(name, Path(name), seconds=seconds, noise=noise)
    return Timed(FITS, versions={"numpy": "2.3.0", "scipy": "1.16.0"}, side=side)


def search(times: list[float], good: int = 0, bad: int = -1, noisy: int | None = None) -> ReleaseChange:
    """Search releases, one of which may be noisy, by how long their fits take."""
    releases = MANY[: len(times)]
    answers = {
        release: timed(release.version, seconds, NOISY if place == noisy else EXACT)
        for place, (release, seconds) in enumerate(zip(releases, times, strict=True))
    }
    return release_search.between(asked(), answers.__getitem__, releases, releases[good], releases[bad])


def test_the_release_at_which_fits_became_slower_is_found_with_its_ratio() -> None:
    change = search([1, 1, 1, 1, 1, 1.1, 1.1, 1.1])
    assert (change.before.version, change.after.version) == ("1.4", "1.5")
    assert asked().words(change.answer_before) == "x 1"
    assert asked().words(change.answer_after) == "x 1.100 (1.100 to 1.100), slower"


def test_the_release_at_which_fits_became_faster_is_found_where_the_good_one_is_newer() -> None:
    change = search([1.1, 1.1, 1, 1, 1, 1, 1], good=-1, bad=0)
    assert (change.before.version, change.after.version) == ("1.1", "1.2")
    assert asked().words(change.answer_after) == "x 0.909 (0.909 to 0.909), faster"


def test_a_small_change_before_a_large_one_is_not_taken_for_it() -> None:
    change = search([1, 1.03, 1.03, 1.03, 1.03, 1.3])
    assert (change.before.version, change.after.version) == ("1.4", "1.5")


def test_a_release_too_noisy_to_judge_cannot_tell() -> None:
    change = search([1, 1, 1.1, 1.1], noisy=1)
    assert (change.before.version, change.after.version) == ("1.0", "1.2")
    assert [release.version for release in change.skipped] == ["1.1"]


@pytest.mark.parametrize(
    ("times", "noisy", "said"),
    [
        ([1, 1.01], None, r"does not differ: x 1 with 1\.0 and x 1\.010 \(1\.010 to 1\.010\), no difference with 1\.1"),
        ([1, 1.1], 1, r"with 1\.1 relative to 1\.0: x .*, undecided .* 1\.02, after 6 rounds: give more --seconds"),
    ],
    ids=["alike", "undecided"],
)  # fmt: skip
def test_ends_that_do_not_differ_are_refused_with_their_ratio(times: list[float], noisy: int | None, said: str) -> None:
    with pytest.raises(EndsUnusable, match=f"^fit_time {said}"):
        search(times, noisy=noisy)


def test_a_change_that_is_the_sum_of_small_ones_has_no_culprit() -> None:
    with pytest.raises(EndsUnusable, match=r"which do not differ \(x 1\.010 .*the sum of several"):
        search([1.01**place for place in range(8)])


def test_two_are_timed_once_and_the_ratio_kept_with_the_steps() -> None:
    asking = asked()
    one, other = timed("one", 1.0), timed("other", 1.1)
    assert asking.differs(one, other)
    assert asking.differs(other, one)
    (step,) = asking.answers.steps
    assert step.what == "other"
    assert asking.words(step.answer) == "x 1.100 (1.100 to 1.100) relative to one, slower"
    written = json.loads(json.dumps(as_json(SearchResult(asking, asking.answers))))["steps"][0]["value"]
    assert written["relative_to"] == "one"
    assert written["verdict"] == "slower"
    assert written["ratio"] == {name: pytest.approx(1.1) for name in ("value", "low", "high")}


def test_what_lies_between_is_shown_with_the_middle_that_it_is_judged_by() -> None:
    asking = asked()
    assert asking.changed(timed("old", 1.0), timed("between", 1.05), timed("new", 1.44)) is False
    said = asking.words(asking.answers.steps[-1].answer)
    assert said == "x 1.050 (1.050 to 1.050) relative to old, below the middle, x 1.200"


def test_a_ratio_that_was_measured_for_one_question_answers_another() -> None:
    asking = asked()
    old, between, new = timed("old", 1.0), timed("between", 1.44), timed("new", 1.5)
    assert asking.changed(old, between, new)
    assert asking.differs(between, old)
    assert len(asking.answers.steps) == 2


def test_a_worker_that_dies_while_it_is_timed_cannot_tell() -> None:
    asking = asked()
    dying = Timed(FITS, side=FakeSide("dying", Path(sys.executable), behaviour=Behaviour(dies_in_round=2)))
    assert asking.undecided(timed("one", 1.0), dying).startswith(
        "cannot be tested: dying: the worker ended with 9: out of"
    )


def planted(**behaviour: object) -> dict[str, str | bytes]:
    """A ``sklearn/mixture`` whose fits are like this."""
    return in_mixture({"__init__.py": f"PLANTED = {behaviour}\n".encode()})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A history of a ``sklearn/mixture`` that says how long its fits take."""
    made = Repository(tmp_path / "clone")
    made.commit("Begin (#1)", {**version_file("1.6.1"), **planted(seconds=0.03)})
    return made


@pytest.fixture
def find(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> Callable[[FitTime], Culprit | NoCulprit]:
    """Search a history by the fit time that its commits say."""
    FakeReleases(tmp_path / "releases").install(monkeypatch, tmp_path / ".environments")
    clone = Clone(repository.folder)
    wheel = Wheel(RELEASES[1], tmp_path / "private" / "wheel", Answers())
    first = repository.git("rev-list", "--max-parents=0", "HEAD")

    def search(asking: FitTime) -> Culprit | NoCulprit:
        return CommitSearch(clone, asking, lambda _: [wheel], tmp_path).find([first], [clone.resolve("HEAD")])

    return search


def of_planted() -> FitTime:
    return FitTime.of(CASE, Answers(), PLAN, worker="tests.selftest.planted_fit_time")


def test_the_commit_that_made_fits_slower_is_found_each_in_an_environment_of_its_own(
    repository: Repository, find: Callable[[FitTime], Culprit | NoCulprit]
) -> None:
    repository.commit("A little slower (#2)", planted(seconds=0.031))
    culprit = repository.commit("ENH slower (#3)", planted(seconds=0.04))
    repository.commit("A little faster (#4)", planted(seconds=0.0395))
    asking = of_planted()
    found = find(asking)
    assert isinstance(found, Culprit)
    assert found.commit.id == culprit
    assert asking.words(found.after) == "x 1.290 (1.290 to 1.290), slower"


def test_a_commit_whose_fit_raises_is_skipped_with_what_it_raised(
    repository: Repository, find: Callable[[FitTime], Culprit | NoCulprit]
) -> None:
    raising = repository.commit("Broken (#2)", planted(seconds=0.04, refuses=CASE))
    mended = repository.commit("Mended (#3)", planted(seconds=0.04))
    found = find(of_planted())
    assert isinstance(found, NoCulprit)
    assert {commit.id for commit in found.candidates} == {raising, mended}


def test_commits_that_cannot_be_told_apart_do_not_lay_the_cause_outside(
    repository: Repository, find: Callable[[FitTime], Culprit | NoCulprit]
) -> None:
    repository.commit("Noisy (#2)", planted(seconds=0.03, noise=NOISY))
    found = find(of_planted())
    assert isinstance(found, NoCulprit)
    assert not found.outside
    assert "undecided at a threshold of 1.02, after 6 rounds: give more --seconds" in found.reason
    assert not found.ends


def test_an_environment_that_cannot_be_timed_says_why() -> None:
    asking = FitTime.of(CASE, Answers(), PLAN, worker="no_such_package.no_such_worker")
    answer = asking.ask(Path(sys.executable), "scikit-learn 1.9.1")
    assert not answer.known
    assert answer.said.startswith("scikit-learn 1.9.1: the worker ended with 1: ")
    assert asking.words(answer) == f"cannot be tested: {answer.said}"


def test_a_scikit_learn_that_fits_the_case_can_be_timed() -> None:
    answer: Answer = asked().ask(Path(sys.executable), "this scikit-learn")
    assert asked().words(answer).startswith("fits, numpy ")
