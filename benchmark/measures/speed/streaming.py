"""Measures whether training on a FaceSet larger than memory is as fast as on one held in memory.

Called as `python -m benchmark.measures.speed.streaming`. It makes a FaceSet of noise that is larger than the address space
of a limited process (`ulimit -v`), and prints

* how fast that process trains on it and how much memory it uses, and that it can not hold the pictures in memory;
* the speed with streamed pictures compared to pictures held in memory. Blocks of steps of both kinds alternate in one
  process without a limit, so that other load of the machine affects both. The speed is given in wall-clock time and in
  processor time of all threads, which is less disturbed on a busy machine. Before, the file's pages are dropped from the
  page cache, if the system allows it.
"""

import argparse
import dataclasses
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmark.faces.faceset import open_faceset, write_faceset
from benchmark.protocol.cells import Run, find_cell
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.memory import LIMIT, peak_memory
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.trainer import Trainer

CPU = torch.device("cpu")
HELD_OUT = 0.01  # fraction of faces in the validation split, and in the test split
BLOCK = 10  # steps per block


def bench_protocol(size: int) -> Protocol:
    """The protocol fer2013-7-quick with the FaceSet of `write_noise` and the input size `size`."""
    splits = {role: role for role in ("train", "validation", "test")}
    given = {"data": "noise", "data_version": "1.0", "splits": splits, "input_size": size}
    return dataclasses.replace(load_protocol("fer2013-7-quick"), **given)


