"""Errors of the system, named after the file that they are about."""

import errno
import io
import pickle

import pytest
import torch

from benchmark.errors import BadInput, StopRequest, SystemSaysNo, naming, system_error


class Full(io.RawIOBase):
    """A file on a disk with room for 1000 bytes."""

    room = 1000

    def writable(self):
        return True

    def write(self, part):
        self.room -= len(part)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(part)


def raised(work) -> BaseException:
    with pytest.raises(Exception) as error:
        work()
    return error.value


@pytest.mark.parametrize("wrapped", [lambda stream: stream, io.BufferedWriter])
def test_what_torch_makes_of_a_full_disk_is_the_error_of_the_system(wrapped):
    made = raised(lambda: torch.save({"a": torch.zeros(10_000)}, wrapped(Full())))
    assert type(made) is RuntimeError, "torch hands the error on by now: the detour is not needed any more"
    assert (system_error(made).errno, system_error(made).strerror) == (errno.ENOSPC, "No space left on device")


def test_other_errors_are_not_of_the_system():
    assert system_error(RuntimeError("shape mismatch")) is None
    assert system_error(ValueError()) is None
    lost = system_error(RuntimeError("unexpected pos 576 vs 534"))  # on its way from another process
    assert lost.errno == errno.EIO and "the disk may be full" in lost.strerror


def test_an_error_without_a_name_gets_one():
    def work(error):
        with naming("runs/a"):
            raise error

    assert raised(lambda: work(OSError(errno.ENOSPC, "No space"))).filename == "runs/a"
    assert raised(lambda: work(OSError(errno.EACCES, "No", "own"))).filename == "own"
    assert raised(lambda: work(OSError(errno.EROFS, "Read-only", "runs/.a.xyz.tmp"))).filename == "runs/a"
    assert raised(lambda: work(OSError(errno.EROFS, "Read-only", "runs/.b.xyz.tmp"))).filename == "runs/.b.xyz.tmp"
    assert str(raised(lambda: work(OSError("only words")))) == "only words"
    other = RuntimeError("shape mismatch")
    assert raised(lambda: work(other)) is other

    def save():
        with naming("seed0.checkpoint"):
            torch.save({"a": torch.zeros(10_000)}, Full())

    assert (raised(save).errno, raised(save).filename) == (errno.ENOSPC, "seed0.checkpoint")


@pytest.mark.parametrize("error", [BadInput("a", "b", "c"), SystemSaysNo("a", "b", "c")])
def test_an_error_survives_the_way_from_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_stop_request_is_told_even_in_the_middle_of_a_print(monkeypatch, capfd):
    def reentrant(_):
        raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stdout>'>")

    monkeypatch.setattr("benchmark.progress.say", reentrant)
    with StopRequest(None) as stop:
        stop._heed(2, None)
        assert stop()
    assert capfd.readouterr().err.startswith("ferbench: stopping after this step")
