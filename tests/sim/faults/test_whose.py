"""Whose message it is: of every message that a request leads to, and of no other."""

from collections import Counter

from network.messages import Scan, from_frame
from sim.cluster_run import Run
from sim.faults.step_words import KIND_OF
from sim.faults.whose import Whose
from sim.run import run
from sim.scenario import Scenario, load
from sim.trace import Event

TWO = """
k1: write update(a, 1) update(d, 1)
k2: read a d
k1: delete a
"""


def listed(**more: str) -> Scenario:
    settings = {"workload.requests": TWO, "workload.clients": "2", "cluster.coordinators": "1"}
    return load("one-transaction", {**settings, "workload.transactions": "9", **more})


def owners(scenario: Scenario, seed: int = 1) -> Counter[tuple[str, str]]:
    """Count a run's messages by their request and kind."""
    going, whose, counts = Run(scenario, seed), Whose(), Counter[tuple[str, str]]()
    is_on = [False]
    going.listen_to_phases(lambda phase: is_on.__setitem__(0, phase == "setting up"))

    def hear(event: Event) -> None:
        if event.name == "message.sent" and is_on[0]:
            envelope = from_frame(event.fields["frame"])
            of = whose.of(envelope, event.fields["link"].target)
            if not isinstance(envelope.message, Scan):
                counts[of, KIND_OF[type(envelope.message)]] += 1

    going.listen(hear)
    assert going.go().ok
    return counts


def test_all_messages_of_a_request_are_its_own() -> None:
    counts = owners(listed())

    assert {kind for of, kind in counts if of == "k1.1"} >= {
        *("request", "write-transaction", "write", "written", "prepare", "vote", "commit", "done"),
        *("finished", "answer"),
    }
    assert counts["k2.1", "read"] == counts["k2.1", "readings"] >= 4
    assert counts["k1.2", "written"] == 1
    assert {of for of, kind in counts if kind in ("prepare", "vote", "commit")} == {"k1.1"}


def test_recovery_of_a_request_is_its_own_as_well() -> None:
    crash = 'faults.steps=["crash c1 for 8s after its first prepare is sent"]'.partition("=")
    counts = owners(listed(**{crash[0]: crash[2]}))

    assert counts["k1.1", "recover"] >= 1
    assert counts["k1.1", "stalled"] >= 1


def test_a_step_may_name_the_request() -> None:
    steps = '["lose p1>c1 readings of k2.1 #2", "delay c1>p1 of k1.1 #1 by 90ms"]'
    result = run(listed(**{"faults.steps": steps}), 1)

    assert [told.happened for told in result.steps] == [True, True]
    assert result.messages["lost"] == 1


def test_a_step_of_a_request_that_nobody_makes_never_comes() -> None:
    result = run(listed(**{"faults.steps": "lose c1>p1 of k2.7 #1"}), 1)

    assert [told.happened for told in result.steps] == [False]
