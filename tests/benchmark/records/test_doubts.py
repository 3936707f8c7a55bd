"""Doubts about the order and the scale of outputs, against the rules plainly written; predictions brought into the order of
the faces."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.protocol.protocol import load_protocol
from benchmark.records import doubts_of_affect, doubts_of_order
from benchmark.records.aligning import as_stored
from benchmark.records.doubts import Doubt, doubt_of, noticed
from benchmark.records.metrics import metric_function

# ---------------------------------------------------------------- order of classes


def swap_by_the_rule(labels, predicted, k):
    """The swap that the rule asks for, plainly, or None; and why the others are not taken."""
    best, why = None, set()
    for i, j in itertools.combinations(range(k), 2):
        mended = np.select([predicted == i, predicted == j], [j, i], predicted)
        after, before = mended == labels, predicted == labels
        won, lost = np.sum(after & ~before), np.sum(before & ~after)
        table = [[np.sum((labels == a) & (predicted == b)) for b in (i, j)] for a in (i, j)]
        p = max(
            stats.binomtest(won, won + lost, alternative="greater").pvalue if won + lost else 1,
            stats.fisher_exact(table, alternative="less").pvalue,
        )
        rises = [after[labels == c].mean() - before[labels == c].mean() if (labels == c).any() else 0 for c in (i, j)]
        balanced = np.mean([after[labels == c].mean() for c in np.unique(labels)])
        reasons = {
            "p": p * k * (k - 1) / 2 >= 1e-3,
            "recalls": min(rises) < 0.05,
            "skill": (balanced - 1 / k) / (1 - 1 / k) < 0.25,
        }
        if any(reasons.values()):
            why.add(tuple(reason for reason, holds in reasons.items() if holds))
        elif best is None or won - lost > best[0]:
            best = (won - lost, {i, j})
    return best and best[1], why


def answers(rng, n, k, right, share):
    """Labels and answers of a model that is right with the given probability per class, and else guesses, with more guesses
    of the first classes; `share` of the answers 0 and 1 are exchanged."""
    labels = rng.choice(k, n, p=rng.dirichlet(np.full(k, 3)))
    given = np.where(rng.random(n) < right[labels], labels, rng.choice(k, n, p=rng.dirichlet(np.full(k, 1))))
    swapped = np.select([given == 0, given == 1], [1, 0], given)
    return labels, np.where(rng.random(n) < share, swapped, given)


def test_a_swap_is_found_by_the_rule_and_no_more():
    rng, seen, reasons = np.random.default_rng(0), [], set()
    for k in (2, 3, 5, 8):
        for n in (30, 100, 400, 3000):
            for share in (0, 0.5, 0.6, 0.8, 1, 1):
                labels, predicted = answers(rng, n, k, rng.uniform(0.1, 0.95, k), share)
                expected, why = swap_by_the_rule(labels, predicted, k)
                found = doubts_of_order.best_swap(labels, predicted, k)
                assert (found and set(np.flatnonzero(found.names != np.arange(k)))) == expected, (k, n, share)
                seen.append(expected)
                reasons |= why
    assert sum(each is not None for each in seen) > 20 and seen.count(None) > 20
    assert {("p",), ("recalls",), ("skill",)} <= reasons  # each condition alone decides somewhere


def test_a_rare_class_that_was_exchanged_is_found_among_many_faces():
    """FER2013's validation counts. Fear is right for a fifth, disgust for a third and often named anger."""
    rng, counts = np.random.default_rng(1), (467, 56, 496, 895, 653, 415, 607)
    right = np.array([0.5, 0.34, 0.2, 0.85, 0.5, 0.75, 0.6])
    labels = np.repeat(np.arange(7), counts)
    other = rng.choice([0, 2, 3, 4, 6], len(labels))  # seldom disgust, as of rare classes
    named = np.where(
        rng.random(len(labels)) < right[labels], labels, np.where((labels == 1) & (rng.random(len(labels)) < 0.2), 0, other)
    )
    protocol = dataclasses.replace(load_protocol("synthetic-8"), classes=tuple("abcdefg"))
    assert noticed(protocol, labels, np.eye(7)[named]) is None
    for pair in itertools.combinations(range(7), 2):
        order = np.arange(7)
        order[list(pair)] = pair[::-1]
        found = noticed(protocol, labels, np.eye(7)[order[named]], "validation")
        one, two = (protocol.classes[c] for c in pair)
        start = f"class order looks mismatched: swapping '{one}' and '{two}' raises accuracy on 3,589 validation faces from "
        assert found.sentence.startswith(start) and found.names == (f"'{one}'", f"'{two}'")
        before, after = np.mean(order[named] == labels), np.mean(named == labels)
        assert f"from {before:.4f} to {after:.4f} (" in found.sentence


