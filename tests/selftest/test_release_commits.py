"""Releases and commits find each other in a clone, with tags and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.selftest.histories import Repository, in_mixture, installed_mixture, version_file
from tests.tools.clone import Clone, HistoryUnusable, commit_of_release, nearest_releases
from tests.tools.release_table import Release

MIXED = installed_mixture()
RELEASES = [
    Release("1.6.0", "3.13", "2024-12-10"),
    Release("1.6.1", "3.13", "2025-01-11"),
    Release("1.7.0", "3.13", "2025-06-06"),
    Release("1.7.1", "3.13", "2025-07-19"),
]
FIXED = {**MIXED, "_base.py": MIXED["_base.py"] + b"# fixed\n"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, str]]:
    """A main line of 1.6.dev0 to 1.8.dev0, without tags or release branches."""
    repository = Repository(tmp_path_factory.mktemp("histories") / "clone")
    ids = {"start": repository.commit("start", {**version_file("1.6.dev0"), **in_mixture(MIXED)}, "2024-10-01")}
    ids["last of 1.6"] = repository.commit("doc", {"doc/index.rst": "words"}, "2024-11-01")
    ids["1.7.dev0"] = repository.commit("version", version_file("1.7.dev0"), "2024-11-02")
    ids["fix"] = repository.commit("fix", in_mixture(FIXED), "2025-01-03")
    ids["last of 1.7"] = repository.commit("doc", {"doc/index.rst": "more words"}, "2025-05-01")
    ids["1.8.dev0"] = repository.commit("version", version_file("1.8.dev0"), "2025-05-02")
    return repository, ids


@pytest.mark.parametrize(
    ("version", "day", "first"),
    [
        ("1.6.1", "2025-01-10", "1.6.1"),
        ("1.7.dev0", "2024-12-01", "1.6.0"),
        ("1.7.dev0", "2025-05-01", "1.7.0"),
        ("1.7.0rc1", "2025-05-20", "1.7.0"),
        ("1.6.2.dev0", "2025-02-01", "1.6.1"),
        ("1.10.dev0", "2026-02-01", "1.7.0"),
        ("0.18-git", "2016-02-01", "1.6.0"),
    ],
)
def test_the_nearest_release_comes_first(version: str, day: str, first: str) -> None:
    assert nearest_releases(version, day, RELEASES)[0].version == first


def test_a_version_that_is_invalid_is_reported() -> None:
    with pytest.raises(HistoryUnusable, match=r"version 'unknown'; should be like 1\.7\.dev0"):
        nearest_releases("unknown", "2025-01-01", RELEASES)
    with pytest.raises(HistoryUnusable, match="should be like"):
        nearest_releases("9" * 5000, "2025-01-01", RELEASES)


def test_without_tags_a_release_is_the_last_commit_of_its_series(written: tuple[Repository, dict[str, str]]) -> None:
    repository, ids = written
    found = commit_of_release(Clone(repository.folder), RELEASES[0], MIXED)
    assert found == ids["last of 1.6"]


def test_a_patch_release_is_where_the_main_line_has_its_files(written: tuple[Repository, dict[str, str]]) -> None:
    repository, ids = written
    found = commit_of_release(Clone(repository.folder), RELEASES[1], FIXED)
    assert found == ids["fix"]


def test_a_release_whose_files_the_main_line_never_had_is_the_last_commit_of_its_series(
    written: tuple[Repository, dict[str, str]],
) -> None:
    repository, ids = written
    found = commit_of_release(Clone(repository.folder), RELEASES[2], {**MIXED, "_base.py": b"# of a branch\n"})
    assert found == ids["last of 1.7"]


def test_a_series_that_goes_on_is_taken_as_of_the_day_of_the_release(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clone")
    before = repository.commit("start", {**version_file("1.6.dev0"), **in_mixture(MIXED)}, "2024-10-01")
    repository.commit("later", {"doc/index.rst": "words"}, "2024-12-24")
    assert commit_of_release(Clone(repository.folder), RELEASES[0]) == before


def test_a_commit_that_says_the_version_is_the_release(
    tmp_path: Path, written: tuple[Repository, dict[str, str]]
) -> None:
    repository = Repository(tmp_path / "clone")
    repository.git("fetch", "--quiet", str(written[0].folder), "main")
    repository.git("switch", "--quiet", "--create", "1.7.X", written[1]["last of 1.7"])
    said = repository.commit("REL", version_file("1.7.0"), "2025-06-05")
    tagged = repository.commit("on the way to 1.7.1", {"doc/index.rst": "words"}, "2025-07-05")
    assert commit_of_release(Clone(repository.folder), RELEASES[2], FIXED) == said
    repository.git("tag", "1.7.0")
    assert commit_of_release(Clone(repository.folder), RELEASES[2]) == tagged


def test_a_tag_of_another_version_is_not_believed(tmp_path: Path, written: tuple[Repository, dict[str, str]]) -> None:
    repository = Repository(tmp_path / "clone")
    repository.git("pull", "--quiet", str(written[0].folder), "main")
    repository.git("tag", "1.6.0", "main")
    assert commit_of_release(Clone(repository.folder), RELEASES[0]) == written[1]["last of 1.6"]


def test_a_history_that_does_not_reach_back_is_reported(written: tuple[Repository, dict[str, str]]) -> None:
    with pytest.raises(
        HistoryUnusable, match=r"has no commit of 1\.5\.dev0; should reach back to scikit-learn 1\.5\.2"
    ):
        commit_of_release(Clone(written[0].folder), Release("1.5.2", "3.13", "2024-09-12"))
