"""pytest's side of the suite: options, header, cases, the ledger, and what is recorded.

Runs inside old environments: Python 3.6 syntax.
"""

from tests.support import stopwatch  # first: it times the import of scikit-learn

# isort: split
from pathlib import Path
from typing import Any, Callable, Dict, Generator, List, Optional, Set, Tuple

import pytest

from fixtures import corpus
from fixtures.validation import BrokenCase
from tests.support import environment, ledger, messages, picture, record, record_format, replay
from tests.support.diagnosis import Diagnosis, Judge
from tests.support.fits import Fits

SUITE_KEY: pytest.StashKey[Any] = pytest.StashKey()
ENTRY_KEY: pytest.StashKey[ledger.Entry] = pytest.StashKey()

TESTS = Path(__file__).resolve().parent / "tests"
PROMISED_OVERHEAD = 1.3


class Suite:
    """What one run shares: the options, the cases, and each replay, made once."""

    def __init__(self, config: Any) -> None:
        self.capture = corpus.find_capture(config.getoption("--capture-dir"), "--capture-dir")
        estimator_class = replay.import_estimator(config.getoption("--estimator"))
        self.ledger = None if config.getoption("--no-ledger") else ledger.read_ledger()
        self.environment = environment.describe()
        self.release = self.environment["scikit-learn"]
        self.fits = Fits(estimator_class, self.release)
        self.case_names = corpus.case_names()
        self.cases: Dict[str, corpus.Case] = {}
        self.found: List[ledger.Entry] = []
        self.recorded: Set[Tuple[str, str]] = set()
        self.plots = config.getoption("--plots")
        self.count = record.Count()

    def case(self, name: str) -> corpus.Case:
        if name not in self.cases:
            self.cases[name] = corpus.load_case(name, capture=self.capture)
        return self.cases[name]

    def record_once(self, record_property: Any, case: corpus.Case, properties: record.Properties) -> None:
        for name, value in properties:
            if (case.name, name) not in self.recorded:
                self.recorded.add((case.name, name))
                record_property(name, value)


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("GaussianMixture warm starts")
    group.addoption(
        "--capture-dir",
        metavar="DIR",
        help="folder that holds the public capture of scikit-learn #12099"
        " (default: GMM_CAPTURE, then where `nox -s fetch-capture` puts it)",
    )
    group.addoption(
        "--estimator",
        metavar="MODULE:CLASS",
        default=replay.DEFAULT_ESTIMATOR,
        help="estimator class under test (default: %(default)s)",
    )
    group.addoption(
        "--no-ledger",
        action="store_true",
        help="show the raw result: known defects fail like any other",
    )
    group.addoption("--plots", metavar="DIR", type=Path, help="draw each failing case into this folder, as SVG")


def pytest_configure(config: Any) -> None:
    try:
        suite = config.stash[SUITE_KEY] = Suite(config)
    except (corpus.BadCaptureFolder, ledger.BadLedger, replay.UnknownEstimator) as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(suite.count)


def pytest_report_header(config: Any) -> List[str]:
    suite = config.stash[SUITE_KEY]
    capture = suite.capture or "not at hand (get it with `nox -s fetch-capture`)"
    return [
        "under test: " + ", ".join("{} {}".format(*item) for item in suite.environment.items()),
        "corpus: {} cases; capture: {}; eps: float64 {:.3g}, float32 {:.3g}".format(
            len(suite.case_names), capture, *environment.eps()
        ),
        "estimator: {}; ledger: {}".format(
            config.getoption("--estimator"),
            "off" if suite.ledger is None else "{} entries".format(len(suite.ledger.entries)),
        ),
    ]


def pytest_generate_tests(metafunc: Any) -> None:
    """Run every check that asks for a case, and does not say which, on every case of the corpus."""
    says_which = any("case_name" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "case_name" in metafunc.fixturenames and not says_which:
        metafunc.parametrize("case_name", metafunc.config.stash[SUITE_KEY].case_names)


def pytest_ignore_collect(collection_path: Path, config: Any) -> Optional[bool]:
    """Benchmarks and selftests run where they are named, not with the suite."""
    if collection_path.name not in ("test_fit_time.py", "selftest"):
        return None
    asked = any(collection_path.name in Path(str(argument).split("::")[0]).parts for argument in config.args)
    return None if asked else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: Any, items: List[Any]) -> None:
    """Turn what the ledger lists for this release into strict expected failures."""
    suite = config.stash[SUITE_KEY]
    if suite.ledger is None:
        return
    pairs = {_check_and_case(item): item for item in items}
    collected = {check for check, _ in pairs}
    selected_by_id = any("::" in str(argument) for argument in config.args)
    try:
        suite.ledger.require_known(ledger.checks_in(TESTS), set(suite.case_names))
        for entry in suite.ledger.listed_for(suite.release):
            item = pairs.get((entry.check, entry.case))
            if item is None:
                if entry.check in collected and not selected_by_id:
                    raise ledger.BadLedger(entry.unmatched())
                continue
            item.stash[ENTRY_KEY] = entry
            reason = "known defect {}, {}".format(entry.defect, entry.upstream)
            item.add_marker(pytest.mark.xfail(raises=messages.Defect, strict=True, reason=reason))
    except ledger.BadLedger as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, None]:
    """Note the listed defects that occur, say which line to change for one that is gone, and name a broken case.

    What a defect's check says is recorded, and with --plots a failing case is drawn.
    """
    result = yield
    report = result.get_result()
    suite = item.config.stash[SUITE_KEY]
    if call.excinfo is not None and call.excinfo.errisinstance(messages.Defect):
        item.user_properties.append((record_format.SEEN, record.evidence(str(call.excinfo.value))))
        if report.failed and suite.plots is not None:
            report.longrepr = "{}\n{}".format(report.longrepr, _drawn(suite, item))
    if call.excinfo is not None and call.excinfo.errisinstance(BrokenCase):
        report.longrepr = "broken case, not a defect of scikit-learn: {}".format(call.excinfo.value)
    entry = item.stash.get(ENTRY_KEY, None)
    if entry and hasattr(report, "wasxfail") and report.skipped:
        suite.found.append(entry)
    if entry and report.when == "call" and report.failed and call.excinfo is None:
        report.longrepr = ledger.gone(entry, suite.release)
        item.user_properties.append((record_format.GONE, entry.defect))


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    suite = config.stash[SUITE_KEY]
    if not suite.fits.made:
        return
    if suite.ledger is not None:
        for line in ledger.summary(suite.found, suite.release):
            terminalreporter.write_line(line)
    terminalreporter.write_line(stopwatch.summary(PROMISED_OVERHEAD))


