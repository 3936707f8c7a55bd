"""Chapter: what the authors' release proves, from the files that `ferbench audit-release` has written."""

from benchmark.report.material import Material
from benchmark.report.parts import Chapter, Picture

PLACE = 90
INTRO = (
    "What the authors' repository says of the paper's figures, from its code and from the list of variables of its "
    "checkpoint: parameters, operations, normalisation, shortcuts."
)
SCALARS = "The shortcut coefficients of the released checkpoint, and the slopes that they give"


def chapter(material: Material) -> Chapter | None:
    """The coefficients of the checkpoint, and the audit; None if there is no audit."""
    if material.scalars is None:
        return None
    picture = Picture("release/shortcut-scalars.svg", SCALARS, material.scalars)
    _, _, text = material.release.partition("\n")  # without its heading
    pages = [("release-audit.md", "The audit, term by term")] if text else []
    return Chapter("The release, audited", [INTRO], pictures=[picture], links=pages, text=text)
