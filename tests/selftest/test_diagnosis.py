"""Diagnosis: each state for each covariance type, and evidence that an independent computation confirms."""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from tests.selftest.hand_made import (
    COVARIANCE,
    EPS,
    EPS32,
    FLOOR,
    MEANS,
    PRECISION,
    REG_COVAR,
    SAMPLES,
    WEIGHTS,
    case_of,
    outcome_of,
    outcome_with,
)  # fmt: skip
from tests.support import density
from tests.support.diagnosis import NotDiagnosable, at_floor, diagnose, finding_of, underflows
from tests.support.findings import Finding
from tests.support.replay import Outcome, Raised
from tests.support.states import DRAGGED, EMPTY, HEALTHY, PINNED

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
OWN_COVARIANCE = ("full", "diag", "spherical")

HIGH_PRECISION = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN)


def states(outcome: Outcome, covariance_type: str = "full", samples: np.ndarray = SAMPLES) -> list[str]:
    """The states of the components of a fit of the hand-made case."""
    return [component.state for component in diagnose(case_of(samples, covariance_type), outcome).components]


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_components_with_mass_inside_the_data_are_healthy(covariance_type: str) -> None:
    assert states(outcome_with(covariance_type), covariance_type) == [HEALTHY, HEALTHY, HEALTHY]


@pytest.mark.parametrize("covariance_type", OWN_COVARIANCE)
def test_a_component_without_mass_at_the_origin_is_empty(covariance_type: str) -> None:
    outcome = outcome_with(covariance_type, mass=10 * EPS, mean=(0, 0), covariance=FLOOR)
    assert states(outcome, covariance_type) == [HEALTHY, EMPTY, HEALTHY]


def test_under_tied_mass_and_mean_alone_tell_that_a_component_is_empty() -> None:
    assert states(outcome_with("tied", mass=10 * EPS, mean=(0, 0)), "tied") == [HEALTHY, EMPTY, HEALTHY]


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("mean", [(9.9, 23), (14.1, 23), (12, 19.9), (12, 26.1), (6, 11.5), (-1e9, 23)])
def test_a_mean_outside_the_data_is_dragged(covariance_type: str, mean: tuple[float, float]) -> None:
    assert states(outcome_with(covariance_type, mass=20 * EPS, mean=mean), covariance_type)[1] == DRAGGED


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_mean_outside_the_data_is_dragged_whatever_its_mass(covariance_type: str) -> None:
    assert states(outcome_with(covariance_type, mass=3.0, mean=(0, 0)), covariance_type)[1] == DRAGGED


@pytest.mark.parametrize("covariance_type", OWN_COVARIANCE)
def test_a_component_with_its_covariance_at_the_floor_is_pinned(covariance_type: str) -> None:
    assert states(outcome_with(covariance_type, covariance=FLOOR), covariance_type) == [HEALTHY, PINNED, HEALTHY]


def test_a_tied_covariance_at_the_floor_pins_every_component() -> None:
    assert states(outcome_with("tied", covariance=FLOOR), "tied") == [PINNED, PINNED, PINNED]


def test_one_eigenvalue_at_the_floor_is_enough_to_be_pinned() -> None:
    line = np.array([[4.0, 2.0], [2.0, 1.0]]) + FLOOR  # samples on a line
    assert states(outcome_with(covariance=line))[1] == PINNED


def test_a_covariance_well_above_the_floor_is_not_pinned() -> None:
    assert states(outcome_with(covariance=1.01 * FLOOR))[1] == HEALTHY


def test_a_pinned_component_is_not_collapsed_and_not_healthy() -> None:
    diagnosis = diagnose(case_of(), outcome_with(covariance=FLOOR))
    assert diagnosis.collapsed() == []
    assert [component.number for component in diagnosis.not_healthy()] == [1]


@pytest.mark.parametrize("mean", [(10, 20), (14, 26), (10 - 1e-8, 20), (14 + 1e-8, 26)])
def test_a_mean_at_the_border_of_the_data_is_inside(mean: tuple[float, float]) -> None:
    assert states(outcome_with(mean=mean))[1] == HEALTHY


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_component_with_mass_at_the_origin_is_healthy(covariance_type: str) -> None:
    around_origin = SAMPLES - np.array([12, 23])
    outcome = outcome_of(WEIGHTS, np.zeros((3, 2)), outcome_with(covariance_type, covariance=100 * FLOOR).covariances)
    assert states(outcome, covariance_type, around_origin) == [HEALTHY] * 3


@pytest.mark.parametrize("covariance_type", OWN_COVARIANCE)
def test_a_component_without_mass_is_empty_though_the_origin_is_inside_the_data(covariance_type: str) -> None:
    outcome = outcome_with(covariance_type, mass=10 * EPS, mean=(0, 0), covariance=FLOOR)
    outcome = outcome._replace(means=np.zeros((3, 2)))
    assert states(outcome, covariance_type, SAMPLES - np.array([12, 23])) == [HEALTHY, EMPTY, HEALTHY]


