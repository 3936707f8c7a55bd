"""Aff-Wild2 at its full number of tracks, lines and crops, as drawn by the facsimile: 2.03 million crops (hard links to 300
pictures) in 564 tracks. Times and memory are printed, not asserted."""

import resource
import time

import numpy as np
import pytest

from benchmark.faces.readers.affwild2 import reader as affwild2
from benchmark.faces.reading import tracks
from benchmark.faces.reading.linking import write_pointer
from tests.facsimiles import affwild2 as facsimile

SIZE = 16  # of the pictures, so that the FaceSet has 0.3 GB and not 15


@pytest.mark.slow
def test_all_tracks_with_a_kill_in_between(tmp_path, killed, monkeypatch):
    def timed(what, work):
        begun = time.monotonic()
        result = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{what}: {time.monotonic() - begun:.1f} s, peak memory of the process {peak:.0f} MiB")
        return result, time.monotonic() - begun

    folder = tmp_path / "Aff-Wild2"
    truth, _ = timed(
        "facsimile", lambda: facsimile.write(folder, scale=1, lines=None, distinct=300, keep_rows=False, tree="ABAW3")
    )
    survey, needed = timed("check", lambda: affwild2.check(folder))
    said = "\n".join(survey.notes)
    assert "460 tracks, 1680144 labelled frames, 1653757 with a crop (ABAW5: 1680144, 1653757 with a crop)" in said
    assert "104 tracks, 382021 labelled frames, 376323 with a crop (ABAW5: 382021, 376323 with a crop)" in said
    assert "564 tracks (ABAW5: 564)" in said
    _, _ = timed("pointer", lambda: write_pointer(tmp_path / "raw/affwild2", folder))

    def prepare():
        return affwild2.prepare(tmp_path / "prepared", raw=tmp_path / "raw", size=SIZE, processes=1)

    journal = tmp_path / ".prepared.partial/journal"
    waited = 2 * needed
    assert killed.after(waited, prepare)
    while not journal.is_file() or len(journal.read_text().splitlines()) < 10:  # killed before it decoded
        waited *= 2
        assert killed.after(waited, prepare)
    done = len(journal.read_text().splitlines()) - 1
    print(f"killed after {waited:.0f} s, with {done} batches done")

    decoded = 0

    def counted(*arguments, load=tracks.load_image, **options):
        nonlocal decoded
        decoded += 1
        return load(*arguments, **options)

    monkeypatch.setattr(tracks, "load_image", counted)
    faces, _ = timed("the rest", prepare)
    total = sum(sum(own.values()) for own in survey.counts.values())
    assert len(faces) == total
    assert total - tracks.PICTURES_A_BATCH * done <= decoded < total
    assert faces.meta["counts"] == {split: dict.fromkeys(affwild2.CLASSES, 0) | own for split, own in survey.counts.items()}
    assert faces.meta["how"]["pictures"]["labelled_frames"] == {
        official: {"with_a_crop": own["with_crop"], "without": own["labelled"] - own["with_crop"]}
        for official, own in (("train", truth.totals["train"]), ("test", truth.totals["validation"]))
    }
    # Every track: ids are the lines 1, 6, 11, ..., and the labels those of the files.
    names = np.char.rpartition(faces.id, "/")
    assert len(set(names[:, 0].tolist())) == 564
    assert not ((names[:, 2].astype(int) - 1) % 5).any()
    for path in list(folder.rglob("VA_Estimation_Challenge/*/*.txt"))[::40]:
        own = names[:, 0] == path.stem
        table = np.loadtxt(path, delimiter=",", skiprows=1)[names[own, 2].astype(int) - 1]
        assert np.abs(np.stack([faces.valence[own], faces.arousal[own]], axis=1) - table).max() < 1e-6
