"""Checks: a function that compares, and beside it all that is known of it.

Everything else asks here: pytest which cases a check runs on, a reduction in
which order checks are tried and what a script shows, the report what is
promised, the ledger which names there are.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, numpy, pytest and packaging only.
"""

import functools
import importlib
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from packaging.version import Version

from fixtures.corpus import Traits
from tests.support import array_namespace
from tests.support.array_namespace import NUMPY, Space
from tests.support.findings import render
from tests.support.judgement import BROKEN, NOT_JUDGED, Defect, Judgement, NotJudged

# The check of the defect that this project began with: the tools know it by name.
COLLAPSE = "test_no_component_collapses"
TESTS = Path(__file__).resolve().parent.parent
# A frame with more samples is fitted as few times as can be.
LARGE_FRAME = 50000
# Files of tests that promise nothing of a case's fit.
NO_CHECKS = ("test_fit_time",)
# In which order checks are asked about a case: what causes the others' failures first; last what is not named.
CAUSES_FIRST = (
    "test_collapse",
    "test_initialisation",
    "test_parameters",
    "test_reference",
    "test_warm_start",
    "test_prediction",
    "test_likelihood",
    "test_equivariance",
    "test_purity",
)
REDUCE = "`nox -s reduce -- {case} --check {check}` makes the smallest case that shows it"
SEARCH = "`nox -s bisect -- --case {case} --check {check}` names the release and the commit that changed it"


class Need(NamedTuple):
    """What a check needs of a case.

    Attributes
    ----------
    words : str
        After "runs on": what the case must have.
    of : callable
        Whether a case has it, by its `Traits`.
    """

    words: str
    of: Callable[[Traits], bool]


ONE_FRAME = Need("one frame", lambda case: case.n_frames == 1)
CHAIN = Need("a chain of frames", lambda case: case.n_frames > 1)
NOT_LARGE = Need("at most {:,} samples".format(LARGE_FRAME), lambda case: case.n_samples <= LARGE_FRAME)
ITERATIONS = Need("max_iter above 1", lambda case: case.settings.max_iter > 1)
INTEGERS = Need("integer samples", lambda case: case.sample_dtypes[-1].startswith(("int", "uint")))

# One case for each covariance type, for what does not depend on the samples.
ONE_OF_EACH_TYPE = (
    "issue-26415-full-precisions",
    "issue-26415-tied-precisions",
    "issue-16944-diag-precisions",
    "issue-16944-spherical-precisions",
)
# With a reduced case, for what is broken on every one: an upstream issue shows it.
AND_A_REDUCED_ONE = (*ONE_OF_EACH_TYPE, "reduced-issue-26415-full-precisions")


@functools.lru_cache(maxsize=None)
def _base_version(release: str) -> Version:
    return Version(Version(release).base_version)


class UnderTest(NamedTuple):
    """The estimator class under test, and the release that it runs with.

    Attributes
    ----------
    estimator_class : type
    release : str
        Version of scikit-learn.
    """

    estimator_class: Any
    release: str

    @property
    def version(self) -> Version:
        """The release, or the one that a development version leads to."""
        return _base_version(self.release)

    @property
    def space(self) -> Space:
        """The library whose arrays are fitted."""
        return array_namespace.of(self.estimator_class)

    @property
    def words(self) -> str:
        """The release; with it the class and the arrays, where these are not scikit-learn's and numpy's."""
        plain = getattr(self.estimator_class, "plain", self.estimator_class)
        is_own = str(plain.__module__).startswith("sklearn.")
        of_class = "scikit-learn" if is_own else "{} on scikit-learn".format(plain.__name__)
        arrays = "" if self.space is NUMPY else " and arrays of {}".format(self.space)
        return "{} {}{}".format(of_class, self.release, arrays)

    @property
    def is_scikit_learns(self) -> bool:
        """Whether it is scikit-learn's own class."""
        return str(self.estimator_class.__module__).startswith("sklearn.")


def has_float64(case: Traits, under_test: UnderTest) -> bool:  # noqa: ARG001
    """Whether the device has float64; for `Check.only`."""
    return not under_test.space.is_narrow


class Reproduction(NamedTuple):
    """How a script shows what a check sees, where it is not what one fit leaves.

    Attributes
    ----------
    shows : str
        Lines of Python; ``X`` or ``frames``, ``parameters`` and, unless it makes its own fits, ``model`` are there.
    makes_fits : bool
        Whether these lines make their own fits.
    needs : tuple of str
        Settings that they read from ``parameters``, which has only those that are not the default.
    """

    shows: str
    makes_fits: bool = False
    needs: Tuple[str, ...] = ()


