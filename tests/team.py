"""A project of two people: this checkout with a FER2013 of a few rows, in a bare repository that each of them clones."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.facsimiles import fer2013

ROOT = Path(__file__).parents[1]
SCALE = 0.003  # of the rows of FER2013


def environment(home: Path) -> dict[str, str]:
    """Of commands that see only this project: a home of their own, the interpreter of the tests first on the path."""
    own = {
        "HOME": str(home), "PATH": f"{home / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "site"), "DVC_GLOBAL_CONFIG_DIR": str(home / "global"),
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own


def make(top: Path) -> Path:
    """The bare repository ``top/ferbench.git``; ``top/home/Downloads/fer2013.csv`` is the file that fits it, and the command
    ``ferbench`` on the path runs the clone it is called in. Skips where this checkout is none of git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout to copy")
    seed = top / "seed"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (seed / name).parent.mkdir(parents=True, exist_ok=True)
            (seed / name).write_bytes((ROOT / name).read_bytes())
            (seed / name).chmod((ROOT / name).stat().st_mode)
    _shrink(seed, top / "home")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "The suite"]):
        subprocess.run(["git", *command], cwd=seed, env=environment(top / "home"), check=True)
    subprocess.run(["git", "clone", "-q", "--bare", seed, top / "ferbench.git"], check=True)
    return top / "ferbench.git"


def _shrink(seed: Path, home: Path) -> None:
    (home / "bin").mkdir(parents=True)
    ferbench = home / "bin" / "ferbench"
    ferbench.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m benchmark "$@"\n')
    ferbench.chmod(0o755)
    rows = fer2013.write(home / "Downloads", scale=SCALE).rows
    counts = {part: tuple(sum(r.part == part and r.code == c for r in rows) for c in range(7)) for part in fer2013.COUNTS}
    module = seed / "benchmark/faces/reading/fer2013_csv.py"
    text, times = re.subn(r"^COUNTS = \{.*?^\}", f"COUNTS = {counts}", module.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert times == 1
    module.write_text(text)
    pipeline = yaml.safe_load((seed / "dvc.yaml").read_text())
    del pipeline["stages"]["complexity"]  # minutes
    shutil.rmtree(seed / "reports/records")  # of which the report would make all its tables again
    (seed / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))


class Shell:
    """Runs commands as a user types them, and keeps what was typed and said in `transcript`."""

    def __init__(self, top: Path):
        self.top, self.transcript, self.environment = top, "", environment(top / "home")

    def __call__(self, commands: str, cwd: str, *, fails: bool = False) -> str:
        """What `commands` print, run in the folder `cwd` of the project; they must fail or must not."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=self.top / cwd, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.transcript += f"[{cwd}] $ {commands.rstrip()}\n{done.stdout}\n"
        assert (done.returncode != 0) == fails, self.transcript[-6000:]
        return done.stdout


_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Bucket:
    """A bucket of a server that speaks the protocol of S3; `keys` are the variables with which commands reach it."""

    url: str
    name: str
    keys: dict[str, str]

    def names(self) -> list[str]:
        """What lies in it."""
        return [each["Key"] for each in _client(self.url).list_objects_v2(Bucket=self.name).get("Contents", [])]


@contextlib.contextmanager
def bucket(name: str) -> Iterator[Bucket]:
    """A new bucket of a server on this machine, which lives as long as the block. Skips where none is installed."""
    pytest.importorskip("dvc_s3", reason="a remote in a bucket needs dvc-s3")
    server = pytest.importorskip("moto.server", reason="a bucket needs moto[s3], flask, flask-cors").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0
    )
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        urllib.request.urlopen(f"{url}/moto-api/reset", data=b"", timeout=30).close()  # buckets outlive the server otherwise
        _client(url).create_bucket(Bucket=name)
        yield Bucket(url, name, dict(_KEYS))
    finally:
        server.stop()


def _client(url: str):
    import boto3

    name, secret, region = _KEYS.values()
    return boto3.client("s3", endpoint_url=url, region_name=region, aws_access_key_id=name, aws_secret_access_key=secret)
