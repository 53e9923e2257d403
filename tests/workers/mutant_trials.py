"""Worker that tries mutants: collects a suite once, and runs it on one mutant after the other.

Each mutant is tried in a fork of this process and lives in its memory only: no
file of the environment is changed. Run by ``tests/tools/mutants``, with
pytest's arguments.

Runs inside an environment of a release: Python 3.6 syntax; forks, so not on Windows.
"""

import functools
import gc
import importlib
import importlib.machinery
import importlib.util
import json
import multiprocessing
import os
import resource
import signal
import sys
import time
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Set

import pytest

from fixtures import corpus
from tests.support import baseline, expected
from tests.workers import worker

PACKAGE = "sklearn.mixture"
FORK = multiprocessing.get_context("fork")
MOST_BYTES = 8 << 30
MOST_WALL_PER_CPU_SECOND = 10  # other work may keep the cores busy


def _lines_during(function: Callable[[], None], files: Dict[str, str]) -> Dict[str, List[int]]:
    """The lines that a call runs, by the short names of files, which are given by their paths."""
    lines: Dict[str, Set[int]] = {name: set() for name in files.values()}

    def of_line(frame: Any, event: str, argument: Any) -> Any:  # noqa: ARG001  (as sys.settrace calls it)
        lines[files[frame.f_code.co_filename]].add(frame.f_lineno)
        return of_line

    def of_call(frame: Any, event: str, argument: Any) -> Any:  # noqa: ARG001
        return of_line if frame.f_code.co_filename in files else None

    sys.settrace(of_call)
    try:
        function()
    finally:
        sys.settrace(None)
    return {name: sorted(found) for name, found in lines.items()}


class Trials:
    """A plugin of pytest that takes requests in place of running the tests."""

    def __init__(self, replies: int) -> None:
        self._replies = replies
        self._failed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        plugins = [one for one in session.config.pluginmanager.get_plugins() if hasattr(one, "SUITE_KEY")]
        self._suites = [session.config.stash[plugin.SUITE_KEY] for plugin in plugins]
        for suite in self._suites:
            _read_ahead(suite)
        gc.collect()
        getattr(gc, "freeze", gc.collect)()  # what forks share is not touched
        os.dup2(self._replies, 1)
        clean, attempt = _forking(self.clean), _forking(self.attempt)
        worker.serve({"tests": self.tests, "clean": clean, "attempt": attempt})
        return True

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._failed = self._failed or report.failed

    def tests(self) -> List[Dict[str, Any]]:
        """The ``id`` and the ``case`` (or None) of every test."""
        parameters = [item.callspec.params if hasattr(item, "callspec") else {} for item in self._items.values()]
        return [{"id": name, "case": given.get("case_name")} for name, given in zip(self._items, parameters)]

    def clean(self, files: List[str], tests: List[str]) -> Dict[str, Any]:
        """Run tests on the package as it is.

        The answer has ``tests``: for each its ``id``, ``failed``, CPU ``seconds``, and
        ``lines``, an index into ``lines``: the lines that tests run, by file.
        """
        paths = {_path_of(file): file for file in files}
        ran, known = [], {}  # type: List[Dict[str, Any]], Dict[str, int]
        for name in tests:
            self._failed = False
            start = time.process_time()
            lines = _lines_during(functools.partial(self._run, self._items[name], None), paths)
            seconds = time.process_time() - start
            number = known.setdefault(json.dumps(lines), len(known))
            ran.append({"id": name, "failed": self._failed, "seconds": seconds, "lines": number})
        return {"tests": ran, "lines": [json.loads(lines) for lines in known]}

    def attempt(self, file: str, source: str, tests: List[str]) -> Dict[str, Any]:
        """Run tests on the package with another source of one file, up to the first that fails.

        The answer has ``killed_by``: the id of the test, or what happened instead, or None.
        """
        items = [self._items[name] for name in tests]
        try:
            swap = _import_again(file, source)
        except Exception as error:
            return {"killed_by": "import: {}".format(type(error).__name__)}
        for suite in self._suites:
            _put_under_test(suite, swap)
        for item in items:
            swap(vars(item.module))
            if hasattr(item, "callspec"):
                swap(item.callspec.params)
        self._failed = False
        for item, following in zip(items, [*items[1:], None]):
            self._run(item, following)
            if self._failed:
                return {"killed_by": item.nodeid}
        return {"killed_by": None}

    def _run(self, item: Any, following: Any) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _read_ahead(suite: Any) -> None:
    """Read what the tests read, so that no fork has to."""
    for name in suite.case_names:
        try:
            suite.subject(name)
        except corpus.CaptureNotAtHand:
            continue
        expected.read(name)
        baseline.read(name)


