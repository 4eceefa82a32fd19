"""Files of histories: what is read from them, and the line that is named where one is malformed."""

import gzip
import io
import json
import lzma
from typing import Any

import pytest

from sim.checkers import histories
from sim.checkers.graph import Txn
from sim.checkers.histories import HistoryReader, MalformedError


def entry(kind: str, process: Any = 0, value: Any = None, **more: Any) -> str:
    return json.dumps({"type": kind, "process": process, "f": "txn", "value": value, **more})


def read(*lines: str) -> list[Txn]:
    return list(HistoryReader(io.BytesIO("\n".join(lines).encode())))


APPEND = [["append", "x", 1], ["r", "y", None]]
ANSWER = [["append", "x", 1], ["r", "y", [1, 2]]]


def test_an_invocation_and_its_end_are_one_transaction() -> None:
    txns = read(entry("invoke", value=APPEND), entry("ok", value=ANSWER))

    assert txns == [Txn(0, [("append", "x", 1), ("r", "y", [1, 2])], 0, 1, "ok")]


def test_a_transaction_is_called_by_the_index_of_its_invocation() -> None:
    lines = (entry("invoke", value=APPEND, index=7), entry("ok", value=ANSWER, index=12))

    (txn,) = read(*lines)

    assert (txn.id, txn.invoked, txn.returned) == (7, 7, 12)


def test_processes_are_told_apart() -> None:
    txns = read(
        entry("invoke", 0, [["w", "x", 1]]),
        entry("invoke", "b", [["r", "x", None]]),
        entry("ok", "b", [["r", "x", None]]),
        entry("ok", 0, [["w", "x", 1]]),
    )

    assert [txn.id for txn in txns] == [1, 0]
    assert [txn.returned for txn in txns] == [2, 3]


@pytest.mark.parametrize("end", [[entry("info")], []], ids=["info", "no end"])
def test_what_nobody_knows_the_end_of_is_unknown(end: list[str]) -> None:
    (txn,) = read(entry("invoke", value=APPEND), *end)

    assert txn.status == "info"
    assert txn.returned is None


def test_a_failure_needs_no_value() -> None:
    (txn,) = read(entry("invoke", value=APPEND), '{"type":"fail","process":0}')

    assert txn.status == "fail"


def test_a_process_goes_on_after_an_unknown_outcome() -> None:
    txns = read(
        entry("invoke", value=[["w", "x", 1]]),
        entry("info"),
        entry("invoke", value=[["w", "x", 2]]),
        entry("ok", value=[["w", "x", 2]]),
    )

    assert [txn.status for txn in txns] == ["info", "ok"]


def test_blank_lines_and_a_nemesis_are_passed_over() -> None:
    txns = read(
        "",
        entry("info", "nemesis", "cut", f="start"),
        entry("invoke", value=APPEND),
        "  ",
        entry("ok", value=ANSWER),
    )

    assert len(txns) == 1


def test_true_and_1_are_two_keys() -> None:
    ops = [["w", True, 1], ["w", 1, 2], ["w", False, 3], ["w", 0, 4]]

    (txn,) = read(entry("invoke", value=ops), entry("ok", value=ops))

    assert len({key for _, key, _ in txn.ops}) == 4


def test_an_empty_file_is_an_empty_history() -> None:
    assert read() == []


