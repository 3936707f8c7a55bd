"""A copy of this checkout in which the commands of a page are run as they are written."""

import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A function that runs commands in a copy of this checkout; what pip installs stays in a virtual environment there."""
    top = tmp_path_factory.mktemp("newcomer")
    try:
        listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout to copy")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (top / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, top / "clone" / name)
    venv.create(top / "venv", with_pip=True, symlinks=True)
    of_venv = subprocess.run(
        [top / "venv" / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    # The packages of this test run are seen from there (a .pth file), its own come first.
    (Path(of_venv.stdout.strip()) / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = top / "venv" / "bin" / "ferbench"
    command.write_text(
        f"#!{top / 'venv' / 'bin' / 'python'}\nimport sys\n"
        "from benchmark.cli.main import main\nif __name__ == '__main__':\n    sys.exit(main())\n"  # workers import it
    )
    command.chmod(0o755)
    own = {"PATH": f"{top / 'venv' / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(top / "clone"), "HOME": str(top)}
    own |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "VIRTUAL_ENV": str(top / "venv")}

    def run(commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=top / "clone",
            env=os.environ | own,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    run.top = top
    return run
