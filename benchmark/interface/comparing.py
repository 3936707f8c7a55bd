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

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import nn

    from benchmark.interface.result import Result

    Compared = Result | str | Path | nn.Module | Callable[..., Any] | Mapping[str, Any] | np.ndarray | pd.DataFrame

OF_PREDICTIONS = ("scores", "parameters")  # arguments of `evaluate` for predictions; the others are for a model


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
    """Compare A with B on the same test faces: A minus B, with paired tests.

    Runs are paired by seed. A single network, such as an outside entry, is paired with every seed of the other side.

    Args:
        a, b: each a result; the name of a cell or outside entry with a record in the project, or of a model whose runs are
            in the project's runs; or whatever `evaluate` takes, which is then evaluated.
        protocol: its name, hash or file, or a Protocol. Needed for a model that is evaluated, for runs without a record, and
            if both names have records under several protocols.
        project, prepared: as of `evaluate`.
        records: folder of records; None: the project's.
        model: further arguments of `evaluate` for what is evaluated: preprocessing, weights, options, trust, device, ...

    Raises:
        BadInput: a name that is no record, run or model; no protocol where one is needed; an argument that neither side
            takes; as of `evaluate` and `benchmark.report.compare.compare_rows`.
    """
    where = places(project, prepared)
    named = Named(where, where.records if records is None else Path(records), protocol)
    used: set[str] = set()

    def rows(side: Any) -> Sequence[Row]:
        if isinstance(row := getattr(side, "row", None), Row):  # a Result
            return [row]
        if isinstance(side, str | Path):
            if suffix_of(side) in WEIGHTS:
                raise BadInput(str(side), "weights without their network", "the network's code, with weights")
            of_model = is_predictions(side) or suffix_of(side) in MODELS
            if not of_model and (found := named.rows(str(side))):
                return found
            text = str(side)
            if not (of_model or ":" in text or text in registry.models() or model.get("weights")):
                return named.refuse(text)
        from benchmark.interface.evaluating import evaluate  # loads torch

        own = {key: value for key, value in model.items() if (key in OF_PREDICTIONS) == is_predictions(side)}
        used.update(own)
        if protocol is None:
            what = side if isinstance(side, str | Path) else "a model"
            raise BadInput(f"compare, {what}", "no protocol", "one, under which it is evaluated")
        return [evaluate(side, protocol_of(protocol), prepared=where.prepared, project=where.top, **own).row]

    both = rows(a), rows(b)
    if unused := sorted(set(model) - used):
        raise BadInput("compare", f"{', '.join(unused)}, which neither side takes", "them for what is evaluated")
    return Comparison(compare_rows(*both, **files(where)))
