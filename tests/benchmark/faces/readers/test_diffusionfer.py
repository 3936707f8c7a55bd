"""DiffusionFER: both layouts, every refusal, and the real set."""

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader
from benchmark.faces.near_duplicates import hashes, near_groups, near_pairs
from benchmark.faces.readers import diffusionfer
from benchmark.faces.readers.diffusionfer import check, prepare

SIDE = 32
# (folder, name, expression, valence, arousal): the third is labelled otherwise than its prompt.
FACES = [
    ("neutral", "aaa_0", 0, 0.0, 0.1),
    ("happy", "bbb_1", 1, 0.7, 0.3),
    ("angry", "ccc_6", 3, -0.1, 1.0),
    ("angry", "ddd_6", 6, -1.0, 0.8),
    ("sad", "eee_2", 2, -0.5, -0.3),
    ("fear", "fff_4", 4, -0.4, 0.2),
]


def picture(k: int) -> np.ndarray:
    """Smooth noise of its own for each k, uint8 (SIDE, SIDE, 3)."""
    small = np.random.default_rng(k).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return out.getvalue()


def sheet(faces=FACES, **changes) -> str:
    lines = ["subDirectory_filePath,valence,arousal,expression"]
    for folder, name, expression, valence, arousal in faces:
        lines.append(f"DiffusionFER/DiffusionEmotion_S/cropped/{folder}/{name}.png,{valence},{arousal},{expression}")
    text = "\n".join(lines) + "\n"
    for old, new in changes.get("replace", ()):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(autouse=True)
def six_rows(monkeypatch):
    monkeypatch.setattr(diffusionfer, "ROWS", len(FACES))
    monkeypatch.setattr(diffusionfer, "FOLDS", 3)


@pytest.fixture
def packed(tmp_path):
    """A function (sheet text, members to change) -> raw folder with the zip of WebP files and the sheet beside it."""

    def make(text=None, members=None):
        folder = tmp_path / "raw" / "diffusionfer"
        folder.mkdir(parents=True, exist_ok=True)
        stored = {f"{f}/{n}.webp": encoded(picture(k), "WEBP") for k, (f, n, *_) in enumerate(FACES)} | (members or {})
        with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
            for name, data in stored.items():
                if data is not None:
                    archive.writestr(name, data)
        (folder / "dataset_sheet.csv").write_text(sheet() if text is None else text, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def published(tmp_path):
    """The tree as the repository has it, with the pictures before cropping beside the cropped ones."""
    folder = tmp_path / "raw" / "diffusionfer"
    for k, (prompt, name, *_) in enumerate(FACES):
        for place, pixels in (("cropped", picture(k)), ("original", picture(k + 100))):
            file = folder / "DiffusionFER" / "DiffusionEmotion_S" / place / prompt / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(pixels, "PNG"))
    (folder / "DiffusionFER" / "dataset_sheet.csv").write_text(sheet())
    return folder


def ready(tmp_path):
    return prepare(tmp_path / "prepared", raw=tmp_path / "raw", size=SIDE)


def test_packed_form(packed, tmp_path):
    folder = packed()
    (folder / "index.csv").write_text("file,expression\n")  # beside it in some copies; not needed, not read
    check(folder)
    faces = ready(tmp_path)
    np.testing.assert_array_equal(faces.pictures, np.stack([picture(k) for k in range(6)]))
    assert faces.id.tolist() == [f"{f}/{n}" for f, n, *_ in FACES]
    assert faces.classes == ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger")
    assert faces.expression.tolist() == [0, 1, 3, 6, 2, 4]  # the column, not the folder
    np.testing.assert_allclose(faces.valence, [row[3] for row in FACES])
    np.testing.assert_allclose(faces.arousal, [row[4] for row in FACES])
    assert faces.flag.tolist() == ["", "", "prompted-as-angry", "", "", ""]
    assert faces.meta["how"]["folder is another expression"] == 1
    assert Counter(faces.split.tolist()) == {"fold0": 2, "fold1": 2, "fold2": 2}


