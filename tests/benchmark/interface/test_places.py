"""Where the functions of the interface read and write."""

from benchmark.interface.places import places


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = places("~/project", "~/faces")
    assert (found.top, found.prepared) == (tmp_path / "project", tmp_path / "faces")
    assert (places(None, "~/faces").prepared, places("~/p").records) == (tmp_path / "faces", tmp_path / "p/reports/records")
