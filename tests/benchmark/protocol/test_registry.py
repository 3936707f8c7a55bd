"""Entry points of this project and of outside packages; wrong names and options."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.protocol import registry
from benchmark.protocol.building import create

PYPROJECT = '[project]\nname = "ferbench"\n[project.entry-points."ferbench.models"]\nmine = "somewhere:net"\n'
SIZES = {"num_outputs": 3, "in_channels": 1, "input_size": 8}


def install(folder: Path, distribution: str, entries: dict[str, str], group: str = registry.MODELS) -> None:
    """What an installer leaves of a package's entry points."""
    metadata = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder on sys.path with a stranger's package of one model."""
    (tmp_path / "strangers_model.py").write_text(
        "from torch import nn\n"
        "def net(num_outputs, in_channels, input_size, *, hidden=4):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * input_size**2, hidden),"
        " nn.Linear(hidden, num_outputs))\n"
        "def no_module(num_outputs, in_channels, input_size):\n"
        "    return 3\n"
        "def needs_more(num_outputs, in_channels, input_size):\n"
        "    import a_package_that_is_not_there\n"
    )
    install(
        tmp_path,
        "strangers-package",
        {
            "strange": "strangers_model:net",
            "no-module": "strangers_model:no_module",
            "needs-more": "strangers_model:needs_more",
            "gone": "strangers_model:gone",
            "absent": "strangers_absent_module:net",
        },
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("strangers_model", None)


def test_an_outside_package_adds_a_model(outside):
    assert registry.models()["strange"].value == "strangers_model:net"
    model = create("strange", **SIZES, hidden=5)
    assert isinstance(model, nn.Module) and model[1].out_features == 5
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 3)


def test_other_groups_are_read_alike(tmp_path, monkeypatch):
    install(tmp_path, "strangers-cells", {"theirs": "strangers.grid"}, registry.CELLS)
    monkeypatch.syspath_prepend(str(tmp_path))
    cells = registry.entry_points(registry.CELLS)
    assert cells["theirs"].value == "strangers.grid"
    assert list(cells) == sorted(cells)
    assert "theirs" not in registry.models()


def test_a_package_that_comes_or_goes_while_python_runs_is_seen(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    assert "late" not in registry.models()
    made = tmp_path / "late-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text(f"[{registry.MODELS}]\nlate = late:net\n")
    assert registry.models()["late"].value == "late:net"
    shutil.rmtree(made)
    assert "late" not in registry.models()


def test_two_packages_with_one_name_are_named(outside):
    install(outside, "another-package", {"strange": "elsewhere:net"})
    with pytest.raises(BadInput) as error:
        registry.models()
    for part in ("strange", "strangers-package", "another-package", "elsewhere:net", "strangers_model:net"):
        assert part in str(error.value)


def test_a_name_of_this_project_cannot_be_taken_over(tmp_path, monkeypatch):
    install(tmp_path, "impostor", {"bregnext-50": "impostor:net"})
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BadInput, match="impostor"):
        registry.models()


def test_one_distribution_seen_twice_is_no_conflict(outside, tmp_path, monkeypatch):
    before = registry.models()
    install(tmp_path / "again", "Strangers_Package", {"strange": "strangers_model:net"})
    monkeypatch.syspath_prepend(str(tmp_path / "again"))
    assert registry.models()["strange"] == before["strange"]
    # And where the interpreter itself does not fold the two into one:
    twice = [*importlib.metadata.entry_points(group=registry.MODELS)] * 2
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: twice)
    assert "strange" in registry.models()


def found_in(folder: Path, *packages: tuple[str, dict[str, str]]) -> list[importlib.metadata.EntryPoint]:
    """The entry points of packages, however many of them have one name."""
    entries = []
    for number, (distribution, own) in enumerate(packages):
        install(folder / str(number), distribution, own)
        (found,) = importlib.metadata.distributions(path=[str(folder / str(number))])
        entries += found.entry_points
    return entries


@pytest.mark.parametrize(
    ("other", "value", "conflict"),
    [
        ("Strangers_Package", "net:one", False),
        ("strangers.package", "net:one", False),
        ("strangers-package", "net:two", True),
        ("strangers-packages", "net:one", True),
    ],
)
def test_one_distribution_has_one_value_and_a_value_one_distribution(tmp_path, monkeypatch, other, value, conflict):
    """Names of distributions are equal up to case, dots, hyphens and underscores (PEP 503)."""
    both = found_in(tmp_path, ("strangers-package", {"strange": "net:one"}), (other, {"strange": value}))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: both)
    if conflict:
        with pytest.raises(
            BadInput, match="entry point 'strange' of ferbench.models: found net:one .from strangers-package."
        ):
            registry.models()
    else:
        assert registry.models()["strange"].value == "net:one"


