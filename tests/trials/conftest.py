"""Trials of kills and of full disks, in which a replaced file is on the disk before it takes its place."""

import importlib
import os

import pytest


@pytest.fixture(autouse=True)
def waiting_for_the_disk(no_waiting_for_the_disk, monkeypatch):
    """As users have it, and unlike the other tests."""
    monkeypatch.setattr(os, "fsync", importlib.import_module(os.name).fsync)
