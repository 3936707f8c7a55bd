"""Pictures of every kind become the pixels that one sees; what is none is refused in one line."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.photographs import reading
from benchmark.photographs.reading import check_readable, read_picture

RED = np.zeros((20, 30, 3), np.uint8)
RED[:, :, 0], RED[:10, :15] = 200, (20, 60, 220)  # blue at the top left
ORIENTATION = 0x0112
# What is stored for each EXIF orientation, so that RED is seen: by the definition of the tag.
STORED = {
    1: RED,
    2: RED[:, ::-1],
    3: RED[::-1, ::-1],
    4: RED[::-1],
    5: RED.transpose(1, 0, 2),
    6: np.rot90(RED, 1),
    7: np.rot90(RED, 2).transpose(1, 0, 2),
    8: np.rot90(RED, -1),
}


def saved(path, image, **how):
    image.save(path, **how)
    return path


@pytest.mark.parametrize("orientation", STORED)
def test_it_is_turned_by_its_orientation(tmp_path, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = saved(tmp_path / "a.png", Image.fromarray(np.ascontiguousarray(STORED[orientation])), exif=exif)
    found = read_picture(path)
    np.testing.assert_array_equal(found.pixels, RED)
    assert (found.name, found.width, found.height) == (str(path), 30, 20)


PIL = Image.fromarray(RED)
PALETTE = PIL.quantize(4)
SEEN = {  # file -> (image, how it is saved, what is seen)
    "a.bmp": (PIL, {}, RED),
    "a.webp": (PIL, {"lossless": True}, RED),
    "a.tif": (PIL, {}, RED),
    "a.gif": (PIL, {"save_all": True, "append_images": [Image.new("RGB", PIL.size, "green")]}, RED),
    "palette.png": (PALETTE, {}, np.asarray(PALETTE.convert("RGB"))),
    "grey.png": (Image.fromarray(RED[..., 0]), {}, np.repeat(RED[..., :1], 3, 2)),
    "one bit.png": (Image.fromarray(RED[..., 0] > 100), {}, np.repeat(255 * (RED[..., :1] > 100), 3, 2)),
    "wide.png": (Image.fromarray(RED[..., 0].astype(np.uint16) * 257), {}, np.repeat(RED[..., :1], 3, 2)),
    "alpha.png": (Image.fromarray(np.dstack([RED, np.full((20, 30), 51, np.uint8)])), {}, np.round(RED * 0.2)),
    "png called.jpg": (PIL, {"format": "PNG"}, RED),
}


@pytest.mark.parametrize("name", SEEN)
def test_every_kind_of_file(tmp_path, name):
    image, how, seen = SEEN[name]
    found = read_picture(saved(tmp_path / name, image, **how)).pixels.astype(int)
    assert np.abs(found - seen).max() <= 1


def test_sixteen_bits_are_divided_by_257(tmp_path):
    wide = np.tile(np.array([0, 128, 129, 32_896, 33_025, 65_535], np.uint16), (20, 5))
    found = read_picture(saved(tmp_path / "wide.png", Image.fromarray(wide))).pixels
    assert found[0, :6, 0].tolist() == [0, 0, 1, 128, 129, 255] == found[0, :6, 2].tolist()


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_jpeg(tmp_path, mode):
    found = read_picture(saved(tmp_path / "a.jpg", PIL.convert(mode), quality=98, subsampling=0)).pixels.astype(int)
    seen = np.asarray(PIL.convert(mode).convert("RGB")).astype(int)
    assert np.abs(found - seen)[2:8, 2:13].max() <= 6 and np.abs(found - seen)[12:, 17:].max() <= 6


@pytest.mark.parametrize(
    "given, seen",
    [
        (PIL, RED),
        (RED, RED),
        (RED[::-1], RED[::-1]),  # not contiguous
        (RED[..., 0], np.repeat(RED[..., :1], 3, 2)),
        (RED[..., :1], np.repeat(RED[..., :1], 3, 2)),
        (np.dstack([RED, np.zeros((20, 30), np.uint8)]), 0 * RED),
    ],
)
def test_objects(given, seen):
    found = read_picture(given, 3)
    np.testing.assert_array_equal(found.pixels, seen)
    assert found.name == "picture 3"


def png_of(width, height):
    """A PNG that says a size, with hardly a pixel."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (body, b"IDAT\0\0")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg():
    stream = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(stream, "JPEG")
    return stream.getvalue()


