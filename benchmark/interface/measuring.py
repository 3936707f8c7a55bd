"""complexity, speed and robustness: what else is measured of a model, whichever way it comes in."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.interface.given import protocol_of, weights_of
from benchmark.interface.places import places
from benchmark.measures.speed.inference import BATCHES, RUNS
from benchmark.outside import measuring
from benchmark.outside.ready import How
from benchmark.outside.robust import robustness as measured_robustness
from benchmark.protocol.protocol import Protocol
from benchmark.room import check_file, check_room
from benchmark.runs.environment import pick_device

if TYPE_CHECKING:
    from torch import nn

    from benchmark.outside.adapters.preprocessing import Preprocessing

    Model = str | Path | nn.Module | Callable[..., Any]
    Declaration = str | Path | Mapping[str, Any] | Preprocessing


def complexity(
    model: "Model",
    protocol: str | Path | Protocol,
    *,
    preprocessing: "Declaration | None" = None,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    trust: bool = False,
    latency: bool = False,
    project: str | Path | None = None,
) -> dict[str, Any]:
    """Parameters, multiply-adds and FLOPs of a model for one picture of its own input size. They do not depend on weights,
    so a network given as code needs none.

    Args:
        model: as of `evaluate`, without predictions; also the name of an outside entry.
        protocol: it sets the number of outputs, and the input size where the model declares none.
        preprocessing, weights, options, trust, project: as of `evaluate`.
        latency: also measure the time of one picture with one thread of the CPU.

    Returns:
        JSON-able: source, kind, parameters, macs, flops and more (`benchmark.measures.complexity.measure.count`), note. What
        is not given as code has no counts (None); where a product may be in no count, macs and flops are None. `note` says
        why.

    Raises:
        BadInput: as of `evaluate`; predictions; a model that fails on its input.
    """
    own = _how(weights, options, preprocessing, trust)
    return measuring.complexity(model, protocol_of(protocol), entries=places(project).outside, latency=latency, **own)


def speed(
    models: "Model | Sequence[Model]",
    protocol: str | Path | Protocol,
    *,
    preprocessing: "Declaration | None" = None,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    trust: bool = False,
    device: str = "auto",
    batches: Sequence[int] = BATCHES,
    runs: int = RUNS,
    out: str | Path | None = None,
    project: str | Path | None = None,
) -> dict[str, Any]:
    """Latency, throughput and memory of a model, or of several, on this machine.

    Args:
        models: one or more, each as of `complexity`. An object is measured in this process, so its memory is not known.
        protocol: it sets the number of outputs, and the input size where a model declares none.
        preprocessing, weights, options, trust, project: as of `evaluate`; weights and options for one model alone.
        device: "auto", "cpu" (with one and with all threads), "cuda", ...
        batches: batch sizes.
        runs: timed passes per measurement.
        out: file to write (JSON); None: none.

    Returns:
        {schema, environment, protocol, input, cells: {model: {parameters, input, measurements, note (of an object)}}},
        JSON-able; a measurement is as of `benchmark.measures.speed.inference.passes`.

    Raises:
        SystemSaysNo: a file that can not be written.
        BadInput: as of `complexity`; two models of one name; an ONNX file on a GPU.
    """
    if out is not None:
        check_file(Path(out), "what is measured")
    if not isinstance(batches, Sequence) or not batches:
        raise BadInput("batches", repr(batches), "a list of batch sizes")
    return measuring.speed(
        models,
        protocol_of(protocol),
        device=pick_device(device),
        batches=batches,
        runs=runs,
        entries=places(project).outside,
        out=None if out is None else Path(out),
        **_how(weights, options, preprocessing, trust),
    )


def robustness(
    model: "Model",
    protocol: str | Path | Protocol,
    *,
    preprocessing: "Declaration | None" = None,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    trust: bool = False,
    device: str = "auto",
    entry: str | None = None,
    prepared: str | Path | None = None,
    project: str | Path | None = None,
) -> Mapping[str, Any]:
    """The scores of a model on the test faces of a protocol, corrupted in several ways and mirrored, and on faces of other
    data sets that are prepared.

    Args:
        model: as of `evaluate`, without predictions; also the name of an outside entry.
        protocol, preprocessing, weights, options, trust, device, prepared, project: as of `evaluate`.
        entry: the outside entry that the model is. Its answers are compared, and the result is written to
            reports/robustness, so that the report shows it. None: nothing is written.

    Returns:
        the contents described by `benchmark.measures.robustness.file`: clean, corrupted, flip, transfer.

    Raises:
        SystemSaysNo: a report that can not be written to.
        BadInput: as of `evaluate`; predictions; a model whose answers are not those of the entry.
    """
    own, where = protocol_of(protocol), places(project, prepared)
    out = where.reports / "robustness" if entry else None
    if out is not None:
        check_room(out, 0, "what is measured")
    return measured_robustness(
        model,
        own,
        open_faceset(where.prepared / own.data),
        where.prepared,
        device=pick_device(device),
        name=entry,
        entries=where.outside,
        out=out,
        **_how(weights, options, preprocessing, trust),
    )


def _how(
    weights: str | Path | None, options: Mapping[str, Any] | None, preprocessing: "Declaration | None", trust: bool
) -> How:
    return {"weights": weights_of(weights), "options": options, "preprocessing": preprocessing, "trust": trust}
