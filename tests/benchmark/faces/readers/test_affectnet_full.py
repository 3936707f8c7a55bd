"""AffectNet's lists of 2017 at their full number of rows, as drawn by the facsimile: 420,300 rows, a picture of its own for
each of the 291,651 faces but the 32,941 copies. Times and memory are printed, not asserted."""

import resource
import time
from collections import Counter

import numpy as np
import pytest

from benchmark.faces.readers.affectnet import reader as affectnet
from benchmark.faces.reading.linking import write_pointer
from tests.facsimiles import affectnet_2017 as facsimile

SIZE = 32  # of the pictures, so that the FaceSet has 0.9 GB and not 3.6
FACES = 291_651  # 287,651 training and 4,000 validation faces of the eight classes, without the bad row


@pytest.mark.slow
def test_all_rows_with_a_kill_in_between(tmp_path, killed):
    def timed(what, work):
        begun, used = time.monotonic(), time.process_time()
        result = work()
        clock, processor = time.monotonic() - begun, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{what}: {clock:.1f} s, {processor:.1f} s of it in this process, its peak memory {peak:.0f} MiB", flush=True)
        return result

    folder = tmp_path / "AffectNet"
    truth = timed(
        "facsimile",
        lambda: facsimile.write(folder, scale=1, side=64, pictures=range(8), trap=facsimile.RELEASED, processes=2),
    )
    survey = timed("check", lambda: affectnet.check(folder))
    assert survey.counts == survey.known and sum(sum(own.values()) for own in survey.counts.values()) == FACES
    said = "\n".join(survey.notes)
    assert "training.csv line 315315 (row 315313 from 0, happy); with it there are 134416 of happy as released" in said
    assert "training: 414800 rows, as released" in said and "validation: 5500 rows, as released" in said
    timed("pointer", lambda: write_pointer(tmp_path / "raw/affectnet", folder))

    def prepare():
        return affectnet.prepare(tmp_path / "prepared", raw=tmp_path / "raw", size=SIZE)

    journal, waited = tmp_path / ".prepared.partial/journal", 30.0
    assert killed.after(waited, prepare)
    while not journal.is_file() or len(journal.read_text().splitlines()) < 10:  # killed before it decoded
        waited *= 2
        assert killed.after(waited, prepare)
    done = len(journal.read_text().splitlines()) - 1
    print(f"killed after {waited:.0f} s, with {done} batches done", flush=True)
    faces = timed("the rest", prepare)
    assert len(faces) == FACES and faces.meta["how"]["unreadable"]["count"] == 0
    assert journal.parent.exists() is False

    read = [row for row in truth.rows if row.code < 8 and row.box is not None]
    assert Counter(row.code for row in read) == Counter(faces.expression.tolist())
    place = {id: number for number, id in enumerate(faces.id.tolist())}
    assert sorted(place) == sorted(row.id for row in read)
    numbers = [place[row.id] for row in read]
    assert faces.expression[numbers].tolist() == [row.code for row in read]
    of_test = [row.part == "validation" for row in read]
    assert (faces.split[numbers] == "test").tolist() == of_test
    copies = [row for row in read if row.copy_of]
    assert len(copies) == 32_941
    for row in copies:
        one, other = place[row.id], place[row.copy_of]
        assert faces.digest[one] == faces.digest[other] and faces.split[one] == faces.split[other]
    held = np.mean(faces.split[numbers][~np.array(of_test)] == "validation")
    assert abs(held - 0.05) < 0.003
