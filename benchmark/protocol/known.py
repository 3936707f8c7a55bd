"""The names and limits that a protocol and its recipe may have.

What a name does is decided by the training code (`benchmark.runs.training`), which needs torch. Protocols are read without
it, so the names stand here too, and a test holds both lists equal. So an unknown name is refused when a protocol is read,
not when the training is over.
"""

ROLES = ("train", "validation", "test")
TASKS = ("categorical", "dimensional")
SELECTION_RULES = ("last", "best-validation")
CHANNELS = (1, 3)
OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("cosine", "staircase")
AUGMENTATIONS = ("flip", "released", "standard")
TTA = ("none", "flip", "ten-crop")
BATCHES = ("across-epochs",)
PRECISIONS = ("float32",)
MEASURED = "training"  # of input_mean and input_deviation: measured on the training split

# Field -> (lowest value, highest value), both allowed.
RECIPE_RANGES: dict[str, tuple[float, float]] = {
    "warmup": (0, 1),
    "weight_decay": (0, 1000),
    "label_smoothing": (0, 1),
    "gradient_clip": (0, 1e12),
    "batch_size": (1, 1 << 20),
    "decay_steps": (1, 1 << 40),
}
PROTOCOL_RANGES: dict[str, tuple[int, int]] = {
    "epochs": (1, 100_000),
    "input_size": (1, 4096),
}
