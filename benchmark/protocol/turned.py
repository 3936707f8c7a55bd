"""A protocol of the suite with other values: turned, as by ``dvc exp run -S protocols.synthetic-8.learning_rate=0.002``.

It is another protocol. Its name says what was turned, ``synthetic-8+learning_rate-2e-3``; it names the one that it comes
from (`Protocol.based_on`); its hash is its own. So its runs get tables of their own and stand beside no published row.
"""

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal

from benchmark.errors import BadInput
from benchmark.files import Json, digest
from benchmark.protocol.protocol import Protocol, Recipe, load_protocol, protocol_from, protocol_names
from benchmark.suggesting import one_of

# What params.yaml lists for every protocol of a plan, in the order of a turned protocol's name.
LISTED = ("epochs", "input_size", "learning_rate", "batch_size", "augmentation")
# What can be turned besides: all other single values of a recipe (``-S +protocols.NAME.weight_decay=0.1`` adds one).
TURNABLE = (*LISTED, *(each.name for each in fields(Recipe) if each.name not in (*LISTED, "input_mean", "input_deviation")))
LONGEST = 80  # characters of a turned protocol's name: of more, it says how many values were turned, and their digest
OF_PROTOCOL = ("epochs", "input_size")  # the others are values of the recipe


def listed(protocol: Protocol) -> dict[str, Json]:
    """The values of a protocol that params.yaml lists: name -> value."""
    return {name: _value(protocol, name) for name in LISTED}


def changes(contents: Mapping[str, Json]) -> dict[str, Json]:
    """What was turned in a protocol, as a record has it: name -> value, where it differs from the protocol of the suite that
    it is based on. {} if it is based on none, or on another version than the suite's."""
    base = str(contents.get("based_on", "")).partition(" ")[0]
    if base not in protocol_names() or contents["based_on"] != f"{base} {(known := load_protocol(base)).version}":
        return {}
    found = {}
    for key in TURNABLE:
        value = (contents if key in OF_PROTOCOL else contents["recipe"]).get(key)
        if value != _value(known, key):
            found[key] = value
    return found


def turned(name: str, values: Mapping[str, Json], where: object) -> Protocol:
    """The protocol `name` with these values: itself, if all are its own.

    Args:
        name: of a protocol of the suite, or a file (as of `load_protocol`).
        values: name of `TURNABLE` -> value. An absent one, or one that is None, is not turned.

    Raises:
        BadInput: an unknown protocol or name; a value of a wrong type or out of range.
    """
    base = load_protocol(name)
    if odd := [key for key in values if key not in TURNABLE]:
        raise BadInput(f"{where}, {odd[0]}", "a name of none of its values that can be changed", one_of(odd[0], TURNABLE))
    given = {key: _plus(values[key]) for key in TURNABLE if values.get(key) is not None}
    contents, recipe = base.as_dict(), base.recipe.as_dict()
    checked = _with(contents, recipe, given, where)  # types and ranges; 1 for 1.0 is no other value
    new = {key: _value(checked, key) for key in given}
    changed = {key: value for key, value in new.items() if value != _value(base, key)}
    if not changed:
        return base
    called = "+".join([base.name, *(f"{key}-{_short(value)}" for key, value in changed.items())])
    if len(called) > LONGEST:
        called = f"{base.name}+{len(changed)}-values-{digest(changed)[:8]}"
    contents |= {"name": called, "based_on": f"{base.name} {base.version}"}
    return _with(contents, recipe, changed, where)


def _with(contents: Mapping[str, Json], recipe: Mapping[str, Json], values: Mapping[str, Json], where: object) -> Protocol:
    of_recipe = {key: value for key, value in values.items() if key not in OF_PROTOCOL}
    of_protocol = {key: value for key, value in values.items() if key in OF_PROTOCOL}
    own = {key: value for key, value in contents.items() if key != "recipe"}
    return protocol_from(own | of_protocol, where, {**recipe, **of_recipe})


def check_base(protocol: Protocol, where: object) -> str | None:
    """Check that a protocol of a record is what it says it is based on, with other values and nothing else changed.

    Returns:
        None; or a sentence, if the suite does not have that version of its base.

    Raises:
        BadInput: it differs in more than its name says.
    """
    if protocol.based_on is None:
        return None
    base, _, version = protocol.based_on.partition(" ")
    if base not in protocol_names() or load_protocol(base).version != version:
        return f"based on {protocol.based_on}, which is not installed"
    expected = turned(base, changes(protocol.as_dict()), where)
    if expected.hash != protocol.hash:
        found = f"name {protocol.name}, hash {protocol.hash}"
        wanted = f"{expected.name}, hash {expected.hash}: {protocol.based_on} with its values, and nothing else changed"
        raise BadInput(f"{where}, protocol based on {protocol.based_on}", found, wanted)
    return None


def _value(protocol: Protocol, name: str) -> Json:
    return getattr(protocol if name in OF_PROTOCOL else protocol.recipe, name)


def _plus(value: Json) -> Json:
    """0 for -0.0, which would have another hash and the same name."""
    return abs(value) if isinstance(value, float) and value == 0 else value


def _short(value: Json) -> str:
    """A value as a part of a name, which has no dot: 0.002 -> 2e-3, 64 -> 64."""
    if not isinstance(value, float):
        return str(value)
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)  # a recipe's numbers are finite
    number = "".join(map(str, digits))
    return f"{number}e{exponent}" if exponent < 0 else number + "0" * exponent
