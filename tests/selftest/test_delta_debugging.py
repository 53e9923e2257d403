"""Delta debugging finds a part that is minimal, and always the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.reduce.candidate import minimise
from tests.tools.reduce.rounder import cost, simpler

Part = tuple[int, ...]


def first_with(does: Callable[[Part], bool]) -> Callable[[Iterable[Part]], Part | None]:
    return lambda parts: next((part for part in parts if does(part)), None)


@given(st.sets(st.integers(0, 59), min_size=1, max_size=6))
def test_what_is_needed_is_found_and_nothing_else(needed: set[int]) -> None:
    found = minimise(tuple(range(60)), first_with(lambda part: needed <= set(part)))
    assert set(found) == needed
    assert list(found) == sorted(found)


@given(st.lists(st.sets(st.integers(0, 15), min_size=1, max_size=5), min_size=1, max_size=4))
@settings(max_examples=50)
def test_no_item_of_the_result_can_be_left_out(groups: list[set[int]]) -> None:
    def does(part: Part) -> bool:
        return any(group <= set(part) for group in groups)

    found = minimise(tuple(range(16)), first_with(does))
    assert does(found)
    assert not any(does(tuple(item for item in found if item != left_out)) for left_out in found if len(found) > 1)


def test_the_same_questions_are_asked_again() -> None:
    asked: list[list[Part]] = [[], []]
    for questions in asked:

        def does(part: Part, questions: list[Part] = questions) -> bool:
            questions.append(part)
            return {3, 17} <= set(part)

        minimise(tuple(range(40)), first_with(does))
    assert asked[0] == asked[1]


def test_a_list_that_needs_one_item_takes_few_questions() -> None:
    asked: list[Part] = []

    def does(part: Part) -> bool:
        asked.append(part)
        return 700 in part

    assert minimise(tuple(range(1000)), first_with(does)) == (700,)
    assert len(asked) <= 2 * np.ceil(np.log2(1000))


@pytest.mark.parametrize(
    ("number", "easier"),
    [(np.float64(17.25), 17.0), (np.float64(0.123), 0.12), (np.int32(338), 300), (np.float64(-3.0), -1.0)],
)
def test_a_simpler_number_is_one_with_fewer_digits_or_smaller(number: np.generic, easier: float) -> None:
    assert easier in [float(candidate) for candidate in simpler(number)]


@given(st.floats(-1e9, 1e9, allow_nan=False) | st.floats(-1.0, 1.0, width=32))
def test_simpler_numbers_cost_less_and_come_in_order(value: float) -> None:
    for number in (np.float64(value), np.float32(value)):
        costs = [cost(candidate) for candidate in simpler(number, zero=True)]
        assert all(one < cost(number) for one in costs)
        assert costs == sorted(costs)


def test_a_simpler_number_is_of_the_same_dtype_and_in_its_range() -> None:
    for number in (np.uint8(255), np.int8(-128), np.float32(0.3), np.int64(123456)):
        assert {candidate.dtype for candidate in simpler(number)} <= {number.dtype}


def test_the_simplest_number_has_no_simpler_one() -> None:
    assert simpler(np.float64(1.0)) == []
    assert simpler(np.int32(1)) == []


def test_the_origin_is_proposed_only_where_it_is_asked_for() -> None:
    assert 0 not in [float(number) for number in simpler(np.float64(7.0))]
    assert 0 in [float(number) for number in simpler(np.float64(7.0), zero=True)]
