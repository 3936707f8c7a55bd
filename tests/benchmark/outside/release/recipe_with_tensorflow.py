"""What TensorFlow's own operators make of given pictures, orders and gradients, as the released script calls them.

Run by ../test_released_recipe.py: python recipe_with_tensorflow.py FOLDER. FOLDER/given.npz (pictures uint8 (N, S, S, 3),
the parameters of each picture's operations, gradients (steps, P)) -> FOLDER/found.npz: every operation alone and "all" in
the script's order, the line of rows that tf.data draws in three epochs, its batches' lengths, and Adam's parameters.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def window(picture, side):
    low, high = 0.5 - 0.5 * side, 0.5 + 0.5 * side
    return tf.cast(tf.image.crop_and_resize([picture], [[low, low, high, high]], [0], picture.shape[:2]), tf.uint8)[0]


OPERATIONS = {
    "hue": tf.image.adjust_hue,
    "saturation": tf.image.adjust_saturation,
    "brightness": tf.image.adjust_brightness,
    "contrast": tf.image.adjust_contrast,
    "side": window,
}


def augment(picture, values):
    if not values["touched"]:
        return picture
    if values["flip"]:
        picture = tf.image.flip_left_right(picture)
    for name, operation in OPERATIONS.items():
        if name != "side" or values["zoomed"]:
            picture = operation(picture, values[name])
    return picture


def adam(gradients):
    with tf.Graph().as_default(), v1.Session() as session:
        parameter = v1.Variable(np.zeros(gradients.shape[1], np.float32), use_resource=False)
        gradient = v1.placeholder(tf.float32, gradients.shape[1:])
        step = v1.train.AdamOptimizer(learning_rate=1e-4).apply_gradients([(gradient, parameter)])
        session.run(v1.global_variables_initializer())
        found = []
        for each in gradients:
            session.run(step, {gradient: each})
            found.append(session.run(parameter))
        return np.array(found)


def main(folder):
    with np.load(folder / "given.npz") as stored:
        values = dict(stored)
    pictures, gradients = values.pop("pictures"), values.pop("gradients")
    rows = [(tf.constant(each), {name: value[k] for name, value in values.items()}) for k, each in enumerate(pictures)]
    found = {name: np.array([operation(p, v[name]) for p, v in rows]) for name, operation in OPERATIONS.items()}
    found["all"] = np.array([augment(p, v) for p, v in rows])
    batches = list(tf.data.Dataset.range(28709).shuffle(1000 + 3 * 64).repeat(3).batch(64).as_numpy_iterator())
    found |= {"line": np.concatenate(batches), "lengths": np.array(list(map(len, batches))), "adam": adam(gradients)}
    np.savez(folder / "found.npz", **found)


main(Path(sys.argv[1]))
