"""Makes the SVG of matplotlib small, readable in the dark and free of what nobody refers to.

Texts stay texts. Colours stay plain hex in the attribute `style`, so that LaTeX and Inkscape show the light form; a block of
rules at the top replaces them where the reader's system asks for dark pages, also within <img>.
"""

import re

# The palette of Okabe and Ito, whose colours can be distinguished with all common kinds of colour vision.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7",
)  # fmt: skip
GREY, PALE, PAPER = "#767676", "#d9d9d9", "#ffffff"
DEPTHS = ("#5aa0d0", "#4189c0", "#2c72ae", "#1b5b97", "#0d4379", "#062a52")  # one hue, from light to dark

FONTS = "'DejaVu Sans', Verdana, system-ui, sans-serif"  # matplotlib measures with the first

# Colour of a figure -> (its variable in a page, the colour on a dark page); tests hold style.css to the same values.
DARK = {
    BLACK: ("ink", "#e7e5df"), PAPER: ("paper", "#15181b"), ORANGE: ("fig-orange", "#f0b53f"), SKY: ("fig-sky", "#7cc7f2"),
    GREEN: ("fig-green", "#3ecb9f"), BLUE: ("fig-blue", "#5aaee8"), VERMILION: ("fig-vermilion", "#f5874a"),
    PURPLE: ("fig-purple", "#dd9dc0"), GREY: ("fig-grey", "#9aa2a9"), PALE: ("fig-pale", "#434a51"),
} | {
    light: (f"fig-depth-{k}", dark)
    for k, (light, dark) in enumerate(
        zip(DEPTHS, ("#5580a5", "#5f92bd", "#66a0cf", "#83bbe6", "#a9d3f3", "#d3e9fa"), strict=True), 1
    )
}  # fmt: skip
# Colour -> what replaces it in a figure inside a page: a variable, with the light colour where a page does not set it.
THEMED = {BLACK: "currentColor", PAPER: "var(--paper)"} | {
    light: f"var(--{name}, {light})" for light, (name, _) in DARK.items() if name.startswith("fig-")
}

GROUND = f'<rect class="ground" width="100%" height="100%" style="fill: {PAPER}"/>'

_PROLOGUE = re.compile(r"<!DOCTYPE[^>]*>|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")  # matplotlib writes > as &gt; in texts and in attributes
_BETWEEN = re.compile(r">\s+<")
_EMPTY = re.compile(r"<(defs|g)>\s*</\1>|<defs/>|<g/>")
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")
_ZEROS = re.compile(r"(\d)\.0+(?=[ \"),])")
_REFERENCE = re.compile(r'(?:href="#|url\(#)([^")]+)')
_OWN = re.compile(r' id="([^"]*)"')
_UPRIGHT = re.compile(r' transform="rotate\(-?0 [^)]*\)"')
_COLOUR = re.compile(r"(fill|stroke): (#[0-9a-f]{6})")


def slim(text: str) -> str:
    """The SVG text of matplotlib (`svg.fonttype` "none", no ground of its own) as this project's figures are written.

    Coordinates have two decimals; ids that are referred to have short names, others are left out. The same text gives the
    same result.
    """
    text = _BETWEEN.sub("><", _PROLOGUE.sub("", text))
    names: dict[str, str] = {}
    for tag in _TAG.findall(text):
        for name in _REFERENCE.findall(tag):
            names.setdefault(name, f"{name[0]}{len(names)}")
    text = _TAG.sub(lambda found: _tag(found.group(), names), text)
    while (shorter := _EMPTY.sub("", text)) != text:
        text = shorter
    text = _without_bare_groups(text)
    head, root, rest = text.partition("<svg")
    attributes, _, body = rest.partition(">")
    looks = f' font-family="{FONTS}" stroke-linejoin="round" stroke-linecap="butt"'
    return f"{head}{root}{attributes}{looks}>{dark_rules(body)}{GROUND}{body}"


def _without_bare_groups(text: str) -> str:
    """`text` without the groups that have no attribute left: they change nothing of what they hold."""
    opened: list[str] = []

    def kept(found: re.Match[str]) -> str:
        tag = found.group()
        if tag.startswith(("<g>", "<g ")) and not tag.endswith("/>"):
            opened.append(tag)
            return "" if tag == "<g>" else tag
        return "" if tag == "</g>" and opened.pop() == "<g>" else tag

    return _TAG.sub(kept, text)


def _tag(tag: str, names: dict[str, str]) -> str:
    if tag.startswith(("<path", "<use", "<text", "<tspan", "<rect", "<g transform", "<g clip")):
        tag = _ZEROS.sub(r"\1", _LONG_NUMBER.sub(r"\1", " ".join(tag.split())))
    tag = _OWN.sub(lambda found: f' id="{names[found.group(1)]}"' if found.group(1) in names else "", tag)
    tag = _REFERENCE.sub(lambda found: found.group().replace(found.group(1), names[found.group(1)]), tag)
    return _UPRIGHT.sub("", tag).replace("font-family: 'DejaVu Sans'; ", "").replace("; font-family: 'DejaVu Sans'", "")


def dark_rules(body: str) -> str:
    """The <style> element with a rule for every themed colour that `body` has. Texts and dots without a colour are black;
    they take the colour of the root."""
    used = dict.fromkeys(_COLOUR.findall(body + GROUND))
    rules = [
        f'[style*="{kind}: {colour}"]{{{kind}:{DARK[colour][1]}!important}}'
        for kind, colour in sorted(used)
        if colour in DARK
    ]
    root = f"svg{{fill:{DARK[BLACK][1]};color-scheme:dark}}"
    return f"<style>@media (prefers-color-scheme:dark){{{root}{''.join(rules)}}}</style>"
