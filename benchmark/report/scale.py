"""Describes in words how large the networks of a test are and how well they score."""

from benchmark.claims.finding import Finding, Scale
from benchmark.report.wording import counted

AGAINST = " against "


def scale_in_words(scale: Scale | None) -> str:
    """Network, parameters, input size and epochs in words, as far as they are known; "" without a scale."""
    if scale is None:
        return ""
    facts = [scale.network]
    counts = {cell: f"{n / 1e6:.2f}" for cell, n in scale.parameters.items() if n}
    if 0 < len(counts) < len(scale.network.split(AGAINST)):  # of the others there is no run yet
        facts += [f"{millions} M parameters ({cell})" for cell, millions in counts.items()]
    elif counts:
        facts.append(f"{AGAINST.join(dict.fromkeys(counts.values()))} M parameters")
    if scale.input_size:
        facts.append(f"{scale.input_size}x{scale.input_size} pixels")
    if scale.epochs:
        facts.append(counted(scale.epochs, "epoch"))
    return ", ".join(facts)


def levels_in_words(scale: Scale) -> str:
    """The mean scores of the cells, for example "47.0 against 55.1 %"; "none against 55.1 %" if no run of a cell finished.
    "" if no cell has a score, or if planned runs are missing."""
    values = list(scale.levels.values())
    if all(value is None for value in values):
        return ""
    percent = scale.level_unit == "%"
    shown = ["none" if v is None else f"{100 * v:.1f}" if percent else f"{v:.3f}" for v in values]
    # The unit is written after the last number.
    last = max(place for place, value in enumerate(values) if value is not None)
    shown[last] += " %" if percent else ""
    return " against ".join(shown)


def accuracy_level(finding: Finding) -> str:
    """The mean scores behind a finding, in words; for a test under several conditions, those of each condition."""
    if not finding.parts:
        return levels_in_words(finding.scale) if finding.scale else ""
    own = {name: accuracy_level(part) for name, part in finding.parts.items()}
    return ", ".join(f"{level} ({name})" for name, level in own.items() if level)
