"""The collapse check, end to end: right estimators pass, wrong ones fail, and the failure says why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from fixtures import corpus
from tests.selftest import fakes
from tests.selftest.suite_runs import CHAIN, CHECK, EMBEDDED, RELEASE, Run, fake, run_pytest
from tests.support import replay
from tests.support.findings import Finding, as_json, from_item, from_json
from tests.support.junit_format import FINDINGS
from tests.support.states import DRAGGED

RIGHT = ("NeverCollapses", "Pins", "Warns", "WritesIntoItsArguments")
WRONG = ("AlwaysCollapses", "Drags", "Raises", "ReturnsNan", "ReturnsWrongShape")
NOTHING = "LeavesNothing"
CASE = "object-leaves-frame"

SECOND_CHECK = """
from tests.selftest.fakes import CountsItsFits
from tests.support.check import check

FITS = {}

@check(headline="it is fitted again")
def test_again(subject, judgement):
    FITS[subject.case.name] = sum(len(outcomes) for outcomes in subject.replays.values())
    judgement.expect(True, "fit", None, None)

def test_count():
    assert CountsItsFits.fits == sum(FITS.values()) > 0
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs of this module write their JUnit records."""
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def runs(project: Path, start_run: Callable[..., Future[Run]], records: Path) -> Callable[[str], Run]:
    """The run of the check on a fake, without the ledger; each fake is run once."""
    started = {
        name: start_run(project, "--no-ledger", fake(name), f"--junitxml={records / name}.xml")
        for name in (*RIGHT, *WRONG, NOTHING)
    }
    return lambda name: started[name].result()


@pytest.fixture(scope="module")
def record(runs: Callable[[str], Run], records: Path) -> Callable[[str], ElementTree.Element]:
    """The JUnit record of the run of a fake."""

    def read(name: str) -> ElementTree.Element:
        runs(name)
        return ElementTree.parse(records / f"{name}.xml").getroot()  # noqa: S314  (written by our own process)

    return read


@pytest.mark.parametrize("name", RIGHT)
def test_an_estimator_that_keeps_the_promise_passes(runs: Callable[[str], Run], name: str) -> None:
    run = runs(name)
    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert run.counts["passed"] == len(EMBEDDED)
    assert set(run.counts) <= {"passed", "skipped", "in"}


@pytest.mark.parametrize("name", WRONG)
def test_an_estimator_that_breaks_the_promise_fails_on_every_case(runs: Callable[[str], Run], name: str) -> None:
    run = runs(name)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert run.failed() == EMBEDDED


@pytest.mark.parametrize("name", WRONG)
def test_what_a_fit_leaves_is_a_failure_and_never_an_error_of_the_suite(runs: Callable[[str], Run], name: str) -> None:
    run = runs(name)
    assert run.counts["failed"] == len(EMBEDDED)
    assert "error" not in run.counts
    assert "Traceback" not in run.stdout + run.stderr
    assert run.stderr == ""


@pytest.mark.parametrize("name", WRONG)
def test_a_failure_names_release_and_case(runs: Callable[[str], Run], name: str) -> None:
    assert runs(name).failure(CASE).startswith(f"{name} on scikit-learn {RELEASE}, case {CASE}: ")


def test_a_fit_that_leaves_nothing_is_judged_on_no_case(runs: Callable[[str], Run]) -> None:
    run = runs(NOTHING)
    assert run.counts["not judged"] == len(EMBEDDED)
    assert not {"passed", "failed", "error"} & set(run.counts)
    assert re.search(
        rf"^not judged: {CHECK}\[.+\] and {len(EMBEDDED) - 1} more: the fit left no weights_$", run.stdout, re.M
    )


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("Raises", Finding("fit", f"RuntimeError: {fakes.ERROR}", "a fitted estimator", aspect="RuntimeError")),
        ("ReturnsNan", Finding("means_", "nan", "a finite number", aspect="value", component=10, feature=0)),
        ("ReturnsWrongShape", Finding("weights_", "(10,)", "(11,)", aspect="shape")),
    ],
)
def test_a_fit_that_is_invalid_is_a_finding(
    record: Callable[[str], ElementTree.Element], name: str, finding: Finding
) -> None:
    (case,) = (case for case in record(name).iter("testcase") if case.get("name", "").endswith(f"[{CASE}]"))
    (found,) = (item.get("value") or "" for item in case.iter("property") if item.get("name") == FINDINGS)
    assert as_json(from_json(found)) == as_json([finding])


def test_a_failure_names_every_collapsed_component_and_its_state(runs: Callable[[str], Run]) -> None:
    failure = runs("AlwaysCollapses").failure(CASE)
    assert "components collapsed (0 empty, 1 empty, " in failure
    named = re.findall(
        r"^  component (\d+) is empty: no responsibility mass is left; it sits at the origin$", failure, re.M
    )
    assert named == [str(index) for index in range(11)]


def test_a_failure_names_the_dragged_component_alone(runs: Callable[[str], Run]) -> None:
    failure = runs("Drags").failure(CASE)
    assert "components collapsed (10 dragged)" in failure
    assert re.findall(r"component (\d+) is dragged: its mean is outside the data", failure) == ["10"]


def test_a_failure_shows_fitted_mean_covariance_and_mass(runs: Callable[[str], Run]) -> None:
    assert "    seen       mean (0, 0), covariance ((1e-06, 0), (0, 1e-06)), mass 2.22e-15 samples\n" in runs(
        "AlwaysCollapses"
    ).failure(CASE)


def test_a_failure_shows_where_a_mean_should_have_been(runs: Callable[[str], Run]) -> None:
    (low_x, low_y), (high_x, high_y) = (bound(corpus.load_case(CASE).frame, axis=0) for bound in (np.min, np.max))
    failure = runs("Drags").failure(CASE)
    assert f"seen       mean ({low_x - 3.5}, {low_y - 3.5}), covariance" in failure
    assert f"should be  a mean inside the data, {low_x}..{high_x} x {low_y}..{high_y}\n" in failure


def test_a_failure_shows_where_the_component_started_and_the_nearest_sample(runs: Callable[[str], Run]) -> None:
    case = corpus.load_case(CASE)
    mean, precision = case.means[-1], case.precisions[-1]
    differences = case.frame - mean
    distances = np.sqrt(np.einsum("ni,ij,nj->n", differences, precision, differences))
    nearest = case.frame[distances.argmin()]
    assert (
        f"    started    at ({mean[0]:.6g}, {mean[1]:.6g}); nearest sample ({nearest[0]}, {nearest[1]})"
        f" at a Mahalanobis distance of {distances.min():.4g}\n"
    ) in runs("Drags").failure(CASE)


def test_a_failure_shows_the_log_mass_and_that_it_underflows(runs: Callable[[str], Run]) -> None:
    found = re.search(r"first E-step  log mass (-[\d.]+): every responsibility underflows", runs("Drags").failure(CASE))
    assert found
    smallest = np.log(np.nextafter(0.0, 1.0))
    assert float(found.group(1)) < smallest


def test_a_mass_that_does_not_underflow_is_not_said_to(runs: Callable[[str], Run]) -> None:
    failure = runs("Drags").failure("far-component-dragged")
    assert re.search(r"first E-step  log mass -3\d\.\d+\n", failure)


def test_a_failure_of_a_chain_names_each_way_and_the_frame(runs: Callable[[str], Run]) -> None:
    failure = runs("AlwaysCollapses").failure(CHAIN)
    for way in (replay.EXPLICIT, replay.WARM_START):
        assert f"\n  {way}, frame 0: component 0 is empty: " in failure
    assert "frame 1" not in failure


def test_a_failure_says_what_to_do_next(runs: Callable[[str], Run]) -> None:
    last = runs("AlwaysCollapses").failure(CASE).strip().splitlines()[-1]
    assert last.startswith(f"what to do: `nox -s reduce -- {CASE} --check {CHECK}` makes the smallest case")


def test_the_header_names_versions_estimator_cases_and_the_missing_capture(runs: Callable[[str], Run]) -> None:
    stdout = runs("NeverCollapses").stdout
    assert f"scikit-learn {RELEASE}, numpy {np.__version__}, scipy " in stdout
    assert f"corpus: {len(EMBEDDED) + 1} cases; capture: not at hand (get it with `nox -s fetch-capture`)" in stdout
    assert "estimator: tests.selftest.fakes:NeverCollapses; arrays: numpy; ledger: off" in stdout


def test_what_is_skipped_for_the_capture_says_once_how_to_get_it() -> None:
    checks = ("tests/test_collapse.py", "tests/test_parameters.py", "-k", "capture-frame-44")
    run = run_pytest(corpus.PROJECT, *checks, fake("NeverCollapses"), GMM_CAPTURE="")
    skips = [line for line in run.stdout.splitlines() if line.startswith("SKIPPED")]
    assert len(skips) == 1
    assert "nox -s fetch-capture" in skips[0]
    assert "GMM_CAPTURE" in skips[0]


def test_the_last_line_tells_where_the_time_went(runs: Callable[[str], Run]) -> None:
    line = r"^([\d.]+) s in all: ([\d.]+) s importing .*, ([\d.]+) s inside .*, ([\d.]+) s pytest"
    told = re.search(line, runs("NeverCollapses").stdout, re.MULTILINE)
    assert told
    whole, *parts = map(float, told.groups())
    assert abs(whole - sum(parts)) < 0.03


def test_the_record_keeps_versions_and_the_diagnosis(record: Callable[[str], ElementTree.Element]) -> None:
    root = record("Drags")
    versions = {item.get("name"): item.get("value") for item in root.findall("./testsuite/properties/property")}
    assert versions["scikit-learn"] == RELEASE
    (case,) = (case for case in root.iter("testcase") if case.get("name", "").endswith(f"[{CASE}]"))
    properties = {item.get("name"): item.get("value") or "" for item in case.iter("property")}
    assert properties["n_iter"] == "2"
    assert properties["lower_bound"] == "-7.25"
    assert float(properties["fit_seconds"]) >= 0
    component = from_item(json.loads(properties["component 10"]))
    assert (component.component, component.state) == (10, DRAGGED)


def test_the_record_keeps_the_error_of_a_fit_that_raised(record: Callable[[str], ElementTree.Element]) -> None:
    errors = {item.get("value") for item in record("Raises").iter("property") if item.get("name") == "error"}
    assert errors == {f"RuntimeError: {fakes.ERROR}"}


def test_a_case_is_fitted_once_however_many_checks_look_at_it(
    own_project: Path, start_run: Callable[..., Future[Run]]
) -> None:
    (own_project / "tests" / "test_second.py").write_text(SECOND_CHECK, encoding="utf-8")
    run = start_run(own_project, "--no-ledger", fake("CountsItsFits")).result()
    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert run.counts["passed"] == 2 * len(EMBEDDED) + 1


def test_a_warning_of_the_fit_is_kept_in_the_outcome() -> None:
    (outcome,) = replay.replay(corpus.load_case("control-still-scene"), fakes.Warns)
    assert outcome.warnings == (("UserWarning", fakes.WARNING),)
    assert outcome.error is None


def test_a_fit_that_raised_leaves_no_parameters() -> None:
    (outcome,) = replay.replay(corpus.load_case("control-still-scene"), fakes.Raises)
    assert outcome.error == replay.Raised("RuntimeError", fakes.ERROR)
    assert outcome.weights is outcome.means is outcome.covariances is None


def test_an_estimator_that_writes_into_its_arguments_does_not_spoil_the_case() -> None:
    case, untouched = (corpus.load_case("control-still-scene") for _ in range(2))
    replay.replay(case, fakes.WritesIntoItsArguments)
    for name in ("frame", "weights", "means", "precisions"):
        np.testing.assert_array_equal(getattr(case, name), getattr(untouched, name))


def test_the_estimator_gets_the_settings_and_the_initial_parameters_of_the_case() -> None:
    case = corpus.load_case("control-still-scene")
    estimator = replay.make_estimator(case, replay.initial(case), fakes.NeverCollapses)
    for name, value in case.settings._asdict().items():
        assert getattr(estimator, name) == value
    for name in ("weights", "means", "precisions"):
        np.testing.assert_array_equal(getattr(estimator, f"{name}_init"), getattr(case, name))
    assert estimator.n_components == case.n_components
