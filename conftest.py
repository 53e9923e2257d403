"""pytest's side of the suite: options, header, cases, the ledger, and what is recorded.

Runs inside old environments: Python 3.6 syntax.
"""

import sys

from tests.support import estimator

estimator.import_scikit_learn(sys.argv[1:])  # before anything else: it is timed

# isort: split
from pathlib import Path
from typing import Any, Dict, Generator, List, Optional, Set, Tuple

import pytest

from fixtures import corpus
from fixtures.validation import BrokenCase
from tests.support import array_namespace, check, environment, findings, junit_format, ledger, picture, processes, shard
from tests.support.judgement import Defect, NotJudged
from tests.support.subject import Subject

SUITE_KEY: pytest.StashKey[Any] = pytest.StashKey()
ENTRY_KEY: pytest.StashKey[ledger.Entry] = pytest.StashKey()


class Suite:
    """What one run shares: the options, and for each case what was made of it."""

    def __init__(self, config: Any) -> None:
        self.capture = corpus.find_capture(config.getoption("--capture-dir"), "--capture-dir")
        self.ledger = None if config.getoption("--no-ledger") else ledger.read_ledger()
        self.environment = environment.describe()
        self.release = self.environment["scikit-learn"]
        self.space = _space(config, self.release)
        found = estimator.import_estimator(config.getoption("--estimator"))
        self.under_test = check.UnderTest(array_namespace.in_namespace(found, self.space), self.release)
        self.case_names = corpus.case_names()
        self.traits = {name: self._traits(name) for name in self.case_names}
        self.subjects: Dict[str, Subject] = {}
        self.recorded: Set[Tuple[str, str]] = set()
        self.plots = config.getoption("--plots")
        self.run = processes.Run(self.environment)

    def cases_of(self, made: check.Check) -> List[str]:
        """The cases that a check runs on; one that is broken is left for the check to report."""
        return [name for name, traits in self.traits.items() if not traits or made.runs_on(traits, self.under_test)]

    def subject(self, name: str) -> Subject:
        if name not in self.subjects:
            case = corpus.load_case(name, capture=self.capture)
            self.subjects[name] = Subject(self.space.case(case), self.under_test.estimator_class, self.release)
        return self.subjects[name]

    def record_once(self, record_property: Any, subject: Subject) -> None:
        """Record what a check has made of a case, and no check before it."""
        made = {junit_format.of_replays: subject.was_replayed, junit_format.of_steps: subject.was_stepped}
        for properties_of, was_made in made.items():
            key = (subject.case.name, properties_of.__name__)
            if was_made and key not in self.recorded:
                self.recorded.add(key)
                for name, value in properties_of(subject):
                    record_property(name, value)

    def _traits(self, name: str) -> Optional[corpus.Traits]:
        try:
            return self.space.traits(corpus.traits_of(name))
        except BrokenCase:
            return None


def _space(config: Any, release: str) -> array_namespace.Space:
    """The library whose arrays are fitted, and its device."""
    name, device = config.getoption(estimator.ARRAY_NAMESPACE), config.getoption(estimator.OPTION_OF_DEVICE)
    return array_namespace.open_space(name, device, release)


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("GaussianMixture warm starts")
    group.addoption(
        "--capture-dir",
        metavar="DIR",
        help="folder that holds the public capture of scikit-learn #12099"
        " (default: GMM_CAPTURE, then where `nox -s fetch-capture` puts it)",
    )
    help_of_estimator = "estimator class under test (default: %(default)s)"
    default = estimator.DEFAULT_ESTIMATOR
    group.addoption("--estimator", metavar="MODULE:CLASS", default=default, help=help_of_estimator)
    group.addoption(
        estimator.ARRAY_NAMESPACE,
        metavar="MODULE",
        default=ledger.NUMPY,
        help="fit arrays of this library: array_api_strict, torch, ... (scikit-learn 1.8 on; default: %(default)s)",
    )
    group.addoption(estimator.OPTION_OF_DEVICE, metavar="NAME", help="device of that library (default: its own)")
    raw = "show the raw result: known defects fail like any other"
    group.addoption("--no-ledger", action="store_true", help=raw)
    group.addoption(shard.OPTION, metavar="I/N", type=shard.parse, help="run the I-th of N equal parts of the cases")
    group.addoption("--plots", metavar="DIR", type=Path, help="draw each failing case into this folder, as SVG")


