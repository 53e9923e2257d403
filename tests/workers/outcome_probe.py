"""Worker that says what becomes of one case with the scikit-learn at hand.

A tool that searches releases or commits for the one that changed something
asks it: whether a check of the suite passes, or what a fit left.

Runs inside old environments: Python 3.6 syntax. scikit-learn is imported by
the first request, so that one that cannot be imported is an answer too.
"""

import contextlib
import io
import sys
import warnings
from pathlib import Path
from typing import Any, Dict, Generator, List, Optional, Tuple

import numpy as np
import pytest

from fixtures import corpus
from fixtures.validation import BrokenCase
from tests.support import ledger
from tests.workers import worker

PASSES, FAILS = "passes", "fails"
SKIPPED = "skipped: "  # how a refusal begins where every check was skipped
TESTS = Path(__file__).resolve().parent.parent

OUTCOMES = ("n_iter_", "diagnosis", "dtype", "means", "lower_bound")
PARTS = ("weights", "means", "covariances", "precisions")

Replays = Dict[str, Tuple[Any, ...]]


def under_test() -> Dict[str, str]:
    """Versions by name, and where ``sklearn.mixture`` was imported from."""
    _import_estimator()
    from tests.support import environment  # noqa: PLC0415  (imports scikit-learn)

    return {**environment.describe(), "place": str(Path(sys.modules["sklearn.mixture"].__file__ or "").parent)}


def judge(checks: List[str], case: str) -> Dict[str, Any]:
    """Run checks of the suite on a case, without the ledger.

    Parameters
    ----------
    checks : list of str
        Names of test functions, or of files of them, like ``test_collapse``.
    case : str

    Returns
    -------
    dict
        ``value`` is whether the checks pass or fail, ``said`` the first line
        of the failure.
    """
    _import_estimator()
    known = ledger.checks_by_file(TESTS)
    files = {stem: [name for name in names if {stem, name} & set(checks)] for stem, names in known.items()}
    recorder = _Recorder({name for names in files.values() for name in names}, case)
    paths = [str(TESTS / (stem + ".py")) for stem, names in files.items() if names]
    if not paths:
        raise worker.Refused(
            "there is no check {}; should be one of {}".format(
                " or ".join(checks), ", ".join(sorted(name for names in known.values() for name in names))
            )
        )
    options = ["-q", "--no-ledger", "-o", "filterwarnings=default", "-p", "no:cacheprovider", "-p", "no:benchmark"]
    root = ["--rootdir", str(corpus.PROJECT), "-c", str(corpus.PROJECT / "pyproject.toml")]
    with io.StringIO() as errors:
        with contextlib.redirect_stderr(errors):
            code = pytest.main([*options, *root, *paths], [recorder])
        complaint = ([line for line in errors.getvalue().splitlines() if line.strip()] or ["it said nothing"])[-1]
    if code not in (0, 1, 5):
        raise worker.Refused("pytest ended with {:d}: {}".format(code, complaint))
    return recorder.verdict()


class _Recorder:
    """Plugin of pytest: selects some checks on one case, and keeps how they ended."""

    def __init__(self, checks: Any, case: str) -> None:
        self.checks, self.case = checks, case
        self.passed = 0
        self.defects: List[str] = []
        self.errors: List[str] = []
        self.skipped: List[str] = []

    def pytest_collection_modifyitems(self, items: List[Any]) -> None:
        items[:] = [
            item
            for item in items
            if getattr(item, "originalname", item.name) in self.checks
            and getattr(item, "callspec", None)
            and item.callspec.params.get("case_name") == self.case
        ]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, None]:
        from tests.support import messages  # noqa: PLC0415  (imports scikit-learn)

        report = (yield).get_result()
        if report.passed:
            self.passed += report.when == "call"
        elif report.skipped:
            self.skipped.append(str(call.excinfo.value))
        elif call.excinfo.errisinstance(messages.Defect):
            self.defects.append(str(call.excinfo.value))
        else:
            name = "" if call.excinfo.errisinstance(BrokenCase) else call.excinfo.typename + ": "
            self.errors.append("{} ended in an error: {}{}".format(item.name, name, call.excinfo.value))

    def verdict(self) -> Dict[str, Any]:
        """What the checks say, taken together.

        Raises
        ------
        worker.Refused
            They cannot tell: one ended in an error, all were skipped, or none runs on the case.
        """
        if self.errors:
            raise worker.Refused(_first_line(self.errors[0]))
        if self.defects:
            return {"value": FAILS, "said": _first_line(self.defects[0])}
        if self.passed:
            return {"value": PASSES, "said": ""}
        if self.skipped:
            raise worker.Refused(SKIPPED + _first_line(self.skipped[0]))
        raise worker.Refused("{} does not run on the case {}".format(" or ".join(sorted(self.checks)), self.case))


