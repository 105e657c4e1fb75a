"""CSV that spreadsheets open without running anything in it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# OWASP, "CSV Injection"; spreadsheets read the full-width forms as the plain ones in some locales.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A header and a line per row, as RFC 4180 has them (CRLF, quotes doubled); null is an empty cell.

    Text that a spreadsheet would take for a formula gets a leading `'`; numbers stay as they are.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(map(_cell, fields))
    writer.writerows([_cell(row.get(name)) for name in fields] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
