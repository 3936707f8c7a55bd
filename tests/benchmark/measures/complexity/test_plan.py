"""complexity.yaml names every network; what `ferbench complexity` writes can be found again by cell."""

import json

import pytest

from benchmark.errors import BadInput
from benchmark.measures.complexity import file as counted
from benchmark.measures.complexity import plan as plan_complexity
from benchmark.measures.complexity.plan import Network, listed, measure_all
from benchmark.protocol import registry
from benchmark.protocol.cells import Cell, Run, load_cells
from benchmark.protocol.protocol import load_protocol
from benchmark.protocol.turned import turned

pytest.importorskip("fvcore")


def test_every_registered_model_and_every_member_of_the_family_is_listed_at_both_sizes():
    found = listed()
    assert len({each.digest for each in found}) == len(found)
    own = [name for name, entry in registry.models().items() if entry.value.startswith(("ablations", "baselines"))]
    for size in (64, 48):
        here = [each for each in found if (each.input_size, each.outputs, each.channels) == (size, 7, 3)]
        assert set(own) <= {each.model for each in here}
        options = [each.options for each in here if each.model in ("residual", "bregnext-50")]
        for cell in load_cells().values():
            if cell.model in ("residual", "bregnext-50") and cell.options["normalisation"] == "working":
                assert dict(cell.options) in options, (cell.name, size)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: {sizes: [64], outputs: 7, channels: 3}", "expected sizes, outputs, channels and cells"),
        ("a: {sizes: [64, 0], outputs: 7, channels: 3, cells: [resnet18-plain]}", "found 0"),
        ("a: {sizes: [64], outputs: 7.0, channels: 3, cells: [resnet18-plain]}", "found 7.0"),
        ("a: {sizes: [64], outputs: 7, channels: 3, cells: [resnet19-*]}", "'resnet19-*', which no cell matches"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path, text, words):
    (tmp_path / "list.yaml").write_text(text)
    with pytest.raises(BadInput) as error:
        listed(tmp_path / "list.yaml")
    assert words in str(error.value) and "list.yaml, a" in str(error.value)


def test_one_measurement_a_network_and_each_is_found_by_cell(tmp_path, monkeypatch):
    options = {"units": [1, 1, 1], "widths": [4, 6], "shortcut": "fixed"}
    small = Network("small", "residual", options, outputs=7, channels=3, input_size=48)
    measured = []

    def counting(*arguments, **keywords):
        measured.append(arguments)
        return original(*arguments, **keywords)

    original = plan_complexity.measure
    monkeypatch.setattr(plan_complexity, "measure", counting)
    protocol = load_protocol("fer2013-7-quick")
    cells = [Cell(f"c-{loss}", "residual", options, loss) for loss in ("plain", "weighted")]
    runs = [Run(protocol, cell, seed) for cell in cells for seed in (0, 1)]
    files = [tmp_path / "complexity.json", tmp_path / "latency.json"]
    found, timed = measure_all(runs, [small], *files, seconds=0.01)
    assert len(measured) == 1 and [found, timed] == [json.loads(path.read_text()) for path in files]
    assert set(found["cells"]) == {"fer2013-7-quick/c-plain", "fer2013-7-quick/c-weighted"}
    entry = found["networks"][0]
    assert entry["name"] == "small" and entry["input"] == [1, 3, 48, 48]
    assert timed["networks"][0]["latency"]["runs"] >= 5 and timed["environment"]["threads"] == 1
    # By hand: 3x3 convolutions 3 to 4, unit of 4, down-sampling unit to 6 at half the size, unit of 6, output layer.
    assert entry["macs"] == 9 * (12 + 32) * 48**2 + 9 * (24 + 36 + 72) * 24**2 + 6 * 7
    other = Cell("of-another-loss", "residual", options, "focal").as_dict()
    alone = found | {"cells": {}}
    assert counted.of_cell(alone, protocol.as_dict(), other)["macs"] == entry["macs"]
    assert counted.of_cell(timed | {"cells": {}}, protocol.as_dict(), other)["latency"] == timed["networks"][0]["latency"]
    for changed in (
        (load_protocol("fer2013-7").as_dict(), other),  # 64 pixels
        (load_protocol("synthetic-8").as_dict() | {"input_size": 48}, other),  # eight classes
        (protocol.as_dict(), other | {"options": options | {"shortcut": "adaptive"}}),
        (protocol.as_dict(), other | {"model": "bregnext-50"}),
    ):
        assert counted.of_cell(alone, *changed) is None
    assert counted.of_cell(None, protocol.as_dict(), other) is None
    assert counted.of_names(alone, "fer2013-7-quick", "no-such-cell") is None


def test_a_turned_input_size_is_counted_for_the_turned_protocol_alone(tmp_path):
    """Counts decide claims, which look for them by the name of the protocol."""
    cell = Cell("c", "residual", {"units": [1, 1, 1], "widths": [4, 6], "shortcut": "fixed"}, "plain")
    new = turned("fer2013-7-released", {"input_size": 32}, "x")
    found, _ = measure_all([Run(new, cell, 0)], [], tmp_path / "a.json", tmp_path / "b.json", seconds=0.01)
    assert counted.of_names(found, "fer2013-7-released", "c") is None
    assert counted.of_cell(found, new.as_dict(), cell.as_dict())["input"] == [1, 3, 32, 32]


def test_counts_are_the_same_bytes_on_another_machine_and_times_are_not(tmp_path, monkeypatch):
    small = Network("small", "residual", {"units": [1, 1, 1], "widths": [4, 6], "shortcut": "fixed"}, 7, 3, 32)
    texts = []
    for device in ("one processor", "another"):
        monkeypatch.setattr(plan_complexity.environment, "describe", lambda _, name=device: {"device": name})
        measure_all([], [small], tmp_path / "complexity.json", tmp_path / "latency.json", seconds=0.01)
        texts.append([(tmp_path / f"{name}.json").read_text() for name in ("complexity", "latency")])
    assert texts[0][0] == texts[1][0] and texts[0][1] != texts[1][1]
    assert json.loads(texts[1][1])["environment"] == {"device": "another"}
