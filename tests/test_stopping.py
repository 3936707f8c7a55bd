"""Ctrl-C and SIGTERM wherever the interpreter is: an exception that can be caught, or one line and status 3."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.stopping import LINE, held_back

ROOT = Path(__file__).parents[1]
BEGIN = """\
import os, signal, sys
from benchmark import stopping
stopping.heed()
def receive(number=signal.SIGTERM):
    os.kill(os.getpid(), number)
"""
WHERE = {
    "in plain code": (
        """
try:
    receive()
except KeyboardInterrupt:
    sys.exit(7)
""",
        7,
        "",
    ),
    "in an import": ("import signalled", 3, f"ferbench: {LINE}\n"),
    "in a destructor": (
        """
Ending = type("Ending", (), {"__del__": lambda self: receive(signal.SIGINT)})
Ending()
""",
        3,
        f"ferbench: {LINE}\n",
    ),
    "twice": (
        """
try:
    receive(signal.SIGINT)
except KeyboardInterrupt:
    receive(signal.SIGINT)
sys.exit(9)
""",
        3,
        f"ferbench: {LINE}\n",
    ),
    "after the work": ("stopping.ending(4)\nreceive()\nsys.exit(9)", 4, ""),
    "held back": (
        """
done = []
try:
    with stopping.held_back():
        receive(signal.SIGINT)
        done.append("all of it")
except KeyboardInterrupt:
    sys.exit(len(done))
""",
        1,
        "",
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("where", WHERE)
def test_a_signal_anywhere(where, tmp_path):
    code, status, said = WHERE[where]
    (tmp_path / "signalled.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", BEGIN + code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


def test_what_was_in_place_is_in_place_again():
    received = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        with held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            assert not received
        assert received == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
