"""Criteria: score, BIC and AIC of a fitted mixture, by what it says of single samples.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any

import numpy as np

from fixtures.corpus import Case
from tests.support.judgement import Judgement
from tests.support.replay import call


def n_parameters(case: Case) -> int:
    """How many free parameters the mixture of a case has."""
    n_components, n_features = case.means.shape
    triangle = n_features * (n_features + 1) // 2
    covariances = {
        "full": n_components * triangle,
        "tied": triangle,
        "diag": n_components * n_features,
        "spherical": n_components,
    }[case.settings.covariance_type]
    return n_components - 1 + n_components * n_features + covariances


def judge_criteria(judgement: Judgement, case: Case, model: Any, samples: np.ndarray) -> None:
    """Compare ``score``, ``bic`` and ``aic`` with the mean of ``score_samples``.

    Schwarz (1978) and Akaike (1974): minus twice the log-likelihood, and for each free parameter log(n) or 2.

    Parameters
    ----------
    judgement : Judgement
    case : Case
        It gives the number of parameters.
    model : object
        A fitted mixture.
    samples : ndarray of shape (n_samples, n_features)
    """
    densities = _called(judgement, model, "score_samples", samples)
    if densities is None or not judgement.has_shape("score_samples", densities, (len(samples),)):
        return
    mean, count = float(np.mean(densities, dtype=np.float64)), n_parameters(case)
    loss = -2 * len(samples) * mean
    should_be = {"score": mean, "bic": loss + count * np.log(len(samples)), "aic": loss + 2 * count}
    # A sum of n numbers of this size is off by n * eps of it at most, in the type that they are in.
    scale = max(1.0, float(np.abs(densities).max()))
    relative = len(samples) * float(np.finfo(np.result_type(densities, np.float32)).eps)
    for name, value in should_be.items():
        seen = _called(judgement, model, name, samples)
        if seen is not None:
            allowed = relative * scale * (1 if name == "score" else 2 * len(samples))
            judgement.close(name, seen, value, allowed)


def _called(judgement: Judgement, model: Any, name: str, samples: np.ndarray) -> Any:
    method = getattr(model, name, None)
    if method is None:
        judgement.cannot("the estimator has no {}".format(name))
        return None
    seen, error = call(method, samples)
    return seen if judgement.expect_no_error(error, name, "a number for each sample, or one for all") else None