REFUSED = {
    "text.jpg": (b"hello", "text.jpg: found text; expected a picture: JPEG, PNG, WebP, GIF, BMP, TIFF"),
    "empty.png": (b"", "found an empty file; expected a picture"),
    "half.jpg": (
        jpeg()[:5000],
        "found a damaged picture \\(image file is truncated.*; expected one that can be",
    ),
    "head.png": (b"\x89PNG\r\n\x1a\nxxxx", "found a PNG picture, damaged"),
    "large.png": (png_of(9000, 9000), "found 9000 x 9000 pixels; expected 67,108,864 at most"),
    "bomb.png": (png_of(60000, 60000), "found far too many pixels for a picture; expected 67,108,864 at most"),
    "phone.jpg": (
        b"\0\0\0\x18ftypheic" + bytes(20),
        "found a HEIC or AVIF picture, as phones write them",
    ),
    "burst.heic": (b"\0\0\0\x18ftypmsf1" + bytes(20), "found a HEIC or AVIF picture"),
    "page.ps": (b"%!PS-Adobe-3.0\n", "found text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture(tmp_path, name):
    contents, said = REFUSED[name]
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(BadInput, match=said):
        read_picture(tmp_path / name)


@pytest.mark.parametrize(
    "given, said",
    [
        (RED[:15], "picture 1: found 30 x 15 pixels; expected at least 16 a side"),
        (RED.astype(np.float32), r"found float32 \(20, 30, 3\); expected an array uint8"),
        (RED[..., :2], r"found uint8 \(20, 30, 2\); expected an array uint8"),
        (b"bytes", "found an object of bytes; expected a file, a Pillow image, or an array"),
        (None, "found an object of NoneType"),
        (
            Image.fromarray(np.full((20, 20), np.nan, np.float32)),
            "found values from nan to nan; expected a picture",
        ),
        (
            Image.fromarray(np.full((20, 20), 0.5, np.float32)),
            "found floating-point values from 0.5 to 0.5; expected values",
        ),
        (Image.fromarray(np.full((20, 20), -1, np.int32)), "found values from -1 to -1; expected a picture"),
        (Image.fromarray(np.full((20, 20), 70000, np.int32)), "found values from 70000 to 70000; expected a picture"),
        (Image.new("L", (9000, 9000)), "picture 1: found 9000 x 9000 pixels"),
        (np.broadcast_to(np.uint8(0), (9000, 9000)), "found 9000 x 9000 pixels"),
    ],
)
def test_what_is_no_object(given, said):
    with pytest.raises(BadInput, match=said):
        read_picture(given)


def test_pillow_images_whose_pixels_can_not_be_had(tmp_path):
    (tmp_path / "half.jpg").write_bytes(jpeg()[:5000])
    with Image.open(tmp_path / "half.jpg") as lazy:
        with pytest.raises(BadInput, match=r"picture 2: found a Pillow image without pixels \(image file is truncated"):
            read_picture(lazy, 2)
    closed = PIL.copy()
    closed.close()
    with pytest.raises(BadInput, match=r"found a Pillow image without pixels \(Operation on closed image\)"):
        read_picture(closed)
    with pytest.raises(BadInput, match="found a Pillow image without pixels"):
        read_picture(Image.new("La", (20, 20)))


def test_what_the_system_refuses_is_no_damaged_picture(tmp_path):
    (tmp_path / "round.jpg").symlink_to("round.jpg")
    for path in (tmp_path / "round.jpg", tmp_path / ("x" * 300)):
        with pytest.raises(BadInput, match=r"found a file that can not be opened \("):
            read_picture(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(BadInput, match="found a special file"):
        read_picture(tmp_path / "pipe.jpg")


def test_an_address_is_not_fetched():
    with pytest.raises(BadInput, match="found a web address; expected a picture"):
        read_picture("https://example.org/a.jpg")


def test_a_folder_and_no_file(tmp_path):
    with pytest.raises(BadInput, match=r"found a folder; expected a picture: .*; `.*\*` names all files in it"):
        read_picture(tmp_path)
    with pytest.raises(BadInput, match="found no such file"):
        read_picture(tmp_path / "gone.png")


def test_all_that_can_not_be_read_are_told_together(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(BadInput) as told:
        check_readable([RED, tmp_path / "gone.png", RED, tmp_path / "text.png"])
    assert [fault.found for fault in told.value.faults] == ["no such file", "text"]
    with pytest.raises(BadInput, match="pictures: found none; expected at least one"):
        check_readable([])


def test_only_so_many_pixels_are_held():
    first, second, third = check_readable([RED, RED, RED], kept=RED.shape[0] * RED.shape[1] * 2)
    assert first is not None and second is not None and third is None


def test_limits_are_those_of_the_data_sets():
    assert reading.PIXEL_LIMIT == 67_108_864
