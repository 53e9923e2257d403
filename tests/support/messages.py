"""Messages: what was seen, what should have been, where, and what to do next.

Runs inside old environments: Python 3.6 syntax, numpy and pytest only.
"""

from typing import List

import numpy as np
import pytest

from fixtures.corpus import Case
from tests.support.diagnosis import Component, Diagnosis
from tests.support.replay import Outcome
from tests.support.states import COLLAPSED, DRAGGED, EMPTY, PINNED


class Defect(pytest.fail.Exception):  # type: ignore[misc, name-defined]  # public, and set at run time
    """The estimator under test broke a promise. Nothing else raises this.

    pytest shows its message alone: where in the suite it was raised says
    nothing about the estimator.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, pytrace=False)


def numbers(array: np.ndarray, digits: int = 6) -> str:
    """An array on one line, like ``(314, 173.5)``."""
    array = np.asarray(array)
    if array.ndim == 0:
        return "{:.{}g}".format(float(array), digits)
    return "({})".format(", ".join(numbers(row, digits) for row in array))


def where(case: Case, way: str, outcome: Outcome) -> str:
    """Name the fit of a case: the case, and for a chain the way and the frame."""
    if len(case.frames) == 1:
        return "case {}".format(case.name)
    return "case {}, {}, frame {} of {}".format(case.name, way, outcome.frame, len(case.frames))


def collapse(release: str, case: Case, way: str, outcome: Outcome, diagnosis: Diagnosis) -> str:
    """Why `test_no_component_collapses` fails: every collapsed component with its evidence."""
    collapsed = diagnosis.collapsed()
    lines = [
        "scikit-learn {}, {}: {} of {} components collapsed ({})".format(
            release,
            where(case, way, outcome),
            len(collapsed),
            case.n_components,
            ", ".join("{} {}".format(component.number, component.state) for component in collapsed),
        )
    ]
    for component in collapsed:
        lines += ["", *explanation(diagnosis, component)]
    return "\n".join(lines)


def explanation(diagnosis: Diagnosis, component: Component) -> List[str]:
    """What became of a component that is not healthy, and where it came from, in lines."""
    started = component.started
    assert started is not None  # it is not healthy, so there is evidence
    headline = {
        EMPTY: "no responsibility mass is left; it sits at the origin",
        DRAGGED: "its mean is outside the data, where no weighted mean of samples can be",
        PINNED: "it is alive, and an eigenvalue of its covariance is reg_covar and nothing more",
    }[component.state]
    box = " x ".join("{:.6g}..{:.6g}".format(low, high) for low, high in zip(diagnosis.low, diagnosis.high))
    # Pinned is no failure: nothing else should be.
    expected = ["    should be  a mean inside the data, {}".format(box)] if component.state in COLLAPSED else []
    return [
        "  component {} is {}: {}".format(component.number, component.state, headline),
        "    seen       mean {}, covariance {}, mass {:.3g} samples".format(
            numbers(component.mean), numbers(component.covariance), component.mass
        ),
        *expected,
        "    started    at {}; nearest sample {} at a Mahalanobis distance of {:.4g}".format(
            numbers(started.mean), numbers(started.nearest_sample), started.nearest_distance
        ),
        "    first E-step  log mass {:.6g}{}".format(
            started.log_mass,
            ": every responsibility underflows to 0" if underflows(started.log_mass, diagnosis.dtype) else "",
        ),
    ]


def underflows(log_mass: float, dtype: np.dtype) -> bool:
    """Whether no responsibility that adds up to a log mass can be told from zero.

    The mass is at least the largest responsibility, so below the logarithm of
    the smallest subnormal number of the dtype all of them are zero.
    """
    return bool(log_mass < np.log(float(np.nextafter(dtype.type(0), dtype.type(1)))))