def pytest_configure(config: Any) -> None:
    try:
        suite = config.stash[SUITE_KEY] = Suite(config)
    except (
        corpus.BadCaptureFolder, ledger.BadLedger, estimator.UnknownEstimator, array_namespace.UnknownNamespace,
    ) as error:  # fmt: skip
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(suite.run)
    if config.getoption(shard.OPTION):
        number, of = config.getoption(shard.OPTION)
        config.pluginmanager.register(shard.Shard(number, of, tuple(suite.case_names)))


def pytest_report_header(config: Any) -> List[str]:
    suite = config.stash[SUITE_KEY]
    capture = suite.capture or "not at hand (get it with `nox -s fetch-capture`)"
    known = "off" if suite.ledger is None else "{} entries".format(len(suite.ledger.entries))
    data = "corpus: {} cases; capture: {}; eps: float64 {:.3g}, float32 {:.3g}"
    return [
        "under test: " + ", ".join("{} {}".format(*item) for item in suite.environment.items()),
        data.format(len(suite.case_names), capture, *environment.eps()),
        "estimator: {}; arrays: {}; ledger: {}".format(config.getoption("--estimator"), suite.space, known),
    ]


def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> Optional[List[Any]]:  # noqa: ARG001
    """Leave out a check that runs on no case here: on this release, with this estimator."""
    made = check.of(obj)
    return [] if made and not collector.config.stash[SUITE_KEY].cases_of(made) else None


def pytest_generate_tests(metafunc: Any) -> None:
    """Run every check on the cases that it applies to."""
    made = check.of(metafunc.function)
    if made:
        metafunc.parametrize("case_name", metafunc.config.stash[SUITE_KEY].cases_of(made))


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
    collected = {name for name, _ in pairs}
    selected_by_id = any("::" in str(argument) for argument in config.args)
    try:
        suite.ledger.require_known(set(check.every()), set(suite.case_names))
        for entry in suite.ledger.listed_for(suite.release, suite.space.ledger_name):
            item = pairs.get((entry.check, entry.case))
            if item is None:
                if entry.check in collected and not selected_by_id:
                    raise entry.unmatched()
                continue
            item.stash[ENTRY_KEY] = entry
            if entry.is_judged:
                reason = "known defect {}, {}".format(entry.defect, entry.upstream)
                item.add_marker(pytest.mark.xfail(raises=Defect, strict=True, reason=reason))
    except ledger.BadLedger as error:
        suite.run.refuse(config, items, str(error))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, None]:
    """Compare how a check ended with the ledger, and keep what it found or could not judge."""
    result = yield
    report = result.get_result()
    suite = item.config.stash[SUITE_KEY]
    entry = item.stash.get(ENTRY_KEY, None)
    raised = None if call.excinfo is None else call.excinfo.value
    # For the process that sums up, which may be another one: built-in types only.
    case = shard.case_of(item)
    report.about = {"case": case} if case else {}
    if isinstance(raised, Defect):
        kept = raised.findings[: junit_format.MOST_FINDINGS]
        item.user_properties.append((junit_format.FINDINGS, findings.as_json(kept)))
        if entry and not entry.is_judged:
            report.longrepr = "{}\n{}".format(report.longrepr, ledger.judged(entry))
        if report.failed and suite.plots is not None:
            report.longrepr = "{}\n{}".format(report.longrepr, _drawn(suite, item))
        if entry and report.skipped:
            report.about["found"] = tuple(entry)
    elif isinstance(raised, NotJudged):
        _hold_not_judged(suite, item, report, str(raised))
    elif report.skipped and isinstance(raised, pytest.skip.Exception):
        # One line of the summary for one reason, wherever the checks are.
        report.longrepr = (__file__, 0, "Skipped: {}".format(raised))
    elif isinstance(raised, BrokenCase):
        report.longrepr = "broken case, not a defect of scikit-learn: {}".format(raised)
    elif entry and report.when == "call" and raised is None:
        report.outcome, report.longrepr = "failed", ledger.gone(entry, suite.release, suite.under_test.words)
        item.user_properties.append((junit_format.GONE, entry.defect))


