"""YAML that is read by hand: what it means, and what is refused in one line. PyYAML's own loader is the reference for the
meaning of every file of the suite."""

import random
import subprocess
from pathlib import Path

import pytest
import yaml

from benchmark import strict_yaml
from benchmark.errors import BadInput
from benchmark.files import read_yaml

ROOT = Path(__file__).parents[1]
MANY = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 8)}]\n" for k in range(1, 7)
)
REFUSED = {
    "a: 1\nb: 2\na: 3\n": "line 3: found the key 'a' again, after line 1; expected each key once",
    "a:\n  b: {c: 1, d: 2, c: 1}\n": "line 2: found the key 'c' again, after line 2; expected each key once",
    'a: 1\n"a": 1\n': "line 2: found the key 'a' again, after line 1",
    "x:\n  16: a\n  0x10: b\n": "line 3: found the key '0x10' again, after line 2",
    "base: &b {x: 1}\nc:\n  <<: *b\n  <<: *b\n": "line 4: found the key '<<' again, after line 3",
    "x: &a [*a]\n": "found an anchor inside itself",
    MANY: "found more than 100000 values; expected fewer; anchors repeat what they name",
    "a: " + "[" * 1000: "found thousands of brackets or levels; expected fewer",
    "a: 0x" + "f" * 257: "found a number of 1028 bits; expected at most 1024",
    "d: 2024-13-45\n": "found month must be in 1..12; expected valid YAML",
    "a: !!int x\n": "expected valid YAML",
    "a: !!bool x\n": "expected valid YAML",
    "a: !!timestamp x\n": "expected valid YAML",
    "a: !!python/name:os.system x\n": "line 1, column 4: found could not determine a constructor",
    "a: 1\nb: 010\n": "line 2: found 010, which YAML reads as 8; expected a number without a leading 0 or colons, or quotes",
    "a: [1, -0_17]\n": "line 1: found -0_17, which YAML reads as -15",
    "a: 1:30.5\n": "line 1: found 1:30.5, which YAML reads as 90.5",
    "a: 1:30\n": "line 1: found 1:30, which YAML reads as 90",
    "? [a]\n: 1\n": "line 1, column 3: found while constructing a mapping, unhashable key",
    "a: *q\n": "line 1, column 4: found undefined alias 'q'; expected valid YAML",
    "a: &x 1\nb: &x 2\n": "line 2, column 4: found duplicate anchor 'x'",
    "a: b: c\n": "line 1, column 5: found mapping values are not allowed here; expected valid YAML",
    "a: \x00\n": "expected valid YAML",
    "--- {a: 1}\n--- {a: 1}\n": "line 2, column 1: found expected a single document in the stream",
    "- 1\n": "found list; expected a mapping",
    "": "found nothing; expected a mapping",
    "1: 2\n": "key: found 1; expected a text",
}


@pytest.mark.parametrize("text", REFUSED, ids=[repr(text)[:30] for text in REFUSED])
def test_what_is_refused(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_yaml(tmp_path / "mine.yaml")
    assert str(error.value).startswith(f"{tmp_path / 'mine.yaml'}") and REFUSED[text] in str(error.value)
    assert str(error.value).isprintable()


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "mine.yaml").write_bytes("a: \xe4".encode("latin-1"))
    with pytest.raises(BadInput, match=r"mine.yaml: found bytes that are not UTF-8 .*byte 3\); expected text in UTF-8"):
        read_yaml(tmp_path / "mine.yaml")


def test_anchors_and_merging_mean_what_they_mean_elsewhere(tmp_path):
    text = "base: &b {x: 1, y: 2}\nc: {<<: *b, x: 3}\nd: {<<: [*b, {z: 4}]}\ne: *b\n"
    (tmp_path / "mine.yaml").write_text(text)
    assert read_yaml(tmp_path / "mine.yaml") == {
        "base": {"x": 1, "y": 2},
        "c": {"x": 3, "y": 2},
        "d": {"x": 1, "y": 2, "z": 4},
        "e": {"x": 1, "y": 2},
    }


