"""A candidate: a case in the course of being reduced, with the component that it is about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fixtures.corpus import Case, Settings
from fixtures.validation import BrokenCase, check_arrays

PARAMETERS = ("weights", "means", "precisions")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A case with the component that its failure is about."""

    settings: Settings
    frames: tuple[np.ndarray, ...]  # each (n_samples, n_features)
    weights: np.ndarray  # (n_components,)
    means: np.ndarray  # (n_components, n_features)
    precisions: np.ndarray  # shaped as the covariance type has them
    component: int | None

    @cached_property
    def request(self) -> dict[str, Any]:
        """What the probe is asked: numbers that JSON gives back as they are, dtypes beside them."""
        return {
            "settings": self.settings._asdict(),
            "component": self.component,
            "frames": [_numbers(frame) for frame in self.frames],
            **{name: _numbers(getattr(self, name)) for name in PARAMETERS},
        }

    @cached_property
    def key(self) -> str:
        """A digest that no other candidate has."""
        digest = hashlib.sha256(json.dumps([self.settings, self.component]).encode())
        for array in (*self.frames, self.weights, self.means, self.precisions):
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Samples of all frames, components, features."""
        return sum(len(frame) for frame in self.frames), *self.means.shape

    @property
    def size(self) -> str:
        """The shape in words."""
        counts = zip(self.shape, ("sample", "component", "feature"), strict=True)
        return ", ".join(f"{number:,} {what}{'' if number == 1 else 's'}" for number, what in counts)

    @property
    def n_components(self) -> int:
        return len(self.weights)

    @cached_property
    def fewest_distinct(self) -> int:
        """Distinct samples of the frame that has the fewest."""
        return min(len(np.unique(frame, axis=0)) for frame in self.frames)

    def is_valid(self) -> bool:
        """Whether it could be a case of the corpus."""
        parameters = [(Path(name), getattr(self, name)) for name in PARAMETERS]
        try:
            check_arrays(self.settings._asdict(), [(Path("frame"), frame) for frame in self.frames], parameters)
        except (BrokenCase, np.linalg.LinAlgError):
            return False
        return True

    def changed(self, **parts: Any) -> Candidate:
        """The same with other parts; parameters keep their dtype."""
        for name in set(parts) & set(PARAMETERS):
            parts[name] = np.ascontiguousarray(parts[name], dtype=getattr(self, name).dtype)
        return replace(self, **parts)

    def with_settings(self, **settings: Any) -> Candidate:
        return replace(self, settings=self.settings._replace(**settings))

    def case(self, name: str, title: str, provenance: dict[str, Any]) -> Case:
        """The case that it is, without flags."""
        return Case(name, title, (), self.settings, self.frames, self.weights, self.means, self.precisions, provenance)


def from_case(case: Case, component: int | None = None) -> Candidate:
    """A whole case as the first candidate."""
    return Candidate(case.settings, case.frames, case.weights, case.means, case.precisions, component)


def _numbers(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": array.dtype.name, "values": array.tolist()}
