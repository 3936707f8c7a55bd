"""`python -m benchmark.photographs.carrying RUNS` puts the chosen networks into the package: their weights as safetensors,
and what is known of them as YAML. The rule of the choice is in docs/reference/rules.md ("The carried network")."""

import argparse
import hashlib
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import save

from benchmark.errors import BadInput
from benchmark.files import Json, replacing_file, write_text
from benchmark.photographs.carried import FOLDER, KINDS, joined
from benchmark.photographs.choosing import CANDIDATES, Candidate, candidates
from benchmark.photographs.runs import parts_of, weight_files
from benchmark.records import seal
from benchmark.records.comparisons import metrics_of
from benchmark.records.face_intervals import interval_of
from benchmark.records.metrics import PRIMARY
from benchmark.records.record import Record, read_record
from benchmark.records.sameness import DIFFERENT, compare

NOTE = "# Written by `python -m benchmark.photographs.carrying`. docs/reference/carried.md shows it.\n"


def carry(kind: str, runs: Path, records: Path, out: Path, sources: Mapping[str, tuple[str, str]] = CANDIDATES) -> str:
    """Choose the network of a kind and write its two files. Returns a line that says what was chosen.

    Args:
        kind: "expression" or "affect".
        runs: folder of runs with the weights of the chosen one, at <protocol>/<cell>/seed<k>.
        records: folder of the records that decide.
        out: folder to write to.
        sources: as `benchmark.photographs.choosing.CANDIDATES`.

    Raises:
        BadInput: no candidate; no run of the chosen one; one with another result than the record (one that is the same, but
            not bit-identical, is told in the file).
    """
    every = candidates(kind, records, sources)
    chosen = every[0]
    run = read_record(runs / chosen.run.place)
    found = compare(run, chosen.record)
    equal = run["predictions_sha256"] == chosen.record["predictions_sha256"]
    if not equal and found.outcome == DIFFERENT:
        raise BadInput(run.directory, found.told, f"the run of {chosen.record.directory}")
    contents = save(joined([_state(run, name) for name in weight_files(run)]))
    known = described(every, records, run) | {
        "weights": {"file": f"{kind}.safetensors", "bytes": len(contents), "sha256": hashlib.sha256(contents).hexdigest()}
    }
    with replacing_file(out / f"{kind}.safetensors") as temporary:
        temporary.write_bytes(contents)
    write_text(out / f"{kind}.yaml", NOTE + yaml.safe_dump(known, sort_keys=False, width=120, allow_unicode=True))
    same = "bit-identical to the record" if equal else found.told
    return f"{kind}: {chosen.run}, {chosen.metric} {chosen.validation:.4f} on validation; {len(contents):,} bytes; {same}"


def described(every: Sequence[Candidate], records: Path, run: Record) -> dict[str, Json]:
    """What the file says of the chosen network, without its weights.

    Args:
        every: as of `candidates`.
        records: folder in which they are.
        run: the run whose weights are carried: that of the record, or one made again.
    """
    chosen, record = every[0], every[0].record
    parts = parts_of(record)
    return {
        "protocol": chosen.run.protocol.name,
        "protocol_hash": record["protocol_hash"],
        "cell": record["cell"],
        "cell_hash": record["cell_hash"],
        "seed": record.seed,
        "classes": list(record["classes"]),
        "data": dict(record["data"]),
        "parameters": record["parameters"],
        "epochs": [part["selected_epoch"] for part in parts],
        "input": [dict(part["input"]) for part in parts],
        "record": record.directory.relative_to(records).as_posix(),
        "predictions_sha256": record["predictions_sha256"],
        "implementation": record["environment"].get("implementation", "torch"),
        "made": again(run, record),
        "metric": chosen.metric,
        "candidates": [each.as_dict() for each in every],
        "scores": scores(record),
    }


def again(run: Record, record: Record) -> dict[str, Json]:
    """Whether the weights are those of the record, and if not, how far the answers are from it."""
    pairs = [(run.predictions[name], array) for name, array in record.predictions.items() if "_outputs_" in name]
    largest = max(float(np.abs(one.astype(np.float64) - other).max()) for one, other in pairs)
    return {"predictions_sha256": run["predictions_sha256"], "largest_difference": largest}


def scores(record: Record) -> dict[str, Json]:
    """The scores of the record, for the model card: the metric with its interval over the test faces, and each class."""
    metric = PRIMARY[record["protocol"]["task"]]
    found: dict[str, Json] = {}
    for split in ("validation", "test"):
        every = metrics_of(record, split)
        keys = ("n", metric, "balanced_accuracy", "ccc_valence", "ccc_arousal", "support", "recall")
        found[split] = {key: every[key] for key in keys if key in every}
    ends = interval_of(record, metric)
    found["test"]["interval"] = [None if end is None else float(end) for end in (ends.low, ends.high)]
    return found


def _state(run: Record, name: str) -> dict[str, torch.Tensor]:
    contents = seal.weights(run.directory, name)
    state: dict[str, torch.Tensor] = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
    return state


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status."""
    one = argparse.ArgumentParser(prog="python -m benchmark.photographs.carrying", description=__doc__)
    one.add_argument("runs", type=Path, help="folder of runs with their weights")
    one.add_argument("--records", type=Path, default=Path("reports/records"), help="default: %(default)s")
    one.add_argument("--only", choices=KINDS, help="default: both")
    one.add_argument("--out", type=Path, default=FOLDER, help="default: the package's folder")
    arguments = one.parse_args(argv)
    try:
        for kind in [arguments.only] if arguments.only else KINDS:
            print(carry(kind, arguments.runs, arguments.records, arguments.out))
    except BadInput as error:
        print(f"carrying: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
