"""The log of a search: JSON lines, one per trial (`tuning.line_of`). Lines are only added. Reading it needs no torch."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.names import checked_name

SEARCHES = Path(__file__).with_name("tuning.yaml")  # the definitions of the searches
# These fields identify a trial: two lines with equal values are the same trial.
IDENTITY = ("trial", "cell_hash", "seed", "code", "fingerprint", "device_type")

# The fields that are read -> their JSON types. `best` is null if the trial diverged.
FIELDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys((*IDENTITY, "protocol", "cell", "status", "metric"), str),
    "seed": int,
    "epochs": int,
    "changes": dict,
    "recipe": dict,
    "train_loss": list,
    "train_seconds": (int, float),
    "best": (int, float, type(None)),
}


def read_log(path: Path) -> list[dict[str, Json]]:
    """The lines of a log; empty if there is no file. BadInput for a file that can not be read, or a line that is not a
    trial."""
    if not path.exists():
        return []
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, f"nothing to read ({error})", "the log of a search, a line of JSON for each trial") from error
    lines = []
    for number, text in enumerate(texts, 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise BadInput(f"{path}, line {number}", error, "JSON") from error
        _check(line, f"{path}, line {number}")
        lines.append(line)
    return lines


def _check(line: object, where: str) -> None:
    if not isinstance(line, Mapping):
        raise BadInput(where, type(line).__name__, "a trial")
    if odd := [name for name, kind in FIELDS.items() if name not in line or not isinstance(line[name], kind)]:
        raise BadInput(where, f"missing or of another type: {', '.join(odd)}", "a trial")
    for name in ("protocol", "cell"):
        checked_name(line[name], name, where)
    rate = line["recipe"].get("learning_rate")
    if not _is_number(rate) or rate <= 0:
        raise BadInput(f"{where}, learning_rate of the recipe", rate, "a number above 0")
    if not _is_number(line["train_seconds"]) or line["train_seconds"] < 0:
        raise BadInput(f"{where}, train_seconds", line["train_seconds"], "a number of at least 0")
    if (line["best"] is None) != (line["status"] == "diverged") or not (line["best"] is None or _is_number(line["best"])):
        raise BadInput(
            f"{where}, best", line["best"], f"what goes with status {line['status']}: a number, or null if diverged"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
