"""A user's own pictures: tree and csv give the same, options, every refusal."""

import io
import os

import numpy as np
import pytest
import yaml
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader
from benchmark.faces.readers.folder import reader as module

NAME = "folder-mine"
# (path, split, class)
PICTURES = [
    ("test/happy/S2_001.PNG", "test", "happy"),
    ("test/sad/S2_002.jpg", "test", "sad"),
    ("train/happy/S1_001.png", "train", "happy"),
    ("train/happy/S1_002.png", "train", "happy"),
    ("train/sad/S3_001.webp", "train", "sad"),
    ("validation/sad/S4_001.bmp", "validation", "sad"),
]


def pixels(k: int, side: int = 24) -> np.ndarray:
    return np.random.default_rng(k).integers(0, 256, (side, side, 3), dtype=np.uint8)


def write(root, path, k=0):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    lossless = {"lossless": True} if file.suffix == ".webp" else {}
    Image.fromarray(pixels(k)).save(file, **lossless)
    return file


@pytest.fixture
def root(tmp_path):
    """The raw folder of `NAME` with `PICTURES` as a tree, prepared at their own size."""
    root = tmp_path / "raw" / NAME
    for k, (path, *_) in enumerate(PICTURES):
        write(root, path, k)
    options(root)
    return root


def options(root, **values):
    (root / "folder.yaml").write_text(yaml.safe_dump({"size": 24} | values, sort_keys=False))


def table(root, text=None, name="labels.csv", encoding="utf-8"):
    lines = ["path,split,expression"] + [",".join(row) for row in PICTURES]
    (root / name).write_text("\n".join(lines) + "\n" if text is None else text, encoding=encoding)


def prepared(root, **options):
    return reader(NAME).prepare(root.parent.parent / "prepared", raw=root.parent, **options)


def refused(root, message, **options):
    """Both `check` and `prepare` refuse, and nothing is in place."""
    if not options:
        with pytest.raises(BadInput, match=message):
            reader(NAME).check(root)
    with pytest.raises(BadInput, match=message):
        prepared(root, **options)
    assert not (root.parent.parent / "prepared").exists()


def test_tree(root):
    (root / ".DS_Store").write_bytes(b"x")
    (root / "train" / "sad" / "._S3_001.webp").write_bytes(b"x")
    (root / "README.txt").write_text("at the top")
    reader(NAME).check(root)
    faces = prepared(root)
    assert faces.meta["name"] == NAME and faces.meta["version"] == "1.0" and faces.classes == ("happy", "sad")
    assert faces.id.tolist() == [path for path, *_ in PICTURES]
    assert faces.split.tolist() == [split for _, split, _ in PICTURES]
    assert faces.expression.tolist() == [0, 1, 0, 0, 1, 1]
    assert set(faces.group.tolist()) == {""} and np.isnan(faces.valence).all()
    for row in (0, 2, 3, 4, 5):  # all but the JPEG
        np.testing.assert_array_equal(faces.pictures[row], pixels(row))
    assert faces.meta["how"]["options"]["size"] == 24


def test_csv_gives_what_the_tree_gives(root):
    tree = prepared(root)
    table(root)
    assert prepared(root).fingerprint == tree.fingerprint


def test_csv_with_everything(root):
    table(
        root,
        "\ufeffgroup,path,split,arousal,valence,expression\r\n"
        "S2,test/happy/S2_001.PNG,test,0.5,-1,joy\r\n"
        '"S1, the first",train/happy/S1_001.png,train,,,\r\n'
        ",validation/sad/S4_001.bmp,validation,-0.25,1e-1,grief\r\n\r\n",
    )
    options(root, classes={"joy": "happy", "grief": "sad", "calm": "neutral"}, version="2.3", channels=1)
    faces = prepared(root)
    assert faces.id.tolist() == ["test/happy/S2_001.PNG", "train/happy/S1_001.png", "validation/sad/S4_001.bmp"]
    assert faces.classes == ("happy", "sad", "neutral") and faces.expression.tolist() == [0, -1, 1]
    assert faces.group.tolist() == ["S2", "S1, the first", ""]
    np.testing.assert_allclose(faces.valence, [-1, np.nan, 0.1])
    np.testing.assert_allclose(faces.arousal, [0.5, np.nan, -0.25])
    assert faces.meta["version"] == "2.3" and faces.pictures.shape == (3, 24, 24, 1)
    assert prepared(root, version="2.4").meta["version"] == "2.4"  # a profile's options go before the file's