def test_every_file_of_the_suite_means_the_same_as_to_pyyaml():
    listed = subprocess.run(["git", "ls-files", "*.yaml"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / name for name in listed.stdout.split()] or sorted((ROOT / "benchmark").rglob("*.yaml"))
    files = [path for path in files if path.name != ".pre-commit-config.yaml" and path.stat().st_size < 1 << 13]
    assert len(files) > 20
    for path in files:
        assert read_yaml(path) == yaml.safe_load(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: {01: NO, 1: 1.10}\nb: {NO: 01}", {"a": {"01": "NO", "1": "1.10"}, "b": {False: 1}}),
        ("a: [on, null, 2024-01-02, 0x10, '1', ~]", {"a": ["on", "null", "2024-01-02", "0x10", "1", "~"]}),
        ("a: [[NO], {x: yes}]\nb: yes", {"a": [["NO"], {"x": "yes"}], "b": True}),
        ("a: yes\nb: {a: {1: no}}", {"a": True, "b": {"a": {1: False}}}),
        ("a:\nb: 1", {"a": None, "b": 1}),
        ("b: 1\na: {<<: 1}", {"b": 1, "a": {"<<": "1"}}),
    ],
)
def test_text_below_a_key(tmp_path, text, expected):
    (tmp_path / "x.yaml").write_text(text)
    found = read_yaml(tmp_path / "x.yaml", as_written=("a",))
    assert found == expected and repr(found) == repr(expected)


def test_numbers_that_mean_what_they_say(tmp_path):
    (tmp_path / "mine.yaml").write_text("a: [0, 00, 0_0, 0.5, 01, 10, 0x10, '010', 1_000, -7, 08, 0o10]\n")
    assert read_yaml(tmp_path / "mine.yaml") == {"a": [0, 0, 0, 0.5, 1, 10, 16, "010", 1000, -7, "08", "0o10"]}


PARTS = (
    "a", "b: ", "- ", "\n", "  ", " ", "[", "]", "{", "}", ",", ": ", ":", "? ", "?", '"', "'", "|", ">", "|-", ">+", "#",
    " #", "&a ", "*a", "!!str ", "!x ", "%", "---\n", "...\n", "<<: ", "\u00e9", "\r", "\t", "\x85", "\u2028", "\ufeff", "@",
    "`", "\\", "010", "1:30", "1e3", "~", "\n\n", "|2", '"\\x41"', "\U0001f600", "\x00",
)  # fmt: skip


def read(text: str) -> object:
    try:
        return repr(strict_yaml._parsed.__wrapped__(text, frozenset({"a"})))
    except BadInput as error:
        return str(error)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML without its part in C")
def test_the_scanner_in_c_reads_what_the_other_one_reads(monkeypatch):
    """Files of the project, pieces of them, and signs of YAML put together at random: the same values, the same errors."""
    rng, quick = random.Random(5), 0
    files = [path.read_text() for path in (ROOT / "benchmark").rglob("*.yaml") if path.stat().st_size < 20_000]
    texts = list(files)
    for _ in range(1500):
        texts.append("".join(rng.choices(PARTS, k=rng.randint(1, 14))))
        text = rng.choice(files)
        at = rng.randrange(len(text))
        text = text[max(0, at - 200) : at + 200]
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(PARTS) + text[at + rng.randint(0, 3) :]
        texts.append(text)
    with monkeypatch.context() as patched:
        patched.setattr(strict_yaml.yaml, "__with_libyaml__", False)
        expected = [read(text) for text in texts]
    original = strict_yaml._composed

    def composed(loader, as_written):
        nonlocal quick
        value = original(loader, as_written)
        quick += isinstance(loader, strict_yaml._Quick)
        return value

    monkeypatch.setattr(strict_yaml, "_composed", composed)
    assert [read(text) for text in texts] == expected
    assert len(files) < quick < len(texts), "both were at work"
