"""`nox -s compare`: what it says of sides that differ, fail, die and are too noisy, and by which exit code."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fixtures.corpus import load_case
from tests.selftest import fit_timer_fake
from tests.selftest.conftest import Refusal
from tests.selftest.test_release_environment import UV_OF_A_FULL_DISK, uv_that
from tests.tools.compare import __main__ as command
from tests.tools.compare.measure import CaseResult, Measurement, Plan, Side
from tests.tools.worker_process import WorkerProcess

CASES = ("control-16d", "control-still-scene")


@dataclass(frozen=True)
class Behaviour:
    """What the fits of a fake are like.

    Attributes
    ----------
    seconds : float
        CPU seconds of a fit, the median.
    noise : float
        Standard deviation of the logarithm of a request's seconds.
    n_iter : int
    refuses : str
        A case whose fit raises.
    dies_in_round, interrupts_in_round : int
        When the worker dies, or sends its parent what Ctrl-C does.
    """

    seconds: float = 0.03
    noise: float = 0.01
    n_iter: int = 3
    refuses: str = ""
    dies_in_round: int = 0
    interrupts_in_round: int = 0


@dataclass(frozen=True)
class FakeSide(Side):
    """A side of fakes, each process of which draws other numbers than the last."""

    behaviour: Behaviour = Behaviour()
    rounds: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def start(self) -> WorkerProcess:
        told = json.dumps({**vars(self.behaviour), "round": next(self.rounds), "seed": self.name})
        return WorkerProcess(self.python, "tests.selftest.fit_timer_fake", self.name, {fit_timer_fake.NAME: told})


PLAIN = Behaviour()
SLOWER = replace(PLAIN, seconds=PLAIN.seconds * 1.1)

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """`nox -s compare -- OLD NEW` on fakes, the control-16d case unless others are named."""

    def run_on(old: Behaviour, new: Behaviour, *arguments: str) -> int:
        sides = {
            name: FakeSide(f"the {name.lower()} one", Path(sys.executable), behaviour=behaviour)
            for name, behaviour in (("OLD", old), ("NEW", new))
        }
        monkeypatch.setattr(command, "open_side", lambda text, **_: contextlib.nullcontext(sides[text]))
        cases = () if "--case" in arguments else ("--case", CASES[0])
        return command.main(["OLD", "NEW", *cases, *arguments])

    return run_on


def test_a_slower_side_is_found_and_is_no_failure_by_itself(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PLAIN, SLOWER) == 0
    row = capsys.readouterr().out.splitlines()[2]
    assert row.startswith("control-16d")
    assert row.endswith("slower")
    assert float(row.split()[2]) == pytest.approx(1.1, rel=0.01)


def test_a_faster_side_is_found(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SLOWER, PLAIN, "--fail-above", "1.05") == 0
    assert capsys.readouterr().out.splitlines()[2].endswith("faster")


def test_two_alike_are_no_different(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PLAIN, PLAIN, "--fail-above", "1.05") == 0
    assert capsys.readouterr().out.splitlines()[2].endswith("no difference")


def test_slower_than_allowed_fails(run: Run) -> None:
    assert run(PLAIN, SLOWER, "--fail-above", "1.05") == 1


def test_slower_but_allowed_is_fine(run: Run) -> None:
    assert run(PLAIN, SLOWER, "--fail-above", "1.2") == 0


def test_a_machine_too_noisy_is_undecided_and_reported_what_to_do(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(replace(PLAIN, noise=2.0), PLAIN, "--fail-above", "1.02") == 0
    table, last = capsys.readouterr().out.rstrip().rsplit("\n", 1)
    assert table.endswith("undecided")
    assert last.startswith("undecided at a threshold of 1.02: control-16d; the interval should lie wholly above")
    assert "give more --seconds" in last


def test_time_that_is_up_ends_it_after_a_round(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "ratios.json"
    assert run(PLAIN, SLOWER, "--seconds", "0.001", "--json", str(record)) == 0
    (case,) = json.loads(record.read_text())["cases"]
    assert len(case["cpu_seconds_per_fit"]) == 1
    assert case["verdict"] == "undecided"
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("undecided after too few rounds: control-16d (1); should be 6 or more: give more --seconds")


def test_iterations_that_differ_are_named_and_counted_out(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "ratios.json"
    twice = replace(PLAIN, n_iter=6, seconds=PLAIN.seconds * 2)
    assert run(PLAIN, twice, "--json", str(record)) == 0
    (case,) = json.loads(record.read_text())["cases"]
    assert case["ratio"]["value"] == pytest.approx(2, rel=0.01)
    assert case["ratio_of_an_iteration"]["value"] == pytest.approx(1, rel=0.01)
    assert "control-16d: 3 iterations became 6" in capsys.readouterr().out


def test_a_fit_that_fails_on_one_side_is_reported_and_the_other_cases_go_on(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = replace(SLOWER, refuses=CASES[0])
    assert run(PLAIN, failing, "--case", CASES[0], "--case", CASES[1]) == 1
    out = capsys.readouterr().out
    assert "control-16d has no ratio: the new one: the fit of control-16d raised ValueError" in out
    assert [line.split()[-1] for line in out.splitlines()[2:4]] == ["failed", "slower"]


def test_what_was_measured_before_an_interruption_is_kept(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "ratios.json"
    assert run(PLAIN, replace(SLOWER, interrupts_in_round=3), "--json", str(record)) == 130
    content = json.loads(record.read_text())
    assert content["interrupted"] is True
    assert len(content["cases"][0]["cpu_seconds_per_fit"]) == 2
    assert capsys.readouterr().err.strip() == "interrupted: the rounds that were whole are above"


def test_a_worker_that_dies_is_reported_in_one_line_and_what_was_measured_is_kept(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "ratios.json"
    assert run(PLAIN, replace(PLAIN, dies_in_round=2), "--json", str(record)) == 2
    assert capsys.readouterr().err == "error: the new one: the worker ended with 9: out of memory\n"
    assert len(json.loads(record.read_text())["cases"][0]["cpu_seconds_per_fit"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9.9", "1.9"], "error: there is no release '9.9' in releases.json; should be one of "),
        (["1.8", "1.9", "--case", "no-such"], "error: there is no case 'no-such'; should be one of "),
        (["1.8"], "error: 1 sides are named; should be two, OLD and NEW"),
        (["--neighbours", "1.8"], "error: --neighbours compares every series; '1.8' should not be named"),
        (["1.8", "1.9", "--write"], "error: --write is for --neighbours and --self-test; should go with one"),
        (["--neighbours", "--same-dependencies"], "error: --same-dependencies is for OLD and NEW; --neighbours does"),
        (["--self-test", "--comparisons", "0"], "error: --comparisons is 0; should be 1 or more"),
        (["1.8", "1.9", "--json", "no/such/file.json"], "error: --json names no/such/file.json, whose folder does"),
        (["1.8", "1.9", "--fail-above", "0.9"], "error: argument --fail-above: '0.9'; should be a ratio above 1"),
        (["1.8", "1.9", "--threshold", "x"], "error: argument --threshold: 'x'; should be a ratio above 1"),
        (["1.8", "1.9", "--seconds", "0"], "error: argument --seconds: '0'; should be a number of seconds"),
        (["1.8", "1.9", "--capture", "no-such"], "error: --capture names 'no-such', which is not a folder"),
    ],
)
def test_what_cannot_be_done_is_reported_in_one_line(arguments: list[str], message: str, refusal: Refusal) -> None:
    assert refusal(command.main, arguments).startswith(message)


def test_with_the_same_dependencies_the_newer_one_is_a_release(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "open_side", lambda *_, **__: contextlib.nullcontext(Side("old", Path(sys.executable))))
        assert command.main(["1.8", "no-such.whl", "--same-dependencies"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no release 'no-such.whl' in releases.json")


def test_an_environment_that_cannot_be_made_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uv_that(tmp_path, monkeypatch, UV_OF_A_FULL_DISK)
    monkeypatch.setattr("tests.tools.release_environment.FOLDER", tmp_path)
    monkeypatch.setattr("tests.tools.release_environment.make.__defaults__", (tmp_path,))
    assert command.main(["1.8.0", "1.9.1"]) == 2
    assert "No space left on device" in capsys.readouterr().err.splitlines()[-1]


def test_the_cases_that_are_compared_where_none_is_named_are_of_every_kind_that_is_promised() -> None:
    cases = [load_case(name) for name in command.DEFAULT_CASES]
    assert {case.settings.covariance_type for case in cases} == {"full", "tied", "diag", "spherical"}
    assert {case.frame.dtype.name for case in cases} >= {"float32", "float64"}
    assert max(case.frame.shape[1] for case in cases) >= 16
    assert max(len(case.weights) for case in cases) >= 64
    assert max(len(case.frame) for case in cases) >= 10_000
    assert max(len(case.frames) for case in cases) >= 10


class ColdAfterTheOther:
    """A worker whose fits take longer right after those of another worker, which has taken the caches."""

    last: ColdAfterTheOther | None = None
    process_id = 0

    def ask(self, do: str, **_: object) -> object:
        if do != "time":
            return 400_000
        cold = type(self).last is not self
        type(self).last = self
        return {"cpu": 0.0045 if cold else 0.004}

    def send(self, *_: object, **__: object) -> None:
        """Take what `receive` answers."""

    def receive(self, **_: object) -> dict[str, float]:
        return {"seconds": 0.004, "n_iter": 3}

    def __enter__(self) -> ColdAfterTheOther:
        return self

    def __exit__(self, *_: object) -> None:
        type(self).last = None


def test_caches_that_the_other_side_has_taken_cancel_in_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Side, "start", lambda _: ColdAfterTheOther())
    side, result = Side("the same", Path(sys.executable)), CaseResult(CASES[0], 1.02)
    for _ in Measurement(side, side, Plan(blocks=5, looks=(2,))).run([result]):
        pass
    _, *others = result.rounds[0]  # in the first one nobody has the caches
    assert [new / old for old, new in others] == [1.0] * 4