def _hold_not_judged(suite: Suite, item: Any, report: Any, reason: str) -> None:
    """A check that is not judged ends so where the ledger lists it, or is off; elsewhere it fails."""
    entry = item.stash.get(ENTRY_KEY, None)
    name, case = _check_and_case(item)
    item.user_properties.append((junit_format.NOT_JUDGED, reason))
    if suite.ledger is None or (entry and not entry.is_judged):
        report.about["not judged"] = reason
    else:
        report.outcome = "failed"
        report.longrepr = ledger.unlisted(name, str(case), suite.under_test.words, reason, entry)


def pytest_report_teststatus(report: Any) -> Optional[Tuple[str, str, str]]:
    """Count apart what is not judged."""
    return ("not judged", "j", "NOT JUDGED") if "not judged" in getattr(report, "about", {}) else None


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    suite = config.stash[SUITE_KEY]
    for line in suite.run.summary(suite.under_test.words, suite.ledger is not None):
        terminalreporter.write_line(line)


@pytest.fixture
def subject(pytestconfig: Any, case_name: str, record_property: Any) -> Generator[Subject, None, None]:
    """The estimator under test on a case; skipped where its data are published elsewhere and not at hand."""
    suite = pytestconfig.stash[SUITE_KEY]
    try:
        made = suite.subject(case_name)
    except (corpus.CaptureNotAtHand, array_namespace.NeedsFloat64) as reason:
        pytest.skip(str(reason))
    yield made
    suite.record_once(record_property, made)
    if made.partly:
        record_property(junit_format.PARTLY, made.partly.pop())


@pytest.fixture
def case(subject: Subject) -> corpus.Case:
    """A validated case, for benchmarks."""
    return subject.case


@pytest.fixture
def estimator_class(pytestconfig: Any) -> Any:
    """The class under test, for benchmarks."""
    return pytestconfig.stash[SUITE_KEY].under_test.estimator_class


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: Any) -> None:
    """Write into the JUnit file what was run and how it ended, where this process makes one."""
    config = session.config
    makers = [plugin for plugin in config.pluginmanager.get_plugins() if hasattr(plugin, "add_global_property")]
    if not makers:
        return
    suite = config.stash[SUITE_KEY]
    arrays = "" if suite.space is array_namespace.NUMPY else " with arrays of {}".format(suite.space)
    under_test = config.getoption("--estimator") + arrays
    header = junit_format.header(suite.environment, under_test, suite.ledger, suite.capture is not None)
    for name, value in (*header, *suite.run.footer()):
        makers[0].add_global_property(name, value)


def _drawn(suite: Suite, item: Any) -> str:
    """Draw the case of a failing check, once a session, and say where."""
    _, name = _check_and_case(item)
    if name is None:
        return "no picture: the check has no case"
    subject = suite.subject(name)
    path = suite.plots / "{}-sklearn-{}.svg".format(name, suite.release)
    try:
        picture.write(path, subject)
    except OSError as error:
        return "no picture: {} cannot be written ({})".format(path, error.strerror)
    return "picture: {}".format(path)


def _check_and_case(item: Any) -> Tuple[str, Optional[str]]:
    return getattr(item, "originalname", item.name), shard.case_of(item)
