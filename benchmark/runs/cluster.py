"""Train a list of runs on the machines of a Ray cluster: one Ray task per run.

Every machine needs the same checkout (or installed package) and the prepared FaceSets, at the same paths as on the machine
that starts the runs (the driver). A task writes its checkpoint and record below `places.out`, as `ferbench run` does.

* If `places.out` is on storage that all machines share: when a machine is lost, Ray starts its runs on another one. They
  resume from their checkpoints, so only the steps since the last checkpoint are repeated.
* If it is not shared: each record is sent to the driver and written there. The checkpoints of a lost machine are lost too,
  and its runs start again.

Each task finds out by itself whether the storage is shared: it looks for a file that the driver has put there. Ray is
imported in this module only, inside the functions that use it.
"""

import dataclasses
import importlib
import math
import os
import platform
import time
import typing
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted, StopRequest
from benchmark.files import replacing_directory
from benchmark.leftovers import clear, clear_below, temporary
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.runs import sources
from benchmark.runs.data_check import check_data
from benchmark.runs.environment import pick_device
from benchmark.runs.runner import Site, Worker
from benchmark.runs.space import check_space
from benchmark.runs.time_budget import TimeBudget

POLL = 1.0  # seconds between two questions of a task about the time left
HEARD = 0.5  # seconds between two checks of the driver for signals
ENDING = 6.0  # seconds of a time budget reserved for the end: tasks save checkpoints and report, Ray shuts down
SHARED = "ray"  # the file by which a task sees that it shares the storage is a temporary for this name
QUEUED = 2  # tasks submitted to Ray beyond those that can run at once


@dataclass(frozen=True)
class Share:
    """The resources of one run, and how often a run is started again after its worker process was lost.

    Attributes:
        gpus: GPUs per run; a fraction if several runs share a GPU. None: 1 if the cluster has any GPU, else 0.
        cpus: cores per run; torch uses as many threads.
        retries: restarts per run. A run that raised an error itself is not retried.
    """

    gpus: float | None = None
    cpus: int = 1
    retries: int = 3


@dataclass(frozen=True)
class Task:
    """What a task needs besides its run.

    Attributes:
        places: where runs read and write.
        device: "auto", "cpu" or "cuda".
        threads: for torch.
        token: name of the file in `places.out` that shows whether the storage is shared; it also identifies this call.
        codes: `str(run.place)` -> code digest on the driver.
    """

    places: Site
    device: str
    threads: int
    token: str
    codes: Mapping[str, str]


def run_on_ray(
    runs: Sequence[Run],
    places: Site,
    device: str,
    *,
    address: str | None = None,
    share: Share = Share(),
    time_budget: float | None = None,
) -> None:
    """Train every run that has no finished record, on the cluster at `address`.

    Args:
        places: as in `benchmark.runs.runner.run_all`; each task chooses its device on its own machine.
        device: "auto", "cpu" or "cuda", for the tasks. Ray shows each task only the GPU that it may use.
        address: of a running cluster; "auto": the one running on this machine; None: start one on this machine alone.
        time_budget: as in `benchmark.runs.runner.run_all`, counted from the start of this call.

    Raises:
        BadInput: Ray is not installed or not reachable; no machine is large enough for `share`; a machine has another
            version of the code; what `train` raises.
        Interrupted: by signal or time budget, or runs were lost more often than `retries`. Everything finished is kept.
    """
    budget = TimeBudget.of(time_budget)  # before connecting, which counts as time too
    ray = _connected(address)
    try:
        share = dataclasses.replace(share, gpus=_gpus(ray, share))
        places = dataclasses.replace(places, prepared=places.prepared.resolve(), out=places.out.resolve())
        check_data(runs, places.prepared, places.out)
        check_space(runs, places.prepared, places.out, jobs=1)
        places.out.mkdir(parents=True, exist_ok=True)
        clear(places.out / SHARED)
        clear_below(*sorted({(places.out / run.place).parent for run in runs}))
        with temporary(places.out / SHARED, folder=False) as token, StopRequest(budget.deadline) as stop:
            codes = {str(run.place): sources.code_digest(run.cell.model) for run in runs}
            task = Task(places, device, share.cpus, token.name, codes)
            lost = 0
            for number, (line, intact) in enumerate(_lines(ray, runs, task, share, stop), 1):
                progress.say(f"[{number}/{len(runs)}] {line}")
                lost += not intact
    finally:
        ray.shutdown()
    if lost:
        raise Interrupted(f"{lost} runs lost, each after {share.retries} retries; the next call resumes them")


def _connected(address: str | None) -> ModuleType:
    """The package ray, connected to the cluster. This project's path comes first in PYTHONPATH of the workers."""
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise BadInput("--engine ray", "no package ray", "it installed: pip install 'ferbench[cluster]'") from error
    path = os.pathsep.join(filter(None, [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]))
    try:
        ray.init(address=address or "local", runtime_env={"env_vars": {"PYTHONPATH": path}}, include_dashboard=False)
    except ConnectionError as error:
        raise BadInput("--address", address, "the address of a running Ray cluster") from error
    return ray


