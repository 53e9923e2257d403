"""The reference is right: against EM in 50 digits, and against scikit-learn where nothing underflows."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures.corpus import (
    CASES,
    CaptureNotAtHand,
    Case,
    Settings,
    case_names,
    find_capture,
    load_case,
    names_with,
    read_description,
)
from tests.selftest.exact_mixture import em_steps
from tests.support import reference
from tests.support.density import full_matrices

KINDS = ("full", "tied", "diag", "spherical")
SAMPLES = np.array([[0, 1], [1, 0], [1, 0], [2, 3], [5, 4], [6, 6], [6, 6], [7, 4]], dtype=np.int32)
PRECISIONS = {
    "full": np.array([[[1.0, 0.25], [0.25, 0.5]], [[2.0, -0.5], [-0.5, 1.0]]]),
    "tied": np.array([[1.0, 0.25], [0.25, 0.5]]),
    "diag": np.array([[1.0, 0.5], [2.0, 1.0]]),
    "spherical": np.array([1.0, 2.0]),
}


def is_plain_control(name: str) -> bool:
    """Whether a case is a control of one frame whose parameters are float64."""
    description = read_description(CASES / name)
    return "control" in description["flags"] and description["files"].get("frame.npy", {}).get("dtype") != "float32"


CONTROLS = [name for name in case_names() if is_plain_control(name) and name not in names_with("chain")]


def small_case(kind: str, far: float = 6.0) -> Case:
    """Two components on eight samples; the second one as far away as is asked."""
    return Case(
        name="small",
        title="small",
        flags=(),
        settings=Settings(kind, 1e-3, 0.0, 4),
        frames=(SAMPLES,),
        weights=np.array([0.625, 0.375]),
        means=np.array([[1.0, 1.0], [far, 5.0]]),
        precisions=PRECISIONS[kind],
        provenance={},
    )


def assert_close(got: np.ndarray, exact: list[mp.mpf], what: str) -> None:
    """Within 1e-10, relative to one or to the exact value if that is larger."""
    for value, true in zip(np.ravel(got), exact, strict=True):
        assert abs(mp.mpf(float(value)) - true) <= 1e-10 * max(1, abs(true)), (what, value, true)


@pytest.mark.parametrize("far", [6.0, 30.0, 200.0], ids=["overlapping", "nearly-empty", "underflowing"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_step_equals_em_in_50_digits(kind: str, far: float) -> None:
    case = small_case(kind, far)
    (trajectory,) = reference.exact_replay(case)
    for number, step in enumerate(em_steps(case, trajectory.n_iter)):
        got = trajectory.parameters[number]
        assert_close(trajectory.log_masses[number], [mp.log(mass) for mass in step.masses], "log masses")
        assert_close(np.array([trajectory.lower_bounds[number]]), [step.lower_bound], "lower bound")
        assert_close(got.means, [value for mean in step.means for value in mean], "means")
        covariances = full_matrices(got.covariances, kind, *case.means.shape)
        assert_close(covariances, [value for matrix in step.covariances for value in matrix], "covariances")


def test_the_underflowing_case_underflows() -> None:
    (trajectory,) = reference.exact_replay(small_case("full", far=200.0))
    assert trajectory.log_masses[0][1] < np.log(np.finfo(np.float64).tiny)


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_end_where_scikit_learn_puts_them(name: str) -> None:
    case = load_case(name)
    (trajectory,) = reference.exact_replay(case)
    fit = GaussianMixture(
        case.n_components,
        covariance_type=case.settings.covariance_type,
        reg_covar=case.settings.reg_covar,
        weights_init=case.weights,
        means_init=case.means,
        precisions_init=case.precisions,
    ).fit(case.frame)
    scale = max(1.0, float(np.abs(case.frame).max()))
    np.testing.assert_allclose(trajectory.final.means, fit.means_, rtol=0, atol=1e-8 * scale)
    np.testing.assert_allclose(trajectory.final.covariances, fit.covariances_, rtol=1e-8, atol=1e-8 * scale)
    np.testing.assert_allclose(np.exp(trajectory.final.log_weights), fit.weights_, rtol=1e-8)
    np.testing.assert_allclose(trajectory.lower_bounds[-1], fit.lower_bound_, rtol=1e-8, atol=1e-8)
    assert (trajectory.n_iter, trajectory.converged) == (fit.n_iter_, fit.converged_)


def test_component_36_of_the_capture_stays_alive() -> None:
    try:
        case = load_case("capture-frame-44", capture=find_capture())
    except CaptureNotAtHand as reason:
        pytest.skip(str(reason))
    (trajectory,) = reference.exact_replay(case)
    np.testing.assert_allclose(trajectory.final.means[36], (330, 159), atol=1e-6)
    assert trajectory.lower_bounds[-1] > -9.243272  # where scikit-learn ends


def test_equal_samples_are_merged_with_their_count() -> None:
    points, counts = reference.merge_equal(SAMPLES)
    assert sorted(map(tuple, points.tolist())) == sorted({tuple(map(float, row)) for row in SAMPLES.tolist()})
    assert counts.sum() == len(SAMPLES)
    assert counts[(points == (6, 6)).all(axis=1)] == [2]


def test_the_lower_bound_never_falls() -> None:
    case = load_case("issue-10122-slow-convergence")
    (trajectory,) = reference.exact_replay(case)
    assert trajectory.n_iter > 10
    assert np.all(np.diff(trajectory.lower_bounds) > -1e-12)


def test_a_singular_covariance_is_said_with_its_frame() -> None:
    with pytest.raises(reference.DegenerateCovariance, match=r"^frame 0: "):
        reference.exact_replay(load_case("object-leaves-reg-covar-zero"))
