"""Where the functions of the interface read and write."""

import pytest

from benchmark.errors import BadInput
from benchmark.interface.places import places


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = places("~/project", "~/faces")
    assert (found.top, found.prepared) == (tmp_path / "project", tmp_path / "faces")
    assert (places(None, "~/faces").prepared, places("~/p").records) == (tmp_path / "faces", tmp_path / "p/reports/records")


@pytest.mark.parametrize("name", ["project", "prepared"])
def test_what_is_no_path_is_named(name):
    with pytest.raises(BadInput, match=f"^{name}: found an object of int; expected the path of a folder$"):
        places(**{name: 3})
