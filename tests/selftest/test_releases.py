"""The table of releases, and the sessions that are derived from it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.selftest.suite_runs import environment_of_a_run
from tests.tools import release_table
from tests.tools.release_table import BadTable, Release, newest_of_series, read, write

OLD = {"version": "1.8.0", "python": "3.12", "dependencies_until": "2025-12-11"}
NEW = {"version": "1.9.0", "python": "3.13", "dependencies_until": "2026-06-01"}


def table(*entries: Any, **changes: Any) -> dict[str, Any]:
    """A table of releases; a good one unless told otherwise."""
    return {"format": 1, "releases": list(entries or [OLD, NEW]), **changes}


def without(entry: dict[str, str], key: str) -> dict[str, str]:
    """A release that lacks an entry."""
    return {name: value for name, value in entry.items() if name != key}


MALFORMED: dict[str, Any] = {
    "empty file": "",
    "not JSON": "{",
    "list": [],
    "null": None,
    "text": "table",
    "repeated key": '{"format": 1, "format": 1, "releases": []}',
    "no format": {"releases": [OLD]},
    "newer format": table(format=2),
    "format is true": table(format=True),
    "no releases": {"format": 1},
    "empty": table(releases=[]),
    "releases is an object": table(releases={"1.8.0": OLD}),
    "release is text": table("1.8.0"),
    "release is null": table(None),
    "not sorted": table(NEW, OLD),
    "repeated": table(OLD, OLD),
    "repeated in other words": table(OLD, {**OLD, "version": "1.8"}),
    "no version": table(without(OLD, "version")),
    "no python": table(without(OLD, "python")),
    "no day": table(without(OLD, "dependencies_until")),
    "unknown entry": table(OLD, more=1),
    "unknown key": table({**OLD, "yanked": False}),
    "bad version": table({**OLD, "version": "newest"}),
    "version is a number": table({**OLD, "version": 1.8}),
    "version in other words": table({**OLD, "version": " 1.8.0"}),
    "day in other words": table({**OLD, "dependencies_until": "20251211"}),
    "other digits": table({**OLD, "python": "3.\u0661\u0662"}),
    "bad python": table({**OLD, "python": "3"}),
    "python is a number": table({**OLD, "python": 3.12}),
    "python of two": table({**OLD, "python": "2.7"}),
    "bad day": table({**OLD, "dependencies_until": "2025-13-01"}),
    "day in words": table({**OLD, "dependencies_until": "yesterday"}),
    "day is a number": table({**OLD, "dependencies_until": 20251211}),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_table_is_refused_in_one_line_that_names_it(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "releases.json"
    raw = isinstance(content, str) and content != "table"
    path.write_text(content if raw else json.dumps(content), encoding="utf-8")
    with pytest.raises(BadTable) as caught:
        read(path)
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith(f"{path}: ")
    assert message.endswith("; `nox -s releases` writes this file")


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="No such file"):
        read(tmp_path / "releases.json")


def test_a_table_that_is_written_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "releases.json"
    write([Release(**OLD), Release(**NEW)], path)
    assert read(path) == [Release(**OLD), Release(**NEW)]
    assert list(tmp_path.iterdir()) == [path]


def test_writing_the_stored_table_changes_no_byte(tmp_path: Path) -> None:
    write(read(), tmp_path / "releases.json")
    assert (tmp_path / "releases.json").read_bytes() == release_table.TABLE.read_bytes()


def test_the_stored_table_goes_from_the_first_wheels_to_the_newest_series() -> None:
    versions = [Version(release.version) for release in read()]
    assert versions[0] == Version("0.18.1")
    assert versions[-1] >= Version("1.9.1")
    assert not any(version.is_prerelease for version in versions)


def test_no_series_is_missing() -> None:
    series = [release.series for release in newest_of_series(read())]
    newest = int(series[-1].partition(".")[2])
    assert series == [f"0.{minor}" for minor in range(18, 25)] + [f"1.{minor}" for minor in range(newest + 1)]


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (["1.8.0"], ["1.8.0"]),
        (["1.8.0", "1.8.1", "1.9.0"], ["1.8.1", "1.9.0"]),
        (["1.9.9", "1.9.10", "1.10.0"], ["1.9.10", "1.10.0"]),
        (["0.2.0", "0.20.0", "0.22.2", "0.22.2.post1"], ["0.2.0", "0.20.0", "0.22.2.post1"]),
        ([], []),
    ],
)
def test_the_newest_patch_release_of_each_series_is_found(versions: list[str], newest: list[str]) -> None:
    found = newest_of_series([Release(version, "3.12", "2026-01-01") for version in versions])
    assert [release.version for release in found] == newest


def list_sessions(*arguments: str) -> list[dict[str, Any]]:
    """What nox says of the sessions that some arguments select."""
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list-sessions", "--json", *arguments],
        cwd=PROJECT,
        env=environment_of_a_run(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sessions() -> list[dict[str, Any]]:
    """The session of every release, whether it runs by default or not."""
    return list_sessions("-t", "every")


def by_release(sessions: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The sessions that run the suite, by release."""
    named = [(re.fullmatch(r"tests\(sklearn='(.+)'\)", item["session"]), item) for item in sessions]
    return {match.group(1): item for match, item in named if match}


