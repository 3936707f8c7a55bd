"""Faces written in every layout of AffectNet, from DiffusionFER where FER_DATA has it and drawn elsewhere."""

import csv
import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 32
LANDMARKS = ";".join(["12.5;7.25"] * 68)
HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"


@dataclass
class Faces:
    """pictures uint8 (N, SIDE, SIDE, 3); code 0..7; valence, arousal thousandths in [-1, 1], NaN for none; the first
    `training` rows are the training set's."""

    pictures: np.ndarray
    code: list[int]
    valence: list[float]
    arousal: list[float]
    training: int

    def parts(self):
        """(part, number within it from 0, row)."""
        for row in range(len(self.code)):
            yield ("train", row, row) if row < self.training else ("val", row - self.training, row)


def some_faces(n: int = 60, training: int = 45, *, drawn: bool = False) -> Faces:
    draws = np.random.default_rng(3)
    archive = Path(os.environ.get("FER_DATA", "/nowhere")) / "diffusionfer" / "diffusionfer_112_webp.zip"
    if archive.is_file() and not drawn:
        with zipfile.ZipFile(archive) as members:
            names = [name for name in sorted(members.namelist()) if name.endswith(".webp")][:: 1200 // n][:n]
            opened = [Image.open(io.BytesIO(members.read(name))).convert("RGB").resize((SIDE, SIDE)) for name in names]
        pictures = np.stack([np.asarray(image) for image in opened])
    else:
        pictures = draws.integers(0, 256, (n, SIDE, SIDE, 3)).astype(np.uint8)
    affect = draws.integers(-1000, 1001, (2, n)) / 1000
    affect[:, 2] = np.nan
    affect[:, 4] = (1, -1)
    return Faces(pictures, (np.arange(n) % 8).tolist(), affect[0].tolist(), affect[1].tolist(), training)


def value(number: float) -> float:
    return -2 if np.isnan(number) else number


def write_lists(
    folder: Path,
    faces: Faces,
    *,
    header: bool = True,
    images: str = "Manually_Annotated_Images",
    tables_in: str = "Manually_Annotated_file_lists",
) -> Path:
    """2017: pictures 3 columns and 5 rows away from the corner of a larger one, odd endings; three faces of no class."""
    tables = {"train": [], "val": []}
    for part, _, row in faces.parts():
        name = f"{row % 7}/{row:08x}{('.png', '.PNG', '.bmp', '.BMP', '.tif')[row % 5]}"
        canvas = np.random.default_rng(row).integers(0, 256, (SIDE + 9, SIDE + 8, 3)).astype(np.uint8)
        canvas[5 : 5 + SIDE, 3 : 3 + SIDE] = faces.pictures[row]
        path = folder / images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(canvas).save(path)
        affect = value(faces.valence[row]), value(faces.arousal[row])
        tables[part].append([name, 3, 5, SIDE, SIDE, LANDMARKS, faces.code[row], *affect])
    for code in (8, 9, 10):
        tables["train"].append([f"9/{code}.jpg", "NULL", "NULL", "NULL", "NULL", "", code, -2, -2])
    (folder / tables_in).mkdir(parents=True, exist_ok=True)
    for part, name in (("train", "training.csv"), ("val", "validation.csv")):
        with open(folder / tables_in / name, "w", newline="") as stream:
            if header or part == "train":
                stream.write(HEADER + "\n")
            csv.writer(stream).writerows(tables[part])
    return folder


def write_npy(folder: Path, faces: Faces, *, text: bool) -> Path:
    """2021: 0-d arrays, of string type or numbers; numbers start anew in val_set."""
    for part, number, row in faces.parts():
        place = folder / f"{part}_set"
        (place / "images").mkdir(parents=True, exist_ok=True)
        (place / "annotations").mkdir(exist_ok=True)
        Image.fromarray(faces.pictures[row]).save(place / "images" / f"{number}.png")
        contents = {"exp": faces.code[row], "val": value(faces.valence[row]), "aro": value(faces.arousal[row])}
        for name, number_ in contents.items():
            np.save(place / "annotations" / f"{number}_{name}.npy", np.array(str(number_) if text else number_))
        np.save(place / "annotations" / f"{number}_lnd.npy", np.zeros(136))
    return folder


def write_named(folder: Path, faces: Faces) -> Path:
    """Labels in the names, valence and arousal in thousandths."""
    for part, number, row in faces.parts():
        place = folder / f"{part}_set" / "images"
        place.mkdir(parents=True, exist_ok=True)
        affect = [round(1000 * value(v)) for v in (faces.valence[row], faces.arousal[row])]
        Image.fromarray(faces.pictures[row]).save(place / f"{number:07d}s{faces.code[row]}s{affect[0]}s{affect[1]}.png")
    return folder


def write_json(folder: Path, faces: Faces, *, nested: bool) -> Path:
    """AffectNet+ in two spellings."""
    for part, number, row in faces.parts():
        place = folder / f"{part}_set"
        for name in ("images", "annotations"):
            (place / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(faces.pictures[row]).save(place / "images" / f"{number}.png")
        affect = {"Valence": value(faces.valence[row]), "Arousal": value(faces.arousal[row])}
        contents = (
            {"Human-Label": faces.code[row], "Metadata": affect} if nested else {"human_label": faces.code[row], **affect}
        )
        (place / "annotations" / f"{number}.json").write_text(json.dumps(contents))
    return folder


def write_table(folder: Path, faces: Faces) -> Path:
    """2021, with one csv a part in place of the npy files."""
    lines = {"train": [], "val": []}
    for part, number, row in faces.parts():
        place = folder / f"{part}_set" / "images"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(faces.pictures[row]).save(place / f"{number}.png")
        lines[part].append(f"{number},{faces.code[row]},{value(faces.valence[row])},{value(faces.arousal[row])}\n")
    for part, own in lines.items():
        text = "number,expression,valence,arousal\n" + "".join(own)
        (folder / f"{part}_set_annotation_without_lnd.csv").write_text(text)
    return folder


def write_plus(folder: Path, faces: Faces, *, unlabelled: int = 4, **meta) -> Path:
    """AffectNet+ as released: `meta` goes into the meta-data of every face; pictures without human labels beside."""
    for part, number, row in faces.parts():
        place = folder / "AffectNet+" / "human_annotated" / {"train": "train_set", "val": "validation_set"}[part]
        for name in ("images", "annotations"):
            (place / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(faces.pictures[row]).save(place / "images" / f"{number}.png")
        contents = {
            "human-label": faces.code[row],
            "soft-label": [0.125] * 8,
            "subset": row % 3,
            "meta-data": {
                **meta,
                "pose": {"yaw": 1.5, "pitch": -2.0, "roll": 0.5},
                "landmark-68": [12.5] * 136,
                "landmark-29": [12.5] * 58,
                "valence": value(faces.valence[row]),
                "arousal": value(faces.arousal[row]),
            },
        }
        (place / "annotations" / f"{number}.json").write_text(json.dumps(contents))
    for name, suffix in (("images", "jpg"), ("annotations", "json")):
        place = folder / "AffectNet+" / "no_human_annotated" / name
        place.mkdir(parents=True)
        for number in range(unlabelled):
            (place / f"{number}.{suffix}").write_bytes(b"{}")
    return folder
