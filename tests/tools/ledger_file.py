"""The ledger as tools read it: checked by its reader, and by its published schema."""

from __future__ import annotations

from pathlib import Path

from fixtures import plain_file, stored_case, strict_json
from tests.support import ledger

SCHEMA = Path(__file__).resolve().parents[1] / "known_defects.schema.json"


def read() -> ledger.Ledger:
    """Read the ledger.

    Raises
    ------
    BadLedger
        It is not what its format says; the message names the place.
    """
    known = ledger.read_ledger()
    refused = stored_case.refusal(strict_json.parse(plain_file.read_text(known.path)), SCHEMA)
    if refused:
        raise ledger.BadLedger(known.path, " {}; should be as tests/{} says", refused, SCHEMA.name)
    return known
