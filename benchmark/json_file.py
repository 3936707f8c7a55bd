"""JSON files that a verb has left, read with errors that name them. Needs neither torch nor numpy."""

import json
from pathlib import Path

from benchmark.errors import BadInput


def read_object(path: Path) -> dict:
    """The JSON object that a file holds. BadInput for a file that is no JSON or holds something else; it has to exist."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(path, error, "valid JSON") from error
    if not isinstance(contents, dict):
        raise BadInput(path, f"a JSON {type(contents).__name__}", "an object")
    return contents


def read_made(path: Path, schema: int, part: str, verb: str) -> dict:
    """As `read_object`, of a file of one schema.

    Args:
        schema: value of the key "schema".
        part: a further key that every such file has.
        verb: what made it, for the error: `ferbench VERB`.

    Raises:
        BadInput: as `read_object`; another schema, or no `part`.
    """
    contents = read_object(path)
    if contents.get("schema") != schema or part not in contents:
        found = f"schema {contents.get('schema')}" + ("" if part in contents else f" without {part}")
        raise BadInput(path, found, f"schema {schema} with {part}; run ferbench {verb} again")
    return contents
