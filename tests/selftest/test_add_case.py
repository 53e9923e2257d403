"""A user's arrays become a case, whole or not at all, or are refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures import add_case
from fixtures.corpus import load_case
from tests.selftest import case_files


@pytest.fixture
def arrays(tmp_path: Path) -> dict[str, Path]:
    """Files under names of the user's choosing, with a space in the folder's name."""
    folder = tmp_path / "my arrays"
    folder.mkdir()
    contents = {
        "frame": case_files.FRAME,
        "weights": case_files.WEIGHTS,
        "means": case_files.MEANS,
        "precisions": case_files.FULL,
    }
    for name, array in contents.items():
        np.save(folder / f"Frame_9_{name}.npy", array)
    return {name: folder / f"Frame_9_{name}.npy" for name in contents}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    return tmp_path / "cases"


def run(root: Path, arrays: dict[str, Path], *more: str, name: str = "my-case") -> int:
    files = [word for option, path in arrays.items() for word in (f"--{option}", str(path))]
    return add_case.main(["--name", name, "--root", str(root), *files, *more])


def test_valid_arrays_become_a_case_that_loads(root: Path, arrays: dict[str, Path]) -> None:
    assert run(root, arrays, "--title", "mine", "--tol", "0.01") == 0
    case = load_case("my-case", root=root)
    assert (case.title, case.settings.tol, case.provenance) == ("mine", 0.01, {"kind": "user"})
    np.testing.assert_array_equal(case.frame, case_files.FRAME)
    np.testing.assert_array_equal(case.precisions, case_files.FULL)
    assert sorted(path.name for path in root.iterdir()) == ["my-case"]


def test_several_frames_become_a_chain(root: Path, arrays: dict[str, Path]) -> None:
    second = arrays["frame"].with_name("second.npy")
    np.save(second, case_files.FRAME + 1)
    frames = ["--frame", str(arrays.pop("frame")), str(second)]
    assert run(root, arrays, *frames) == 0
    case = load_case("my-case", root=root)
    assert len(case.frames) == 2
    assert "chain" in case.flags


def test_a_dry_run_writes_nothing(root: Path, arrays: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, arrays, "--dry-run") == 0
    assert list(root.iterdir()) == []
    assert "valid, not written" in capsys.readouterr().out


def test_a_name_that_is_taken_is_refused_and_nothing_is_overwritten(
    root: Path, arrays: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, arrays) == 0
    before = (root / "my-case" / "case.json").read_bytes()
    assert run(root, arrays, "--title", "another") == 2
    assert "exists already; should be a new name" in capsys.readouterr().err
    assert (root / "my-case" / "case.json").read_bytes() == before


BROKEN = {
    "frame": (np.array([[1.0, np.nan]] * 4), "holds nan at (0, 1); should be finite"),
    "weights": (np.array([0.5, 0.5, 0.5]), "sums to 1.5; should be 1"),
    "means": (case_files.MEANS[:, :1], "should be"),
    "precisions": (-case_files.FULL, "has the eigenvalue"),
}


@pytest.mark.parametrize("option", sorted(BROKEN))
def test_an_array_that_is_wrong_is_refused_by_its_own_name(
    root: Path, arrays: dict[str, Path], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    array, complaint = BROKEN[option]
    np.save(arrays[option], array)
    assert run(root, arrays) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert complaint in line
    assert "Frame_9_" in line
    assert list(root.iterdir()) == []


def test_a_pickle_is_refused(root: Path, arrays: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    np.save(arrays["weights"], np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert run(root, arrays) == 2
    assert "pickled Python objects, which are never loaded" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--tol", "-1"], ["--max-iter", "0"], ["--reg-covar", "nan"]])
def test_a_setting_out_of_range_is_refused(
    root: Path, arrays: dict[str, Path], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, arrays, *more) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the settings given" in line
    assert "should be" in line


@pytest.mark.parametrize("title", ["two\nlines", "\x1b[2J", "\udcff", "x" * 201])
def test_a_title_that_is_not_one_line_is_refused(
    root: Path, arrays: dict[str, Path], title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, arrays, "--title", title) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "should be one line of at most 200 characters" in line


@pytest.mark.parametrize("name", ["../evil", "My Case", "", "a--b"])
def test_a_name_that_is_no_name_is_refused(root: Path, arrays: dict[str, Path], name: str) -> None:
    assert run(root, arrays, name=name) == 2
    assert list(root.iterdir()) == []
