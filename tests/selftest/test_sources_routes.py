"""A source is laid over a release where that is all the difference, and built otherwise; the user's is left alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.selftest.fake_releases import FakeReleases, source_of, write
from tests.selftest.histories import Repository, fingerprint
from tests.tools import release_environment
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.sources import tree
from tests.tools.sources.naming import SourceUnusable
from tests.tools.sources.prepared import Prepared, plan_for, prepare

ANSWER = "import sklearn.mixture; print(sklearn.mixture.ANSWER, end='')"
CHANGED = {"sklearn/mixture/_base.py": "ANSWER = 'changed'\n"}
COMPILED = {"sklearn/_loss.pyx": "# compiled otherwise\n"}
ELSEWHERE = {"sklearn/base.py": "# changed\n"}
SAYS_A_VERSION = {"sklearn/__init__.py": '__version__ = "1.6.2.dev0"\n'}
PASSED_OVER = {
    "sklearn/mixture/tests/test_mixture.py": "changed", "sklearn/conftest.py": "changed", "doc/index.rst": "changed",
}  # fmt: skip


@pytest.fixture(scope="module")
def fake_releases(tmp_path_factory: pytest.TempPathFactory) -> FakeReleases:
    return FakeReleases(tmp_path_factory.mktemp("releases"))


@pytest.fixture(autouse=True)
def releases(fake_releases: FakeReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeReleases:
    """Fake releases instead of the table's, and a PATH without an interpreter that could have built a checkout."""
    fake_releases.install(monkeypatch, tmp_path / ".environments")
    monkeypatch.setattr("tests.tools.sources.prepared._interpreters", list)
    return fake_releases


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The source of 1.6.1 outside git."""
    return write(tmp_path / "scikit-learn", source_of("1.6.1"))


def answer(prepared: Prepared) -> str:
    """What the scikit-learn under test answers."""
    return subprocess.run([prepared.python, "-c", ANSWER], capture_output=True, text=True, check=True).stdout


def test_a_release_is_taken_as_it_is(releases: FakeReleases) -> None:
    with prepare("1.6") as prepared:
        assert (prepared.how, prepared.version, prepared.python) == ("release", "1.6.1", releases.python("1.6.1"))


def test_a_source_that_differs_in_nothing_is_the_release(checkout: Path) -> None:
    write(checkout, {**SAYS_A_VERSION, **PASSED_OVER})
    assert plan_for(str(checkout)).how == "release"


def test_a_change_of_the_mixture_alone_is_laid_over_the_release(checkout: Path) -> None:
    write(checkout, {**CHANGED, **SAYS_A_VERSION, **PASSED_OVER})
    said: list[str] = []
    with prepare(str(checkout), say=said.append) as prepared:
        assert prepared.why == "laid over 1.6.1: only sklearn/mixture/_base.py differs"
        assert (prepared.how, prepared.version, answer(prepared)) == ("overlay", "1.6.1", "changed")
    assert said[0] == f"under test: scikit-learn, {prepared.why}"
    assert str(prepared.python.parent.parent) in said[1]


def test_a_file_that_is_gone_from_the_mixture_is_a_difference(checkout: Path) -> None:
    (checkout / "sklearn/mixture/_base.py").unlink()
    write(checkout, {"sklearn/mixture/__init__.py": "ANSWER = 'in one file'\n"})
    with prepare(str(checkout)) as prepared:
        assert answer(prepared) == "in one file"
        assert "_base.py" in prepared.why


@pytest.mark.parametrize(("change", "named"), [(ELSEWHERE, "sklearn/base.py"), (COMPILED, "sklearn/_loss.pyx")])
def test_a_change_elsewhere_is_built_and_named(checkout: Path, change: dict[str, str], named: str) -> None:
    write(checkout, {**CHANGED, **change})
    plan = plan_for(str(checkout))
    assert plan.how == "build"
    assert "built, and a full build of scikit-learn takes a quarter of an hour" in plan.why
    assert f"differs from 1.6.1, the nearest release, in 1 file ({named})" in plan.why


def test_a_change_elsewhere_is_laid_over_when_asked_and_reported_what_is_left_out(checkout: Path) -> None:
    write(checkout, {**CHANGED, **ELSEWHERE})
    with prepare(str(checkout), "overlay") as prepared:
        assert answer(prepared) == "changed"
        assert "without the 1 file outside sklearn/mixture that differs (sklearn/base.py)" in prepared.why


def test_a_build_is_made_when_asked(checkout: Path) -> None:
    assert plan_for(str(checkout), "build").how == "build"


def test_a_revision_is_its_commit_and_a_checkout_its_files(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clone")
    repository.commit("release", source_of("1.6.1"), "2025-01-11")
    repository.commit("change", CHANGED, "2025-01-12")
    repository.write({"sklearn/mixture/_base.py": "ANSWER = 'dirty'\n"})
    with prepare(f"{repository.folder}@HEAD") as prepared:
        assert answer(prepared) == "changed"
    with prepare(f"{repository.folder}@HEAD~1") as prepared:
        assert answer(prepared) == "released"
    with prepare(str(repository.folder)) as prepared:
        assert answer(prepared) == "dirty"


def test_a_patch_is_laid_over_its_release(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clone")
    repository.commit("release", source_of("1.6.1"))
    repository.write(CHANGED)
    (tmp_path / "fix.patch").write_text(repository.git("diff") + "\n", encoding="utf-8")
    with prepare(f"1.6.0+{tmp_path}/fix.patch") as prepared:
        assert (prepared.name, prepared.version, answer(prepared)) == ("1.6.0+fix.patch", "1.6.0", "changed")
        assert prepared.why == "laid over 1.6.0: the patch changes sklearn/mixture/_base.py"


def test_a_release_that_does_not_import_it_is_passed_over(checkout: Path, releases: FakeReleases) -> None:
    needs_next = "from sklearn.base import of_next\nANSWER = 'changed'\n"
    write(checkout, {**ELSEWHERE, "sklearn/mixture/_base.py": needs_next})
    newer = write(releases.packages("1.7.0"), {"sklearn/base.py": "of_next = 1\n"})
    try:
        with prepare(str(checkout), "overlay") as prepared:
            assert (prepared.version, answer(prepared)) == ("1.7.0", "changed")
    finally:
        write(newer, {"sklearn/base.py": source_of("1.7.0")["sklearn/base.py"]})


def test_a_mixture_that_no_release_imports_is_reported_with_the_reasons(checkout: Path) -> None:
    write(checkout, {"sklearn/mixture/_base.py": "import no_such_module\n"})
    with pytest.raises(SourceUnusable, match=r"no release imports .*1\.6\.1: No module named 'no_such_mod.*--build"):
        prepare(str(checkout)).__enter__()


@pytest.mark.parametrize("change", [CHANGED, {**CHANGED, **ELSEWHERE}])
def test_nothing_of_the_users_and_nothing_shared_is_written_to(
    checkout: Path, change: dict[str, str], releases: FakeReleases, tmp_path: Path
) -> None:
    repository = Repository(tmp_path / "clone")
    repository.commit("release", source_of("1.6.1"), "2025-01-11")
    repository.write(change)
    write(checkout, change)
    before = [fingerprint(folder) for folder in (checkout, repository.folder)]
    installed = fingerprint(releases.without_bytecode("1.6.1", tmp_path / "before"))
    for source in (checkout, repository.folder, f"{repository.folder}@HEAD"):
        with prepare(str(source), "overlay") as prepared:
            answer(prepared)
            (prepared.python.parent.parent / "new").write_text("a file of the private environment")
    assert [fingerprint(folder) for folder in (checkout, repository.folder)] == before
    assert fingerprint(releases.without_bytecode("1.6.1", tmp_path / "after")) == installed


def test_the_private_environment_is_gone_afterwards(checkout: Path) -> None:
    write(checkout, CHANGED)
    with pytest.raises(KeyboardInterrupt), prepare(str(checkout)) as prepared:
        raise KeyboardInterrupt
    assert not prepared.python.exists()
    assert list(release_environment.FOLDER.iterdir()) == []


def test_what_a_killed_process_left_is_removed(checkout: Path) -> None:
    write(checkout, CHANGED)
    left = release_environment.FOLDER / f"{release_environment.PRIVATE}left"
    with release_environment.private_folder() as in_use:
        write(left, {"bin/python": ""})
        with prepare(str(checkout)):
            assert not left.exists()
            assert in_use.exists()


def test_a_built_wheel_is_installed_with_what_is_of_the_releases_day(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, releases: FakeReleases, tmp_path: Path
) -> None:
    steps: list[list[str]] = []
    wheel = tmp_path / "scikit_learn-1.6.1-cp313-cp313-linux_x86_64.whl"

    def make_of(_python: str, asked: list[list[str]], _place: Path) -> Path:
        steps.extend(asked)
        return releases.python("1.6.1")

    monkeypatch.setattr(tree, "wheel_of", lambda *_: wheel)
    monkeypatch.setattr(release_environment, "make_of", make_of)
    write(checkout, {**CHANGED, **ELSEWHERE})
    with prepare(str(checkout)) as prepared:
        assert prepared.how == "build"
    assert steps[0][0] == str(wheel)
    assert "--exclude-newer=2025-01-11" in steps[0]
    assert steps[1] == release_environment.group("suite")


def test_an_index_that_is_not_reached_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> Path:
        raise EnvironmentFailed("`uv pip install ...` failed: error sending request")

    monkeypatch.setattr(release_environment, "make_of", unreachable)
    with pytest.raises(SourceUnusable, match=r"no nightly build from https://.*error sending request"):
        prepare("nightly").__enter__()