class Check:
    """A check and all that is known of it.

    Parameters
    ----------
    function : callable
        Compares; takes a `Subject` and a `Judgement`.
    headline : str
        How its failure reads.
    title : str
        Title of an upstream issue about it; its subject is scikit-learn's.
    upstream : str
        Address of the issue or change that the promise comes from.
    needs : tuple of Need
    cases : tuple of str
        The only cases of the corpus that it runs on; for what does not depend on the samples.
    since : str
        First release that makes the promise.
    only : callable, optional
        Whether a release promises it for a case, by `Traits` and `UnderTest`.
    of_arrays : bool
        It is asked only where arrays of another library than numpy are fitted.
    is_baseline : bool
        It compares with what was seen before, and promises nothing.
    should_be : str
        What should be, for an upstream issue, where that is not what exact EM makes of the samples.
    reproduction : Reproduction, optional
    """

    def __init__(
        self,
        function: Callable[[Any, Judgement], None],
        *,
        headline: str,
        title: str = "",
        upstream: str = "",
        needs: Sequence[Need] = (),
        cases: Sequence[str] = (),
        since: str = "0.18",
        only: Optional[Callable[[Traits, UnderTest], bool]] = None,
        of_arrays: bool = False,
        is_baseline: bool = False,
        should_be: str = "",
        reproduction: Optional[Reproduction] = None,
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.file = function.__module__.rpartition(".")[2]
        self.promise = (function.__doc__ or "").split("\n\n")[0].replace("\n   ", "").strip()
        self.headline = headline
        self.title = title or "GaussianMixture: " + headline
        self.upstream = upstream
        self.needs = tuple(needs)
        self.cases = tuple(cases)
        self.since = Version(since)
        self.only = only
        self.of_arrays = of_arrays
        self.is_baseline = is_baseline
        self.should_be = should_be
        self.reproduction = reproduction

    def applies(self, case: Traits, under_test: UnderTest) -> bool:
        """Whether the check can be asked about a case, of the corpus or not."""
        return (
            under_test.version >= self.since
            and all(need.of(case) for need in self.needs)
            and (not self.of_arrays or under_test.space is not NUMPY)
            and (self.only is None or self.only(case, under_test))
            and (under_test.is_scikit_learns or not self.is_baseline)
        )

    def runs_on(self, case: Traits, under_test: UnderTest) -> bool:
        """Whether the suite runs the check on a case of the corpus."""
        return (not self.cases or case.name in self.cases) and self.applies(case, under_test)

    def judge(self, subject: Any) -> Judgement:
        """Run the check; what it found and what it could not judge is in the judgement."""
        judgement = Judgement(subject.case.settings.covariance_type)
        try:
            self.function(subject, judgement)
        except NotJudged as reason:
            judgement.cannot(str(reason))
        return judgement

    def message(self, subject: Any, judgement: Judgement) -> str:
        """The message of a broken promise."""
        next_step = (SEARCH if self.is_baseline else REDUCE).format(case=subject.case.name, check=self.name)
        return render(subject.place, self.headline, judgement.findings, next_step)

    def require_kept(self, subject: Any) -> None:
        """Run the check.

        Raises
        ------
        Defect
            It is broken.
        NotJudged
            It is not judged.
        """
        judgement = self.judge(subject)
        end = judgement.end()
        if end == BROKEN:
            raise Defect(self.message(subject, judgement), judgement.findings)
        if end == NOT_JUDGED:
            raise NotJudged(judgement.reason())
        subject.partly[:] = [judgement.reason()] if judgement.missing else []


_CHECKS: Dict[str, Check] = {}


def check(**known: Any) -> Callable[[Callable[[Any, Judgement], None]], Callable[[Any], None]]:
    """Make a check of a function: what pytest collects takes a `Subject` and ends in one of three ways.

    Parameters
    ----------
    **known
        See `Check`.
    """

    def make(function: Callable[[Any, Judgement], None]) -> Callable[[Any], None]:
        other = _CHECKS.get(function.__name__)
        if other is not None and other.function.__module__ != function.__module__:
            raise ValueError("{} is a check of {} already".format(other.name, other.file))
        made = _CHECKS[function.__name__] = Check(function, **known)

        def test(subject: Any) -> None:
            made.require_kept(subject)

        test.__name__, test.__doc__, test.__module__ = function.__name__, function.__doc__, function.__module__
        test.check = made  # type: ignore[attr-defined]
        test.place_as = function  # type: ignore[attr-defined]  # where pytest says that it is
        return test

    return make


def of(function: Any) -> Optional[Check]:
    """The check that a test function is, or None; pytest asks it of every name in a module of tests."""
    made = getattr(function, "check", None)
    return made if isinstance(made, Check) else None


def every(tests: Path = TESTS) -> Dict[str, Check]:
    """Every check by its name, in the order of files and lines."""
    stems = [path.stem for path in sorted(tests.glob("test_*.py")) if path.stem not in NO_CHECKS]
    for stem in stems:
        importlib.import_module("tests." + stem)
    found = [one for one in _CHECKS.values() if one.file in stems]
    return {one.name: one for one in sorted(found, key=lambda one: stems.index(one.file))}


def by_file() -> Dict[str, List[Check]]:
    """The checks of each file, like ``test_collapse``."""
    files: Dict[str, List[Check]] = {}
    for one in every().values():
        files.setdefault(one.file, []).append(one)
    return files


def in_order_of_preference() -> List[Check]:
    """The checks that can be asked about any case; last those that do not depend on its samples."""
    files = [*CAUSES_FIRST, *(stem for stem in by_file() if stem not in CAUSES_FIRST)]
    asked = [one for one in every().values() if not one.is_baseline]
    return sorted(asked, key=lambda one: (bool(one.cases), files.index(one.file)))
