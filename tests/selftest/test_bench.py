"""`nox -s bench`: its tables, its made frames, and what it says when it cannot run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.fault import Fault
from tests.selftest.conftest import Refusal
from tests.support import estimator, replay
from tests.tools import bench
from tests.workers import fit_timer
from tests.workers.fit_timer import ITERATIONS, made_case

KINDS = ("full", "tied", "diag", "spherical")
DEFAULT = estimator.import_estimator(estimator.DEFAULT_ESTIMATOR)


def entry(size: tuple[int, int, int], seconds: float, kind: str = "full") -> dict[str, Any]:
    samples, components, features = size
    info = {
        "start": "explicit", "n_iter": 10, "n_samples": samples, "n_components": components, "n_features": features,
        "covariance_type": kind, "seconds_per_iteration": seconds,
    }  # fmt: skip
    return {"name": "test", "group": kind, "stats": {"median": 10 * seconds}, "extra_info": info}


def test_a_slope_is_the_exponent_by_which_the_time_grows() -> None:
    sizes = [(1000, 5, 2), (2000, 5, 2), (4000, 5, 2), (1000, 10, 2), (1000, 20, 2), (1000, 5, 4), (1000, 5, 8)]
    entries = [entry((n, k, d), 1e-9 * n * k**1.5 * d**2) for n, k, d in sizes]
    assert bench.slopes({"1.9.1": entries}).splitlines()[1].split() == ["1.9.1", "full", "1.00", "1.50", "2.00"]


def test_an_axis_that_does_not_grow_has_no_slope() -> None:
    made = bench.slopes({"1.9.1": [entry((1000, 5, 2), 0.1), entry((2000, 5, 2), 0.2)]})
    assert made.splitlines()[1].split() == ["1.9.1", "full", "1.00", "-", "-"]


def test_fit_times_have_a_column_for_each_release_and_a_gap_where_one_has_none() -> None:
    old, new = [entry((1000, 5, 2), 0.1)], [entry((1000, 5, 2), 0.2), entry((1000, 5, 2), 0.3, "diag")]
    rows = [line.split() for line in bench.fit_times({"1.8.0": old, "1.9.1": new}).splitlines()]
    assert rows[0][-2:] == ["1.8.0", "1.9.1"]
    assert rows[1] == ["diag", "explicit", "-", "3000.00"]
    assert rows[2] == ["full", "explicit", "1000.00", "2000.00"]


@pytest.mark.parametrize("text", ["", "[]", '{"benchmarks": [{}]}'])
def test_what_is_no_record_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(Fault, match="nox -s bench"):
        bench.read(tmp_path / "record.json")


@pytest.mark.parametrize(("name", "value"), [("n_samples", "x"), ("covariance_type", [{}]), ("start", None)])
def test_a_record_that_cannot_be_shown_is_reported(tmp_path: Path, name: str, value: object) -> None:
    one, other = entry((1, 1, 1), 1.0), entry((2, 1, 1), 1.0)
    del other["extra_info"][name]
    if value is not None:
        other["extra_info"][name] = value
    (tmp_path / "record.json").write_text(json.dumps({"benchmarks": [one, other]}), encoding="utf-8")
    with pytest.raises(Fault, match="nox -s bench"):
        bench.read(tmp_path / "record.json")


def test_a_record_of_pytest_benchmark_is_read(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(json.dumps({"benchmarks": [entry((1, 1, 1), 1.0)]}), encoding="utf-8")
    assert len(bench.read(tmp_path / "record.json")) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_frame_is_fitted_in_as_many_iterations_as_are_asked_for(kind: str) -> None:
    subject = fit_timer.Subject(made_case((300, 4, 3), kind), replay.EXPLICIT, DEFAULT)
    with fit_timer.held_still():
        assert fit_timer.iterations(subject) == ITERATIONS


def test_a_made_frame_is_the_same_each_time_and_as_large_as_asked() -> None:
    one, other = (made_case((300, 4, 3), "full", "float32") for _ in range(2))
    np.testing.assert_array_equal(one.frame, other.frame)
    assert (one.frame.shape, one.frame.dtype.name, one.means.shape) == ((300, 3), "float32", (4, 3))


@pytest.mark.parametrize("way", [fit_timer.COLD, replay.EXPLICIT, replay.WARM_START])
def test_every_start_is_timed_and_its_memory_counted(way: str) -> None:
    case = made_case((300, 2, 2), "diag")
    subject = fit_timer.Subject(case._replace(frames=(case.frame, case.frame)), way, DEFAULT)
    if way == replay.EXPLICIT:
        subject = subject._replace(case=case)
    with fit_timer.held_still():
        seconds = fit_timer.seconds_of(subject, 2)
        assert min(seconds.values()) > 0
        # At the least, the responsibilities of every sample.
        assert fit_timer.peak_memory(subject) > 300 * 2 * 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9.9"], "error: there is no release '9.9' in releases.json"),
        (["1.9", "--capture", "no-such"], "error: --capture names 'no-such', which is not a folder"),
        (["1.9", "--threads", "0"], "error: argument --threads: '0'; should be a number of threads, from 1 on"),
    ],
)
def test_what_cannot_be_done_is_reported_in_one_line(arguments: list[str], message: str, refusal: Refusal) -> None:
    assert refusal(bench.main, arguments).startswith(message)


@pytest.mark.parametrize(("long", "fits"), [(0.0, 1), (1e9, 2)])
def test_only_short_fits_are_made_twice_before_they_are_timed(
    monkeypatch: pytest.MonkeyPatch, long: float, fits: int
) -> None:
    class Counting(DEFAULT):  # type: ignore[misc, valid-type]  # scikit-learn has no types
        made = 0

        def fit(self, *arguments: Any) -> Any:
            type(self).made += 1
            return super().fit(*arguments)

    monkeypatch.setattr(fit_timer, "SECONDS_OF_A_LONG_FIT", long)
    subject = fit_timer.Subject(made_case((300, 2, 2), "diag"), replay.EXPLICIT, Counting)
    with fit_timer.held_still():
        n_iter, seconds = fit_timer.first_fits(subject)
    assert (n_iter, Counting.made) == (ITERATIONS, fits)
    assert seconds > 0
