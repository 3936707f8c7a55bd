"""Picture files of every kind that turns up, against hand-made expectations."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from benchmark.faces.reading import pictures
from benchmark.faces.reading.pictures import SUFFIXES, Unreadable, fit, load_image


@pytest.fixture
def quadrants():
    """64 x 64: red, green over blue, white."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:32, :32, 0] = picture[:32, 32:, 1] = picture[32:, :32, 2] = 255
    picture[32:, 32:] = 255
    return picture


def test_png_at_its_own_size_is_itself(tmp_path, quadrants):
    Image.fromarray(quadrants).save(tmp_path / "a.png")
    assert np.array_equal(load_image(tmp_path / "a.png", size=64, channels=3), quadrants)
    grey = load_image(tmp_path / "a.png", size=64, channels=1)
    assert grey.shape == (64, 64, 1) and grey[0, 0, 0] == 76  # 0.299 x 255


@pytest.mark.parametrize("orientation, turn", [(3, 2), (6, -1), (8, 1)])
def test_exif_orientation(tmp_path, quadrants, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(quadrants).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(load_image(tmp_path / "a.png", size=64, channels=3), np.rot90(quadrants, turn))


def test_modes(tmp_path, quadrants):
    wide = (np.arange(64 * 64, dtype=np.uint32) * 16).astype(np.uint16).reshape(64, 64)
    Image.fromarray(wide).save(tmp_path / "16.png")
    assert np.array_equal(
        load_image(tmp_path / "16.png", size=64, channels=1)[..., 0], np.round(wide / 257).astype(np.uint8)
    )
    clear = np.dstack([np.full((64, 64, 3), 200, np.uint8), np.zeros((64, 64), np.uint8)])
    clear[:32, :, 3] = 255
    Image.fromarray(clear).save(tmp_path / "rgba.png")
    found = load_image(tmp_path / "rgba.png", size=64, channels=3)
    assert (found[:32] == 200).all() and (found[32:] == 0).all()
    Image.fromarray(quadrants).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    assert np.abs(load_image(tmp_path / "cmyk.jpg", size=64, channels=3)[8, 8].astype(int) - (255, 0, 0)).max() < 12
    Image.fromarray(quadrants).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.gif")
    assert np.abs(load_image(tmp_path / "p.gif", size=64, channels=3).astype(int) - quadrants).max() < 12


def test_boxes(quadrants):
    inside = fit(quadrants, size=16, channels=3, box=(32, 0, 64, 32))
    assert (inside[:-1, 1:] == (0, 255, 0)).all()  # the filter looks half a pixel of the result across the box's edge
    grown = fit(quadrants, size=64, channels=3, box=(16, 16, 48, 48), margin=0.5)
    assert np.array_equal(grown, quadrants)
    beyond = fit(quadrants, size=64, channels=3, box=(32, 32, 96, 96))
    assert (beyond[:28, :28] == 255).all() and (beyond[36:] == 0).all()
    tall = fit(quadrants, size=64, channels=3, box=(24, 0, 40, 64))  # made square about its centre
    assert np.array_equal(tall, quadrants)


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ((500, 500, 580, 580), "a face box outside of the picture"),  # nothing of the picture
        ((64, 0, 80, 16), "a face box outside of the picture"),  # its edge is the picture's
        ((-20, 0, 0, 64), "a face box outside of the picture"),
        ((-8, 0, -2, 64), "a face box outside of the picture"),  # made square, it would reach into the picture
        ((0, -9, 64, -1), "a face box outside of the picture"),
        ((63.5, 63.5, 63.9, 63.9), "a face box that covers no whole pixel of the picture"),
        ((10.5, 10, 11.5, 20), "a face box that covers no whole pixel of the picture"),  # two halves
        ((-10, 10, 0.75, 20), "a face box that covers no whole pixel of the picture"),
    ],
)
def test_a_box_with_nothing_of_the_picture(tmp_path, quadrants, box, why):
    Image.fromarray(quadrants).save(tmp_path / "a.png")
    for margin in (0, 2):
        with pytest.raises(Unreadable, match=f"^{why}$"):
            fit(quadrants, size=8, channels=3, box=box, margin=margin)
        with pytest.raises(Unreadable, match=f"^{why}$"):
            load_image(tmp_path / "a.png", size=8, channels=3, box=box, margin=margin, roll=20.0)


@pytest.mark.parametrize("box", [(63, 63, 64, 64), (-10, -10, 100, 100), (10.5, 10.5, 12, 12), (63, 63, 200, 200)])
def test_a_box_with_one_pixel_of_the_picture_is_read(quadrants, box):
    assert fit(quadrants, size=8, channels=3, box=box).any()


