"""compare: two models on the same test faces, each a record, a run, or evaluated here. Two records need no torch."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import BadInput
from benchmark.interface.comparison import Comparison, Named, files
from benchmark.interface.given import is_predictions, protocol_of
from benchmark.interface.places import places
from benchmark.outside.suffixes import MODELS, WEIGHTS, suffix_of
from benchmark.protocol import registry
from benchmark.protocol.protocol import Protocol
from benchmark.report.compare import Row, compare_rows
from benchmark.suggesting import unknown

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import nn

    from benchmark.interface.result import Result

    Compared = Result | str | Path | nn.Module | Callable[..., Any] | Mapping[str, Any] | np.ndarray | pd.DataFrame

OF_PREDICTIONS = ("scores", "parameters")  # arguments of `evaluate` for predictions
DEFAULTS = {"trust": False, "device": "auto", "scores": "auto", "options": {}}  # as in `evaluate`; of the others: None
OF_MODELS = ("preprocessing", "weights", "options", "trust", "device")  # for a model; a comparison is of the view "none"


def compare(
    a: "Compared",
    b: "Compared",
    protocol: str | Path | Protocol | None = None,
    *,
    project: str | Path | None = None,
    prepared: str | Path | None = None,
    records: str | Path | None = None,
    **model: Any,
) -> Comparison:
    """Compare A with B on the same test faces: A minus B, with paired tests. Without test-time augmentation.

    Runs are paired by seed. A single network, such as an outside entry, is paired with every seed of the other side.

    Args:
        a, b: each a result; the name of a cell or outside entry with a record in the project, or of a model whose runs are
            in the project's runs; or whatever `evaluate` takes, which is then evaluated.
        protocol: its name or file, or a Protocol; of records, its hash too. Needed for a model that is evaluated, for runs
            without a record, and if both names have records under several protocols.
        project, prepared: as of `evaluate`.
        records: folder of records; None: the project's.
        model: for what is evaluated, arguments of `evaluate`: preprocessing, weights, options, trust, device for models;
            scores, parameters for predictions.

    Raises:
        BadInput: a name that is no record, run or model; no protocol where one is needed, or another than that of a result;
            an argument that neither side takes; as of `evaluate` and `benchmark.report.compare.compare_rows`.
    """
    given = {key: value for key, value in model.items() if not _as_ever(key, value)}
    where = places(project, prepared)
    named = Named(where, where.records if records is None else Path(records), protocol)
    found = [_rows(side, named, "weights" in given) for side in (a, b)]
    own = [{} if rows else _taken(given, side) for side, rows in zip((a, b), found, strict=True)]
    if unused := sorted(set(given) - {key for each in own for key in each}):
        raise _unused(unused)
    if protocol is None and not all(found):
        side = next(side for side, rows in zip((a, b), found, strict=True) if not rows)
        what = side if isinstance(side, str | Path) else "a model"
        raise BadInput(f"compare, {what}", "no protocol", "one, under which it is evaluated")

    def evaluated(side: Any, options: dict[str, Any]) -> Sequence[Row]:
        from benchmark.interface.evaluating import evaluate  # loads torch

        assert protocol is not None
        return [evaluate(side, protocol_of(protocol), prepared=where.prepared, project=where.top, **options).row]

    both = [rows or evaluated(side, options) for side, rows, options in zip((a, b), found, own, strict=True)]
    return Comparison(compare_rows(*both, **files(where)))


def _rows(side: Any, named: Named, weights: bool) -> Sequence[Row]:
    """The rows of a result or of a name; empty for what is to be evaluated."""
    if isinstance(row := getattr(side, "row", None), Row):  # a Result
        named.check(row)
        return [row]
    if not isinstance(side, str | Path):
        return []
    suffix = suffix_of(side)
    if suffix in WEIGHTS:
        raise BadInput(str(side), "weights without their network", "the network's code, with weights")
    if is_predictions(side) or suffix in MODELS:
        return []
    text = str(side)
    if found := named.rows(text):
        return found
    return [] if ":" in text or text in registry.models() or weights else named.refuse(text)


def _as_ever(name: str, value: Any) -> bool:
    """Whether an argument says what `evaluate` does without it."""
    return value is None or (isinstance(value, str | bool | dict) and value == DEFAULTS.get(name))


def _taken(given: Mapping[str, Any], side: Any) -> dict[str, Any]:
    """The arguments that the evaluation of a side takes."""
    of_code = () if isinstance(side, str | Path) else ("weights", "options")  # an object has its weights
    names = OF_PREDICTIONS if is_predictions(side) else [name for name in OF_MODELS if name not in of_code]
    return {key: value for key, value in given.items() if key in names}


def _unused(names: Sequence[str]) -> BadInput:
    known = (*OF_MODELS, *OF_PREDICTIONS)
    if strange := next((name for name in names if name not in known), None):
        return unknown("compare, argument", strange, known)
    return BadInput("compare", f"{', '.join(names)}, which neither side takes", "them for what is evaluated")
