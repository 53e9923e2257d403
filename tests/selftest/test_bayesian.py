"""`BayesianGaussianMixture` has the collapse too, but only where its prior of the means is weaker than ``10 * eps``.

Its M-step adds the same ``10 * eps`` to the mass of a component, and then
``mean_precision_prior`` samples at the mean of all: by default one, which holds
a component without mass there.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from fixtures.corpus import load_case

LOST = ("chain-comes-back", "chain-fade-to-black", "chain-object-leaves", "chain-object-shrinks")


def means_outside(name: str, mean_precision_prior: float | None) -> np.ndarray:
    """The means outside the last frame's bounding box, after a chain of warm fits."""
    case = load_case(name)
    model = BayesianGaussianMixture(
        n_components=case.n_components, warm_start=True, random_state=0, mean_precision_prior=mean_precision_prior,
        **case.settings._asdict(),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for frame in case.frames:
            model.fit(frame.astype(np.float64))
    low, high = case.frames[-1].min(axis=0), case.frames[-1].max(axis=0)
    return model.means_[((model.means_ < low) | (model.means_ > high)).any(axis=1)]


@pytest.mark.parametrize("name", LOST)
def test_a_prior_far_below_ten_eps_leaves_a_mean_at_the_origin(name: str) -> None:
    outside = means_outside(name, 1e-20)
    assert len(outside) == 1
    assert np.abs(outside).max() < 1e-3


@pytest.mark.parametrize("name", LOST)
def test_by_default_every_mean_stays_in_the_data(name: str) -> None:
    assert len(means_outside(name, None)) == 0
