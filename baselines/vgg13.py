"""VGG13 of the FER+ paper (Barsoum et al. 2016, arXiv 1608.01041; layer sizes from its code, microsoft/FERPlus).

3x3 convolutions with ReLU in groups of 2, 2, 3 and 3 (64, 128, 256, 256 channels), each group followed by 2x2 max
pooling and dropout 0.25; then two dense layers of 1024 with ReLU and dropout 0.5, and a linear output. Initialisation
as in that code: Glorot uniform, biases 0.

It has 8,757,704 parameters with 8 outputs on 64 x 64 grey pictures; 8,753,728 without the 3,976 biases. The paper says
8.75 M.
"""

from torch import nn

from benchmark.errors import BadInput

GROUPS = ((64, 64), (128, 128), (256, 256, 256), (256, 256, 256))


def vgg13(num_outputs: int, in_channels: int, input_size: int) -> nn.Module:
    """VGG13 for pictures of `input_size` pixels. The first dense layer has 256 x (input_size // 16)^2 inputs.

    Float (N, in_channels, input_size, input_size) to (N, num_outputs).

    Raises:
        BadInput: input_size below 16: four poolings would leave no pixel.
    """
    side = input_size // 2 ** len(GROUPS)
    if side < 1:
        raise BadInput("vgg13, input_size", input_size, "at least 16")
    layers: list[nn.Module] = []
    channels = in_channels
    for group in GROUPS:
        for width in group:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers.append(nn.Flatten())
    features = channels * side * side
    for _ in range(2):
        layers += [nn.Linear(features, 1024), nn.ReLU(inplace=True), nn.Dropout(0.5)]
        features = 1024
    layers.append(nn.Linear(features, num_outputs))
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
