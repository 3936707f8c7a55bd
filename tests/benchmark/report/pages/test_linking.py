"""Links out of a text: to what they name, and nothing of the text becomes HTML."""

import pytest

from benchmark.report.pages.linking import home_of, linked


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("<b> arXiv 2004.08495, tab. 2 <i>", '&lt;b&gt; <a href="https://arxiv.org/abs/2004.08495">arXiv 2004.08495</a>'
         ", tab. 2 &lt;i&gt;"),
        ("see https://example.org/x?a=1.", 'see <a href="https://example.org/x?a=1">https://example.org/x?a=1</a>.'),
        ("by LetheSec", 'by <a href="https://github.com/LetheSec/Fer2013-Facial-Emotion-Recognition-Pytorch">LetheSec</a>'),
        ("ByLetheSecs", "ByLetheSecs"),
    ],
)  # fmt: skip
def test_addresses_papers_and_names_are_links(text, html):
    assert linked(text) == html


def test_a_model_has_a_home_if_one_is_known():
    assert home_of("facex") == "https://github.com/hfahrudin/FastEmotRecognition" and home_of("nobody's") == ""


def test_names_of_the_report_are_links_only_where_they_stand_as_a_whole():
    own = {"beats-resnet": "beats-resnet.html", "A table": "../a.html#table-a"}
    text = 'as in beats-resnet; see "A table", <b>; not beats-resnets, not re-beats-resnet'
    assert linked(text, own) == (
        'as in <a href="beats-resnet.html">beats-resnet</a>; see &#34;<a href="../a.html#table-a">A table</a>&#34;, '
        "&lt;b&gt;; not beats-resnets, not re-beats-resnet"
    )
    assert "<a" not in linked(text)
