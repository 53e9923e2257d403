"""Which peers there are: those of ``tests/peers.json``, and those that run with the newest release of scikit-learn."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fixtures.fault import Fault
from tests.support.estimator import DEFAULT_ESTIMATOR
from tests.tools import json_file, release_environment, release_table
from tests.tools.release_table import Release

TABLE = release_table.TABLE.with_name("peers.json")
FORMAT_VERSION = 1
SCIKIT_LEARN = "scikit-learn"
# With the newest release, by the names of this command.
OWN = {
    SCIKIT_LEARN: DEFAULT_ESTIMATOR,
    **{
        name: f"tests.support.remedies:{name}"
        for name in ("LogDomainMixture", "WarmStartMixture", "KeepLastParameters")
    },
    "exact-em": "tests.workers.peers.exact_em:Mixture",
}


class Implementation(Protocol):
    """One implementation of EM that can be judged."""

    @property
    def name(self) -> str:
        """As the command has it."""

    @property
    def adapter(self) -> str:
        """``MODULE:CLASS``."""

    @property
    def distribution(self) -> str:
        """The package whose version it has; nothing where it has none."""

    def interpreter(self) -> Path:
        """The Python of its environment, made where it is not there yet.

        Raises
        ------
        CannotRun
            A program is not there, or something cannot be installed.
        """


class BadPeers(Fault):
    """The table of peers is invalid."""


class CannotRun(Fault):
    """A peer cannot run on this machine; the reason."""


@dataclass(frozen=True)
class Peer:
    """One implementation, and the environment that it runs in."""

    name: str
    python: str  # major and minor version
    packages: tuple[str, ...]  # pinned exactly; first the one that the peer is
    # Day (ISO 8601, exclusive in UTC) up to which everything else is considered.
    dependencies_until: str
    programs: tuple[str, ...] = ()  # that have to be on PATH

    @property
    def adapter(self) -> str:
        return f"tests.workers.peers.{self.name}:Mixture"

    @property
    def steps(self) -> list[list[str]]:
        """What to install: the peer with what it needs, as of its day, then what the checks need."""
        return [
            [*self.packages, "numpy", f"--exclude-newer={self.dependencies_until}"],
            release_environment.group("suite"),
        ]

    @property
    def distribution(self) -> str:
        return self.packages[0].partition("==")[0]

    def interpreter(self) -> Path:
        missing = [program for program in self.programs if shutil.which(program) is None]
        if missing:
            raise CannotRun(f"{', '.join(missing)} is not on PATH; should be installed")
        try:
            return release_environment.make_named(f"peer-{self.name}", self.python, self.steps)
        except release_environment.EnvironmentFailed as error:
            raise CannotRun(str(error)) from None

    def is_installed(self) -> bool:
        """Whether its environment is there."""
        return release_environment.is_made_named(f"peer-{self.name}", self.python, self.steps)


@dataclass(frozen=True)
class OwnPeer:
    """A class that runs with a release of scikit-learn."""

    name: str
    release: Release

    @property
    def adapter(self) -> str:
        return OWN[self.name]

    @property
    def distribution(self) -> str:
        return SCIKIT_LEARN if self.name == SCIKIT_LEARN else ""

    def interpreter(self) -> Path:
        return release_environment.make(self.release)

    def is_installed(self) -> bool:
        """Whether its environment is there."""
        return release_environment.is_made(self.release)


def read(path: Path = TABLE) -> list[Peer]:
    """Read and check the table of those that have packages of their own.

    Raises
    ------
    BadPeers
        The file is missing or malformed.
    """
    return json_file.read(path, _peers_in, "should be like the entries of the repository's own", BadPeers)


def _peers_in(content: Any) -> list[Peer]:
    json_file.require_format(content, FORMAT_VERSION, "peers")
    peers = [_peer(entry) for entry in content["peers"]]
    names = [peer.name for peer in peers]
    if len(set(names)) < len(names) or set(names) & set(OWN):
        raise ValueError("a name that is not unique")
    return peers


def _peer(entry: dict[str, Any]) -> Peer:
    lists = {name: tuple(entry[name]) for name in ("packages", "programs") if isinstance(entry.get(name), list)}
    peer = Peer(**{**entry, **lists})
    if not isinstance(peer.programs, tuple) or not all(isinstance(one, str) for one in peer.programs):
        raise ValueError(f"the programs {peer.programs!r} for {peer.name}, not a list of names")
    release_table.require_day_and_python(peer.dependencies_until, peer.python, peer.name)
    loose = [package for package in peer.packages if not re.fullmatch(r"[\w.-]+==[\w.]+", package, flags=re.ASCII)]
    if loose or not peer.packages:
        raise ValueError(f"{', '.join(loose) or 'no package'} for {peer.name}, not like gmr==2.0.3")
    if not re.fullmatch(r"[a-z]\w*", peer.name, flags=re.ASCII):
        raise ValueError(f"the name {peer.name!r}, not that of a module")
    return peer


def every(release: Release) -> list[Peer | OwnPeer]:
    """All peers, first those that run with a release of scikit-learn."""
    return [*(OwnPeer(name, release) for name in OWN), *read()]


def named(names: list[str], release: Release) -> list[Peer | OwnPeer]:
    """The peers of these names, or all.

    Raises
    ------
    Fault
        There is no peer of a name.
    """
    known = {peer.name: peer for peer in every(release)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Fault(f"there is no peer {', '.join(unknown)}; should be of {', '.join(known)}")
    return [known[name] for name in names or known]
