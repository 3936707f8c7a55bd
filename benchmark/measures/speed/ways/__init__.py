"""Ways to train and evaluate one and the same network, one module each; `benchmark.measures.speed.finding` finds them.

A module of this folder has

- TITLE: str, its words in tables, such as "plain loop",
- Loop(network, pictures, labels, batch, device): a class that trains `network` (`plain.Network`, float (N, 3, S, S) to
  (N, outputs)) on pictures, uint8 (N, S, S, 3), of labels, int64 (N,), in float32, with mirrored pictures, AdamW and
  batches of `batch` in random order. `train(steps)` makes optimiser steps; the attribute `loss` is then that of the last
  one, a float, and the parameters hold its gradients. It returns None, or the seconds of the steps if it does other work
  too. `evaluate()` returns the accuracy over all pictures, 0 to 1. A Loop that can not do its work on this machine raises
  `left_out.LeftOut` with the reason.

A module imports the packages it needs at its top. Where one is missing, the way is left out, and the command says so.
"""
