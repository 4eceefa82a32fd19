"""A recording: every message with what became of it, and whose it is."""

import pytest

from network.messages import Commit, Prepare, Request, Response
from sim.cluster_run import Run
from sim.report import recording as recordings
from sim.report.recording import Arrived, Lost, Recorder, Sent
from sim.run import run
from sim.scenario import load
from tests.sim.report.builders import recording

LOSSY = {
    "workload.transactions": "40",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "network.late": "0.05",
    "faults.crashes": "2",
    "faults.pauses": "2",
}


def test_every_message_is_there_with_its_end() -> None:
    made = recording("bank", 5, LOSSY)
    sent = [moment for moment in made.moments if isinstance(moment, Sent)]
    result = made.result
    assert result is not None

    assert len(sent) == result.messages["sent"]
    assert sum(len(one.arrivals_us) for one in sent) == result.messages["delivered"]
    assert (
        sum(isinstance(moment, Arrived) for moment in made.moments) == result.messages["delivered"]
    )
    assert sum(isinstance(moment, Lost) for moment in made.moments) == result.messages["lost"]
    assert {one.fate for one in sent} == {"carried", "lost", "repeated", "late"}
    assert {one.because for one in sent} >= {"", "loss", "host down"}
    assert any(one.held_us is not None for one in sent)
    assert any(one.again for one in sent)


def test_to_listen_changes_nothing() -> None:
    made = recording("bank", 5, LOSSY)

    assert made.result is not None
    assert made.result.digest == run(load("bank", LOSSY), 5).digest


def test_messages_of_a_transaction_belong_to_its_call() -> None:
    made = recording("bank", 5, LOSSY)
    tokens = {
        one.request["ClientRequestToken"]: one.call
        for one in made.operations
        if one.name == "TransactWriteItems"
    }
    ids = {}
    seen = 0
    for sent in [moment for moment in made.moments if isinstance(moment, Sent)]:
        message = sent.message
        if isinstance(message, Request):
            assert sent.call == message.call
        if isinstance(message, Prepare):
            assert sent.call == tokens[message.entry]
            ids[message.transaction] = sent.call
        if isinstance(message, Commit):
            assert sent.call == ids[message.transaction]
            seen += 1
        if isinstance(message, Response):
            assert sent.call.startswith(f"{sent.target}/")
    assert seen > 20
    assert {one.id for calls in made.calls.transactions.values() for one in calls} == set(ids)


def test_what_is_too_much_is_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MOMENTS_MAX", 500)
    going, recorder = Run(load("bank", {"workload.transactions": "20"}), 1), Recorder()
    going.listen(recorder)
    going.go()

    assert len(recorder.moments) == 500
    assert recorder.unkept > 500
