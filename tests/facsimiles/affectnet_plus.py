"""AffectNet+: a picture and a json file a face, in human_annotated/{train_set,validation_set} and no_human_annotated.

Not stated by the notes, and taken so: the first number (0); the type of `human-label` and of `age` (whole numbers); that
`gender` and `race` hold names and probabilities (the notes say that they are objects, not what is in them), and which names;
that valence and arousal of codes 9 and 10 are -2; that `soft-label` adds up to 1; how many values `landmark-29` has (58);
the size of the pictures; how the 94,060 training rows of codes 9 and 10 divide (as in `affectnet_2017`); that annotations of
no_human_annotated have all keys but `human-label`; that no other key is spelt otherwise where `Human-Label` and `Metadata`
are.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

WORDS = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt", "None", "Uncertain", "No-Face")
COUNTS = {
    "train_set": (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750, 33088, 11645, 82415),
    "validation_set": (500,) * 11,
}
NO_HUMAN = 539_607
GENDERS = ("female", "male")
RACES = ("asian", "black", "indian", "latino", "middle eastern", "white")
SPELLINGS = {"human-label": "Human-Label", "meta-data": "Metadata"}
TRAPS = (
    "no_human",  # no_human_annotated beside human_annotated
    "other_spellings",  # Human-Label and Metadata
    "apple_double",  # ._0.json and ._0.jpg
    "rubbish",  # Thumbs.db, desktop.ini and .DS_Store among the pictures and annotations
    "no_picture",  # one training picture is not there
    "no_annotation",  # one training picture has no json file
    "no_attributes",  # one training picture has no age, gender and race
)


def _shares(rng: np.random.Generator, number: int) -> list[float]:
    """Numbers of four digits that add up to 1."""
    parts = rng.multinomial(10_000, rng.dirichlet(np.full(number, 0.4)))
    return [round(int(each) / 10_000, 4) for each in parts]


def _annotation(code: int | None, side: int, rng: np.random.Generator) -> dict:
    """What a json file holds, in the spelling of the release; without `human-label` if there is no code."""
    valence, arousal = (-2, -2) if code is not None and code > 8 else rng.uniform(-1, 1, 2).round(6).tolist()
    made = {
        "human-label": code,
        "soft-label": _shares(rng, 8),
        "subset": int(rng.integers(0, 3)),
        "meta-data": {
            "age": int(rng.integers(1, 90)),
            "gender": dict(zip(GENDERS, _shares(rng, 2), strict=True)),
            "race": dict(zip(RACES, _shares(rng, 6), strict=True)),
            "pose": dict(zip(("yaw", "pitch", "roll"), rng.uniform(-30, 30, 3).round(3).tolist(), strict=True)),
            "landmark-68": rng.uniform(0, side, 136).round(2).tolist(),
            "landmark-29": rng.uniform(0, side, 58).round(2).tolist(),
            "valence": valence,
            "arousal": arousal,
        },
    }
    if code is None:
        del made["human-label"]
    return made


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    side: int = 64,
    processes: int = 1,
) -> Truth:
    """Writes `AffectNet+` into the folder; `Truth.folder` is `folder/AffectNet+`.

    Args:
        scale: of 414,799 and 5,500 faces (and of 539,607 without human label, at most 100 of which are written).
        trap: names of `TRAPS`.
        side: width and height of the pictures.

    Returns:
        Truth with `id` as "train_set/12" and `attributes` {"age", "gender", "race", "soft_label", "subset"} as in the file
        (gender and race whole, as objects). `rows` has the faces of human_annotated alone, the picture without annotation
        (`word` None) among them; `traps` has under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps = Path(folder) / "AffectNet+", chosen(trap, TRAPS)
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    marked = {name: 3 + place for place, name in enumerate(TRAPS[4:]) if name in traps}
    rows: list[Row] = []
    for part, counts in COUNTS.items():
        rng = np.random.default_rng((seed, len(part)))
        codes = rng.permutation(np.repeat(np.arange(11), [scaled(each, scale) for each in counts])).tolist()
        here = marked if part == "train_set" else {}
        for number, code in enumerate(codes):
            held, bare = _annotation(code, side, rng), number == here.get("no_annotation")
            meta = held["meta-data"]
            if number == here.get("no_attributes"):
                for name in ("age", "gender", "race"):
                    del meta[name]
            file = folder / "human_annotated" / part / "annotations" / f"{number}.json"
            row = Row(
                id=f"{part}/{number}",
                path=f"human_annotated/{part}/images/{number}.jpg",
                part=part,
                index=number,
                code=None if bare else code,
                word=None if bare else WORDS[code],
                valence=None if bare or code > 8 else meta["valence"],
                arousal=None if bare or code > 8 else meta["arousal"],
                file="" if bare else file.relative_to(folder).as_posix(),
                picture=number != here.get("no_picture"),
                attributes={name: meta.get(name) for name in ("age", "gender", "race")}
                | {"soft_label": held["soft-label"], "subset": held["subset"]},
            )
            if not bare:
                spelt = {SPELLINGS.get(name, name) if "other_spellings" in traps else name: held[name] for name in held}
                put(file, json.dumps(spelt))
            rows.append(row)
            for name in (name for name, place in here.items() if place == number):
                told[name]["rows"].append(row)
    shown = [folder / row.path for row in rows if row.picture]
    keys = [f"{seed}/{row.id}" for row in rows if row.picture]
    draw_all((([path], key, (side, side), "RGB") for path, key in zip(shown, keys, strict=True)), processes)
    if "no_human" in traps:
        rng = np.random.default_rng((seed, 99))
        for number in range(min(100, scaled(NO_HUMAN, scale))):
            pair = [folder / "no_human_annotated" / "images" / f"{number}.jpg"]
            pair.append(folder / "no_human_annotated" / "annotations" / f"{number}.json")
            draw_all([([pair[0]], f"{seed}/no human/{number}", (side, side), "RGB")])
            put(pair[1], json.dumps(_annotation(None, side, rng)))
            told["no_human"]["files"] += pair
    beside = folder / "human_annotated" / "train_set" / "annotations" / "0.json"
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(beside, shown[0], shown[-1])
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish(beside.parent) + rubbish(shown[0].parent)
    return Truth(folder, rows, told)
