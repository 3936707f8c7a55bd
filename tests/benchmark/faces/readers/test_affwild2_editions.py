"""Aff-Wild2: edition x trap x result, on facsimiles that are made from notes on the real files alone."""

import re
import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild2 import reader as affwild2
from benchmark.faces.readers.affwild2.splits import source_of, split_of, video_of
from benchmark.faces.reading.linking import write_pointer
from benchmark.records.per_video import video_of as video_of_rows
from tests.facsimiles import affwild2 as facsimile

EDITIONS = {"VA_Set": "VA_Set", "Training_Set": "VA_Set", "ABAW3": "VA_Estimation_Challenge", "2020": "VA_Set"}


def prepared(tmp_path, folder, **options):
    """The FaceSet of a folder that was added, as a pointer to it."""
    raw = tmp_path / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    write_pointer(raw / "affwild2", folder)
    return affwild2.prepare(tmp_path / "prepared", raw=raw, **{"size": 8, "every": 1, "processes": 1} | options)


def refused(tmp_path, folder, message):
    """Refused by both verbs, in the same line, with nothing written."""
    told = set()
    for call in (lambda: affwild2.check(folder), lambda: prepared(tmp_path, folder)):
        with pytest.raises(BadInput, match=message) as caught:
            call()
        told.add(str(caught.value))
    assert len(told) == 1
    assert not (tmp_path / "prepared").exists()


def usable(truth, parts=("train", "validation")):
    """The rows that a reader must take: with a valence, an arousal and a picture."""
    return [row for row in truth.rows if row.valence is not None and row.picture and row.part in parts]


def notes(folder):
    return "\n".join(affwild2.check(folder).notes)


def agrees(faces, truth):
    """Every face is the row of its id: labels, group, part, and the pixels of the file that the facsimile names."""
    rows = {row.id: row for row in usable(truth)}
    assert set(faces.id) == set(rows)
    for face, name in enumerate(faces.id):
        row = rows[name]
        assert [faces.valence[face], faces.arousal[face]] == pytest.approx([row.valence, row.arousal], abs=1e-6)
        assert faces.group[face] == row.group
        assert (faces.split[face] == "test") == (row.part == "validation")
    for face in range(0, len(faces), 7):
        with Image.open(truth.folder / rows[faces.id[face]].path) as image:
            mean = np.asarray(image.convert("RGB"), float).mean(axis=(0, 1))
        assert np.abs(faces.pictures[face].reshape(-1, 3).mean(axis=0) - mean).max() < 1.5


@pytest.mark.parametrize("tree", EDITIONS)
def test_each_edition(tmp_path, tree):
    truth = facsimile.write(tmp_path / "data", tree=tree)
    survey = affwild2.check(truth.folder)
    assert survey.edition == f"{EDITIONS[tree]}, crops"
    faces = prepared(tmp_path, truth.folder)
    agrees(faces, truth)
    for part, name in (("train", "training"), ("validation", "validation")):
        own = truth.totals[part]
        said = f"official {name} part: .* {own['tracks']} tracks, {own['labelled']} labelled frames, {own['with_crop']} with"
        assert re.search(said, "\n".join(survey.notes))
    step = prepared(tmp_path, truth.folder, every=5)
    assert {split: sum(own.values()) for split, own in survey.counts.items()} == Counter(step.split.tolist())
    assert all(list(own) == ["none"] for own in survey.counts.values())
    assert not any("numbered" in note or "do not fit" in note for note in survey.notes)


@pytest.mark.parametrize("tree", EDITIONS)
@pytest.mark.parametrize("trap", ["half_ignored", "out_of_range", "apple_double", "rubbish", "people", "segments"])
def test_traps_that_change_nothing_else(tmp_path, tree, trap):
    truth = facsimile.write(tmp_path / "data", tree=tree, trap=trap)
    agrees(prepared(tmp_path, truth.folder), truth)


