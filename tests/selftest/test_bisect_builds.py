"""Bisect by full builds: a change outside ``sklearn/mixture`` is found by wheels that are really built, each once."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from tests.selftest.fake_releases import PROJECT, RELEASES, FakeReleases, source_of
from tests.selftest.histories import Repository, fingerprint
from tests.tools import release_environment
from tests.tools.bisect import command
from tests.tools.bisect.commit_search import Culprit, NoCulprit
from tests.tools.bisect.explanation import FullBuilds
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.clone import Clone
from tests.workers.probe import FAILS, PASSES

# Notes that it ran, and fails where the source says so.
BACKEND = """
import os, pathlib, zipfile
def build_wheel(folder, settings=None, metadata=None):
    with open({log!r}, "a") as log:
        log.write("built\\n")
    source = pathlib.Path("sklearn", "base.py").read_text()
    if "interrupt" in source:
        os.kill(int(os.environ["INTERRUPTED"]), 2)
    assert "does not compile" not in source, "no such function in base.py"
    name = "scikit_learn-1.6.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path in sorted(pathlib.Path("sklearn").rglob("*")):
            wheel.write(path)
        wheel.writestr("scikit_learn-1.6.1.dist-info/METADATA",
                       "Metadata-Version: 2.1\\nName: scikit-learn\\nVersion: 1.6.1\\n")
        wheel.writestr("scikit_learn-1.6.1.dist-info/WHEEL",
                       "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("scikit_learn-1.6.1.dist-info/RECORD", "")
    return name
"""
PLANTED = "STEP = 2\n"


@dataclass(frozen=True)
class TinyQuestion(Question):
    """Asks the tiny scikit-learn, which has no fits, by what its ``sklearn.base`` says."""

    def ask(self, python: Path, name: str) -> Answer:  # noqa: ARG002  (as the real one)
        """Whether it has no STEP."""
        code = "import sklearn.mixture, sklearn.base; print(getattr(sklearn.base, 'STEP', 1))"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode:
            return Answer(None, done.stderr.strip().splitlines()[-1])
        return Answer(PASSES if done.stdout.strip() == "1" else FAILS)


@dataclass(frozen=True)
class KeepingQuestion(TinyQuestion):
    """Needs the environments of both when it compares them."""

    keeps_environments: ClassVar[bool] = True

    def ask(self, python: Path, name: str) -> Answer:  # noqa: ARG002  (as the real one)
        """Where the environment is."""
        return Answer(str(python))

    def differs(self, one: Answer, other: Answer) -> bool:
        """Whether the two that are still there say different things."""
        return super().differs(*(super(KeepingQuestion, self).ask(Path(answer.value), "") for answer in (one, other)))


ASKED = TinyQuestion("two-samples", ("test_no_component_collapses",), None, "test_no_component_collapses")
NOTHING = "sklearn/mixture of the one end and of the other answer alike"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> FakeReleases:
    """Environments of three tiny releases."""
    return FakeReleases(tmp_path_factory.mktemp("releases"))


@pytest.fixture(autouse=True)
def _tiny_releases(releases: FakeReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases.install(monkeypatch, tmp_path / ".environments")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A clone of a project that is built in a moment."""
    made = Repository(tmp_path / "scikit learn")
    backend = BACKEND.format(log=str(tmp_path / "builds"))
    made.commit("Begin (#1)", {**source_of("1.6.1"), "pyproject.toml": PROJECT, "backend.py": backend}, "2025-01-11")
    return made


def base(text: str) -> dict[str, str | bytes]:
    """A module outside ``sklearn/mixture``."""
    return {"sklearn/base.py": text}


def search(repository: Repository, said: list[str] | None = None, asked: Question | None = None) -> Culprit | NoCulprit:
    """Search the whole history by full builds, and require that the clone is as it was."""
    before = fingerprint(repository.folder)
    clone = Clone(repository.folder)
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    without = NoCulprit(NOTHING, outside=True, ends=(first, clone.resolve("HEAD")))
    lines = said if said is not None else []
    with release_environment.private_folder() as scratch:
        found = FullBuilds(clone, scratch, Answers(), lines.append).find(asked or ASKED, without, RELEASES[1:])
    assert fingerprint(repository.folder) == before
    return found


def builds(tmp_path: Path) -> int:
    """How many builds there were."""
    return len((tmp_path / "builds").read_text().splitlines())


def test_builds_are_kept_for_a_question_that_compares_their_environments(repository: Repository) -> None:
    repository.commit("A comment (#2)", base("# Nothing.\n"))
    planted = repository.commit("PERF (#3)", base(PLANTED))
    repository.commit("A comment (#4)", base(PLANTED + "# Nothing.\n"))
    found = search(repository, asked=KeepingQuestion(ASKED.case, ASKED.checks, None, ASKED.name))
    assert isinstance(found, Culprit)
    assert found.commit.id == planted


def test_a_change_outside_mixture_is_found_between_commits_that_cannot_be_built(repository: Repository) -> None:
    repository.commit("Broken (#2)", base("does not compile\n"))
    repository.commit("Mended (#3)", base("# mended\n"))
    planted = repository.commit("PERF (#4)", {**base(PLANTED), "sklearn/tests/test_base.py": "", "doc/x.rst": ""})
    repository.commit("Words (#5)", {"doc/index.rst": "more\n"})
    repository.commit("Broken again (#6)", base(PLANTED + "raise ImportError('half done')\n"))
    repository.commit("A comment (#7)", base(PLANTED + "# Nothing.\n"))
    found = search(repository)
    assert isinstance(found, Culprit)
    assert (found.commit.id, found.built, found.before.value, found.after.value) == (planted, True, PASSES, FAILS)
    assert [line for line in found.diff.splitlines() if line.startswith("diff")] == [
        "diff --git a/sklearn/base.py b/sklearn/base.py"
    ]


def test_the_plan_comes_before_the_first_build_and_is_kept_to(repository: Repository, tmp_path: Path) -> None:
    for number in range(2):
        repository.commit(f"Comment {number}", base(f"# {number}\n"))
    repository.commit("PERF", base(PLANTED))
    said: list[str] = []
    assert isinstance(search(repository, said), Culprit)
    assert said[0] == f"without a build: {NOTHING}"
    assert "3 commits between" in said[1]
    assert "at most 6 builds, about 5400 s" in said[1]
    assert said[2].startswith("build 1 of at most 6, about 5400 s left at most")
    assert said[5].startswith("build 2 of at most 6, about ")
    assert int(said[5].split(" about ")[1].split()[0]) < 5 * 900
    assert builds(tmp_path) <= 6
    again: list[str] = []
    search(repository, again)
    assert again[5].startswith("build 2 of at most 6, about 4500 s left at most")


def test_words_and_tests_are_not_built_and_nothing_is_built_twice(repository: Repository, tmp_path: Path) -> None:
    repository.commit("Words (#2)", {"doc/index.rst": "more\n"})
    repository.commit("Tests (#3)", {"sklearn/mixture/tests/test_mixture.py": "def test(): pass\n"})
    planted = repository.commit("PERF (#4)", base(PLANTED))
    repository.commit("Words (#5)", {"doc/index.rst": "still more\n"})
    for _ in range(2):
        found = search(repository)
        assert isinstance(found, Culprit)
        assert found.commit.id == planted
        assert builds(tmp_path) == 2


def test_a_parent_that_cannot_be_imported_leaves_one_of_several(repository: Repository) -> None:
    broken = repository.commit("Broken (#2)", base("raise ImportError('half done')\n"))
    mended = repository.commit("Mended and planted (#3)", base(PLANTED))
    found = search(repository)
    assert isinstance(found, NoCulprit)
    assert {commit.id for commit in found.candidates} == {broken, mended}
    assert "one of 2 commits" in found.reason
    assert found.ends == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [("# Nothing.\n", "answer alike"), ("does not compile\n", "cannot be tested (")],
    ids=["alike", "broken"],
)
def test_ends_that_full_builds_do_not_tell_apart_are_reported(repository: Repository, text: str, said: str) -> None:
    repository.commit("An end (#2)", base(text))
    found = search(repository)
    assert isinstance(found, NoCulprit)
    assert found.reason.startswith(NOTHING)
    for release in ("1.6.1", "1.7.0"):
        assert f"full builds of both ends, with the dependencies of {release}, {said}" in found.reason