INVOKE = entry("invoke", value=APPEND)
MALFORMED: dict[str, tuple[list[str], int, str]] = {
    "no JSON": (["{"], 1, "not JSON"),
    "no JSON further down": ([INVOKE, "ok"], 2, "not JSON"),
    "cut off": ([INVOKE, '{"index":1,"type":"ok"\n'], 2, "(Expecting ',' delimiter, column 23);"),
    "EDN": (
        ["{:index 0, :type :invoke}"],
        1,
        "EDN, which is for Elle alone; a history is lines of",
    ),
    "not a number": (['{"type":NaN}'], 1, "NaN"),
    "a list": (["[]"], 1, "not a JSON object"),
    "deep": (["[" * 100_000], 1, "not JSON"),
    "an unknown type": ([entry("done")], 1, "type must be invoke, ok, fail or info"),
    "no type": (['{"process":1}'], 1, "type must be"),
    "an end without a beginning": ([entry("ok", value=ANSWER)], 1, "has invoked none"),
    "an end too many": (
        [INVOKE, entry("ok", value=ANSWER), entry("ok", value=ANSWER)],
        3,
        "has invoked none",
    ),
    "invoked twice": ([INVOKE, INVOKE], 2, "that of line 1 has not ended"),
    "no process": (['{"type":"invoke","value":[]}'], 1, "process must be"),
    "a process that is none": ([entry("invoke", [1], APPEND)], 1, "process must be"),
    "another f": ([entry("invoke", value=APPEND, f="read")], 1, 'f must be "txn"'),
    "no value": ([entry("invoke")], 1, "value must be a list"),
    "an operation that is none": ([entry("invoke", value=[["cas", "x", 1]])], 1, "an operation is"),
    "a short operation": ([entry("invoke", value=[["r", "x"]])], 1, "an operation is"),
    "operations that are no lists": ([entry("invoke", value=["rx1"])], 1, "an operation is"),
    "a list as a key": ([entry("invoke", value=[["r", [1], None]])], 1, "a key is"),
    "nothing is written": ([entry("invoke", value=[["w", "x", None]])], 1, "must be a number"),
    "a list is written": ([entry("invoke", value=[["w", "x", [1]]])], 1, "must be a number"),
    "1 is answered by true": (
        [entry("invoke", value=[["w", "x", 1]]), entry("ok", value=[["w", "x", True]])],
        2,
        "does not answer",
    ),
    "a number beyond all others": (['{"type":"invoke","value":[["w","x",1e999]]}'], 1, "1e999"),
    "true is written": ([entry("invoke", value=[["w", "x", True]])], 1, "must be a number"),
    "an answer with less": ([INVOKE, entry("ok", value=ANSWER[:1])], 2, "2 operations"),
    "an answer without value": ([INVOKE, entry("ok")], 2, "2 operations"),
    "an answer with another write": (
        [INVOKE, entry("ok", value=[["append", "x", 2], ["r", "y", []]])],
        2,
        "does not answer",
    ),
    "an answer about another key": (
        [INVOKE, entry("ok", value=[["append", "x", 1], ["r", "z", []]])],
        2,
        "does not answer",
    ),
    "an object is read": (
        [INVOKE, entry("ok", value=[["append", "x", 1], ["r", "y", {}]])],
        2,
        "what is read",
    ),
    "an index that falls": (
        [entry("invoke", value=APPEND, index=5), entry("ok", value=ANSWER, index=5)],
        2,
        "rising",
    ),
    "a first index below nothing": (
        [entry("invoke", value=APPEND, index=-5)],
        1,
        "index must be 0 or more, not -5",
    ),
    "a number of many digits": (
        [f'{{"type":"invoke","value":[["w","x",{"9" * 5_000}]]}}'],
        1,
        "a whole number has 4,300 digits at most",
    ),
    "an index that is a text": ([entry("invoke", value=APPEND, index="1")], 1, "index must"),
    "a time that is a text": ([entry("invoke", value=APPEND, time="1")], 1, "time must"),
    "a time that is a long text": (
        [entry("invoke", value=APPEND, time="1" * 100)],
        1,
        f'time must be a number, not "{"1" * 59} …',
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_line_is_named(name: str) -> None:
    lines, number, told = MALFORMED[name]

    with pytest.raises(MalformedError) as error:
        read(*lines)

    assert str(error.value).startswith(f"line {number}: ")
    assert told in str(error.value)
    assert len(str(error.value)) < 400


def test_text_in_another_encoding_is_refused() -> None:
    with pytest.raises(MalformedError, match="line 1: not UTF-8"):
        list(HistoryReader(io.BytesIO(b"{\xff}")))


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        (gzip.compress(b"{}", mtime=0), "compressed with gzip"),
        (lzma.compress(b"{}"), "compressed with xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00\xff", "compressed with zstd"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-be"), "not JSON"),  # Without a mark it could be anything.
    ],
)
def test_a_file_of_another_form_is_named(packed: bytes, told: str) -> None:
    with pytest.raises(MalformedError, match=f"line 1: {told}"):
        list(HistoryReader(io.BytesIO(packed)))


def test_there_is_a_limit_to_lines_operations_and_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(histories, "LINE_BYTES_MAX", 200)
    monkeypatch.setattr(histories, "OPS_MAX", 2)
    monkeypatch.setattr(histories, "TRANSACTIONS_MAX", 1)

    with pytest.raises(MalformedError, match="line 1: longer"):
        read(" " * 300)
    with pytest.raises(MalformedError, match="line 1: more than 2 operations"):
        read(entry("invoke", value=[["r", 1, None]] * 3))
    with pytest.raises(MalformedError, match="line 4: more than 1 transactions"):
        read(*[INVOKE, entry("ok", value=ANSWER)] * 2)


def test_how_much_was_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "PROGRESS_LINES", 1)
    sizes: list[int] = []
    lines = f"{INVOKE}\n{entry('ok', value=ANSWER)}\n".encode()

    assert len(list(HistoryReader(io.BytesIO(lines), sizes.append))) == 1
    assert sizes[-1] == len(lines)
