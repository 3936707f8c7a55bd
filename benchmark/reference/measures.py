"""The pages of measurements beside scores: gradients, robustness, the audit, bias, speed."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from benchmark.files import Json, read_yaml
from benchmark.reference.markdown import page, section, sections, table, texts, value

MEASURES = Path(str(resources.files("benchmark.measures")))


def gradients() -> str:
    """The quantities, and the plans of gradients.yaml."""
    file = read_yaml(MEASURES / "gradients" / "gradients.yaml")
    plans = ((name, *_plan(plan)) for name, plan in file["plans"].items())
    networks = ((name, f"`{of['model']}`", value(of["options"]) or "none") for name, of in file["networks"].items())
    return page(
        "Gradients",
        "`benchmark/measures/gradients/gradients.yaml` and `benchmark/reference/gradients.yaml`",
        *sections("gradients"),
        "## Plans",
        table(("plan", "protocol", "pictures", "seeds", "at initialisation", "trained", "steps"), plans),
        f"Every network is measured with {value(file['axes'])}, in every combination.",
        "## Networks",
        table(("network", "model", "options"), networks),
    )


def _plan(of: Mapping[str, Json]) -> list[str]:
    trained = of.get("training") or {}
    many = (of["seeds"], of["initialisation"], trained.get("networks", []), trained.get("steps", []))
    return [of["protocol"], str(of["images"]), *(", ".join(map(str, each)) or "none" for each in many)]


def robustness() -> str:
    """The corruptions and the severities of each."""
    severities = read_yaml(MEASURES / "robustness" / "corruptions.yaml")
    of = texts("robustness")
    said: Mapping[str, Json] = of["corruptions"]
    rows = ((name, said[name]["parameter"], *levels, said[name]["how"]) for name, levels in severities.items())
    return page(
        "Robustness",
        "`benchmark/measures/robustness/corruptions.yaml` and `benchmark/reference/robustness.yaml`",
        "[Beyond one number](../robustness.md) has the command.",
        "## Corruptions",
        table(("corruption", "parameter", *map(str, range(1, 6)), "how"), rows),
        *(section(one, 2) for one in of["sections"]),
    )


def audit() -> str:
    """How the audit looks, and the figures behind its limits."""
    return page("Audit: methods and figures", "`benchmark/reference/audit.yaml`",
                "[The audit](../audit.md) has the command.", *sections("audit"))  # fmt: skip


def bias() -> str:
    """What is known of bias in each set."""
    return page("Bias of the data sets", "`benchmark/reference/bias.yaml`",
                "[Intended use](../intended-use.md) says what the numbers must not be used for.",
                *sections("bias"))  # fmt: skip


def speed() -> str:
    """How the suite is made fast, and measured figures."""
    return page("Speed: methods and figures", "`benchmark/reference/speed.yaml`",
                "[Speed](../speed.md) is the short form.", *sections("speed"))  # fmt: skip
