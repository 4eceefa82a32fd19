"""Who says what to whom: what a run shows is never held to be impossible."""

from collections.abc import Mapping

import pytest

from network.lossy import LossyNetwork
from network.messages import from_frame
from sim.faults.paths import SAID, is_alone, ways_between
from sim.faults.step_words import KIND_OF, KINDS
from sim.run import run
from sim.scenario import load, shipped

MORE: Mapping[str, str] = {"faults.all": "3", "cluster.followers": "1", "cluster.ledgers": "3"}
SMALL = ("one-transaction", "two-that-conflict")
WITHOUT_STREAMS = ("global-tables", "permissions", *SMALL)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str, str]]:
    """Collect what is sent: source, target and kind."""
    found: set[tuple[str, str, str]] = set()
    send = LossyNetwork.send

    def watched(self: LossyNetwork, source: str, target: str, frame: bytes) -> None:
        kind = KIND_OF[type(from_frame(frame).message)]
        found.add((source.rpartition(".")[2], target.rpartition(".")[2], kind))
        if "." not in source:  # Regions speak to each other's hosts of one name.
            assert not is_alone(source, target)
        send(self, source, target, frame)

    monkeypatch.setattr(LossyNetwork, "send", watched)
    return found


@pytest.mark.parametrize("scenario", sorted(shipped()))
def test_whatever_a_run_sends_may_be_named_by_a_step(
    scenario: str, said: set[tuple[str, str, str]], soak: bool
) -> None:
    streams = {} if scenario in WITHOUT_STREAMS else {"cluster.streams": "NEW_IMAGE"}
    few = {} if scenario in SMALL else {"workload.transactions": "40"}
    for seed in range(30 if soak else 2):
        run(load(scenario, {**few, **({**MORE, **streams} if seed % 2 else {})}), seed)

    assert [one for one in said if not ways_between(*one)] == []
    assert len(said) > 10


def test_only_kinds_of_message_are_named() -> None:
    assert set(SAID) <= set(KINDS)
