import math
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts

from benchmark.errors import BadInput
from benchmark.faces.adding import add
from benchmark.faces.readers.affectnet import landmarks
from benchmark.faces.readers.affectnet import reader as affectnet
from benchmark.faces.reading import decoding, pictures
from benchmark.faces.reading.raw import raw_folder
from benchmark.protocol.protocol import load_protocol

WRITERS = {
    "lists": layouts.write_lists,
    "lists, validation without header": lambda folder, faces: layouts.write_lists(folder, faces, header=False),
    "npy of text": lambda folder, faces: layouts.write_npy(folder, faces, text=True),
    "npy of numbers": lambda folder, faces: layouts.write_npy(folder, faces, text=False),
    "named": layouts.write_named,
    "json, nested": lambda folder, faces: layouts.write_json(folder, faces, nested=True),
    "json, flat": lambda folder, faces: layouts.write_json(folder, faces, nested=False),
    "csv in place of npy": layouts.write_table,
    "AffectNet+": layouts.write_plus,
}


@pytest.fixture(scope="module")
def faces():
    return layouts.some_faces()


@pytest.fixture
def lists(raw, faces):
    """The folder of lists of the 2017 layout."""
    return layouts.write_lists(raw / "affectnet", faces) / "Manually_Annotated_file_lists"


def prepared(raw, **options):
    return affectnet.prepare(raw.parent / "out", raw=raw, **({"size": layouts.SIDE, "processes": 1} | options))


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_every_layout_gives_the_same_faces(writer, raw, faces):
    writer(raw / "affectnet", faces)
    found = prepared(raw)
    assert len(found) == 60
    matched = set()
    for row in range(60):  # in the order of ids, which is another in each layout
        same = np.flatnonzero((faces.pictures[:] == found.pictures[row]).all(axis=(1, 2, 3)))
        assert len(same) == 1
        k = int(same[0])
        matched.add(k)
        assert found.expression[row] == faces.code[k]
        assert (found.split[row] == "test") == (k >= faces.training)
        expected = np.float32([faces.valence[k], faces.arousal[k]])
        np.testing.assert_allclose([found.valence[row], found.arousal[row]], expected, atol=1e-6)
    assert len(matched) == 60
    assert found.meta["how"]["without valence or arousal"] == 1
    assert ("a subset" in found.meta["how"]["counts"]) != ("not known" in found.meta["how"]["counts"])


def test_faces_of_no_class_are_left_out_and_counted(lists, raw):
    how = prepared(raw).meta["how"]
    assert how["left out"] == {
        "train": {"None": 1, "Uncertain": 1, "No-Face": 1},
        "val": {"None": 0, "Uncertain": 0, "No-Face": 0},
    }
    assert how["edition"] == "2017 release, csv lists" and set(how["files"]) == {"training.csv", "validation.csv"}


def test_margin_shows_what_surrounds_the_box(lists, raw, faces):
    wide = prepared(raw, margin=0.125, size=40)  # 4 pixels on each side: nothing is resampled
    assert wide.pictures.shape == (60, 40, 40, 3)
    np.testing.assert_array_equal(wide.pictures[0][4:36, 4:36], faces.pictures[0])
    np.testing.assert_array_equal(wide.pictures[0][:, 0], 0)  # the box begins 3 pixels from the edge: black beyond
    assert wide.pictures[0][:, 1].any()


def test_byte_order_mark_and_columns_in_another_order(lists, raw, faces):
    path = lists / "validation.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("\ufeff" + "\n".join(",".join(row[::-1]) for row in rows) + "\n", encoding="utf-8")
    assert int((prepared(raw).split == "test").sum()) == 15