@pytest.mark.parametrize("tree", EDITIONS)
def test_crops_numbered_from_0(tmp_path, tree):
    """Label line n has the crop n - 1: the same faces as in the released numbering, and it is said."""
    agrees(
        prepared(tmp_path, facsimile.write(tmp_path / "one", tree=tree).folder), facsimile.write(tmp_path / "one", tree=tree)
    )
    truth = facsimile.write(tmp_path / "zero", tree=tree, trap="zero_based")
    faces = prepared(tmp_path, truth.folder)
    agrees(faces, truth)
    assert faces.meta["how"]["pictures"]["labelled_frames"] == {
        official: {"with_a_crop": own["with_crop"], "without": own["labelled"] - own["with_crop"]}
        for official, own in (("train", truth.totals["train"]), ("test", truth.totals["validation"]))
    }
    numbering = faces.meta["how"]["pictures"]["numbering"]
    assert numbering["crop_of_label_line_1"] == 0 and numbering["tracks_that_begin_with_0"] == len(
        set(map(track_of, truth.rows))
    )
    assert "tracks with a crop 0, so crop n is taken for label line n + 1" in notes(truth.folder)
    assert "these were cut by somebody else" in notes(truth.folder)


def track_of(row):
    return row.id.rpartition("/")[0]


def test_label_files_longer_and_shorter_than_the_video_shift_nothing(tmp_path):
    """The facsimile has them in the shares of the release (one more, two more, equal, one fewer)."""
    truth = facsimile.write(tmp_path / "data", scale=0.05)
    agrees(prepared(tmp_path, truth.folder), truth)
    last = {path.parent.name: max(int(p.stem) for p in path.parent.iterdir()) for path in truth.folder.rglob("0*2.jpg")}
    beyond = sum(last[name] > count for name, count in Counter(map(track_of, truth.rows)).items())
    assert beyond and f"{beyond} crop{'s' * (beyond > 1)} beyond the last label line, not used" in notes(truth.folder)


def test_segments_of_one_source_stay_in_one_split(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap=["segments", "people"])
    faces = prepared(tmp_path, truth.folder)
    splits = {group: set(faces.split[faces.group == group].tolist()) for group in set(faces.group.tolist())}
    assert all(len(own) == 1 for own in splits.values())
    assert faces.meta["how"]["segments_of_one_source"] == {
        "122-60-1920x1080": [f"122-60-1920x1080-{n}" for n in range(1, 6)],
        "video45": [f"video45_{n}" for n in range(1, 8)],
    }
    assert "2 sources of several videos (by their names), kept in one split: 122-60-1920x1080, video45" in notes(
        truth.folder
    )
    # Metrics per video stay per track: the ids keep the segments and the persons apart.
    assert {f"video45_{n}" for n in range(1, 8)} <= set(video_of_rows(faces.id).tolist())
    assert {"999-30-640x360_left", "999-30-640x360_right"} <= set(video_of_rows(faces.id).tolist())


@pytest.mark.parametrize(
    "track, source",
    [
        ("122-60-1920x1080-3", "122-60-1920x1080"),
        ("122-60-1920x1080-12", "122-60-1920x1080"),
        ("video45_12", "video45"),
        ("24-30-1920x1080-2_left", "24-30-1920x1080"),
        ("1-30-1280x720", "1-30-1280x720"),
        ("10-60-1280x720_right", "10-60-1280x720"),
        ("video45_2", "video45"),
        ("video86_3_right", "video86"),
        ("video45", "video45"),
        ("video7_left", "video7"),
        ("84", "84"),
        ("1-30-1280x720-", "1-30-1280x720-"),  # names of another form say nothing
        ("1-30-1280x720-2-1", "1-30-1280x720-2-1"),
        ("myvideo45_2", "myvideo45_2"),
        ("video_2", "video_2"),
        ("1-30-2", "1-30-2"),
    ],
)
def test_source_of_a_track(track, source):
    assert source_of(video_of(track)) == source


def test_a_source_in_both_official_parts_is_test_alone(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="segments")
    labels = truth.folder / "annotations/VA_Set"
    (labels / "Train_Set/video45_3.txt").rename(labels / "Validation_Set/video45_3.txt")
    faces = prepared(tmp_path, truth.folder)
    own = faces.group == "video45"
    assert set(video_of_rows(faces.id[own]).tolist()) == {"video45_3"} and set(faces.split[own].tolist()) == {"test"}
    others = [f"video45_{n}" for n in (1, 2, 4, 5, 6, 7)]
    assert faces.meta["how"]["training_tracks_of_test_sources"] == others
    said = "training tracks of sources that the validation part has too are left out: "
    assert f"{said}{', '.join(others[:5])} and 1 more" in notes(truth.folder)


