"""The frame of every command: one line and an exit code for whatever ends it early."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import command_line
from fixtures.corpus import PROJECT
from fixtures.fault import Fault

DOCUMENTATION = """Do a thing.

In two ways.

Examples
--------
  nox -s thing -- 1
"""
PRINTS = """
import sys
from fixtures import command_line

@command_line.command()
def main():
    print("a line")
    return 0

sys.exit(main())
"""
HELPS = """
import sys
from fixtures import command_line

@command_line.command()
def main():
    command_line.parser("thing", "Do a thing.").parse_args(["--help"])

sys.exit(main())
"""


def ended_by(error: BaseException) -> int:
    """The exit code of a command in which something is raised."""

    @command_line.command("what is above is all")
    def main() -> int:
        raise error

    return main()


@pytest.mark.parametrize("code", [0, 1])
def test_a_command_that_comes_to_its_end_says_its_own_code(code: int) -> None:
    assert command_line.command()(lambda: code)() == code


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (Fault("a.json is missing; should be there"), 2, "error: a.json is missing; should be there"),
        (FileNotFoundError(2, "No such file or directory", "a.json"), 2, "error: a.json: No such file or directory"),
        (FileNotFoundError(2, "No such file or directory", "a\nb"), 2, r"error: a\nb: No such file or directory"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted: what is above is all"),
        (command_line.Interrupted("2 of 3 are kept"), 130, "interrupted: 2 of 3 are kept"),
    ],
)
def test_what_ends_it_early_is_reported_in_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_by(error) == code
    assert tuple(capsys.readouterr()) == ("", f"{line}\n")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        ended_by(ZeroDivisionError())


@pytest.mark.parametrize("source", [PRINTS, HELPS])
def test_a_reader_that_has_gone_is_no_error(source: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=PROJECT, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_disk_too_full_for_any_line_is_exit_code_2() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", PRINTS], cwd=PROJECT, stdout=full, stderr=full, check=False)
    assert done.returncode == 2


def test_a_name_that_the_encoding_has_no_letters_for_is_reported_all_the_same(tmp_path: Path) -> None:
    source = PRINTS.replace('print("a line")', 'raise OSError(2, "not there", "\\udcff")')
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=PROJECT, env={"PYTHONIOENCODING": "ascii", "HOME": str(tmp_path)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) == (2, b"error: \\udcff: not there")


def test_help_shows_the_examples_of_the_docstring_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.parser("thing", DOCUMENTATION).parse_args(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: nox -s thing -- [-h]\n\nDo a thing.\n\nIn two ways.\n")
    assert said.endswith(
        "examples:\n  nox -s thing -- 1\n\n"
        "exit codes: 0 fine, 1 a check failed, 2 wrong use or bad input, 130 interrupted\n"
    )


def test_an_option_that_there_is_not_is_a_fault() -> None:
    with pytest.raises(Fault, match=r"^unrecognized arguments: --colour \(--help shows the options\)$"):
        command_line.parser("thing", DOCUMENTATION).parse_args(["--colour"])


def test_an_error_comes_after_what_was_printed_before(tmp_path: Path) -> None:
    source = PRINTS.replace("return 0", 'raise OSError(2, "not there", "a.json")')
    with (tmp_path / "said").open("wb") as said:
        subprocess.run([sys.executable, "-c", source], cwd=PROJECT, stdout=said, stderr=said, check=False)
    assert (tmp_path / "said").read_text(encoding="utf-8") == "a line\nerror: a.json: not there\n"
