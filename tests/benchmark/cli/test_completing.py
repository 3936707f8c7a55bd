"""The script of `ferbench completion`, in a real bash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli.completing import TAKES, names
from benchmark.cli.main import main, parser
from benchmark.cli.parsing import verbs_of

ROOT = Path(__file__).parents[3]
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
own=$(complete -p ferbench); own=${own##*-F }; "${own%% *}" ferbench "${!#}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "ferbench"
    done = subprocess.run([sys.executable, "-m", "benchmark", "completion", "bash"], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)  # fmt: skip
    path.write_text(done.stdout)
    return path


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    "words, offered",
    [
        (["ru"], {"run"}),
        (["data", ""], {"add", "check"}),
        (["run", "rafdb"], {"rafdb-7", "rafdb-7-quick"}),
        (["run", "fer2013-7", "vgg13-"], {f"vgg13-{loss}" for loss in ("plain", "weighted", "mse", "ccc")}),
        (["run", "--profile", "fer2013-"], {"fer2013-quick", "fer2013-cpu", "fer2013-study"}),
        (["run", "--model", "mini"], {"mini-xception"}),
        (["speed", "resnet18-plain", "vgg13-p"], {"vgg13-plain"}),
        (["compare", "resnet18-plain", "vgg13-p"], {"vgg13-plain"}),
        (["profile", "aff"], {"affwild", "affwild2", "affectnet"}),
        (["data", "add", "fer"], {"fer2013", "ferplus"}),
        (["prepare", "j"], {"jaffe"}),
        (["publish", "fer2013-7", "jaf"], {"jaffe-7"}),
        (["tune", "fer2013-"], {"fer2013-small", "fer2013-small-recipe"}),
        (["gradients", "sm"], {"smoke"}),
        (["sources", ""], {"ablations", "baselines"}),
    ],
)
def test_what_bash_offers(script, words, offered):
    asked = ["bash", "-c", ASK, "bash", script, "ferbench", *words]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered and not done.stderr


def test_bash_offers_files_where_a_verb_takes_one(script):
    said = script.read_text()
    for place in ("data_add_pos_1", "run___plan", "compare___picture"):
        assert f"_shtab_ferbench_{place}_COMPGEN=_shtab_compgen_files\n" in said, place


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_the_other_shells_know_the_names(capsys, shell):
    assert main(["completion", shell]) == 0
    said = capsys.readouterr().out
    for name in ("fer2013-7-quick", "mini-xception-plain", "fer2013-study", "diffusionfer", "bregnext-50"):
        assert name in said


def test_cells_of_other_packages_are_offered(capsys, monkeypatch):
    monkeypatch.setattr("benchmark.protocol.cells.installed_cells", lambda: {"strangers-cell": None})
    assert main(["completion", "bash"]) == 0
    assert "_shtab_ferbench_run_pos_1_choices=(strangers-cell)\n" in capsys.readouterr().out


def test_each_entry_is_an_argument_of_a_verb():
    there = {f"{' '.join(words)} {action.dest}" for words, verb in verbs_of(parser()) for action in verb._actions}
    for place, kind in TAKES.items():
        assert kind in names() and any(each == place or each.endswith(f" {place}") for each in there), place