@pytest.mark.parametrize("tree", EDITIONS)
def test_expressions_beside_are_passed_over_and_named(tmp_path, tree):
    truth = facsimile.write(tmp_path / "data", tree=tree, trap="both_sets")
    agrees(prepared(tmp_path, truth.folder), truth)
    places = sorted({row.file.rpartition("/")[0] for row in truth.traps["both_sets"]["rows"]})
    assert f"text files that are not read: {', '.join(places)}" in notes(truth.folder)


@pytest.mark.parametrize("tree", ["VA_Set", "Training_Set", "2020"])
def test_two_editions(tmp_path, tree):
    truth = facsimile.write(tmp_path / "data", tree=tree, trap="two_editions")
    own = facsimile.TREES[tree][0].partition("VA_Set")[0] + "VA_Set"
    both = f"Third ABAW Annotations/VA_Estimation_Challenge, {own}"
    refused(
        tmp_path,
        truth.folder,
        re.escape(f"{truth.folder}: found labels of several editions: {both}; expected one of them; move the others away"),
    )


@pytest.mark.parametrize("tree", ["VA_Set", "2020"])
@pytest.mark.parametrize("name", ["VA_Set", "renamed"])
def test_the_label_folder_itself(tmp_path, tree, name):
    """With its crops inside; also under another name, as in data/raw/affwild2."""
    inside = facsimile.TREES[tree][0].partition("VA_Set")[0] + "VA_Set/cropped_aligned"
    truth = facsimile.write(tmp_path / "data", tree=tree, trap="VA_Set_given", crops_in=inside)
    assert truth.folder.name == "VA_Set"
    agrees(prepared(tmp_path, truth.folder), truth)
    if name == "renamed":
        truth.folder = truth.folder.rename(tmp_path / name)
    edition = {"VA_Set": "VA_Set", "renamed": "Train_Set and Validation_Set"}[name]
    assert affwild2.check(truth.folder).edition == f"{edition}, crops"


def test_the_label_folder_without_its_pictures(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="VA_Set_given")
    refused(
        tmp_path,
        truth.folder,
        re.escape(
            f"{truth.folder}: found neither a folder cropped_aligned with crops nor a video; expected pictures or .mp4/.avi "
            "files: give the folder that contains both the labels and the pictures"
        ),
    )


def test_abaw3_folder_itself(tmp_path):
    truth = facsimile.write(tmp_path / "data", tree="ABAW3")
    shutil.move(truth.folder / "cropped_aligned", truth.folder / "Third ABAW Annotations/VA_Estimation_Challenge")
    assert affwild2.check(truth.folder / "Third ABAW Annotations/VA_Estimation_Challenge").edition == (
        "VA_Estimation_Challenge, crops"
    )


