"""The environment variables of a program that runs in an environment with a scikit-learn under test."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tests.tools.environments import ENVIRONMENT_VARIABLES

HELD = {name: value for name, value in ENVIRONMENT_VARIABLES.items() if value is not None}
# The environment is named by its interpreter, and by nothing else.
DROPPED = {name for name, value in ENVIRONMENT_VARIABLES.items() if value is None} | {"PYTHONPATH", "VIRTUAL_ENV"}


def variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Those of this process without what could bring in another scikit-learn, BLAS held at one thread, and more."""
    return {**{name: value for name, value in os.environ.items() if name not in DROPPED}, **HELD, **(more or {})}
