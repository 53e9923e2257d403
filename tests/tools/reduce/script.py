"""``reproduce.py``: a reduced case as a script of its own, with numpy and scikit-learn and nothing else.

It runs without a change on every release since 0.18.
"""

from __future__ import annotations

import numpy as np

from tests.tools.reduce.candidate import Candidate

MOST_LINES = 25
WIDTH = 110

# What scikit-learn takes where nothing is said.
DEFAULTS = {"covariance_type": "full", "reg_covar": 1e-6, "tol": 1e-3, "max_iter": 100}

HEAD = '''\
"""{summary}"""
import sys

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

print("python {{}}, numpy {{}}, scikit-learn {{}}".format(sys.version.split()[0], np.__version__, sklearn.__version__))
'''

FITTED = "model = GaussianMixture(**parameters).fit(X)"
CHAIN = """\
model = GaussianMixture(warm_start=True, **parameters)
for X in frames:
    model.fit(X)"""

COMPONENT = """\
print("component {number}: weight {{!r}}, mean {{}}, covariance {{}}".format(
    float(model.weights_[{number}]), model.means_[{number}].tolist(), {covariance}.tolist()))
print("samples from {{}} to {{}}".format(X.min(axis=0).tolist(), X.max(axis=0).tolist()))"""

EVERYTHING = """\
for name in ("weights_", "means_", "covariances_", "n_iter_", "converged_", "lower_bound_"):
    print(name, np.asarray(getattr(model, name)).tolist())"""

TWO_FITS = """\
for moved, back, means in ((X, 0, parameters["means_init"]), {other}):
    model = GaussianMixture(**dict(parameters, {changed})).fit(moved)
    print("means {{}}, lower bound {{!r}}".format((model.means_ - back).tolist(), float(model.lower_bound_)))"""

# What a script shows where it does not show everything that a fit left.
SHOWS = {
    "test_integers_are_predicted_like_floats": """\
for samples in (X, X.astype(float)):
    print("{}: score_samples {}, predict_proba {}".format(
        samples.dtype, model.score_samples(samples).tolist(), model.predict_proba(samples).tolist()))""",
    "test_predictions_follow_from_the_parameters": """\
print("score_samples", model.score_samples(X).tolist())
print("predict_proba", model.predict_proba(X).tolist())""",
    "test_fit_moves_with_a_translation": """\
for shift in (0, 64):
    moved = dict(parameters, means_init=parameters["means_init"] + shift)
    model = GaussianMixture(**moved).fit(X + shift)
    print("moved by {}: means {} when moved back".format(shift, (model.means_ - shift).tolist()))""",
    "test_every_sample_twice_changes_nothing": """\
for times in (1, 2):
    model = GaussianMixture(**parameters).fit(np.concatenate([X] * times))
    print("every sample {} time(s): means {}, covariances {}".format(
        times, model.means_.tolist(), model.covariances_.tolist()))""",
    "test_fit_scales_with_the_unit": """\
for unit in (1.0, 4.0):
    scaled = dict(parameters, means_init=parameters["means_init"] * unit, reg_covar=parameters["reg_covar"] * unit ** 2,
                  precisions_init=parameters["precisions_init"] / unit ** 2)
    model = GaussianMixture(**scaled).fit(X * unit)
    print("unit {}: means {} in the old unit".format(unit, (model.means_ / unit).tolist()))""",
    "test_warm_start_equals_explicit_replays": """\
warm = GaussianMixture(warm_start=True, **parameters)
for number, X in enumerate(frames):
    warm.fit(X)
    explicit = GaussianMixture(**parameters).fit(X)
    parameters.update(
        weights_init=explicit.weights_, means_init=explicit.means_, precisions_init=explicit.precisions_)
    print("frame {}: n_iter_ {} warm-started, {} from the same parameters".format(
        number, warm.n_iter_, explicit.n_iter_))""",
    "test_factors_are_those_of_the_precisions_given": """\
model = GaussianMixture(**dict(parameters, reg_covar=0.0))
try:
    model.fit(np.zeros(X.shape))
except ValueError as error:
    print("a fit that ends in its first M-step: {}".format(error))
print("precisions_cholesky_ as it began: {}".format(model.precisions_cholesky_.tolist()))""",
    "test_no_iterations_leave_what_was_given": """\
model = GaussianMixture(**dict(parameters, max_iter=0)).fit(X)
print("means {}, precisions {}".format(model.means_.tolist(), model.precisions_.tolist()))""",
    "test_the_best_of_several_starts_is_kept": """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
few.update(max_iter=8, init_params="random", random_state=np.random.RandomState(0))
alone = [GaussianMixture(**few).fit(X) for _ in range(5)]
several = GaussianMixture(**dict(few, n_init=5, random_state=np.random.RandomState(0))).fit(X)
for name, model in (("best of 5 starts", max(alone, key=lambda one: one.lower_bound_)), ("n_init=5", several)):
    print("{}: converged_ {}, n_iter_ {}, lower_bound_ {!r}".format(
        name, model.converged_, model.n_iter_, float(model.lower_bound_)))""",
    "test_fit_predict_labels_like_the_best_start": """\
few = {name: value for name, value in parameters.items() if not name.endswith("_init")}
model = GaussianMixture(**dict(few, max_iter=8, n_init=5, init_params="random"))
print("fit_predict", model.fit_predict(X).tolist())
print("predict    ", model.predict(X).tolist())""",
}
# Shows that make their own fits.
FIT_THEMSELVES = {
    "test_fit_moves_with_a_translation",
    "test_every_sample_twice_changes_nothing",
    "test_fit_scales_with_the_unit",
    "test_warm_start_equals_explicit_replays",
    "test_factors_are_those_of_the_precisions_given",
    "test_no_iterations_leave_what_was_given",
    "test_the_best_of_several_starts_is_kept",
    "test_fit_predict_labels_like_the_best_start",
}


