"""Tracker: follow a video with one warm-started mixture, a frame at a time, and judge every component.

Serves ``nox -s record`` inside the environment of a release: the first frame
is fitted cold, each other one from what the last one left.

Runs inside old environments: Python 3.6 syntax, numpy, scikit-learn and pytest.
"""

import io
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from fixtures import corpus, npy
from fixtures.corpus import Case, Settings
from fixtures.validation import precisions_shape
from tests.support import diagnosis, environment, messages, replay
from tests.support.estimator import DEFAULT_ESTIMATOR, UnknownEstimator, import_estimator
from tests.support.replay import Outcome, Start
from tests.workers import worker


class Tracker:
    """One estimator with ``warm_start=True``, and what its last fit started from and left."""

    def __init__(self) -> None:
        self._estimator_class: Any = None
        self._n_components = 0
        self._settings: Any = None
        self._estimator: Any = None
        self._start: Optional[Start] = None  # what the next fit starts from
        self._case: Optional[Case] = None
        self._outcome: Optional[Outcome] = None

    def begin(self, estimator: Optional[str], n_components: int, settings: Dict[str, Any]) -> Dict[str, str]:
        """Take up an estimator, and say what this environment is.

        Parameters
        ----------
        estimator : str or None
            ``MODULE:CLASS``, with the parameters and fitted attributes of `GaussianMixture`; that one without it.
        settings : dict
            Estimator settings of a case.
        """
        try:
            self._estimator_class = import_estimator(estimator or DEFAULT_ESTIMATOR)
        except UnknownEstimator as error:
            raise worker.Refused(str(error)) from None
        self._n_components = n_components
        self._settings = Settings(**settings)
        return environment.describe()

    def fit(self, path: str) -> Dict[str, Any]:
        """Fit the next frame, and say of each component what state it is in.

        Parameters
        ----------
        path : str
            The ``.npy`` file of the frame, (n_samples, n_features).

        Returns
        -------
        dict
            ``n_iter``, ``converged``, ``seconds`` inside ``fit``, ``warnings``,
            and either ``error`` or for each component its ``states``, ``masses``
            (in samples) and ``means``.
        """
        self._case = case = self._case_of(_read(path))
        start = replay.initial(case)
        if self._estimator is None:
            self._estimator = replay.make_estimator(case, None, self._estimator_class, warm_start=True)
        self._outcome = outcome = replay.fit_frame(case, 0, start, self._estimator)
        said = {
            "n_iter": None if outcome.n_iter is None else int(outcome.n_iter),
            "converged": None if outcome.converged is None else bool(outcome.converged),
            "seconds": outcome.seconds,
            "warnings": sorted({category for category, _ in outcome.warnings}),
        }
        try:
            components = diagnosis.states_alone(case, outcome).components
        except diagnosis.NotDiagnosable as reason:
            return dict(said, error=" ".join(str(reason).split()))
        assert outcome.weights is not None  # or it would not be diagnosable
        assert outcome.means is not None
        if outcome.precisions is None:
            return dict(said, error="the fit left no precisions_ to start the next frame from")
        self._start = Start(outcome.weights, outcome.means, outcome.precisions)
        return dict(
            said,
            error=None,
            states=[component.state for component in components],
            masses=[component.mass for component in components],
            means=outcome.means.tolist(),
        )

    def explain(self, components: List[int]) -> List[List[str]]:
        """What became of components in the last fit, and where they came from: lines for each."""
        assert self._case is not None
        assert self._outcome is not None
        try:
            judged = diagnosis.diagnose(self._case, self._outcome)
        except diagnosis.NotDiagnosable as reason:
            raise worker.Refused(str(reason)) from None
        return [messages.of_component(diagnosis.finding_of(judged, judged.components[number])) for number in components]

    def fitted(self) -> Dict[str, Any]:
        """Means and covariances that the last fit left, as a baseline has them."""
        assert self._outcome is not None
        arrays = {"means": self._outcome.means, "covariances": self._outcome.covariances}
        return {name: {"values": array.tolist()} for name, array in arrays.items() if array is not None}

    def save_start(self, folder: str) -> None:
        """Write the parameters that the last fit started from into a folder, as the files of a case."""
        assert self._case is not None
        case = self._case
        for name, array in (("weights", case.weights), ("means", case.means), ("precisions", case.precisions)):
            content = io.BytesIO()
            np.save(content, np.ascontiguousarray(array))
            try:
                Path(folder, name + ".npy").write_bytes(content.getvalue())
            except OSError as error:
                raise worker.Refused("{}: {}".format(folder, error.strerror or error)) from None

    def replay_case(self, name: str, root: str) -> Optional[List[str]]:
        """Fit a case from its files, with explicit initial parameters; None where nothing can be judged.

        Returns
        -------
        list of str or None
            The state of each component.
        """
        case = corpus.load_case(name, root=Path(root))
        (outcome,) = replay.replay(case, self._estimator_class)
        try:
            judged = diagnosis.states_alone(case, outcome)
        except diagnosis.NotDiagnosable:
            return None
        return [component.state for component in judged.components]

    def _case_of(self, frame: np.ndarray) -> Case:
        """The frame as a case that starts from what the last fit left; the first starts from nothing, that is, nan."""
        n_components, n_features = self._n_components, frame.shape[1]
        start = self._start
        if start is None:
            shape = precisions_shape(self._settings.covariance_type, n_components, n_features)
            start = Start(*(np.full(s, np.nan) for s in ((n_components,), (n_components, n_features), shape)))
        return Case("tracked", "", (), self._settings, (frame,), start.weights, start.means, start.precisions, {})


def _read(path: str) -> np.ndarray:
    return npy.parse(Path(path), npy.read_bytes(Path(path), npy.MAX_FILE_BYTES))


def answers() -> Dict[str, Callable[..., Any]]:
    """What one tracker answers, by the name of the request."""
    tracker = Tracker()
    return {
        "begin": tracker.begin,
        "fit": tracker.fit,
        "explain": tracker.explain,
        "fitted": tracker.fitted,
        "save_start": tracker.save_start,
        "replay_case": tracker.replay_case,
    }


if __name__ == "__main__":
    worker.serve(answers())
