"""Prepares the SVG of a figure for use inside an HTML page: unique ids, colours that follow the page's theme, and a title in
words."""

import re
import xml.etree.ElementTree as ElementTree

from benchmark.errors import visible
from benchmark.report.drawings import SVG, XLINK, checked
from benchmark.report.pages.figures import PIXELS
from benchmark.report.style import FONTS, THEMED

WORDS = (f"{{{SVG}}}text", f"{{{SVG}}}tspan")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_COLOUR = re.compile("|".join(THEMED), re.IGNORECASE)


def inline(content: bytes, name: str, title: str, description: str = "") -> str:
    """The <svg> element for a page, from a figure made by `style.svg`.

    Only ids that the figure refers to are kept, with the prefix `name`. The white background is removed. Colours are
    replaced so that the figure can be read on a dark background: black by the page's text colour, white by its background
    colour, and the palette by the variables --fig-*.

    Args:
        content: of the figure's file.
        name: letters, digits, - and _; different for every figure of the page.
        title, description: read by screen readers.

    Raises:
        BadInput: content that is no drawing of matplotlib (`checked`).
    """
    root = checked(content, f'the figure "{title}"')
    width, height = (float(root.get(key).removesuffix("pt")) for key in ("width", "height"))
    used = set()
    for element in root.iter():
        if reference := element.attrib.pop(f"{{{XLINK}}}href", None):
            element.set("href", reference)
            used.add(reference[1:])
        for value in element.attrib.values():
            used |= set(_REFERENCE.findall(value))
    for parent in root.iter():
        for child in list(parent):
            if child.get("class") == "ground" or child.tag == f"{{{SVG}}}style":
                parent.remove(child)
        if parent.tag not in WORDS:
            parent.text = None
        parent.tail = None
        if "id" in parent.attrib:
            own = parent.attrib.pop("id")
            if own in used:
                parent.set("id", f"{name}-{own}")
        if "href" in parent.attrib:
            parent.set("href", f"#{name}-{parent.get('href')[1:]}")
        for key, value in parent.attrib.items():
            if key == "style":
                value = _COLOUR.sub(lambda found: THEMED[found.group().lower()], value)
            parent.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))
    root.attrib.clear()
    root.attrib.update(_attributes(name, width, height, bool(description)))
    for place, (kind, words) in enumerate({"title": title, "desc": description}.items()):
        if words:
            element = ElementTree.Element(f"{{{SVG}}}{kind}", {"id": f"{name}-{kind}"})
            element.text = visible(words)
            root.insert(place, element)
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _attributes(name: str, width: float, height: float, described: bool) -> dict[str, str]:
    labels = f"{name}-title {name}-desc" if described else f"{name}-title"
    return {
        "viewBox": f"0 0 {width:g} {height:g}",
        "style": f"--width:{PIXELS * width:.0f}px",
        "role": "img",
        "aria-labelledby": labels,
        "fill": "currentColor",
        "font-family": FONTS,
        "stroke-linejoin": "round",  # as the root of a figure of `style.svg`, which would apply to the whole page
        "stroke-linecap": "butt",
    }
