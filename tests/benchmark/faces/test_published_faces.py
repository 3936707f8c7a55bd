"""The published digests, against FaceSets prepared from real data, where there is some."""

import pytest

from benchmark.faces.fingerprints import is_other
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.prepared import entry_of
from benchmark.records.published import published


def check(faces):
    """Every protocol on these faces has an entry, and it is theirs."""
    name = faces.meta["name"]
    if is_other(name, faces.meta["version"], faces.fingerprint):
        pytest.skip(f"the {name} in FER_DATA is none of the known editions")
    own = [protocol for each in protocol_names() if (protocol := load_protocol(each)).data == name]
    assert len(own) >= 2
    for protocol in own:
        assert entry_of(protocol, faces) == published(protocol, faces.fingerprint), protocol.name


@pytest.mark.slow
def test_fer2013(fer2013_faces):
    check(fer2013_faces)


@pytest.mark.slow
def test_ferplus(ferplus_faces):
    check(ferplus_faces)


def test_diffusionfer(diffusionfer_faces):
    check(diffusionfer_faces)
