"""Other implementations are judged on what they can do, and adapters are exact EM where nothing is lost."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures import documentation
from fixtures.corpus import PROJECT, load_case
from fixtures.fault import Fault
from tests.selftest import peer_fakes
from tests.support import check, remedies
from tests.support.judgement import BROKEN, KEPT, NOT_JUDGED
from tests.tools import release_table
from tests.tools.peers import __main__ as command
from tests.tools.peers import declared, measure, result
from tests.tools.peers.declared import CannotRun
from tests.tools.peers.result import Ends, Measured, Result
from tests.workers.peers import exact_em, judging
from tests.workers.peers.base import Can

LOST, CONTROL = "object-leaves-frame", "control-slow-motion"
LAST = 10  # the component of the first that scikit-learn loses
RELEASE = release_table.newest_of_series(release_table.read())[-1]
CONTROLS = [load_case(name) for name in measure.CONTROLS_OF_ADAPTERS]
IN_THIS_PROCESS = {
    "scikit-learn": GaussianMixture,
    "exact-em": exact_em.Mixture,
    "LogDomainMixture": remedies.LogDomainMixture,
    "WarmStartMixture": remedies.WarmStartMixture,
    "KeepLastParameters": remedies.KeepLastParameters,
}


@dataclass(frozen=True)
class Here:
    """A peer that runs with the interpreter of the selftests."""

    name: str
    distribution: str = ""

    @property
    def adapter(self) -> str:
        known = declared.OWN.get(self.name)
        return known or f"tests.selftest.peer_fakes:{self.name}"

    def interpreter(self) -> Path:
        return Path(sys.executable)


@pytest.mark.parametrize("name", declared.OWN)
def test_every_class_that_runs_with_a_release_is_exact_em_where_nothing_is_lost(name: str) -> None:
    assert judging.disagreement(IN_THIS_PROCESS[name], CONTROLS) == []


@pytest.mark.parametrize("peer", declared.read(), ids=lambda peer: peer.name)
def test_every_adapter_is_exact_em_where_nothing_is_lost(peer: declared.Peer) -> None:
    if not peer.is_installed():
        pytest.skip(f"{peer.name} is not installed; `nox -s peers -- {peer.name}` installs it")
    try:
        python = peer.interpreter()
    except CannotRun as reason:
        pytest.skip(f"{peer.name}: {reason}")
    with measure.worker_of(peer, python, RELEASE) as worker:
        assert worker.ask("disagreement", cases=list(measure.CONTROLS_OF_ADAPTERS)) == []


def test_every_peer_of_the_table_has_an_adapter_and_every_adapter_is_of_one() -> None:
    modules = {path.stem for path in (PROJECT / "tests" / "workers" / "peers").glob("*.py")}
    assert modules - {"__init__", "__main__", "base", "exact_em", "judging"} == {peer.name for peer in declared.read()}


def test_an_adapter_that_passes_another_start_on_disagrees_in_words() -> None:
    (first, *_) = judging.disagreement(peer_fakes.Shifted, CONTROLS[:1])
    assert first.startswith("control-still-scene: seen means_ of component 0")


def test_an_adapter_that_raises_disagrees() -> None:
    (said,) = judging.disagreement(peer_fakes.Raising, CONTROLS[:1])
    assert "ArithmeticError: singular" in said


@pytest.mark.parametrize("name", [LOST, CONTROL, "object-leaves-tied", "object-leaves-float32"])
def test_exact_em_breaks_no_promise(name: str) -> None:
    ends = judging.judge(exact_em.Mixture, RELEASE.version, load_case(name))
    assert set(ends.values()) == {KEPT}


def test_a_peer_without_reg_covar_is_compared_with_exact_em_that_has_none() -> None:
    ends = judging.judge(peer_fakes.Right, RELEASE.version, load_case(CONTROL))
    assert set(ends.values()) == {KEPT}


def test_where_exact_em_has_no_answer_without_reg_covar_there_is_nothing_to_judge() -> None:
    ends = judging.judge(peer_fakes.Right, RELEASE.version, load_case(LOST))
    assert ends["test_no_component_collapses"] == NOT_JUDGED
    assert BROKEN not in ends.values()


def test_scikit_learn_breaks_the_promise_that_no_component_collapses() -> None:
    ends = judging.judge(GaussianMixture, RELEASE.version, load_case(LOST))
    assert ends["test_no_component_collapses"] == BROKEN
    assert ends["test_first_step_uses_the_parameters_given"] == KEPT


def test_scikit_learn_loses_one_component_of_a_frame_and_none_of_a_control() -> None:
    assert judging.lost_by(GaussianMixture, load_case(LOST)) == [(0, LAST)]
    assert judging.lost_by(GaussianMixture, load_case(CONTROL)) == []


@pytest.mark.parametrize(
    ("peer", "fate"),
    [
        (exact_em.Mixture, judging.EM),
        (peer_fakes.Elsewhere, judging.ELSEWHERE),
        (peer_fakes.Staying, judging.STAYS),
        (peer_fakes.Dragging, judging.DRAGGED),
        (peer_fakes.ToOrigin, judging.ORIGIN),
        (GaussianMixture, judging.ORIGIN),
        (peer_fakes.ToNan, judging.NAN),
        (peer_fakes.Raising, judging.RAISES),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_fate_is_told_from_the_others(peer: Any, fate: str) -> None:
    assert judging.fates(peer, load_case(LOST), [judging.Lost(0, LAST)]) == [fate]


def test_a_frame_that_no_fit_could_start_on_is_one_that_raises() -> None:
    """Without ``reg_covar`` the needle is singular after the first frame."""
    assert judging.fates(peer_fakes.Right, load_case("chain-needle-drifts"), [judging.Lost(1, 0)]) == [judging.RAISES]


def test_a_component_near_where_em_puts_it_is_there_though_the_origin_is_near_too() -> None:
    zero, samples = np.zeros(2), np.array([[-1.0, -1.0], [1.0, 1.0]])
    assert judging.place_of(zero, np.ones(2) * 9, zero, samples, "float64") == judging.EM
    assert judging.place_of(zero, np.ones(2) * 9, np.ones(2), samples, "float64") == judging.ORIGIN


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        (peer_fakes.FullOnly, "no tied covariances"),
        (peer_fakes.MeansOnly, "starts from means only"),
        (peer_fakes.NoStep, "how many steps"),
    ],
)
def test_what_a_peer_cannot_do_is_not_judged(peer: Any, said: str) -> None:
    with pytest.raises(judging.CannotFit, match=said):
        judging.judge(peer, RELEASE.version, load_case("object-leaves-tied"))


def test_a_peer_of_another_dtype_gets_the_case_in_its_own() -> None:
    fitted = judging.as_fitted(load_case(CONTROL), judging.can_of(peer_fakes.Float32Only))
    assert {array.dtype.name for array in (fitted.frame, fitted.means, fitted.precisions)} == {"float32"}
    same = judging.as_fitted(load_case("object-leaves-float32"), Can())
    assert same.means.dtype == np.float32


def test_every_peer_takes_as_many_steps_as_exact_em() -> None:
    settings = judging.as_fitted(load_case(LOST), Can()).settings
    assert (settings.max_iter, settings.tol) == (3, 0.0)


def test_the_promises_are_checks_and_the_fates_are_those_of_the_table() -> None:
    assert set(judging.PROMISES) <= set(check.every())
    assert (*judging.FATES, result.NOT_FITTED) == result.FATES


def measured_of(*names: str) -> Measured:
    """What a run in these processes measures of two cases."""
    with measure.worker_of(Here("scikit-learn"), Path(sys.executable), RELEASE) as stock:
        cases = measure.cases_of([LOST, CONTROL], stock)
        results = tuple(measure.measure(Here(name), cases, RELEASE, stock) for name in names)
    return Measured(RELEASE.version, len(cases.lost), 1, len(cases.controls), results)


def test_a_run_tells_right_from_wrong_and_an_adapter_that_is_at_fault(capsys: pytest.CaptureFixture[str]) -> None:
    measured = measured_of("scikit-learn", "exact-em", "Shifted")
    assert (measured.n_cases, measured.n_controls) == (1, 1)
    stock, exact, shifted = measured.results
    assert (stock.fates, exact.fates) == ({judging.ORIGIN: 1}, {judging.EM: 1})
    assert (stock.promises["test_no_component_collapses"], exact.count(BROKEN)) == (Ends(1, 1, 0), 0)
    assert stock.ratio is not None
    assert (stock.n_timed, shifted.promises, shifted.is_judged) == (2, {}, False)
    assert command._report(measured, None, is_kept=False) == 1
    said = "Shifted is not judged: its adapter disagrees with exact EM on the control: control-still-scene: seen means_"
    assert said in capsys.readouterr().out


def test_a_peer_that_cannot_run_is_skipped_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    absent = replace(declared.read()[0], programs=("no-such-program",))
    with measure.worker_of(Here("scikit-learn"), Path(sys.executable), RELEASE) as stock:
        skipped = measure.measure(absent, measure.Cases({}, ()), RELEASE, stock)
    assert skipped.skipped == "no-such-program is not on PATH; should be installed"
    assert command._report(Measured("1.9.1", 0, 0, 0, (skipped,)), None, is_kept=False) == 0
    assert f"{absent.name} is skipped: no-such-program" in capsys.readouterr().out


def test_what_was_measured_is_read_as_it_was_written(tmp_path: Path) -> None:
    judged = Result("a", "1.0", Can()._asdict(), {judging.EM: 2}, {"test_a": Ends(3, 1, 0)}, 0.5, 4)
    measured = Measured("1.9.1", 2, 3, 1, (judged, Result("b", skipped="no index"), Result("c", fault="off")))
    result.write(measured, tmp_path / "peers.json")
    read = result.read(tmp_path / "peers.json")
    assert read is not None
    assert result.tables(read) == result.tables(measured)
    assert [one.skipped or one.fault for one in read.results] == ["", "no index", "off"]


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 9}', '{"format": 1, "results": [{}]}', "nothing"])
def test_a_file_of_something_else_is_refused_with_what_to_do(content: str, tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Fault, match="delete it, and `nox -s peers -- --write` makes it anew"):
        result.read(path)


def test_the_tables_in_the_documentation_are_those_measured() -> None:
    measured = result.read()
    assert measured is not None
    text = documentation.REFERENCE.read_text(encoding="utf-8")
    assert documentation.with_table(text, command.TABLE, result.tables(measured)) == text
    front = command.FRONT.read_text(encoding="utf-8")
    assert documentation.with_table(front, command.TABLE, result.summary(measured)) == front


def test_the_measured_ones_are_those_that_there_are() -> None:
    measured = result.read()
    assert measured is not None
    assert [one.name for one in measured.results] == [peer.name for peer in declared.every(RELEASE)]


GOOD: dict[str, Any] = {"name": "a", "python": "3.11", "packages": ["a==1"], "dependencies_until": "2026-01-01"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"packages": ["a>=1"]}, "a>=1 for a"),
        ({"packages": []}, "no package"),
        ({"python": "3"}, "python '3' for a"),
        ({"dependencies_until": "soon"}, "soon"),
        ({"name": "exact-em"}, "exact-em"),
        ({"what": 1}, "what"),
        ({"programs": "java"}, "the programs 'java' for a"),
        ({"programs": [None]}, "the programs"),
        ({"python": "3.\u0661"}, "not like 3.12"),
        ({"dependencies_until": "20260101"}, "not like 2025-05-06"),
    ],
)
def test_an_entry_that_is_no_peer_is_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    path.write_text(json.dumps({"format": 1, "peers": [{**GOOD, **change}]}), encoding="utf-8")
    with pytest.raises(declared.BadPeers, match=said):
        declared.read(path)


def test_a_peer_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    path.write_text(json.dumps({"format": 1, "peers": [GOOD, GOOD]}), encoding="utf-8")
    with pytest.raises(declared.BadPeers, match="not unique"):
        declared.read(path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "no peer nobody"),
        (["--cases", "nowhere", "--dry-run"], "no case nowhere"),
        (["--write", "exact-em"], "should be alone"),
        (["--json", "/nowhere/a.json"], "does not exist"),
    ],
)
def test_a_wrong_call_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_dry_run_says_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--dry-run"]) == 0
    said = capsys.readouterr().out
    assert all(peer.name in said for peer in declared.every(RELEASE))
