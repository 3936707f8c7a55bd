"""The built-in data set "synthetic": drawn faces whose expressions are made of facial action units (FACS).

Nothing is read: people, shots, units and labels are random, from one seed. `action_units` defines the expressions, valence
and arousal; `identity` the parameters of people and shots; `labels` the labels; `drawing` and the modules that it imports
make the pixels.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.faces.readers.synthetic.action_units import CLASSES, MIXTURES, RATER_SD, sample_units, valence_arousal
from benchmark.faces.readers.synthetic.drawing import draw
from benchmark.faces.readers.synthetic.identity import sample_person, sample_shot
from benchmark.faces.readers.synthetic.labels import MISTAKES, SPLITS, add_mistakes, quotas, split_people
from benchmark.room import check_room
from benchmark.workers import Workers

NAME = "synthetic"
VERSION = "1.0"
RAW: tuple[str, ...] = ()  # generated: needs no files
"""`VERSION` must be increased with every change that alters a byte of the pictures or labels."""
DEFAULTS = {"faces": 6000, "size": 64, "seed": 1}

FACES_A_PERSON = 6
SMALLEST = 120
"""Smallest number of faces with which each split has a face of every class."""
_CHUNK = 120  # faces per task of the worker pool
_BATCH = 4  # faces drawn together; so few that they fit into the processor's cache
_PEOPLE, _FACES, _LABELS = range(3)  # random streams
Task = tuple[int, int, NDArray[np.int64], NDArray[np.int64], int]  # seed, first face, persons, shown classes, size
Drawn = tuple[int, NDArray[np.uint8], NDArray[np.float64]]  # first face, pictures, rated valence and arousal (n, 2)


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def plan(faces: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.int64], NDArray[np.int64]]:
    """Decide person, split, class and label of every face before anything is drawn.

    Returns:
        person (int64), split (str), shown class (int64), given label (int64); each (faces,). The shown class is the class
        with which the face is drawn. The label differs from it where a rater made a mistake.
    """
    person = np.arange(faces) // FACES_A_PERSON
    split = split_people(person[-1] + 1)[person]
    shown, given = np.empty(faces, np.int64), np.empty(faces, np.int64)
    for index, name in enumerate(SPLITS):
        rng = _stream(seed, _LABELS, index)
        rows = np.flatnonzero(split == name)
        shown[rows] = rng.permutation(np.repeat(np.arange(len(CLASSES)), quotas(len(rows))))
        given[rows] = add_mistakes(rng, shown[rows])
    return person, split, shown, given


def _draw_chunk(task: Task) -> Drawn:
    """Draw one chunk of faces, from the face with the number `first` on."""
    seed, first, person, shown, size = task
    pictures, affect = np.empty((len(shown), size, size, 3), np.uint8), np.empty((len(shown), 2))
    for start in range(0, len(shown), _BATCH):
        rows = range(start, min(start + _BATCH, len(shown)))
        people, shots, units, noise = [], [], [], []
        for row in rows:
            rng = _stream(seed, _FACES, first + row)
            people.append(sample_person(_stream(seed, _PEOPLE, int(person[row]))))
            shots.append(sample_shot(rng))
            units.append(sample_units(rng, CLASSES[shown[row]]))
            # Sums of 12 uniform numbers (variance 1) replace normal ones: they have the same bits on every machine.
            rating = rng.random((12, 2)).sum(axis=0) - 6
            affect[row] = np.clip(valence_arousal(units[-1]) + RATER_SD * rating, -1, 1)
            grain = rng.random((3, size, size, 3), dtype=np.float32)
            noise.append((grain[0] + grain[1] + grain[2] - np.float32(1.5)) * np.float32(2))
        pictures[rows.start : rows.stop] = draw(people, shots, np.stack(units), size, np.stack(noise))
    return first, pictures, affect


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare(
    directory: Path,
    *,
    raw: Path = Path("data/raw"),
    faces: int = DEFAULTS["faces"],
    size: int = DEFAULTS["size"],
    seed: int = DEFAULTS["seed"],
    jobs: int | None = None,
) -> FaceSet:
    """Draw the data set and write it as a FaceSet.

    Args:
        directory: where the FaceSet is written; replaced if it exists.
        raw: ignored, since nothing is read (every reader has this argument).
        faces: number of pictures, at least `SMALLEST`; each person has `FACES_A_PERSON` of them.
        size: side of the pictures in pixels, at least 16.
        seed: at least 0. Equal faces, size and seed give equal bytes, whatever `jobs` is.
        jobs: worker processes; None: as many as this process may use processors. More than one are new
            interpreters (`benchmark.workers`), so a script that calls this needs the usual ``__main__`` guard.

    Returns:
        The FaceSet: uint8 RGB pictures (faces, size, size, 3). The splits train, validation and test have 70, 10 and 20 % of
        the people. Every face has an expression (AffectNet's class order and proportions, with the label noise of
        `labels.MISTAKES`), valence and arousal (`action_units.valence_arousal` plus rater noise, clipped to [-1, 1]), and
        its person as group.

    Raises:
        BadInput: an argument out of range; nothing is written then.
        SystemSaysNo: too little room on the disk, before anything is drawn.
    """
    for name, value, least in (("faces", faces, SMALLEST), ("size", size, 16), ("seed", seed, 0), ("jobs", jobs or 1, 1)):
        if value < least:
            raise BadInput(f"synthetic, {name}", value, f"at least {least}")
    check_room(directory, faces * size * size * 3, f"{faces} pictures of {size} x {size}")
    jobs = jobs or _processors()
    person, split, shown, given = plan(faces, seed)
    tasks = [(seed, at, person[at : at + _CHUNK], shown[at : at + _CHUNK], size) for at in range(0, faces, _CHUNK)]
    pictures, affect = np.empty((faces, size, size, 3), np.uint8), np.empty((faces, 2))

    def collect(results: Iterable[Drawn]) -> None:
        with tqdm(total=faces, unit="face", desc="synthetic", file=sys.stderr, disable=None) as bar:
            for first, drawn, rated in results:
                pictures[first : first + len(drawn)], affect[first : first + len(drawn)] = drawn, rated
                bar.update(len(drawn))

    if jobs == 1:
        collect(map(_draw_chunk, tasks))
    else:
        with Workers(min(jobs, len(tasks))) as pool:
            collect(pool.ended(_draw_chunk, tasks))

    return write_faceset(
        directory,
        pictures,
        name=NAME,
        version=VERSION,
        classes=CLASSES,
        id=[f"face{row:06d}" for row in range(faces)],
        split=split,
        expression=given,
        valence=affect[:, 0],
        arousal=affect[:, 1],
        group=[f"person{number:05d}" for number in person],
        how={
            "generator": "synthetic",
            "options": {"faces": faces, "size": size, "seed": seed},
            "numpy": np.__version__,
            "faces_a_person": FACES_A_PERSON,
            "label_noise": round(float(np.mean(shown != given)), 6),
            "label_noise_pairs": {f"{a}/{b}": share for (a, b), share in MISTAKES.items()},
            "rater_sd": dict(zip(("valence", "arousal"), RATER_SD, strict=True)),
            "action_units": {name: [variant.source for variant in variants] for name, variants in MIXTURES.items()},
        },
    )