def test_what_can_not_be_read(tmp_path, quadrants, monkeypatch):
    path = tmp_path / "a.jpg"
    Image.fromarray(quadrants).save(path)
    data = path.read_bytes()
    for content in (b"", data[: len(data) // 2], b"no picture at all", data[:20]):
        path.write_bytes(content)
        with pytest.raises(Unreadable):
            load_image(path, size=8, channels=3)
    with pytest.raises(Unreadable, match="^no such file$"):
        load_image(tmp_path / "none.jpg", size=8, channels=3)
    with pytest.raises(Unreadable, match="^Is a directory$"):
        load_image(tmp_path, size=8, channels=3)
    path.write_bytes(data)
    monkeypatch.setattr(pictures, "PIXEL_LIMIT", 64 * 64 - 1)
    with pytest.raises(Unreadable, match="64 x 64 pixels"):
        load_image(path, size=8, channels=3)


def test_no_program_is_started_for_a_picture(tmp_path, monkeypatch):
    """PostScript named .png: Pillow would let Ghostscript run it."""
    started = tmp_path / "started"
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {started}\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # looked for once
    path = tmp_path / "face.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(Unreadable, match="^no picture that can be read: text$"):
        load_image(path, size=8, channels=3)
    assert not started.exists()
    with pytest.raises(OSError), Image.open(path) as image:  # so that the test can fail: without the list it is started
        image.load()
    assert started.exists()


def test_a_file_that_is_no_picture_is_named_in_words(tmp_path):
    path = tmp_path / "face.jpg"
    for head, name in (
        (b"<html><title>404</title>", "an HTML page"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xff\xd8\xff", "a JPEG picture"),
    ):
        path.write_bytes(head + bytes(64))
        for given in (path, io.BytesIO(head + bytes(64))):
            with pytest.raises(Unreadable, match=f"^no picture that can be read: {name}$"):
                load_image(given, size=8, channels=3)


def test_what_the_suffixes_promise_is_read(tmp_path, quadrants):
    for suffix in SUFFIXES:
        Image.fromarray(quadrants).save(tmp_path / f"a{suffix}", quality=95)
        found = load_image(tmp_path / f"a{suffix}", size=64, channels=3)
        assert np.abs(found[8:24, 8:24].astype(int) - (255, 0, 0)).max() < 12, suffix


def test_a_bomb_is_refused_by_its_header(tmp_path):
    """A PNG of 45 bytes and a few that declares 100,000 x 100,000 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(Unreadable, match="10000000000 pixels|100000 x 100000 pixels"):
        load_image(tmp_path / "a.png", size=8, channels=3)


def test_bits_beyond_eight(tmp_path):
    """16 bits are divided by 257, in either mode of Pillow; values of 8 bits saved as 16 are refused, and so are larger
    ones; floating-point values are taken from 0 to 255, others refused."""
    for most in (0, 256, 4095, 65535):
        wide = np.linspace(0, most, 64).astype(np.uint16).reshape(8, 8)
        Image.fromarray(wide).save(tmp_path / "16.png")
        Image.fromarray(wide.astype(np.int32)).save(tmp_path / "32.tiff")
        for name in ("16.png", "32.tiff"):
            found = load_image(tmp_path / name, size=8, channels=1)[..., 0]
            assert np.array_equal(found, np.round(wide / 257).astype(np.uint8))
    for most, name in ((255, "16.png"), (255, "32.tiff"), (65536, "32.tiff")):
        narrow = np.linspace(0, most, 64).reshape(8, 8)
        Image.fromarray(narrow.astype(np.uint16 if name == "16.png" else np.int32)).save(tmp_path / name)
        with pytest.raises(Unreadable, match=f"up to {most}, which are not 16-bit values"):
            load_image(tmp_path / name, size=8, channels=1)
    whole = np.arange(64, dtype=np.float32).reshape(8, 8) * 4
    Image.fromarray(whole).save(tmp_path / "float.tiff")
    assert np.array_equal(load_image(tmp_path / "float.tiff", size=8, channels=1)[..., 0], whole.astype(np.uint8))
    for values, shown in (
        (whole / 252, "0 to 1"),
        (whole - 1, "-1 to 251"),
        (whole * 100, "0 to 25200"),
        (whole * np.nan, "nan"),
    ):
        Image.fromarray(values).save(tmp_path / "float.tiff")
        with pytest.raises(Unreadable, match=f"floating-point values from {shown}.*, not 0 to 255"):
            load_image(tmp_path / "float.tiff", size=8, channels=1)
