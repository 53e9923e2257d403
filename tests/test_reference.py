"""Promise: every component ends where exact EM puts it.

Exact EM keeps responsibilities in the log domain, so it loses no component;
``expected.json`` beside each case says where each one ends.
"""

import numpy as np

from tests.support import comparison
from tests.support.check import check
from tests.support.judgement import Judgement
from tests.support.replay import EXPLICIT
from tests.support.subject import Subject, judge_parameters


@check(headline="the fit is not where exact EM ends", title="GaussianMixture ends where EM does not")
def test_components_end_where_exact_em_puts_them(subject: Subject, judgement: Judgement) -> None:
    """Weights, means, covariances and lower bound after the last frame are those of exact EM, but for rounding."""
    truth = subject.require_truth()
    case = subject.case
    outcome = subject.require_frames(EXPLICIT, len(case.frames))[-1]
    parameters = judge_parameters(judgement, case, outcome)
    if parameters is not None:
        bound = truth["frames"][-1]["lower_bound"]
        should_be = {"means": truth["means"], "lower_bound": bound}
        allowed = subject.rounding(outcome.frame)
        if allowed is None:
            # Rounding alone may end such a fit, as scikit-learn computes it; one that is computed better keeps this.
            dtype = comparison.coarser(case.means, case.frame, outcome.means)
            allowed = comparison.coarse(case, dtype, parameters.covariances, bound)
        else:
            n_samples = len(case.frames[-1])
            should_be["weights"] = np.exp(truth["log_masses"]) / n_samples
            should_be["covariances"] = truth["covariances"]
        comparison.compare(judgement, outcome, should_be, allowed)
