"""The log of a search: JSON lines, one a trial (`benchmark.tuning.line_of`), only ever added to. Reading needs no torch."""

import json
from pathlib import Path

from benchmark.errors import BadInput

# By these a line of the log is known again.
IDENTITY = ("trial", "cell_hash", "seed", "code", "fingerprint", "device_type")


def read_log(path: Path) -> list[dict]:
    """The lines of a log, none where there is no file. BadInput for a line that is none."""
    if not path.is_file():
        return []
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise BadInput(f"{path}, line {number}", error, "JSON") from error
        if not isinstance(line, dict) or any(name not in line for name in IDENTITY):
            raise BadInput(f"{path}, line {number}", "something else", "a trial")
        lines.append(line)
    return lines
