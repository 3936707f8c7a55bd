"""What a name may be: the one grammar of everything that becomes a part of a path, and of the names of classes.

Names come from files and command lines that a stranger may have written. They become folders, files, DVC stages and ids of a
page, so they are checked where they are read, before anything is written.
"""

import re

from benchmark.errors import BadInput

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,99}")  # no dot and no slash: it stays in its folder on every system
LONGEST = 100  # characters of a line of text that a table or a figure shows


def checked_name(name: object, what: str, where: object) -> str:
    """`name`, if it is a plain name (`NAME`): of a protocol, a cell, a data set, a split, a plan.

    Args:
        what: whose name it is, such as "cell".
        where: the file or option that has it.

    Raises:
        BadInput: anything else, such as ``../x``, an absolute path, an empty text, a number.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        expected = "at most 100 letters, digits, '-', '_' and '+', a letter or digit first: it names folders"
        raise BadInput(f"{where}, {what}", f"name {name!r}", expected)
    return name


def checked_text(text: object, what: str, where: object) -> str:
    """`text`, if it is one line of printable text that is not blank, of at most `LONGEST` characters: the name of a class.

    Printable is what `str.isprintable` says: no control character, no mark that turns the direction of writing, no line or
    paragraph separator.

    Raises:
        BadInput: anything else.
    """
    if not isinstance(text, str) or not text.isprintable() or not text.strip() or len(text) > LONGEST:
        raise BadInput(f"{where}, {what}", f"{text!r}", f"one line of printable text, at most {LONGEST} characters")
    return text
