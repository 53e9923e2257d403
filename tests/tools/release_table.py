"""The table of releases: which scikit-learn, on which Python, with dependencies as of which day.

``tests/releases.json`` is data; nox's sessions and CI's matrix are derived from it here. This command refreshes it from
the package index, which is asked through pip and uv as they are configured on this machine, and says what is new.
A release gets the newest Python that has a wheel of it, out of `PYTHONS`, and the day after that wheel was uploaded as
the cut-off for its dependencies.

Examples
--------
  nox -s releases -- --dry-run
  nox -s releases
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from fixtures import command_line, whole_file
from fixtures.fault import Fault
from tests.tools import json_file

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).resolve().parent.parent / "releases.json"
FORMAT_VERSION = 1
# 3.14 and newer are left out until the newest release drops 3.13: one interpreter less to have.
PYTHONS = tuple(f"3.{minor}" for minor in range(6, 14))


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
    return json_file.read(path, _releases_in, "`nox -s releases` writes this file", BadTable)


def _releases_in(content: Any) -> list[Release]:
    json_file.require_format(content, FORMAT_VERSION, "releases")
    releases = [Release(**entry) for entry in content["releases"]]
    versions = [Version(release.version) for release in releases]
    for release, version in zip(releases, versions, strict=True):
        if str(version) != release.version:
            raise ValueError(f"version {release.version!r}, not {version}")
        require_day_and_python(release.dependencies_until, release.python, release.version)
    if not versions or versions != sorted(set(versions)):
        raise ValueError("versions that are not sorted, each once")
    return releases


def require_day_and_python(day: str, python: str, of: str) -> None:
    """Refuse, with a ValueError, what is no day like 2025-05-06 or no minor version of Python 3."""
    if datetime.date.fromisoformat(day).isoformat() != day:  # other forms of it, too, are read
        raise ValueError(f"the day {day!r} for {of}, not like 2025-05-06")
    if not re.fullmatch("3[.][0-9]+", python):
        raise ValueError(f"python {python!r} for {of}, not like 3.12")


def write(releases: list[Release], path: Path = TABLE) -> None:
    """Write the table, one line for each release, whole or not at all."""
    lines = ",\n    ".join(json.dumps(asdict(release)) for release in releases)
    whole_file.write_text(path, f'{{\n  "format": {FORMAT_VERSION},\n  "releases": [\n    {lines}\n  ]\n}}\n')


def newest_of_series(releases: list[Release]) -> list[Release]:
    """The newest patch release of each series, in order."""
    return list({release.series: release for release in releases}.values())


def versions_with_wheels(python: str, package: str = "scikit-learn") -> list[str]:
    """Releases of a package that have a wheel for a Python on this platform, without pre-releases."""
    pip = [sys.executable, "-m", "pip", "index", "versions", package, "--json"]
    return json.loads(_run(*pip, "--only-binary=:all:", f"--python-version={python}"))["versions"]


def wheel_upload_day(version: str, python: str) -> datetime.date:
    """The day on which the last wheel of a release for a Python was uploaded, in UTC."""
    uv = ["uv", "pip", "compile", "--no-deps", "--no-header", "--quiet", "--format=pylock.toml"]
    output = _run(*uv, f"--python-version={python}", "-", stdin=f"scikit-learn=={version}\n")
    (package,) = tomllib.loads(output)["packages"]
    tag = f"-cp{python.replace('.', '')}-"
    times = [wheel["upload-time"] for wheel in package["wheels"] if tag in wheel["url"] or "-abi3-" in wheel["url"]]
    return max(times).astimezone(datetime.timezone.utc).date()


def refresh(known: list[Release], everything: bool) -> list[Release]:
    """The table as the index has it now; known releases stay as they are unless `everything` is asked."""
    newest_python = {version: python for python in PYTHONS for version in versions_with_wheels(python)}
    kept = {} if everything else {release.version: release for release in known}
    for version in sorted(newest_python.keys() - kept.keys(), key=Version):
        python = newest_python[version]
        until = wheel_upload_day(version, python) + datetime.timedelta(days=1)
        print(f"  {version}: Python {python}, dependencies until {until}", flush=True)
        kept[version] = Release(version, python, until.isoformat())
    return [kept[version] for version in sorted(newest_python, key=Version)]


def _run(*command: str, stdin: str | None = None) -> str:
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300, check=True)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise Fault(f"`{' '.join(command[:4])} ...` failed: {last}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Fault(f"`{' '.join(command[:4])} ...` could not be run: {error}") from None
    return done.stdout


def _known() -> list[Release]:
    """What the table has: nothing where it is missing or broken, so that all of it is fetched again."""
    try:
        return read(TABLE)
    except BadTable as error:
        print(f"the table is invalid and will be written again: {error}", flush=True)
        return []


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("releases", __doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would change; write nothing")
    parser.add_argument("--all", action="store_true", help="ask for every release again, not only for new ones")
    options = parser.parse_args(arguments)
    known = _known()
    print(f"the table has {len(known)} releases; asking the package index ...", flush=True)
    releases = refresh(known, everything=options.all)
    before, after = set(known), set(releases)
    for word, changed in (("new", after - before), ("gone or changed", before - after)):
        for release in sorted(changed, key=lambda release: Version(release.version)):
            print(f"{word}: {release.version} (Python {release.python}, until {release.dependencies_until})")
    if before == after:
        print("nothing is new")
    elif not options.dry_run:
        write(releases, TABLE)
        print(f"wrote {TABLE.name}: {len(releases)} releases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
