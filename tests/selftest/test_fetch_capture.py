"""Fetching the capture: whole and checked, or not at all. A server on the loopback device stands for the real one."""

from __future__ import annotations

import hashlib
import http.server
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from fixtures import corpus
from tests.tools import fetch_capture

CONTENT = {"one.npy": b"first file" * 1000, "two.npy": b"second file" * 1000, "three.npy": b"third file" * 1000}
FILES = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
OTHER_SHA256 = hashlib.sha256(b"something else").hexdigest()


class Publisher(http.server.BaseHTTPRequestHandler):
    """Serves `CONTENT`; below /truncated/ the last file ends early, below /lacking/ it is not there."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer one request."""
        self.asked.append(self.path)
        fault, _, name = self.path.removeprefix("/").rpartition("/")
        content = CONTENT.get(name)
        if content is None or (fault == "lacking" and name == "three.npy"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "truncated" and name == "three.npy" else content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server that holds the files."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Publisher.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()
        thread.join()


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nothing listens."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def files_in(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, hidden files too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_fetched_whole(server: str, tmp_path: Path) -> None:
    assert fetch_capture.fetch(server, FILES, tmp_path / "capture") == list(FILES)
    assert files_in(tmp_path) == {f"capture/{name}": content for name, content in CONTENT.items()}


def test_a_second_call_fetches_nothing(server: str, tmp_path: Path) -> None:
    fetch_capture.fetch(server, FILES, tmp_path)
    Publisher.asked.clear()
    assert fetch_capture.fetch(server, FILES, tmp_path) == []
    assert Publisher.asked == []


def test_only_what_is_missing_or_wrong_is_fetched(server: str, tmp_path: Path) -> None:
    (tmp_path / "one.npy").write_bytes(CONTENT["one.npy"])
    (tmp_path / "two.npy").write_bytes(b"half a fi")
    assert fetch_capture.fetch(server, FILES, tmp_path) == ["two.npy", "three.npy"]
    assert files_in(tmp_path) == CONTENT


def test_other_files_in_the_folder_stay(server: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    fetch_capture.fetch(server, FILES, tmp_path)
    assert files_in(tmp_path)["notes.txt"] == b"mine"


def test_a_wrong_checksum_stores_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"(?i)sha256"):
        fetch_capture.fetch(server, {**FILES, "three.npy": OTHER_SHA256}, tmp_path / "capture")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("fault", ["truncated/", "lacking/"])
def test_a_download_that_breaks_stores_nothing(server: str, tmp_path: Path, fault: str) -> None:
    with pytest.raises((OSError, ValueError)):
        fetch_capture.fetch(server + fault, FILES, tmp_path / "capture")
    assert Publisher.asked[-1] == f"/{fault}three.npy"
    assert list(tmp_path.rglob("*")) == []


def test_a_server_that_does_not_answer_stores_nothing(closed_port: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        fetch_capture.fetch(closed_port, FILES, tmp_path / "capture")
    assert list(tmp_path.rglob("*")) == []


def test_a_download_that_breaks_leaves_what_was_there(server: str, tmp_path: Path) -> None:
    (tmp_path / "one.npy").write_bytes(CONTENT["one.npy"])
    (tmp_path / "two.npy").write_bytes(b"half a fi")
    before = files_in(tmp_path)
    with pytest.raises((OSError, ValueError)):
        fetch_capture.fetch(server + "truncated/", FILES, tmp_path)
    assert files_in(tmp_path) == before


def test_a_download_that_breaks_does_not_make_the_capture_seem_found(server: str, tmp_path: Path) -> None:
    """`find_capture` takes the folder for the capture as soon as it is there."""
    folder = tmp_path / "deep" / "capture"
    with pytest.raises((OSError, ValueError)):
        fetch_capture.fetch(server + "truncated/", FILES, folder)
    assert not folder.exists()


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr, which says what should be and what to do, too."""
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert re.match("error: .*; should be the four files of .*; nothing was stored: check the network, or name", line)
    return line


def test_main_says_in_one_error_that_nobody_answers(
    closed_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch_capture.main(["--to", str(tmp_path / "capture"), "--address", closed_port]) == 2
    assert "127.0.0.1" in one_error(capsys)
    assert list(tmp_path.rglob("*")) == []


def test_main_says_in_one_error_that_a_file_is_not_there(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch_capture.main(["--to", str(tmp_path / "capture"), "--address", server]) == 2
    assert "404" in one_error(capsys)
    assert list(tmp_path.rglob("*")) == []


def test_main_says_what_to_do_without_a_network(
    closed_port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch_capture.main(["--to", str(tmp_path), "--address", closed_port])
    assert "GMM_CAPTURE" in one_error(capsys)


def test_a_dry_run_asks_and_writes_nothing(server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch_capture.main(["--to", str(tmp_path / "capture"), "--address", server, "--dry-run"]) == 0
    assert Publisher.asked == []
    assert list(tmp_path.rglob("*")) == []
    output = capsys.readouterr().out
    published = corpus.read_description(corpus.CASES / corpus.CAPTURE_CASE)["download"]["files"].values()
    assert all(f"from {server}{name}" in output for name in published)


def test_the_address_names_a_commit_that_cannot_change() -> None:
    address = corpus.read_description(corpus.CASES / corpus.CAPTURE_CASE)["download"]["address"]
    commit = address.rstrip("/").rpartition("/")[2]
    assert len(commit) == 40
    assert int(commit, 16)
