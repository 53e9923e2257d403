"""Arrays of another library: the options of a tool, and workers that fit them.

The library is installed beside the environment of a release, into one of its
own, and found after all that the release has: numpy stays the release's.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from fixtures.fault import Fault
from tests.support.estimator import (
    ARRAY_API_VARIABLE,
    ARRAY_NAMESPACE,
    ARRAYS_SINCE,
    BESIDE,
    OPTION_OF_DEVICE,
    takes_arrays,
)
from tests.support.ledger import NUMPY
from tests.tools import release_environment
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.worker_process import WorkerProcess

NARROW = ("no_float64", "mps")  # devices without float64
STRICT = "array_api_strict"  # what the project itself needs: its requirement stands in pyproject.toml


@dataclass(frozen=True)
class Arrays:
    """The library whose arrays are fitted, and a device of it; the library's own where none is named."""

    library: str = NUMPY
    device: str | None = None

    @property
    def is_numpy(self) -> bool:
        return self.library == NUMPY

    @property
    def widest(self) -> str:
        """The widest floating point type of the device."""
        return "float32" if self.device in NARROW else "float64"

    def require(self, version: str) -> None:
        """Refuse a release that takes arrays of numpy only."""
        if not self.is_numpy and not takes_arrays(version):
            words = f"{ARRAY_NAMESPACE} is {self.library}, and scikit-learn {version} takes arrays of numpy only"
            raise Fault(f"{words}; should be a release from {ARRAYS_SINCE} on")

    def worker(self, python: Path, module: str, name: str) -> WorkerProcess:
        """A worker in an environment that fits these arrays."""
        if self.is_numpy:
            return WorkerProcess(python, module, name)
        words = [ARRAY_NAMESPACE, self.library, BESIDE, str(self.place(python))]
        words += [OPTION_OF_DEVICE, self.device] if self.device else []
        return WorkerProcess(python, module, name, {ARRAY_API_VARIABLE: "1"}, words)

    def place(self, python: Path) -> Path:
        """Where the library is installed for the Python of an environment."""
        version = release_environment.packages_of(python).parent.name.removeprefix("python")
        needed = release_environment.group("own-tests") if self.library == STRICT else [self.library]
        try:
            made = release_environment.make_named(f"arrays-{self.library}", version, [needed])
        except EnvironmentFailed as error:
            raise Fault(f"{ARRAY_NAMESPACE} {self.library}: it cannot be installed ({error})") from None
        return release_environment.packages_of(made)


OF_NUMPY = Arrays()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a library and a device."""
    since = f"fit arrays of this library: array_api_strict, torch, ... (scikit-learn {ARRAYS_SINCE} on; default: numpy)"
    parser.add_argument(ARRAY_NAMESPACE, metavar="MODULE", default=NUMPY, help=since)
    parser.add_argument(OPTION_OF_DEVICE, metavar="NAME", help="device of that library (default: its own)")


def of(options: argparse.Namespace) -> Arrays:
    """The arrays that the options name.

    Raises
    ------
    Fault
        A device is named, and no library.
    """
    found = Arrays(options.array_namespace, options.device)
    if found.is_numpy and found.device:
        raise Fault(f"{OPTION_OF_DEVICE} is {found.device!r}; should come with {ARRAY_NAMESPACE}")
    return found
