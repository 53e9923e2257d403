"""Refresh the table of releases from the package index, and say what is new.

The index is asked through pip and uv as they are configured on this machine.
A release gets the newest Python that has a wheel of it, out of `PYTHONS`, and
the day after that wheel was uploaded as the cut-off for its dependencies.

Examples
--------
  nox -s releases -- --dry-run
  nox -s releases
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys

from packaging.version import Version

from fixtures import command_line
from fixtures.fault import Fault
from tests.tools import release_table
from tests.tools.release_table import Release

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# 3.14 and newer are left out until the newest release drops 3.13: one
# interpreter less to have.
PYTHONS = tuple(f"3.{minor}" for minor in range(6, 14))


def versions_with_wheels(python: str, package: str = "scikit-learn") -> list[str]:
    """Releases of a package that have a wheel for a Python on this platform, without pre-releases."""
    output = _run(
        sys.executable, "-m", "pip", "index", "versions", package, "--json",
        "--only-binary=:all:", f"--python-version={python}",
    )  # fmt: skip
    return json.loads(output)["versions"]


def wheel_upload_day(version: str, python: str) -> datetime.date:
    """The day on which the last wheel of a release for a Python was uploaded, in UTC."""
    output = _run(
        "uv", "pip", "compile", "--no-deps", "--no-header", "--quiet", "--format=pylock.toml",
        f"--python-version={python}", "-", stdin=f"scikit-learn=={version}\n",
    )  # fmt: skip
    (package,) = tomllib.loads(output)["packages"]
    tag = "-cp" + python.replace(".", "") + "-"
    times = [wheel["upload-time"] for wheel in package["wheels"] if tag in wheel["url"] or "-abi3-" in wheel["url"]]
    return max(times).astimezone(datetime.timezone.utc).date()


def refresh(known: list[Release], everything: bool) -> list[Release]:
    """The table as the index has it now; known releases stay as they are unless `everything` is asked."""
    newest_python = {version: python for python in PYTHONS for version in versions_with_wheels(python)}
    kept = {} if everything else {release.version: release for release in known}
    releases = []
    for version in sorted(newest_python, key=Version):
        if version not in kept:
            python = newest_python[version]
            until = wheel_upload_day(version, python) + datetime.timedelta(days=1)
            print(f"  {version}: Python {python}, dependencies until {until}", flush=True)
            kept[version] = Release(version, python, until.isoformat())
        releases.append(kept[version])
    return releases


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
        return release_table.read(release_table.TABLE)
    except release_table.BadTable as error:
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
    gone = sorted(before - after, key=lambda release: Version(release.version))
    new = sorted(after - before, key=lambda release: Version(release.version))
    for word, changed in (("new", new), ("gone or changed", gone)):
        for release in changed:
            print(f"{word}: {release.version} (Python {release.python}, until {release.dependencies_until})")
    if before == after:
        print("nothing is new")
    elif not options.dry_run:
        release_table.write(releases, release_table.TABLE)
        print(f"wrote {release_table.TABLE.name}: {len(releases)} releases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
