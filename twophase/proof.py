"""Check the proof of a run, knowing nothing of how the run was made.

Nothing here is shared with the checks of runs, and nothing is imported but the reading of JSON and
a hash.  Values are opaque: a read must find what the last write before it left, in the order of the
lines and, for the writers, in that of their timestamps; and of two operations but GetItem, one
answered before the other was asked for comes first.
"""

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

Line = dict[str, Any]


class MalformedError(ValueError):
    """The text is no proof at all."""


class RefutedError(Exception):
    """The text is no proof of what it claims."""


def verified(texts: Sequence[str]) -> Line:
    """Check every claim of a proof, given line by line; return what it proves.

    Raises:
        MalformedError: It does not even look like a proof.
        RefutedError: A claim does not hold, or a line is not as it was written.
    """
    lines = [_parsed(n, text) for n, text in enumerate(texts, 1)]
    if not lines or lines[0].get("proof") != 1:
        raise MalformedError("the first line is to be the header of a proof")
    is_ended = len(lines) > 2 and "data" in lines[-2] and "seal" in lines[-1]
    _claim(is_ended, "the last two lines are to be the data at the end and the seal")
    try:
        data = {json.dumps(place): item for place, item in lines[-2]["data"]}
        _claim(len(data) == len(lines[-2]["data"]), "a place has two values at the end")
        told = _judged(lines[1:-2], data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedError("some line is not as lines of a proof are") from error
    sealed = "".join(f"{text}\n" for text in texts[:-1])
    seal = {"seal": blake2b(sealed.encode(), digest_size=16).hexdigest()}
    _claim(lines[-1] == seal, "the seal is broken: some line is not as it was written")
    return {"scenario": lines[0].get("scenario"), "seed": lines[0].get("seed"), **told}


def _claim(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RefutedError(otherwise)


def _parsed(n: int, text: str) -> Line:
    try:
        return dict(json.loads(text).items())
    except (AttributeError, ValueError, RecursionError) as error:
        raise MalformedError(f"line {n} is not a JSON object") from error


def _judged(lines: list[Line], data: Line) -> Line:
    for n, line in enumerate(lines, 1):
        _claim(line["n"] == n, f"operation {n} is missing: {line['n']} is in its place")
        has_time = line["timestamp"] is not None or not line["writes"]
        _claim(has_time, f"{line['call']} writes, and has no timestamp")
        times = [time for time in (line["invoked_us"], line["returned_us"]) if time is not None]
        is_time = all(type(time) is int for time in times) and times == sorted(times)
        _claim(is_time, f"{line['call']} was over before it began, or at no time")
    _carry_out(lines, data, "in the order of instants")
    writers = [line for line in lines if line["timestamp"] is not None]
    writers.sort(key=lambda line: line["timestamp"])
    written = [json.dumps([line["timestamp"], at]) for line in writers for at, _ in line["writes"]]
    _claim(len(set(written)) == len(written), "two operations write a place at one timestamp")
    _carry_out(writers, data, "in the order of timestamps")
    if late := _late([line for line in lines if line["f"] != "GetItem" or line["writes"]]):
        raise RefutedError(f"real time is not kept: {late}")
    return {"operations": len(lines), "writers": len(writers), "late": _late(lines)}


def _carry_out(lines: list[Line], data: Line, how: str) -> None:
    """Carry the operations out one after the other."""
    state: Line = {}
    for line in lines:
        for place, item in line["reads"]:
            if state.get(json.dumps(place)) != item:
                raise RefutedError(f"{how}, {line['call']} cannot have found {place} as it says")
        state.update({json.dumps(place): item for place, item in line["writes"]})
    left = {place: item for place, item in state.items() if item is not None}
    _claim(left == data, f"{how}, the operations do not leave the data at the end")


def _late(lines: list[Line]) -> str:
    """Name an operation that was over before one that comes before it was asked for, if any."""
    latest: Line = {"invoked_us": -1}
    for line in lines:
        if line["returned_us"] is not None and line["returned_us"] < latest["invoked_us"]:
            return f"{line['call']} was over before {latest['call']} began, and comes after it"
        latest = max(latest, line, key=lambda one: one["invoked_us"])
    return ""
