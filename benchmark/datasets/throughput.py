"""How fast videos become a FaceSet on this machine, in how much memory, and what that means for the full sets.

``python -m benchmark.datasets.throughput video`` draws one video and prepares it as Aff-Wild is prepared, end to end.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DRAWN = 500  # frames drawn; the rest repeats their packets
BITS_A_SECOND = 2_000_000  # about that of 720p videos on the web
RATE = 30


def draw_video(path: Path, frames: int, width: int, height: int) -> None:
    """An H.264 video of a smooth texture that moves under fresh noise; a multiple of `DRAWN` frames."""
    import av
    from PIL import Image, ImageFilter

    draws = np.random.default_rng(0)
    blocks = draws.integers(0, 256, (height // 8 + 64, width // 8 + 64, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    texture = np.asarray(Image.fromarray(blocks).filter(ImageFilter.GaussianBlur(6)))
    part = path.with_name(f"part-{path.name}")
    with av.open(str(part), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", BITS_A_SECOND
        for k in range(min(frames, DRAWN)):
            x, y = int(250 + 240 * np.sin(k / 90)), int(250 + 240 * np.cos(k / 70))
            noise = draws.integers(-6, 7, (height, width, 1), np.int16)
            picture = np.clip(texture[y : y + height, x : x + width] + noise, 0, 255).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    with av.open(str(path), "w") as output:
        copy = None
        for repeat in range(frames // DRAWN):
            with av.open(str(part)) as source:
                stream = source.streams.video[0]
                copy = copy or output.add_stream_from_template(stream)
                shift = repeat * int(DRAWN / RATE / stream.time_base)
                for packet in source.demux(stream):
                    if packet.size:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, copy
                        output.mux(packet)
    part.unlink()


def prepare_video(raw: Path, out: Path, every: int) -> dict:
    """Prepare `raw` as Aff-Wild; seconds by the clock and of processor time, frames kept, and the peak memory (MiB) of this
    process, which does the work itself, there being one video."""
    from benchmark.datasets import affwild

    start = time.perf_counter()
    faces = affwild.prepare(out, raw=raw, every=every)
    seconds, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor = used.ru_utime + used.ru_stime
    return {"seconds": seconds, "processor": processor, "faces": len(faces), "peak_mib": used.ru_maxrss / 1024}


def video(frames: int, width: int, height: int, steps: list[int]) -> None:
    """Draw one video, prepare it with each sampling step in a process of its own, print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        for part in ("videos/train", "annotations/train/valence", "annotations/train/arousal"):
            (raw / "affwild" / part).mkdir(parents=True)
        for dimension in ("valence", "arousal"):
            (raw / "affwild/annotations/train" / dimension / "1.txt").write_text("0.125\n" * frames)
        path = raw / "affwild/videos/train/1.mp4"
        draw_video(path, frames, width, height)
        print(f"one video of {frames} frames, {width} x {height}, {path.stat().st_size / 1e6:.0f} MB, one process at work")
        for every in steps:
            out = Path(folder) / f"every-{every}"
            command = [sys.executable, "-m", __spec__.name, "prepare", str(raw), str(out), "--every", str(every)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"every {every}: {found['seconds']:.1f} s by the clock, {found['processor']:.1f} s of processor time (start "
                f"included), {found['faces']} faces; {frames / found['processor']:.0f} frames a processor second, so a "
                f"million frames take {found['processor'] / frames * 1e6 / 60:.0f} minutes of one core; peak memory "
                f"{found['peak_mib']:.0f} MiB"
            )


def main() -> None:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = top.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("video", help="draw and prepare one video")
    one.add_argument("--frames", type=int, default=10_000, help=f"a multiple of {DRAWN} (default: %(default)s)")
    one.add_argument("--width", type=int, default=1280)
    one.add_argument("--height", type=int, default=720)
    one.add_argument("--every", type=int, nargs="+", default=[5, 1], help="sampling steps (default: 5 1)")
    one = verbs.add_parser("prepare", help="prepare a raw folder and print the measurement as JSON")
    one.add_argument("raw", type=Path)
    one.add_argument("out", type=Path)
    one.add_argument("--every", type=int, required=True)
    arguments = top.parse_args()
    if arguments.verb == "prepare":
        print(json.dumps(prepare_video(arguments.raw, arguments.out, arguments.every)))
    else:
        video(arguments.frames, arguments.width, arguments.height, arguments.every)


if __name__ == "__main__":
    main()
