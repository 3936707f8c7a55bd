"""A list of runs over the machines of a Ray cluster: one task a run, and the records as they finish.

Every machine needs the same checkout (or installed package) and the prepared FaceSets, each at the same path as here. A
task writes its checkpoint and record below `places.out`, as `ferbench run` does on one machine.

* `places.out` on storage that all machines share: when a machine is lost, Ray starts its runs elsewhere and they resume
  from their checkpoints, so only the steps since the last one are done again.
* not shared: the record is sent back and written here; a lost machine takes its checkpoints with it, and its runs begin
  again.

Which of the two it is each task finds out by itself, by looking for a file that was put there for that purpose. Ray is
imported here alone, by the functions that use it.
"""

import dataclasses
import importlib
import math
import os
import platform
import time
import typing
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted, StopRequest
from benchmark.files import replacing_directory
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.runs import sources
from benchmark.runs.environment import pick_device
from benchmark.runs.runner import Site, Worker
from benchmark.runs.time_budget import TimeBudget

POLL = 1.0  # seconds after which a task asks again how much time is left
HEARD = 0.5  # seconds after which the driver looks for signals
ENDING = 6.0  # seconds of a time budget kept back: all tasks save, the driver hears of them, Ray shuts down
QUEUED = 2  # tasks given to Ray beyond those that can run at once


@dataclass(frozen=True)
class Share:
    """What of a machine one run takes, and how often a run is begun again after its worker was lost.

    Attributes:
        gpus: GPUs a run, a fraction where several share one; None = 1 where the cluster has any, else 0.
        cpus: cores a run; torch gets as many threads.
        retries: of one run; errors of the run itself are not tried again.
    """

    gpus: float | None = None
    cpus: int = 1
    retries: int = 3


@dataclass(frozen=True)
class Task:
    """All that a task needs but the run."""

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
    share: Share = Share(),  # noqa: B008 (frozen)
    time_budget: float | None = None,
) -> None:
    """Train every run that has no finished record, on the cluster at `address`.

    Args:
        places: as of `benchmark.runs.runner.run_all`; its device is chosen anew where a task runs.
        device: "auto", "cpu" or "cuda", for the tasks. Ray shows each only the GPU that it may use.
        address: of a running cluster, "auto" for the one of this machine; None starts one of this machine alone.
        time_budget: as of `benchmark.runs.runner.run_all`, counted here.

    Raises:
        BadInput: Ray is missing or not reachable; no machine is large enough for `share`; a machine with another version
            of the code; what `train` raises.
        Interrupted: by signal or time budget, or runs were lost more often than `retries`; everything so far kept.
    """
    budget = TimeBudget.of(time_budget)  # connecting is part of what the caller waits for
    ray = _connected(address)
    try:
        share = dataclasses.replace(share, gpus=_gpus(ray, share))
        places = dataclasses.replace(places, prepared=places.prepared.resolve(), out=places.out.resolve())
        places.out.mkdir(parents=True, exist_ok=True)
        token = places.out / f".{uuid.uuid4().hex}.tmp"
        token.touch()
        try:
            with StopRequest(budget.deadline) as stop:
                codes = {str(run.place): sources.code_digest(run.cell.model) for run in runs}
                task = Task(places, device, share.cpus, token.name, codes)
                lost = 0
                for number, (line, intact) in enumerate(_lines(ray, runs, task, share, stop), 1):
                    progress.say(f"[{number}/{len(runs)}] {line}")
                    lost += not intact
        finally:
            token.unlink()
    finally:
        ray.shutdown()
    if lost:
        raise Interrupted(f"{lost} runs lost, each after {share.retries} retries; the next call resumes them")


def _connected(address: str | None) -> ModuleType:
    """The package Ray, connected; workers get this project's path first."""
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
    """GPUs a run; BadInput where no machine has what a run needs (Ray would wait for ever)."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = max((machine.get("GPU", 0.0) for machine in machines), default=0.0)
    gpus = share.gpus if share.gpus is not None else min(1.0, most)
    if not any(machine.get("GPU", 0.0) >= gpus and machine.get("CPU", 0.0) >= share.cpus for machine in machines):
        found = "; ".join(f"{machine.get('CPU', 0):g} cores and {machine.get('GPU', 0):g} GPUs" for machine in machines)
        raise BadInput("Ray cluster", found, f"a machine with {share.cpus} cores and {gpus:g} GPUs for a run")
    return gpus


def _slots(ray: ModuleType, share: Share) -> int:
    """Runs that the cluster as it is now can do at once."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    fit = [machine.get("CPU", 0.0) // share.cpus for machine in machines]
    if share.gpus:
        fit = [min(n, machine.get("GPU", 0.0) // share.gpus) for n, machine in zip(fit, machines, strict=True)]
    return int(sum(fit))


def _lines(ray: ModuleType, runs: Sequence[Run], task: Task, share: Share, stop: StopRequest) -> Iterator[tuple[str, bool]]:
    """A line of every run as it ends and whether it ended as it should; on a stop or an error the others save first."""
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    watch = ray.remote(num_cpus=0, scheduling_strategy=here)(Watch).remote(
        math.inf if stop.deadline is None else stop.deadline
    )
    # Ray ends the process of a task with a GPU, so that the next one finds its own GPU; without, it is used again.
    remote = ray.remote(num_cpus=share.cpus, num_gpus=share.gpus, max_retries=share.retries, retry_exceptions=False)(_work)
    left = deque(runs)
    waiting: dict[object, Run] = {}  # Ray's promise of a line -> its run
    first: Exception | None = None
    halted = False
    while waiting or (left and not halted):
        # Few wait in Ray's queue, so that after a stop few are begun for nothing.
        while left and not halted and len(waiting) < _slots(ray, share) + QUEUED:
            run = left.popleft()
            waiting[remote.remote(run, task, watch)] = run
        done, _ = ray.wait(list(waiting), timeout=HEARD)
        for reference in done:
            run = waiting.pop(reference)
            try:
                line, files = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                # The run's own error: what comes after it is saved, as on one machine.
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
    """Write a record that was sent, and check it by reading it back."""
    with replacing_directory(directory) as temporary:
        for name, data in files.items():
            (temporary / name).write_bytes(data)
    record = read_record(directory)
    if not record.diverged:
        record.predictions  # noqa: B018 (compares the digest)


class Watch:
    """An actor beside the driver: how many seconds the tasks have left, which is none after a signal."""

    def __init__(self, deadline: float):
        self.end = deadline  # by the clock of the driver's machine, on which this runs too

    def left(self) -> float:
        """Seconds."""
        return self.end - time.time()

    def halt(self) -> None:
        """No time is left from now on."""
        self.end = -math.inf


class RemoteMethod(typing.Protocol):
    """A method of an actor as Ray shows it."""

    def remote(self) -> object:
        """Ask; what comes back is a promise of the answer."""


class RemoteWatch(typing.Protocol):
    """A `Watch` seen from another process."""

    left: RemoteMethod
    halt: RemoteMethod


class Left:
    """Seconds that a task has left, asked of the actor once a second; none once it can not be asked (its driver is gone)."""

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


_worker: tuple[str, Worker] | None = None  # of one call, known by its task's token


def _work(run: Run, task: Task, watch: RemoteWatch) -> tuple[str, dict[str, bytes] | None]:
    """In a worker of the cluster: train a run. Its line, and the record's files where the driver can not see them."""
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
