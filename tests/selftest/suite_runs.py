"""Runs of the suite, each in a process of its own, in a small project made from this one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures import corpus

PROCESSES = 2

RELEASE = "1.8.7"
CHECK = "test_no_component_collapses"
CAPTURE = "capture-frame-44"
LISTED_CASES = (CAPTURE, "far-component-dragged", "object-leaves-frame", "object-shrinks-to-one-pixel-and-goes")
CHAIN = "a-chain"
CONTROLS = ("control-still-scene", "control-tight-cluster-at-origin")
EMBEDDED = {*LISTED_CASES, *CONTROLS, CHAIN} - {CAPTURE}

FILES = [
    path.relative_to(corpus.PROJECT).as_posix()
    for pattern in (
        "conftest.py", "pyproject.toml", "fixtures/*.py", "tests/__init__.py", "tests/test_collapse.py",
        "tests/test_capture.py", "tests/support/*.py", "tests/selftest/__init__.py", "tests/selftest/fakes.py",
    )
    for path in corpus.PROJECT.glob(pattern)
]  # fmt: skip

DEFECT = "component-collapses-to-origin"
ISSUE = "https://github.com/scikit-learn/scikit-learn/issues/12099"
LEDGER = {
    "format": 2,
    "defects": [
        {
            "id": DEFECT,
            "summary": "a component collapses",
            "upstream": ISSUE,
            "found": [{"releases": ">=0.18", "check": CHECK, "cases": list(LISTED_CASES)}],
        }
    ],
    "not_judged": [],
}

# What stands for scikit-learn's class: it can be made and fitted, and leaves nothing.
MIXTURE = """
class GaussianMixture:
    def __init__(self, **parameters):
        pass

    def fit(self, samples):
        return self
"""

# What would change the outcome of a run, or make it slow: a process that may
# not cache bytecode takes seconds more to import scikit-learn.
NOT_INHERITED = ("GMM_CAPTURE", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS")


@dataclass(frozen=True)
class Run:
    """What one run of the suite gave."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of pytest's last line by their word: passed, failed, error, skipped, xfailed, not judged."""
        last = self.stdout.strip().splitlines()[-1]
        return {word.removesuffix("s"): int(number) for number, word in re.findall(r"(\d+) (not judged|[a-z]+)", last)}

    def failed(self) -> set[str]:
        """Names of the cases that failed, out of the headlines of the failures."""
        return set(re.findall(r"^_+ test_\w+\[(.+)\] _+$", self.stdout, re.MULTILINE))

    def failure(self, case_name: str) -> str:
        """The text below the headline of a failed case."""
        pattern = rf"^_+ test_\w+\[{case_name}\] _+\n(.*?)(?=^[_=]{{3,}} |^\d+\.\d+ s in all|\Z)"
        found = re.search(pattern, self.stdout, re.MULTILINE | re.DOTALL)
        assert found, f"no failure of {case_name} in:\n{self.stdout}"
        return found.group(1)

    def usage_error(self) -> str:
        """The one line with which pytest refuses to run."""
        assert self.returncode == pytest.ExitCode.USAGE_ERROR, self.stdout + self.stderr
        assert "Traceback" not in self.stdout + self.stderr
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        assert len(lines) == 1, self.stderr
        return lines[0]


def copy_project(folder: Path) -> Path:
    """Make a small project: some cases, one of them a chain, two checks, a ledger, and the fakes.

    It does not grow with the corpus and the checks, has no fetched capture,
    and is where a test may break something. Its scikit-learn is a fake too:
    a run then takes a third of the time, and any release can be told.
    """
    for name in FILES:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(corpus.PROJECT / name, target)
    for name in (*LISTED_CASES, *CONTROLS):
        shutil.copytree(corpus.CASES / name, folder / "fixtures" / "cases" / name)
    (folder / "sklearn").mkdir()
    (folder / "sklearn" / "__init__.py").write_text(f"__version__ = {RELEASE!r}\n", encoding="utf-8")
    (folder / "sklearn" / "mixture.py").write_text(MIXTURE, encoding="utf-8")
    make_chain(folder / "fixtures" / "cases" / CHAIN)
    (folder / "tests" / "known_defects.json").write_text(json.dumps(LEDGER, indent=2), encoding="utf-8")
    return folder


def make_chain(folder: Path) -> None:
    """Make a chain of two frames out of a case of one."""
    shutil.copytree(corpus.CASES / CONTROLS[0], folder)
    (folder / "frame.npy").rename(folder / "frame_000.npy")
    shutil.copy(folder / "frame_000.npy", folder / "frame_001.npy")
    description = corpus.read_description(corpus.CASES / CONTROLS[0])
    frame = description["files"].pop("frame.npy")
    description["files"].update({"frame_000.npy": frame, "frame_001.npy": frame})
    (folder / "case.json").write_text(json.dumps(description), encoding="utf-8")


def environment_of_a_run(**variables: str) -> dict[str, str]:
    """The environment of this process without what would change a run."""
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED} | variables


def run_pytest(root: Path, *arguments: str, **variables: str) -> Run:
    """Run pytest at the root of a small project."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:benchmark", "--color=no"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=root,
        env=environment_of_a_run(**variables),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def fake(name: str) -> str:
    """The option that puts a fake under test."""
    return f"--estimator=tests.selftest.fakes:{name}"
