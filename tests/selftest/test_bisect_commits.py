"""Bisect over commits: the planted change is found exactly, whatever lies around it, and the clone stays as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import sklearn

from tests.selftest.histories import Repository, fingerprint, in_mixture, installed_mixture, version_file
from tests.tools import release_environment
from tests.tools.bisect.commit_search import CommitSearch, Culprit, NoCulprit, Wheel
from tests.tools.bisect.question import Answers, question
from tests.tools.clone import Clone, HistoryUnusable
from tests.tools.release_table import Release

ASKED = question("two-samples", None, "n_iter_")
MODULE = "_gaussian_mixture.py"
MIXTURE = installed_mixture()
PLANTED = b"""

def _one_more(fit_predict):
    def fit(self, X, y=None):
        labels = fit_predict(self, X, y)
        self.n_iter_ += 1
        return labels

    return fit


GaussianMixture.fit_predict = _one_more(GaussianMixture.fit_predict)
"""
COMMENT, SECOND_COMMENT = b"\n# Nothing.\n", b"\n# Nothing again.\n"
NOT_IMPORTED, NOT_FITTING = b"\nimport no_such_module\n", b"\nGaussianMixture.fit = None\n"


def mixture(*ends: bytes) -> dict[str, str | bytes]:
    """The installed ``sklearn/mixture``, with something at the end of a module, as files of a repository."""
    return in_mixture({**MIXTURE, MODULE: MIXTURE[MODULE] + b"".join(ends)})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """A private environment with the scikit-learn of the selftests, linked, and its dependencies from where they are.

    It is shared: a ``sklearn/mixture`` that was asked once is not asked again.
    """
    place = tmp_path_factory.mktemp("wheel") / "environment"
    venv.EnvBuilder(symlinks=True).create(place)
    packages = release_environment.packages_of(release_environment.python_of(place))
    (packages / "others.pth").write_text(sysconfig.get_paths()["platlib"] + "\n", encoding="utf-8")
    installed = Path(sklearn.__file__).parent
    for libraries in installed.parent.glob("scikit_learn.libs"):  # compiled modules look for them beside them
        (packages / libraries.name).symlink_to(libraries)
    for folder, names, files in os.walk(installed):
        names[:] = [name for name in names if name != "tests"]
        target = packages / "sklearn" / Path(folder).relative_to(installed)
        target.mkdir()
        for name in files:
            (target / name).symlink_to(Path(folder, name))
    return Wheel(Release(sklearn.__version__, "3.12", "2026-01-01"), place, Answers())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository whose first commit is the installed ``sklearn/mixture``."""
    made = Repository(tmp_path / "clone")
    made.commit("Begin (#1)", {**version_file("1.8.dev0"), **mixture()})
    return made


def search(repository: Repository, wheel: Wheel, tmp_path: Path, old: str, new: str = "HEAD") -> Culprit | NoCulprit:
    """Search between two revisions, and require that the clone is as it was."""
    before = fingerprint(repository.folder)
    clone = Clone(repository.folder)
    try:
        return CommitSearch(clone, ASKED, lambda _: [wheel], tmp_path).find([clone.resolve(old)], [clone.resolve(new)])
    finally:
        assert fingerprint(repository.folder) == before


def test_a_planted_change_is_found_among_commits_that_change_nothing(
    repository: Repository, wheel: Wheel, tmp_path: Path
) -> None:
    first = repository.commit("A comment (#2)", mixture(COMMENT))
    repository.commit("Elsewhere (#3)", {"sklearn/cluster/_kmeans.py": "other = 1\n"})
    parent = repository.commit("A test (#4)", {"sklearn/mixture/tests/test_mixture.py": "def test(): pass\n"})
    planted = repository.commit("ENH count from one (#5)", mixture(COMMENT, PLANTED), day="2025-03-04")
    repository.commit("Elsewhere again (#6)", {"sklearn/cluster/_kmeans.py": "other = 2\n"})
    repository.commit("Another comment (#7)", mixture(COMMENT, PLANTED, SECOND_COMMENT))
    found = search(repository, wheel, tmp_path, first)
    assert isinstance(found, Culprit)
    assert (found.commit.id, found.commit.date, found.commit.pull_request) == (planted, "2025-03-04", 5)
    assert found.commit.title == "ENH count from one (#5)"
    assert found.after.value["explicit"][0] == found.before.value["explicit"][0] + 1
    assert "+GaussianMixture.fit_predict = _one_more" in found.diff
    assert repository.git("rev-parse", f"{found.commit.id}^") == parent


