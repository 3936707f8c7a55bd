"""The presets other than RAF-DB, on small folders drawn here from the published descriptions of their formats."""

import json

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.data_sets import PRESETS, names, reader
from benchmark.faces.readers.folder.preset import read_preset


def draw(path, number=0, size=(48, 48), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return pixels


def prepared(name, tmp_path):
    return reader(name).prepare(tmp_path / "prepared" / name, raw=tmp_path / "raw")


def test_every_preset_is_a_data_set():
    assert {path.stem for path in PRESETS.glob("*.yaml")} == {"afewva", "ckplus48", "expw", "jaffe", "rafdb"}
    for path in PRESETS.glob("*.yaml"):
        module = reader(path.stem)
        assert path.stem in names() and (path.stem,) == module.RAW and module.TAKES_FOLDERS and module.VERSION == "1.0"
        for counts in (module.preset.known.counts or {}).values():
            assert tuple(counts) == module.CLASSES
    assert sum(sum(own.values()) for own in reader("rafdb").preset.known.counts.values()) == 15339
    assert sum(reader("ckplus48").preset.known.counts["all"].values()) == 981
    assert sum(reader("jaffe").preset.known.counts["all"].values()) == 213
    assert reader("expw").CLASSES == reader("fer2013").CLASSES and reader("afewva").CLASSES == ()


@pytest.mark.parametrize(
    "listed, pictures",
    [
        ("label.lst", "origin"),
        ("label/label.lst", "image/origin"),
        ("data/label/label.lst", "data/image/origin"),
        ("ExpW/data/label/label.lst", "ExpW/data/image/origin.7z/origin"),
    ],
)
def test_expw(tmp_path, listed, pictures):
    """`name face_id top left right bottom confidence label`: a box around a bright square gives that square."""
    base, lines = tmp_path / "raw" / "expw", []
    for k in range(12):
        pixels = np.zeros((60, 90, 3), np.uint8)
        for face, (top, left) in enumerate(((5, 10), (30, 60))[: 1 + k % 2]):
            pixels[top : top + 20, left : left + 20] = 20 * (k + 1)
            label = 0 if face else 6
            lines.append(f"angry_actor_{k}.jpg {7 + face} {top} {left} {left + 20} {top + 20} 51.4567 {label}\n")
        path = base / pictures / f"angry_actor_{k}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, "PNG")
    (base / listed).parent.mkdir(exist_ok=True, parents=True)
    (base / listed).write_text("".join(lines))
    survey = reader("expw").check(base)
    assert not any("annotations" in note for note in survey.notes)  # the list is no file that was not read
    assert survey.edition == "label.lst with face boxes" and survey.counts["all"]["neutral"] == 12
    assert "known: 91,793 faces, found: 18" in survey.notes
    assert "face boxes: 18 in 12 pictures, at most 2 in one" in survey.notes
    faces = prepared("expw", tmp_path)
    assert faces.id.tolist()[:3] == ["angry_actor_0.jpg#0", "angry_actor_1.jpg#0", "angry_actor_1.jpg#1"]
    assert faces.expression.tolist()[:3] == [6, 6, 0] and set(faces.split.tolist()) == {f"fold{k}" for k in range(5)}
    for row, name in enumerate(faces.id.tolist()):
        bright = 20 * (int(name.split("_")[2].split(".")[0]) + 1)
        assert (faces.pictures[row][4:-4, 4:-4] == bright).all()  # the square, which is black half a pixel further out
    of_picture = [name.split("#")[0] for name in faces.id.tolist()]
    assert len(set(zip(of_picture, faces.split.tolist(), strict=True))) == 12
    (base / listed).write_text("".join(lines) + "angry_actor_0.jpg 1 5 ten 30 25 51.4 6\n")
    with pytest.raises(BadInput, match="line 19: found face box left ten, top 5, right 30, bottom 25; expected four"):
        reader("expw").check(base)
    (base / listed).write_text("".join(lines) + "angry_actor_0.jpg 1 5 10 30 25 50.0 5\n")  # as line 1, but surprise
    notes = reader("expw").check(base).notes
    label = base / listed
    assert f"faces with several expressions, left out: 1, in 2 lines (the first: {label} line 1 and 19)" in notes
    label.write_text("".join(lines) + lines[0])
    survey = reader("expw").check(base)
    assert f"lines that repeat another one, left out: 1 (the first: {label} line 19)" in survey.notes
    assert survey.counts["all"]["neutral"] == 12
    beyond = "angry_actor_0.jpg 1 -5 10 30 25 50.0 5\n"
    label.write_text("".join(lines) + beyond)
    assert "face boxes that reach beyond their picture, black outside: 1" in reader("expw").check(base).notes
    # top, left, right, bottom; the pictures are 90 x 60
    outside, flat = "outside of the picture", "without area"
    for box, why in (("60 10 30 80", outside), ("5 -40 0 25", outside), ("5 90 99 25", outside), ("5 30 30 25", flat)):
        label.write_text("".join(lines) + f"angry_actor_0.jpg 1 {box} 50.0 5\n")
        with pytest.raises(BadInput, match=f"line 19: found a face box {why}: /.*/angry_actor_0.jpg; expected a picture"):
            reader("expw").check(base)


def test_ckplus48(tmp_path):
    base, names_ = tmp_path / "raw" / "ckplus48" / "CK+48", reader("ckplus48").CLASSES
    for k in range(42):
        ending = ".PNG" if k == 41 else ".png"  # some copies have both
        draw(base / names_[k % 7] / f"S{10 + k // 3:03d}_{k % 7 + 1:03d}_{k:08d}{ending}", k, mode="L")
    survey = reader("ckplus48").check(base.parent)
    assert survey.counts == {"all": dict.fromkeys(names_, 6)} and survey.known["all"]["surprise"] == 249
    assert "known: 118 groups, found: 14" in survey.notes
    faces = prepared("ckplus48", tmp_path)
    assert faces.pictures.shape == (42, 48, 48, 1) and "anger/S010_001_00000000.png" in faces.id.tolist()
    assert set(faces.split.tolist()) == {f"fold{k}" for k in range(10)}
    assert len(set(zip(faces.group.tolist(), faces.split.tolist(), strict=True))) == 14 and "S010" in faces.group.tolist()
    draw(base / "anger" / "copy of S010.png")
    with pytest.raises(BadInput, match="copy of S010.png: found .*finds nothing; expected the name of its group"):
        reader("ckplus48").check(base)


def test_jaffe(tmp_path):
    base, codes = tmp_path / "raw" / "jaffe", ("AN", "DI", "FE", "HA", "NE", "SA", "SU")
    women = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
    for k, (woman, code) in enumerate((woman, code) for woman in women for code in codes):
        draw(base / f"{woman}.{code}1.{k + 1}{'.TIFF' if k == 8 else '.tif' if k == 9 else '.tiff'}", k, mode="L")
    (base / "README").write_text("x")
    (base / "Thumbs.db").write_bytes(b"x")
    survey = reader("jaffe").check(base)
    assert survey.counts == {"all": dict.fromkeys(reader("jaffe").CLASSES, 7 * 10 // 7)}
    assert survey.known["all"]["disgust"] == 29
    faces = prepared("jaffe", tmp_path)
    by_name = dict(zip(faces.id.tolist(), zip(faces.expression.tolist(), faces.group.tolist(), strict=True), strict=True))
    assert by_name["KA.NE1.5.tiff"] == (4, "KA") and by_name["YM.SU1.70.tiff"] == (6, "YM")
    assert faces.classes == ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
    assert sorted(set(zip(faces.group.tolist(), faces.split.tolist(), strict=True)))[9][0] == "YM"  # a fold each
    draw(base / "KA.XX1.99.tiff")
    with pytest.raises(BadInput, match="KA.XX1.99.tiff: found expression 'XX'; expected one of AN, DI, FE, HA, NE, SA, SU"):
        reader("jaffe").check(base)
    (base / "KA.XX1.99.tiff").rename(base / "KA-AN-1.tiff")
    with pytest.raises(BadInput, match="KA-AN-1.tiff: found a picture of another name; expected one like KA.AN1.39.tiff"):
        reader("jaffe").check(base)


def clip(base, number, frames=2, **changed):
    folder = base / f"{number:03d}"
    points = [[20 + k % 30, 10 + k // 3] for k in range(68)]  # x 20..49, y 10..32
    entries = {}
    for k in range(frames):
        draw(folder / f"{k:05d}.png", number + k, size=(80, 60))
        entries[f"{k:05d}"] = {"landmarks": points, "valence": -10.0 + k, "arousal": number / 100} | changed
    contents = {"video_id": folder.name, "actor": "A", "frames": entries}
    (folder / f"{folder.name}.json").write_text(json.dumps(contents))


def test_afewva(tmp_path):
    base = tmp_path / "raw" / "afewva" / "AFEW-VA"
    for number in (1, 360, 361, 480, 481, 600):
        clip(base, number)
    survey = reader("afewva").check(base.parent)
    assert survey.counts == {split: {"none": 4} for split in ("train", "validation", "test")}
    assert "known: 600 groups, found: 6" in survey.notes
    faces = prepared("afewva", tmp_path)
    splits = dict(zip(faces.group.tolist(), faces.split.tolist(), strict=True))
    expected = {"001": "train", "360": "train", "361": "validation", "480": "validation", "481": "test", "600": "test"}
    assert splits == expected and faces.id.tolist()[:2] == ["001/00000.png", "001/00001.png"]
    np.testing.assert_allclose(faces.valence, [-1.0, -0.9] * 6, rtol=1e-6)
    np.testing.assert_allclose(faces.arousal[::2], np.array([1, 360, 361, 480, 481, 600]) / 1000, rtol=1e-6)
    # The box of the landmarks, x 20..49 and y 10..32, made square around its centre and widened by 0.2 of 29 on every side.
    half = 29 / 2 + 0.2 * 29
    with Image.open(base / "001" / "00000.png") as image:
        around = image.crop((0, -20, 80, 80)).resize(
            (112, 112), Image.Resampling.BILINEAR, box=(34.5 - half, 41 - half, 34.5 + half, 41 + half), reducing_gap=2.0
        )
    np.testing.assert_allclose(faces.pictures[0].astype(int), np.asarray(around).astype(int), atol=1)


@pytest.mark.parametrize(
    "number, changed, message",
    [
        (7, {"valence": 10.5}, r"007.json, frame 00000: found valence 10.5; expected a number from -10 to 10"),
        (7, {"arousal": "3"}, r"007.json, frame 00000: found arousal '3'; expected a number"),
        (7, {"arousal": None}, r"007.json, frame 00000: found arousal None; expected a number"),
        (7, {"landmarks": [[1, 2]] * 67}, r"found landmarks .*; expected 68 points \[x, y\]"),
        (601, {}, r"601: found clip 601; expected at most 600"),
    ],
)
def test_bad_clips(tmp_path, number, changed, message):
    clip(tmp_path, 1)
    clip(tmp_path, number, **changed)
    with pytest.raises(BadInput, match=message):
        reader("afewva").check(tmp_path)


def test_missing_frames(tmp_path):
    clip(tmp_path, 1)
    (tmp_path / "001" / "00001.png").unlink()
    expected = r"001.json, frame 00001: found no such picture: /\S+/001/00001.png; expected a picture; at most 0.1 %"
    with pytest.raises(BadInput, match=expected):
        reader("afewva").check(tmp_path)
    (tmp_path / "001" / "001.json").rename(tmp_path / "001" / "1.json")
    with pytest.raises(BadInput, match="no layout of afewva that is known"):
        reader("afewva").check(tmp_path)


GOOD = 'version: "1.0"\nclasses: {1: a}\nlayouts:\n- {kind: tree, edition: e, top: ["."], needs: [train/1]}\n'


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('version: "1.0"\n', "", "found no version"),
        ("classes:", "clases:", "found unknown clases; expected of version, classes"),
        ("kind: tree", "kind: trees", "layout 1, kind: found 'trees'; expected one of tree, lines, named, clips"),
        ("edition: e", "edition: e, depth: 2", "layout 1, depth: found an unknown field; expected one of edition, top"),
        ("edition: e, ", "", "layout 1, edition: found nothing; expected text"),
        ("[train/1]", "train/1", "layout 1, needs: found 'train/1'; expected a list of texts; write \\[train/1\\]"),
        ("[train/1]", "[1]", r"layout 1, needs: found \[1\]"),
        ("classes: {1: a}", "classes: {1: a}\nknown: {faces: many}", "known, faces: found 'many'"),
        (
            "classes: {1: a}",
            "classes: {1: a}\nhold_out: {of: train, share: 0.1}",
            "hold_out, name: found nothing; expected text",
        ),
        ("classes: {1: a}", "classes: {1: a}\nsize: 4", "size and channels: found 4 and 3"),
    ],
)
def test_bad_presets(tmp_path, old, new, message):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    assert read_preset(path).options.classes == {"1": "a"}
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(BadInput, match=message):
        read_preset(path)


def test_options_of_a_profile(tmp_path):
    for k in range(7):
        draw(tmp_path / "raw" / "rafdb" / "train" / str(k + 1) / f"train_{k}_aligned.jpg", k)
        draw(tmp_path / "raw" / "rafdb" / "test" / str(k + 1) / f"test_{k}_aligned.jpg", k + 10)
    raf, where = reader("rafdb"), {"raw": tmp_path / "raw"}
    assert raf.prepare(tmp_path / "one", size=40, channels=1, **where).pictures.shape == (14, 40, 40, 1)
    with pytest.raises(BadInput, match="options of rafdb: found unknown folds; expected of size, channels, margin, allow"):
        raf.prepare(tmp_path / "two", folds=3, **where)
    with pytest.raises(BadInput, match="options of rafdb, margin: found 3; expected a share from 0 to 2"):
        raf.prepare(tmp_path / "two", margin=3, **where)


def test_a_folder_that_a_link_reaches_too_is_one(tmp_path):
    base = tmp_path / "ExpW"
    for k in range(5):
        draw(base / "origin" / f"{k}.jpg")
    (base / "label.lst").write_text("".join(f"{k}.jpg 0 0 0 20 20 9.5 3\n" for k in range(5)))
    (tmp_path / "expw").symlink_to(base)
    assert reader("expw").check(tmp_path).counts["all"]["happy"] == 5


def test_a_box_of_no_size_that_can_be_is_refused_by_its_line(tmp_path):
    draw(tmp_path / "origin" / "a.jpg")
    (tmp_path / "label.lst").write_text("a.jpg 0 0 0 1e300 20 9.5 3\n")
    line = "label.lst line 1: found face box left 0, top 0, right 1e300, bottom 20; expected four numbers of pixels"
    with pytest.raises(BadInput, match=line):
        reader("expw").check(tmp_path)


def test_what_half_a_copy_lacks_is_named(tmp_path):
    for name in ("anger", "contempt", "disgust", "fear", "happy", "sadness"):
        draw(tmp_path / "CK+48" / name / "S010_001_00000001.png", mode="L")
    with pytest.raises(BadInput, match="found no layout of ckplus48 that is known; .*/CK.48 has no surprise; expected"):
        reader("ckplus48").check(tmp_path)
    draw(tmp_path / "CK+48" / "surprise" / "flip_S010_001_00000001.png", mode="L")
    with pytest.raises(BadInput, match="flip_S010_001_00000001.png, in which .* finds nothing"):
        reader("ckplus48").check(tmp_path)
    (tmp_path / "basic" / "EmoLabel").mkdir(parents=True)
    (tmp_path / "basic" / "Image").mkdir()
    (tmp_path / "basic" / "Image" / "aligned.zip").write_bytes(b"PK")
    (tmp_path / "basic" / "EmoLabel" / "list_patition_label.txt").write_text("train_00001.jpg 5\n")
    with pytest.raises(BadInput, match="found none of Image/aligned; not unpacked: Image/aligned.zip; expected one of them"):
        reader("rafdb").check(tmp_path)


def test_a_clip_without_frames_is_said(tmp_path):
    clip(tmp_path, 1)
    clip(tmp_path, 2)
    contents = json.loads((tmp_path / "002" / "002.json").read_text())
    (tmp_path / "002" / "002.json").write_text(json.dumps(contents | {"frames": {}}))
    assert "clips without an annotated frame: 1 (the first: 002)" in reader("afewva").check(tmp_path).notes


def test_one_picture_with_two_endings_is_refused(tmp_path):
    draw(tmp_path / "KA.AN1.39.tif", mode="L")
    draw(tmp_path / "KA.AN1.39.tiff", mode="L")
    line = "KA.AN1.39.tiff: found the picture KA.AN1.39 a second time, beside KA.AN1.39.tif; expected each picture once"
    with pytest.raises(BadInput, match=line):
        reader("jaffe").check(tmp_path)
