"""The lossy network, and what every `Transport` promises."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.host import Transport
from network.lossy import BOX_FRAMES_MAX
from network.weather import CARRIED, LATE, LOST, PERMILLE, REPEATED, LogNormal, Uniform, Weather
from sim.chance import NamedChance
from tests.builders import CALM, Wires

LOSES = Weather(Uniform(100, 1_000), loss=1.0)
REPEATS = Weather(Uniform(100, 1_000), repeat=1.0, late_us=5_000)
LATES = Weather(Uniform(100, 1_000), late=1.0, late_us=5_000)
ROUGH = Weather(Uniform(100, 1_000), loss=0.2, repeat=0.2, late=0.2, late_us=5_000)
ABC = (b"a", b"b", b"c")


def wires(weather: Weather = CALM, seed: int = 1) -> Wires:
    made = Wires(weather, seed)
    made.join("b", "c")
    return made


# Transport ----------------------------------------------------------------------------------------


def test_a_calm_network_is_a_transport_that_delivers_everything_once() -> None:
    net = wires()
    transport: Transport = net.network

    for frame in ABC:
        transport.send("a", "b", frame)
    transport.send("a", "c", b"other")
    net.settle()

    assert sorted(net.got["b"]) == list(ABC)
    assert net.got["c"] == [b"other"]


def test_nothing_is_delivered_while_it_is_sent() -> None:
    net = wires()

    net.send(b"a")

    assert net.got["b"] == []


def test_a_host_may_talk_to_itself() -> None:
    net = wires()

    net.send(b"a", source="b")
    net.settle()

    assert net.got["b"] == [b"a"]


def test_what_is_for_nobody_is_lost() -> None:
    net = wires()

    net.send(b"a", target="nobody")
    net.settle()

    assert net.watcher.losses == ["host down"]


def test_who_has_left_gets_nothing_of_what_was_on_its_way() -> None:
    net = wires()
    net.send(b"a")

    net.network.leave("b")
    net.settle()

    assert net.got["b"] == []
    assert net.watcher.losses == ["host down"]


# Fates --------------------------------------------------------------------------------------------


def test_a_lost_message_does_not_arrive() -> None:
    net = wires(LOSES)

    net.send(*ABC)
    net.settle()

    assert net.got["b"] == []
    assert net.watcher.losses == ["loss"] * 3


def test_a_repeated_message_arrives_twice() -> None:
    net = wires(REPEATS)

    net.send(*ABC)
    net.settle()

    assert Counter(net.got["b"]) == {b"a": 2, b"b": 2, b"c": 2}


@given(st.integers(0, 10_000))
def test_a_late_message_takes_up_to_so_much_longer(seed: int) -> None:
    net = wires(LATES, seed)

    net.send(b"a")
    net.settle()

    (when_us,) = net.when_us
    assert 100 <= when_us <= 6_000


@given(st.integers(0, 10_000))
def test_a_message_takes_as_long_as_the_weather_says(seed: int) -> None:
    net = wires(seed=seed)

    net.send(*ABC)
    net.settle()

    assert all(100 <= when_us <= 1_000 for when_us in net.when_us)


def test_messages_overtake_each_other() -> None:
    net = wires()
    frames = [bytes([n]) for n in range(50)]

    net.send(*frames)
    net.settle()

    assert net.got["b"] != frames
    assert sorted(net.got["b"]) == frames


def test_fates_come_as_often_as_the_weather_says() -> None:
    net = wires(ROUGH)

    net.send(*[b"x"] * 10_000)

    counts = Counter(net.watcher.fates)
    assert 3_800 < counts.pop(CARRIED) < 4_200
    assert all(1_800 < count < 2_200 for count in counts.values())
    assert len(counts) == 3


def test_each_link_has_fates_of_its_own() -> None:
    """What is sent elsewhere shifts nothing here."""
    alone, beside = wires(ROUGH), wires(ROUGH)

    alone.send(*ABC * 10)
    for frame in ABC * 10:
        beside.send(b"noise", target="c")
        beside.send(frame)
        beside.send(b"noise", source="c")
    alone.settle()
    beside.settle()

    assert [one for one in beside.got["b"] if one != b"noise"] == alone.got["b"]


def test_a_change_of_the_weather_is_for_what_is_sent_from_now_on() -> None:
    net = wires()
    net.send(b"a")

    net.network.change_weather(LOSES)
    net.send(b"b")
    net.send(b"c", target="c")
    net.settle()

    assert (net.got["b"], net.got["c"]) == ([b"a"], [])


def test_a_forced_fate_is_the_next_messages() -> None:
    chance = NamedChance(1, {("a>b fate", 2): (1 << 32) - 1})
    net = wires(ROUGH)
    net.network = type(net.network)(
        net.loop, chance, Weather(Uniform(1, 1), loss=0.01), net.watcher
    )
    net.join("b")

    net.send(*ABC)
    net.settle()

    assert net.watcher.losses == ["loss"]
    assert net.got["b"] == [b"a", b"c"]


def test_a_link_cannot_lose_and_repeat_more_than_it_carries() -> None:
    with pytest.raises(AssertionError, match="more than it carries"):
        Weather(Uniform(1, 1), loss=0.6, repeat=0.6)


# Obstacles ----------------------------------------------------------------------------------------


def test_a_cut_loses_what_is_on_its_way_in_one_direction() -> None:
    net = wires()
    net.join("a")
    net.send(b"there")
    net.send(b"back", source="b", target="a")

    net.network.link("a", "b").cut = True
    net.settle()

    assert (net.got["b"], net.got["a"]) == ([], [b"back"])
    assert net.watcher.losses == ["link cut"]


def test_a_link_that_has_healed_delivers_again() -> None:
    net = wires()
    net.network.link("a", "b").cut = True
    net.network.link("a", "b").cut = False

    net.send(b"a")
    net.settle()

    assert net.got["b"] == [b"a"]


def held(*frames: bytes) -> Wires:
    """Return a network whose link a>b has these frames in its box."""
    net = Wires(Weather(Uniform(100, 100)))
    net.join("b")
    net.network.hold("a", "b")
    net.send(*frames)
    net.settle()
    return net


def test_a_held_link_delivers_when_it_is_released() -> None:
    net = held(*ABC)
    assert net.got["b"] == []

    net.network.release("a", "b")

    assert net.got["b"] == list(ABC)


def test_a_box_may_be_emptied_newest_first() -> None:
    net = held(*ABC)

    net.network.release("a", "b", newest_first=True)

    assert net.got["b"] == list(reversed(ABC))


def test_a_link_that_is_held_twice_keeps_its_box() -> None:
    net = held(*ABC)

    net.network.hold("a", "b")
    net.network.release("a", "b")

    assert net.got["b"] == list(ABC)


def test_a_released_link_holds_no_longer() -> None:
    net = held()
    net.network.release("a", "b")

    net.send(b"a")
    net.settle()

    assert net.got["b"] == [b"a"]


def test_a_host_that_is_down_gets_nothing_out_of_its_box() -> None:
    net = held(*ABC)

    net.network.leave("b")
    net.network.release("a", "b")

    assert net.watcher.losses == ["host down"] * 3


def test_a_full_box_loses_what_comes_on_top() -> None:
    net = held(*[b"x"] * (BOX_FRAMES_MAX + 2))

    assert net.watcher.losses == ["box full"] * 2


# Pauses -------------------------------------------------------------------------------------------


def test_a_paused_host_gets_what_arrived_when_it_goes_on() -> None:
    net = wires(Weather(Uniform(100, 100)))
    net.network.pause("b")

    net.send(*ABC)
    net.settle()
    assert net.got["b"] == []
    net.network.resume("b")

    assert net.got["b"] == list(ABC)
    net.send(b"d")
    net.settle()
    assert net.got["b"] == [*ABC, b"d"]


def test_what_has_arrived_is_not_lost_to_a_cut_that_comes_later() -> None:
    net = wires(Weather(Uniform(100, 100)))
    net.network.pause("b")
    net.send(b"a")
    net.settle()

    net.network.link("a", "b").cut = True
    net.network.resume("b")

    assert net.got["b"] == [b"a"]


def test_a_host_that_crashes_in_its_pause_loses_what_has_arrived() -> None:
    net = wires()
    net.network.pause("b")
    net.send(*ABC)
    net.settle()

    net.network.leave("b")
    net.network.resume("b")

    assert net.got["b"] == []
    assert net.watcher.losses == ["host down"] * 3


def test_a_host_that_is_paused_again_meanwhile_keeps_the_rest_waiting() -> None:
    net = wires(Weather(Uniform(100, 100)))
    got: list[bytes] = []

    def receive(frame: bytes) -> None:
        got.append(frame)
        if len(got) == 1:
            net.network.pause("b")

    net.network.join("b", receive)
    net.network.pause("b")
    net.send(*ABC)
    net.settle()

    net.network.resume("b")
    assert got == [b"a"]
    net.network.resume("b")
    assert got == list(ABC)


def test_the_door_of_a_paused_host_has_room_for_so_much() -> None:
    net = wires(Weather(Uniform(100, 100)))
    net.network.pause("b")

    net.send(*[b"x"] * (BOX_FRAMES_MAX + 2))
    net.settle()

    assert net.watcher.losses == ["box full"] * 2


# Clogs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [Uniform(100, 200), LogNormal(100)])
def test_a_clogged_link_takes_so_many_times_as_long(delay: Uniform | LogNormal) -> None:
    plain, clogged = wires(Weather(delay)), wires(Weather(delay))
    clogged.network.clog("a", "b", times=10)

    for net in (plain, clogged):
        net.send(*ABC)
        net.settle()

    assert min(clogged.when_us) > max(plain.when_us) or isinstance(delay, LogNormal)
    assert sum(clogged.when_us) > 5 * sum(plain.when_us)


def test_only_the_link_that_is_clogged_is_slow_and_only_for_so_long() -> None:
    net = wires(Weather(Uniform(100, 100)))
    net.network.clog("a", "b", times=10)
    net.send(b"other", target="c")
    net.send(b"slow")
    net.network.clog("a", "b", times=1)
    net.send(b"fast")

    net.settle()

    assert net.when_us == [100, 100, 1_000]


# Chosen fates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fate", "later_us", "when"),
    [
        (CARRIED, None, [100]),
        (LOST, None, []),
        (LATE, 50, [150]),
        (REPEATED, 70, [100, 170]),
    ],
)
def test_a_fate_may_be_chosen(fate: int, later_us: int | None, when: list[int]) -> None:
    net = wires(Weather(Uniform(100, 100)))

    net.network.send_as("a", "b", b"a", fate, later_us)
    net.settle()

    assert net.when_us == when
    assert net.network.link("a", "b").sent == 1


def test_a_link_is_told_of_when_it_is_first_used() -> None:
    net = wires()
    met: list[str] = []
    net.network.met = lambda link: met.append(f"{link.source}>{link.target}")

    net.send(*ABC)
    net.send(b"a", target="c")

    assert met == ["a>b", "a>c"]


# Delays -------------------------------------------------------------------------------------------


def test_a_log_normal_delay_has_its_median_in_its_middle() -> None:
    middle = len(PERMILLE) // 2

    assert list(PERMILLE) == sorted(PERMILLE)
    assert PERMILLE[middle - 1] < 1_000 < PERMILLE[middle]
    assert LogNormal(500).longest_us == 500 * PERMILLE[-1] // 1_000


@given(st.integers(0, 1_000), st.integers(1, 100_000))
def test_no_delay_is_longer_than_the_longest(seed: int, median_us: int) -> None:
    net = wires(Weather(LogNormal(median_us)), seed)

    net.send(*ABC)
    net.settle()

    assert all(1 <= when_us <= LogNormal(median_us).longest_us for when_us in net.when_us)
