"""Digest of what decides a run: blind to what changes no number, equal on every Python, and never blind to code."""

import hashlib
import shutil
import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint

import pytest

from benchmark.errors import BadInput
from benchmark.runs import sources
from benchmark.runs.sources import (
    PACKAGE,
    built_on,
    canonical,
    code_digest,
    digest,
    package_digest,
    package_of,
    package_sources,
    place_of,
)

CODE = '''
"""What the module is for."""

from benchmark.errors import BadInput
from benchmark.hall import FaceSet, open_faceset as opened
import numpy as np


class Net:
    """A network."""

    width: int = 8

    def forward(self, x):
        """What it does."""
        return np.sqrt(x) * 2  # never negative


def name(seed):
    "Its name."
    return f"run {seed:>{width}}" + "."
'''

# Every pair is one piece of code and the same with another face.
SAME = {
    "comment": ("# never negative", "# at least 0"),
    "docstring of a function": ("What it does.", "What it really does."),
    "docstring of a class": ('    """A network."""\n', ""),
    "docstring of the module": ('"""What the module is for."""\n', ""),
    "layout": ("np.sqrt(x) * 2", "(\n            np.sqrt(x)\n            * 2\n        )"),
    "quotes": ('+ "."', "+ '.'"),
    "from where": ("from benchmark.hall import", "from benchmark.room.hall import"),
    "relative": ("from benchmark.errors import", "from .errors import"),
    "order of imports": (
        "from benchmark.errors import BadInput\nfrom benchmark.hall import FaceSet, open_faceset as opened\n",
        "from benchmark.hall import open_faceset as opened, FaceSet\nfrom benchmark.errors import BadInput\n",
    ),
    "imports apart": (
        "import FaceSet, open_faceset as opened",
        "import FaceSet\nfrom benchmark.hall import open_faceset as opened",
    ),
}
OTHER = {
    "a number": ("* 2", "* 3"),
    "its type": ("* 2", "* 2.0"),
    "an operator": ("* 2", "/ 2"),
    "a text": ('+ "."', '+ ","'),
    "a text that is no docstring": ('return f"run', '"Its name."\n    return f"run'),
    "the format": (":>{width}", ":<{width}"),
    "a name": ("def name(seed)", "def title(seed)"),
    "what is imported": ("import FaceSet,", "import FaceList,"),
    "under which name": ("as opened", "as opening"),
    "another library": ("import numpy as np", "import cupy as np"),
    "a default": ("def name(seed)", "def name(seed=0)"),
    "a decorator": ("def name(seed)", "@cached\ndef name(seed)"),
    "the order of statements": ("    width: int = 8\n\n", ""),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_changes_no_number_is_left_out(change):
    old, new = change
    assert CODE.count(old) == 1
    assert canonical(CODE.replace(old, new)) == canonical(CODE)


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_what_may_change_a_number_is_seen(change):
    old, new = change
    assert CODE.count(old) == 1
    assert canonical(CODE.replace(old, new)) != canonical(CODE)


def test_a_text_alone_is_a_docstring_only_where_python_says_so():
    loop = "for i in x:\n    'a'\n    f()"
    assert canonical(loop) != canonical(loop.replace("'a'", "'b'"))
    assert canonical("def f():\n    b'a'") != canonical("def f():\n    b'b'")
    assert canonical("x = 1\n'a'") != canonical("x = 1\n'b'")


SYNTAX = r'''
import a.b as c, d
from . import e
async def f(*args: int, k=None, **kw) -> "T": ...
x = f"{a!r:>{w}.{p}}{{}}" "tail" f"{b=}" f"" "" f'{c["k"]:}'
u = u"a", """
  b"""
y = f(b"\xff", "é\N{SNOWMAN}\x00\U0001fae8" "" if False else (b"\xff" b"", 1e400, -0.0, 1_000j, 10**30, ...))
match z:
    case {"a": 1, **rest} | [1, *_] if x: pass
    case None: pass
try: g()
except* (A, B) as error: raise X from error
finally: del z
with (open(p) as q, r): lambda *, s=1: (yield)
print(*[i for i in j if i], **{**k}, sep="")
t: list[int]
type_ = [0, None, True][1:2:3, ...]
@dec
class C(D, metaclass=E): "doc"
'''


def test_the_same_on_every_python():
    """CPython 3.11, 3.12, 3.13, 3.14 and 3.15.0rc1 gave this when the rule was made."""
    assert hashlib.sha256(canonical(SYNTAX).encode()).hexdigest()[:16] == "2506430bd8621bc1"


@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_the_same_on_the_pythons_at_hand(python):
    if shutil.which(python) is None or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no {python} on this machine")
    script = "import sys, pathlib; from benchmark.runs.sources import digest; print(digest(map(pathlib.Path, sys.argv[1:])))"
    paths = sorted(PACKAGE.rglob("*.py"))
    command = [python, "-B", "-c", script, *map(str, paths)]
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(paths)


def test_a_file_that_moves_or_is_renamed_changes_nothing(tmp_path):
    first, second = tmp_path / "a.py", tmp_path / "room" / "b.py"
    second.parent.mkdir()
    first.write_text("x = 1\n")
    second.write_text("y = 2\n")
    before = digest([first, second])
    first.rename(second.with_name("c.py"))
    assert digest([second, second.with_name("c.py")]) == before
    second.write_text("y = 3\n")
    assert digest([second, second.with_name("c.py")]) != before


def test_what_is_no_python_counts_by_its_bytes(tmp_path, monkeypatch):
    c, broken = tmp_path / "kernel.c", tmp_path / "template.py"
    for path, one, other in ((c, "int x; // a", "int x; // b"), (broken, "{{ name }} = # a", "{{ name }} = # b")):
        path.write_text(one)
        before = digest([path])
        path.write_text(other)
        assert digest([path]) != before
    broken.write_text("x = 1  # a")
    before, apart = digest([broken]), digest([c], [broken])
    monkeypatch.setattr(sources, "LARGE", 5)
    assert digest([broken]) != before and digest([c], [broken]) != apart  # a library: by its bytes


def test_docstring_and_selection_metric_of_this_suite(monkeypatch, tmp_path):
    """Wrong in both directions before: a word in a docstring made every run stale, a turned-round metric none."""
    before = code_digest("residual")

    def changed(module, old, new):
        path, copy = PACKAGE / module, tmp_path / "copy.py"
        source = path.read_text(encoding="utf-8")
        assert source.count(old) == 1
        copy.write_text(source.replace(old, new), encoding="utf-8")
        paths = [copy if each == path else each for each in sources.training_sources()]
        assert copy in paths
        monkeypatch.setattr(sources, "training_sources", lambda: paths)
        found = code_digest("residual")
        monkeypatch.undo()
        return found

    assert changed("runs/training/trainer.py", "the steps and epochs that change it", "what changes it") == before
    assert (
        changed("records/selection_metric.py", "scores.argmax(axis=1) == labels", "scores.argmin(axis=1) == labels")
        != before
    )
    assert changed("runs/training/optimizer.py", "0.5 * (1 + math.cos", "0.4 * (1 + math.cos") != before


def test_every_form_of_model_has_its_sources(tmp_path, monkeypatch):
    root = PACKAGE.parent
    networks = {path.name for path in package_sources(package_of("residual"))}
    assert networks >= {"network.py", "shortcuts.py", "kernels.c", "winograd.c"} and "cells.yaml" not in networks
    assert all(path.parent == root / "baselines" for path in package_sources(package_of("vgg13")))
    assert [path.name for path in package_sources(package_of("timm:resnet18"))] == ["timm_models.py"]
    assert {place_of(name) for name in ("ablations", "benchmark.measures.speed.plain")} == {
        "ablations",
        "benchmark/measures/speed/plain.py",
    }
    assert (root / place_of("timm")).is_file() and package_sources("no_such_package") == []
    with pytest.raises(BadInput, match="nothing"):
        code_digest("nothing")


def test_a_digest_takes_little_time_to_import():
    """The trainer and the cluster ask for it on bare machines: the standard library and the registry are all it needs."""
    script = textwrap.dedent("""
        import sys
        for name in ("torch", "numpy", "yaml"):
            sys.modules[name] = None
        from benchmark.runs.sources import digest, training_sources
        print(digest(training_sources()))
    """)
    done = subprocess.run([sys.executable, "-c", script], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == digest(sources.training_sources()), done.stderr


NET = "def net(num_outputs, in_channels, input_size):\n    return {}\n"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Two packages outside the checkout, `upper` built on `lower`, both of them registered."""
    for name, contents in (
        ("lower", NET.format(1)),
        ("upper", f"def made():\n    from lower.net import net\n    return net\n{NET.format(2)}"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "net.py").write_text(contents)
    registered = {name: EntryPoint(name, f"{name}.net:net", "ferbench.models") for name in ("lower", "upper")}
    monkeypatch.setattr(sources, "models", lambda: registered)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_package_changes_with_the_one_that_it_builds_on(site):
    lower, upper = package_digest("lower"), package_digest("upper")
    assert built_on("upper") == ["lower"] and built_on("lower") == []
    (site / "upper" / "net.py").write_text(NET.format(3))  # alone now
    assert package_digest("lower") == lower and package_digest("upper") != upper and built_on("upper") == []
    (site / "upper" / "net.py").write_text(f"import lower.net\n{NET.format(3)}")
    upper = package_digest("upper")
    (site / "lower" / "net.py").write_text(NET.format(4))
    assert package_digest("lower") != lower and package_digest("upper") != upper


def test_a_package_outside_the_checkout_has_a_place_there(site):
    assert place_of("upper") == (site / "upper").as_posix()
    assert place_of("no_such_package") == "no_such_package"


@pytest.mark.parametrize("name", ["../x", "a.b", ".x", ""])
def test_a_name_of_no_package_has_no_sources(name):
    assert package_sources(name) == []


def test_the_comparator_changes_with_the_network_under_study():
    """identity-50 is a baseline that is built of the study's own units."""
    assert built_on(package_of("identity-50")) == [package_of("residual")] and built_on(package_of("residual")) == []