@pytest.mark.parametrize("kind", ["chance", "one class", "two classes", "one class is another", "rather the first"])
def test_a_right_model_that_is_bad_or_biased_is_not_doubted(kind):
    rng = np.random.default_rng(3)
    for k in (3, 7, 8):
        labels = rng.choice(k, 2000, p=rng.dirichlet(np.full(k, 0.7)))
        truth = np.where(rng.random(2000) < 0.6, labels, rng.integers(0, k, 2000))
        named = {
            "chance": rng.integers(0, k, 2000),
            "one class": np.full(2000, k - 1),
            "two classes": np.where(rng.random(2000) < 0.5, k - 1, 0),
            "one class is another": np.where(labels == 0, 1, truth),
            "rather the first": np.where(rng.random(2000) < 0.8, 0, truth),
        }[kind]
        assert doubts_of_order.better_order(labels, named, k) is None


def order_by_the_rule(labels, predicted, k):
    """Whether the rule asks for another order of three columns or more, plainly: of all orders the best one."""

    def best(rows):
        def fits(names):
            return np.sum(np.array(names)[predicted[rows]] == labels[rows]), sum(i == n for i, n in enumerate(names))

        return np.array(max(itertools.permutations(range(k)), key=fits))

    place = np.array([np.sum(labels[:row] == labels[row]) for row in range(len(labels))])
    renamed = np.empty_like(predicted)
    for half in (place % 2 == 0, place % 2 == 1):
        renamed[half] = best(~half)[predicted[half]]
    moved = np.flatnonzero(best(np.full(len(labels), True)) != np.arange(k))
    after, before = renamed == labels, predicted == labels

    def p(rows):
        won, lost = np.sum(after & ~before & rows), np.sum(before & ~after & rows)
        return stats.binom.sf(won - 1, won + lost, 0.5)

    gain = {c: after[labels == c].mean() - before[labels == c].mean() for c in np.unique(labels)}
    clear = [c for c in moved if gain.get(c, 0) >= 0.10 and p(labels == c) < 0.01]
    balanced = np.mean([after[labels == c].mean() for c in gain])
    conditions = {
        "three": len(moved) >= 3,
        "accuracy": after.mean() - before.mean() >= 0.10,
        "balanced": np.mean(list(gain.values())) >= 0.10,
        "p": p(True) < 1e-3,
        "moved": np.mean([gain[c] for c in moved if c in gain] or [0]) >= 0.20,
        "clear": len(clear) > len(moved) / 2,
        "skill": (balanced - 1 / k) / (1 - 1 / k) >= 0.25,
    }
    return all(conditions.values()), [name for name, holds in conditions.items() if not holds]


def test_a_longer_order_is_found_by_the_rule_and_no_more():
    rng, seen, reasons = np.random.default_rng(5), [], set()
    for k in (3, 4, 5):
        for n in (20, 60, 200, 800):
            for share, least in itertools.product((0.2, 0.5, 0.6, 0.7, 1), (0.1, 0.3)):
                labels, given = answers(rng, n, k, rng.uniform(least, least + 0.6, k), 0)
                predicted = np.where(rng.random(n) < share, np.roll(np.arange(k), 1)[given], given)
                expected, why = order_by_the_rule(labels, predicted, k)
                assert (doubts_of_order.best_permutation(labels, predicted, k) is not None) == expected, (k, n, share, why)
                seen.append(expected)
                reasons |= set(why) if len(why) == 1 else set()
    assert 8 < sum(seen) < len(seen) - 8
    assert {"clear", "moved"} <= reasons  # each of these alone decides somewhere


