"""Bisect over releases and dependencies: ends are verified, changes are found, and what cannot be tested is passed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.fault import Fault
from tests.tools.bisect import release_search
from tests.tools.bisect.question import Answer, Answers, Question, question
from tests.tools.bisect.release_search import (
    DependencyCulprit,
    DependencySearch,
    EndsUnusable,
    Environments,
    ReleaseChange,
)
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.workers.probe import FAILS, PASSES

CHECKED = question("two-samples", "test_no_component_collapses", None)
RELEASES = [Release(f"1.{minor}.{patch}", "3.12", "2026-01-01") for minor in range(4) for patch in range(3)]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_halving_ends_at_the_change_or_at_what_cannot_tell_around_it(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 40))
    change = data.draw(st.integers(1, count - 1))
    skipped = data.draw(st.sets(st.integers(1, count - 2))) if count > 2 else set()
    asked: list[int] = []

    def changed(place: int) -> bool | None:
        asked.append(place)
        return None if place in skipped else place >= change

    found = release_search.first_change(0, count - 1, changed)
    assert len(asked) == len(set(asked))
    assert found.before < change <= found.after
    assert set(range(found.before + 1, found.after)) == set(found.skipped) <= skipped
    if not skipped:
        assert (found.before, found.after) == (change - 1, change)
        assert len(asked) <= release_search.most_steps(0, count - 1)


def answering(values: Mapping[str, str | None]) -> Callable[[Release], Answer]:
    """Releases that answer as they are told, and pass where they are not."""

    def ask(release: Release) -> Answer:
        value = values.get(release.version, PASSES)
        return Answer(value, "no wheel" if value is None else "")

    return ask


def failing_from(version: str) -> dict[str, str | None]:
    """Releases that fail from one on."""
    return {release.version: FAILS for release in RELEASES if release.version >= version}


def versions_of(change: ReleaseChange) -> tuple[str, str]:
    return change.before.version, change.after.version


def release(version: str) -> Release:
    return next(release for release in RELEASES if release.version == version)


def search(values: Mapping[str, str | None], good: str, bad: str) -> ReleaseChange:
    return release_search.between(CHECKED, answering(values), RELEASES, release(good), release(bad))


def test_the_first_release_that_fails_is_found_with_its_neighbour() -> None:
    assert versions_of(search(failing_from("1.2.1"), "1.0.0", "1.3.2")) == ("1.2.0", "1.2.1")


def test_the_first_release_that_passes_is_found_where_the_good_one_is_newer() -> None:
    fixed: dict[str, str | None] = {item.version: FAILS for item in RELEASES if item.version < "1.1.1"}
    change = search(fixed, "1.3.2", "1.0.0")
    assert versions_of(change) == ("1.1.0", "1.1.1")
    assert (change.answer_before.value, change.answer_after.value) == (FAILS, PASSES)


def test_a_release_that_cannot_tell_is_passed_and_named() -> None:
    change = search({**failing_from("1.2.1"), "1.2.0": None, "1.2.1": None}, "1.0.0", "1.3.2")
    assert versions_of(change) == ("1.1.2", "1.2.2")
    assert [item.version for item in change.skipped] == ["1.2.0", "1.2.1"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, r"passes with 1\.0\.0 and with 1\.3\.2 alike; should be two ends that differ"),
        ({item.version: FAILS for item in RELEASES}, r"fails with 1\.0\.0 and with 1\.3\.2 alike"),
        ({"1.0.0": FAILS}, r"good and bad are swapped; should be --good 1\.3\.2 --bad 1\.0\.0"),
        ({"1.3.2": None}, r"1\.3\.2 cannot be tested: no wheel; should be two ends that can"),
        ({"1.0.0": None}, r"1\.0\.0 cannot be tested: no wheel"),
    ],
    ids=["agree on passing", "agree on failing", "swapped", "bad cannot be tested", "good cannot be tested"],
)
def test_ends_with_nothing_between_them_are_refused(values: dict[str, str | None], said: str) -> None:
    with pytest.raises(EndsUnusable, match=said):
        search(values, "1.0.0", "1.3.2")


def test_outcomes_that_do_not_differ_are_reported_with_both() -> None:
    asked = question("two-samples", None, "n_iter_")
    said = r"n_iter_ does not differ: 3 with 1\.6\.1 and 3 with 1\.7\.0"
    with pytest.raises(EndsUnusable, match=said):
        release_search.require_ends(asked, Answer({"explicit": [3]}), Answer({"explicit": [3]}), ("1.6.1", "1.7.0"))


def test_a_search_of_all_releases_finds_a_change_that_was_undone() -> None:
    ask = answering({"1.1.0": FAILS, "1.1.1": None, "1.1.2": FAILS})
    changes = release_search.everywhere(CHECKED, ask, RELEASES)
    assert [versions_of(change) for change in changes] == [("1.0.2", "1.1.0"), ("1.1.2", "1.2.0")]


def test_a_search_of_all_releases_that_agree_finds_nothing() -> None:
    assert release_search.everywhere(CHECKED, answering({"1.1.0": None}), RELEASES) == []


def test_a_search_of_releases_none_of_which_can_tell_is_refused() -> None:
    with pytest.raises(EndsUnusable, match="no release can be tested: no wheel"):
        release_search.everywhere(CHECKED, answering({item.version: None for item in RELEASES}), RELEASES)


@pytest.mark.parametrize(
    ("name", "one", "other", "tolerance", "differs"),
    [
        ("n_iter_", {"explicit": [3]}, {"explicit": [3]}, None, False),
        ("n_iter_", {"explicit": [3]}, {"explicit": [2]}, None, True),
        ("n_iter_", {"explicit": [3]}, {"explicit": ["ValueError"]}, None, True),
        ("means_", {"explicit": [[1.0, 2.0]]}, {"explicit": [[1.0, 2.0 + 1e-9]]}, 1e-6, False),
        ("means_", {"explicit": [[1.0, 2.0]]}, {"explicit": [[1.0, 2.1]]}, 1e-6, True),
        ("means_", {"explicit": [[1.0, 2.0]]}, {"explicit": [[1.0]]}, 1e-6, True),
        ("means_", {"explicit": [[float("nan")]]}, {"explicit": [[float("nan")]]}, 1e-6, False),
        ("means_", {"explicit": [[1.0]]}, {"explicit": [[float("nan")]]}, 1e-6, True),
    ],
)
def test_two_outcomes_differ_by_more_than_rounding(
    name: str, one: object, other: object, tolerance: float | None, differs: bool
) -> None:
    asked = question("two-samples", None, name)
    assert asked.differs(Answer(one, tolerance=tolerance), Answer(other, tolerance=tolerance)) is differs


def test_a_file_of_checks_is_all_of_its_checks() -> None:
    assert question("two-samples", "test_collapse", None).checks == ("test_no_component_collapses",)


@pytest.mark.parametrize("counts_as", [None, PASSES])
@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("chain-object-leaves", "test_fit_moves_with_a_reflection does not run on chain-object-leaves here"),
        ("object-leaves-reg-covar-zero", "exact EM ends in a singular covariance"),
    ],
)
def test_a_check_that_is_not_judged_tells_only_what_it_is_said_to_count_as(
    counts_as: str | None, case: str, said: str
) -> None:
    check = ("test_fit_moves_with_a_reflection",)
    asked = Question(case, check, None, check[0], not_judged=counts_as)
    answer = asked.ask(Path(sys.executable), "this scikit-learn")
    assert answer.value == counts_as
    assert answer.said.startswith(said)


@pytest.mark.parametrize(
    ("case", "check", "outcome", "said"),
    [
        ("two", "test_collapse", None, "there is no case 'two'; should be one of"),
        ("two-samples", "colapse", None, "there is no check 'colapse'; should be one of .*test_collapse"),
        (
            "two-samples",
            None,
            "weights",
            "there is no outcome 'weights'; should be a fitted attribute like weights_ or",
        ),
    ],
)
def test_what_does_not_exist_is_reported_with_what_does(case: str, check: str, outcome: str, said: str) -> None:
    with pytest.raises(Fault, match=said):
        question(case, check, outcome)


OLD, NEW = {"numpy": "1.2.0", "scipy": "0.5"}, {"numpy": "1.6.0", "scipy": "0.7"}
OFFERED = {"numpy": ["1.0.0", "1.4.0", "1.1.0", "1.10.0", "1.3.0", "1.5.0", "1.6.0"], "scipy": ["0.5", "0.6", "0.7"]}
BEFORE, AFTER = RELEASES[:2]


def search_dependencies(fails: Callable[[Release, Mapping[str, str]], bool | None]) -> DependencyCulprit | str:
    """Search between an environment that passes and one that fails, as the versions of numpy and scipy decide."""

    def ask(fixed: Release, versions: Mapping[str, str]) -> Answer:
        failed = fails(fixed, versions)
        return Answer(None if failed is None else FAILS if failed else PASSES, "no wheel", versions=dict(versions))

    change = ReleaseChange(BEFORE, AFTER, Answer(PASSES, versions=OLD), Answer(FAILS, versions=NEW))
    return DependencySearch(CHECKED, change, ask, lambda _, package: OFFERED[package]).find()


def at_least(version: str, least: str) -> bool:
    return [int(part) for part in version.split(".")] >= [int(part) for part in least.split(".")]


@pytest.mark.parametrize(
    ("package", "first", "last_before"),
    [("numpy", "1.4.0", "1.3.0"), ("scipy", "0.7", "0.6"), ("numpy", "1.6.0", "1.5.0")],
)
def test_the_version_of_a_dependency_is_found(package: str, first: str, last_before: str) -> None:
    found = search_dependencies(lambda _, versions: at_least(versions[package], first))
    assert isinstance(found, DependencyCulprit)
    assert (found.package, found.before, found.after, found.release) == (package, last_before, first, AFTER.version)
    assert (found.answer_before.value, found.answer_after.value) == (PASSES, FAILS)


def test_the_older_release_is_held_fixed_where_the_newer_one_cannot_tell() -> None:
    found = search_dependencies(
        lambda fixed, versions: None if fixed == AFTER and versions != NEW else at_least(versions["numpy"], "1.4.0")
    )
    assert isinstance(found, DependencyCulprit)
    assert (found.after, found.release) == ("1.4.0", BEFORE.version)


def test_dependencies_that_change_nothing_are_no_culprit() -> None:
    found = search_dependencies(lambda fixed, _: fixed == AFTER)
    assert isinstance(found, str)
    assert "1.0.1 answers alike with numpy 1.2.0 and scipy 0.5" in found


def test_dependencies_that_change_something_together_only_are_no_culprit() -> None:
    found = search_dependencies(lambda fixed, versions: versions != OLD if fixed == AFTER else versions == NEW)
    assert isinstance(found, str)
    assert "not with one of them alone" in found


def test_environments_with_the_same_dependencies_are_reported() -> None:
    change = ReleaseChange(BEFORE, AFTER, Answer(PASSES, versions=OLD), Answer(FAILS, versions=OLD))

    def ask(_: Release, __: Mapping[str, str]) -> Answer:
        raise AssertionError("nothing to ask")

    assert DependencySearch(CHECKED, change, ask).find() == "1.0.0 and 1.0.1 have the same numpy and scipy"


@dataclass(frozen=True)
class KeepingQuestion(Question):
    """Keeps each environment, and answers with its interpreter."""

    keeps_environments: ClassVar[bool] = True

    def ask(self, python: Path, name: str) -> Answer:  # noqa: ARG002  (as the real one)
        """Where the environment is."""
        return Answer(str(python))


@pytest.mark.parametrize(("kind", "places"), [(Question, 1), (KeepingQuestion, 2)])
def test_dependencies_are_exchanged_in_one_environment_unless_each_must_be_kept(
    kind: type[Question], places: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def make(_: Release, place: Path) -> Path:
        made.append(place)
        return place

    monkeypatch.setattr("tests.tools.release_environment.make_private", make)
    monkeypatch.setattr("tests.tools.release_environment.uv", lambda _: None)
    monkeypatch.setattr(Question, "ask", lambda *_: Answer(PASSES))
    asked = kind("two-samples", (), "n_iter_", "n_iter_")
    environments = Environments(asked, tmp_path, Answers())
    for versions in (OLD, NEW):
        environments.ask(AFTER, versions)
    assert len(set(made)) == places


def test_an_index_that_cannot_be_reached_is_reported() -> None:
    def no_network(_: str, __: str) -> list[str]:
        raise Fault("`pip index versions numpy ...` failed: no route to host")

    change = ReleaseChange(BEFORE, AFTER, Answer(PASSES, versions=OLD), Answer(FAILS, versions=NEW))

    def ask(_: Release, versions: Mapping[str, str]) -> Answer:
        return Answer(FAILS if versions["numpy"] == "1.6.0" else PASSES)

    with pytest.raises(EnvironmentFailed, match=r"the versions of numpy cannot be listed: .* no route to host"):
        DependencySearch(CHECKED, change, ask, no_network).find()


def test_an_answer_is_put_in_few_words() -> None:
    asked = Question("two-samples", (), "diagnosis", "diagnosis")
    assert asked.words(Answer({"explicit": [["healthy", "empty", "healthy"]]})) == "2 healthy, empty"
    assert asked.words(Answer(None, "no wheel")) == "cannot be tested: no wheel"