def _gpus(ray: ModuleType, share: Share) -> float:
    """GPUs per run. BadInput if no machine has the resources of a run (Ray would wait for ever)."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = max((machine.get("GPU", 0.0) for machine in machines), default=0.0)
    gpus = share.gpus if share.gpus is not None else min(1.0, most)
    if not any(machine.get("GPU", 0.0) >= gpus and machine.get("CPU", 0.0) >= share.cpus for machine in machines):
        found = "; ".join(f"{machine.get('CPU', 0):g} cores and {machine.get('GPU', 0):g} GPUs" for machine in machines)
        raise BadInput("Ray cluster", found, f"a machine with {share.cpus} cores and {gpus:g} GPUs for a run")
    return gpus


def _slots(ray: ModuleType, share: Share) -> int:
    """How many runs the cluster, with its present machines, can train at once."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    fit = [machine.get("CPU", 0.0) // share.cpus for machine in machines]
    if share.gpus:
        fit = [min(n, machine.get("GPU", 0.0) // share.gpus) for n, machine in zip(fit, machines, strict=True)]
    return int(sum(fit))


def _lines(ray: ModuleType, runs: Sequence[Run], task: Task, share: Share, stop: StopRequest) -> Iterator[tuple[str, bool]]:
    """For each run that ends: (a line about it, whether it ended and was not lost).

    After a stop request or an error, the runs in progress save their checkpoints first; then Interrupted or the error is
    raised.
    """
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    watch = ray.remote(num_cpus=0, scheduling_strategy=here)(Watch).remote(
        math.inf if stop.deadline is None else stop.deadline
    )
    # Ray ends a worker process after a task that used a GPU, so that the next task sees its own GPU. Without a GPU the
    # process is used again.
    remote = ray.remote(num_cpus=share.cpus, num_gpus=share.gpus, max_retries=share.retries, retry_exceptions=False)(_work)
    left = deque(runs)
    waiting: dict[object, Run] = {}  # Ray's reference to a future line -> its run
    first: Exception | None = None
    halted = False
    while waiting or (left and not halted):
        # Only a few tasks wait in Ray's queue: after a stop request, those are still started, only to end at once.
        while left and not halted and len(waiting) < _slots(ray, share) + QUEUED:
            run = left.popleft()
            waiting[remote.remote(run, task, watch)] = run
        done, _ = ray.wait(list(waiting), timeout=HEARD)
        for reference in done:
            run = waiting.pop(reference)
            try:
                line, files = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                # An error of the run itself: the other runs in progress are saved first, as on one machine.
                first = first or (error.cause if isinstance(error.cause, BadInput | Interrupted) else error)
            except ray.exceptions.RayError as error:
                yield f"{run}: lost ({type(error).__name__})", False
            else:
                if files is not None:
                    _keep(files, task.places.out / run.place)
                yield line, True
        if (first is not None or stop()) and not halted:
            halted = True
            ray.get(watch.halt.remote())
    if first is not None:
        raise first
    if left:
        raise Interrupted(f"stopped before {left[0]}; the next call resumes there")


def _keep(files: Mapping[str, bytes], directory: Path) -> None:
    """Write a record that another machine sent, and check it by reading it back."""
    with replacing_directory(directory) as temporary:
        for name, data in files.items():
            (temporary / name).write_bytes(data)
    record = read_record(directory)
    if not record.diverged:
        record.predictions  # noqa: B018 (compares the digest)


class Watch:
    """A Ray actor on the driver's machine. It tells the tasks how many seconds they have left: none after a stop request."""

    def __init__(self, deadline: float):
        self.end = deadline  # time.monotonic() of the driver's machine, where this actor runs: it reads the same clock

    def left(self) -> float:
        """Seconds left."""
        return self.end - time.monotonic()

    def halt(self) -> None:
        """From now on no time is left."""
        self.end = -math.inf


class RemoteMethod(typing.Protocol):
    """A method of an actor, as Ray offers it to other processes."""

    def remote(self) -> object:
        """Call the method. The result is a reference to the future answer."""


class RemoteWatch(typing.Protocol):
    """A `Watch` seen from another process."""

    left: RemoteMethod
    halt: RemoteMethod


class Left:
    """Seconds that a task has left. It asks the `Watch` actor once a second. If the actor does not answer, because the
    driver is gone, no time is left."""

    def __init__(self, watch: RemoteWatch) -> None:
        self.watch, self.asked, self.answer = watch, -math.inf, math.inf

    def __call__(self) -> float:
        import ray

        now = time.monotonic()
        if now - self.asked > POLL:
            try:
                self.answer = ray.get(self.watch.left.remote())
            except ray.exceptions.RayError:
                self.answer = -math.inf
            self.asked = now = time.monotonic()
        return self.answer - (now - self.asked)


_worker: tuple[str, Worker] | None = None  # the worker of the current task, with the task's token


def _work(run: Run, task: Task, watch: RemoteWatch) -> tuple[str, dict[str, bytes] | None]:
    """In a worker of the cluster: train a run.

    Returns:
        (a line about the run, the files of its record: name -> bytes; None if the driver shares the storage).
    """
    global _worker
    machine = platform.node()
    if (found := sources.code_digest(run.cell.model)) != (wanted := task.codes[str(run.place)]):
        raise BadInput(f"code on {machine}", found, f"{wanted}, as where the runs were started; use one checkout")
    if _worker is None or _worker[0] != task.token:
        torch.set_num_threads(task.threads)
        left = Left(watch)
        places = dataclasses.replace(task.places, device=pick_device(task.device))
        _worker = (
            task.token,
            Worker(places, lambda: left() <= 0, remaining=lambda: left() - ENDING),
        )
    line = f"{_worker[1](run)} on {machine}"
    if (task.places.out / task.token).exists():
        return line, None
    directory = task.places.out / run.place
    return line, {path.name: path.read_bytes() for path in sorted(directory.iterdir())}