def test_published_tree_gives_the_same_faces(packed, published, tmp_path):
    tree = ready(tmp_path)
    shutil.rmtree(tmp_path / "raw")
    packed()
    assert ready(tmp_path).fingerprint == tree.fingerprint


def test_one_archive_with_everything(published, tmp_path):
    tree = ready(tmp_path)
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for file in sorted(published.rglob("*")):
            stored.write(file, f"intelligent-systems-project-main/{file.relative_to(published)}")
    check(archive)
    shutil.rmtree(published)
    published.mkdir()
    shutil.copy(archive, published)
    assert ready(tmp_path).fingerprint == tree.fingerprint


def test_near_duplicates_share_a_fold(packed, tmp_path):
    darker = np.asarray(Image.fromarray(picture(0)).point(lambda level: level * 0.9))
    mirrored = np.ascontiguousarray(picture(0)[:, ::-1])
    packed(members={"angry/ddd_6.webp": encoded(darker, "WEBP"), "fear/fff_4.webp": encoded(mirrored, "WEBP")})
    faces = ready(tmp_path)
    alike = np.array([0, 3, 5])
    assert len(set(faces.group[alike].tolist())) == 1 and faces.group[0] != ""
    assert len(set(faces.split[alike].tolist())) == 1
    assert set(np.delete(faces.group, alike).tolist()) == {""}


@pytest.mark.parametrize(
    "replace, message",
    [
        ([("subDirectory_filePath", "\ufeffsubDirectory_filePath")], None),  # a byte-order mark is no fault
        ([(",", ";")], "line 1: found header"),
        ([("valence,arousal", "arousal,valence")], None),  # columns are found by name
        ([("expression\n", "emotion\n")], "line 1: found header"),
        ([("0.7,0.3", "nan,0.3")], "line 3: found valence 'nan'; expected a number in"),
        ([("0.7,0.3", "inf,0.3")], "valence 'inf'"),
        ([("0.7,0.3", "0.7,1.1")], "arousal '1.1'"),
        ([("0.7,0.3", "0.7,")], "arousal ''"),
        ([("1.0,3\n", "1.0,7\n")], "line 4: found expression '7'; expected an integer 0..6"),
        ([("happy/bbb_1", "joy/bbb_1")], "line 3: found folder 'joy'; expected one of neutral, happy"),
        ([("happy/bbb_1.png", "neutral/aaa_0.png")], "line 3: found neutral/aaa_0, which line 2 has too"),
        ([("DiffusionFER/DiffusionEmotion_S/cropped/happy", "../../etc/happy")], "line 3: found path"),
        ([("DiffusionFER/DiffusionEmotion_S/cropped/happy", "/etc/happy")], "without '..'"),
        ([("0.7,0.3,1\n", "0.7,0.3,1,\n")], "line 3: found 5 fields; expected 4"),
        ([("bbb_1", "bbb_\u00e9")], "ASCII characters"),
        ([("happy/bbb_1", "happy/zzz_1")], "line 3, .*found no picture happy/zzz_1"),
    ],
)
def test_sheets(packed, tmp_path, replace, message):
    folder = packed(sheet(replace=replace))
    if message is None:
        check(folder)
        return
    for act in (lambda: check(folder), lambda: ready(tmp_path)):
        with pytest.raises(BadInput, match=message):
            act()
    assert not (tmp_path / "prepared").exists()


def test_rows_are_counted(packed, monkeypatch):
    folder = packed(sheet(FACES[:5]))
    with pytest.raises(BadInput, match="found 5 data rows; expected 6"):
        check(folder)


@pytest.mark.parametrize(
    "members, message",
    [
        ({"happy/bbb_1.webp": None}, "no picture happy/bbb_1"),
        ({"happy/bbb_1.png": encoded(picture(1), "PNG")}, "bbb_1.*expected one picture"),
        ({"../happy/bbb_1.webp": b"x"}, "names that stay inside the archive"),
        ({"/happy/bbb_1.webp": b"x"}, "names that stay inside the archive"),
    ],
)
def test_archives(packed, tmp_path, members, message):
    folder = packed(members=members)
    for act in (lambda: check(folder), lambda: ready(tmp_path)):
        with pytest.raises(BadInput, match=message):
            act()
    assert not (tmp_path / "prepared").exists()


