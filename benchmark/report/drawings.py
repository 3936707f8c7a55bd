"""Checks that an SVG is a drawing of matplotlib: it runs nothing, and loads nothing."""

import re
import xml.etree.ElementTree as ElementTree

from benchmark.errors import BadInput

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
DRAWING = ("svg", "metadata", "defs", "style", "g", "path", "use", "clipPath", "rect", "text", "tspan")
METADATA = ("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", "{http://creativecommons.org/ns#}", "{http://purl.org/dc/")
LARGEST = 8_000_000  # bytes of a drawing; those of a report have 0.2 million at most
_POINTS = re.compile(r"\d+(\.\d+)?pt")
_OUTWARD = re.compile(r"url\((?!#)|javascript:|@import|\\", re.IGNORECASE)


def checked(content: bytes, where: object) -> ElementTree.Element:
    """The parsed drawing. BadInput unless it has only the elements and attributes of a drawing: no script, nothing that
    loads a file. (A figure may be a file that another command has written before; a page links to it, and a browser would
    run what is in it.)"""
    if len(content) > LARGEST:
        raise BadInput(where, f"{len(content):,} bytes", f"a drawing of at most {LARGEST:,}")
    if b"<!ENTITY" in content:
        raise BadInput(where, "entities", "a drawing without")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  # it has no entities
    except ElementTree.ParseError as error:
        raise BadInput(where, error, "SVG") from error
    if not all(_POINTS.fullmatch(root.get(key, "")) for key in ("width", "height")):
        raise BadInput(where, "no width and height in points", "SVG of matplotlib")
    for element in root.iter():
        if element.tag.removeprefix(f"{{{SVG}}}") not in DRAWING and not element.tag.startswith(METADATA):
            raise BadInput(where, f"an element {element.tag}", f"SVG with {', '.join(DRAWING)} alone")
        for key, value in element.attrib.items():
            leads_out = key in ("href", f"{{{XLINK}}}href") and not value.startswith("#")
            if key.lower().startswith("on") or leads_out or _OUTWARD.search(value):
                raise BadInput(where, f"{element.tag} with {key} {value}", "a drawing that runs and loads nothing")
    return root