def test_codes_as_names(root):
    text = "path,split,expression\n" + "".join(f"{p},{s},{ {'happy': 2, 'sad': 1}[c] }\n" for p, s, c in PICTURES)
    table(root, text)
    refused(root, r"folder.yaml, classes: found none, and numbers as expressions \(1, 2\); expected a name for each number")
    options(root, classes={1: "sad", 2: "happy"})
    faces = prepared(root)
    assert faces.classes == ("sad", "happy") and faces.expression.tolist() == [1, 0, 1, 1, 0, 0]


def test_folds_of_subjects(tmp_path):
    root = tmp_path / "raw" / NAME
    for k in range(24):
        write(root, f"{'happy' if k % 3 else 'sad'}/S{k // 2:02d}_{k:03d}.png", k)
    options(root, folds=4, group=r"(S\d+)_")
    reader(NAME).check(root)
    faces = prepared(root)
    assert sorted(set(faces.split.tolist())) == ["fold0", "fold1", "fold2", "fold3"]
    assert faces.group.tolist() == [path.split("/")[1].split("_")[0] for path in faces.id.tolist()]
    for subject in set(faces.group.tolist()):
        assert len(set(faces.split[faces.group == subject].tolist())) == 1
    options(root, folds=13, group=r"(S\d+)_")
    with pytest.raises(BadInput, match="folds: found 13; expected a number from 3 to the 12 groups"):
        prepared(root)
    options(root, folds=4, group=r"_(S\d+)")
    refused_check = r"happy/S00_001.png: found .*finds nothing; expected the name of its group"
    with pytest.raises(BadInput, match=refused_check):
        reader(NAME).check(root)
    options(root)
    with pytest.raises(BadInput, match="S00_001.png: found a file 1 folders deep; expected split/class/picture"):
        reader(NAME).check(root)


@pytest.mark.parametrize(
    "text, message",
    [
        ("path;split\ntrain/sad/S3_001.webp;train\n", r"labels.csv line 1: found header 'path;split'"),
        ("split,expression\ntrain,sad\n", "line 1: found header"),
        ("path,expression\ntrain/sad/S3_001.webp,sad\n", "line 1: found header"),
        ("path,split,valance\ntrain/sad/S3_001.webp,train,0\n", "line 1: found header 'path,split,valance'"),
        ("path,split,split\na,b,c\n", "line 1: found header"),
        ("", "line 1: found header ''"),
        ("path,split\n", "found no picture"),
        ("path,split\ntrain/sad/S3_001.webp,train,1\n", "line 2: found 3 fields; expected 2"),
        ("path,split\ntrain/sad/S3_001.webp,\n", "line 2: found no split"),
        ("path,split\n,train\n", "line 2: found no path"),
        (
            "path,split\ntrain/sad/S3_002.webp,train\n",
            r"line 2: found no such picture: /\S+/train/sad/S3_002.webp;",
        ),
        ("path,split\n../folder-mine/train/sad/S3_001.webp,train\n", "line 2: found path .*without '..'"),
        ("path,split\n/etc/hostname,train\n", "line 2: found path '/etc/hostname'"),
        ("path,split\nC:/x.png,train\n", "line 2: found path 'C:/x.png'"),
        ("path,split\ntrain\\sad\\S3_001.webp,train\n", "with '/'"),
        ("path,split\ntrain/sad/S3_001.webp,a\ntrain/sad/S3_001.webp,b\n", "line 3: found .*which .*line 2 has too"),
        ("path,split,valence\ntrain/sad/S3_001.webp,train,nan\n", "line 2: found valence 'nan'"),
        ("path,split,arousal\ntrain/sad/S3_001.webp,train,-1.5\n", "line 2: found arousal '-1.5'"),
        ("path,split,valence\ntrain/sad/S3_001.webp,train,\u0661\n", "line 2: found valence"),
        ('path,split\n"train/sad/S3_001.webp,train\n', "unexpected end of data"),
    ],
)
def test_bad_tables(root, text, message):
    table(root, text)
    refused(root, message)