def tagged(sessions: list[dict[str, Any]], tag: str) -> list[str]:
    """The releases whose session has a tag."""
    return [version for version, item in by_release(sessions).items() if tag in item["tags"]]


def test_each_series_has_one_session(sessions: list[dict[str, Any]]) -> None:
    newest = [release.version for release in newest_of_series(read())]
    assert tagged(sessions, "series") == newest


def test_every_release_has_a_session(sessions: list[dict[str, Any]]) -> None:
    assert sorted(tagged(sessions, "every"), key=Version) == [release.version for release in read()]


def test_one_session_is_the_latest(sessions: list[dict[str, Any]]) -> None:
    assert tagged(sessions, "latest") == [read()[-1].version]


@pytest.mark.parametrize("tag", ["latest", "series", "every"])
def test_a_tag_selects_its_sessions_and_no_other(sessions: list[dict[str, Any]], tag: str) -> None:
    assert [item["session"] for item in list_sessions("-t", tag)] == [
        item["session"] for item in sessions if tag in item["tags"]
    ]


def test_the_name_alone_selects_the_newest_of_each_series() -> None:
    selected = list_sessions("-s", "tests")
    assert list(by_release(selected)) == [release.version for release in newest_of_series(read())]


def test_a_session_runs_on_the_python_of_its_release(sessions: list[dict[str, Any]]) -> None:
    pythons = {version: item["python"] for version, item in by_release(sessions).items()}
    assert pythons == {release.version: release.python for release in read()}


def test_the_full_name_selects_any_one_release() -> None:
    newest = newest_of_series(read())
    older = next(release.version for release in read() if release not in newest)
    selected = list_sessions("-s", f"tests(sklearn='{older}')")
    assert [item["session"] for item in selected] == [f"tests(sklearn='{older}')"]


def test_an_index_that_does_not_answer_is_one_error_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_RETRIES": "0",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    before = release_table.TABLE.read_bytes()
    assert release_table.main([]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: `")
    assert "failed: " in errors[0]
    assert release_table.TABLE.read_bytes() == before


def test_a_client_that_is_missing_is_one_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fault, match=r"`uv pip compile --no-deps \.\.\.` could not be run"):
        release_table.wheel_upload_day("1.9.1", "3.13")


def test_a_broken_table_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "releases.json"
    path.write_text("{", encoding="utf-8")
    monkeypatch.setattr(release_table, "TABLE", path)
    wheel = '{url = "scikit_learn-1.9.0-cp313-cp313-any.whl", upload-time = 2026-05-31T23:00:00Z}'
    clients = {
        "python": """case "$*" in *=3.13) echo '{"versions": ["1.9.0"]}' ;; *) echo '{"versions": []}' ;; esac""",
        "uv": f"echo '[[packages]]'; echo 'wheels = [{wheel}]'",
    }
    for name, answer in clients.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{answer}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))
    assert release_table.main([]) == 0
    assert read(path) == [Release(**NEW)]
    assert f"the table is invalid and will be written again: {path}: " in capsys.readouterr().out
