"""Where a fit is while it runs: how many E-steps were done, and the lower bound that the last one found.

scikit-learn has no public way to tell. With ``verbose`` it prints by how much the
bound rose, in a line for people, and not the bound. Every release since 0.18 calls
``_e_step`` once an iteration, and gets the mean log-likelihood of a sample as the
first thing that it returns; this is the one module that relies on it. The fit of an
estimator without that method runs as ever, and tells nothing.

Runs inside old environments: Python 3.6 syntax, standard library only.
"""

import contextlib
import json
from pathlib import Path
from typing import Any


class Progress:
    """Writes each E-step of an estimator's fits into a file, as ``[iteration, lower bound]``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._iteration = 0

    def begin(self, estimator: Any) -> None:
        """Start to count anew, for the next fit of this estimator."""
        self._iteration = 0
        self._write("")
        e_step = getattr(estimator, "_e_step", None)
        if e_step is None or hasattr(e_step, "is_watched"):
            return

        def watched(*arguments: Any, **named: Any) -> Any:
            result = e_step(*arguments, **named)
            self._iteration += 1
            with contextlib.suppress(TypeError, ValueError, LookupError):  # a class of the user's returns what it likes
                self._write(json.dumps([self._iteration, float(result[0])]))
            return result

        watched.is_watched = True  # type: ignore[attr-defined]
        estimator._e_step = watched

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a full disk is no reason for a fit to fail
            self._path.write_text(text)
