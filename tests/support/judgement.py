"""Judgement: what a check has compared, what it found, and what it could not judge.

A check has three ends. It is broken where something that it compared did not
hold, kept where it has compared something and all of it held, and not judged
where it could compare nothing: a pass is a judgement. Where only a part could
not be judged, the rest decides, and the JUnit file says what is missing. That a
call returns, or an array has its shape, makes a comparison possible and is
none itself.

Runs inside old environments: Python 3.6 syntax, numpy and pytest only.
"""

from typing import Any, Dict, List, NoReturn, Optional, Sequence, Tuple

import numpy as np
import pytest

from tests.support.findings import Finding, place_in, raised

KEPT, BROKEN, NOT_JUDGED = "kept", "broken", "not judged"


class Defect(pytest.fail.Exception):  # type: ignore[misc, name-defined]  # public, and set at run time
    """The estimator under test broke a promise. Nothing else raises this.

    pytest shows its message alone: where in the suite it was raised says
    nothing about the estimator.
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message, pytrace=False)
        self.findings = tuple(findings)


class NotJudged(pytest.skip.Exception):  # type: ignore[misc, name-defined]
    """A check needs something that it cannot have; the message says what."""


class Judgement:
    """What one check has compared.

    Parameters
    ----------
    covariance_type : str
        Of the case, by which elements of arrays belong to components.
    **place
        Way, frame and step of what is compared, for its findings.

    Attributes
    ----------
    compared : int
        How many comparisons were made; a condition of one that holds is not counted.
    findings : list of Finding
        Those that did not hold.
    missing : list of str
        Why some could not be made.
    """

    def __init__(self, covariance_type: str, **place: Any) -> None:
        self._covariance_type = covariance_type
        self._place = place
        self._counts = [0]
        self.findings: List[Finding] = []
        self.missing: List[str] = []

    @property
    def compared(self) -> int:
        return self._counts[0]

    def at(self, **place: Any) -> "Judgement":
        """The same judgement, for what is compared at another place."""
        other = Judgement(self._covariance_type, **dict(self._place, **place))
        other._counts, other.findings, other.missing = self._counts, self.findings, self.missing
        return other

    def aside(self) -> "Judgement":
        """The same judgement, for what would be no judgement if it were all: only its findings count."""
        other = self.at()
        other._counts = [0]
        return other

    def cannot(self, reason: str) -> None:
        """Note that a part cannot be judged."""
        if reason not in self.missing:
            self.missing.append(reason)

    def stop(self, reason: str) -> NoReturn:
        """End the check where it cannot be judged any further.

        Raises
        ------
        NotJudged
        """
        raise NotJudged(reason)

    def add(self, finding: Optional[Finding]) -> None:
        """Count a comparison, and keep what it found."""
        self._counts[0] += 1
        if finding is not None:
            self.findings.append(finding._replace(**self._place))

    def expect(self, holds: Any, what: str, seen: Any, should_be: Any, **details: Any) -> bool:
        """Compare: a finding where it does not hold.

        Parameters
        ----------
        holds : bool
        what : str
            Fitted attribute or method.
        seen, should_be : object
        **details
            Further fields of a `Finding`.

        Returns
        -------
        bool
            Whether it holds.
        """
        self.add(None if holds else Finding(what, seen, should_be, **details))
        return bool(holds)

    def condition(self, holds: Any, what: str, seen: Any, should_be: Any, **details: Any) -> bool:
        """Check what a comparison needs: like `expect`, but where it holds nothing is judged yet."""
        return bool(holds) or self.expect(False, what, seen, should_be, **details)

    def expect_no_error(self, error: Any, what: str, should_be: str) -> bool:
        """Check that a call returned: a finding where it raised, and a condition of what is compared next."""
        if error is not None:
            self.add(raised(what, error, should_be))
        return error is None

    def has_shape(self, what: str, array: Any, shape: Tuple[int, ...]) -> bool:
        """Check the shape of an array, which is a condition of comparing its elements."""
        return self.condition(np.shape(array) == shape, what, str(np.shape(array)), str(shape), aspect="shape")

    def close(
        self, what: str, seen: Any, should_be: Any, tolerance: Any, components: Optional[np.ndarray] = None
    ) -> bool:
        """Compare two arrays or numbers: a finding for the element that is furthest off.

        Parameters
        ----------
        what : str
            Fitted attribute or method.
        seen, should_be : array-like
        tolerance : float or ndarray
        components : ndarray of bool of shape (n_components,), optional
            Which components count; all unless given.

        Returns
        -------
        bool
            Whether they are close.
        """
        value, expected = (np.asarray(array, dtype=np.float64) for array in (seen, should_be))
        if not self.has_shape(what, value, expected.shape):
            return False
        difference = np.abs(value - expected)
        if components is not None and difference.ndim and len(difference) == len(components):
            difference = np.where(np.reshape(components, (-1,) + (1,) * (difference.ndim - 1)), difference, 0)
        # Not `>`: that would let nan pass.
        within = difference <= tolerance
        if within.all():
            return self.expect(True, what, None, None)
        allowed = np.broadcast_to(tolerance, difference.shape)
        with np.errstate(over="ignore"):
            excess = np.where(within, 0, difference / np.maximum(allowed, np.finfo(float).tiny))
        worst = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
        where: Any = np.unravel_index(worst, value.shape) if value.ndim else ()
        place: Dict[str, Any] = place_in(what, where, self._covariance_type)
        seen, should_be = float(value[where]), float(expected[where])
        return self.expect(False, what, seen, should_be, tolerance=float(allowed[where]), **place)

    def end(self) -> str:
        """How the check ends: kept, broken, or not judged."""
        if self.findings:
            return BROKEN
        return KEPT if self.compared else NOT_JUDGED

    def reason(self) -> str:
        """Why a check, or a part of it, is not judged."""
        return "; ".join(self.missing) or "nothing was compared"