def test_missing_empty_and_cut_pictures_are_named_and_limited(lists, raw, faces, tmp_path):
    pictures = lists.parent / "Manually_Annotated_Images"
    (pictures / "0/00000000.png").unlink()
    (pictures / "1/00000001.PNG").write_bytes(b"")
    path = pictures / "5/00000005.png"
    path.write_bytes(path.read_bytes()[:1500])
    outside = tmp_path / "outside.png"
    (pictures / "3/0000000a.png").rename(outside)
    (pictures / "3/0000000a.png").symlink_to(outside)
    with pytest.raises(
        BadInput, match="training.csv line 2: found no picture .*0/00000000.png; 1 of the 60 pictures are missing"
    ):
        prepared(raw)
    with pytest.raises(BadInput, match="found 4 of 60 pictures that can not be read .*00000000.png"):
        prepared(raw, allow_unreadable=0.05)
    found = prepared(raw, allow_unreadable=0.1)
    lost = {Path(name).name: why for name, why in found.meta["how"]["unreadable"]["first"].items()}
    assert set(lost) == {"00000000.png", "00000001.PNG", "00000005.png", "0000000a.png"}
    assert lost["00000001.PNG"] == "an empty file" and "out of the folder" in lost["0000000a.png"]
    assert len(found) == 56


def test_killed_with_signal_9_and_resumed_to_the_same_bytes(raw, faces, tmp_path):
    layouts.write_named(raw / "affectnet", layouts.some_faces(1200, 900, drawn=True))
    command = "from pathlib import Path; from benchmark.faces.readers.affectnet import reader as affectnet; "
    command += f"affectnet.prepare(Path({str(tmp_path / 'out')!r}), raw=Path({str(raw)!r}), size=256, processes=1)"
    work = subprocess.Popen([sys.executable, "-c", command], stderr=subprocess.DEVNULL)
    journal, deadline = tmp_path / ".out.partial" / "journal", time.monotonic() + 60
    while not (journal.is_file() and journal.read_text().count("\n") >= 3):  # its first line and two batches
        assert work.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    work.kill()
    work.wait()
    assert not (tmp_path / "out").exists()
    done = journal.read_text().count("\n") - 1
    assert 2 <= done < 19
    with mock.patch.object(decoding, "_decode", wraps=decoding._decode) as decoded:
        resumed = prepared(raw, size=256)
    assert decoded.call_count == 19 - done  # 1200 pictures, 64 a batch
    affectnet.prepare(tmp_path / "whole", raw=raw, size=256, processes=1)
    for name in ("images.npy", "faces.csv", "meta.json"):
        assert (resumed.directory / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_folder_is_pointed_to_and_a_changed_one_refused(tmp_path, faces):
    folder, root = layouts.write_named(tmp_path / "AffectNet", faces), tmp_path / "project"
    pointer = add("affectnet", folder, root=root, dvc=False)
    assert [p.name for p in (root / "data/raw/affectnet").iterdir()] == ["source.yaml"] == [pointer.name]
    raw = root / "data" / "raw"
    assert raw_folder(raw, "affectnet") == folder
    assert len(affectnet.prepare(tmp_path / "out", raw=raw, size=8, processes=1)) == 60
    victim = next((folder / "val_set/images").iterdir())
    victim.write_bytes(victim.read_bytes() + b"\0")
    with pytest.raises(BadInput, match="found 60 files .*; expected 60 files .* add the folder again"):
        raw_folder(raw, "affectnet")
    assert add("affectnet", folder, root=root, dvc=False) == pointer
    assert raw_folder(raw, "affectnet") == folder
    other = layouts.write_named(tmp_path / "other", faces)
    with pytest.raises(BadInput, match="source.yaml: found .*/AffectNet; expected no source.yaml, or one of .*/other"):
        add("affectnet", other, root=root, dvc=False)
    folder.rename(tmp_path / "moved")
    with pytest.raises(BadInput, match="found no folder .*AffectNet; expected the folder that was added"):
        raw_folder(raw, "affectnet")
    pointer.write_text("path: [1")
    with pytest.raises(BadInput, match="source.yaml"):
        raw_folder(raw, "affectnet")


def test_a_folder_for_a_set_of_one_file_and_a_bad_folder_write_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="found a folder; expected one file; fer2013 is not read from a folder"):
        add("fer2013", tmp_path / "folder", root=tmp_path / "project", dvc=False)
    with pytest.raises(BadInput, match="neither training.csv"):
        add("affectnet", tmp_path / "folder", root=tmp_path / "project", dvc=False)
    assert not (tmp_path / "project").exists()


