"""Selftests: what a user writes after ``--`` reaches the module of a session with paths from where the user stands."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.tools import nox_session


class WrongUse(Exception):
    pass


def take(stand: Path, words: list[str], *options: str, **more: Any) -> list[str]:
    def error(reason: str) -> None:
        raise WrongUse(reason)

    session: Any = SimpleNamespace(invoked_from=str(stand), posargs=words, error=error)
    return nox_session.arguments_of(session, *options, **more)[0]


def variables(stand: Path, words: list[str]) -> dict[str, Any]:
    session: Any = SimpleNamespace(invoked_from=str(stand), posargs=words)
    return nox_session.arguments_of(session)[1]


def test_path_that_follows_an_option_need_not_exist(tmp_path: Path) -> None:
    assert take(tmp_path, ["--json", "out.json"], "--json") == ["--json", str(tmp_path / "out.json")]
    assert take(tmp_path, ["--json=out.json"], "--json") == ["--json", str(tmp_path / "out.json")]


def test_option_that_takes_no_path_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "word").mkdir()
    assert take(tmp_path, ["--name", "word"], "--json") == ["--name", "word"]


def test_file_is_found_from_where_the_user_stands(tmp_path: Path) -> None:
    (tmp_path / "my video.mp4").touch()
    words = take(tmp_path, ["my video.mp4", "missing.mp4"], files=True)
    assert words == [str(tmp_path / "my video.mp4"), "missing.mp4"]


def test_repository_of_a_revision_is_found(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    assert take(tmp_path, ["clone@main~1"], files=True) == [str(tmp_path / "clone@main~1")]


def test_patch_on_a_release_is_found(tmp_path: Path) -> None:
    (tmp_path / "fix.patch").touch()
    assert take(tmp_path, ["1.9.1+fix.patch"], files=True) == [f"1.9.1+{tmp_path / 'fix.patch'}"]


def test_revision_alone_names_no_file(tmp_path: Path) -> None:
    assert take(tmp_path, ["@main", ""], files=True) == ["@main", ""]


@pytest.mark.parametrize("words", [["--capture", "held"], ["--capture=held"]])
def test_capture_becomes_a_variable(tmp_path: Path, words: list[str]) -> None:
    assert variables(tmp_path, words)["GMM_CAPTURE"] == str(tmp_path / "held")


def test_pytests_own_capture_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GMM_CAPTURE", raising=False)
    assert take(tmp_path, ["--capture", "no"]) == ["--capture=no"]
    assert "GMM_CAPTURE" not in variables(tmp_path, ["--capture", "no"])


@pytest.mark.parametrize("words", [["--capture"], ["--capture="], ["--json"]])
def test_option_without_its_path_is_wrong_use(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(WrongUse, match="followed by nothing"):
        take(tmp_path, words, "--json")
