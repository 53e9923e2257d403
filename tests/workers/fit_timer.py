"""Times fits of cases, and of made frames of any size, inside the environment of one release.

``python -m tests.workers.fit_timer`` serves the requests of a worker process
(``tests/workers/worker.py``). Only ``fit`` is inside the clock: estimators are
made before it starts, and no garbage is collected while it runs.

Runs inside old environments: Python 3.6 syntax; threadpoolctl where the
environment has it.
"""

import contextlib
import functools
import gc
import time
import tracemalloc
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import sklearn

from fixtures import corpus
from fixtures.corpus import Case, Settings
from fixtures.validation import BrokenCase
from tests.support import environment, replay
from tests.support.estimator import UnknownEstimator, import_estimator
from tests.workers import worker

COLD = "cold"
# Before 0.20 ``n_iter_`` is one less than the iterations that were made (scikit-learn #11015).
COUNTS_FROM_ZERO = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (0, 20)

# The first of shorter fits is no measure of the others: caches are cold, imports are not made.
SECONDS_OF_A_LONG_FIT = 1.0
# Of a made frame: its seed, its iterations, and how far apart its centres are.
SEED, ITERATIONS, DISTANCE = 12099, 10, 12.0


class Subject(NamedTuple):
    """What is timed: the fits of a case's frames, started in one way, by one class."""

    case: Case
    way: str  # by k-means, from the case's parameters (a case of one frame), or as a chain that starts from them
    estimator_class: Any

    def estimators(self) -> List[Any]:
        """An unfitted estimator for each frame; a warm-started chain has one for all."""
        if self.way == COLD:
            return [replay.make_estimator(self.case, None, self.estimator_class) for _ in self.case.frames]
        start = replay.initial(self.case)
        if self.way == replay.WARM_START:
            shared = replay.make_estimator(self.case, start, self.estimator_class, warm_start=True)
            return [shared] * len(self.case.frames)
        return [replay.make_estimator(self.case, start, self.estimator_class)]

    def fit(self, estimators: List[Any]) -> None:
        """Fit the frames in turn; this is what is timed."""
        for estimator, frame in zip(estimators, self.case.frames):
            estimator.fit(frame)


def made_case(size: Tuple[int, int, int], covariance_type: str, dtype: str = "float64") -> Case:
    """Round clusters of unit width, of so many samples, components and features, started half a unit off.

    ``tol`` is 0, so that every release makes the same iterations; the centres lie too far apart for one to be lost.
    """
    n_samples, n_components, n_features = size
    random = np.random.RandomState(SEED)
    centres = random.uniform(0, DISTANCE * n_components, size=(n_components, n_features))
    # In the first feature none is near another, whatever the draw was.
    centres[:, 0] = DISTANCE * np.arange(n_components)
    frame = centres[np.arange(n_samples) % n_components] + random.normal(size=(n_samples, n_features))
    precisions = {
        "full": np.array([np.eye(n_features)] * n_components),
        "tied": np.eye(n_features),
        "diag": np.ones((n_components, n_features)),
        "spherical": np.ones(n_components),
    }[covariance_type]
    return Case(
        name="made-{}-samples-{}-components-{}-features-{}".format(*size, covariance_type),
        title="round clusters, one a component", flags=(), provenance={}, frames=(frame.astype(dtype),),
        settings=Settings(covariance_type, 1e-6, 0.0, ITERATIONS), means=(centres + 0.5).astype(dtype),
        weights=np.full(n_components, 1.0 / n_components, dtype=dtype), precisions=precisions.astype(dtype),
    )  # fmt: skip


@contextlib.contextmanager
def held_still(threads: int = 1) -> Iterator[None]:
    """No garbage collection, no warnings, and as many BLAS threads as are asked for.

    Without threadpoolctl the environment variables decide, as they were when numpy was imported.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError):
            from threadpoolctl import threadpool_limits  # noqa: PLC0415  (not in every release's environment)

            stack.enter_context(threadpool_limits(threads))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        gc.collect()
        gc.disable()
        stack.callback(gc.enable)
        yield


def iterations(subject: Subject) -> int:
    """EM iterations of the fits of a subject, all frames together; whatever the fit raises is raised."""
    fits = zip(subject.estimators(), subject.case.frames)
    return sum(int(estimator.fit(frame).n_iter_) + COUNTS_FROM_ZERO for estimator, frame in fits)


def seconds_of(subject: Subject, n_fits: int) -> Dict[str, float]:
    """Seconds inside so many fits: CPU time of the process, and wall time."""
    prepared = [subject.estimators() for _ in range(n_fits)]
    wall, cpu = time.perf_counter(), time.process_time()
    for estimators in prepared:
        subject.fit(estimators)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall}


def first_fits(subject: Subject) -> Tuple[int, float]:
    """EM iterations of a subject, and about how many CPU seconds they take; whatever the fit raises is raised."""
    start = time.process_time()
    n_iter = iterations(subject)
    seconds = time.process_time() - start
    if seconds < SECONDS_OF_A_LONG_FIT:
        seconds = seconds_of(subject, 1)["cpu"]
    return n_iter, seconds


def peak_memory(subject: Subject) -> int:
    """Bytes that one fit holds at its peak beyond what there was before, arrays of numpy (from 1.13 on) included.

    Counting them makes a fit slower: this one is never timed.
    """
    estimators = subject.estimators()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        subject.fit(estimators)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def load(subjects: Dict[str, Subject], case: str, estimator: str, capture: Optional[str] = None) -> Dict[str, Any]:
    """Load a case and fit it: how many iterations that takes, and how many seconds."""
    try:
        loaded = corpus.load_case(case, capture=Path(capture) if capture else None)
        way = replay.WARM_START if len(loaded.frames) > 1 else replay.EXPLICIT
        subject = Subject(loaded, way, import_estimator(estimator))
    except (corpus.UnknownCase, corpus.CaptureNotAtHand, BrokenCase, UnknownEstimator) as reason:
        raise worker.Refused(str(reason)) from None
    try:
        n_iter, seconds = first_fits(subject)
    except Exception as error:  # whatever the estimator raises is reported to the user
        raise worker.Refused("the fit of {} raised {}: {}".format(case, type(error).__name__, error)) from None
    gc.collect()
    subjects[case] = subject
    return {"n_iter": n_iter, "seconds": seconds, "way": subject.way}


def main() -> None:
    """Answer requests about the cases that are loaded."""
    subjects: Dict[str, Subject] = {}
    answers: Dict[str, Callable[..., Any]] = {
        "describe": environment.describe,
        "load": functools.partial(load, subjects),
        "time": lambda case, n_fits: seconds_of(subjects[case], n_fits),
        "peak_memory": lambda case: peak_memory(subjects[case]),
    }
    # Once for all requests: looking for the libraries to limit takes longer than a fit.
    with held_still():
        worker.serve(answers)


if __name__ == "__main__":
    main()
