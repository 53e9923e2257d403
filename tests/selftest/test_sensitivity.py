"""The sensitivity command: it notices what is spoiled, and nothing else; its table is the one that is documented."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import documentation
from tests.tools import sensitivity
from tests.tools.sensitivity import Column, Trial, smallest_noticed
from tests.workers.spoiled import SPOILED, alternately_off

RELEASE = "1.9.1"


@pytest.fixture(scope="module")
def trial() -> Trial:
    made = Trial(Column("full", "float64"), RELEASE)
    made.cases = made.cases[:2]
    return made


@pytest.mark.parametrize("quantity", list(SPOILED))
def test_an_error_of_a_thousandth_is_noticed_in_every_quantity(trial: Trial, quantity: str) -> None:
    assert trial.notices(quantity, 1e-3)


@pytest.mark.parametrize("quantity", list(SPOILED))
def test_no_error_is_not_noticed(trial: Trial, quantity: str) -> None:
    assert not trial.notices(quantity, 0.0)


def test_the_smallest_error_is_the_last_one_noticed_in_order() -> None:
    class OnlySomeSizes(Trial):
        def __init__(self) -> None:
            pass

        def notices(self, quantity: str, size: float) -> bool:  # noqa: ARG002
            return size > 3e-8 or size < 1e-13

    assert smallest_noticed(OnlySomeSizes(), "weights_") == pytest.approx(1e-7)


def test_a_quantity_of_which_no_error_is_noticed_has_none() -> None:
    class Blind(Trial):
        def __init__(self) -> None:
            pass

        def notices(self, quantity: str, size: float) -> bool:  # noqa: ARG002
            return False

    assert smallest_noticed(Blind(), "weights_") is None


def test_spoiled_elements_have_opposite_errors_and_stay_symmetric() -> None:
    off = alternately_off(np.ones((3, 3)), 0.25)
    assert sorted(set(off.ravel())) == [0.75, 1.25]
    assert np.array_equal(off, off.T)


def test_the_table_in_the_documentation_is_the_measured_one() -> None:
    found, release = sensitivity.read()
    text = documentation.REFERENCE.read_text(encoding="utf-8")
    assert documentation.with_table(text, sensitivity.TABLE, sensitivity.table(found, release)) == text


def test_the_measured_table_reaches_its_aim_in_float64() -> None:
    found, _ = sensitivity.read()
    above = {
        (quantity, column): size
        for quantity, cells in found.items()
        for column, size in cells.items()
        if column.endswith("float64") and (size is None or size > 1.01e-11)
    }
    assert not above
