"""``reproduce.py``: a reduced case as a script of its own, with numpy and scikit-learn and nothing else.

It runs without a change on every release since 0.18.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.support import check as known_checks
from tests.tools.reduce.candidate import Candidate

WIDTH = 110

# The defaults of scikit-learn.
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


def write_script(candidate: Candidate, check: str, summary: str) -> str:
    """The script of a reduced case, with a summary of one line; the check that fails on it decides what is shown."""
    own = known_checks.every()[check].reproduction
    show = own.shows if own else EVERYTHING if candidate.component is None else _component(candidate)
    fit = "" if own and own.makes_fits else (FITTED if len(candidate.frames) == 1 else CHAIN) + "\n"
    parameters = _parameters(candidate, own.needs if own else ())
    return HEAD.format(summary=summary) + _samples(candidate) + parameters + fit + show + "\n"


def _samples(candidate: Candidate) -> str:
    if len(candidate.frames) == 1:
        return _assignment("X = ", candidate.frames[0], "") + "\n"
    frames = [_assignment("", frame, "") for frame in candidate.frames]
    on_one_line = f"frames = [{', '.join(frames)}]\n"
    return on_one_line if len(on_one_line) <= WIDTH else "frames = [\n    " + ",\n    ".join(frames) + ",\n]\n"


def _parameters(candidate: Candidate, needed: Sequence[str]) -> str:
    settings = candidate.settings._asdict()
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
