"""Tracker: follow a video with one warm-started mixture, a frame at a time, and judge every component.

Serves ``nox -s record`` inside the environment of a release: the first frame
is fitted cold, each other one from what the last one left.

Runs inside old environments: Python 3.6 syntax, numpy, scikit-learn and pytest.
"""

import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from fixtures import corpus, npy
from fixtures.corpus import Case, Settings
from fixtures.validation import precisions_shape
from tests.support import array_namespace, diagnosis, environment, findings, replay
from tests.support.array_namespace import NUMPY, Space, UnknownNamespace, in_namespace
from tests.support.estimator import DEFAULT_ESTIMATOR, UnknownEstimator, import_estimator
from tests.support.replay import Outcome, Start
from tests.workers import worker
from tests.workers.em_progress import Progress


class Tracker:
    """One estimator with ``warm_start=True``, and what its last fit started from and left."""

    def __init__(self, space_for: Callable[[str], Space] = lambda _: NUMPY) -> None:
        self._space_for = space_for
        self._estimator_class: Any = None
        self._n_components = 0
        self._settings: Any = None
        self._estimator: Any = None
        self._start: Optional[Start] = None  # what the next fit starts from
        self._case: Optional[Case] = None
        self._outcome: Optional[Outcome] = None
        self._progress: Optional[Progress] = None

    def begin(
        self, estimator: Optional[str], n_components: int, settings: Dict[str, Any], progress: str
    ) -> Dict[str, str]:
        """Import the estimator, ``MODULE:CLASS`` or scikit-learn's own; the versions of this environment.

        Where each fit is will be in the file that `progress` names.
        """
        try:
            space = self._space_for(environment.describe()["scikit-learn"])
            self._estimator_class = in_namespace(import_estimator(estimator or DEFAULT_ESTIMATOR), space)
        except (UnknownEstimator, UnknownNamespace) as error:
            raise worker.Refused(str(error)) from None
        self._n_components = n_components
        self._settings = Settings(**settings)
        self._progress = Progress(Path(progress))
        return environment.describe()

    def fit(self, path: str) -> Dict[str, Any]:
        """Fit the next frame, from its ``.npy`` file: the fields of `tests.tools.record.recording.Fit`."""
        self._case = case = self._case_of(npy.parse(Path(path), npy.read_bytes(Path(path), npy.MAX_FILE_BYTES)))
        start = replay.initial(case)
        if self._estimator is None:
            # k-means is refused with arrays of other libraries.
            cold = {} if array_namespace.of(self._estimator_class) is NUMPY else {"init_params": "random_from_data"}
            self._estimator = replay.make_estimator(case, None, self._estimator_class, warm_start=True, **cold)
        assert self._progress is not None
        self._progress.begin(self._estimator)
        self._outcome = outcome = replay.fit_frame(case, 0, start, self._estimator)
        left: Dict[str, Any] = {
            "n_iter": None if outcome.n_iter is None else int(outcome.n_iter),
            "converged": None if outcome.converged is None else bool(outcome.converged),
            "seconds": outcome.seconds,
            "warnings": sorted({category for category, _ in outcome.warnings}),
        }
        nothing: Dict[str, Any] = {"states": [], "masses": [], "means": []}
        try:
            components = diagnosis.states_alone(case, outcome).components
        except diagnosis.NotDiagnosable as reason:
            return dict(left, error=" ".join(str(reason).split()), **nothing)
        assert outcome.weights is not None  # or it would not be diagnosable
        assert outcome.means is not None
        if outcome.precisions is None:
            return dict(left, error="the fit left no precisions_ to start the next frame from", **nothing)
        self._start = Start(outcome.weights, outcome.means, outcome.precisions)
        states, masses = zip(*((component.state, component.mass) for component in components))
        return dict(left, error=None, states=states, masses=masses, means=outcome.means.tolist())

    def explain(self, components: List[int]) -> List[List[str]]:
        """Lines for each component: its state after the last fit, and where it started."""
        assert self._case is not None
        assert self._outcome is not None
        try:
            judged = diagnosis.diagnose(self._case, self._outcome)
        except diagnosis.NotDiagnosable as reason:
            raise worker.Refused(str(reason)) from None
        return [findings.of_component(diagnosis.finding_of(judged, judged.components[number])) for number in components]

    def fitted(self) -> List[Any]:
        """Means and covariances that the last fit left."""
        assert self._outcome is not None
        return [array.tolist() for array in (self._outcome.means, self._outcome.covariances) if array is not None]

    def start(self) -> List[Tuple[Any, str]]:
        """Weights, means and precisions that the last fit started from, with their dtypes."""
        assert self._case is not None
        return [(array.tolist(), array.dtype.name) for array in replay.initial(self._case)]

    def replay_case(self, name: str, root: str) -> Optional[List[str]]:
        """The states after a fit of a stored case from explicit parameters; None where nothing can be judged."""
        case = corpus.load_case(name, root=Path(root))
        (outcome,) = replay.replay(case, self._estimator_class)
        try:
            judged = diagnosis.states_alone(case, outcome)
        except diagnosis.NotDiagnosable:
            return None
        return [component.state for component in judged.components]

    def _case_of(self, frame: np.ndarray) -> Case:
        """The frame as a case that starts from what the last fit left; the first from nan, which is nothing."""
        n_components, n_features = self._n_components, frame.shape[1]
        start = self._start
        if start is None:
            shape = precisions_shape(self._settings.covariance_type, n_components, n_features)
            start = Start(*(np.full(s, np.nan) for s in ((n_components,), (n_components, n_features), shape)))
        return Case("tracked", "", (), self._settings, (frame,), start.weights, start.means, start.precisions, {})


def answers() -> Dict[str, Callable[..., Any]]:
    """What one tracker answers, by the name of the request."""
    tracker = Tracker(array_namespace.asked_for(sys.argv[1:])[0])
    return {name: getattr(tracker, name) for name in ("begin", "fit", "explain", "fitted", "start", "replay_case")}


if __name__ == "__main__":
    worker.serve(answers())
