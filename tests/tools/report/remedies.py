"""Read what ``nox -s remedies -- --json FILE`` wrote: what each candidate fix passes and costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fixtures import strict_json
from fixtures.fault import Fault

MAX_BYTES = 1 << 20


def read(path: Path | None) -> dict[str, Any] | None:
    """The remedies' table.

    Raises
    ------
    Fault
        The file cannot be read, or its rows do not belong to its names.
    """
    if path is None:
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        content = strict_json.parse(path.read_text(encoding="utf-8"))
        wide = len(content["names"])
        rows: list[dict[str, Any]] = [
            {
                "check": str(row["check"]),
                "cases": int(row["cases"]),
                **{name: [int(one) for one in row[name]] for name in ("failed", "not_judged")},
            }
            for row in content["rows"]
        ]
        cost = [{name: float(ratio[name]) for name in ("value", "low", "high")} for ratio in content["cost"]]
        if any(len(row[name]) != wide for row in rows for name in ("failed", "not_judged")) or len(cost) != wide:
            raise ValueError(f"a row without {wide} figures")
        names = [str(name) for name in content["names"]]
        said = {"release": str(content["release"]), "cost_case": str(content["cost_case"])}
    except OSError as error:
        raise Fault(f"{path} cannot be read ({error.strerror}); `nox -s remedies -- --json FILE` writes it") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"{path} holds {error}; should be what `nox -s remedies -- --json FILE` writes") from None
    return {**said, "names": names, "rows": rows, "cost": cost}
