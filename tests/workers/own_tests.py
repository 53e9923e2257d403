"""Worker that puts a class in the place of ``GaussianMixture``, and runs scikit-learn's own tests on it.

Runs inside an environment of a release, from 1.6 on: Python 3.6 syntax.
"""

import os
import warnings
from typing import Any, Dict

import pytest
import sklearn.mixture
from sklearn.utils._test_common import instance_generator
from sklearn.utils.estimator_checks import check_estimator

from tests.support.estimator import DEFAULT_ESTIMATOR, import_estimator
from tests.workers import worker

PACKAGE = os.path.dirname(sklearn.__file__)
ARGUMENTS = [
    "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-c", os.devnull,
    "--rootdir=" + PACKAGE, "--confcutdir=" + PACKAGE, "--pyargs", "sklearn.mixture",
]  # fmt: skip


class Ends:
    """A plugin of pytest that keeps how every test ended: ``passed``, ``failed`` or ``skipped``."""

    def __init__(self) -> None:
        self.of: Dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.of[report.nodeid.rpartition("/")[2]] = report.outcome


def run(path: str) -> Dict[str, Dict[str, str]]:
    """How every test of ``sklearn.mixture`` that the wheel has, and every check of ``check_estimator``, ended."""
    if path != DEFAULT_ESTIMATOR:
        _put_in_its_place(import_estimator(path))
    ends = Ends()
    code = pytest.main(ARGUMENTS, plugins=[ends])
    if code not in (0, 1) or not ends.of:
        raise worker.Refused("the tests of sklearn.mixture did not run (pytest ended with {})".format(code))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks = check_estimator(sklearn.mixture.GaussianMixture(), on_skip=None, on_fail=None)
    return {
        "sklearn.mixture.tests": ends.of,
        "check_estimator": {check["check_name"]: check["status"] for check in checks},
    }


def _put_in_its_place(estimator_class: Any) -> None:
    """The tests ask for a message that names GaussianMixture: the class gets its name, too.

    It also gets the arguments that scikit-learn chose for the checks of its own class.
    """
    own = sklearn.mixture.GaussianMixture
    for chosen in vars(instance_generator).values():
        if isinstance(chosen, dict) and own in chosen:
            chosen[estimator_class] = chosen[own]
    estimator_class.__name__ = "GaussianMixture"
    sklearn.mixture.GaussianMixture = estimator_class
    sklearn.mixture._gaussian_mixture.GaussianMixture = estimator_class


if __name__ == "__main__":
    worker.serve({"run": run})