def outcome(name: str, case: str) -> Dict[str, Any]:
    """What a fit of a case left.

    Returns
    -------
    dict
        ``value`` is what JSON can say of it, by way of replaying;
        ``tolerance`` is how far numbers may differ and be called equal.
    """
    estimator_class = _import_estimator()
    from tests.support import replay  # noqa: PLC0415  (its callers may not have scikit-learn)

    try:
        loaded = corpus.load_case(case, capture=corpus.find_capture())
    except (corpus.BadCaptureFolder, corpus.CaptureNotAtHand, BrokenCase) as reason:
        raise worker.Refused(str(reason)) from None
    replays = {way: replay.replay(loaded, estimator_class, way) for way in replay.ways(loaded)}
    return {
        "value": {way: _left(name, loaded, outcomes) for way, outcomes in replays.items()},
        "tolerance": _tolerance(name, loaded, replays),
    }


def _left(name: str, case: corpus.Case, outcomes: Tuple[Any, ...]) -> Any:
    """One item for each frame where the fits of all frames tell, else what the last one left."""
    last = outcomes[-1]
    if name == "n_iter_":
        return [_error(fit) or fit.n_iter for fit in outcomes]
    if name == "lower_bound":
        return [_error(fit) or (None if fit.lower_bound is None else float(fit.lower_bound)) for fit in outcomes]
    if name == "diagnosis":
        return [_error(fit) or _states(case, fit) for fit in outcomes]
    if name == "dtype":
        return _error(last) or {part: str(getattr(getattr(last, part), "dtype", None)) for part in PARTS}
    return _error(last) or last.means.tolist()


def _states(case: corpus.Case, fit: Any) -> Any:
    from tests.support.diagnosis import NotDiagnosable, diagnose  # noqa: PLC0415  (its callers may not have sklearn)

    try:
        return [component.state for component in diagnose(case, fit).components]
    except NotDiagnosable as reason:
        return _first_line(str(reason))


def _error(fit: Any) -> Optional[str]:
    """The type of what a fit raised: messages are worded anew in every other release."""
    return fit.error.split(":")[0] if fit.error else None


def _tolerance(name: str, case: corpus.Case, replays: Replays) -> Optional[float]:
    """What rounding may do to the fit, for the outcomes that are numbers."""
    from tests.support import comparison  # noqa: PLC0415  (not for every request)

    if name not in ("means", "lower_bound"):
        return None
    last = [outcomes[-1] for outcomes in replays.values()]
    covariances = [1.0 if fit.covariances is None else fit.covariances for fit in last]
    bounds = [fit.lower_bound or 0.0 for fit in last]
    dtype = comparison.coarser(case.frame, *(fit.means for fit in last))
    return float(getattr(comparison.tolerances(case, dtype, covariances[0], max(bounds, key=abs)), name))


def _import_estimator() -> Any:
    """The class under test, once it has shown that it can be imported and can fit.

    An older or newer ``sklearn/mixture`` laid over a release may be imported
    and call what that release does not have.
    """
    if "estimator" in _WORKS:
        return _WORKS["estimator"]
    samples = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [5.0, 5.0], [5.0, 6.0], [6.0, 5.0]])
    doing = "be imported"
    try:
        from sklearn.mixture import GaussianMixture  # noqa: PLC0415  (so that a failure is an answer)

        doing = "fit six samples"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for covariance_type in ("full", "tied", "diag", "spherical"):
                fitted = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(samples)
                fitted.score_samples(samples)
    except Exception as error:  # a broken commit may raise anything
        raise worker.Refused(
            "sklearn.mixture cannot {}: {}: {}".format(doing, type(error).__name__, _first_line(str(error)))
        ) from None
    _WORKS["estimator"] = GaussianMixture
    return GaussianMixture


_WORKS: Dict[str, Any] = {}


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


if __name__ == "__main__":
    worker.serve({"under_test": under_test, "judge": judge, "outcome": outcome})
