"""What the tests of AffectNet's reader share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts


@pytest.fixture(scope="session")
def faces():
    """Known faces with their pictures, which no test changes."""
    return layouts.some_faces(drawn=True)


@pytest.fixture
def raw(tmp_path):
    """A folder of raw data with an empty folder affectnet."""
    (tmp_path / "raw" / "affectnet").mkdir(parents=True)
    return tmp_path / "raw"
