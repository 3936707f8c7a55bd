"""The ways of training that `ferbench bench` compares: each trains the same network on the same pictures; each is left out
where it can not be."""

import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from benchmark.errors import BadInput
from benchmark.measures.speed import finding, plain, turns
from benchmark.measures.speed import training as measure
from benchmark.measures.speed.contenders import plain_network
from benchmark.measures.speed.instructions import limited
from benchmark.measures.speed.left_out import LeftOut
from benchmark.protocol.cells import find_cell
from benchmark.workers import Workers

CPU = torch.device("cpu")
SMALL = {"units": (1, 1, 1), "widths": (8, 16)}
ALL = {"lightning", "plain", "plain_compiled", "timm_channels_last", "timm_parts"}


def loop(name, *given):
    """The Loop of a way. The test skips where its package is not installed."""
    try:
        return finding.load_way(name).Loop(*given)
    except LeftOut as error:
        pytest.skip(str(error))


def mirrored(number=6, size=8):
    """Pictures that are their own mirror images, so that nothing is random: all of them are one batch."""
    half = np.random.default_rng(3).integers(0, 256, (number, size, size // 2, 3), dtype=np.uint8)
    return np.concatenate([half, half[:, :, ::-1]], axis=2), np.arange(number) % 7


def network():
    torch.manual_seed(11)
    return plain.Network(7, 3, "adaptive", **SMALL)


def test_every_module_of_the_folder_is_a_way():
    assert set(finding.known_ways()) == ALL


@pytest.mark.parametrize("name", sorted(ALL))
def test_one_step_has_the_loss_and_gradients_of_the_network_in_float64(name):
    """The pictures are scaled by hand here, and the network is computed in twice the precision."""
    pictures, labels = mirrored()
    exact = network().double()
    inputs = torch.from_numpy((pictures.transpose(0, 3, 1, 2) / 255.0 - 0.5) / 0.25)
    loss = functional.cross_entropy(exact(inputs), torch.from_numpy(labels))
    loss.backward()
    own = network()
    before = {key: value.detach().clone() for key, value in own.named_parameters()}
    way = loop(name, own, pictures, labels, 6, CPU)
    way.train(1)
    assert way.loss == pytest.approx(loss.item(), rel=1e-5)
    for (key, parameter), wanted in zip(own.named_parameters(), exact.parameters(), strict=True):
        scale = wanted.grad.abs().max()
        torch.testing.assert_close(parameter.grad.double(), wanted.grad, rtol=1e-3, atol=float(1e-4 * scale + 1e-7), msg=key)
        assert key.startswith("units") or not torch.equal(parameter, before[key])  # a step was made
    for (key, found), wanted in zip(own.named_buffers(), exact.buffers(), strict=True):  # BatchNorm saw one batch, once
        torch.testing.assert_close(found.double(), wanted.double(), rtol=1e-4, atol=1e-5, msg=key)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_way_learns_what_can_be_learnt_and_counts_it(name):
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.output = nn.Linear(3, 2)

        def forward(self, x):
            return self.output(x.mean((2, 3)))

    labels = np.arange(64) % 2
    pictures = np.broadcast_to(60 + 120 * labels[:, None, None, None], (64, 8, 8, 3)).astype(np.uint8)
    way = loop(name, Mean(), pictures, labels, 16, CPU)
    for _ in range(3):
        for _ in range(8):
            way.train(10)  # more than the four steps of an epoch
        assert 0 <= way.evaluate() <= 1
    assert way.evaluate() == 1
    with torch.no_grad():
        way_network(way).output.weight.zero_()
        way_network(way).output.bias.copy_(torch.tensor([0.0, 1.0]))
    assert way.evaluate() == 0.5  # it answers 1 for every picture


def way_network(way):
    return way.module.network if hasattr(way, "module") else way.network


def test_timms_pictures_are_those_of_the_plain_loop():
    pictures = np.random.default_rng(5).integers(0, 256, (16, 12, 12, 3), dtype=np.uint8)
    way = loop("timm_parts", network(), pictures, np.arange(16) % 7, 16, CPU)
    own, labels = next(iter(way.held_out))
    straight = torch.stack([torch.from_numpy(each.transpose(2, 0, 1).copy()) for each in pictures]).double()
    straight = (straight / 255 - 0.5) / 0.25
    torch.testing.assert_close(own.double(), straight, rtol=0, atol=1e-5)
    assert labels.tolist() == [row % 7 for row in range(16)]
    trained, labels = next(iter(way.training))
    turned = 0
    for each, label in zip(trained.double(), labels, strict=True):
        like = [row for row in range(16) if row % 7 == label]
        errors = [(float((each - other).abs().max()), flip) for row in like for flip in (0, 1)
                  for other in [straight[row].flip(2) if flip else straight[row]]]  # fmt: skip
        error, flip = min(errors)
        assert error < 1e-5
        turned += flip
    assert 0 < turned < 16  # 1 in 32768 draws has all or none


def test_the_channels_last_way_has_that_layout():
    pictures, labels = mirrored()
    way = loop("timm_channels_last", network(), pictures, labels, 6, CPU)
    weight = way.network.units[0].residual[2].weight
    assert weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()


def test_lightnings_blocks_go_on_with_one_optimizer_and_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    way = loop("lightning", network(), *mirrored(24), 6, CPU)
    start = time.perf_counter()
    told = way.train(2), way.train(5)  # more than the four steps of an epoch
    whole = time.perf_counter() - start
    assert min(told) > 0 and sum(told) < whole  # what prepares and ends a fit is not in it
    norm, state = way.module.network.head[0], way.module.optimizer.state
    assert norm.num_batches_tracked == 7 and {int(each["step"]) for each in state.values()} == {7}
    way.evaluate()
    assert norm.num_batches_tracked == 7 and list(tmp_path.iterdir()) == []


def test_a_way_that_tells_its_seconds_is_believed(monkeypatch):
    monkeypatch.setattr(turns, "_here", {"device": CPU, "loop": SimpleNamespace(train=lambda steps: 4000.0 * steps)})
    assert turns._train(3) == 12000
    turns._here["loop"].train = lambda steps: None
    assert 0 < turns._train(3) < 10


@pytest.mark.parametrize("package, names", [("timm", ["timm_channels_last", "timm_parts"]), ("lightning", ["lightning"])])
def test_a_way_without_its_package_is_left_out_with_the_reason(package, names, monkeypatch):
    """Neither the package nor what was imported from it is there; the ways are imported again."""
    for module in list(sys.modules):
        if module.partition(".")[0] == package or module.startswith(f"{finding.ways.__name__}."):
            monkeypatch.delitem(sys.modules, module)
    for name in ALL:  # an imported module is an attribute of its package, too
        monkeypatch.delattr(finding.ways, name, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    titles, left_out = finding.find_ways()
    assert set(names) <= set(left_out) and not set(names) & set(titles)
    assert {"plain", "plain_compiled"} <= set(titles)
    assert all(left_out[name] == f"package {package} is not installed" for name in names)


def test_only_what_is_wanted_is_found_and_an_unknown_way_is_named():
    assert finding.find_ways(["plain"]) == ({"plain": "plain loop"}, {})
    with pytest.raises(BadInput, match="nothing"):
        finding.find_ways(["plain", "nothing"])


def test_a_network_that_torch_can_not_compile_here_is_left_out(monkeypatch):
    def compile(model):
        def forward(x):
            raise OSError("no compiler\nof any kind")

        return forward

    monkeypatch.setattr(torch, "compile", compile)
    with pytest.raises(LeftOut, match=r"^OSError: no compiler$"):
        loop("plain_compiled", network(), *mirrored(), 6, CPU)


def test_who_is_left_out_in_its_process_has_no_row(monkeypatch, tmp_path):
    def rounds(contenders, setting, stop):
        asked.append(sorted(contenders))
        return {
            "train": {name: [1.0, 2.0] for name in contenders if name != "plain_compiled"},
            "evaluate": {name: [1.0, 4.0] for name in contenders if name != "plain_compiled"},
            "memory": dict.fromkeys(contenders), "ceilings": [{"bytes_per_second": 1.0, "operations_per_second": 1.0}],
            "left_out": {"plain_compiled": "no compiler"} if "plain_compiled" in contenders else {},
        }  # fmt: skip

    asked = []
    monkeypatch.setattr(measure, "take_turns", rounds)
    given = {"networks": ["narrow8-12"], "shortcuts": ["fixed", "identity"], "sizes": [8], "others": [], "rounds": 2}
    found = measure.bench(tmp_path / "cpu.json", device=CPU, batch=4, ways=["plain", "plain_compiled"], **given)
    assert asked == [["plain", "plain_compiled", "suite"], ["plain", "suite"]]
    assert found["left_out"] == {"plain_compiled": "no compiler"}
    assert [set(each["contenders"]) for each in found["comparisons"]] == [{"plain", "suite"}] * 2


def test_the_plain_network_of_a_cell_starts_from_the_suites_weights():
    cell = find_cell("narrow16-50-adaptive-working-plain")
    found = plain_network(cell, 48, 8)
    convolutions = 448 + 7 * 4640 + (4640 + 9248) + 8 * 18496 + (18496 + 36928) + 7 * 73856  # with bias, by hand
    norms, shortcuts, output = 7 * 64 + 96 + 8 * 128 + 192 + 7 * 256 + 128, 24 * 2, 64 * 7 + 7
    assert sum(p.numel() for p in found.parameters()) == convolutions + norms + shortcuts + output  # 0.77 M
    assert [unit.residual[5].out_channels for unit in found.units] == [16] * 7 + [32] * 9 + [64] * 8
    for other in ("narrow16-50-adaptive-frozen-plain", "resnet18-plain", "bregnext-50-post-fixed-working-plain"):
        with pytest.raises(BadInput, match="networks"):
            plain_network(find_cell(other), 8, 8)


def _seen():
    from ablations import kernels

    library = kernels.library()
    keys = ("CC", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")
    return torch.backends.cpu.get_cpu_capability(), library and library._name, [os.environ.get(key) for key in keys]


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() != "AVX512", reason="needs a processor that has what is switched off"
)
def test_avx512_can_be_switched_off_in_the_processes_that_measure(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    with limited("avx2"), Workers(1) as process:
        capability, library, environment = process.submit(_seen).result()
    setting = turns.Setting(8, 4, 1, 2, CPU, "avx2")
    with limited("native"), Workers(1) as process:
        native, other, _ = process.submit(_seen).result()
        with pytest.raises(BadInput, match="AVX512"):  # switched off in words alone
            process.submit(turns._begin, "plain", find_cell("narrow8-12-fixed-working-plain"), setting, 1).result()
    assert (capability, native) == ("AVX2", "AVX512") and environment == ["cc -mno-avx512f", "avx2", "AVX2"]
    assert "CC" not in os.environ and "ATEN_CPU_CAPABILITY" not in os.environ
    if shutil.which("objdump"):  # only AVX-512 has registers of this name
        wide = [" %zmm" in subprocess.run(["objdump", "-d", name], capture_output=True, text=True).stdout.replace(",", " ")
                for name in (library, other)]  # fmt: skip
        assert wide == [False, True]


def test_a_compiler_that_is_named_already_is_kept(monkeypatch):
    monkeypatch.setenv("CC", "my-cc -g")
    with limited("avx2"):
        assert os.environ["CC"] == "my-cc -g -mno-avx512f"
    assert os.environ["CC"] == "my-cc -g"


def test_pictures_are_read_through_pillow():
    picture = np.random.default_rng(1).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    values, label = plain.Pictures(picture, np.array([4]), False)[0]
    expected = (np.asarray(Image.fromarray(picture[0])).transpose(2, 0, 1) / 255 - 0.5) / 0.25
    assert label == 4 and np.allclose(values, expected, atol=1e-6)
