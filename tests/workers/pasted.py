"""Hold the README's `lost_components` against the diagnosis, on every fit of the corpus by the release at hand.

``python -m tests.workers.pasted`` prints where they differ, what was compared,
and the share of a fit's time that the function takes; it ends with 1 where they
differ. The capture is left out, which takes seconds, unless it is asked for
with ``--capture``.

Runs inside old environments: Python 3.6 syntax.
"""

import re
import sys
import time
import warnings
from types import SimpleNamespace
from typing import Any, Callable, Dict, List

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

from fixtures import corpus
from tests.support import replay
from tests.support.diagnosis import NotDiagnosable, states_alone

README = corpus.PROJECT / "README.md"
REPEATS = 5  # the quickest of so many counts


def code_of(name: str) -> str:
    """The Python block of the README that defines a name."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    (code,) = [block for block in blocks if re.search(r"^(def|class) {}\b".format(name), block, flags=re.MULTILINE)]
    return str(code)


def defined(name: str) -> Any:
    """What a user has who pastes that block."""
    names: Dict[str, Any] = {}
    exec(code_of(name), names)  # noqa: S102
    return names[name]


def main() -> int:
    capture = corpus.find_capture(None) if "--capture" in sys.argv[1:] else None
    lost_components = defined("lost_components")
    differences: List[str] = []
    shares: List[float] = []
    n_lost = 0
    for name in corpus.case_names():
        try:
            case = corpus.load_case(name, capture=capture)
        except corpus.CaptureNotAtHand:
            continue
        for way in replay.ways(case):
            for outcome in replay.replay(case, GaussianMixture, way):
                try:
                    expected = [component.number for component in states_alone(case, outcome).collapsed()]
                except NotDiagnosable:
                    continue
                samples = case.frames[outcome.frame]
                mixture = SimpleNamespace(weights_=outcome.weights, means_=outcome.means)
                lost = lost_components(mixture, samples).tolist()
                n_lost += len(lost)
                shares.append(_seconds(lost_components, mixture, samples) / outcome.seconds)
                if lost != expected:
                    where = "case {}, frame {}, {}".format(name, outcome.frame, way)
                    differences.append("{}: lost are {}; should be {}".format(where, lost, expected))
    print("\n".join(differences), end="\n" if differences else "")
    counts = "scikit-learn {}: {} fits, {} lost components; takes at most {:.1%} of a fit, {:.2%} in the mean"
    print(counts.format(sklearn.__version__, len(shares), n_lost, max(shares), np.mean(shares)))
    return 1 if differences or not n_lost else 0


def _seconds(function: Callable[..., Any], *arguments: Any) -> float:
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function(*arguments)
        taken.append(time.perf_counter() - start)
    return min(taken)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
