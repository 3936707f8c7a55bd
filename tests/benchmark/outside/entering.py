"""Entries as the tests of this folder make them, from a FaceSet at hand: looked at first, written after, as everywhere."""

from benchmark.interface.evaluating import evaluate as looked_at
from benchmark.outside.entry import check_entry, entry_of, write_entry


def evaluate(model, protocol, name, faces, out, *, device, stated=None, extra_training_data=None, replace=False, **how):
    """The record of the entry of a model."""
    place = {"prepared": faces.directory.parent, "project": out}
    result = looked_at(model, protocol, device=device, **place, **how)
    given = {"stated": stated, "extra_training_data": extra_training_data, "replace": replace, "out": out}
    return result.enter(name, **given).record


def score(path, protocol, faces, name, *, out, meaning="auto", parameters=None, **given):
    """The summary of the entry of a file of predictions."""
    place = {"prepared": faces.directory.parent, "project": out}
    result = looked_at(path, protocol, scores=meaning, parameters=parameters, **place)
    return result.enter(name, out=out, **given).as_dict()


def enter(protocol, name, predictions, *, out, replace=False, **about):
    """The record of the entry of arrays of predictions."""
    check_entry(protocol, name, out, replace=replace)
    return write_entry(protocol, name, *entry_of(protocol, name, predictions, **about), out=out, replace=replace)