@pytest.mark.parametrize("recall", [0.4, 0.7])
def test_a_longer_order_of_a_model_near_chance_is_not_told(recall):
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 5, 2000)
    missed = np.where(labels < 3, rng.integers(3, 5, 2000), rng.integers(0, 5, 2000))
    named = np.where((labels < 3) & (rng.random(2000) < recall), np.array([1, 2, 0, 3, 4])[labels], missed)
    expected, why = order_by_the_rule(labels, named, 5)
    assert (doubts_of_order.best_permutation(labels, named, 5) is not None) == expected == (recall > 0.5)
    assert why == ([] if expected else ["skill"])


def test_two_swaps_at_once_are_told_as_an_order_and_one_swap_as_a_swap():
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 5, 1000)
    named = np.where(rng.random(1000) < 0.7, labels, rng.integers(0, 5, 1000))
    protocol = dataclasses.replace(load_protocol("synthetic-8"), classes=tuple("abcde"))
    both = noticed(protocol, labels, np.eye(5)[np.array([1, 0, 3, 2, 4])[named]])
    assert "permuting the columns" in both.sentence and "'a' holds 'b', 'b' holds 'a', 'c' holds 'd', 'd'" in both.sentence
    one = noticed(protocol, labels, np.eye(5)[np.array([0, 4, 2, 3, 1])[named]])
    assert "swapping 'b' and 'e'" in one.sentence


def test_other_numbers_of_the_same_classes_change_nothing():
    rng = np.random.default_rng(7)
    for _ in range(40):
        labels, named = answers(rng, 300, 6, rng.uniform(0.3, 0.9, 6), rng.choice([0, 1]))
        found, new = doubts_of_order.better_order(labels, named, 6), rng.permutation(6)
        again = doubts_of_order.better_order(new[labels], new[named], 6)
        assert (found is None) == (again is None)
        if found:
            assert (found.won, found.lost, found.p) == (again.won, again.lost, pytest.approx(again.p))
            assert again.names[new].tolist() == new[found.names].tolist()


# ---------------------------------------------------------------- valence and arousal

VA = load_protocol("synthetic-va")


def affect(n=140, noise=0.05, seed=0):
    """Targets as a small set has them, and right outputs (N, 2)."""
    rng, at = np.random.default_rng(seed), np.arange(n) % 7
    targets = np.stack([(at - 3) / 4, np.sin(at) * 0.6], 1)
    return targets, targets + rng.normal(0, noise, targets.shape)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: x, None),
        (lambda x: 10 * x, "look given in [-10, 10]: dividing by 10 raises the mean CCC on 140 validation faces from 0.19"),
        (lambda x: (x + 1) / 2, "look given in [0, 1]: 2x - 1 raises the mean CCC on 140 validation faces from 0."),
        (lambda x: 5 + 4 * x, "look given in [1, 9]: (x - 5) / 4 raises"),
        (lambda x: x[:, ::-1], "look swapped: exchanging them raises the mean CCC on 140 validation faces from -0.63"),
        (lambda x: x * [1, -1], "look turned in the sign of arousal: turning arousal raises"),
        (lambda x: -x, "look turned in the sign of valence and arousal: turning valence and arousal raises"),
        (
            lambda x: -100 * x[:, ::-1],
            "look swapped and given in [-100, 100] and turned in the sign of valence and arousal: ",
        ),
        (lambda x: 0 * x + 0.1, None),  # constant: its CCC of 0 is right
        (lambda x: x * [1, 0], None),
        (
            lambda x: 1e-6 * x,
            "look given on a scale of their own: they correlate with those of 140 validation faces by 0.99",
        ),
        (
            lambda x: 1e6 + 1e-3 * x,
            "look given on another scale than [-1, 1]: 140 of 140 validation faces have a value beyond",
        ),
        (lambda x: 1e30 * x, "look given on another scale than [-1, 1]: "),
        (lambda x: x * [1, 10], "look given on another scale than [-1, 1]: "),  # one dimension only
        (lambda x: 1.3 * x, None),
    ],
)
def test_scale_sign_and_order_of_valence_and_arousal(spoil, words):
    targets, outputs = affect()
    found = noticed(VA, targets.astype(np.float32), spoil(outputs).astype(np.float32), "validation")
    assert (found is None) if words is None else f"valence and arousal {words}" in found.sentence
    assert found is None or all(name in found.sentence for name in found.names)


