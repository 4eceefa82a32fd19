"""Links in trouble: faults overlap, and a link is whole when the last one has ended."""

from network.weather import Uniform, Weather
from sim.faults.links import Links, said
from sim.loop import new_loop
from sim.trace import Event, Trace
from tests.builders import Wires

AB, BA, AC = ("a", "b"), ("b", "a"), ("a", "c")


class Scene:
    """A network, what is wrong with it, and what was told of it."""

    def __init__(self) -> None:
        self.wires = Wires(Weather(Uniform(100, 100)))
        self.wires.join("a", "b", "c")
        self.events: list[Event] = []
        trace = Trace(new_loop())
        trace.listen(self.events.append)
        self.links = Links(self.wires.network, trace)

    def sends(self, source: str, target: str) -> int:
        """Send a message; return how many of it arrive, and after how long."""
        before, now_us = len(self.wires.got[target]), self.wires.loop.now_us
        self.wires.send(b"x", source=source, target=target)
        self.wires.settle()
        if len(self.wires.got[target]) == before:
            return 0
        return self.wires.when_us[-1] - now_us


def test_a_link_that_two_have_cut_is_whole_when_both_have_ended() -> None:
    scene = Scene()
    scene.links.cut(AB)
    scene.links.cut(AB)

    scene.links.join(AB)
    assert scene.sends(*AB) == 0
    scene.links.join(AB)

    assert scene.sends(*AB) == 100
    assert [event.name for event in scene.events] == ["link.cut", "link.healed"]


def test_a_cut_is_of_one_direction() -> None:
    scene = Scene()
    scene.links.cut(AB)

    assert (scene.sends(*AB), scene.sends(*BA)) == (0, 100)


def test_a_split_cuts_all_links_between_groups_new_ones_as_well() -> None:
    scene = Scene()
    scene.sends(*AB)

    scene.links.split({"a": 0, "b": 1, "c": 0})
    assert [scene.sends(*one) for one in (AB, BA, AC)] == [0, 0, 100]
    scene.links.unite({"a": 0, "b": 1, "c": 0})

    assert [scene.sends(*one) for one in (AB, BA, AC)] == [100] * 3


def test_a_host_that_is_born_is_in_the_group_of_the_host_that_it_was_born_of() -> None:
    scene = Scene()
    scene.links.born("early", "a")
    scene.links.split({"a": 0, "b": 1, "c": 0})
    scene.links.born("late", "b")
    scene.links.born("later", "late")
    scene.wires.join("early", "late", "later")

    met = [(one, host) for one in ("early", "late", "later") for host in ("a", "b", "c")]
    assert [scene.sends(*one) for one in met] == [100, 0, 100, *[0, 100, 0] * 2]
    assert [scene.sends("early", "late"), scene.sends("late", "later")] == [0, 100]
    scene.links.unite({"a": 0, "b": 1, "c": 0})

    assert [scene.sends(*one) for one in met] == [100] * 9


def test_a_link_that_is_cut_within_a_split_stays_cut_after_it() -> None:
    scene = Scene()
    scene.links.split({"a": 0, "b": 1})
    scene.links.cut(AB)

    scene.links.unite({"a": 0, "b": 1})
    assert (scene.sends(*AB), scene.sends(*BA)) == (0, 100)
    scene.links.join(AB)

    assert scene.sends(*AB) == 100


def test_a_cut_that_ends_within_a_split_leaves_the_split() -> None:
    scene = Scene()
    scene.links.cut(AB)
    scene.links.split({"a": 0, "b": 1})

    scene.links.join(AB)

    assert scene.sends(*AB) == 0


def test_of_two_clogs_the_worse_one_holds() -> None:
    scene = Scene()
    scene.links.clog([AB], 10)
    scene.links.clog([AB], 50)

    assert scene.sends(*AB) == 5_000
    scene.links.unclog([AB], 50)
    assert scene.sends(*AB) == 1_000
    scene.links.unclog([AB], 10)
    assert scene.sends(*AB) == 100


def test_a_link_that_two_hold_is_released_by_the_second() -> None:
    scene = Scene()
    scene.links.hold(AB)
    scene.links.hold(AB)
    assert scene.sends(*AB) == 0

    scene.links.release(AB)
    assert scene.wires.got["b"] == []
    scene.links.release(AB, newest_first=True)

    assert scene.wires.got["b"] == [b"x"]


def test_everything_is_healed_at_once() -> None:
    scene = Scene()
    scene.links.cut(AB)
    scene.links.cut(AB)
    scene.links.clog([BA], 10)
    scene.links.hold(AC)
    scene.links.split({"a": 0, "b": 1, "c": 2})
    scene.sends(*AC)

    scene.links.heal()

    assert [scene.sends(*one) for one in (AB, BA, AC)] == [100] * 3
    assert scene.wires.network.met is None


def test_groups_are_told_host_by_host() -> None:
    assert said({"a": 0, "b": 1, "c": 0}) == "a c | b"
