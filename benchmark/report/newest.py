"""Since when the report has had the records that it has now: newest.json.

A record holds no date, so that the same run made again has the same bytes. The report notes the day on which it first saw
this set of records, and keeps that day as long as the set stays the same.
"""

import datetime
import os
import time
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import digest, read_object
from benchmark.records.record import Record

FILE, SCHEMA = "newest.json", 1
DIGITS = 11  # of the seconds that a stated day may have: the year 5138


def newest(records: Iterable[Record], out: Path) -> dict[str, object]:
    """The contents of newest.json: {"schema", "records": digest of all records, "since": day, YYYY-MM-DD}.

    The day is that of the file in `out` if its records are the same; else today, or the day of SOURCE_DATE_EPOCH.

    Raises:
        BadInput: a file in `out` that is not of this form.
    """
    known = digest(sorted(digest([r["protocol_hash"], r["cell_hash"], r["seed"], r["predictions_sha256"]]) for r in records))
    path = out / FILE
    if path.is_file():
        before = read_object(path)
        since = before.get("since")
        if before.get("schema") != SCHEMA or "records" not in before:  # made again, the file would be read first again
            found = f"schema {before.get('schema')}, keys {', '.join(before)}"
            raise BadInput(path, found, f"schema {SCHEMA} with records and since, or no file: the day is then that of today")
        if not isinstance(since, str) or not _is_day(since):
            raise BadInput(f"{path}, since", since, "a day, YYYY-MM-DD")
        if before["records"] == known:
            return {"schema": SCHEMA, "records": known, "since": since}
    return {"schema": SCHEMA, "records": known, "since": _today()}


def _today() -> str:
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    known = stated.isascii() and stated.isdigit() and len(stated) <= DIGITS
    return datetime.datetime.fromtimestamp(int(stated) if known else time.time(), datetime.UTC).date().isoformat()


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