def _put_under_test(suite: Any, swap: Callable[[Dict[str, Any]], None]) -> None:
    """Have a suite judge the class of the changed package; none was fitted before."""
    under_test = suite.under_test._asdict()
    swap(under_test)
    suite.under_test = suite.under_test._replace(**under_test)
    for subject in suite.subjects.values():
        subject.estimator_class = suite.under_test.estimator_class


def _path_of(file: str) -> str:
    return os.path.join(os.path.dirname(str(importlib.import_module(PACKAGE).__file__)), file)


class _ChangedSource(importlib.machinery.SourceFileLoader):
    """Finds one module, and loads it from a text in place of its file."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> Any:  # noqa: ARG002  (the loader's own)
        return compile(self._text, self.path, "exec", dont_inherit=True)


def _import_again(file: str, source: str) -> Callable[[Dict[str, Any]], None]:
    """Import the package with another source of one file.

    What is returned replaces, in a namespace, what the package defined before,
    and an old estimator by a new one.
    """
    path = _path_of(file)
    old: Dict[str, ModuleType] = {
        name: module
        for name, module in sys.modules.items()
        if (name + ".").startswith(PACKAGE + ".") and not name.startswith(PACKAGE + ".tests")
    }
    for name in old:
        del sys.modules[name]
    sys.meta_path.insert(0, _ChangedSource(PACKAGE + "." + os.path.splitext(file)[0], path, source))
    importlib.import_module(PACKAGE)
    replaced: Dict[int, Any] = {}
    for name, module in old.items():
        new = importlib.import_module(name)
        for key, value in vars(module).items():
            if str(getattr(value, "__module__", "")).startswith(PACKAGE):
                replaced[id(value)] = getattr(new, key, None)
        replaced[id(module)] = new

    def swap(namespace: Dict[str, Any]) -> None:
        for key, value in list(namespace.items()):
            if id(value) in replaced:
                namespace[key] = replaced[id(value)]
            elif id(type(value)) in replaced and hasattr(value, "get_params"):
                namespace[key] = replaced[id(type(value))](**value.get_params(deep=False))

    return swap


def _forking(function: Callable[..., Dict[str, Any]]) -> Callable[..., Dict[str, Any]]:
    """A function that is called in a fork of this process, which may use so many ``seconds`` of CPU time.

    The answer has the ``seconds`` that it took; None, and how it ended as
    ``killed_by``, where the process was ended.
    """

    def forked(seconds: float, **arguments: Any) -> Dict[str, Any]:
        receiving, sending = FORK.Pipe(duplex=False)
        work = functools.partial(function, **arguments)
        child: Any = FORK.Process(target=_answer, args=(work, sending, seconds))
        child.start()
        sending.close()
        answer: Optional[Dict[str, Any]] = None
        try:
            if receiving.poll(seconds * MOST_WALL_PER_CPU_SECOND):
                answer = receiving.recv()
            else:
                os.kill(child.pid, signal.SIGKILL)
        except EOFError:  # it ended without an answer
            pass
        child.join()
        receiving.close()
        return answer or {"killed_by": _how_it_ended(child.exitcode), "seconds": None}

    return forked


def _answer(function: Callable[[], Dict[str, Any]], sending: Any, seconds: float) -> None:
    """Call a function in a fork, send what it returns, and end the process."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        for limit, value in ((resource.RLIMIT_CPU, int(seconds) + 1), (resource.RLIMIT_AS, MOST_BYTES)):
            hard = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (value if hard < 0 else min(value, hard), hard))
        sending.send(dict(function(), seconds=time.process_time()))
    except BaseException:
        os._exit(1)
    os._exit(0)


def _how_it_ended(code: int) -> str:
    if -code in (signal.SIGXCPU, signal.SIGKILL):
        return "time: it took too long"
    return "crash: signal {}".format(-code) if code < 0 else "crash: it ended without an answer"


def main(arguments: List[str]) -> int:
    """Collect what the arguments of pytest name, and answer requests."""
    replies = os.dup(1)
    os.dup2(2, 1)  # what pytest prints is not an answer
    return int(pytest.main([*arguments, "--capture=no"], plugins=[Trials(replies)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
