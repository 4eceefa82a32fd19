"""A trace, read back: the same messages and changes as when the run went on."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sim.cluster_run import Run
from sim.history import Operation
from sim.report.page import run_of
from sim.report.reading import TraceError, events_of, read_trace
from sim.report.recording import Durable, Noted, Origin, Recorder, Sent, recording_of
from sim.report.traced import operations_in
from sim.scenario import load
from sim.trace import Event
from tests.sim.report.builders import recording
from twophase.cli.as_json import dumps
from twophase.cli.files import told

SETTINGS = {"workload.transactions": "40"}
LINE = '{"us":5,"event":"host.crashed","host":"p1"}'


def seen(operations: Sequence[Operation]) -> dict[str, object]:
    """Return what clients saw, by call; what a call asked for is compared elsewhere."""
    return {
        one.call: (
            *(one.client, one.name, one.invoked_us, one.returned_us),
            *(one.attempts, one.status, dumps(one.answer)),
        )
        for one in operations
    }


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What `--trace` writes of a run with singletons, deletes, sets and crashes."""
    found: list[str] = []
    run = Run(load("game-shop", SETTINGS), 1)
    run.listen(
        lambda event: found.append(dumps({"us": event.us, "event": event.name, **told(event)}))
    )
    run.go()
    return found


def test_a_trace_read_back_and_written_again_is_the_same(lines: list[str]) -> None:
    frames: dict[tuple[object, int], object] = {}
    for line, event in zip(lines, events_of("trace", lines), strict=True):
        fields = dict(event.fields)
        if event.name == "message.sent":
            frames[fields["link"], fields["number"]] = fields["frame"]
        if event.name.startswith("message."):
            fields["frame"] = frames[fields["link"], fields["number"]]

        again = told(Event(event.us, event.name, fields))

        assert dumps({"us": event.us, "event": event.name, **again}) == line
    assert len(frames) > 500


def test_a_recording_of_a_trace_is_that_of_its_run(lines: list[str]) -> None:
    of_run = recording("game-shop", 1, SETTINGS)
    recorder = Recorder()
    for event in events_of("trace", lines):
        recorder(event)

    assert len(recorder.moments) == len(of_run.moments)
    for one, other in zip(recorder.moments, of_run.moments, strict=True):
        assert (type(one), one.us) == (type(other), other.us)
        if isinstance(one, Durable) and isinstance(other, Durable):
            assert one == other
        if isinstance(one, Sent) and isinstance(other, Sent):
            assert (one.call, one.fate, one.again) == (other.call, other.fate, other.again)
            assert (one.arrivals_us, one.because) == (other.arrivals_us, other.because)


def test_what_clients_saw_is_in_a_trace(lines: list[str]) -> None:
    of_run = recording("game-shop", 1, SETTINGS)
    recorder = Recorder()
    for event in events_of("trace", lines):
        recorder(event)

    assert seen(operations_in(recorder.moments)) == seen(of_run.operations)


def test_an_answer_that_came_after_its_client_gave_up_is_none() -> None:
    of_run = recording("bookshop", 11, {"faults.all": "2"})

    assert any(one.is_unknown and not one.status for one in of_run.operations)
    assert seen(operations_in(of_run.moments)) == seen(of_run.operations)


def test_whoever_asks_for_something_else_has_given_up_what_it_asked_for_before() -> None:
    """As of traces that do not have the lines of giving up."""
    of_run = recording("bookshop", 11, {"faults.all": "2"})
    silent = [
        one
        for one in of_run.moments
        if not isinstance(one, Noted) or one.event != "request.unknown"
    ]

    found = operations_in(silent)

    unknown = {one.call for one in found if one.is_unknown}
    assert {one.call for one in of_run.operations if one.is_unknown} >= unknown
    assert len(unknown) > 5
    ends: dict[str, int] = {}
    for one in sorted(found, key=lambda one: one.invoked_us):
        assert one.invoked_us >= ends.get(one.client, 0)
        ends[one.client] = one.returned_us


def test_a_page_can_be_made_of_a_trace_alone(lines: list[str]) -> None:
    recorder = Recorder()
    for event in events_of("trace", lines):
        recorder(event)
    origin = Origin("trace", None, None, "")

    run = run_of(recording_of(recorder, origin, operations_in(recorder.moments)))

    of_run = run_of(recording("game-shop", 1, SETTINGS))
    assert run["messages"]["us"] == of_run["messages"]["us"]
    assert run["bands"] == of_run["bands"]
    assert run["writes"] == of_run["writes"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "line 2"),
        ("no json", "line 2"),
        ("[1]", "line 2"),
        ('{"us":-1,"event":"host.crashed","host":"p1"}', "'us'"),
        ('{"us":1,"event":"host.vanished","host":"p1"}', "no event 'host.vanished'"),
        ('{"us":1,"event":"message.delivered","link":"p1","n":1}', "'link'"),
        (
            '{"us":1,"event":"message.sent","link":"a>b","n":1,"kind":"Howl","fate":"carried"}',
            "Howl",
        ),
        ('{"us":1,"event":"change.durable","host":"p1"}', "cause"),
        ('{"us":true,"event":"host.crashed","host":"p1"}', "'us'"),
        ('{"us":1,"event":1.5,"host":"p1"}', "of another type"),
        ('{"us":1,"event":"message.held","link":1.5,"n":1}', "of another type"),
        ('{"us":1,"event":"message.held","link":"a>b","n":[1]}', "of another type"),
        (
            '{"us":1,"event":"message.sent","link":"a>b","n":1,"kind":"Done","fate":"lost","id":1,'
            '"reply_to":null,"message":{"changed":[0]}}',
            "of another type",
        ),
    ],
)
def test_a_line_that_is_no_event_is_named(line: str, said: str) -> None:
    with pytest.raises(TraceError, match=r"line 2 of 'file' is no event") as error:
        list(events_of("file", [LINE, line]))

    assert said in str(error.value)


def test_who_reads_a_file_is_told_how_far_it_is(tmp_path: Path) -> None:
    path, told = tmp_path / "trace", list[tuple[int, int]]()
    path.write_text(f"{LINE}\n" * 2_500, encoding="utf-8")

    count = sum(1 for _ in read_trace(str(path), lambda done, size: told.append((done, size))))

    size = path.stat().st_size
    assert count == 2_500
    assert [done for done, _ in told] == [size // 2_500 * (n + 1) for n in (0, 1_000, 2_000)]
    assert {total for _, total in told} == {size}


def test_an_empty_file_is_no_trace(tmp_path: Path) -> None:
    (tmp_path / "trace").touch()

    with pytest.raises(TraceError, match="is empty"):
        list(read_trace(str(tmp_path / "trace")))


def test_what_is_no_text_is_no_trace(tmp_path: Path) -> None:
    (tmp_path / "trace").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(TraceError, match=r"cannot be read: it is not UTF-8$"):
        list(read_trace(str(tmp_path / "trace")))


def test_a_number_of_too_many_digits_is_told_without_words_of_python() -> None:
    with pytest.raises(TraceError, match=r"writes them: it has a number of too many digits$"):
        list(events_of("file", [f'{{"us":{"9" * 5_000},"event":"host.crashed"}}']))


def test_a_line_more_is_an_event_more() -> None:
    assert len(list(events_of("file", [LINE, LINE]))) == 2
    assert json.loads(LINE)["event"] == "host.crashed"
