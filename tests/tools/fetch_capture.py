"""Fetch the public capture of scikit-learn #12099 from its public address.

The files carry no licence, so they are fetched for whoever asks and never
stored in this repository. Every file is checked against its sha256; a download
that breaks leaves nothing behind.

Examples
--------
  nox -s fetch-capture
  nox -s fetch-capture -- --to DIR --dry-run
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
from pathlib import Path

import pooch
import requests

from fixtures import command_line, corpus, scratch
from fixtures.fault import Fault


def fetch(address: str, files: dict[str, str], folder: Path) -> list[str]:
    """Download the files, named with their sha256, that are missing or wrong: their names.

    Each name is appended to the address. Files appear in the folder together, when all are right.
    """
    missing = [name for name, sha256 in files.items() if not _is_right(folder / name, sha256)]
    if not missing:
        return []
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with scratch.folder(folder) as fetched:
            for name in missing:
                print(f"  {name} ...", flush=True)
                downloader = pooch.HTTPDownloader(timeout=60)
                pooch.retrieve(address + name, f"sha256:{files[name]}", name, path=fetched, downloader=downloader)
            for name in missing:
                shutil.move(fetched / name, folder / name)
    except BaseException:
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()
        raise
    return missing


def _is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and pooch.file_hash(path, alg="sha256") == sha256


@command_line.command("nothing was stored")
def main(arguments: list[str] | None = None) -> int:
    description = corpus.read_description(corpus.CASES / corpus.CAPTURE_CASE)
    address = description["download"]["address"]
    parser = command_line.parser("fetch-capture", __doc__)
    parser.add_argument("--to", type=Path, default=corpus.FETCHED_CAPTURE, help="folder (default: %(default)s)")
    parser.add_argument("--address", default=address, help="address of a mirror (default: %(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="list what would be fetched; fetch nothing")
    options = parser.parse_args(arguments)
    named = description["download"]["files"]
    files = {published: description["files"][name]["sha256"] for name, published in named.items()}
    if options.dry_run:
        for name, sha256 in files.items():
            state = "is there already" if _is_right(options.to / name, sha256) else f"from {options.address}{name}"
            print(f"{options.to / name}: {state}")
        return 0
    pooch.get_logger().setLevel(logging.ERROR)
    print(f"fetching the capture of scikit-learn #12099 into {options.to}", flush=True)
    try:
        fetched = fetch(options.address, files, options.to)
    except (ValueError, requests.RequestException) as error:  # what the system refuses is no matter of the address
        reason = " ".join(str(error).split())
        raise Fault(
            f"{reason:.300}; should be the four files of {options.address}, each with its sha256; nothing was stored:"
            " check the network, or name a folder that holds the files with --capture DIR or GMM_CAPTURE"
        ) from None
    print(f"{len(files)} files in {options.to}, {len(fetched)} of them new, all with the right sha256")
    return 0


if __name__ == "__main__":
    sys.exit(main())