def test_a_little_mass_at_the_origin_outside_the_data_is_dragged_and_not_empty() -> None:
    assert states(outcome_with(mass=11 * EPS, mean=(0, 0), covariance=FLOOR))[1] == DRAGGED


def test_a_weight_of_zero_is_no_mass() -> None:
    assert states(outcome_with(mass=0.0, mean=(0, 0), covariance=FLOOR))[1] == EMPTY


def test_no_mass_is_counted_in_eps_of_float32_where_the_fit_computed_in_it() -> None:
    outcome = outcome_with(mass=10 * EPS32, mean=(0, 0), covariance=FLOOR, dtype=np.float32)
    diagnosis = diagnose(case_of(), outcome)
    assert diagnosis.components[1].state == EMPTY
    assert diagnosis.dtype == np.float32


def test_the_mass_that_is_invalid_in_float32_is_some_in_float64() -> None:
    assert states(outcome_with(mass=10 * EPS32, mean=(0, 0), covariance=FLOOR))[1] == DRAGGED


def test_a_floor_rounded_to_float32_is_the_floor() -> None:
    covariance = (np.array([[4.0, 2.0], [2.0, 1.0]]) + FLOOR).astype(np.float32)
    assert at_floor(covariance.astype(np.float64), REG_COVAR, EPS32)
    assert not at_floor(np.diag([1e-4, 4.0]), REG_COVAR, EPS32)


def test_mean_covariance_and_mass_are_the_fitted_ones() -> None:
    component = diagnose(case_of(covariance_type="spherical"), outcome_with("spherical", covariance=FLOOR)).components[
        1
    ]
    assert component.number == 1
    np.testing.assert_array_equal(component.mean, [12, 23])
    np.testing.assert_array_equal(component.covariance, FLOOR)
    assert component.mass == 2.0


def test_the_frame_of_a_chain_that_was_fitted_is_the_one_that_judges() -> None:
    chain = case_of()._replace(frames=(SAMPLES + 100, SAMPLES))
    assert diagnose(chain, outcome_with()._replace(frame=1)).collapsed() == []
    assert len(diagnose(chain, outcome_with()._replace(frame=0)).collapsed()) == len(MEANS)


def test_a_healthy_component_has_no_evidence() -> None:
    assert all(component.started is None for component in diagnose(case_of(), outcome_with()).components)


def test_the_bounding_box_is_that_of_the_samples() -> None:
    diagnosis = diagnose(case_of(), outcome_with())
    np.testing.assert_array_equal([diagnosis.low, diagnosis.high], [[10, 20], [14, 26]])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"error": Raised("ValueError", "no")}, "the fit raised ValueError: no"),
        ({"weights": None}, "the fit left no weights_"),
        ({"means": None}, "the fit left no means_"),
        ({"covariances": None}, "the fit left no covariances_"),
    ],
)
def test_a_fit_that_left_no_parameters_cannot_be_diagnosed(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotDiagnosable) as caught:
        diagnose(case_of(), outcome_with()._replace(**changes))
    assert (str(caught.value), caught.value.finding) == (reason, None)


NUMBER, FLOAT = "a finite number", "a floating point type"


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"means": [[1.0, 2.0]] * 3}, Finding("means_", "list", "an array", aspect="type")),
        ({"covariances": 1.0}, Finding("covariances_", "float", "an array", aspect="type")),
        ({"weights": np.ones((3, 1))}, Finding("weights_", "(3, 1)", "(3,)", aspect="shape")),
        ({"means": np.ones((2, 3))}, Finding("means_", "(2, 3)", "(3, 2)", aspect="shape")),
        ({"covariances": np.ones(3)}, Finding("covariances_", "(3,)", "(3, 2, 2)", aspect="shape")),
        (
            {"means": np.array([[1, 2], [3, np.inf], [5, 6]])},
            Finding("means_", np.inf, NUMBER, aspect="value", component=1, feature=1),
        ),
        (
            {"covariances": np.full((3, 2, 2), -np.inf)},
            Finding("covariances_", -np.inf, NUMBER, aspect="value", component=0, feature=(0, 0)),
        ),
        ({"weights": np.array(["a", "b", "c"])}, Finding("weights_", "<U1", FLOAT, aspect="dtype")),
        ({"means": np.array([[None, None]] * 3)}, Finding("means_", "object", FLOAT, aspect="dtype")),
        ({"means": MEANS.astype(complex)}, Finding("means_", "complex128", FLOAT, aspect="dtype")),
    ],
)
def test_parameters_that_are_invalid_are_a_finding(changes: dict[str, Any], finding: Finding) -> None:
    with pytest.raises(NotDiagnosable) as caught:
        diagnose(case_of(), outcome_with()._replace(**changes))
    assert caught.value.finding == finding
    assert str(caught.value).startswith(f"the fit left {finding.what} with the {finding.aspect} {finding.seen}; should")


