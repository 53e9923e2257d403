"""Worker that judges one peer: ``python -m tests.workers.peers MODULE:CLASS RELEASE``."""

import os
import sys
import warnings
from importlib import metadata
from typing import Any, Dict, List

from fixtures import corpus
from fixtures.corpus import Case
from fixtures.fault import Fault
from tests.support import replay
from tests.support.estimator import import_estimator
from tests.workers import worker
from tests.workers.peers import judging
from tests.workers.peers.judging import Lost


class Judge:
    """An estimator class, and the release of scikit-learn whose promises it is asked about."""

    def __init__(self, path: str, release: str) -> None:
        self.path = path
        self.release = release

    def describe(self, package: str) -> Dict[str, Any]:
        """What the peer can, and the version of a package, if one is named."""
        can = judging.can_of(self._estimator_class)
        return {"can": can._asdict(), "version": metadata.version(package) if package else ""}

    def disagreement(self, cases: List[str]) -> List[str]:
        """Where one step on cases that lose nothing is not one of exact EM."""
        return judging.disagreement(self._estimator_class, [_load(name) for name in cases])

    def lost(self, case: str) -> List[Lost]:
        """The components that a fit of a case loses."""
        return judging.lost_by(self._estimator_class, _load(case))

    def judge(self, case: str, lost: List[Any]) -> Dict[str, Any]:
        """How each promise ends on a case, and what becomes of the components that scikit-learn loses there."""
        loaded = _load(case)
        try:
            ends = judging.judge(self._estimator_class, self.release, loaded)
            fates = judging.fates(self._estimator_class, loaded, [Lost(*one) for one in lost])
        except judging.CannotFit as reason:
            return {"cannot": str(reason)}
        return {"ends": ends, "fates": fates}

    def seconds(self, case: str, fits: int) -> Any:
        """The shortest of so many fits of a case's first frame; None where one raises, or leaves what is not finite."""
        loaded = _load(case)
        fitted = judging.as_fitted(loaded._replace(frames=loaded.frames[:1]), judging.can_of(self._estimator_class))
        times = []
        for _ in range(fits):
            (outcome,) = replay.replay(fitted, self._estimator_class)
            if not judging.is_finite(outcome):
                return None
            times.append(outcome.seconds)
        return min(times)

    @property
    def _estimator_class(self) -> Any:
        try:
            return import_estimator(self.path)
        except Fault as fault:
            raise worker.Refused(str(fault)) from None


def _load(name: str) -> Case:
    try:
        return corpus.load_case(name, capture=corpus.find_capture())
    except Fault as fault:
        raise worker.Refused(str(fault)) from None


def main(path: str, release: str) -> None:
    """Answer requests about one class, on one core: libraries share it out in their own ways."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")  # the warnings of a fit are in its outcome
    judge = Judge(path, release)
    worker.serve({name: getattr(judge, name) for name in ("describe", "disagreement", "lost", "judge", "seconds")})


if __name__ == "__main__":
    main(*sys.argv[1:])