def test_a_plain_checkout_reads_its_own_pyproject(tmp_path, monkeypatch):
    project = tmp_path / "pyproject.toml"
    project.write_text(PYPROJECT)
    monkeypatch.setattr(registry, "_PYPROJECT", project)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: ())
    assert {name: entry.value for name, entry in registry.models().items()} == {"mine": "somewhere:net"}
    assert registry.entry_points(registry.CELLS) == {}
    project.write_text(project.read_text().replace("ferbench", "other", 1))
    assert registry.models() == {}  # some other project's file
    project.write_text("[project\n")
    with pytest.raises(BadInput, match=r"pyproject\.toml"):
        registry.models()
    project.unlink()
    assert registry.models() == {}


def test_the_checkout_adds_nothing_to_an_installed_project(tmp_path, monkeypatch):
    project = tmp_path / "pyproject.toml"
    project.write_text(PYPROJECT)
    monkeypatch.setattr(registry, "_PYPROJECT", project)
    install(tmp_path / "site", "FERbench", {"installed": "elsewhere:net"})
    (installed,) = importlib.metadata.distributions(path=[str(tmp_path / "site")])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: installed.entry_points)
    assert list(registry.models()) == ["installed"]


def test_listing_imports_neither_torch_nor_models():
    code = "import sys; from benchmark.protocol import registry; names = registry.models(); assert 'bregnext-50' in names; "
    code += "assert not {'torch', 'ablations', 'baselines'} & set(sys.modules)"
    root = Path(registry.__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("nothing", {}, ("nothing", "`ferbench models` lists", "timm:NAME")),
        ("strnge", {}, ("strnge", "did you mean strange?")),
        ("strange", {"width": 3}, ("strange", "width", "hidden=4")),
        ("strange", {"num_outputs": 0}, ("strange", "num_outputs", "at least 1")),
        ("strange", {"input_size": 8.0}, ("strange", "input_size")),
        ("strange", {"in_channels": True}, ("strange", "in_channels")),
        ("no-module", {}, ("no-module", "int", "torch.nn.Module")),
        ("needs-more", {}, ("needs-more", "a_package_that_is_not_there")),
        ("gone", {}, ("gone", "strangers_model:gone", "does not import")),
        ("absent", {}, ("absent", "strangers_absent_module", "does not import")),
        ("vgg13", {"depth": 16}, ("vgg13", "depth", "(none)")),
        ("strangers_model:a b", {}, ("strangers_model:a b", "no such form")),
    ],
)
def test_wrong_requests_say_what_is_wrong(outside, name, options, parts):
    with pytest.raises(BadInput) as error:
        create(name, **{**SIZES, **options})
    assert all(part in str(error.value) for part in parts), error.value
    assert "\n" not in str(error.value)
    if "hidden=4" in parts:  # the sizes are the protocol's, no option
        assert "num_outputs" not in str(error.value)


def test_this_checkout_is_read_from_its_own_pyproject():
    contents = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["entry-points"]
    for group in (registry.MODELS, registry.CELLS):
        found = {each.name: (each.value, each.group) for each in registry._from_checkout(group)}
        assert found == {name: (value, group) for name, value in contents[group].items()} and found
    assert registry._from_checkout("others") == []


def test_wrong_requests_word_by_word(outside):
    def said(name, **options):
        with pytest.raises(BadInput) as error:
            create(name, **{**SIZES, **options})
        return str(error.value)

    for key in SIZES:
        for value in (0, 8.0, True):
            line = f"model 'strange', {key}: found {value!r}; expected a whole number of at least 1"
            assert said("strange", **{key: value}) == line
    assert said("strange", width=3) == (
        "model 'strange', options: found got an unexpected keyword argument 'width'; expected options hidden=4"
    )
    assert said("no-module", width=3) == (
        "model 'no-module', options: found got an unexpected keyword argument 'width'; expected options (none)"
    )
    assert (
        said("no-module") == "model 'no-module': found strangers_model:no_module returned a int; expected a torch.nn.Module"
    )
    assert (
        said("needs-more")
        == "model 'needs-more': found package a_package_that_is_not_there is missing; expected it installed"
    )
    assert create("strange", num_outputs=1, in_channels=1, input_size=1)[2].out_features == 1
