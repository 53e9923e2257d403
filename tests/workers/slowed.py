"""A GaussianMixture that wastes a known share of its time inside the EM loop, to test a comparison with.

Runs inside old environments: Python 3.6 syntax.
"""

import time
from typing import Any

from sklearn.mixture import GaussianMixture

SHARE = 0.04


def _wasteful(step: Any) -> Any:
    def wasting(self: Any, *arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        result = step(self, *arguments, **named)
        # CPU time: wall time would waste less of it where another process has the core.
        until = start + (1 + SHARE) * (time.process_time() - start)
        while time.process_time() < until:
            pass
        return result

    return wasting


class SlowedMixture(GaussianMixture):  # type: ignore[misc]  # scikit-learn has no types
    """Each E-step and M-step takes 4 % more CPU time than scikit-learn's."""

    _e_step = _wasteful(GaussianMixture._e_step)
    _m_step = _wasteful(GaussianMixture._m_step)
