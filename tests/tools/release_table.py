"""The table of releases: which scikit-learn, on which Python, with dependencies as of which day.

``tests/releases.json`` is data; nox's sessions and CI's matrix are derived from
it here. ``tests/tools/releases.py`` refreshes it.
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from fixtures import strict_json, whole_file
from fixtures.fault import Fault

TABLE = Path(__file__).resolve().parent.parent / "releases.json"
FORMAT_VERSION = 1


class BadTable(Fault):
    """The table of releases is invalid."""


@dataclass(frozen=True)
class Release:
    """One release of scikit-learn and the environment that it runs in."""

    version: str
    python: str  # Major and minor version of the newest Python that has a wheel
    # Day (ISO 8601, exclusive in UTC) up to which packages are considered: old wheels do not cap numpy and scipy, so
    # newer ones would be taken
    dependencies_until: str

    @property
    def series(self) -> str:
        """Major and minor version, like 1.9."""
        return "{0.major}.{0.minor}".format(Version(self.version))


def read(path: Path = TABLE) -> list[Release]:
    """Read and check the table; releases in the order of their versions.

    Raises
    ------
    BadTable
        The file is missing or malformed.
    """
    try:
        content = strict_json.parse(path.read_text(encoding="utf-8"))
        if type(content["format"]) is not int or content["format"] != FORMAT_VERSION:
            raise ValueError(f"format version {content['format']!r}, not {FORMAT_VERSION}")
        releases = [Release(**entry) for entry in content["releases"]]
        versions = [Version(release.version) for release in releases]
        for release in releases:
            datetime.date.fromisoformat(release.dependencies_until)
            if not re.fullmatch(r"3\.\d+", release.python):
                raise ValueError(f"python {release.python!r} for {release.version}, not like 3.12")
        if not versions or versions != sorted(set(versions)):
            raise ValueError("versions that are not sorted, each once")
    except (OSError, ValueError, KeyError, TypeError, InvalidVersion) as error:
        raise BadTable(f"{path}: {error}; `nox -s releases` writes this file") from None
    return releases


def write(releases: list[Release], path: Path = TABLE) -> None:
    """Write the table, one line for each release, whole or not at all."""
    lines = ",\n    ".join(json.dumps(asdict(release)) for release in releases)
    whole_file.write_text(path, f'{{\n  "format": {FORMAT_VERSION},\n  "releases": [\n    {lines}\n  ]\n}}\n')


def newest_of_series(releases: list[Release]) -> list[Release]:
    """The newest patch release of each series, in order."""
    return list({release.series: release for release in releases}.values())
