"""Speed and memory of preparing videos and pictures on this machine, with an estimate for the full data sets.

``python -m benchmark.measures.speed.reading video`` makes one video and prepares it as Aff-Wild is prepared, end to end.
``... images`` makes pictures with lists like those of AffectNet's 2017 release and prepares them.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DRAWN = 500  # frames that are drawn; the others repeat their packets
BITS_A_SECOND = 2_000_000  # about the bit rate of 720p videos on the web
RATE = 30
DISTINCT = 200  # pictures that are drawn; the other files repeat their bytes
AFFECTNET = 287_651 + 4_000


def draw_video(path: Path, frames: int, width: int, height: int) -> None:
    """Write an H.264 video of a moving smooth texture with new noise in each frame. `frames`: a multiple of `DRAWN`."""
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
    """Prepare `raw` as Aff-Wild.

    Returns:
        {seconds: wall-clock time, processor: processor time in seconds, faces: frames kept, peak_mib: peak memory of this
        process in MiB}. With a single video, this process does all the work itself.
    """
    from benchmark.faces.readers.affwild import reader as affwild

    start = time.perf_counter()
    faces = affwild.prepare(out, raw=raw, every=every)
    seconds, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor = used.ru_utime + used.ru_stime
    return {"seconds": seconds, "processor": processor, "faces": len(faces), "peak_mib": used.ru_maxrss / 1024}


def video(frames: int, width: int, height: int, steps: list[int]) -> None:
    """Make one video, prepare it with each sampling step, each time in a separate process, and print the measurements."""
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


def draw_lists(folder: Path, pictures: int, side: int) -> None:
    """Write a folder in the layout of AffectNet's 2017 release: `pictures` JPEG files of `side` x `side` pixels, a tenth of
    them in validation.csv."""
    from PIL import Image, ImageFilter

    draws = np.random.default_rng(0)
    blocks = draws.integers(0, 256, (DISTINCT, side // 8, side // 8, 3), np.uint8)
    tables = {"training.csv": [], "validation.csv": []}
    drawn = []
    for block in blocks:
        file = io.BytesIO()
        image = Image.fromarray(block.repeat(8, 0).repeat(8, 1)).filter(ImageFilter.GaussianBlur(3))
        image.save(file, "JPEG", quality=90)
        drawn.append(file.getvalue())
    for row in range(pictures):
        name = f"{row // 1000}/{row:08x}.jpg"
        path = folder / "Manually_Annotated_Images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn[row % DISTINCT])
        line = f"{name},0,0,{side},{side},,{row % 8},0.25,-0.25"
        tables["validation.csv" if row % 10 == 0 else "training.csv"].append(line)
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def images(pictures: int, side: int) -> None:
    """Make pictures, prepare them as AffectNet with one process per core, and print the measurements."""
    with tempfile.TemporaryDirectory() as folder:
        raw, out = Path(folder) / "raw", Path(folder) / "out"
        draw_lists(raw / "affectnet", pictures, side)
        start = time.perf_counter()
        code = "import sys; from pathlib import Path; from benchmark.faces.readers.affectnet import reader as affectnet; "
        code += "affectnet.prepare(Path(sys.argv[2]), raw=Path(sys.argv[1]))"
        work, peak = subprocess.Popen([sys.executable, "-c", f"if __name__ == '__main__': {code}", str(raw), str(out)]), 0
        while work.poll() is None:
            peak = max(peak, resident(work.pid))
            time.sleep(0.1)
        if work.returncode:
            raise SystemExit(work.returncode)
        seconds = time.perf_counter() - start
        print(
            f"{pictures} pictures, {side} x {side} JPEG, {os.cpu_count()} cores: {seconds:.1f} s, {pictures / seconds:.0f} "
            f"a second, so that AffectNet's {AFFECTNET} take {AFFECTNET * seconds / pictures / 60:.0f} minutes; peak memory "
            f"of all processes together {peak / 2**20:.0f} MiB",
            flush=True,  # before the files are deleted, which takes a while
        )


def resident(process: int) -> int:
    """Resident memory, in bytes, of a process and all its descendants, from /proc. Shared pages are counted in each
    process."""
    total = 0
    try:
        fields = Path(f"/proc/{process}/statm").read_text().split()
        total = int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # the process has ended
        return total
    return total + sum(resident(int(child)) for child in children)


def main() -> None:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = top.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("video", help="draw and prepare one video")
    one.add_argument("--frames", type=int, default=10_000, help=f"a multiple of {DRAWN} (default: %(default)s)")
    one.add_argument("--width", type=int, default=1280)
    one.add_argument("--height", type=int, default=720)
    one.add_argument("--every", type=int, nargs="+", default=[5, 1], help="sampling steps (default: 5 1)")
    one = verbs.add_parser("images", help="draw and prepare picture files")
    one.add_argument("--pictures", type=int, default=20_000, help="(default: %(default)s)")
    one.add_argument("--side", type=int, default=224, help="pixels, a multiple of 8 (default: %(default)s)")
    one = verbs.add_parser("prepare", help="prepare a raw folder and print the measurement as JSON")
    one.add_argument("raw", type=Path)
    one.add_argument("out", type=Path)
    one.add_argument("--every", type=int, required=True)
    arguments = top.parse_args()
    if arguments.verb == "prepare":
        print(json.dumps(prepare_video(arguments.raw, arguments.out, arguments.every)))
    elif arguments.verb == "images":
        images(arguments.pictures, arguments.side)
    else:
        video(arguments.frames, arguments.width, arguments.height, arguments.every)


if __name__ == "__main__":
    main()
