"""A fault in the call of a command: one clear line and its exit code, never a traceback."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.corpus import PROJECT
from tests.selftest.conftest import Refusal
from tests.support import ledger
from tests.tools import release_table

COMMANDS = {
    "add-case": "fixtures.add_case",
    "bench": "tests.tools.bench",
    "bisect": "tests.tools.bisect.command",
    "compare": "tests.tools.compare.__main__",
    "corpus": "tests.tools.corpus",
    "demonstration": "tests.tools.record.video",
    "fetch-capture": "tests.tools.fetch_capture",
    "mutants": "tests.tools.mutants.__main__",
    "peers": "tests.tools.peers.__main__",
    "record": "tests.tools.record.__main__",
    "record-baseline": "tests.tools.record_baseline",
    "record-published-fit": "tests.tools.published_fit",
    "reduce": "tests.tools.reduce.__main__",
    "releases": "tests.tools.release_table",
    "remedies": "tests.tools.remedies",
    "report": "tests.tools.report.__main__",
    "sensitivity": "tests.tools.sensitivity",
    "tests-source": "tests.tools.sources.__main__",
}
Main = Callable[[list[str]], int]
NOWHERE = "/dev/null/nowhere"
ARRAYS = ["--frame", "f.npy", "--weights", "w.npy", "--means", "m.npy", "--precisions", "p.npy"]
QUESTION = ["--case", "two-samples", "--check", "test_no_component_collapses"]


def main_of(command: str) -> Main:
    """What a session of nox calls."""
    return importlib.import_module(COMMANDS[command]).main


def test_every_command_of_a_session_is_in_the_table() -> None:
    called = set(re.findall(r'"((?:tests|fixtures)\.[a-z_.]+)"', (PROJECT / "noxfile.py").read_text(encoding="utf-8")))
    assert called == {re.sub(r"\.(__main__|command)$", "", module) for module in COMMANDS.values()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_exit_codes_the_same_way(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(command)(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: nox -s {command} -- ")
    assert f"\nexamples:\n  nox -s {command}" in said
    assert re.search(r"\n\nexit codes: 0 .+, 1 .+, 2 wrong use or bad input, 130 interrupted\n$", said)


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"tests-source"}))  # which hands it to pytest
def test_an_option_that_there_is_not_is_refused(command: str, refusal: Refusal) -> None:
    assert refusal(main_of(command), ["--no-such-option"]).endswith("(--help shows the options)")


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_is_one_line(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", stop)
    assert main_of(command)([]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("interrupted: ")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("bench", []),
        ("bisect", QUESTION),
        ("compare", ["1.8", "1.9"]),
        ("compare", ["--neighbours"]),
        ("compare", ["--self-test"]),
        ("mutants", ["--dry-run"]),
        ("record", ["FRAMES", "--components", "2"]),
        ("reduce", ["two-samples"]),
        ("report", []),
        ("report", ["--readme"]),
        ("tests-source", ["1.9"]),
    ],
)
def test_a_broken_table_of_releases_is_reported(
    command: str, arguments: list[str], point_sets: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    broken = point_sets / "releases.json"
    broken.write_text("[]", encoding="utf-8")
    monkeypatch.setattr(release_table.read, "__defaults__", (broken,))
    said = refusal(main_of(command), [word.replace("FRAMES", str(point_sets)) for word in arguments])
    assert said.startswith(f"error: {broken}: ")


@pytest.mark.parametrize(
    ("command", "arguments"), [("reduce", ["--ledger", "--dry-run"]), ("report", []), ("report", ["--readme"])]
)
def test_a_broken_ledger_is_reported(
    command: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    broken = tmp_path / "known_defects.json"
    broken.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(ledger.read_ledger, "__defaults__", (broken,))
    assert str(broken) in refusal(main_of(command), arguments)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("add-case", ["--name", "new", *ARRAYS, "--root", NOWHERE]),
        ("bench", ["1.9", "--capture", NOWHERE]),
        ("bisect", [*QUESTION, "--repo", NOWHERE]),
        ("compare", ["1.8", "1.9", "--capture", NOWHERE]),
        ("compare", ["1.8", "1.9", "--json", f"{NOWHERE}/ratios.json"]),
        ("corpus", ["--root", NOWHERE]),
        ("corpus", ["--capture", NOWHERE]),
        ("demonstration", ["--to", f"{NOWHERE}/film.mkv"]),
        ("fetch-capture", ["--to", NOWHERE]),
        ("record", [NOWHERE, "--components", "2"]),
        ("record-baseline", ["--capture", NOWHERE]),
        ("record-published-fit", ["--capture", NOWHERE]),
        ("reduce", [NOWHERE]),
        ("reduce", ["capture-frame-44", "--capture", NOWHERE]),
        ("remedies", ["--capture", NOWHERE]),
        ("remedies", ["--json", f"{NOWHERE}/remedies.json"]),
        ("remedies", ["--python", NOWHERE]),
        ("report", [NOWHERE]),
        ("tests-source", [NOWHERE]),
    ],
)
def test_a_folder_that_there_is_not_is_reported(command: str, arguments: list[str], refusal: Refusal) -> None:
    assert NOWHERE in refusal(main_of(command), arguments)
