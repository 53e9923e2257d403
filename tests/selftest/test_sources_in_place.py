"""A checkout that is built in place is used by the interpreter that imports it, and never written to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.selftest.fake_releases import make_environment, source_of, write
from tests.selftest.histories import fingerprint
from tests.tools import release_environment
from tests.tools.sources.naming import SourceUnusable
from tests.tools.sources.prepared import interpreter_of, plan_for, prepare


@pytest.fixture(autouse=True)
def nothing_active(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No interpreter of this machine's."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in whose folders compiled files lie."""
    return write(tmp_path / "scikit-learn", {**source_of("1.6.1"), "sklearn/__check_build/_check_build.so": ""})


@pytest.fixture
def editable(tmp_path: Path, checkout: Path) -> Path:
    """The interpreter of an environment in which the checkout is installed, to be edited."""
    python = make_environment(tmp_path / "environment", {})
    write(release_environment.packages_of(python), {"scikit_learn.pth": f"{checkout}\n"})
    return python


def test_the_interpreter_of_the_active_environment_is_asked(
    checkout: Path, editable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(editable.parent.parent))
    plan = plan_for(str(checkout))
    assert (plan.how, plan.python, plan.nearest.version) == ("in place", editable, "1.6.1")


def test_the_users_interpreter_is_found_behind_that_of_a_nox_session(
    checkout: Path, editable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_environment(tmp_path / "session", {})
    monkeypatch.setenv("VIRTUAL_ENV", str(session.parent.parent))
    monkeypatch.setenv("PATH", os.pathsep.join([str(session.parent), str(editable.parent)]))
    (checkout / "sklearn" / "__check_build" / "_check_build.so").unlink()
    assert plan_for(str(checkout)).python == editable


def test_the_interpreter_that_was_named_is_asked(checkout: Path, editable: Path) -> None:
    with prepare(str(checkout), python=editable) as prepared:
        assert (prepared.how, prepared.python, prepared.version) == ("in place", editable, "1.6.1")


def test_compiled_files_are_found_by_an_interpreter_that_does_not_know_them(checkout: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "bare", {})
    found = interpreter_of(checkout, python)
    assert found is not None
    assert found.variables["PYTHONPATH"] == str(checkout)


def test_a_checkout_without_compiled_files_is_not_built(tmp_path: Path) -> None:
    write(tmp_path / "unbuilt", source_of("1.6.1"))
    python = make_environment(tmp_path / "bare", {})
    with pytest.raises(SourceUnusable, match=r"does not import scikit-learn from .*unbuilt .*should be built for it"):
        interpreter_of(tmp_path / "unbuilt", python)
    assert interpreter_of(tmp_path / "unbuilt", None) is None


def test_an_interpreter_that_imports_another_is_reported(checkout: Path, tmp_path: Path) -> None:
    (checkout / "sklearn" / "__check_build" / "_check_build.so").unlink()
    other = make_environment(tmp_path / "other", source_of("1.6.0"))
    with pytest.raises(SourceUnusable, match=r"does not import scikit-learn from .*it imports the one in .*other"):
        plan_for(str(checkout), python=other)


def test_an_interpreter_that_is_invalid_is_reported(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="cannot be run"):
        plan_for(str(checkout), python=tmp_path / "no-python")


def test_the_checkout_is_not_written_to(checkout: Path, editable: Path) -> None:
    before = fingerprint(checkout)
    with prepare(str(checkout), python=editable) as prepared:
        command = [str(prepared.python), "-c", "import sklearn.mixture"]
        subprocess.run(command, check=True, env=dict(prepared.variables), cwd=sys.prefix)
    assert fingerprint(checkout) == before


def test_what_meson_built_is_not_built_anew_on_import(checkout: Path, editable: Path) -> None:
    (checkout / "build" / "cp313").mkdir(parents=True)
    found = interpreter_of(checkout, editable)
    assert found is not None
    assert found.variables["MESONPY_EDITABLE_SKIP"] == str(checkout / "build" / "cp313")
