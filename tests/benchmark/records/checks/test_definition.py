"""The definition decides what a record is of, not the names in it."""

import pytest

from benchmark.files import digest
from benchmark.records.examine import NOT_CHECKED

PLAIN = "synthetic-8/narrow8-12-identity-working-plain/seed0"
WEIGHTED = "synthetic-8/narrow8-12-identity-working-weighted/seed0"
OUTSIDE = "outside/fer2013-7/fer-mini-xception/seed0"


def renamed(contents):
    """The class-weighted cell under the plain cell's name: its hash is of the definition, so it still fits."""
    contents["cell"]["name"] = "narrow8-12-identity-working-plain"


def test_the_committed_ones_pass(committed, passes):
    assert all(passes(committed(place), "definition") for place in (PLAIN, WEIGHTED, OUTSIDE))


def test_a_cells_name_can_not_lie(committed, faults):
    found = faults(committed(WEIGHTED, renamed, to=PLAIN))
    assert set(found) == {"definition"}
    lie = "cell narrow8-12-identity-working-plain, loss: found weighted; expected plain, as its cells.yaml defines"
    assert lie in found["definition"] and found["definition"].endswith("; another definition needs another name")


def test_a_name_of_its_own_is_free(committed, faults):
    record = committed(WEIGHTED, lambda c: c["cell"].update(name="my-own"), to="synthetic-8/my-own/seed0")
    assert not faults(record)


def other_loss(contents):
    contents["cell"]["loss"] = "focal"


def other_epochs(contents):
    contents["protocol"]["recipe"]["learning_rate"] = 0.9


def reversed_classes(contents):
    contents["classes"].reverse()


def reversed_everywhere(contents):
    contents["classes"].reverse()
    contents["protocol"]["classes"].reverse()
    contents["protocol_hash"] = digest(contents["protocol"])


def another_task(contents):
    contents["cell"] = {"name": "own", "model": "resnet18", "options": {}, "loss": "mse"}
    contents["cell_hash"] = digest({key: value for key, value in contents["cell"].items() if key != "name"})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (other_loss, "cell_hash: found 4e91f763eb5c717d; expected 401b3f46ba2a89e9, the digest of its cell"),
        (other_epochs, "protocol_hash: found 9dcd13558b863ccb; expected"),
        (reversed_classes, "classes: found contempt, anger, disgust, fear, surprise, sad, happy, neutral; expected neutral"),
        (reversed_everywhere, "as the installed protocol of this name and version"),
        (lambda c: c.update(seed=1), "found seed 1; expected a folder named seed1"),
        (another_task, "found loss 'mse'; expected one for a categorical task"),
    ],
)
def test_what_does_not_fit_its_digest_or_the_installed_one_is_named(committed, faults, change, sentence):
    found = faults(committed(PLAIN, change))
    assert set(found) == {"definition"} and sentence in found["definition"]


def test_the_name_of_an_installed_cell_for_another_definition_is_refused_by_its_place(committed, faults):
    def focal(contents):
        contents["cell"]["loss"] = "focal"
        contents["cell_hash"] = digest({key: value for key, value in contents["cell"].items() if key != "name"})

    record = committed(PLAIN, focal)
    said = faults(record)["definition"]
    assert said.startswith(f"{record.directory}, cell {record.cell}, loss: found focal; expected plain, as its cells.yaml ")


def test_an_outside_entry_has_no_definition(committed, faults):
    found = faults(committed(OUTSIDE, lambda c: c["cell"].update(model="resnet18")))
    assert set(found) == {"definition"} and "'model': 'resnet18'" in found["definition"]


def test_an_older_version_of_a_protocol_is_not_checked(committed, faults, outcome):
    def older(contents):
        contents["protocol"]["version"] = "0.9"
        contents["protocol"]["recipe"]["learning_rate"] = 0.5
        contents["protocol_hash"] = digest(contents["protocol"])

    record = committed(PLAIN, older)
    found = outcome(record, "definition")
    assert found[0] == NOT_CHECKED and found[1].startswith("version 0.9") and "not the installed version 1.0" in found[1]
    assert not faults(record)
    assert outcome(record, "faces")[0] == NOT_CHECKED