@pytest.fixture
def release(pytestconfig: Any) -> str:
    """Version of the scikit-learn under test."""
    return pytestconfig.stash[SUITE_KEY].release


@pytest.fixture
def estimator_class(pytestconfig: Any) -> Any:
    """The class under test."""
    return pytestconfig.stash[SUITE_KEY].fits.estimator_class


@pytest.fixture
def case(pytestconfig: Any, case_name: str) -> corpus.Case:
    """A validated case; skipped where its data are published elsewhere and not at hand."""
    try:
        return pytestconfig.stash[SUITE_KEY].case(case_name)
    except corpus.CaptureNotAtHand as reason:
        pytest.skip(str(reason))


@pytest.fixture
def replays(pytestconfig: Any, case: corpus.Case, record_property: Any) -> Dict[str, Tuple[replay.Outcome, ...]]:
    """What the fits of the case left, frame by frame, for each way of replaying it; fitted once a session."""
    suite = pytestconfig.stash[SUITE_KEY]
    outcomes = suite.fits.replays(case)
    suite.record_once(record_property, case, record.of_place(case, outcomes[replay.EXPLICIT][-1]))
    return outcomes


@pytest.fixture
def steps(pytestconfig: Any, case: corpus.Case, record_property: Any) -> Tuple[replay.Outcome, ...]:
    """What each single EM step on the case's first frame left; made once a session, a large frame's first step only."""
    suite = pytestconfig.stash[SUITE_KEY]
    outcomes = suite.fits.steps(case)
    suite.record_once(record_property, case, record.of_steps(outcomes))
    return outcomes


@pytest.fixture
def fit_again(pytestconfig: Any) -> Callable[[corpus.Case], replay.Outcome]:
    """A function that fits a case of one frame, changed or not, once more."""
    return pytestconfig.stash[SUITE_KEY].fits.again


@pytest.fixture
def place(case_name: str, release: str) -> str:
    """Where a check is, for its message."""
    return "scikit-learn {}, case {}".format(release, case_name)


@pytest.fixture
def judge(pytestconfig: Any, record_property: Any) -> Judge:
    """A function that says what became of each component of a fit, and records it."""
    suite = pytestconfig.stash[SUITE_KEY]

    def diagnosis_of(case: corpus.Case, way: str, outcome: replay.Outcome) -> Diagnosis:
        diagnosis = None
        try:
            diagnosis = suite.fits.judge(case, way, outcome)
        finally:
            prefix = "" if len(case.frames) == 1 else "{} frame {} ".format(way, outcome.frame)
            for name, value in record.of_fit(outcome, diagnosis):
                record_property(prefix + name, value)
        return diagnosis

    return diagnosis_of


@pytest.fixture(scope="session", autouse=True)
def _header_and_footer(pytestconfig: Any, record_testsuite_property: Any) -> Generator[None, None, None]:
    suite = pytestconfig.stash[SUITE_KEY]
    header = record.header(
        suite.environment,
        pytestconfig.getoption("--estimator"),
        suite.ledger,
        suite.capture is not None,
    )
    for name, value in header:
        record_testsuite_property(name, value)
    yield
    for name, value in suite.count.footer():
        record_testsuite_property(name, value)


def _drawn(suite: Suite, item: Any) -> str:
    """Draw the case of a failing check, once a session, and say where."""
    _, name = _check_and_case(item)
    if name is None:
        return "no picture: the check has no case"
    case = suite.case(name)
    path = suite.plots / "{}-sklearn-{}.svg".format(name, suite.release)
    try:
        picture.write(path, case, suite.fits.replays(case)[replay.EXPLICIT][-1])
    except OSError as error:
        return "no picture: {} cannot be written ({})".format(path, error.strerror)
    return "picture: {}".format(path)


def _check_and_case(item: Any) -> Tuple[str, Optional[str]]:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return getattr(item, "originalname", item.name), parameters.get("case_name")