@pytest.mark.parametrize("data", [b"", encoded(picture(1), "WEBP")[:200], b"<html>not found</html>"])
def test_a_picture_that_can_not_be_read_is_named(packed, tmp_path, data):
    packed(members={"happy/bbb_1.webp": data})
    with pytest.raises(BadInput, match="pictures.zip: happy/bbb_1.webp: found a picture that can not be read"):
        ready(tmp_path)
    assert not (tmp_path / "prepared").exists()


def test_large_link_and_damaged_members(packed, tmp_path, monkeypatch):
    folder = packed()
    link = zipfile.ZipInfo("happy/link.webp")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "pictures.zip", "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadInput, match="happy/link.webp: found a link"):
        check(folder)
    packed()
    whole = (folder / "pictures.zip").read_bytes()
    (folder / "pictures.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="damaged or truncated archive"):
        check(folder)
    packed()
    broken = bytearray((folder / "pictures.zip").read_bytes())
    place = broken.index(b"happy/bbb_1.webp") + 60
    broken[place : place + 20] = bytes(20)
    (folder / "pictures.zip").write_bytes(broken)
    check(folder)  # the list of members is whole
    with pytest.raises(BadInput, match="happy/bbb_1.webp: found a picture that can not be read"):
        ready(tmp_path)
    packed()
    monkeypatch.setattr(diffusionfer, "PICTURE_LIMIT", 100)
    with pytest.raises(BadInput, match="bytes unpacked; expected at most 100"):
        check(folder)


def test_no_sheet_or_several(packed, tmp_path):
    folder = packed()
    (folder / "copy").mkdir()
    shutil.copy(folder / "dataset_sheet.csv", folder / "copy")
    with pytest.raises(BadInput, match="expected exactly one dataset_sheet.csv"):
        check(folder)
    shutil.rmtree(folder / "copy")
    (folder / "dataset_sheet.csv").unlink()
    with pytest.raises(BadInput, match="found no dataset_sheet.csv"):
        check(folder)
    with pytest.raises(BadInput, match="no such file or folder"):
        check(tmp_path / "nowhere")


def test_survey_of_a_tree(published):
    found = check(published)
    assert found.edition == "dataset_sheet.csv with other bytes than published"
    by_hand = {"neutral": 1, "happy": 1, "sad": 1, "surprise": 1, "fear": 1, "disgust": 0, "anger": 1}
    assert found.counts == {"all": by_hand} and sum(found.known["all"].values()) == 1285
    assert found.notes == [
        "1 faces have another expression in the sheet than the folder they are in, which is the prompt (the first: "
        f"{published / 'DiffusionFER' / 'dataset_sheet.csv'} line 4); the sheet's is the label",
        "6 of 6 pictures were decoded: 32x32 (6)",
    ]
    (published / "DiffusionFER" / "DiffusionEmotion_S" / "cropped" / "sad" / "eee_2.png").write_bytes(b"x")
    with pytest.raises(BadInput, match="eee_2.png: found no picture that can be read: text; 1 of 6 pictures"):
        check(published)


def test_survey_of_an_archive(packed):
    assert check(packed()).notes[1] == "6 pictures are in an archive, whose members are decoded only by `ferbench prepare`"


def test_survey_of_the_real_set(fer_data, monkeypatch):
    if not (fer_data / "diffusionfer").is_dir():
        pytest.skip("no diffusionfer in FER_DATA")
    monkeypatch.setattr(diffusionfer, "ROWS", 1285)
    found = check(fer_data / "diffusionfer")
    with open(fer_data / "diffusionfer" / "index.csv", newline="") as file:
        codes = Counter(int(row["expression"]) for row in csv.DictReader(file))
    assert list(found.counts["all"].values()) == [codes[code] for code in range(7)] and found.counts == found.known
    assert found.edition == "dataset_sheet.csv as published" and found.notes[0].startswith(
        "194 faces have another expression"
    )


def test_is_registered():
    assert reader("diffusionfer") is diffusionfer


@pytest.fixture(scope="module")
def real(fer_data, diffusionfer_faces):
    source = fer_data / "diffusionfer"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffusionfer, "ROWS", 1285)
        patch.setattr(diffusionfer, "FOLDS", 5)
        check(source)
    return source, diffusionfer_faces