def test_another_encoding_or_two_tables(root):
    table(root, "path,split,group\ntrain/sad/S3_001.webp,train,Ren\u00e9\n", encoding="latin-1")
    refused(root, "labels.csv after line 1: found bytes that are not UTF-8")
    table(root)
    table(root, name="more.csv")
    refused(root, "found labels.csv, more.csv; expected one csv, or the option 'table'")
    options(root, table="labels.csv")
    reader(NAME).check(root)
    options(root, table="../labels.csv")
    refused(root, "expected a csv at the top of the folder")


def test_bad_trees(root):
    stray = write(root, "train/S9.png")
    refused(root, "train/S9.png: found a file 1 folders deep; expected split/class/picture")
    stray.unlink()
    (root / "train" / "sad" / "notes.txt").write_text("x")
    refused(root, "notes.txt: found ending '.txt'; expected a picture: one of .*.png")
    (root / "train" / "sad" / "notes.txt").unlink()
    (root / "train" / "sad" / "S3_002.png").write_bytes(b"")
    refused(root, "S3_002.png: found a picture of 0 bytes")
    (root / "train" / "sad" / "S3_002.png").unlink()
    options(root, classes=["happy", "angry"])
    refused(root, "test/sad/S2_002.jpg: found expression 'sad'; expected one of happy, angry")


def test_a_link_out_of_the_folder_is_refused(root, tmp_path):
    outside = write(tmp_path, "elsewhere.png")
    (root / "train" / "sad" / "link.png").symlink_to(outside)
    refused(root, "link.png, which leads out of")


@pytest.mark.parametrize(
    "values, message",
    [
        ({"sise": 24}, "folder.yaml: found unknown sise"),
        ({"size": "24"}, "size: found '24'; expected a value of type int"),
        ({"size": None}, "size: found None"),
        ({"size": 4}, "size and channels: found 4 and 3"),
        ({"channels": 2}, "size and channels: found 24 and 2"),
        ({"version": 1.0}, "version: found 1.0; expected a value of type str"),
        ({"group": "(S"}, "group: found .*expected a regular expression"),
        ({"group": r"S\d+"}, "group: found 0 groups"),
        ({"classes": ["a", "a"]}, "classes: found .*different names"),
        ({"classes": []}, "classes: found"),
        ({"classes": {1: "a", 2: "a"}}, "classes: found"),
        ({"classes": ["a", "A "]}, "classes: found class 'A ' beside 'a'"),
        ({"allow_unreadable": 2}, "allow_unreadable: found 2"),
    ],
)
def test_bad_options(root, values, message):
    options(root, **values)
    refused(root, message)


def test_options_of_a_profile_are_checked_too(root):
    refused(root, "options of folder-mine: found unknown colour", colour=1)