def write_noise(folder: Path, side: int, total: int) -> Path:
    """Write a FaceSet of random colour pictures, side x side pixels, with at least `total` bytes. Returns its directory."""
    n = max(1000, -(-total // (3 * side**2)))
    rng, held = np.random.default_rng(0), int(n * HELD_OUT)
    images = np.lib.format.open_memmap(folder / "noise.npy", "w+", np.uint8, (n, side, side, 3))
    for start in range(0, n, 1000):
        part = images[start : start + 1000]
        part[:] = np.frombuffer(rng.bytes(part.size), np.uint8).reshape(part.shape)
    classes = load_protocol("fer2013-7-quick").classes
    faces = write_faceset(
        folder / "noise",
        images,
        name="noise",
        version="1.0",
        classes=classes,
        id=[f"noise-{k}" for k in range(n)],
        split=["validation" if k < held else "test" if k < 2 * held else "train" for k in range(n)],
        expression=np.arange(n) % len(classes),
    )
    del images
    (folder / "noise.npy").unlink()
    return faces.directory


def limited(directory: Path, run: Run, room: int, steps: int) -> dict:
    """Train some steps and evaluate once, with the address space limited to what the process has now plus `room` bytes.

    Returns:
        {limit (bytes), streamed, load_seconds (opening, resizing, pixel statistics), images_per_second (of the steps),
        peak_bytes (resident)}; if memory was not enough, {limit, failed: the error's first line}.
    """
    limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    start = time.perf_counter()
    try:
        faces = open_faceset(directory)
        splits = load_splits(faces, run.protocol, CPU)
        trainer = Trainer(run, faces, CPU, splits)
        loaded = time.perf_counter()
        seconds, _ = _steps(trainer, trainer.order(), steps)
        predict(trainer.model, splits["validation"], trainer.prepare, categorical=True)
    except (MemoryError, RuntimeError) as error:
        return {"limit": limit, "failed": f"{type(error).__name__}: {error}".splitlines()[0]}
    return {
        "limit": limit,
        "streamed": not isinstance(splits["train"].pictures, torch.Tensor),
        "load_seconds": loaded - start,
        "images_per_second": steps * trainer.batch / seconds,
        "peak_bytes": peak_memory(torch.device("cpu")),
    }


def compare(directory: Path, run: Run, rounds: int) -> dict:
    """Images per second, resident and streamed, and the median of their ratio over rounds. A round is one block of each
    kind."""
    recipe = dataclasses.replace(run.protocol.recipe, input_mean=(0.5,) * 3, input_deviation=(0.25,) * 3)
    run = dataclasses.replace(run, protocol=dataclasses.replace(run.protocol, recipe=recipe))
    faces, trainers = open_faceset(directory), {}
    for kind, limit in (("streamed", "0"), ("resident", str(sys.maxsize))):
        os.environ[LIMIT] = limit
        trainers[kind] = Trainer(run, faces, CPU, load_splits(faces, run.protocol, CPU))
    for file in (directory / "images.npy", *(directory.parent / ".resized").glob("*.npy")):
        _forget(file)
    order = trainers["resident"].order()
    for trainer in trainers.values():
        _steps(trainer, order, BLOCK)  # warm-up
    blocks: dict[str, list[tuple[float, float]]] = {kind: [] for kind in trainers}
    for number in range(rounds):
        for kind in sorted(trainers, reverse=number % 2 == 1):
            blocks[kind].append(_steps(trainers[kind], order, BLOCK))
    clock, processor = (
        [resident[k] / streamed[k] for streamed, resident in zip(blocks["streamed"], blocks["resident"], strict=True)]
        for k in range(2)
    )
    images = BLOCK * trainers["resident"].batch
    return {kind: images / statistics.median(seconds for seconds, _ in each) for kind, each in blocks.items()} | {
        "ratio": statistics.median(clock),
        "quartiles": statistics.quantiles(clock, n=4)[::2],
        "processor_ratio": statistics.median(processor),
    }


def _steps(trainer: Trainer, order: torch.Tensor, steps: int) -> tuple[float, float]:
    """Seconds for a number of training steps: (wall-clock time, processor time)."""
    start, used = time.perf_counter(), time.process_time()
    for _ in range(steps):
        trainer.train_step(order)
    return time.perf_counter() - start, time.process_time() - used


def _forget(path: Path) -> None:
    """Drop a file's pages from the page cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _in_limited_process(directory: Path, arguments: argparse.Namespace, room: int, **environment: str) -> dict:
    command = [sys.executable, "-m", "benchmark.measures.speed.streaming", "--limited", str(directory), "--room", str(room)]
    for name in ("cell", "size", "steps"):
        command += [f"--{name}", str(getattr(arguments, name))]
    out = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if out.returncode:
        return {"failed": (out.stderr.strip().splitlines() or [f"exit status {out.returncode}"])[-1]}
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cell", default="narrow16-12-adaptive-working-plain")
    parser.add_argument("--size", type=int, default=48, help="the network's input (default 48)")
    parser.add_argument("--side", type=int, default=48, help="the FaceSet's pictures (default 48)")
    parser.add_argument("--room", type=int, default=1536, help="MiB of address space above those of an idle process")
    parser.add_argument("--steps", type=int, default=100, help="of the limited process")
    parser.add_argument("--rounds", type=int, default=20, help=f"blocks of {BLOCK} steps of either kind")
    parser.add_argument("--folder", type=Path, help="where the FaceSet is made and removed (default: a temporary folder)")
    parser.add_argument("--limited", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run = Run(bench_protocol(arguments.size), find_cell(arguments.cell), 0)
    if arguments.limited:
        print(json.dumps(limited(arguments.limited, run, arguments.room * 2**20, arguments.steps)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        small = write_noise(Path(folder), arguments.side, 0)
        limit = _in_limited_process(small, arguments, arguments.room)["limit"]
        faces = open_faceset(write_noise(Path(folder), arguments.side, limit + limit // 20))
        held = len(faces) * faces.pictures.row_bytes
        print(f"{len(faces)} pictures of {arguments.side}x{arguments.side}, {held / 2**20:.0f} MiB; {run}")
        _forget(faces.pictures.path)
        found = _in_limited_process(faces.directory, arguments, arguments.room)
        print(f"limited to {found['limit'] / 2**20:.0f} MiB of address space, {arguments.room} above an idle process:")
        if "failed" in found:
            print(f"  failed: {found['failed']}")
        else:
            where = "streamed" if found["streamed"] else "held in memory"
            speed, peak = f"{found['images_per_second']:.0f} images/s", f"{found['peak_bytes'] / 2**20:.0f} MiB resident"
            print(f"  {where}, {speed}, at most {peak}, begun after {found['load_seconds']:.0f} s")
        forced = _in_limited_process(faces.directory, arguments, arguments.room, **{LIMIT: str(sys.maxsize)})
        print(f"  held in memory there: {forced.get('failed', 'works, so the limit shows nothing')}")
        found = compare(faces.directory, run, arguments.rounds)
        low, high = found["quartiles"]
        print(f"without a limit: streamed {found['streamed']:.0f} images/s, resident {found['resident']:.0f} images/s")
        print(f"ratio {found['ratio']:.3f} (quartiles of {arguments.rounds} rounds {low:.3f} to {high:.3f})", end="")
        print(f", by processor time {found['processor_ratio']:.3f}")


if __name__ == "__main__":
    main()