def test_a_weight_that_is_nan_is_found_at_its_component() -> None:
    with pytest.raises(NotDiagnosable) as caught:
        diagnose(case_of(), outcome_with()._replace(weights=np.array([0.5, np.nan, 0.5])))
    found = caught.value.finding
    assert found is not None
    assert (found.what, found.aspect, found.component, found.should_be) == ("weights_", "value", 1, NUMBER)
    assert np.isnan(found.seen)


def test_the_finding_of_a_component_has_its_state_and_evidence() -> None:
    diagnosis = diagnose(case_of(), outcome_with(mass=10 * EPS, mean=(0, 0), covariance=FLOOR))
    found = finding_of(diagnosis, diagnosis.components[1])
    assert (found.what, found.seen, found.component, found.state) == ("means_", [0, 0], 1, EMPTY)
    assert found.should_be == "a mean inside the data, 10..14 x 20..26"
    assert found.evidence is not None
    assert found.evidence["covariance"] == FLOOR.tolist()
    assert found.evidence["mass"] == pytest.approx(10 * EPS)
    assert found.evidence["started"] == MEANS[1].tolist()
    assert found.evidence["nearest_sample"] == [13, 25]
    assert found.evidence["nearest_distance"] == 0
    assert found.evidence["underflows"] is False


def test_nothing_else_should_be_where_a_component_is_pinned() -> None:
    diagnosis = diagnose(case_of(), outcome_with(covariance=FLOOR))
    assert finding_of(diagnosis, diagnosis.components[1]).should_be == ""


# The evidence. Everything below is computed a second time: exactly, or with 60 digits.


def exact(matrix: np.ndarray) -> list[list[Fraction]]:
    """Floats as the fractions that they are."""
    return [[Fraction(float(value)) for value in row] for row in np.atleast_2d(matrix)]


