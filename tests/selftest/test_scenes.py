"""The corpus is what its generators make, byte for byte, and the exact arithmetic below it is exact."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures import corpus, stored_case
from fixtures.corpus import Case
from fixtures.generated_case import REG_COVAR, Disc, Matrix, Scene, initial_parameters, inverse, moments_of
from fixtures.generators import generated_cases
from tests.tools import corpus as corpus_command

PLANTED = "object-leaves-frame"


@pytest.fixture(scope="module")
def generated() -> dict[str, Case]:
    """Every synthetic case, made anew."""
    made = list(generated_cases())
    by_name = {case.name: case for case in made}
    assert len(by_name) == len(made), "two cases share a name"
    return by_name


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the corpus, and no capture."""
    monkeypatch.delenv("GMM_CAPTURE", raising=False)
    return Path(shutil.copytree(corpus.CASES, tmp_path / "cases"))


def content_of(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def versions_of(folder: Path) -> dict[str, tuple[int, int]]:
    """What tells whether a file was written again."""
    return {path.as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_stored_cases_equal_what_the_generators_make(generated: dict[str, Case]) -> None:
    assert [path for case in generated.values() for path in stored_case.differing(case, corpus.CASES)] == []


def test_every_case_that_says_it_is_generated_is_made(generated: dict[str, Case]) -> None:
    stored = {name: corpus.read_description(corpus.CASES / name) for name in corpus.case_names()}
    kinds = {name: description["provenance"]["kind"] for name, description in stored.items()}
    assert {name for name, kind in kinds.items() if kind == "generated"} == set(generated)


def test_an_embedded_case_has_less_than_300_kb(generated: dict[str, Case]) -> None:
    sizes = {case.name: sum(map(len, stored_case.files_of(case).values())) for case in generated.values()}
    assert max(sizes.values()) < 300_000, sizes


def test_a_stored_byte_that_differs_is_found_and_named(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stored / PLANTED / "means.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    assert corpus_command.main(["--root", str(stored)]) == 1
    output = capsys.readouterr()
    errors = [line for line in output.err.splitlines() if line.startswith("error: ")]
    assert f"error: {path} differs from what the generator makes; should be equal byte for byte" in errors
    assert all(line.startswith(f"error: {path} ") for line in errors)
    assert "--write" in output.err
    assert "Traceback" not in output.err


def test_write_mends_what_differs_and_touches_nothing_else(stored: Path) -> None:
    before, versions = content_of(stored), versions_of(stored)
    (stored / PLANTED / "means.npy").write_bytes(b"")
    (stored / "far-component-dragged" / "frame.npy").unlink()
    assert corpus_command.main(["--root", str(stored), "--write"]) == 0
    assert content_of(stored) == before
    mended = {str(stored / PLANTED), str(stored / "far-component-dragged"), str(stored)}
    rewritten = {name for name, version in versions_of(stored).items() if versions[name] != version}
    assert {name for name in rewritten if str(Path(name).parent) not in mended and name not in mended} == set()


def test_a_case_that_is_as_made_is_not_written(stored: Path, generated: dict[str, Case]) -> None:
    """What --write asks before it writes."""
    assert [line for case in generated.values() for line in corpus_command.differences(case, stored)] == []


def test_a_second_writing_gives_the_same_bytes_and_leaves_nothing_behind(
    tmp_path: Path, generated: dict[str, Case]
) -> None:
    case = generated[PLANTED]
    stored_case.store(case, tmp_path, replace=True)
    first = content_of(tmp_path)
    stored_case.store(case, tmp_path, replace=True)
    assert content_of(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [PLANTED]


@pytest.mark.parametrize("name", ["case.json", "frame.npy"])
def test_a_missing_file_is_found_and_named(stored: Path, generated: dict[str, Case], name: str) -> None:
    path = stored / PLANTED / name
    path.unlink()
    assert corpus_command.differences(generated[PLANTED], stored) == [f"{path} is missing; should be there"]


def product(left: Matrix, right: Matrix) -> Matrix:
    """Exact product of two square matrices."""
    size = range(len(left))
    return [[sum((left[i][k] * right[k][j] for k in size), Fraction(0)) for j in size] for i in size]


COVARIANCES = [
    [[Fraction(3, 7)]],
    [[Fraction(2), Fraction(1, 3)], [Fraction(1, 3), Fraction(5)]],
    [[Fraction(1, 10**6), Fraction(0)], [Fraction(0), Fraction(10**9)]],
    [[Fraction(4), Fraction(1), Fraction(1, 9)], [Fraction(1), Fraction(3), Fraction(-2, 5)],
     [Fraction(1, 9), Fraction(-2, 5), Fraction(7, 2)]],
]  # fmt: skip


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_the_inverse_is_exact(covariance: Matrix) -> None:
    size = range(len(covariance))
    assert product(covariance, inverse(covariance)) == [[Fraction(int(i == j)) for j in size] for i in size]


def test_moments_are_those_of_numpy() -> None:
    points, counts = [(1, 5), (2, 7), (4, 4), (10, 0)], [3, 1, 2, 5]
    moments = moments_of(points, counts)
    repeated = np.repeat(points, counts, axis=0)
    assert moments.mass == len(repeated)
    np.testing.assert_allclose(np.array(moments.mean, dtype=float), repeated.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(np.array(moments.covariance, dtype=float), np.cov(repeated.T, ddof=0), rtol=1e-14)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_initial_precisions_are_the_inverse_of_the_regularised_covariances(covariance_type: str) -> None:
    components = [moments_of([(0, 0), (2, 1), (3, 5)], [1, 2, 1]), moments_of([(9, 9), (8, 7), (9, 5)], [4, 2, 2])]
    parameters = initial_parameters(components, covariance_type)
    covariances = np.array([component.covariance for component in components], dtype=float)
    covariances += float(REG_COVAR) * np.eye(2)
    variances = np.einsum("kii->ki", covariances)
    weights = np.array([1 / 3, 2 / 3])
    expected = {
        "full": np.linalg.inv(covariances),
        "tied": np.linalg.inv(np.einsum("k,kij->ij", weights, covariances)),
        "diag": 1 / variances,
        "spherical": 1 / variances.mean(axis=1),
    }[covariance_type]
    np.testing.assert_allclose(parameters["precisions.npy"], expected, rtol=1e-12)
    np.testing.assert_allclose(parameters["weights.npy"], weights, rtol=1e-15)


def test_a_frame_repeats_each_pixel_as_often_as_it_is_bright() -> None:
    frame = Scene(width=20, height=20, objects=(Disc(x=5, y=6, radius=1, peak=3),)).frame(time=0)
    assert frame.tolist() == [[5, 6]] * 3
    assert frame.dtype == np.int32


def test_a_pixel_off_the_screen_is_not_seen() -> None:
    frame = Scene(width=6, height=20, objects=(Disc(x=5, y=6, radius=3, peak=9),)).frame(time=0)
    assert frame[:, 0].max() == 5


def test_an_object_is_gone_after_its_last_frame() -> None:
    staying, going = Disc(x=5, y=6, radius=1, peak=1), Disc(x=9, y=9, radius=1, peak=1, until=0)
    scene = Scene(width=20, height=20, objects=(staying, going))
    assert [scene.frame(time).tolist() for time in (0, 1)] == [[[5, 6], [9, 9]], [[5, 6]]]
