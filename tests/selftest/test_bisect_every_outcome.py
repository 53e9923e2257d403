"""Every outcome between two releases: each change is given to all that made it, and to the ledger where it lists it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.selftest import fakes
from tests.selftest.histories import Repository, version_file
from tests.support import ledger
from tests.tools.bisect import every_outcome
from tests.tools.bisect.commit_search import CommitEnvironment, Culprit, NoCulprit
from tests.tools.bisect.every_outcome import Change, Dependency, EveryOutcome, Side, Unknown
from tests.tools.bisect.explanation import Explainer
from tests.tools.bisect.question import Answer, Answers, Question, question
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.clone import Clone, Commit
from tests.tools.release_table import Release
from tests.workers import probe

OLD, NEW = Release("1.6.1", "3.13", "2025-01-11"), Release("1.7.0", "3.13", "2025-06-06")
ASKED = EveryOutcome("", (), None, "every outcome", cases=("one",))
ANSWER = "sklearn/mixture/answer.py"
ALIKE = {"numpy": "2.1.0", "scipy": "1.15"}
COMMIT = Commit("0123456789" * 4, "2025-01-17", "PERF faster (#30415)", 30415)


def left(versions: Mapping[str, str] = ALIKE, **numbers: Any) -> Answer:
    """What the fits of one case left: a number for each attribute, equal within 1e-6."""
    types = {"explicit": ["float64"]}
    replies = {
        f"{name}_": {"value": {"explicit": [number]}, "tolerance": 1e-6, "types": types}
        for name, number in numbers.items()
    }
    return Answer({"one": replies}, versions=dict(versions))


class FakeWheel(CommitEnvironment):
    """Answers what a commit's file says, where a number is added on this wheel; some commits cannot be tested."""

    built: ClassVar[bool] = False

    def __init__(self, release: Release, more: float = 0.0) -> None:
        super().__init__(release, Answers())
        self.more = more

    def _content(self, clone: Clone, commit: str) -> str:  # noqa: ARG002  (as the real one)
        return commit

    def _answer(self, clone: Clone, commit: str, question: Question) -> Answer:  # noqa: ARG002  (as the real one)
        said = json.loads(clone.mixture_files(commit)["answer.py"])
        if said is None:
            return Answer(None, "broken")
        return left(**{**said, "weights": said["weights"] + self.more})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository whose first commit leaves a weight of 1."""
    made = Repository(tmp_path / "clone")
    made.commit("Begin (#1)", {**version_file("1.7.dev0"), ANSWER: '{"weights": 1.0}'})
    return made


def no_dependency(release: Release, versions: Mapping[str, str]) -> Answer:
    """Fail, where the dependencies are the same: nothing should be asked of others."""
    raise AssertionError(f"{release.version} was asked with {versions}")


def causes(
    repository: Repository, older: Answer, newer: Answer, more: float = 0.0, swapped: Any = no_dependency
) -> dict[tuple[str, bool], list[str]]:
    """What made each change, in words: by outcome, and whether it is beyond rounding."""
    clone = Clone(repository.folder)
    first, last = (clone.resolve(commit) for commit in (repository.git("rev-list", "--max-parents=0", "HEAD"), "HEAD"))
    sides = Side(OLD, first, FakeWheel(OLD), older), Side(NEW, last, FakeWheel(NEW, more), newer)
    found = every_outcome.changes(ASKED, clone, *sides, swapped)
    return {
        (change.outcome, change.beyond_rounding): [
            cause.title if isinstance(cause, Commit) else str(cause) for cause in change.causes
        ]
        for change in found
    }


def test_commits_that_change_one_outcome_are_told_apart(repository: Repository) -> None:
    repository.commit("In the last bits (#2)", {ANSWER: '{"weights": 1.0000000000000002}'})
    repository.commit("A comment (#3)", {ANSWER: '{"weights": 1.0000000000000002} '})
    repository.commit("By much (#4)", {ANSWER: '{"weights": 2.0}'})
    found = causes(repository, left(weights=1.0), left(weights=2.0))
    assert found == {("weights_", True): ["In the last bits (#2)", "By much (#4)"]}


def test_an_attribute_that_is_new_and_a_change_in_bits_alone_are_listed(repository: Repository) -> None:
    repository.commit("More (#2)", {ANSWER: '{"weights": 1.0000000000000002, "bounds": 3.0}'})
    found = causes(repository, left(weights=1.0), left(weights=1.0000000000000002, bounds=3.0))
    assert found == {("weights_", False): ["More (#2)"], ("bounds_", True): ["More (#2)"]}


def test_what_a_commit_that_cannot_be_tested_may_have_changed_has_no_culprit(repository: Repository) -> None:
    broken = repository.commit("Broken (#2)", {ANSWER: "null"})
    repository.commit("Whole again (#3)", {ANSWER: '{"weights": 2.0}'})
    ((said,),) = causes(repository, left(weights=1.0), left(weights=2.0)).values()
    assert "no culprit" not in said
    assert broken[:10] in said
    assert "cannot be tested" in said


def test_a_dependency_is_found_beside_a_commit(repository: Repository) -> None:
    repository.commit("By much (#2)", {ANSWER: '{"weights": 2.0}'})
    newer = left({"numpy": "2.2.0", "scipy": "1.15"}, weights=2.5)
    found = causes(repository, left(weights=1.0), newer, 0.5, lambda *_: left(weights=2.0))
    assert found == {("weights_", True): ["By much (#2)", str(Dependency("numpy", "2.1.0", "2.2.0"))]}


def test_a_dependency_that_the_newer_release_does_not_run_with_is_tried_on_the_older(repository: Repository) -> None:
    newer = left({"numpy": "2.2.0", "scipy": "1.15"}, weights=1.5)
    swapped = {NEW: Answer(None, "no wheel"), OLD: left(weights=1.5)}
    found = causes(repository, left(weights=1.0), newer, 0.5, lambda release, _: swapped[release])
    assert found == {("weights_", True): [str(Dependency("numpy", "2.1.0", "2.2.0"))]}


def test_a_dependency_that_no_release_runs_with_is_named(repository: Repository) -> None:
    newer = left({"numpy": "2.2.0", "scipy": "1.15"}, weights=1.5)
    ((said,),) = causes(repository, left(weights=1.0), newer, 0.5, lambda *_: Answer(None, "no wheel")).values()
    assert "numpy was not tried" in said


def test_what_neither_commits_nor_dependencies_changed_has_no_culprit(repository: Repository) -> None:
    repository.commit("A comment (#2)", {ANSWER: '{"weights": 1.0} '})
    found = causes(repository, left(weights=1.0), left(weights=1.5), 0.5)
    assert found == {("weights_", True): [str(Unknown("outside sklearn/mixture, and neither numpy nor scipy alone"))]}


def test_what_both_releases_got_is_no_cause(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "1.6.X")
    repository.commit("Bounds, backported", {ANSWER: '{"weights": 1.0, "bounds": 3.0}'})
    repository.git("checkout", "--quiet", "main")
    repository.commit("Bounds (#2)", {ANSWER: '{"weights": 1.0, "bounds": 3.0}'})
    more = repository.commit("More (#3)", {ANSWER: '{"weights": 2.0, "bounds": 3.0}'})
    clone = Clone(repository.folder)
    found = clone.changing(clone.resolve("1.6.X"), clone.resolve("main"), ["sklearn/mixture"])
    assert [commit.id for commit in found] == [more]


class FakeExplainer(Explainer):
    """Explains the history of a fake wheel, whose releases are the first commit and the last."""

    def wheel(self, release: Release) -> Any:
        """What adds a half to a weight from the newer release on, whatever the commit."""
        return Weights(release, 0.5 if release is NEW else 0.0)

    def commit_of(self, release: Release) -> str:
        """The first commit, or the last."""
        return self.clone.resolve("HEAD" if release is NEW else "HEAD~2")


class Weights(FakeWheel):
    """Answers one outcome alone."""

    def _answer(self, clone: Clone, commit: str, question: Question) -> Answer:
        return weight(super()._answer(clone, commit, question).value["one"]["weights_"]["value"]["explicit"][0])


def weight(number: float) -> Answer:
    """The answer to what the weight is."""
    return Answer({"explicit": [number]}, tolerance=1e-6, versions=ALIKE)


def test_one_outcome_is_searched_on_after_its_first_culprit(repository: Repository, tmp_path: Path) -> None:
    repository.commit("Up (#2)", {ANSWER: '{"weights": 2.0}'})
    repository.commit("And up (#3)", {ANSWER: '{"weights": 3.0}'})
    asked = question("two-samples", None, "weights_")
    explainer = FakeExplainer(Clone(repository.folder), tmp_path, Answers())
    change = ReleaseChange(OLD, NEW, weight(1.0), weight(3.5))
    first = explainer.explain(asked, change)
    second, rest = explainer.others(asked, change, first)
    assert [one.commit.title for one in (first, second) if isinstance(one, Culprit)] == ["Up (#2)", "And up (#3)"]
    assert isinstance(rest, NoCulprit)
    assert rest.reason.startswith("sklearn/mixture of 1.6.1 answers otherwise on the wheel of 1.7.0; ")


@pytest.mark.parametrize(
    ("name", "estimator", "should_be"),
    [
        ("error", fakes.Raises, f"RuntimeError: {fakes.ERROR}"),
        ("warnings", fakes.Raises, []),
        ("weights_", fakes.Raises, "RuntimeError"),
        ("error", fakes.NeverCollapses, "none"),
        ("warnings", fakes.Warns, [f"UserWarning: {fakes.WARNING}"]),
        ("n_iter_", fakes.NeverCollapses, 2),
        ("no_such_attribute_", fakes.NeverCollapses, "absent"),
    ],
)
def test_an_outcome_is_what_each_fit_left_or_said(name: str, estimator: type, should_be: object) -> None:
    asked = probe.Probe(estimator)
    assert asked.outcome(name, "two-samples")["value"] == {"explicit": [should_be]}
    listed = asked.outcomes("two-samples")
    assert {"warnings", "error"} <= set(listed)
    assert ("weights_" in listed) is (estimator is not fakes.Raises)


@pytest.mark.parametrize(
    ("defect", "culprit", "case", "explained"),
    [
        ("d", {"commit": COMMIT.id}, "one", 1),
        ("d", {"commit": COMMIT.id}, "two", 0),
        ("d", {"commit": "f" * 40}, "one", 0),
        ("d", {"dependency": "numpy 2.1.5"}, "one", 1),
        ("d", {"dependency": "numpy 2.1.0"}, "one", 0),
        ("e", {"commit": COMMIT.id}, "one", 0),
    ],
    ids=["listed", "other case", "other commit", "version between", "version before", "other defect"],
)
def test_the_ledger_explains_what_its_culprits_did_to_its_cases(
    defect: str, culprit: dict[str, Any], case: str, explained: int
) -> None:
    cause = Dependency("numpy", "2.1.0", "2.2.0") if "dependency" in culprit else COMMIT
    entry = ledger.Entry("d", "wrong", "https://...", ">=1.7.0", "test_a", case, 1)
    known = ledger.Ledger(Path("ledger"), (entry,), (ledger.Culprit(defect, "1.7.0", "begins", **culprit),))
    change = Change("one", "weights_", True, [cause])
    every_outcome.explain([change], known, NEW)
    said = every_outcome.lines([change], OLD, NEW)
    assert f"1 outcome of 1 case, of which the ledger explains {explained}" in said[1]
    assert said[2:] == ([] if explained else ["  weights_ on 1 case (one)"])
