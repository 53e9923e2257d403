"""Sessions of nox in a project whose uv is a fake: whose environment each runs in, and what a broken table leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from fixtures.corpus import PROJECT
from tests.selftest.suite_runs import environment_of_a_run
from tests.selftest.test_release_environment import UV_THAT_WORKS, UV_WITHOUT_INTERPRETERS
from tests.tools import release_environment, release_table

LATEST = release_table.read()[-1]
SUITE = f"tests(sklearn={LATEST.version!r})"
FILES = [
    path
    for pattern in ("noxfile.py", "pyproject.toml", "tests/*.json", "tests/**/*.py", "fixtures/**/*.py")
    for path in PROJECT.glob(pattern)
    if "selftest" not in path.parts
]


class Project:
    """A copy of this project, and a nox beside a uv that makes empty environments."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        for path in FILES:
            target = self.root / path.relative_to(PROJECT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        self.python = folder / "nox" / "bin" / "python"
        venv.create(folder / "nox", with_pip=False, symlinks=True)
        self.use_uv(UV_THAT_WORKS)
        self.table = self.root / "tests" / "releases.json"

    def use_uv(self, script: str) -> None:
        """Put a program called uv beside nox's Python, where it is looked for first."""
        uv = self.python.with_name("uv")
        uv.write_text(script)
        uv.chmod(0o755)

    def nox(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run nox in the project."""
        inherited = {name: value for name, value in environment_of_a_run().items() if name != "CI"}
        path = os.pathsep.join([str(self.python.parent), "/bin", "/usr/bin"])
        return subprocess.run(
            [self.python, "-m", "nox", *arguments],
            cwd=self.root,
            env={**inherited, "PYTHONPATH": sysconfig.get_paths()["purelib"], "PATH": path, **variables},
            capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    def made(self) -> list[str]:
        """The environments that there are."""
        return sorted(place.name for place in (self.root / ".environments").glob("[!.]*"))

    def calls(self) -> int:
        """How often uv was asked to make one."""
        return self.python.with_name("calls").read_text().count("venv ")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_session_of_a_release_makes_the_environment_of_the_tools(project: Project) -> None:
    done = project.nox("-s", SUITE)
    assert done.returncode == 0, done.stderr
    assert "ran -m pytest" in done.stdout
    assert release_environment.is_made(LATEST, project.root / ".environments")
    assert not (project.root / ".nox").exists()


def test_an_environment_that_a_session_made_is_used_by_all_that_run_in_the_release(project: Project) -> None:
    sessions = [SUITE, "record-baseline", "record-published-fit"]
    done = project.nox("-s", *sessions)
    assert done.returncode == 0, done.stderr
    assert project.calls() == len(project.made()) == 1


def test_sessions_at_a_time_make_one_environment(project: Project) -> None:
    done = project.nox("-s", SUITE, "record-published-fit", "record-baseline", "-j", "3", "--allow-parallel")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.calls() == 1


def test_tools_of_one_group_share_its_environment(project: Project) -> None:
    done = project.nox("-s", "bench", "reduce", "remedies", "tests-source")
    assert done.returncode == 0, done.stderr
    assert project.made() == [f"workers-python3.{sys.version_info.minor}"]


def test_the_python_that_is_named_is_taken(project: Project) -> None:
    done = project.nox("-s", "corpus", "record-baseline", "-P", "3.10")
    assert done.returncode == 0, done.stderr
    assert project.made() == ["corpus-python3.10", f"sklearn-{LATEST.version}-python3.10"]


def test_a_session_whose_interpreter_is_missing_is_skipped_by_name(project: Project) -> None:
    project.use_uv(UV_WITHOUT_INTERPRETERS)
    done = project.nox("-s", SUITE, "remedies")
    assert done.returncode == 0
    assert f"{SUITE}: skipped (Python interpreter {LATEST.python} not found)" in done.stderr
    assert not project.made()


def test_a_missing_interpreter_is_an_error_where_it_must_not_be_missing(project: Project) -> None:
    project.use_uv(UV_WITHOUT_INTERPRETERS)
    assert project.nox("-s", SUITE, CI="true").returncode == 1


def test_an_environment_that_cannot_be_made_is_reported_without_a_traceback(project: Project) -> None:
    project.python.with_name("uv").unlink()
    done = project.nox("-s", SUITE)
    assert done.returncode == 1
    assert "uv is not on PATH" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_session_of_a_release_that_is_not_there_is_answered_with_the_nearest(project: Project) -> None:
    done = project.nox("-s", SUITE.replace(LATEST.version, f"{LATEST.version}9"))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"(the nearest: {SUITE}, " in line


@pytest.mark.parametrize("arguments", [["--list"], ["-s", "tests"], ["-t", "latest"], ["-s", SUITE], ["-s", "compare"]])
def test_a_broken_table_is_one_line(project: Project, arguments: list[str]) -> None:
    project.table.write_text("{")
    done = project.nox(*arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {project.table}: ")
    assert line.endswith("`nox -s releases` writes this file")


def test_the_session_that_mends_the_table_runs_while_it_is_broken(project: Project) -> None:
    project.table.write_text("{")
    done = project.nox("-s", "releases", "--", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "ran -m tests.tools.release_table --dry-run" in done.stdout


def test_no_module_of_a_tool_needs_the_table_to_be_imported(project: Project) -> None:
    project.table.write_text("{")
    code = "import importlib, pkgutil\nfrom tests import tools\n"
    code += "for module in pkgutil.walk_packages(tools.__path__, 'tests.tools.'):\n"
    code += "    importlib.import_module(module.name)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
