"""A Croissant description of a FaceSet: metadata for search engines and data loaders (mlcommons.org/croissant, 1.0).

It describes faces.csv, with its digest, which is the FaceSet's fingerprint. It contains no pictures. The tests validate it
with `mlcroissant`; writing it needs no package.
"""

from benchmark.faces.card import card
from benchmark.faces.faces_table import COLUMNS
from benchmark.faces.faceset import FaceSet
from benchmark.files import Json

# The part of the context prescribed by the specification that is used here.
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "recordSet": "cr:recordSet",
    "sc": "https://schema.org/",
    "source": "cr:source",
}
_FIELDS = {
    "id": ("sc:Text", "unique name of the face"),
    "split": ("sc:Text", "the data set's own name of the part that the face belongs to"),
    "expression": ("sc:Integer", "label: {classes}; empty for none"),
    "valence": ("sc:Float", "-1 unpleasant to 1 pleasant; empty for none"),
    "arousal": ("sc:Float", "-1 calm to 1 excited; empty for none"),
    "votes": ("sc:Text", "raters' votes, separated by spaces: {votes}; empty for none"),
    "group": ("sc:Text", "what must not be split (subject, video); empty for none"),
    "flag": ("sc:Text", "why the row is suspect; empty for none"),
    "sha256": ("sc:Text", "digest of the face's pixel bytes, row of images.npy"),
}


def description(faces: FaceSet) -> dict[str, Json]:
    """The description as a JSON-able mapping (JSON-LD). If the data set has no card, licence, page and citation are left
    out."""
    meta = faces.meta
    own = card(meta["name"])
    shape = " x ".join(map(str, meta["shape"]))
    labels = {
        "classes": ", ".join(f"{k} {name}" for k, name in enumerate(faces.classes)) or "no classes",
        "votes": ", ".join(meta["vote_columns"]) or "none",
    }
    fields = []
    for column in COLUMNS:
        kind, text = _FIELDS[column]
        source = {"fileObject": {"@id": "faces.csv"}, "extract": {"column": column}}
        entry = {"@type": "cr:Field", "@id": f"faces/{column}", "name": f"faces/{column}"}
        fields.append(entry | {"description": text.format(**labels), "dataType": kind, "source": source})
    known = {"license": own.license, "url": own.url, "citeAs": own.cite}
    prepared = f"Prepared by ferbench: images.npy holds the pictures, uint8 {shape}, in the order of faces.csv."
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": meta["name"],
        "description": " ".join(filter(None, (own.description, prepared))),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **{key: value for key, value in known.items() if value},
        "version": meta["version"] if meta["version"].count(".") == 2 else f"{meta['version']}.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "faces.csv",
                "name": "faces.csv",
                "contentUrl": "faces.csv",
                "encodingFormat": "text/csv",
                "sha256": faces.fingerprint,
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "faces", "name": "faces", "field": fields}],
    }
