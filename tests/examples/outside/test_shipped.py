"""Names and entries that are refused."""

import shutil

import pytest
import shipped
import yaml

from benchmark.errors import BadInput

SOURCE = "face-api-expression"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(shipped.FOLDER / SOURCE, tmp_path / SOURCE, ignore=shutil.ignore_patterns("node_modules"))
    return tmp_path


def changed(folder, change):
    path = folder / SOURCE / "entry.yaml"
    contents = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(contents)
    path.write_text(yaml.safe_dump(contents), encoding="utf-8")


def under(contents):
    return contents["protocols"]["fer2013-7"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("version"), "version: found nothing; expected text"),
        (lambda c: c.update(version=1.7), "version: found 1.7; expected text"),
        (lambda c: c.update(index="conda"), "index: found 'conda'; expected one of pypi, npm"),
        (lambda c: c.update(index="pypi"), "predict.py: found no such file"),
        (lambda c: c["parameters"].update(number="many"), "parameters, number: found 'many'; expected a whole number"),
        (lambda c: c["parameters"].update(number=True), "parameters, number: found True"),
        (lambda c: c["parameters"].pop("counted"), "parameters: found number; expected exactly number, counted"),
        (lambda c: c["licence"].update(weights=" "), "licence, weights: found a blank text"),
        (lambda c: c["parameters"].update(counted=None), "parameters, counted: found None; expected words"),
        (lambda c: c.update(model=" "), "model: found a blank text"),
        (lambda c: c.update(classes=[]), "classes: found nothing; expected two names or more, each once"),
        (lambda c: c.update(classes=["sad", "happy", "sad"]), "classes: found sad, happy, sad; expected two names or more"),
        (lambda c: c.update(classes=["sad", "a,b"]), "classes: found 'a,b'; expected names without a comma"),
        (lambda c: c.update(classes=["sad", "a\nb"]), "classes: found 'a\\nb'; expected one line"),
        (lambda c: c.update(protocols={}), "protocols: found nothing; expected one or more"),
        (lambda c: under(c).update(why=3), "fer2013-7, why: found 3; expected words"),
        (lambda c: under(c).update(seen=True), "seen: found True; expected \"no\", \"unknown\" or \"yes\", in quotes"),
        (lambda c: under(c).update(stated={"accuracy": 66, "source": "README"}), "accuracy: found 66; expected a fraction"),
        (lambda c: under(c).update(stated={"accuracy": 0.66}), "expected an accuracy or the authors' words, and the source"),
        (lambda c: under(c).update(stated=0.66), "expected an accuracy or the authors' words, and the source"),
        (lambda c: under(c).pop("why"), "fer2013-7: found seen, stated; expected exactly seen, why, stated"),
        (lambda c: c["protocols"].update({"ferplus-8": None}), "ferplus-8: found None; expected exactly seen, why, stated"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_refused(folder, change, said):
    changed(folder, change)
    with pytest.raises(BadInput) as refused:
        shipped.read(SOURCE, folder)
    assert said in str(refused.value)


def test_an_entry_without_its_lock_is_refused(folder):
    (folder / SOURCE / "package-lock.json").unlink()
    with pytest.raises(BadInput, match=r"package-lock.json: found no such file"):
        shipped.read(SOURCE, folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("human-emotions", "did you mean human-emotion"),
        ("../outside", "found name '../outside'"),
        ("none", "expected one of"),
    ],
)
def test_an_unknown_name_is_refused(name, said):
    with pytest.raises(BadInput) as refused:
        shipped.read(name)
    assert said in str(refused.value)


def test_a_recipe_is_no_package_that_can_be_run(folder):
    (folder / "recipe").mkdir()
    (folder / "recipe" / "entry.yaml").write_text("ran: false\n")
    assert shipped.names(folder) == [SOURCE]
    with pytest.raises(BadInput, match=r"found a recipe, whose weights you must get"):
        shipped.read("recipe", folder)


def test_a_protocol_that_the_entry_has_not_is_refused():
    entry = shipped.read(SOURCE)
    assert shipped.protocols_of(entry, None, SOURCE) == ["fer2013-7", "ferplus-8"]
    assert shipped.protocols_of(entry, ["ferplus-8", "ferplus-8"], SOURCE) == ["ferplus-8"]
    with pytest.raises(BadInput, match=r"did you mean fer2013-7"):
        shipped.protocols_of(entry, ["fer2013"], SOURCE)
