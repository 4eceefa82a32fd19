"""Checksums: a frame with one changed byte is never taken for another one."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network import lossy
from network.lossy import LossyNetwork
from network.seal import damaged, opened, sealed
from network.weather import CORRUPT, Uniform, Weather
from sim.chance import NamedChance
from tests.builders import Wires

CORRUPTS = Weather(Uniform(100, 1_000), corrupt=1.0)
frames = st.binary(min_size=1, max_size=200)


def wires(weather: Weather = CORRUPTS, seed: int = 1) -> Wires:
    net = Wires()
    net.network = LossyNetwork(net.loop, NamedChance(seed), weather, net.watcher, seals=True)
    net.join("b")
    return net


@given(frames)
def test_a_sealed_frame_opens_as_it_was(frame: bytes) -> None:
    assert opened(sealed(frame)) == frame


@given(frames, st.integers(0, 1 << 32))
def test_a_damaged_frame_does_not_open(frame: bytes, draw: int) -> None:
    whole = sealed(frame)

    spoilt = damaged(whole, draw % (255 * len(whole)))

    assert sum(one != other for one, other in zip(whole, spoilt, strict=True)) == 1
    assert opened(spoilt) is None


def test_a_frame_that_is_cut_short_does_not_open() -> None:
    whole = sealed(b"frame")

    assert [opened(whole[:length]) for length in range(1, len(whole))] == [None] * (len(whole) - 1)


def test_a_corrupt_message_is_dropped_as_it_arrives() -> None:
    net = wires()

    net.send(b"a", b"b")
    assert net.watcher.losses == []
    net.settle()

    assert net.got["b"] == []
    assert net.watcher.losses == ["corrupt"] * 2


def test_without_the_checksum_the_receiver_would_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("network.seal.is_whole", lambda frame, seal: True)
    net = wires(Weather(Uniform(100, 100), corrupt=1.0))

    net.send(*[b"frame"] * 20)
    net.settle()

    read = Counter(net.got["b"])
    assert sum(read.values()) == 20
    assert set(read) - {b"frame"}  # Not all: sometimes it is the checksum that was hit.


def test_what_is_whole_arrives_through_a_network_that_seals() -> None:
    net = wires(Weather(Uniform(100, 100)))

    net.send(b"a", b"b")
    net.settle()

    assert net.got["b"] == [b"a", b"b"]


def test_frames_are_corrupt_as_often_as_the_weather_says() -> None:
    net = wires(Weather(Uniform(100, 100), loss=0.1, repeat=0.1, late=0.1, corrupt=0.2))

    net.send(*[b"x"] * 5_000)
    net.settle()

    assert 900 < Counter(net.watcher.fates)[CORRUPT] < 1_100
    assert net.watcher.losses.count("corrupt") == Counter(net.watcher.fates)[CORRUPT]


def test_corruption_shifts_no_other_fate() -> None:
    rough = Weather(Uniform(100, 100), loss=0.1, repeat=0.1, late=0.1)
    plain, spoilt = Wires(rough), wires(Weather(Uniform(100, 100), 0.1, 0.1, 0.1, corrupt=0.0))
    plain.join("b")

    for net in (plain, spoilt):
        net.send(*[b"x"] * 500)
        net.settle()

    assert plain.watcher.fates == spoilt.watcher.fates


def test_a_network_without_corruption_does_not_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(frame: bytes) -> bytes:
        raise AssertionError("sealed")

    monkeypatch.setattr(lossy, "sealed", refuse)
    net = Wires(Weather(Uniform(100, 100), loss=0.5, repeat=0.5))
    net.join("b")

    net.send(*[b"x"] * 50)
    net.settle()

    assert net.got["b"]
