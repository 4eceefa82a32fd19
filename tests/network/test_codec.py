"""The codec: whatever is said comes back as it was, and garbage is nothing but garbage."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.actions import Action
from items.errors import Reason
from network import codec
from network.codec import CodecError, codec_of, decode, encode, pack, unpack
from network.ids import Timestamp
from network.messages import MESSAGES, Accept, Envelope, Read, Readings, from_frame, to_frame
from tests.builders import add, at, check, delete, prepare, put
from tests.items.strategies import items, texts, values
from tests.network import strategies

FRAME = to_frame("c1", 7, 0, prepare(put(), add("b"), check("c"), delete("d")))
numbers = st.integers(0, 2**63)
wires = strategies.of(Any)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_a_message_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    message = data.draw(strategies.of(kind))
    source, number, reply_to = data.draw(st.tuples(texts(), numbers, numbers))

    frame = to_frame(source, number, reply_to, message)

    envelope = from_frame(frame)
    assert envelope == Envelope(source, number, reply_to, message)
    assert type(envelope.message) is kind
    assert to_frame(*envelope) == frame


@given(st.sampled_from(MESSAGES).flatmap(strategies.of))
def test_every_receiver_gets_a_message_of_its_own(message: Any) -> None:
    frame = to_frame("c1", 1, 0, message)

    assert from_frame(frame).message is not from_frame(frame).message


@given(strategies.of(tuple[Action, ...]))
def test_actions_come_back_as_they_were(actions: tuple[Action, ...]) -> None:
    assert decode(encode(actions, tuple[Action, ...]), tuple[Action, ...]) == actions


@given(items())
def test_an_item_comes_back_as_it_was(item: Any) -> None:
    assert unpack(pack(item)) == item


@given(values())
def test_lists_are_read_where_json_is_read(value: Any) -> None:
    assert unpack(pack(value), lists=True)[0] == value[0]
    assert isinstance(unpack(pack(value), lists=True), list)


@given(st.binary(max_size=64))
def test_noise_is_no_frame(noise: bytes) -> None:
    with pytest.raises(CodecError):
        from_frame(noise)


@given(st.binary(max_size=64))
def test_noise_is_a_value_or_none(noise: bytes) -> None:
    for annotation in (Timestamp, Reason, tuple[Reason, ...], Accept):
        with suppress(CodecError):
            decode(noise, annotation)


@given(st.integers(0, len(FRAME) - 1))
def test_a_frame_that_was_cut_short_is_none(length: int) -> None:
    with pytest.raises(CodecError):
        from_frame(FRAME[:length])


@given(st.binary(min_size=1, max_size=8))
def test_a_frame_with_more_behind_it_is_none(more: bytes) -> None:
    with pytest.raises(CodecError):
        from_frame(FRAME + more)


@given(st.integers(0, len(FRAME) - 1), st.integers(1, 255))
def test_a_frame_with_a_wrong_byte_is_a_frame_or_none(place: int, change: int) -> None:
    frame = bytearray(FRAME)
    frame[place] ^= change

    with suppress(CodecError):
        from_frame(bytes(frame))


@given(wires)
def test_whatever_is_no_envelope_is_a_frame_or_none(wire: Any) -> None:
    with suppress(CodecError):
        from_frame(pack(wire))


@given(texts(), wires, wires, st.integers(-40, 40), wires)
def test_an_envelope_around_garbage_is_a_frame_or_none(
    source: str, number: Any, reply_to: Any, kind: int, fields: Any
) -> None:
    with suppress(CodecError):
        from_frame(pack((source, number, reply_to, kind, fields)))


def test_a_kind_of_message_that_is_none_is_refused() -> None:
    with pytest.raises(CodecError):
        from_frame(pack(("c1", 1, 0, len(MESSAGES), ())))


def test_the_code_that_the_docstring_shows_is_what_is_made() -> None:
    shown = [line.strip() for line in (codec.__doc__ or "").splitlines() if "lambda" in line]

    assert shown == list(codec_of(Readings).sources)


def test_a_timestamp_comes_back_as_it_was() -> None:
    assert decode(encode(Timestamp(5, "c1"), Timestamp), Timestamp) == Timestamp(5, "c1")


def test_what_is_seldom_said_travels_only_then() -> None:
    plain, half = Read((at("a"),), 0, "k1#1"), Read((at("a"),), 0, "k1#1", costs_half=True)

    assert len(unpack(encode(plain, Read))) == 3
    assert len(unpack(encode(half, Read))) == 4
    assert [decode(encode(one, Read), Read) for one in (plain, half)] == [plain, half]
