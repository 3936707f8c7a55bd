"""The error of a way of training that can not be measured on this machine."""


class LeftOut(Exception):
    """A way can not be measured here. str(error) is the reason."""
