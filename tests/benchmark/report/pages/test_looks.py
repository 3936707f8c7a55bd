"""How a verdict is marked: whoever sees colours reads the same from them as from the words."""

import pytest

from benchmark.claims import finding
from benchmark.report.pages.looks import LOOKS

KINDS = {
    "good": {"reproduced", "exceeded", "supported", "trains, the other does not"},
    "bad": {"not reproduced", "refuted", "does not train, the other does"},
    "open": {"undetermined", "no verdict yet", "holds under one condition, the other open"}
    | {"fails under one condition, the other open"},
    "shut": {"not testable here"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_colours_mean_what_the_words_say(kind):
    assert {word for word, look in LOOKS.items() if look.kind == kind} == KINDS[kind]


def test_signs_of_yes_and_no_are_never_those_of_the_other():
    of = {kind: {look.sign for look in LOOKS.values() if look.kind == kind} for kind in ("good", "bad", "shut")}
    assert not of["good"] & of["bad"] and not of["shut"] & (of["good"] | of["bad"])
    for yes, no in ((finding.HOLDS_ONLY, finding.FAILS_ONLY), (finding.HOLDS_REST_OPEN, finding.FAILS_REST_OPEN)):
        assert LOOKS[yes].sign in of["good"] and LOOKS[no].sign in of["bad"]


def test_the_pages_mark_a_verdict_so(site, material):
    for each in material.judged:
        source = site[f"pages/claims/{each.claim.id}.html"].source
        look = LOOKS[each.finding.verdict]
        chip = f'<span class="chip {look.kind}"><span aria-hidden="true">{look.sign}</span> {each.finding.verdict}</span>'
        assert source[source.index('<p class="verdict-line">') :].startswith(f'<p class="verdict-line">{chip}')
