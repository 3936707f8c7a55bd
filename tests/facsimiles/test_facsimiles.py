"""What holds of every facsimile."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.facsimiles import (
    afewva,
    affectnet_2017,
    affectnet_2021,
    affectnet_plus,
    affwild2,
    affwild2_multi_task,
    ckplus48,
    diffusionfer,
    expw,
    fer2013,
    jaffe,
    rafdb,
)
from tests.facsimiles import truth as told
from tests.facsimiles.reading import digest

SCALES = {  # small ones, for tests of every module
    affectnet_2017: {"scale": 0.001, "side": 32},
    affectnet_2021: {"scale": 0.0002, "side": 32},
    affectnet_plus: {"scale": 0.0002, "side": 32},
    affwild2: {},
    affwild2_multi_task: {},
    rafdb: {},
    expw: {"scale": 0.002},
    ckplus48: {"scale": 0.02},
    diffusionfer: {"scale": 0.02},
    jaffe: {"scale": 0.1},
    afewva: {},
    fer2013: {"scale": 0.002},
}


@pytest.mark.parametrize("module", SCALES, ids=lambda module: module.__name__.rpartition(".")[2])
class TestEveryModule:
    def test_one_seed_gives_the_same_bytes_and_another_gives_others(self, module, tmp_path):
        made = [module.write(tmp_path / str(each), seed=seed, **SCALES[module]) for each, seed in enumerate((0, 0, 1))]
        first, second, third = (digest(each.folder) for each in made)
        assert first == second
        assert first != third
        assert made[0].rows == made[1].rows

    def test_pictures_are_there_and_distinct(self, module, tmp_path):
        made = module.write(tmp_path, **SCALES[module])
        paths = {row.path for row in made.rows if row.picture and row.path}
        pixels = set()
        for path in paths:
            with Image.open(made.folder / path) as picture:
                pixels.add((picture.size, picture.convert("RGB").tobytes()))
        assert len(pixels) == len(paths)
        suffixes = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}
        found = {
            each.relative_to(made.folder).as_posix() for each in made.folder.rglob("*") if each.suffix.lower() in suffixes
        }
        beyond = {path for path in found - paths if module is affwild2}  # crops of frames without a line
        assert found - beyond == paths

    def test_every_trap_says_what_it_did_and_changes_something(self, module, tmp_path):
        plain: dict[str, dict[str, str]] = {}
        for name in module.TRAPS:
            options = SCALES[module] | ({"tree": "kaggle"} if (module, name) == (rafdb, "dataset_folder") else {})
            made = module.write(tmp_path / name, trap=name, **options)
            if str(options) not in plain:
                module.write(tmp_path / f"plain {len(plain)}", **options)
                plain[str(options)] = digest(tmp_path / f"plain {len(plain)}")
            assert set(made.traps) == {name}
            for row in made.traps[name].get("rows", ()):
                assert row in made.rows
            for file in made.traps[name].get("files", ()):
                assert file.exists()
            same = digest(tmp_path / name) == plain[str(options)]
            assert same == (name == "VA_Set_given")  # which is where the user points to

    def test_an_unknown_trap_is_refused(self, module, tmp_path):
        with pytest.raises(ValueError, match="no trap is called"):
            module.write(tmp_path, trap="hole")
        assert not any(tmp_path.iterdir())


def test_nothing_of_the_suite_is_imported():
    for file in Path(__file__).parent.glob("*.py"):
        found = re.findall(r"^\s*(?:from|import) (\w+(?:\.\w+)*)", file.read_text(), re.MULTILINE)
        assert not [name for name in found if name.split(".")[0] in ("benchmark", "ablations", "baselines")], file.name
        assert all(name.startswith("tests.facsimiles") for name in found if name.startswith("tests")), file.name


def test_shares_are_by_largest_remainder():
    assert told.shares(10, [1, 1, 1]) == [4, 3, 3]
    assert told.shares(10, [98, 1, 1], least=1) == [8, 1, 1]
    assert told.shares(7, [0, 3, 4]) == [0, 3, 4]
