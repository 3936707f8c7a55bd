"""The network of rmn without its weights, for `ferbench evaluate network:network --weights FILE`.

Needs `pip install --no-deps rmn==3.3.0 pytorchcv==0.0.74`. The package rmn itself is not imported, because its import
downloads weights; its wheel has the networks in a package of the name `models`.
"""

import models
from torch import nn


def network(
    num_outputs: int = 7, in_channels: int = 3, input_size: int = 224, variant: str = "resmasking_dropout1"
) -> nn.Module:
    """Images (N, 3, 224, 224) in [0, 1] to class logits (N, 7). `variant` is another factory of upstream, if the file of
    weights does not fit this one."""
    return getattr(models, variant)(in_channels=in_channels, num_classes=num_outputs)
