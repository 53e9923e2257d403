"""A run as a whole, in one process or in several: what is said of it is the same.

With pytest-xdist (``pytest -n 2``) one process hands out the tests, sees their
reports, and writes the summary and the record; the others run them. All checks
of a case go to one process, since they share its fits.

Runs inside old environments: Python 3.6 syntax; pytest-xdist only where it is used.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import pytest

from tests.support import environment, estimator, junit_format, ledger

TOLD = "gmm warm starts"


class Run:
    """Plugin of pytest that keeps how many tests were selected, how those ended that ran, and what they found.

    Parameters
    ----------
    described : dict of str to str
        The environment of this process; that of those that run the tests takes its place.

    Attributes
    ----------
    found : list of Entry
        What the ledger lists and this run found, too.
    not_judged : dict of str to list of str
        Checks and cases by the reason for which they are not judged.
    """

    def __init__(self, described: Dict[str, str]) -> None:
        self._environment = described
        self.found: List[ledger.Entry] = []
        self.not_judged: Dict[str, List[str]] = {}
        self._refusal: Optional[str] = None
        self._deselected = False
        self._named = False
        self._selected = 0
        self._ended: Dict[str, int] = Counter()
        self._has_cases = False
        self._seconds: List[estimator.Seconds] = []  # of the processes that ran the tests

    def pytest_deselected(self, items: Sequence[Any]) -> None:
        """Some tests were left out, by -k for one."""
        self._deselected = self._deselected or bool(items)

    def pytest_collection_finish(self, session: Any) -> None:
        """All tests are known."""
        self._count(session.config, len(session.items))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test ended, and perhaps the test with it."""
        about = getattr(report, "about", {})
        self._has_cases = self._has_cases or "case" in about
        if "not judged" in about:
            self.not_judged.setdefault(about["not judged"], []).append(report.nodeid.rpartition("::")[2])
        if "found" in about:
            self.found.append(ledger.Entry(*about["found"]))
        if report.when == "call" or (report.when == "setup" and not report.passed):
            self._ended["error" if report.when == "setup" and report.failed else report.outcome] += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        """Tell the process that hands out the tests what only this one knows."""
        if hasattr(session.config, "workeroutput"):
            told = self._refusal, self._deselected, self._environment, tuple(estimator.seconds())
            session.config.workeroutput[TOLD] = told

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Give each process one thread, unless the environment says how many: more only wait for one another."""
        for variable in environment.THREAD_VARIABLES:
            os.environ.setdefault(variable, "1")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: Any, log: Any) -> Optional[Any]:
        """Hand out whole cases, unless another way was asked for with --dist."""
        return by_case(config, log) if config.getoption("dist") == "load" else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """One of the processes knows all tests, and so do the others."""
        self._count(node.config, len(ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """One of the processes ended; one that crashed has told nothing."""
        told = getattr(node, "workeroutput", {}).get(TOLD)
        if not told:
            return
        refusal, deselected, of_process, seconds = told
        if refusal:
            raise pytest.UsageError(refusal)
        self._deselected = self._deselected or deselected
        self._environment.update(of_process)
        self._seconds.append(estimator.Seconds(*seconds))

    def refuse(self, config: Any, items: List[Any], reason: str) -> None:
        """Run nothing, and end the run as wrongly called."""
        if not hasattr(config, "workeroutput"):
            raise pytest.UsageError(reason)
        # There a usage error is a crash: the process that hands out the tests raises it.
        self._refusal, items[:] = reason, []

    def _count(self, config: Any, selected: int) -> None:
        self._selected = selected
        self._named = [Path(str(argument)).resolve() for argument in config.args] != [junit_format.TESTS]

    def footer(self) -> junit_format.Properties:
        """Names and values of a record that say how the run ended."""
        ended = sum(self._ended.values())
        return [
            ("selection", junit_format.A_PART if self._deselected or self._named else junit_format.WHOLE),
            ("tests selected", str(self._selected)),
            ("tests ended", str(ended)),
            ("end", "complete" if ended == self._selected else "interrupted"),
        ]

    def summary(self, under_test: str, has_ledger: bool) -> List[str]:
        """Lines that say what the run found and where its time went; none where no check ran on a case."""
        if not self._has_cases:
            return []
        lines = []
        for reason, names in sorted(self.not_judged.items(), key=lambda item: -len(item[1])):
            more = " and {} more".format(len(names) - 1) if len(names) > 1 else ""
            lines.append("not judged: {}{}: {}".format(min(names), more, reason))
        if has_ledger:
            lines += ledger.summary(self.found, under_test)
        return [*lines, estimator.summary(self._seconds)]


def by_case(config: Any, log: Any) -> Any:
    """A scheduler of pytest-xdist that sends all checks of a case to one process."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  (where pytest-xdist runs)

    class ByCase(LoadScopeScheduling):  # type: ignore[misc]
        """What xdist's own schedulers by file and by group override, too."""

        def _split_scope(self, nodeid: str) -> str:
            return nodeid.rpartition("[")[2]

    return ByCase(config, log)
