"""Read JSON files that commands, or people, write: where one is of another form, a fault says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from fixtures import plain_file, strict_json
from fixtures.fault import Fault

MOST_OF_BENCHMARKS = 16 * (1 << 20)  # pytest-benchmark keeps every round
Taken = TypeVar("Taken")


def read(
    path: Path,
    take: Callable[[Any], Taken],
    remedy: str,
    fault: type[Fault] = Fault,
    most_bytes: int = plain_file.MAX_BYTES,
) -> Taken:
    """What a function takes from a JSON file.

    Parameters
    ----------
    path : Path
    take : callable
        Gets the parsed content; whatever it raises where that is of another form is refused.
    remedy : str
        What to do then, like ```nox -s releases` writes it``.
    fault : type
        What is raised then, and where the file is missing, no plain file, or too large.
    most_bytes : int
    """
    try:
        return take(strict_json.parse(plain_file.read_text(path, most_bytes)))
    except OSError as error:
        reason = error.strerror
    except KeyError as error:
        reason = f"it lacks {error!s:.60}"
    except ValueError as error:
        reason = str(error)
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        reason = f"it is of another form ({error})"
    raise fault(f"{path}: {reason:.200}; {remedy}")


def require_format(content: Any, version: int, *names: str) -> None:
    """Refuse, with a ValueError, what is not of a format version, or has not just these entries beside it."""
    if not isinstance(content, dict):
        raise ValueError(f"{content!r:.60}, not an object")
    form = content["format"]
    if type(form) is not int or form != version:
        raise ValueError(f"format version {form!r:.60}, not {version}")
    for name in names:
        _ = content[name]
    if odd := sorted(set(content) - {"format", *names}):
        raise ValueError(f"the unknown entry {odd[0]!r:.60}")
