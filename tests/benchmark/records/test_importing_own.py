"""Records of protocols that the suite does not have: what import takes, where it puts them, what it still refuses."""

import re

import pytest

from benchmark.errors import BadInput
from benchmark.files import digest
from benchmark.protocol.protocol import PROTOCOLS
from benchmark.records.checks.known import Known
from benchmark.records.importing import import_records
from benchmark.records.record import read_records

TEXT = (PROTOCOLS / "synthetic-8.yaml").read_text(encoding="utf-8")


@pytest.fixture
def sent(tmp_path, make, cell):
    """A folder as somebody sends it: a record under a protocol called mine."""
    file = tmp_path / "first.yaml"
    file.write_text(TEXT.replace("name: synthetic-8", "name: mine"))
    make(tmp_path / "sent", str(file), cell("identity", "working", "plain"), 0)
    return tmp_path / "sent"


def taken(source, tmp_path, **given):
    return import_records(source, tmp_path / "in", Known(), **{"replace": False, "check_only": False} | given)


def test_a_record_of_an_own_protocol_is_taken_and_known_again(sent, tmp_path):
    (record,) = taken(sent, tmp_path).taken
    (there,) = read_records(tmp_path / "in")
    folder = f"mine-{record['protocol_hash'][:8]}"
    assert there.directory.relative_to(tmp_path / "in").parts == (folder, record.cell, "seed0")
    assert there.sealed and there["protocol"] == record["protocol"]
    again = taken(sent, tmp_path)
    assert not again.taken and len(again.passed_over) == 1


def test_two_own_protocols_of_one_name_stand_beside_each_other(sent, tmp_path, make, cell):
    """Neither needs --replace, and neither replaces the other: in one import, and one after the other."""
    file = tmp_path / "second.yaml"
    file.write_text(TEXT.replace("name: synthetic-8", "name: mine").replace("epochs: 4", "epochs: 5"))
    make(tmp_path / "others", str(file), cell("identity", "working", "plain"), 0)
    assert len(taken(sent, tmp_path).taken) == len(taken(tmp_path / "others", tmp_path).taken) == 1
    assert [record["protocol"]["epochs"] for record in read_records(tmp_path / "in")] in ([4, 5], [5, 4])
    (tmp_path / "others").rename(sent / "others")
    both = import_records(sent, tmp_path / "both", Known(), replace=False, check_only=False)
    assert len(both.taken) == 2


def protocol_of(**changes):
    """A function that changes the protocol of a record, with a digest that fits."""

    def change(contents):
        contents["protocol"].update(changes)
        contents["protocol_hash"] = digest(contents["protocol"])

    return change


def recipe_of(**changes):
    def change(contents):
        contents["protocol"]["recipe"].update(changes)
        contents["protocol_hash"] = digest(contents["protocol"])

    return change


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (protocol_of(name="synthetic-8", epochs=4, version="1.0", input_size=48),
         "protocol synthetic-8: found version 1.0, hash [0-9a-f]+; expected hash [0-9a-f]+, as the installed protocol"),
        (protocol_of(name="synthetic-8", version="9.0"),
         "protocol synthetic-8: found version 9.0, hash [0-9a-f]+; expected version 1.0, hash"),
        (protocol_of(name="mine.fold0"), "protocol: found name 'mine.fold0'; expected at most 100 letters"),
        (protocol_of(name="mine.tuning-01234567"), "protocol: found name 'mine.tuning-01234567'; expected at most"),
        (protocol_of(name="mine.a b"), "record.json, protocol, name: found name 'a b'; expected at most 100 letters"),
        (protocol_of(name="../mine"), "record.json, protocol, name: found name ''; expected at most 100 letters"),
        (protocol_of(name="a/b"), "record.json, protocol, name: found name 'a/b'; expected at most 100 letters"),
        (protocol_of(epochs=0), "record.json, protocol, epochs: found 0; expected a number from 1 to 100000"),
        (protocol_of(input_size="32"), "protocol, input_size: found '32'; expected a whole number"),
        (protocol_of(tta=["flip"]), r"protocol, tta: found \('flip',\); expected a list that starts with none"),
        (protocol_of(colour="red"), "protocol, colour: found an unknown field; expected one of name"),
        (recipe_of(learning_rate=-1.0), "protocol, recipe quick, learning_rate: found -1.0; expected a number above 0"),
        (recipe_of(optimizer="sgd"), "protocol, recipe quick, optimizer: found 'sgd'; expected one of adam, adamw"),
        (lambda contents: contents["protocol"].update(epochs=5), "protocol_hash: found [0-9a-f]+; expected [0-9a-f]+, the"),
        (lambda contents: contents["data"].update(name="tiny"), "data: found tiny 1.0; expected synthetic 1.0"),
    ],
)  # fmt: skip
def test_what_is_refused(sent, tmp_path, forge, change, line):
    (record,) = read_records(sent)
    forge(record.directory, change)
    with pytest.raises(BadInput) as error:
        taken(sent, tmp_path)
    assert re.search(line, str(error.value)) and not (tmp_path / "in").exists()


def test_every_mistake_in_the_protocol_of_a_record_is_a_line(sent, tmp_path, forge):
    (record,) = read_records(sent)
    forge(record.directory, protocol_of(epochs=0, channels=2, selection="best-test"))
    with pytest.raises(BadInput) as error:
        taken(sent, tmp_path)
    fields = [fault.where.rsplit(", ", 1)[1] for fault in error.value.faults]
    assert sorted(fields) == ["channels", "epochs", "selection"]


def test_prepared_faces_must_be_those_of_the_record(sent, tmp_path):
    """As for a protocol of the suite: a FaceSet of that name is here, with other bytes."""
    known = Known(fingerprint={"synthetic": "f" * 64}.get)
    with pytest.raises(BadInput, match="data fingerprint: found .*; expected f{64} as prepared"):
        import_records(sent, tmp_path / "in", known, replace=False, check_only=False)