def write_script(candidate: Candidate, check: str, summary: str) -> str:
    """The script of a reduced case.

    Parameters
    ----------
    candidate : Candidate
    check : str
        The check that fails on it: it decides what is shown.
    summary : str
        One line for the script's docstring.
    """
    show = SHOWS.get(check)
    if show is None:
        show = EVERYTHING if candidate.component is None else _component(candidate)
    fit = "" if check in FIT_THEMSELVES else (FITTED if len(candidate.frames) == 1 else CHAIN) + "\n"
    return HEAD.format(summary=summary) + _samples(candidate) + _parameters(candidate, check) + fit + show + "\n"


def _samples(candidate: Candidate) -> str:
    if len(candidate.frames) == 1:
        return _assignment("X = ", candidate.frames[0], "") + "\n"
    frames = [_assignment("", frame, "") for frame in candidate.frames]
    on_one_line = f"frames = [{', '.join(frames)}]\n"
    return on_one_line if len(on_one_line) <= WIDTH else "frames = [\n    " + ",\n    ".join(frames) + ",\n]\n"


def _parameters(candidate: Candidate, check: str) -> str:
    settings = candidate.settings._asdict()
    needed = {"reg_covar"} if check == "test_fit_scales_with_the_unit" else set()
    given = {name: value for name, value in settings.items() if value != DEFAULTS[name] or name in needed}
    scalars = {"n_components": candidate.n_components, **given, "random_state": 0}
    lines = ["parameters = dict(", "    " + ", ".join(f"{name}={value!r}" for name, value in scalars.items()) + ","]
    for name in ("weights", "means", "precisions"):
        lines.append(_assignment(f"    {name}_init=", getattr(candidate, name), ","))
    return "\n".join([*lines, ")"]) + "\n"


def _assignment(before: str, array: np.ndarray, after: str) -> str:
    dtype = "" if array.dtype == np.float64 else f', dtype="{array.dtype.name}"'
    # Printed one by one: the shortest digits of the array's own dtype, not those of float64.
    return f"{before}np.array({_nested(array)}{dtype}){after}"


def _nested(array: np.ndarray) -> str:
    if array.ndim:
        return "[" + ", ".join(_nested(row) for row in array) + "]"
    return str(array[()])


def _component(candidate: Candidate) -> str:
    tied = candidate.settings.covariance_type == "tied"
    covariance = "model.covariances_" if tied else f"model.covariances_[{candidate.component}]"
    return COMPONENT.format(number=candidate.component, covariance=covariance)
