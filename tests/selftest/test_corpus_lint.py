"""The corpus as it is: what the issue of a corpus asks for, and what its lint refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fixtures import documentation, verifier
from fixtures.corpus import CASES, FLAGS, case_names, load_case, names_with, read_description
from fixtures.generators import generated_cases
from tests.support import expected

GENERATED = {case.name for case in generated_cases()}
SMALL = ("two-samples", "issue-23032-one-component-seven-samples")


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    for name in SMALL:
        shutil.copytree(CASES / name, tmp_path / name)
    return tmp_path


def axes_of(name: str) -> dict[str, object]:
    description = read_description(CASES / name)
    files = description["files"]
    frames = [entry for file, entry in files.items() if file.startswith("frame")]
    return {
        **description["settings"],
        "dtype": frames[0]["dtype"],
        "n_features": frames[0]["shape"][1],
        "n_components": files["means.npy"]["shape"][0],
        "n_frames": len(frames),
    }


def test_the_corpus_covers_its_axes() -> None:
    axes = [axes_of(name) for name in case_names()]
    assert {axis["covariance_type"] for axis in axes} == {"full", "tied", "diag", "spherical"}
    assert {axis["dtype"] for axis in axes} >= {"int32", "uint8", "float32", "float64"}
    assert {axis["n_features"] for axis in axes} >= {1, 2, 3, 16}
    assert {axis["n_components"] for axis in axes} >= {2, 64}
    assert {axis["reg_covar"] for axis in axes} >= {0, 1e-6, 4.0}
    assert sum(axis["n_frames"] != 1 for axis in axes) >= 6
    assert sum("control" in read_description(CASES / name)["flags"] for name in case_names()) >= 10


def test_every_float64_rung_of_the_ladder_has_a_float32_twin() -> None:
    rungs = {name.rpartition("-")[0] for name in names_with("ladder")}
    assert rungs
    assert {f"{rung}-{dtype}" for rung in rungs for dtype in ("float64", "float32")} <= set(case_names())


def test_the_lint_passes_what_is_right(small_corpus: Path) -> None:
    problems = verifier.lint(small_corpus, None, GENERATED)
    used = {flag for name in SMALL for flag in read_description(CASES / name)["flags"]}
    # Two cases do not use every flag, which the lint says; there is nothing else to say.
    assert len(problems) == len(set(FLAGS) - used)
    assert all("which no case has" in problem for problem in problems)


def test_the_lint_refuses_a_file_that_is_not_listed(small_corpus: Path) -> None:
    (small_corpus / "two-samples" / "notes.txt").write_text("hello")
    (problem,) = verifier.lint(small_corpus, None, GENERATED)
    assert "notes.txt is not listed in case.json" in problem


def test_the_lint_refuses_a_link_to_nothing(small_corpus: Path) -> None:
    (small_corpus / "two-samples" / "frame.npy").unlink()
    (small_corpus / "two-samples" / "frame.npy").symlink_to("nowhere")
    (problem,) = verifier.lint(small_corpus, None, GENERATED)
    assert "frame.npy is missing; should be a plain file" in problem


def test_the_lint_refuses_a_case_that_is_there_twice(small_corpus: Path) -> None:
    shutil.copytree(small_corpus / "two-samples", small_corpus / "two-samples-again")
    problems = verifier.lint(small_corpus, None, {*GENERATED, "two-samples-again"})
    assert any("two-samples-again repeats two-samples" in problem for problem in problems)


def test_the_lint_refuses_a_generated_case_that_nothing_generates(small_corpus: Path) -> None:
    (problem,) = verifier.lint(small_corpus, None, GENERATED - {"two-samples"})
    assert "should be made by fixtures/generators" in problem


def test_the_lint_refuses_a_reduced_case_whose_origin_is_not_there(small_corpus: Path) -> None:
    shutil.copytree(CASES / "reduced-far-component-dragged", small_corpus / "reduced-far-component-dragged")
    (problem,) = verifier.lint(small_corpus, None, GENERATED)
    assert "says it is reduced from 'far-component-dragged'; should be a case of the corpus" in problem


def test_the_lint_refuses_a_large_case(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MAX_CASE_BYTES", 2000)
    assert any("bytes; should be at most 2,000" in problem for problem in verifier.lint(small_corpus, None, GENERATED))


def test_the_tables_of_the_documentation_are_as_the_corpus_is() -> None:
    text = documentation.README.read_text(encoding="utf-8")
    assert documentation.with_tables(text) == text


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_the_stored_expectation_is_what_exact_em_gives(name: str) -> None:
    stored = expected.read(name)
    again = json.loads(json.dumps(expected.expectation(load_case(name))))
    assert set(stored) == {*again, *([] if "degenerate" in again else ["rounding", "rounding_moved"])}
    for key in again:
        if key in ("states", "degenerate"):
            assert stored[key] == again[key]
        elif key == "frames":
            assert [frame["n_iter"] for frame in stored[key]] == [frame["n_iter"] for frame in again[key]]
            bounds = [[frame["lower_bound"] for frame in frames] for frames in (stored[key], again[key])]
            np.testing.assert_allclose(bounds[0], bounds[1], rtol=1e-7, atol=1e-7)
        else:
            np.testing.assert_allclose(stored[key], again[key], rtol=1e-6, atol=1e-6)
