"""Writes, with TensorFlow, a checkpoint of BReG-NeXt-50 under the authors' names and what TensorFlow computes with it.

Run by test_conversion.py: python with_tensorflow.py FOLDER. FOLDER/values.npz (float32 by variable name, and the pictures
(N, S, S, 3) as "pictures <S>") -> FOLDER/checkpoints.index, .data-..., and FOLDER/logits.npz. The forward pass is written
after the released script with TensorFlow's own operators: NHWC, padding SAME.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def number(name, n):
    return f"{name}_{n}" if n else name


def normalise(x, scope, of):
    moments = of[f"{scope}/moving_mean"], of[f"{scope}/moving_variance"]
    return tf.nn.elu(tf.nn.batch_normalization(x, *moments, of[f"{scope}/beta"], of[f"{scope}/gamma"], 1e-5))


def convolve(x, scope, of, stride=1):
    return tf.nn.conv2d(x, of[f"{scope}/W"], strides=stride, padding="SAME") + of[f"{scope}/b"]


def network(x, of):
    x = convolve(x, "Conv2D", of)
    for block, (count, channels, stride) in enumerate([(7, 32, 1), (1, 64, 2), (8, 64, 1), (1, 128, 2), (7, 128, 1)]):
        scope = number("ResidualBlock", block)
        for i in range(count):
            bypass = x
            for half in (0, 1):
                x = normalise(x, f"{scope}/{number('BatchNormalization', 2 * i + half)}", of)
                x = convolve(x, f"{scope}/{number('Conv2D', 2 * i + half)}", of, stride if half == 0 else 1)
            a, c = (of[f"{scope}/{number('shortcut_mod', i)}/{scalar}"] for scalar in "ac")
            bypass = tf.atan(a * bypass / tf.sqrt(c**2 + 1)) / (a * tf.sqrt(c**2 + 1))
            if stride > 1:
                bypass = tf.nn.avg_pool2d(bypass, stride, stride, "SAME")
                extra = (channels - bypass.shape[-1]) // 2
                bypass = tf.pad(bypass, [[0, 0], [0, 0], [0, 0], [extra, extra]])
            x = x + bypass
    x = tf.reduce_mean(normalise(x, "BatchNormalization", of), axis=[1, 2])
    return tf.matmul(x, of["FullyConnected/W"]) + of["FullyConnected/b"]


def main(folder):
    with np.load(folder / "values.npz") as stored:
        values = dict(stored)
    pictures = {key: values.pop(key) for key in list(values) if key.startswith("pictures")}
    with tf.Graph().as_default(), v1.Session() as session:
        variables = {name: v1.Variable(value, name=name, use_resource=False) for name, value in values.items()}
        slots = [v1.Variable(np.zeros_like(v), name=f"{n}/Adam", use_resource=False) for n, v in values.items()]
        v1.Variable(7, name="optimizer/Variable", use_resource=False)
        session.run(v1.global_variables_initializer())
        assert len(slots) == len(variables)
        v1.train.Saver().save(session, str(folder / "checkpoints"), write_meta_graph=False)
        logits = {key: session.run(network(tf.constant(value), variables)) for key, value in pictures.items()}
    np.savez(folder / "logits.npz", **logits)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
