"""ResNets of timm with random weights, with their own stem or with a stem for small images.

The small stem is a 3x3 convolution with stride 1 and without max pooling, as is usual for 32 x 32 images. The first stage
then gets pictures with the full side instead of a quarter of it. Source: timm `resnet18` to `resnet101` (He et al. 2016,
arXiv 1512.03385).
"""

from collections.abc import Callable

from torch import nn


def _factory(architecture: str, small_stem: bool) -> Callable[[int, int, int], nn.Module]:
    def factory(num_outputs: int, in_channels: int, input_size: int) -> nn.Module:
        import timm

        model = timm.create_model(architecture, pretrained=False, num_classes=num_outputs, in_chans=in_channels)
        if small_stem:
            model.conv1 = nn.Conv2d(in_channels, 64, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")  # as timm's own stem
            model.maxpool = nn.Identity()
        return model

    factory.__doc__ = f"""timm's {architecture}{", small stem" if small_stem else ""}, random weights.

    Float (N, in_channels, S, S) to (N, num_outputs). Needs timm."""
    return factory


resnet18 = _factory("resnet18", False)
resnet34 = _factory("resnet34", False)
resnet50 = _factory("resnet50", False)
resnet101 = _factory("resnet101", False)
resnet18_smallstem = _factory("resnet18", True)
resnet34_smallstem = _factory("resnet34", True)
resnet50_smallstem = _factory("resnet50", True)
resnet101_smallstem = _factory("resnet101", True)
