"""A patch goes on top of a release's ``sklearn/mixture``, whole or not at all, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.selftest.histories import Repository
from tests.tools.sources import tree
from tests.tools.sources.naming import SourceUnusable

FILES = {"__init__.py": b"", "_base.py": b"one\ntwo\nthree\n"}
PLACE = "scikit-learn 1.6.0"
LINK = (
    "diff --git a/sklearn/mixture/l b/sklearn/mixture/l\nnew file mode 120000\n--- /dev/null\n+++ b/sklearn/mixture/l\n"
    "@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n"
)


def change(path: str, *, prefixes: bool = True, before: str = "two") -> str:
    """A patch that changes the second of three lines of a file."""
    one, other = ("a/", "b/") if prefixes else ("", "")
    return (
        f"diff --git {one}{path} {other}{path}\n--- {one}{path}\n+++ {other}{path}\n"
        f"@@ -1,3 +1,3 @@\n one\n-{before}\n+TWO\n three\n"
    )


def applied(tmp_path: Path, text: str) -> dict[str, bytes]:
    (tmp_path / "fix.patch").write_text(text, encoding="utf-8")
    return tree.apply_patch(tmp_path / "fix.patch", FILES, PLACE)


@pytest.mark.parametrize("prefixes", [True, False])
def test_the_change_is_there_and_the_rest_is_as_it_was(tmp_path: Path, prefixes: bool) -> None:
    after = applied(tmp_path, change("sklearn/mixture/_base.py", prefixes=prefixes))
    assert after == {**FILES, "_base.py": b"one\nTWO\nthree\n"}


def test_a_new_file_is_there(tmp_path: Path) -> None:
    name = "sklearn/mixture/_new[1].py"
    text = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+new\n"
    assert applied(tmp_path, text) == {**FILES, "_new[1].py": b"new\n"}


def test_a_mail_of_format_patch_is_a_patch(tmp_path: Path) -> None:
    head = "From 0123 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] FIX it\n\n---\n _base.py | 2 +-\n\n"
    assert applied(tmp_path, head + change("sklearn/mixture/_base.py"))["_base.py"] == b"one\nTWO\nthree\n"


def test_tests_and_documentation_are_passed_over(tmp_path: Path) -> None:
    others = "doc/whats_new.rst", "sklearn/mixture/tests/test_mixture.py", "sklearn/tests/test_common.py"
    text = "".join(change(path) for path in ("sklearn/mixture/_base.py", *others))
    assert applied(tmp_path, text) == {**FILES, "_base.py": b"one\nTWO\nthree\n"}


def test_a_repository_around_the_scratch_folder_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = Repository(tmp_path / "outer")
    monkeypatch.setattr("tempfile.tempdir", str(outer.folder))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    assert applied(tmp_path, change("sklearn/mixture/_base.py"))["_base.py"] == b"one\nTWO\nthree\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            change("sklearn/mixture/_base.py", before="2"),
            r"does not apply to sklearn/mixture of scikit-learn 1\.6\.0: ",
        ),
        (change("sklearn/mixture/gone.py"), r"does not apply to sklearn/mixture .*gone\.py"),
        (change("sklearn/base.py"), r"changes sklearn/base\.py; should change sklearn/mixture alone"),
        (change("sklearn/mixture/_base.py") + change("meson.build"), r"changes meson\.build; should change"),
        (change("sklearn/mixture/tests/test_mixture.py"), "changes no code of sklearn/mixture; should"),
        (change("sklearn/mixture/_base.py", before="two").replace("TWO", "two"), "changes no code of sklearn/mixture"),
        (LINK, "makes the link sklearn/mixture/l; should change files alone"),
        (change("numpy/ma.py"), "is not a patch of scikit-learn .*nothing below sklearn/"),
        ("not a patch\n", "is not a patch of scikit-learn .*should be as `git diff` writes it"),
        ("", "is not a patch of scikit-learn"),
        (change("sklearn/mixture/_base.py")[:-30], "fix.patch .*"),
        (change("../outside.py") + change("sklearn/mixture/_base.py"), "fix.patch .*outside"),
        (change("sklearn/mixture/../../../outside.py"), "fix.patch .*outside"),
    ],
)
def test_what_does_not_go_on_top_is_reported_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceUnusable, match=said) as told:
        applied(tmp_path, text)
    assert "\n" not in str(told.value)
