"""The drawn faces: determinism, frequencies, what every action unit moves, valence and arousal, label noise."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers.synthetic import drawing
from benchmark.faces.readers.synthetic import reader as synthetic
from benchmark.faces.readers.synthetic.action_units import (
    AFFECT,
    CLASSES,
    COLUMN,
    MIXTURES,
    NUMBERS,
    RATER_SD,
    UNITS,
    sample_units,
    valence_arousal,
)
from benchmark.faces.readers.synthetic.anatomy import pose_features
from benchmark.faces.readers.synthetic.canvas import SCALE, Canvas, stack
from benchmark.faces.readers.synthetic.identity import sample_person, sample_shot
from benchmark.faces.readers.synthetic.labels import AFFECTNET_COUNTS, MISTAKES, quotas

SIZE = 128
FILES = ("images.npy", "faces.csv", "meta.json")


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return synthetic.prepare(tmp_path_factory.mktemp("synthetic") / "set", faces=600, size=32, seed=3, jobs=1)


def plain():
    """A person without glasses, beard or hair in the face, and a sharp frontal shot of them."""
    person, shot = sample_person(np.random.default_rng(5)), sample_shot(np.random.default_rng(5))
    person.update(glasses=0.0, beard=0.0, moustache=0.0, hair_front=0.0, hair_long=0.0, age=0.0, rest_corner=0.0)
    person.update(skin_r=0.9, skin_g=0.75, skin_b=0.65, head_a=0.77, head_b=1.0, jaw=0.2)
    shot.update(roll=0.0, yaw=0.0, pitch=0.0, shift_x=0.0, shift_y=0.0, scale=1.0, occluder=0.0, blur=0.0)
    shot.update(gain=1.0, contrast=1.0, offset=0.0, light_x=0.0, gaze_x=0.0, back_slope_x=0.0, blob_x=9.0)
    return person, shot


def units(**levels):
    """Intensities from e.g. ``au12=1`` (both sides) or ``au12=(1, 0)`` (left, right)."""
    shown = np.zeros((2, len(NUMBERS)), np.float32)
    for name, level in levels.items():
        shown[:, COLUMN[int(name[2:])]] = level
    return shown


def picture(shown):
    person, shot = plain()
    return drawing.draw([person], [shot], shown[None], SIZE)[0].astype(int)


def features(shown):
    return pose_features(stack([plain()[0]]), shown[None])


def rows(low, high):
    """Pixel rows between two heights in head units (y downwards)."""
    return slice(*(round((SIZE - 1) / 2 + y * SIZE * SCALE) for y in (low, high)))


# --- reproducible bit for bit ------------------------------------------------------------------------------------------


def test_equal_seeds_give_equal_bytes_whatever_the_number_of_workers(faces, tmp_path):
    other = synthetic.prepare(tmp_path / "set", faces=600, size=32, seed=3, jobs=3)
    for name in FILES:
        assert (faces.directory / name).read_bytes() == (other.directory / name).read_bytes(), name
    open_faceset(other.directory, verify=True)


def test_another_seed_gives_other_faces(faces, tmp_path):
    other = synthetic.prepare(tmp_path / "set", faces=120, size=32, seed=4, jobs=1)
    assert not set(other.sha256) & set(faces.sha256)
    assert len(set(faces.sha256)) == 600


def test_a_picture_does_not_depend_on_the_batch_it_is_drawn_in():
    rng = np.random.default_rng(0)
    people, shots = [sample_person(rng) for _ in range(7)], [sample_shot(rng) for _ in range(7)]
    shown = np.stack([sample_units(rng, name) for name in CLASSES[1:]])
    together = drawing.draw(people, shots, shown, 48)
    for k in range(7):
        assert (drawing.draw(people[k : k + 1], shots[k : k + 1], shown[k : k + 1], 48)[0] == together[k]).all()


@pytest.mark.parametrize("option", [{"faces": 119}, {"size": 15}, {"seed": -1}, {"jobs": -2}])
def test_options_out_of_range_are_refused_before_anything_is_written(tmp_path, option):
    with pytest.raises(BadInput, match=next(iter(option))):
        synthetic.prepare(tmp_path / "set", **option)
    assert not list(tmp_path.iterdir())


# --- labels ------------------------------------------------------------------------------------------------------------


def test_classes_are_as_imbalanced_as_affectnet():
    _, split, shown, given = synthetic.plan(6000, 1)
    expected = np.array(list(AFFECTNET_COUNTS.values()))
    assert tuple(AFFECTNET_COUNTS) == CLASSES and expected.sum() == 287651
    for name in ("train", "validation", "test"):
        for labels in (shown[split == name], given[split == name]):
            found = np.bincount(labels, minlength=8)
            assert found.min() >= 1
            assert stats.chisquare(found, expected / expected.sum() * found.sum()).pvalue > 0.99
    assert {name: round(float(np.mean(split == name)), 3) for name in np.unique(split)} == {
        "train": 0.7, "validation": 0.1, "test": 0.2,
    }  # fmt: skip


@pytest.mark.parametrize("n", [8, 12, 100, 6000])
def test_quotas_add_up_and_are_within_one_of_exact_where_the_floor_of_one_does_not_bind(n):
    share = quotas(n)
    assert share.sum() == n and share.min() >= 1
    exact = np.array(list(AFFECTNET_COUNTS.values())) * n / 287651
    if exact.min() >= 1:
        assert np.abs(share - exact).max() < 1


def test_nobody_is_in_two_splits(faces):
    for person in np.unique(faces.group):
        assert len(set(faces.split[faces.group == person])) == 1
    assert len(np.unique(faces.group)) == 100


def test_label_noise_has_the_stated_rate_and_confuses_similar_classes_only(faces):
    _, _, shown, given = synthetic.plan(600, 3)
    assert (given == faces.expression).all()
    assert faces.meta["how"]["label_noise"] == round(float(np.mean(shown != given)), 6)
    _, _, shown, given = synthetic.plan(60000, 1)
    sizes = np.bincount(shown)
    wrong = np.zeros((8, 8))
    np.add.at(wrong, (shown, given), shown != given)
    assert (wrong == wrong.T).all(), "swaps keep the frequencies"
    for (first, second), share in MISTAKES.items():
        a, b = CLASSES.index(first), CLASSES.index(second)
        assert wrong[a, b] == pytest.approx(share * min(sizes[a], sizes[b]), abs=4)
        wrong[a, b] = wrong[b, a] = 0
    assert not wrong.any(), "a pair that is not in MISTAKES"


def test_labels_carry_no_trace_of_the_true_class(faces):
    assert set(faces.flag) == {""} and faces.votes is None


# --- action units ------------------------------------------------------------------------------------------------------


def test_mixtures_name_known_units_and_sources():
    for name, variants in MIXTURES.items():
        assert sum(variant.share for variant in variants) == pytest.approx(1), name
        for variant in variants:
            assert {*variant.always, *variant.sometimes, *variant.unilateral} <= set(UNITS) and variant.source
    assert tuple(MIXTURES) == CLASSES and set(AFFECT) == set(UNITS)


@pytest.mark.parametrize("name", CLASSES)
def test_sampled_units_follow_the_mixture(name):
    rng = np.random.default_rng(1)
    drawn = np.stack([sample_units(rng, name) for _ in range(600)])
    assert drawn.min() >= 0 and drawn.max() <= 1
    mean = drawn.mean(axis=(0, 1))
    for number in NUMBERS:
        listed = any(number in {**variant.always, **variant.sometimes} for variant in MIXTURES[name])
        assert (mean[COLUMN[number]] > 0.04) == listed, number
    sides = np.abs(drawn[:, 0] - drawn[:, 1])[:, [COLUMN[12], COLUMN[14]]].max(axis=1)
    assert sides.min() > 0.25 if name == "contempt" else sides.max() < 0.2


MOVES = [  # unit, feature, direction of y (or of the length): facial action -> FACS appearance change
    ("au1", "brow_inner_y", -1),
    ("au2", "brow_outer_y", -1),
    ("au4", "brow_inner_y", +1),
    ("au4", "brow_inner_x", -1),
    ("au5", "lid_upper", +1),
    ("au6", "lid_lower", -1),
    ("au7", "lid_lower", -1),
    ("au9", "nose_y", -1),
    ("au10", "upper_lift", +1),
    ("au12", "corner_left", -1),
    ("au12", "width_left", +1),
    ("au14", "dimple_right", +1),
    ("au15", "corner_left", +1),
    ("au16", "lower_drop", +1),
    ("au17", "arch", +1),
    ("au20", "width_right", +1),
    ("au23", "lip_lower", -1),
    ("au24", "lip_upper", -1),
    ("au25", "gap", +1),
    ("au26", "jaw_drop", +1),
]


@pytest.mark.parametrize(("unit", "feature", "direction"), MOVES)
def test_each_unit_moves_its_feature(unit, feature, direction):
    levels = [getattr(features(units(**{unit: level})), feature).item() for level in (0.0, 0.5, 1.0)]
    assert np.all(np.diff(levels) * direction > 0)


BANDS = {"brow": (-0.75, 0.05), "eye": (-0.45, 0.40), "nose": (-0.45, 0.75), "mouth": (0.15, 1.15)}


@pytest.mark.parametrize(
    ("unit", "band"),
    [("au1", "brow"), ("au2", "brow"), ("au4", "brow"), ("au5", "eye"), ("au6", "eye"), ("au7", "eye"), ("au9", "nose"),
     ("au10", "mouth"), ("au12", "mouth"), ("au14", "mouth"), ("au15", "mouth"), ("au16", "mouth"), ("au17", "mouth"),
     ("au20", "mouth"), ("au23", "mouth"), ("au24", "mouth"), ("au25", "mouth"), ("au26", "mouth")],
)  # fmt: skip
def test_each_unit_changes_the_pixels_where_it_should(unit, band):
    change = np.abs(picture(units(**{unit: 1})) - picture(units())).sum(axis=2)
    assert change.sum() / change.size > 0.4, "hardly visible"
    assert change[rows(*BANDS[band])].sum() > 0.9 * change.sum()


def darkest_row(image, x, low, high):
    column = round((SIZE - 1) / 2 + x * SIZE * SCALE)
    return image[rows(low, high), column - 1 : column + 2].sum(axis=(1, 2)).argmin()


def test_the_lip_corners_rise_fall_and_part_in_the_pixels():
    corner = plain()[0]["mouth_w"] * 0.95
    rest, up, down = (darkest_row(picture(shown), corner, 0.3, 0.85) for shown in (units(), units(au12=1), units(au15=1)))
    assert up < rest - 3 and down > rest + 3
    closed, opened = (picture(shown)[rows(0.35, 1.0), SIZE // 2].sum(axis=1) for shown in (units(), units(au26=1)))
    assert np.sum(opened < 200) > np.sum(closed < 200) + 5, "the dark of an open mouth"


def test_the_brows_rise_and_fall_in_the_pixels():
    def brow(shown, x):
        return darkest_row(picture(shown), x, -0.75, -0.19)

    person = plain()[0]
    inner, outer = person["eye_x"] - 0.13, person["eye_x"] + 0.12
    assert brow(units(au1=1), inner) < brow(units(), inner) - 4
    assert brow(units(au2=1), outer) < brow(units(), outer) - 4
    assert brow(units(au4=1), inner) > brow(units(), inner) + 2


def test_happy_is_symmetric_and_contempt_is_not_even_at_32_pixels():
    def asymmetry(shown):
        small = picture(shown).reshape(32, 4, 32, 4, 3).mean(axis=(1, 3, 4))
        return np.abs(small - small[:, ::-1])[slice(18, 30)].max()

    assert asymmetry(units(au6=1, au12=1, au25=1)) < 12
    for side in ((0.6, 0), (0, 0.6)):
        assert asymmetry(units(au12=side, au14=side)) > 30
    left, right = picture(units(au12=(0.6, 0), au14=(0.6, 0))), picture(units(au12=(0, 0.6), au14=(0, 0.6)))
    assert np.abs(left - right[:, ::-1])[rows(0.2, 1.0)].mean() < 2, "the sides mirror each other"


# --- valence and arousal -----------------------------------------------------------------------------------------------


def squash(s):
    return s / math.sqrt(1 + s * s)


@pytest.mark.parametrize(
    ("shown", "valence", "arousal"),
    [
        (units(), 0.0, 0.0),
        (units(au12=1), squash(1.00), squash(0.10)),
        (units(au6=1, au12=0.5), squash(0.15 + 0.50), squash(0.05 + 0.05)),
        (units(au12=(1, 0)), squash(0.50 - 1.2 * 0.5), squash(0.05)),
        (units(au14=(0, 1)), squash(-0.55), squash(0.15)),
        (units(au1=1, au4=1, au15=1), squash(-0.15 - 0.40 - 0.60), squash(0.05 + 0.25 - 0.40)),
        (units(au5=1, au26=1), squash(-0.10 + 0.05), squash(0.55 + 0.40)),
    ],
)
def test_valence_and_arousal_by_hand(shown, valence, arousal):
    assert valence_arousal(shown) == pytest.approx([valence, arousal], abs=1e-6)


def test_expressions_lie_where_the_circumplex_has_them():
    rng = np.random.default_rng(2)
    mean = {name: np.mean([valence_arousal(sample_units(rng, name)) for _ in range(300)], axis=0) for name in CLASSES}
    assert mean["happy"][0] > 0.3 and abs(mean["neutral"][0]) < 0.1 and abs(mean["neutral"][1]) < 0.1
    assert all(mean[name][0] < -0.25 for name in ("sad", "fear", "disgust", "anger", "contempt"))
    assert mean["fear"][1] > 0.4 and mean["surprise"][1] > 0.4 and mean["anger"][1] > 0.25
    assert mean["sad"][1] < 0.05


def test_ratings_scatter_about_the_function_as_stated(faces):
    person, _, shown, _ = synthetic.plan(600, 3)
    errors = []
    for row in range(600):  # the same draws as the generator's: shot, then units
        rng = synthetic._stream(3, synthetic._FACES, row)
        sample_shot(rng)
        exact = valence_arousal(sample_units(rng, CLASSES[shown[row]]))
        errors.append((faces.valence[row] - exact[0], faces.arousal[row] - exact[1]))
    assert np.mean(errors, axis=0) == pytest.approx([0, 0], abs=0.02)
    assert np.std(errors, axis=0) == pytest.approx(RATER_SD, rel=0.12)


# --- pixels ------------------------------------------------------------------------------------------------------------


def test_edges_are_anti_aliased():
    canvas = Canvas(SIZE, stack([plain()[1]]))
    radius = 0.5
    cover = canvas.coverage(np.sqrt(canvas.x**2 + canvas.y**2) - np.float32(radius))[0]
    in_pixels = radius * SIZE * SCALE
    assert cover.sum() == pytest.approx(math.pi * in_pixels**2, rel=2e-3)
    between = np.sum((cover > 0) & (cover < 1))
    assert between == pytest.approx(2 * math.pi * in_pixels, rel=0.35), "an edge about a pixel wide"
    # In a picture: beside the head's edge lies a pixel whose colour is between skin and background.
    person, shot = plain()
    person.update(hair_volume=0.0)
    row = drawing.draw([person], [shot], units()[None], SIZE)[0][SIZE // 2 + 8].astype(int).sum(axis=1)
    edge = np.flatnonzero(np.abs(np.diff(row)) > 40)[0]
    low, high = sorted((row[edge - 2], row[edge + 4]))
    assert any(low + 10 < value < high - 10 for value in row[edge : edge + 3])


def test_blur_has_the_stated_variance_and_keeps_the_sum():
    spot = np.zeros((3, 1, 41, 41), np.float32)
    spot[:, :, 20, 20] = 1
    blurred = drawing._blur(spot, np.full((1, 1, 1), 1.1, np.float32))[0, 0]
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    assert (blurred.sum(axis=1) * (np.arange(41) - 20) ** 2).sum() == pytest.approx(1.1, rel=1e-4)
    edge = np.zeros((3, 1, 9, 9), np.float32)
    edge[..., 0, 0] = 1
    assert drawing._blur(edge, np.full((1, 1, 1), 1.0, np.float32))[0].sum() == pytest.approx(1, abs=1e-5)


def test_people_and_shots_vary(faces):
    """Mean colour, contrast and left-right balance differ widely: skin, hair, light and background are no constants."""
    small = faces.pictures[:].astype(np.float32).mean(axis=3)
    assert small.mean(axis=(1, 2)).std() > 12 and small.std(axis=(1, 2)).std() > 5
    assert (small[:, :, :16].mean(axis=(1, 2)) - small[:, :, 16:].mean(axis=(1, 2))).std() > 8
    same = faces.group[:-1] == faces.group[1:]
    centre = small[:, 8:24, 8:24].mean(axis=(1, 2))
    apart = np.abs(np.diff(centre))
    assert apart[same].mean() < 0.8 * apart[~same].mean(), "one person's faces are more alike than two people's"
