"""What the index file of the checkpoint proves about the released model: read from the file, or as recorded earlier."""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.outside.release.checkpoint_index import BOOL, FLOAT, INT32, Entry, read_index
from benchmark.outside.release.crc32c import crc32c, four_bytes
from benchmark.outside.release.layers import ROLES, Network, numbered, units, variables

FACTS = Path(__file__).with_name("facts.yaml")  # the recorded findings


@dataclass(frozen=True)
class Findings:
    """What is known about the checkpoint.

    Attributes:
        from_file: True: read from a file now; False: as recorded.
        file, sha256: name and digest of the index file.
        variables: number of variables.
        parameters: role -> number of trained parameters.
        means: (number of tensors of moving means, number of those that are all 0).
        variances: (number of tensors of moving variances, number of those that are all 1).
        coefficients: (a, c) of each unit, in order.
        steps: of the optimizer; None if the checkpoint has no such variable.
        training_switch: value of `is_training`; None if the checkpoint has no such variable.
    """

    from_file: bool
    file: str
    sha256: str
    variables: int
    parameters: Mapping[str, int]
    means: tuple[int, int]
    variances: tuple[int, int]
    coefficients: tuple[tuple[float, float], ...]
    steps: int | None
    training_switch: bool | None


def recorded(facts: Mapping) -> Findings:
    """The findings recorded in facts.yaml."""
    own = facts["checkpoint"]
    return Findings(
        from_file=False,
        file=own["file"],
        sha256=own["sha256"],
        variables=own["variables"],
        parameters=own["parameters"],
        means=tuple(own["means"].values()),
        variances=tuple(own["variances"].values()),
        coefficients=tuple(struct.unpack("<2f", struct.pack("<2f", *pair)) for pair in own["coefficients"]),  # to float32
        steps=own["steps"],
        training_switch=own["training_switch"],
    )


def find_index(path: Path) -> Path:
    """`path` itself; if it is a folder, the only *.index file below it. BadInput if there is none or several."""
    if not path.exists():
        raise BadInput(path, "nothing", "a clone of the authors' repository, or the index file of a checkpoint")
    if not path.is_dir():
        return path
    found = sorted(path.rglob("*.index"))
    if len(found) != 1:
        names = ", ".join(each.relative_to(path).as_posix() for each in found[:5])
        raise BadInput(path, f"{len(found)} *.index files {names}".strip(), "one below it, or its own path")
    return found[0]


def read_findings(path: Path, network: Network) -> Findings:
    """Compare the index file `path` with the layers of `network`, and derive values from its checksums.

    The checksum of a tensor of zeros or ones could equal another tensor's by chance with probability 2^-32. From the
    checksum of a single four-byte value, the value can be computed exactly.

    Raises:
        BadInput: as `read_index`; also a checkpoint of another network: a trained variable that is missing, has another
            type or shape, or has no Adam slots (so it was not trained).
    """
    entries = read_index(path)
    counts = dict.fromkeys(ROLES, 0)
    for name, variable in variables(network).items():
        entry = expected_entry(path, entries, name, variable.shape)
        expected_entry(path, entries, f"{name}/Adam", variable.shape)
        counts[variable.role] += entry.size // 4
    coefficients = []
    for unit in units(network):
        scope = f"{unit.scope}/{numbered('shortcut_mod', unit.place)}"
        coefficients.append(tuple(_four(entries[f"{scope}/{scalar}"], "<f") for scalar in "ac"))
    steps, switch = entries.get("optimizer/Variable"), entries.get("is_training")
    return Findings(
        from_file=True,
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        variables=len(entries),
        parameters=counts,
        means=_constant(path, entries, network, "moving_mean", 0.0),
        variances=_constant(path, entries, network, "moving_variance", 1.0),
        coefficients=tuple(coefficients),
        steps=_four(steps, "<i") if steps and steps.dtype == INT32 and steps.size == 4 else None,
        training_switch=_switch(switch) if switch and switch.dtype == BOOL and switch.size == 1 else None,
    )


def differences(found: Findings, known: Findings) -> list[str]:
    """The differences between the findings in the file and the recorded ones; empty if they agree."""
    lines = []
    for field in ("variables", "parameters", "means", "variances", "steps", "training_switch"):
        if getattr(found, field) != getattr(known, field):
            lines.append(f"{field.replace('_', ' ')}: {getattr(found, field)}, recorded {getattr(known, field)}")
    pairs = zip(found.coefficients, known.coefficients, strict=True)
    moved = [number for number, (own, other) in enumerate(pairs, 1) if own != other]
    return lines + ([f"shortcut scalars of units {', '.join(map(str, moved))}"] if moved else [])


def expected_entry(path: Path, entries: Mapping[str, Entry], name: str, shape: tuple[int, ...]) -> Entry:
    """The entry of the float32 variable `name` with the given shape. BadInput if the index file `path` does not have it, or
    with another type or shape."""
    entry = entries.get(name)
    if entry is None or entry.dtype != FLOAT or entry.shape != shape:
        found = "no such variable" if entry is None else f"shape {entry.shape} of type {entry.dtype}"
        raise BadInput(f"{path}, {name}", found, f"shape {shape} of type {FLOAT} (float32), as in BReG-NeXt-50")
    return entry


def _four(entry: Entry, layout: str) -> float:
    return struct.unpack(layout, four_bytes(entry.crc))[0]


def _switch(entry: Entry) -> bool | None:
    return {crc32c(b"\0"): False, crc32c(b"\1"): True}.get(entry.crc)


def _constant(path: Path, entries: Mapping[str, Entry], network: Network, kind: str, value: float) -> tuple[int, int]:
    """(number of tensors `kind`, one per BatchNorm; number of those whose elements are all `value`)."""
    scopes = [(name.removesuffix("gamma"), v.shape) for name, v in variables(network).items() if name.endswith("/gamma")]
    checksums = {shape: crc32c(struct.pack("<f", value) * shape[0]) for _, shape in scopes}
    agree = [expected_entry(path, entries, scope + kind, shape).crc == checksums[shape] for scope, shape in scopes]
    return len(agree), sum(agree)