def test_protocols_take_what_prepare_makes(lists, raw):
    found = prepared(raw, size=64)
    for name in ("affectnet-8", "affectnet-va"):
        protocol = load_protocol(name)
        protocol.check_data_options(found.meta, "test")
        assert set(protocol.splits.values()) >= set(found.split)
        assert protocol.task == "dimensional" or protocol.classes == found.classes


def test_align_turns_faces_upright(lists, raw, faces):
    """Eyes 24 to the right and 32 down: atan2(32, 24) = 53.13 degrees. A face that leans so by Pillow comes back upright."""
    points = ["0;0"] * 36 + ["10;10"] * 6 + ["34;42"] * 6 + ["0;0"] * 20
    assert landmarks.roll_of(";".join(points), "x") == pytest.approx(53.1301, abs=1e-4)
    level = ";".join(["0;0"] * 36 + ["10;10"] * 6 + ["30;10"] * 26)
    assert landmarks.roll_of(level, "x") == 0
    table = lists / "training.csv"
    table.write_text(table.read_text().replace(layouts.LANDMARKS, ";".join(points)))
    table = lists / "validation.csv"
    table.write_text(table.read_text().replace(layouts.LANDMARKS, level))
    found, straight = prepared(raw, align=True), affectnet.prepare(raw.parent / "plain", raw=raw, size=layouts.SIDE)
    assert found.meta["how"]["options"]["align"] is True
    turned = (found.pictures[:] != straight.pictures[:]).any(axis=(1, 2, 3))
    assert not turned[found.split == "test"].any() and turned[found.split != "test"].all()
    options = found.meta["how"]["options"] | {"size": 64}
    with pytest.raises(BadInput, match="option align: found True; expected False"):
        load_protocol("affectnet-8").check_data_options(found.meta | {"how": {"options": options}}, "x")


def test_roll_against_a_picture_that_was_turned():
    """A bar through the centre, drawn leaning 30 degrees clockwise, lies level after roll=30 (and not after -30)."""
    y, x = np.mgrid[:65, :65] - 32.0
    tilt = math.radians(30)  # y grows downwards: the line through (cos, sin) falls to the right
    bar = (np.abs(-x * math.sin(tilt) + y * math.cos(tilt)) < 3).astype(np.uint8) * 255
    level = (np.abs(y) < 3) & (np.hypot(x, y) < 28)
    for roll, lies in ((30.0, True), (-30.0, False)):
        image = pictures.fit(bar, size=65, channels=1, box=(0, 0, 65, 65), roll=roll)[..., 0]
        assert (image[level].mean() > 200) == lies


@pytest.mark.parametrize(
    ("landmarks", "words"),
    [("1;2;3", "136 numbers"), (";".join(["nan"] * 136), "136 numbers"), (";".join(["5"] * 136), "two eyes"), ("", "136")],
)
def test_align_refuses_landmarks_that_are_none(lists, raw, landmarks, words):
    table = lists / "training.csv"
    table.write_text(table.read_text().replace(layouts.LANDMARKS, landmarks, 1))
    assert len(prepared(raw)) == 60  # not looked at
    with pytest.raises(BadInput, match=rf"training.csv line 2: found .*landmarks.*{words}"):
        prepared(raw, align=True)


def test_align_needs_the_lists(raw, faces):
    layouts.write_npy(raw / "affectnet", faces, text=True)
    with pytest.raises(BadInput, match="lists of 2017"):
        prepared(raw, align=True)


def test_a_name_that_is_no_text_is_refused_before_anything_is_decoded(raw, faces, monkeypatch):
    folder = layouts.write_npy(raw / "affectnet", faces, text=False) / "train_set"
    for name, place in ((b".png", "images"), *((f"_{n}.npy".encode(), "annotations") for n in ("exp", "val", "aro"))):
        os.rename(os.fsencode(folder / place / "7") + name, os.fsencode(folder / place) + b"/caf\xe9" + name)
    monkeypatch.setattr(affectnet, "write_decoded", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(BadInput, match=r"affectnet: found the name '.*/caf\\udce9'; expected a name of printable") as error:
        prepared(raw)
    assert str(error.value).isprintable()
