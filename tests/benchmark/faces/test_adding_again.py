"""A data set that is added a second time in another form: the message says what is to be removed, and that is enough."""

import pytest

from benchmark.errors import BadInput
from benchmark.faces.adding import add
from benchmark.faces.survey import Survey


class AnyForm:
    """A reader that takes every file and folder."""

    TAKES_FOLDERS = True

    @staticmethod
    def check(path):
        return Survey(edition="any", counts={})


@pytest.fixture
def forms(tmp_path, monkeypatch):
    """Two files and a folder in which a data set can be added."""
    monkeypatch.setattr("benchmark.faces.adding.reader", lambda name: AnyForm)
    (tmp_path / "FERPlus").mkdir()
    for name in ("fer2013new.csv", "FERPlus.zip", "FERPlus/fer2013new.csv"):
        (tmp_path / name).write_text(name)
    return {"csv": tmp_path / "fer2013new.csv", "zip": tmp_path / "FERPlus.zip", "folder": tmp_path / "FERPlus"}


@pytest.mark.parametrize("first, kept", [("csv", "fer2013new.csv"), ("zip", "FERPlus.zip"), ("folder", "source.yaml")])
@pytest.mark.parametrize("second", ["csv", "zip", "folder"])
def test_another_form_of_a_data_set(forms, tmp_path, first, kept, second):
    root = tmp_path / "project"
    raw = root / "data" / "raw" / "ferplus"
    assert add("ferplus", forms[first], root=root, dvc=False) == raw / kept
    if first == second:
        assert add("ferplus", forms[second], root=root, dvc=False) == raw / kept
        return
    with pytest.raises(BadInput) as error:
        add("ferplus", forms[second], root=root, dvc=False)
    assert str(error.value).endswith(f"; to read {forms[second]} in its place, remove {raw / kept} first")
    (raw / kept).unlink()
    add("ferplus", forms[second], root=root, dvc=False)
