"""A clone of scikit-learn is read as it is, whatever its configuration, and never written to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fixtures.fault import Fault
from tests.selftest.histories import Repository, fingerprint, in_mixture, installed_mixture, version_file
from tests.tools.clone import MIXTURE, Clone, HistoryUnusable

MIXED = installed_mixture()
BASE = "sklearn/mixture/_base.py"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, str]]:
    """A repository of four commits on main and a release branch, and the ids of its commits."""
    repository = Repository(tmp_path_factory.mktemp("histories") / "scikit learn")
    ids = {"first": repository.commit("ENH start (#1)", {**version_file("1.7.dev0"), **in_mixture(MIXED)})}
    ids["other"] = repository.commit("DOC elsewhere (#2)", {"doc/index.rst": "words"}, "2025-01-02")
    ids["fix"] = repository.commit("FIX one thing (#3) (#4)", {BASE: MIXED["_base.py"] + b"# fixed\n"}, "2025-01-03")
    repository.git("switch", "--quiet", "--create", "1.7.X", ids["other"])
    ids["release"] = repository.commit("REL 1.7.0", version_file("1.7.0"), "2025-01-05")
    repository.git("tag", "--annotate", "--message", "release", "1.7.0")
    repository.git("switch", "--quiet", "main")
    ids["merge"] = repository.commit("Merge pull request #5 from someone/branch\n\nMNT tidy up", {}, "2025-01-06")
    return repository, ids


@pytest.fixture
def clone(written: tuple[Repository, dict[str, str]]) -> Clone:
    return Clone(written[0].folder)


@pytest.fixture
def ids(written: tuple[Repository, dict[str, str]]) -> dict[str, str]:
    return written[1]


def test_a_revision_is_a_branch_a_tag_or_a_part_of_an_id(clone: Clone, ids: dict[str, str]) -> None:
    assert clone.resolve("main") == ids["merge"]
    assert clone.resolve("1.7.0") == ids["release"]
    assert clone.resolve("main~1") == ids["fix"]
    assert clone.resolve(ids["first"][:12]) == ids["first"]


@pytest.mark.parametrize("revision", ["no-such-branch", "0" * 40, "--all", "", "main:sklearn", "a b\nmain"])
def test_an_unknown_revision_is_reported(clone: Clone, revision: str) -> None:
    with pytest.raises(HistoryUnusable, match=r"has no commit .*should be a commit, branch or tag$"):
        clone.resolve(revision)


def test_the_files_of_a_commit_are_what_was_committed(clone: Clone, ids: dict[str, str]) -> None:
    assert clone.mixture_files(ids["first"]) == MIXED
    assert clone.mixture_files(ids["fix"]) == {**MIXED, "_base.py": MIXED["_base.py"] + b"# fixed\n"}


def test_a_commit_without_the_folder_is_reported(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clone")
    early = repository.commit("before mixtures", version_file("0.2"))
    with pytest.raises(HistoryUnusable, match=r"has no sklearn/mixture; should have"):
        Clone(repository.folder).mixture_files(early)


def test_the_version_is_that_of_the_source(clone: Clone, ids: dict[str, str]) -> None:
    assert clone.version(ids["fix"]) == "1.7.dev0"
    assert clone.version("1.7.0") == "1.7.0"


def test_the_number_of_the_pull_request_is_the_last_one_of_the_title(clone: Clone, ids: dict[str, str]) -> None:
    fix = clone.commit(ids["fix"])
    assert (fix.date, fix.title, fix.pull_request) == ("2025-01-03", "FIX one thing (#3) (#4)", 4)


def test_a_merge_commit_has_the_title_of_its_pull_request(clone: Clone) -> None:
    merge = clone.commit("main")
    assert (merge.title, merge.pull_request) == ("MNT tidy up", 5)


def test_the_main_line_has_its_commits_newest_first(clone: Clone, ids: dict[str, str]) -> None:
    assert [commit.id for commit in clone.line("main")] == [ids[name] for name in ("merge", "fix", "other", "first")]
    assert [commit.id for commit in clone.line("main", touching=[MIXTURE])] == [ids["fix"], ids["first"]]


def test_the_difference_of_a_commit_is_that_of_the_folder(clone: Clone, ids: dict[str, str]) -> None:
    difference = clone.diff(ids["first"], ids["fix"])
    assert difference.startswith(f"diff --git a/{BASE} b/{BASE}\n")
    assert difference.endswith("+# fixed\n")


def test_a_bare_repository_and_a_linked_worktree_are_clones(
    tmp_path: Path, written: tuple[Repository, dict[str, str]]
) -> None:
    repository, ids = written
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    own = Repository(tmp_path / "own")
    own.git("fetch", "--quiet", str(repository.folder), "main:fetched")
    own.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), ids["fix"])
    assert Clone(tmp_path / "bare").resolve("main") == ids["merge"]
    assert Clone(tmp_path / "linked").resolve("HEAD") == ids["fix"]


def test_the_configuration_of_the_clone_runs_nothing_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: tuple[Repository, dict[str, str]]
) -> None:
    shutil.copytree(written[0].folder, tmp_path / "hostile")
    hostile = Repository(tmp_path / "unused")
    hostile.folder = tmp_path / "hostile"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat\n")
    trap.chmod(0o755)
    settings = {
        "core.pager": trap, "pager.log": trap, "core.fsmonitor": trap, "diff.external": trap, "gpg.program": trap,
        "diff.python.textconv": trap, "diff.python.command": trap, "filter.trap.smudge": trap,
        "log.showSignature": "true", "log.follow": "true", "log.date": "raw", "color.ui": "always",
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "log.decorate": "full", "format.pretty": "oneline",
        "core.abbrev": "4", "i18n.logOutputEncoding": "utf-16",
    }  # fmt: skip
    for name, value in settings.items():
        hostile.git("config", name, str(value))
    (hostile.folder / ".git" / "info" / "attributes").write_text("*.py diff=python filter=trap\n* export-ignore\n")
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_PAGER", str(trap))
    before = fingerprint(hostile.folder)
    _read_all(Clone(hostile.folder), written[1])
    assert fingerprint(hostile.folder) == before
    assert not (tmp_path / "sprung").exists()


def _read_all(clone: Clone, ids: dict[str, str]) -> None:
    """What it gives is what the other tests ask of a clone without configuration."""
    assert clone.mixture_files(ids["first"]) == MIXED
    assert clone.diff(ids["first"], ids["fix"]).startswith(f"diff --git a/{BASE} b/{BASE}\n")
    assert [commit.pull_request for commit in clone.line("main")] == [5, 4, 2, 1]
    assert clone.version_changes("--all")[0].id == ids["release"]


def test_what_is_no_clone_of_scikit_learn_is_reported(tmp_path: Path) -> None:
    with pytest.raises(HistoryUnusable, match=r"nowhere is not a folder; should be a clone"):
        Clone(tmp_path / "nowhere")
    with pytest.raises(HistoryUnusable, match=r"is not a git repository; should be a clone"):
        Clone(tmp_path)
    empty = Repository(tmp_path / "other")
    with pytest.raises(HistoryUnusable, match=r"has no commit with sklearn/__init__\.py"):
        Clone(empty.folder)
    empty.commit("of another project", {"setup.py": ""})
    with pytest.raises(HistoryUnusable, match=r"has no commit with sklearn/__init__\.py"):
        Clone(empty.folder)


@pytest.mark.parametrize("name", ["{}/outside", "../outside", "..", ".", ".git", ".GIT"])
def test_a_tree_that_leads_outside_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    repository = Repository(tmp_path / "hostile")
    repository.commit("first", version_file("1.7.0"))
    blob = bytes.fromhex(repository.git("rev-parse", "HEAD:sklearn/__init__.py"))
    (tmp_path / "tree").write_bytes(b"100644 " + name.format(tmp_path).encode() + b"\0" + blob)
    tree = repository.git("hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "tree"))
    before = fingerprint(tmp_path)
    with pytest.raises(HistoryUnusable, match="should lie inside"):
        Clone(repository.folder).export(tree, tmp_path / "new")
    with pytest.raises(HistoryUnusable, match="should lie inside"):
        Clone(repository.folder).files(tree)
    assert fingerprint(tmp_path) == before


def test_a_shallow_clone_says_how_to_get_the_rest(tmp_path: Path, written: tuple[Repository, dict[str, str]]) -> None:
    repository, ids = written
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(tmp_path / "shallow"))
    shallow = Clone(tmp_path / "shallow")
    assert shallow.mixture_files("HEAD") == {**MIXED, "_base.py": MIXED["_base.py"] + b"# fixed\n"}
    with pytest.raises(HistoryUnusable, match=r"has no commit .*shallow: `git -C .* fetch --unshallow`"):
        shallow.resolve(ids["first"])
    with pytest.raises(HistoryUnusable, match=r"is a shallow clone; should have its history"):
        shallow.require_whole()


def test_a_partial_clone_is_reported_and_nothing_is_fetched(
    tmp_path: Path, written: tuple[Repository, dict[str, str]]
) -> None:
    repository, ids = written
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    repository.git("clone", "--quiet", "--bare", "--filter=blob:none", f"file://{repository.folder}", str(partial))
    before = fingerprint(partial)
    with pytest.raises(HistoryUnusable, match=r"partial"):
        Clone(partial).mixture_files(ids["fix"])
    assert fingerprint(partial) == before


def test_a_machine_without_git_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fault, match="git is not on PATH"):
        Clone(tmp_path)
