"""How often Python looks for garbage: where it can be told, and where it cannot."""

import gc
from types import SimpleNamespace

import pytest

from sim import garbage


def test_thresholds_are_as_before_in_the_end() -> None:
    before = gc.get_threshold()

    with garbage.collecting(12_345, 6, 7):
        assert gc.get_threshold()[:2] == (12_345, 6)
    assert gc.get_threshold() == before


def test_a_collector_without_thresholds_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "gc", SimpleNamespace())  # Like PyPy's: an attribute would fail.
    monkeypatch.setattr(garbage, "IS_TUNABLE", False)

    with garbage.collecting(1, 2, 3):
        garbage.stays()
        garbage.collect_recent()
