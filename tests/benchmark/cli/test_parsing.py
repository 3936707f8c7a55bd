"""What the parser says of words that it does not know, and how the help is ordered."""

import pytest

from benchmark.cli import parsing
from benchmark.cli.main import groups, main, parser
from benchmark.cli.parsing import GROUPS, groups_of, verbs_of


@pytest.fixture
def refused(capsys):
    def refuse(line: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(line.split())
        said = capsys.readouterr()
        assert ended.value.code == 2 and not said.out and said.err.count("\n") == 1
        return said.err.rstrip("\n")

    return refuse


OF_ALL = f"expected one of the {len(list(verbs_of(parser()))) + 3} that `ferbench --help` lists"  # -h, --help, --version


@pytest.mark.parametrize(
    "line, said",
    [
        ("runn synthetic-8", f"ferbench: verb: found 'runn'; {OF_ALL}; did you mean run?"),
        ("add fer2013 x.csv", f"ferbench: verb: found 'add'; {OF_ALL}; did you mean data add?"),
        ("version", f"ferbench: verb: found 'version'; {OF_ALL}; did you mean --version?"),
        ("zzzzzz", f"ferbench: verb: found 'zzzzzz'; {OF_ALL}"),
        ("", "ferbench: the following arguments are required: VERB; see ferbench --help"),
        ("data ad fer2013 x.csv", "ferbench data: verb: found 'ad'; expected one of add, check; did you mean add?"),
        ("--vresion", "ferbench: option: found '--vresion'; expected one of -h, --help, --version; did you mean --version?"),
        ("completion fish", "ferbench completion: argument shell: found 'fish'; expected one of bash, zsh, tcsh"),
        (
            "score p.csv --protocol p --name n --scores logit",
            "ferbench score: argument --scores: found 'logit'; expected one of auto, probabilities, logits; did you mean "
            "logits?",
        ),
        # An option that is misspelt, the verb's own; also where another one is missing because of it.
        (
            "run synthetic-8 resnet18-plain --sedes 0 1",
            "ferbench run: option: found '--sedes'; expected one of the 25 that `ferbench run --help` lists; did you mean "
            "--seeds?",
        ),
        (
            "collect --parms=all",
            "ferbench collect: option: found '--parms'; expected one of -h, --help, --params; did you mean --params?",
        ),
        (
            "first-contact --plan p --sec 9",  # the second is --seconds, cut short
            "ferbench first-contact: the following arguments are required: --out; example: ferbench first-contact --plan "
            "grid.json --seconds 540 --out home --device cuda; see ferbench first-contact --help",
        ),
        ("report extra", "ferbench report: unrecognized arguments: extra; see ferbench report --help"),
        ("report -- --sedes", "ferbench report: unrecognized arguments: -- --sedes; see ferbench report --help"),
        (
            "data add fer2013",
            "ferbench data add: the following arguments are required: path; example: ferbench data add fer2013 "
            "~/Downloads/fer2013.tar.gz; see ferbench data add --help",
        ),
        (
            "run synthetic-8 resnet18-plain --seeds 0,1,2",
            "ferbench run: argument --seeds: invalid int value: '0,1,2'; separate them by spaces: 0 1 2; see ferbench run "
            "--help",
        ),
    ],
)
def test_what_is_said_word_for_word(refused, line, said):
    assert refused(line) == said


def test_a_file_whose_name_begins_with_a_dash(refused, tmp_path, monkeypatch):
    (tmp_path / "-a.jpg").touch()
    monkeypatch.chdir(tmp_path)
    assert refused("predict -a.jpg") == (
        "ferbench predict: the following arguments are required: PICTURE; a file whose name begins with a dash is given as "
        "./-a.jpg; see ferbench predict --help"
    )


def test_an_option_may_still_be_cut_short(capsys):
    assert main(["collect", "--par", "nothing"]) == 2
    assert "params.yaml" in capsys.readouterr().err


def test_every_verb_is_in_exactly_one_group_of_those_there_are():
    found = groups()
    every = [" ".join(words) for words, _ in verbs_of(parser())]
    assert tuple(found) == GROUPS
    assert sorted(verb for verbs in found.values() for verb in verbs) == sorted(every) and len(set(every)) == len(every)


def test_a_verb_that_names_no_group_is_shown_all_the_same():
    top = parser()
    next(one for words, one in verbs_of(top) if words == ("run",)).set_defaults(group="")
    assert groups_of(top)[parsing.OTHERS] == ["run"] and "\nothers:\n  run " in top.format_help()


def test_the_help_is_one_screen_with_a_line_for_each_verb():
    said = parser().format_help().splitlines()
    assert len(said) <= 62 and max(map(len, said)) <= 120
    for group, verbs in groups().items():
        at = said.index(f"{group}:")
        assert [line[2:].split("  ")[0] for line in said[at + 1 : at + 1 + len(verbs)]] == verbs
