"""Any scikit-learn under test: a release, a wheel, a checkout, a revision, a patch or the nightly build.

::

    with prepare("1.9.1+fix.patch") as prepared:
        WorkerProcess(prepared.python, "tests.workers.fit_timer", prepared.name, prepared.variables)
"""

from tests.tools.sources.naming import SourceUnusable
from tests.tools.sources.plan import Plan, plan_for
from tests.tools.sources.prepared import Prepared, carry_out, prepare

__all__ = ["Plan", "Prepared", "SourceUnusable", "carry_out", "plan_for", "prepare"]