def exact_squared_distance(sample: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> Fraction:
    """``(x - m)^T P (x - m)`` without rounding."""
    (row,) = exact(sample)
    (centre,) = exact(mean)
    difference = [a - b for a, b in zip(row, centre, strict=True)]
    matrix = exact(precision)
    return sum(
        (difference[i] * matrix[i][j] * difference[j] for i in range(len(row)) for j in range(len(row))), Fraction(0)
    )


def decimal_of(value: Fraction) -> Decimal:
    """A fraction with the digits of the context."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def decimal_log_masses(
    samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray
) -> list[float]:
    """Log responsibility masses of two-dimensional data, not in the log domain but with exponents without end."""
    with localcontext(HIGH_PRECISION):
        masses = [Decimal(0)] * len(weights)
        for sample in samples:
            joint = []
            for weight, mean, precision in zip(weights, means, precisions, strict=True):
                (a, b), (c, d) = exact(precision)
                density_of = (
                    decimal_of(a * d - b * c).sqrt()
                    * (-decimal_of(exact_squared_distance(sample, mean, precision)) / 2).exp()
                )
                joint.append(Decimal(float(weight)) * density_of)
            total = sum(joint, Decimal(0))
            masses = [mass + part / total for mass, part in zip(masses, joint, strict=True)]
        return [float(mass.ln()) for mass in masses]


def evidence_of(means: np.ndarray, precisions: np.ndarray, covariance_type: str = "full") -> list[Any]:
    """The evidence of a fit whose components are all empty."""
    case = case_of(covariance_type=covariance_type, means=means, precisions=precisions)
    outcome = outcome_of(np.full(3, 10 * EPS / len(SAMPLES)), np.zeros((3, 2)), case.precisions, case=case)
    return [component.started for component in diagnose(case, outcome).components]


PRECISIONS = np.stack([PRECISION, 3 * np.eye(2), np.array([[0.5, -0.25], [-0.25, 2.0]])])


@pytest.mark.parametrize(
    ("covariance_type", "precisions"),
    [
        ("full", PRECISIONS),
        ("tied", np.stack([PRECISION] * 3)),
        ("diag", np.stack([np.diag([2.0, 0.5]), np.diag([1.0, 3.0]), np.diag([4.0, 0.25])])),
        ("spherical", np.stack([2.0 * np.eye(2), 0.5 * np.eye(2), 3.0 * np.eye(2)])),
    ],
)
def test_the_log_mass_is_that_of_decimal_arithmetic(covariance_type: str, precisions: np.ndarray) -> None:
    expected = decimal_log_masses(SAMPLES, WEIGHTS, MEANS, precisions)
    evidence = evidence_of(MEANS, precisions, covariance_type)
    np.testing.assert_allclose([started.log_mass for started in evidence], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("place", [60.0, 1e3, 1e6])
def test_a_log_mass_that_underflows_is_finite_and_right(place: float) -> None:
    means = np.array([MEANS[0], MEANS[1], [place, -place]])
    expected = decimal_log_masses(SAMPLES, WEIGHTS, means, PRECISIONS)
    assert expected[2] < math.log(5e-324)
    np.testing.assert_allclose(evidence_of(means, PRECISIONS)[2].log_mass, expected[2], rtol=1e-14)


def test_the_log_mass_is_that_of_scipy() -> None:
    joint = np.stack(
        [
            np.log(weight) + stats.multivariate_normal(mean, np.linalg.inv(precision)).logpdf(SAMPLES)
            for weight, mean, precision in zip(WEIGHTS, MEANS, PRECISIONS, strict=True)
        ],
        axis=1,
    )
    expected = special.logsumexp(joint - special.logsumexp(joint, axis=1, keepdims=True), axis=0)
    np.testing.assert_allclose(density.log_masses(SAMPLES, WEIGHTS, MEANS, PRECISIONS), expected, rtol=1e-12)


def test_masses_add_up_to_the_number_of_samples() -> None:
    masses = np.exp(density.log_masses(SAMPLES, WEIGHTS, MEANS, PRECISIONS))
    assert masses.sum() == pytest.approx(len(SAMPLES), rel=1e-13)


def test_samples_that_are_many_are_all_counted() -> None:
    repeats = 2 * density.CHUNK // len(SAMPLES) + 1
    many = np.tile(SAMPLES, (repeats, 1))[:-3]  # ends inside a chunk
    once = np.exp(density.log_masses(SAMPLES, WEIGHTS, MEANS, PRECISIONS))
    lacking = np.exp(density.log_masses(SAMPLES[-3:], WEIGHTS, MEANS, PRECISIONS))
    expected = np.log(repeats * once - lacking)
    np.testing.assert_allclose(density.log_masses(many, WEIGHTS, MEANS, PRECISIONS), expected, rtol=1e-11)


def test_coordinates_far_from_the_origin_lose_no_digits() -> None:
    far = 2.0**40
    near = density.log_masses(SAMPLES, WEIGHTS, MEANS, PRECISIONS)
    np.testing.assert_allclose(
        density.log_masses(SAMPLES + far, WEIGHTS, MEANS + far, PRECISIONS), near, rtol=1e-12, atol=1e-12
    )


def test_an_initial_weight_of_zero_is_a_log_mass_of_minus_infinity() -> None:
    log_masses = density.log_masses(SAMPLES, np.array([0.5, 0.0, 0.5]), MEANS, PRECISIONS)
    assert log_masses[1] == -np.inf
    assert np.exp(log_masses).sum() == pytest.approx(len(SAMPLES), rel=1e-13)


@pytest.mark.parametrize("mean", [(11.2, 20.4), (60.0, -3.0), (-1000.0, 23.0)])
@pytest.mark.parametrize("component", [0, 1, 2])
def test_the_nearest_sample_and_its_distance_are_exact(component: int, mean: tuple[float, float]) -> None:
    means = MEANS.copy()
    means[component] = mean
    distances = [exact_squared_distance(sample, np.array(mean), PRECISIONS[component]) for sample in SAMPLES]
    started = evidence_of(means, PRECISIONS)[component]
    np.testing.assert_array_equal(started.nearest_sample, SAMPLES[distances.index(min(distances))])
    assert started.nearest_distance == pytest.approx(math.sqrt(min(distances)), rel=1e-14)
    np.testing.assert_array_equal(started.mean, mean)


@pytest.mark.parametrize(("dtype", "smallest"), [(np.float64, 5e-324), (np.float32, 1.401298464324817e-45)])
def test_a_mass_underflows_below_the_smallest_number_of_its_dtype(dtype: type, smallest: float) -> None:
    assert underflows(math.log(smallest) - 1e-3, np.dtype(dtype))
    assert not underflows(math.log(smallest) + 1e-3, np.dtype(dtype))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_matrices_of_every_covariance_type_become_one_for_each_component(covariance_type: str) -> None:
    shaped = {
        "full": np.stack([COVARIANCE] * 3),
        "tied": COVARIANCE,
        "diag": np.full((3, 2), 5.0),
        "spherical": np.full(3, 5.0),
    }
    expected = COVARIANCE if covariance_type in ("full", "tied") else 5 * np.eye(2)
    full = density.full_matrices(shaped[covariance_type], covariance_type, 3, 2)
    np.testing.assert_array_equal(full, np.stack([expected] * 3))
