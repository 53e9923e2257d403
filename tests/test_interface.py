"""Promise: an estimator that takes GaussianMixture's place has what GaussianMixture has."""

import inspect
from typing import Any, Dict, List

from fixtures.corpus import Traits
from tests.support.check import UnderTest, check
from tests.support.estimator import DEFAULT_ESTIMATOR, import_estimator
from tests.support.judgement import Judgement
from tests.support.replay import call
from tests.support.subject import Subject, require_fit

# As they have been on every release.
DEFAULTS: Dict[str, Any] = {
    "n_components": 1, "covariance_type": "full", "tol": 1e-3, "reg_covar": 1e-6, "max_iter": 100, "n_init": 1,
    "init_params": "kmeans", "weights_init": None, "means_init": None, "precisions_init": None, "random_state": None,
    "warm_start": False, "verbose": 0, "verbose_interval": 10,
}  # fmt: skip


@check(headline="a setting has another default", cases=("control-around-the-origin",))
def test_defaults_are_those_documented(subject: Subject, judgement: Judgement) -> None:
    """A setting that is left out is the one that the documentation of GaussianMixture names."""
    require_fit(subject.first)  # one that always raises is judged elsewhere
    parameters = inspect.signature(subject.estimator_class.__init__).parameters
    left_out = [name for name, one in parameters.items() if one.default is not inspect.Parameter.empty]
    for name in left_out:
        seen = parameters[name].default
        if name in DEFAULTS:
            judgement.expect(seen == DEFAULTS[name], name, repr(seen), repr(DEFAULTS[name]), aspect="default")


@check(headline="fit does not return the estimator", cases=("control-around-the-origin",))
def test_fit_returns_the_estimator(subject: Subject, judgement: Judgement) -> None:
    """``fit`` returns the estimator, as every fit of scikit-learn does: ``GaussianMixture().fit(X).predict(X)``."""
    model = require_fit(subject.first).estimator
    returned, error = call(model.fit, subject.case.frame.copy())
    if judgement.expect_no_error(error, "fit", "the estimator"):
        judgement.expect(returned is model, "fit", type(returned).__name__, "the estimator")


def _takes_its_place(case: Traits, under_test: UnderTest) -> bool:  # noqa: ARG001
    return not under_test.is_scikit_learns


@check(
    headline="the estimator lacks what scikit-learn's class has on this release",
    cases=("control-around-the-origin",),
    only=_takes_its_place,
)
def test_nothing_of_scikit_learns_class_is_missing(subject: Subject, judgement: Judgement) -> None:
    """Every fitted attribute and every method of a mixture that scikit-learn's class has on this release is there.

    What is missing is reported here, once: checks that need it are not judged.
    """
    model = require_fit(subject.first).estimator
    own_class = import_estimator(DEFAULT_ESTIMATOR)
    own = require_fit(Subject(subject.case, own_class, subject.release).first).estimator
    for name in [*_fitted_attributes(own), *_methods(own_class)]:
        judgement.expect(getattr(model, name, None) is not None, name, "nothing", "there, as in GaussianMixture")


def _fitted_attributes(model: Any) -> List[str]:
    return sorted(name for name in vars(model) if name.endswith("_") and not name.startswith("_"))


def _methods(own_class: Any) -> List[str]:
    """Public methods that the classes of a mixture define; those of every estimator are left out."""
    mixtures = [base for base in own_class.__mro__ if str(base.__module__).startswith("sklearn.mixture")]
    names = {name for base in mixtures for name, value in vars(base).items() if callable(value)}
    return sorted(name for name in names if not name.startswith("_"))
