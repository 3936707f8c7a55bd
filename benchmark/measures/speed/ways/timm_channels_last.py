"""timm's way with its option for the channels-last layout, in which a CPU and a GPU compute convolutions faster."""

from functools import partial

from benchmark.measures.speed.ways import timm_parts

TITLE = f"{timm_parts.TITLE}, channels last"
Loop = partial(timm_parts.Loop, channels_last=True)