def test_real_labels_are_the_sheet_s(real):
    source, faces = real
    with open(source / "dataset_sheet.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert faces.expression.tolist() == [int(row["expression"]) for row in rows]
    np.testing.assert_allclose(faces.valence, [float(row["valence"]) for row in rows], atol=1e-6)
    np.testing.assert_allclose(faces.arousal, [float(row["arousal"]) for row in rows], atol=1e-6)
    assert Counter(faces.expression.tolist()) == {0: 410, 1: 336, 3: 166, 6: 159, 2: 89, 4: 72, 5: 53}
    assert np.sum(faces.flag != "") == faces.meta["how"]["folder is another expression"] == 194


def test_real_pictures_are_those_of_the_index(real):
    """Through index.csv, which the reader does not use."""
    source, faces = real
    with open(source / "index.csv", newline="") as stream:
        index = {row["subDirectory_filePath"]: row["file"] for row in csv.DictReader(stream)}
    with open(source / "dataset_sheet.csv", newline="") as stream:
        files = [index[row["subDirectory_filePath"]] for row in csv.DictReader(stream)]
    with zipfile.ZipFile(source / "diffusionfer_112_webp.zip") as archive:
        for row in range(0, 1285, 50):
            pixels = np.asarray(Image.open(io.BytesIO(archive.read(files[row]))).convert("RGB"))
            np.testing.assert_array_equal(faces.pictures[row], pixels)
            assert hashlib.sha256(pixels.tobytes()).hexdigest() == faces.sha256[row]


def test_real_folds(real):
    """The figures of docs/data/diffusionfer.md; no near-duplicate group in two folds, classes spread to one or two faces."""
    _, faces = real
    folds = [f"fold{k}" for k in range(5)]
    assert Counter(faces.split.tolist()) == dict.fromkeys(folds, 257)
    for label in range(7):
        sizes = [int(np.sum((faces.split == fold) & (faces.expression == label))) for fold in folds]
        assert max(sizes) - min(sizes) <= 1
    named = Counter(faces.group[faces.group != ""].tolist())
    assert len(named) == 23 and max(named.values()) == 5
    for name in named:
        assert len(set(faces.split[faces.group == name].tolist())) == 1
    assert len(set(faces.sha256.tolist())) == 1285
    assert json.dumps(faces.meta)


def test_real_faces_lie_between_copies_and_strangers(real):
    """The figures that docs/data/diffusionfer.md gives for the limit of 64 bits."""
    _, faces = real
    own = hashes(faces.pictures)
    pairs = near_pairs(own, diffusionfer.NEAR)
    assert len(pairs.first) == 28 and pairs.distance.min() == 54
    sizes = {bits: np.bincount(near_groups(faces.pictures, threshold=bits, mirrors=True)).max() for bits in (64, 68, 70)}
    assert sizes == {64: 5, 68: 12, 70: 60}
    some = [Image.fromarray(faces.pictures[row]) for row in range(0, 1285, 5)]

    def furthest(alter):
        return np.sum(hashes(np.stack([np.asarray(alter(image)) for image in some])) != own[::5], axis=1).max()

    def jpeg(image):
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=20)
        return Image.open(packed)

    bilinear = Image.Resampling.BILINEAR
    for alter in (
        jpeg,
        lambda image: image.resize((48, 48), bilinear).resize((112, 112), bilinear),
        lambda image: ImageEnhance.Brightness(image).enhance(1.3),
        lambda image: image.crop((2, 2, 110, 110)).resize((112, 112), bilinear),
        lambda image: image.rotate(2, bilinear),
    ):
        assert furthest(alter) <= diffusionfer.NEAR