@pytest.fixture
def _asked_of_the_tiny_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "question", lambda *_, **__: ASKED)


@pytest.mark.usefixtures("_asked_of_the_tiny_one")
def test_the_command_offers_full_builds_plans_them_and_names_the_culprit(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit("A comment (#2)", base("# Nothing.\n"))
    planted = repository.commit("PERF faster (#3)", base(PLANTED))
    arguments = ["--case", "two-samples", "--check", "test_no_component_collapses", "--good", first, "--bad", "HEAD"]
    arguments += ["--repo", str(repository.folder)]
    assert command.main(arguments) == 2
    assert "--build" in capsys.readouterr().err
    assert command.main([*arguments, "--build", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "full builds: 2 commits between" in said
    assert not (tmp_path / "builds").exists()
    written = tmp_path / "found.json"
    assert command.main([*arguments, "--build", "--json", str(written)]) == 0
    said = capsys.readouterr().out
    assert f"culprit: {planted[:10]}, 2025-01-01, PERF faster (#3)" in said
    assert "both built, with the dependencies of scikit-learn 1.6.1" in said
    assert json.loads(written.read_text(encoding="utf-8"))["changes"][0]["culprit"]["built"] is True


@pytest.mark.usefixtures("_asked_of_the_tiny_one")
def test_ends_that_full_builds_show_to_be_swapped_are_reported(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit("PERF (#2)", base(PLANTED))
    arguments = ["--case", "two-samples", "--check", "test_no_component_collapses", "--good", "HEAD", "--bad", first]
    assert command.main([*arguments, "--repo", str(repository.folder), "--build"]) == 2
    assert "good and bad are swapped" in capsys.readouterr().err


@pytest.mark.usefixtures("_asked_of_the_tiny_one")
def test_an_interrupted_build_leaves_the_clone_and_no_environment(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit("PERF (#2)", base(PLANTED + "# interrupt\n"))
    before = fingerprint(repository.folder)
    monkeypatch.setenv("INTERRUPTED", str(os.getpid()))
    arguments = ["--case", "two-samples", "--check", "test_no_component_collapses", "--good", first, "--bad", "HEAD"]
    assert command.main([*arguments, "--repo", str(repository.folder), "--build"]) == 130
    said = capsys.readouterr()
    assert first[:10] in said.out
    assert "wheels that were built are kept" in said.err
    assert fingerprint(repository.folder) == before
    assert [place.name for place in (tmp_path / ".environments").iterdir()] == ["built"]
