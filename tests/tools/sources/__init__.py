"""Any scikit-learn under test: a release, a wheel, a checkout, a revision, a patch or the nightly build.

::

    with prepared.prepare("1.9.1+fix.patch") as source:
        WorkerProcess(source.python, "tests.workers.fit_timer", source.name, source.variables)
"""
