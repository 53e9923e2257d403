"""What ``reproduce.py`` shows: what the check saw, by the same calls, with numpy and scikit-learn alone."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import warnings

import pytest

from fixtures.corpus import load_case
from tests.support.check import every
from tests.tools.reduce import output
from tests.tools.reduce.candidate import from_case

MOST_LINES = 25
FIRST_WORDS = {
    "test_factors_are_those_of_the_precisions_given": ["a fit that ends", "precisions_cholesky_ as it began"],
    "test_no_iterations_leave_what_was_given": [],
    "test_the_best_of_several_starts_is_kept": ["best of 5 starts: converged_", "n_init=5: converged_"],
    "test_fit_predict_labels_like_the_best_start": ["fit_predict [", "predict     ["],
    "test_integers_are_predicted_like_floats": ["float64: score_samples"] * 2,
    "test_every_sample_twice_changes_nothing": ["every sample 1 time(s)", "every sample 2 time(s)"],
    "test_fit_moves_with_a_translation": ["moved by 0: means", "moved by 64: means"],
    "test_fit_scales_with_the_unit": ["unit 1.0: means", "unit 4.0: means"],
    "test_predictions_follow_from_the_parameters": ["score_samples", "predict_proba"],
}


# Checks whose script shows more than what one fit left.
SHOWING = [name for name, check in every().items() if check.reproduction]


def said_by(check: str) -> list[str]:
    """What the script for a check prints after the versions."""
    text = output.write_script(from_case(load_case("control-around-the-origin")), check, "a summary")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, "reproduce.py", "exec"), {})  # noqa: S102  (our own)
    return printed.getvalue().splitlines()[1:]


@pytest.mark.parametrize("check", [check for check, words in FIRST_WORDS.items() if words])
def test_a_script_shows_what_its_check_compares(check: str) -> None:
    lines = said_by(check)
    assert [line[: len(words)] for line, words in zip(lines, FIRST_WORDS[check], strict=True)] == FIRST_WORDS[check]


def test_a_script_of_no_iterations_makes_none() -> None:
    with contextlib.suppress(AttributeError):  # the known defect
        (line,) = said_by("test_no_iterations_leave_what_was_given")
        assert line.startswith("means ")
    reproduction = every()["test_no_iterations_leave_what_was_given"].reproduction
    assert reproduction is not None
    assert "max_iter=0" in reproduction.shows


@pytest.mark.parametrize("check", ["test_no_component_collapses", *SHOWING])
@pytest.mark.parametrize("case_name", ["reduced-capture-frame-44", "reduced-chain-object-leaves"])
def test_no_script_of_a_reduced_case_is_longer_than_an_issue_should_have(case_name: str, check: str) -> None:
    candidate = dataclasses.replace(from_case(load_case(case_name)), component=1)
    assert len(output.write_script(candidate, check, "a summary").splitlines()) <= MOST_LINES
