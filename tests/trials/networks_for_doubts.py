"""Trains small networks, from a few steps to as far as they go, and predicts with them faces like and unlike those that
they learned from: right declarations of good, bad, biased and misled models. `benchmark.records.doubts` must not doubt them.

    ferbench prepare synthetic; ferbench prepare diffusionfer
    python tests/trials/networks_for_doubts.py data/prepared OUT

writes OUT/*.npz: targets, outputs and where they come from, some minutes on two cores. `doubts_trial.py` judges them."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.faces.readers.synthetic.reader import prepare
from benchmark.protocol.building import create
from benchmark.runs.training.resampling import resized

STEPS = (3, 10, 30, 100, 300)
OPTIONS = {"units": [1, 1, 1, 1, 1], "widths": [8, 16, 32], "shortcut": "identity", "normalisation": "working"}
SPOILT = {  # what is done to pictures in [0, 1] that the network did not learn from
    "as they are": lambda x: x,
    "negative": lambda x: 1 - x,
    "upside down": lambda x: x.flip(2),
    "BGR": lambda x: x.flip(1),
    "0..255": lambda x: 255 * x,
    "dark": lambda x: x * 0.2,
    "blurred": lambda x: functional.interpolate(functional.avg_pool2d(x, 4), scale_factor=4),
}


def faces_of(faces: FaceSet) -> tuple[Tensor, Tensor, Tensor, np.ndarray]:
    """Pictures uint8 (N, 3, 32, 32), expression, valence and arousal, split."""
    affect = np.stack([faces.valence, faces.arousal], 1)
    pictures = resized(faces.pictures, np.arange(len(faces)), 32, 3)
    return pictures, torch.from_numpy(faces.expression), torch.from_numpy(affect), faces.split


def trained(
    pictures: Tensor, targets: Tensor, seed: int, outputs: int, weighted: bool
) -> "list[tuple[int, nn.Module]]":  # (steps, network), one at a time
    torch.manual_seed(seed)
    name = ("residual", OPTIONS) if seed % 2 == 0 else ("mini-xception", {})
    net = create(name[0], num_outputs=outputs, in_channels=3, input_size=32, **name[1])
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    weights = 1 / torch.bincount(targets, minlength=outputs).clamp_min(1) if weighted else None
    for step in range(1, max(STEPS) + 1):
        rows = torch.randint(len(pictures), (64,))
        found = net.train()(pictures[rows].float() / 127.5 - 1)
        loss = (
            functional.mse_loss(found, targets[rows])
            if targets.ndim == 2
            else functional.cross_entropy(found, targets[rows], weights)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step in STEPS:
            yield step, net.eval()


@torch.inference_mode()
def predicted(net: nn.Module, pictures: Tensor, spoil) -> np.ndarray:
    return torch.cat([net(2 * spoil(part.float() / 255) - 1) for part in pictures.split(500)]).numpy()


def main(prepared: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    drawn = faces_of(open_faceset(prepared / "synthetic"))
    if not (out / "other").exists():
        prepare(out / "other", faces=6000, size=32, seed=11, jobs=2)
    unseen = faces_of(open_faceset(out / "other"))
    painted = faces_of(open_faceset(prepared / "diffusionfer"))
    own = {  # the network's data, its faces for training, and faces of the same kind that it did not see
        "synthetic": (tuple(x[drawn[3] == "train"] for x in drawn[:3]), unseen),
        "diffusionfer": (
            tuple(x[painted[3] != "fold0"] for x in painted[:3]),
            tuple(x[painted[3] == "fold0"] for x in painted[:3]),
        ),
    }
    foreign = {"synthetic": painted, "diffusionfer": tuple(x[:3000] for x in unseen[:3])}
    for seed in range(3):
        for data, (train, same) in own.items():
            for kind in ("plain", "weighted", "affect"):
                affect, classes = kind == "affect", 8 if data == "synthetic" else 7
                targets = train[2] if affect else train[1]
                for step, net in trained(train[0], targets, seed, 2 if affect else classes, kind == "weighted"):
                    for where, faces in (("same", same), ("foreign", foreign[data])):
                        for spoilt, spoil in SPOILT.items():
                            if spoilt != "as they are" and step not in (30, 300):
                                continue
                            kept = faces[1] < 7 if where == "foreign" else faces[1] < classes
                            few = 1500 if spoilt != "as they are" else 6000
                            rows = torch.nonzero(kept).flatten()[:few]
                            found = predicted(net, faces[0][rows], spoil)
                            found = found if affect else found[:, : 7 if where == "foreign" else classes]
                            name = f"{data}-{kind}-{seed}-{step}-{where}-{spoilt.replace(' ', '_').replace('.', '')}"
                            np.savez(out / f"{name}.npz", targets=faces[2 if affect else 1][rows].numpy(), outputs=found)
                print(data, kind, seed, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
