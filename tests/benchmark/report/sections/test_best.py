"""Which cells are marked as best: by tests made by hand, and by real ones over records."""

import dataclasses

import numpy as np
import pytest

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.pairs import Pair, Tested
from benchmark.records.record import read_records
from benchmark.records.statistics import Difference
from benchmark.report.sections import grid, pairs, results
from benchmark.report.sections.best import best_of
from benchmark.report.tables import Best, not_tested

NONE = (
    "No cell is marked best: in no group of network, normalisation and loss is one better than every other by both tests of "
    "synthetic-8-pairs"
)


def net(shortcut, normalisation="working", loss="plain"):
    options = {"units": [1, 1, 1], "shortcut": shortcut, "normalisation": normalisation}
    return Cell(f"net-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


def made_up(**of):
    """Tests of pairs of shortcuts: "A_over_B" -> (mean difference A minus B, p over images, p over seeds)."""
    found, images, seeds = {}, {}, {}
    for name, (mean, p_images, p_seeds) in of.items():
        a, b = (net(shortcut).name for shortcut in name.split("_over_"))
        pair = Pair("shortcut", a, b)
        found[pair] = Tested(Difference(mean, None, None, 90, 0.5), Difference(mean, None, None, 3, 0.5), None)
        images |= {} if p_images is None else {pair: p_images}
        seeds |= {} if p_seeds is None else {pair: p_seeds}
    return pairs.Tests(found, images, seeds)


GOOD = {
    "fixed_over_identity": (-0.1, 0.9, 0.9),
    "adaptive_over_identity": (0.1, 0.01, 0.02),
    "adaptive_over_fixed": (0.2, 0.001, 0.049),
}


@pytest.mark.parametrize(
    ("changed", "best"),
    [
        ({}, {"adaptive"}),
        ({"adaptive_over_identity": (0.1, 0.05, 0.02)}, set()),  # not over images
        ({"adaptive_over_identity": (0.1, 0.01, 0.05)}, set()),  # not over seeds
        ({"adaptive_over_identity": (0.1, None, 0.01)}, set()),  # a test that is not there
        ({"adaptive_over_identity": (-0.1, 0.01, 0.02)}, set()),  # worse than one, better than the other
        ({"fixed_over_identity": (-0.3, 0.01, 0.01), "adaptive_over_identity": (-0.1, 0.01, 0.02)}, {"identity"}),
        ({"adaptive_over_fixed": (0.0, 0.01, 0.01)}, set()),
    ],
)
def test_only_what_beats_every_other_by_both_tests(run, comparison, changed, best):
    own = comparison(*(run(net(shortcut), 0, {"accuracy": 0.5}) for shortcut in ("identity", "fixed", "adaptive")))
    found = best_of(own, made_up(**GOOD | changed))
    assert found.cells == {net(shortcut).name for shortcut in best}
    marked = "Bold: best of its network, normalisation and loss by both tests of synthetic-8-pairs"
    assert found.note == ((marked if best else NONE),)


def test_no_mark_in_a_group_with_a_diverged_run_or_without_a_test_or_alone(run, comparison):
    cells = [run(net(shortcut), 0, {"accuracy": 0.5}) for shortcut in ("identity", "fixed", "adaptive")]
    for lost in ("identity", "adaptive"):
        own = comparison(*cells, run(net(lost), 1, None))
        assert best_of(own, made_up(**GOOD)) == Best(note=(NONE,))
    own = comparison(*cells)
    waiting = made_up(**GOOD)
    waiting.found[Pair("shortcut", net("adaptive").name, net("fixed").name)] = not_tested("1 of 3 planned seeds")
    assert best_of(own, waiting) == Best(note=(NONE,))
    alone = comparison(cells[0], run(net("adaptive", "frozen"), 0, {}), run(net("adaptive", loss="focal"), 0, {}))
    assert best_of(alone, made_up(**GOOD)) == Best(), "nothing is said where there is nothing to compare"


def test_over_records_the_mark_stands_in_both_tables(make, tmp_path):
    """Adaptive is right on 40 more faces than the others in every seed, with a spread of a face or two."""
    rng = np.random.default_rng(0)
    for seed in range(3):
        for shortcut, many in (("identity", 30), ("fixed", 31), ("adaptive", 70)):
            right = rng.permutation(90) < many + rng.integers(0, 3)
            make(tmp_path, "synthetic-8", net(shortcut), seed, right=right)
        make(tmp_path, "synthetic-8", Cell("vgg13-plain", "vgg13", {}, "plain"), seed, right=np.ones(90, bool))
    (own,) = summarise(read_records(tmp_path), tmp_path).comparisons
    best = best_of(own, pairs.tests_of(own))
    assert best.cells == {net("adaptive").name}
    for table, key in ((results.results(own, (), best), "cell"), (grid.grid(own, best), "shortcut")):
        marked = [(row[key].text, name) for row in table.rows for name, entry in row.items() if entry.best]
        assert marked == [(net("adaptive").name if key == "cell" else "adaptive", "accuracy")]
        assert best.note[0] in table.notes
        plain = results.results(own) if key == "cell" else grid.grid(own)
        assert plain.csv() == table.csv()
    unfinished = dataclasses.replace(own, unfinished={net("fixed").name: "3 of 5 planned seeds"})
    assert not best_of(unfinished, pairs.tests_of(unfinished)).cells