@pytest.mark.parametrize("noise", [0.2, 0.5, 0.7, 0.9, 1.2, 2.0])
@pytest.mark.parametrize("n", [12, 40, 300])
def test_a_change_is_named_by_the_rule_and_no_more(noise, n):
    mean, one = metric_function("ccc_mean"), metric_function("ccc_valence")
    for seed in range(6):
        targets, outputs = affect(n, noise, seed)
        given = np.clip(outputs, -1, 1)[:, ::-1]
        tried = [
            (mean(targets, change.of(given)), change) for change in doubts_of_affect.changes() if change.possible(given)
        ]
        after, best = max(tried, key=lambda each: each[0])
        mended = best.of(given)
        each = [
            one(np.repeat(t[:, None], 2, 1), np.repeat(m[:, None], 2, 1)) for t, m in zip(targets.T, mended.T, strict=True)
        ]
        # Correlation and its p by the regression's slope.
        p = max(stats.linregress(t, m, alternative="greater").pvalue for t, m in zip(targets.T, mended.T, strict=True))
        asked = after - mean(targets, given) >= 0.1 and after >= 0.4 and min(each) >= 0.2 and 8 * p < 1e-3
        assert doubts_of_affect.better_change(targets, given) == (best if asked else None)


def test_chance_is_not_doubted():
    rng = np.random.default_rng(9)
    for n in (2, 5, 20, 100):
        for _ in range(20):
            assert noticed(VA, rng.uniform(-1, 1, (n, 2)), rng.uniform(-1, 1, (n, 2))) is None


# ---------------------------------------------------------------- what a record's check compares


def test_validation_faces_decide_where_there_are_any():
    targets, outputs = affect()
    test = {"test_targets": targets, "test_outputs_none": outputs[:, ::-1]}
    assert "on 140 test faces" in doubt_of(VA, test).sentence
    assert doubt_of(VA, test | {"validation_targets": targets, "validation_outputs_none": outputs}) is None


@pytest.mark.parametrize(
    ("sentence", "same"),
    [
        ("class order looks mismatched: swapping 'a' and 'b' raises accuracy on 9 test faces from 0.1 to 0.2 (...)", True),
        ("class order looks mismatched: permuting the columns raises ...; column 'a' holds 'b', 'b' holds 'a'", True),
        ("class order looks mismatched: swapping 'a' and 'c' raises accuracy", False),
        ("swapping 'a' and 'b'", False),
    ],
)
def test_the_same_doubt_in_other_words(sentence, same):
    assert Doubt("class order looks mismatched", ("'a'", "'b'"), "").is_said_by(sentence) == same


# ---------------------------------------------------------------- alignment


@pytest.fixture
def aligned_arrays(tiny_faces):
    """Predictions of both roles in orders of their own, with their targets; each row's outputs begin with its row."""
    rng, arrays = np.random.default_rng(0), {}
    for role in ("validation", "test"):
        rows = rng.permutation(np.flatnonzero(tiny_faces.split == role))
        arrays |= {f"{role}_ids": tiny_faces.id[rows], f"{role}_targets": tiny_faces.expression[rows].astype(np.int64)}
        for number, tta in enumerate(("none", "flip")):
            arrays[f"{role}_outputs_{tta}"] = np.stack([rows, np.full(len(rows), number), rng.normal(size=len(rows))], 1)
    return arrays


def test_both_roles_are_put_in_the_order_of_the_faces(tiny_faces, tiny_protocol, aligned_arrays):
    stored = as_stored(tiny_protocol(), aligned_arrays, tiny_faces, "file")
    for role in ("validation", "test"):
        rows = np.flatnonzero(tiny_faces.split == role)
        assert stored[f"{role}_ids"].tolist() == tiny_faces.id[rows].tolist()
        assert stored[f"{role}_targets"].tolist() == tiny_faces.expression[rows].tolist()
        for number, tta in enumerate(("none", "flip")):
            outputs = stored[f"{role}_outputs_{tta}"]
            assert outputs.dtype == np.float32 and outputs[:, 0].tolist() == rows.tolist()
            assert set(outputs[:, 1].tolist()) == {number}


