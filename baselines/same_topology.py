"""The network under study with the identity shortcut. Everything else is the same."""

from torch import nn

from ablations.network import residual


def identity_50(
    num_outputs: int,
    in_channels: int,
    input_size: int,
    *,
    normalisation: str = "working",
    unit_order: str = "pre-activation",
) -> nn.Module:
    """ResNet with the topology of BReG-NeXt-50 (24 units, 50 weight layers) and identity shortcuts.

    It has 3,072,648 parameters with 8 outputs and 3 channels. Float (N, in_channels, S, S) to (N, num_outputs).

    Args:
        normalisation, unit_order: as of `ablations.network.residual`, whose default units are those of BReG-NeXt-50.

    Raises:
        BadInput: an option that `residual` does not accept.
    """
    return residual(
        num_outputs,
        in_channels,
        input_size,
        shortcut="identity",
        normalisation=normalisation,
        unit_order=unit_order,
    )