def test_unreadable_pictures(root):
    """Beyond the share allowed nothing is written; within it they are left out, and listed by name and reason."""
    (root / "train" / "happy" / "S1_002.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    with pytest.raises(BadInput, match="train/happy/S1_002.png"):
        prepared(root)
    assert not (root.parent.parent / "prepared").exists()
    faces = prepared(root, allow_unreadable=0.2)
    assert len(faces) == 5 and "train/happy/S1_002.png" not in faces.id.tolist()
    assert "train/happy/S1_002.png" in str(faces.meta["how"]["unreadable"])


def test_kinds_of_pictures(root):
    """What a picture may be: grey of 8 and 16 bits, palette, transparent, CMYK, turned by EXIF; as `load_image` says."""
    grey = pixels(1)[..., 0]
    files = {
        "grey.png": Image.fromarray(grey),
        "deep.png": Image.fromarray(grey.astype(np.uint16) * 257),
        "palette.png": Image.fromarray(grey).convert("P"),
        "clear.png": Image.fromarray(np.dstack([pixels(2), np.full((24, 24), 255, np.uint8)])),
        "print.tif": Image.fromarray(pixels(3)).convert("CMYK"),
    }
    for name, image in files.items():
        image.save(root / "train" / "sad" / name)
    turned = Image.fromarray(pixels(4))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    out = io.BytesIO()
    turned.save(out, "PNG", exif=exif)
    (root / "train" / "sad" / "turned.png").write_bytes(out.getvalue())
    faces = prepared(root)
    row = {name: faces.id.tolist().index(f"train/sad/{name}") for name in [*files, "turned.png"]}
    for name in ("grey.png", "deep.png", "palette.png"):
        np.testing.assert_array_equal(faces.pictures[row[name]], np.repeat(grey[..., None], 3, 2), err_msg=name)
    np.testing.assert_array_equal(faces.pictures[row["clear.png"]], pixels(2))
    assert np.abs(faces.pictures[row["print.tif"]].astype(int) - pixels(3)).max() <= 2
    np.testing.assert_array_equal(faces.pictures[row["turned.png"]], np.rot90(pixels(4), -1))


def test_several_sets_side_by_side(root, tmp_path):
    other = tmp_path / "raw" / "folder-other"
    write(other, "train/happy/x.png", 9)
    one, two = reader(NAME), reader("folder-other")
    assert one.RAW == (NAME,) and two.RAW == ("folder-other",) and one.__file__ == module.__file__
    assert two.prepare(tmp_path / "prepared-other", raw=tmp_path / "raw").meta["name"] == "folder-other"
    for bad in ("folder", "folder-", "folder-../x", "mine"):
        with pytest.raises(BadInput, match="or folder-NAME for your own pictures"):
            reader(bad)


def test_data_add_points_to_a_folder(root, tmp_path):
    from benchmark.faces.adding import add

    raw = tmp_path / "project" / "data" / "raw"
    pointer = add("folder-here", root, root=tmp_path / "project", dvc=False)
    assert pointer == raw / "folder-here" / "source.yaml"
    direct = reader(NAME).prepare(tmp_path / "direct", raw=root.parent)
    pointed = reader("folder-here").prepare(tmp_path / "pointed", raw=raw)
    assert pointed.id.tolist() == direct.id.tolist() and pointed.fingerprint == direct.fingerprint
    (root / "train" / "sad" / "S9_001.png").write_bytes(b"")
    with pytest.raises(BadInput, match="a picture of 0 bytes"):
        add("folder-new", root, root=tmp_path / "project", dvc=False)
    assert [path.name for path in raw.iterdir()] == ["folder-here"]


def test_a_name_that_is_no_text_is_refused_before_anything_is_decoded(root, monkeypatch):
    os.rename(root / "train/sad/S3_001.webp", os.fsencode(root / "train/sad") + b"/caf\xe9.webp")
    monkeypatch.setattr(module, "write_decoded", lambda *_, **__: pytest.fail("decoded"))
    refused(root, r"train/sad/caf\\udce9.webp', group ''; expected printable characters")


def test_a_name_that_is_too_long(root):
    table(root, f"path,split\ntrain/{'x' * 300}.png,train\n")
    refused(root, r"labels.csv line 2: found train/x{300}.png \(File name too long\); expected a picture")