def test_other_targets_ids_and_kinds_of_numbers(tiny_faces, tiny_protocol, aligned_arrays):
    def given(**changes):
        return as_stored(tiny_protocol(), aligned_arrays | changes, tiny_faces, "file")

    for role in ("validation", "test"):
        wrong = aligned_arrays[f"{role}_targets"].copy()
        wrong[-1] = (wrong[-1] + 1) % 3
        with pytest.raises(BadInput, match=f"{role}_targets: found other values"):
            given(**{f"{role}_targets": wrong})
        with pytest.raises(BadInput, match=f"{role}_outputs_none: found bool"):
            given(**{f"{role}_outputs_none": np.ones((len(wrong), 3), bool)})
        with pytest.raises(BadInput, match=f"{role}_outputs_flip: found float64 .*shape .{len(wrong)}, 3"):
            given(**{f"{role}_outputs_flip": np.ones((len(wrong), 2))})
    one, other = (aligned_arrays[f"{role}_ids"].copy() for role in ("validation", "test"))
    one[0], other[0] = other[0], one[0]
    with pytest.raises(
        BadInput, match="^file, test_ids: found ids of another split than test; expected those of test alone$"
    ):
        given(validation_ids=one, test_ids=other)
    whole = given(test_outputs_none=np.zeros((len(other), 3), int))
    assert whole["test_outputs_none"].dtype == np.float32


# ---------------------------------------------------------------- what each guard of the rules is for


def test_an_order_is_not_judged_by_the_faces_that_it_was_found_on():
    """Answers by chance: the best of 40,320 orders fits its own faces by 10 points and more, others not."""
    rng, fitted = np.random.default_rng(3), []
    for _ in range(40):
        labels, given = np.arange(64) % 8, rng.integers(0, 8, 64)
        names = doubts_of_order._best_names(doubts_of_order.confusion_of(labels, given, 8))
        fitted.append(np.mean(names[given] == labels) - np.mean(given == labels))
        found = doubts_of_order.best_permutation(labels, given, 8)
        assert found is None
    assert np.mean(fitted) > 0.1
    # Nor where the two halves of the faces ask for orders of their own: neither holds for the other half.
    labels = np.arange(800) % 4
    half = doubts_of_order.every_second(labels)
    given = np.where(half, (labels + 1) % 4, (labels + 2) % 4)
    assert doubts_of_order.best_permutation(labels, given, 4) is None


def test_a_swap_is_named_unless_an_order_is_better_by_two_points():
    """Columns 0 and 1 exchanged. Of the faces of 2, 3 and 4 a part is answered in a circle, too."""
    labels = np.arange(5000) % 5
    for circle, words in ((0.4, "swapping"), (1.0, "permuting")):
        given = np.select([labels == 0, labels == 1], [1, 0], labels)
        moved = (labels > 1) & (np.arange(5000) // 5 % 100 < 100 * circle)
        given = np.where(moved, 2 + (labels - 1) % 3, given)
        assert words in noticed(dataclasses.replace(load_protocol("synthetic-8"), classes=tuple("abcde")),
                                labels, np.eye(5)[given]).sentence  # fmt: skip


def test_each_dimension_must_be_good_after_the_change_and_the_scale_be_possible():
    rng = np.random.default_rng(5)
    targets = rng.uniform(-1, 1, (400, 2))
    # Valence is right and tenfold, arousal nearly without relation: nothing to be sure of.
    outputs = 10 * np.stack([targets[:, 0], 0.12 * targets[:, 1] + rng.normal(0, 0.6, 400)], 1)
    assert doubts_of_affect.better_change(targets, outputs) is None
    whole = 10 * (targets + rng.normal(0, 0.1, targets.shape))
    assert doubts_of_affect.better_change(targets, whole).scale == (-10, 10)
    # Of [-5, 5] they are too large, though a fifth of them fits better than what is declared.
    assert not doubts_of_affect.Change(False, (-5, 5), (1, 1)).possible(whole)