def test_a_planted_change_is_found_between_broken_commits(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    repository.commit("Broken (#2)", mixture(NOT_IMPORTED))
    repository.commit("Mended (#3)", mixture(COMMENT))
    planted = repository.commit("Planted (#4)", mixture(PLANTED))
    repository.commit("Broken again (#5)", mixture(PLANTED, NOT_FITTING))
    repository.commit("Still broken (#6)", mixture(PLANTED, NOT_FITTING, COMMENT))
    repository.commit("Mended again (#7)", mixture(PLANTED, COMMENT))
    found = search(repository, wheel, tmp_path, "HEAD~6")
    assert isinstance(found, Culprit)
    assert found.commit.id == planted


def test_a_change_among_broken_commits_is_one_of_several(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    broken = repository.commit("Broken (#2)", mixture(NOT_IMPORTED))
    mended = repository.commit("Mended and planted (#3)", mixture(PLANTED))
    repository.commit("A comment (#4)", mixture(PLANTED, COMMENT))
    found = search(repository, wheel, tmp_path, "HEAD~3")
    assert isinstance(found, NoCulprit)
    assert {commit.id for commit in found.candidates} == {broken, mended}
    assert "one of 2 commits" in found.reason


@pytest.mark.parametrize("planted_in_side", [True, False])
def test_a_planted_change_is_found_in_a_history_with_merges(
    repository: Repository, wheel: Wheel, tmp_path: Path, planted_in_side: bool
) -> None:
    start = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-b", "side")
    in_side = repository.commit("In the side branch", mixture(PLANTED if planted_in_side else COMMENT))
    repository.git("checkout", "--quiet", "main")
    new_file: dict[str, str | bytes] = {"sklearn/mixture/_new.py": "new = 1\n"}
    repository.commit("On main (#2)", new_file)
    repository.git("merge", "--quiet", "--no-edit", "side")
    merge = repository.git("rev-parse", "HEAD")
    after = repository.commit("Later (#3)", mixture(PLANTED, COMMENT))
    found = search(repository, wheel, tmp_path, start)
    assert isinstance(found, Culprit)
    assert found.commit.id == (in_side if planted_in_side else after) != merge


LAST_BIT, ATTRIBUTE = (
    f"""

def _and_more(fit_predict):
    def fit(self, X, y=None):
        labels = fit_predict(self, X, y)
        {line}
        return labels

    return fit


GaussianMixture.fit_predict = _and_more(GaussianMixture.fit_predict)
""".encode()
    for line in ("self.means_ = np.nextafter(self.means_, np.inf)", "self.n_steps_ = 3")
)


def asked_of(outcome: str, repository: Repository, wheel: Wheel, tmp_path: Path, *, bits: bool = False) -> list[str]:
    """The titles of all culprits of an outcome in the whole history."""
    clone = Clone(repository.folder)
    asked = CommitSearch(clone, question("two-samples", None, outcome, bits=bits), lambda _: [wheel], tmp_path)
    first, last = clone.resolve("HEAD~3"), clone.resolve("HEAD")
    found = asked.find([first], [last])
    if isinstance(found, NoCulprit):
        return []
    return [cause.commit.title for cause in (found, *asked.after(found, last)) if isinstance(cause, Culprit)]


def test_several_commits_that_change_one_outcome_are_told_apart(
    repository: Repository, wheel: Wheel, tmp_path: Path
) -> None:
    repository.commit("One more (#2)", mixture(PLANTED))
    repository.commit("A comment (#3)", mixture(PLANTED, COMMENT))
    repository.commit("And one more (#4)", mixture(PLANTED, PLANTED))
    assert asked_of("n_iter_", repository, wheel, tmp_path) == ["One more (#2)", "And one more (#4)"]


def test_a_change_in_the_last_bit_is_one_in_bits_alone(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    repository.commit("A comment (#2)", mixture(COMMENT))
    repository.commit("Up (#3)", mixture(LAST_BIT))
    repository.commit("Another comment (#4)", mixture(LAST_BIT, COMMENT))
    assert asked_of("means_", repository, wheel, tmp_path) == []
    assert asked_of("means_", repository, wheel, tmp_path, bits=True) == ["Up (#3)"]


def test_an_attribute_that_is_new_is_a_change(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    repository.commit("A comment (#2)", mixture(COMMENT))
    repository.commit("Count steps (#3)", mixture(ATTRIBUTE))
    repository.commit("Another comment (#4)", mixture(ATTRIBUTE, COMMENT))
    assert asked_of("n_steps_", repository, wheel, tmp_path) == ["Count steps (#3)"]


def test_an_end_on_a_release_branch_of_its_own_is_no_obstacle(
    repository: Repository, wheel: Wheel, tmp_path: Path
) -> None:
    repository.git("checkout", "--quiet", "-b", "1.7.X")
    repository.commit("Release 1.7.0", {**version_file("1.7.0"), **mixture(COMMENT)})
    repository.git("checkout", "--quiet", "main")
    planted = repository.commit("Planted (#2)", mixture(PLANTED))
    repository.commit("A comment (#3)", mixture(PLANTED, COMMENT))
    found = search(repository, wheel, tmp_path, "1.7.X")
    assert isinstance(found, Culprit)
    assert found.commit.id == planted


def test_ends_that_share_no_wheel_are_searched_each_on_its_own_and_the_culprit_confirmed_on_one(
    repository: Repository, wheel: Wheel, tmp_path: Path
) -> None:
    start = repository.git("rev-parse", "HEAD")
    repository.commit("A comment (#2)", mixture(COMMENT))
    planted = repository.commit("Planted (#3)", mixture(PLANTED))
    end = repository.commit("A comment (#4)", mixture(PLANTED, COMMENT))
    later = Wheel(Release("1.99.0", "3.12", "2026-01-01"), wheel.place, Answers())
    clone = Clone(repository.folder)
    wheels = {start: [wheel], end: [later]}
    found = CommitSearch(clone, ASKED, lambda commit: wheels.get(commit, [later, wheel]), tmp_path).find([start], [end])
    assert isinstance(found, Culprit)
    assert (found.commit.id, found.wheel) == (planted, "1.99.0")


def test_a_change_that_was_undone_is_found_backwards(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    start = repository.commit("Planted (#2)", mixture(PLANTED))
    mended = repository.commit("FIX (#3)", mixture())
    repository.commit("A comment (#4)", mixture(COMMENT))
    found = search(repository, wheel, tmp_path, start)
    assert isinstance(found, Culprit)
    assert found.commit.id == mended


def test_ends_that_answer_alike_lay_the_cause_outside(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    repository.commit("A comment (#2)", mixture(COMMENT))
    repository.commit("Elsewhere (#3)", {"sklearn/cluster/_kmeans.py": "other = 1\n"})
    found = search(repository, wheel, tmp_path, "HEAD~2")
    assert isinstance(found, NoCulprit)
    assert found.outside
    assert "outside sklearn/mixture" in found.reason


def test_ends_that_no_wheel_runs_are_reported_with_the_reason(
    repository: Repository, wheel: Wheel, tmp_path: Path
) -> None:
    repository.commit("Broken (#2)", mixture(NOT_IMPORTED))
    found = search(repository, wheel, tmp_path, "HEAD~1")
    assert isinstance(found, NoCulprit)
    assert not found.outside
    assert "No module named 'no_such_module'" in found.reason


def test_the_same_files_are_not_run_twice(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    repository.commit("Planted (#2)", mixture(PLANTED))
    search(repository, wheel, tmp_path, "HEAD~1")
    done = len(wheel.answers.steps)
    repository.commit("A test (#3)", {"sklearn/mixture/tests/test_more.py": "def test(): pass\n"})
    found = search(repository, wheel, tmp_path, "HEAD~2")
    assert isinstance(found, Culprit)
    assert len(wheel.answers.steps) == done


def test_a_dirty_work_tree_is_neither_seen_nor_changed(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    planted = repository.commit("Planted (#2)", mixture(PLANTED))
    repository.write({**mixture(NOT_IMPORTED), "untracked.py": "mine = 1\n"})
    repository.git("add", "untracked.py")
    found = search(repository, wheel, tmp_path, "HEAD~1")
    assert isinstance(found, Culprit)
    assert found.commit.id == planted


def test_a_shallow_clone_is_refused(repository: Repository, wheel: Wheel, tmp_path: Path) -> None:
    repository.commit("Planted (#2)", mixture(PLANTED))
    repository.commit("A comment (#3)", mixture(PLANTED, COMMENT))
    repository.git("clone", "--quiet", "--depth=2", f"file://{repository.folder}", str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow")
    with pytest.raises(HistoryUnusable, match=r"is a shallow clone; should have its history .*fetch --unshallow"):
        CommitSearch(shallow, ASKED, lambda _: [wheel], tmp_path).find(
            [shallow.resolve("HEAD~1")], [shallow.resolve("HEAD")]
        )


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.tools.bisect.commit_search import Bisection
from tests.tools import release_environment
from tests.tools.clone import Clone

clone = Clone(Path(sys.argv[1]))
with release_environment.private_folder(Path(sys.argv[2])) as scratch:
    bisection = Bisection(clone, scratch / "borrowed", clone.resolve("HEAD~6"), clone.resolve("HEAD"))
    bisection.judge("old")
    print(bisection.place(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_search_that_is_killed_leaves_the_clone_as_it_was(repository: Repository, tmp_path: Path) -> None:
    for number in range(6):
        repository.commit(f"Comment {number}", mixture(b"\n# %d\n" % number))
    before = fingerprint(repository.folder)
    environments = tmp_path / "environments"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(repository.folder), str(environments)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(done.stdout.strip()) == 40
    assert fingerprint(repository.folder) == before
    assert len(list(environments.iterdir())) == 1
    with release_environment.private_folder(environments) as scratch:
        assert list(environments.iterdir()) == [scratch]
    assert list(environments.iterdir()) == []


@pytest.fixture(autouse=True)
def _no_commands_of_git_run_in_the_clone(repository: Repository) -> Iterator[None]:
    """No bisection is left in the clone."""
    yield
    assert not [path for path in (repository.folder / ".git").iterdir() if path.name.startswith("BISECT")]
