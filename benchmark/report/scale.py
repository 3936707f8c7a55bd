"""How large the networks of a test are and how well they do, in words."""

from benchmark.ledger import Finding, Scale


def scale_in_words(scale: Scale | None) -> str:
    """Network, parameters, input size and epochs, as far as they are known; "" without a scale."""
    if scale is None:
        return ""
    facts = [scale.network]
    millions = list(dict.fromkeys(f"{n / 1e6:.2f}" for n in scale.parameters.values() if n))
    if millions:
        facts.append(f"{' against '.join(millions)} M parameters")
    if scale.input_size:
        facts.append(f"{scale.input_size}x{scale.input_size} pixels")
    if scale.epochs:
        facts.append(f"{scale.epochs} epochs")
    return ", ".join(facts)


def levels_in_words(scale: Scale) -> str:
    """The cells' mean scores: "47.0 against 55.1 %"; "" before all planned runs are there."""
    values = list(scale.levels.values())
    if not values:
        return ""
    percent = scale.level_unit == "%"
    return " against ".join(f"{100 * v:.1f}" if percent else f"{v:.3f}" for v in values) + (" %" if percent else "")


def accuracy_level(finding: Finding) -> str:
    """The levels of a finding, those of every condition by its name."""
    if not finding.parts:
        return levels_in_words(finding.scale) if finding.scale else ""
    own = {name: accuracy_level(part) for name, part in finding.parts.items()}
    return ", ".join(f"{level} ({name})" for name, level in own.items() if level)