def test_an_archive_in_a_folder_of_its_own_name_is_one_edition(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    (truth.folder / "annotations").rename(truth.folder / "VA_Set")
    agrees(prepared(tmp_path, truth.folder), truth)


def test_tracks_without_crops(tmp_path):
    """One of 28 is named and left out, one of seven refused."""
    few = facsimile.write(tmp_path / "few", trap="no_crops")
    lost = track_of(few.traps["no_crops"]["rows"][0])
    refused(
        tmp_path,
        few.folder,
        re.escape(f"{few.folder}: found no crop for 1 of 7 tracks: {lost}; expected one for each (at most 5 % may lack it)"),
    )
    many = facsimile.write(tmp_path / "many", trap="no_crops", scale=0.05)
    agrees(prepared(tmp_path, many.folder), many)
    assert f"tracks without crops, which are left out: {lost}" in notes(many.folder)


@pytest.mark.parametrize("tree", ["VA_Set", "2020"])
def test_videos_where_there_are_no_crops(tmp_path, tree):
    pytest.importorskip("av")
    truth = facsimile.write(tmp_path / "data", tree=tree, trap=["both_sets", "people"], videos=True, crops_in="other")
    shutil.rmtree(truth.folder / "other")
    faces = prepared(tmp_path, truth.folder)
    said = notes(truth.folder)
    left = ["999-30-640x360_left", "999-30-640x360_right"]
    assert f"tracks of two persons in one video, which need crops, are left out: {', '.join(left)}" in said
    tracks = Counter(track_of(row) for row in truth.rows if row.valence is not None and track_of(row) not in left)
    assert set(tracks) == set(video_of_rows(faces.id).tolist())
    differences = re.search(r"label lines more than the video has frames: (.*) tracks; line n is frame n", said)
    assert differences and "+1 in" in differences[1]


@pytest.mark.parametrize("tree", ["VA_Set", "2020"])
def test_a_video_in_two_sets(tmp_path, tree):
    """That of VA_Set is taken, whatever lies in EXPR_Set; two elsewhere only if they have the same size."""
    pytest.importorskip("av")
    truth = facsimile.write(tmp_path / "data", tree=tree, videos=True, crops_in="other")
    shutil.rmtree(truth.folder / "other")
    before = prepared(tmp_path, truth.folder).fingerprint
    video = min(truth.folder.rglob("*.mp4"))
    inside = truth.folder / "x/EXPR_Set/videos/Train_Set"
    inside.mkdir(parents=True)
    shutil.copy(video, inside)
    assert prepared(tmp_path, truth.folder).fingerprint == before
    assert "1 video in two folders, of which one file is used: " in notes(truth.folder)
    (inside / video.name).write_bytes(b"something else")
    if tree == "2020":
        faces = prepared(tmp_path, truth.folder)
        assert faces.fingerprint == before
        assert faces.meta["how"]["pictures"]["videos_in_two_folders"] == [video.relative_to(truth.folder).as_posix()]
    else:
        shutil.rmtree(tmp_path / "prepared")
        first, second = sorted([video, inside / video.name])
        refused(
            tmp_path,
            truth.folder,
            re.escape(
                f"{second}: found a second video '{video.stem}' beside {first}, of another size; expected one file a video"
            ),
        )


def test_videos_that_do_not_open_are_refused_before_anything_is_decoded(tmp_path):
    pytest.importorskip("av")
    truth = facsimile.write(tmp_path / "data", videos=True, crops_in="other")
    shutil.rmtree(truth.folder / "other")
    video = min(truth.folder.rglob("*.mp4"))
    video.write_bytes(b"")
    name = video.relative_to(truth.folder).as_posix()
    with pytest.raises(
        BadInput, match=rf"1 video does not open, \d+ of \d+ frames: {re.escape(name)}; expected at most 0\.1 %"
    ):
        affwild2.check(truth.folder)
    assert len(prepared(tmp_path, truth.folder, allow_unreadable=0.5))


def test_splits_follow_the_source(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="segments", scale=0.05)
    faces = prepared(tmp_path, truth.folder)
    for row in usable(truth):
        expected = split_of(row.group, "test" if row.part == "validation" else "train")
        assert faces.split[faces.id == row.id][0] == expected


def test_a_mac_s_copy_beside_is_passed_over(tmp_path):
    truth = facsimile.write(tmp_path / "data/Aff-Wild2")
    shutil.copytree(truth.folder, tmp_path / "data/__MACOSX")
    truth.folder = tmp_path / "data"
    faces = prepared(tmp_path, truth.folder)
    assert set(faces.id) == {row.id for row in usable(truth)}


def test_a_link_to_a_folder_above_ends(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    (truth.folder / "annotations/again").symlink_to(truth.folder)
    agrees(prepared(tmp_path, truth.folder), truth)


def test_the_expression_set_itself(tmp_path):
    truth = facsimile.write(tmp_path / "data", trap="both_sets")
    folder = truth.folder / "annotations/EXPR_Set"
    first = truth.folder / truth.traps["both_sets"]["rows"][0].file
    header = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
    refused(tmp_path, folder, f"^{re.escape(f'{first} line 1: found {header!r}; expected valence,arousal')}$")


def test_a_track_whose_name_is_not_printable_is_refused_by_the_check(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    for path in list(truth.folder.rglob("1-30-1280x720*")):
        path.rename(path.with_name(path.name.replace("1-30", "1\t30")))
    refused(tmp_path, truth.folder, r"found the name '1\\t30-1280x720'; expected a name of printable characters")


def write_lists(truth):
    """The labels of the facsimile as multi-task lists, every second line, with the official list without labels beside."""
    shutil.rmtree(truth.folder / "annotations")
    header = "image,valence,arousal,expression,aus\n"
    for name, part in (("training", "train"), ("validation", "validation")):
        rows = [row for row in truth.rows if row.part == part and row.line % 2]
        lines = (f"{row.id}.jpg,{-5 if row.valence is None else row.valence},{row.arousal or -5},3,0-0\n" for row in rows)
        (truth.folder / f"{name}_set_annotations_22.txt").write_text(header + "".join(lines))
    (truth.folder / "MTL_Challenge_test_set_release.txt").write_text(header + "9-30-640x360/00001.jpg\n")


def test_the_list_of_the_test_part_is_passed_over_by_name(tmp_path):
    truth = facsimile.write(tmp_path / "data", lines=48)
    write_lists(truth)
    survey = affwild2.check(truth.folder)
    assert survey.edition == "multi-task lists, crops"
    assert "text files that are not read: MTL_Challenge_test_set_release.txt" in survey.notes
    assert set(survey.counts["train"]) == {*affwild2.CLASSES}
    faces = prepared(tmp_path, truth.folder)
    assert set(faces.id) == {row.id for row in usable(truth) if row.line % 2}


def test_the_list_of_the_test_part_beside_an_edition(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    (truth.folder / "MTL_Challenge_test_set_release.txt").write_text("image,valence,arousal,expression,aus\na/00001.jpg\n")
    agrees(prepared(tmp_path, truth.folder), truth)
    assert "text files that are not read: MTL_Challenge_test_set_release.txt" in notes(truth.folder)


def test_another_list_without_a_part_is_refused(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    write_lists(truth)
    shutil.copy(truth.folder / "training_set_annotations_22.txt", truth.folder / "my_list.txt")
    said = "lists my_list.txt, training_set_annotations_22.txt, validation_set_annotations_22.txt"
    refused(
        tmp_path,
        truth.folder,
        f"^{re.escape(f'{truth.folder}: found {said}; expected one whose name begins with train and one with val')}$",
    )


def test_lists_and_a_set_are_two_editions(tmp_path):
    truth = facsimile.write(tmp_path / "data")
    shutil.copytree(truth.folder / "annotations", tmp_path / "annotations")
    write_lists(truth)
    shutil.move(tmp_path / "annotations", truth.folder / "annotations")
    found = "annotations/VA_Set, training_set_annotations_22.txt, validation_set_annotations_22.txt"
    line = f"{truth.folder}: found labels of several editions: {found}; expected one of them; move the others away"
    refused(tmp_path, truth.folder, f"^{re.escape(line)}$")


@pytest.mark.parametrize(
    "spoil, found",
    [
        (lambda line: line.partition(",")[0], "1 field, {half!r}; expected 2 numbers parted by a comma"),
        (lambda line: line.partition(",")[0] + ",", "''; expected 2 numbers parted by a comma"),
        (lambda line: "nan,nan", "'nan'; expected 2 numbers parted by a comma"),
        (lambda line: "", "1 field, ''; expected 2 numbers parted by a comma"),
        (lambda line: line + ",1", "3 fields, {three!r}; expected 2 numbers parted by a comma"),
    ],
)
def test_lines_that_are_refused_by_file_and_line(tmp_path, spoil, found):
    truth = facsimile.write(tmp_path / "data")
    path = truth.folder / truth.rows[0].file
    lines = path.read_text().splitlines()
    found = found.format(half=lines[9].partition(",")[0], three=lines[9] + ",1")
    lines[9] = spoil(lines[9])
    path.write_text("\n".join(lines) + "\n")
    refused(tmp_path, truth.folder, f"^{re.escape(f'{path} line 10: found {found}')}$")


@pytest.mark.parametrize(
    "spoil", [lambda text: text + "\n", lambda text: text + " \n\n", lambda text: text.replace("\n", "\r\n"), str.rstrip]
)
def test_ends_of_lines_that_are_accepted(tmp_path, spoil):
    truth = facsimile.write(tmp_path / "data")
    path = truth.folder / truth.rows[0].file
    path.write_bytes(spoil(path.read_text()).encode())
    agrees(prepared(tmp_path, truth.folder), truth)
