"""Whether `benchmark.outside.probes` warns of right declarations of this project's networks, and how long it takes.

    ferbench prepare synthetic; ferbench prepare diffusionfer
    python tests/trials/probes_trial.py data/prepared

trains small networks, stops each after some of its steps, and probes it on faces that it did not see."""

import sys
import time
from pathlib import Path

import torch
from networks_for_doubts import trained
from torch import nn

from benchmark.faces.faceset import open_faceset
from benchmark.outside import probes
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.protocol.protocol import load_protocol
from benchmark.runs.training.crossvalidation import fold_faces, fold_protocol
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import load_splits


def main(prepared: Path) -> None:
    cpu, probed, alarms = torch.device("cpu"), 0, 0
    spent = [0.0, 0.0]
    for name in ("synthetic-8", "diffusionfer-7-quick", "synthetic-va", "diffusionfer-va-quick"):
        protocol = load_protocol(name)
        faces = open_faceset(prepared / protocol.data)
        own = (fold_protocol(protocol, 0), fold_faces(faces, protocol, 0)) if protocol.folds else (protocol, faces)
        splits = load_splits(own[1], own[0], cpu)
        some = splits["test"]
        for seed, weighted in ((0, False), (1, False), (2, bool(protocol.classes))):
            targets = splits["train"].targets
            for step, net in trained(splits["train"].pictures, targets, seed, len(protocol.classes) or 2, weighted):
                declared = Preprocessing(mean=(0.5,), deviation=(0.5,)).filled(protocol)
                model = Scores(nn.Sequential(net), declared, protocol, "net")
                known = predict(model, some, Input(declared), categorical=bool(protocol.classes))
                for at, given in enumerate((known, None)):
                    start = time.perf_counter()
                    found, warnings = probes.probe(model, some, declared, protocol, given)
                    spent[at] += time.perf_counter() - start
                probed, alarms = probed + 1, alarms + bool(warnings)
                if warnings:
                    print(name, seed, step, *warnings, sep="\n  ")
    print(
        f"{probed} right declarations, {alarms} with a warning; {spent[0]:.0f} s with outputs known, {spent[1]:.0f} s else"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
