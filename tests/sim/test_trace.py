"""The trace: the same events have the same digest, and one differing event has another."""

from collections.abc import Callable

import pytest

from network.events import EVENTS
from network.ids import NEVER
from network.lossy import Link
from network.weather import CARRIED, LATE, LOST, REPEATED
from partition.storage import Changes
from sim.chance import NamedChance
from sim.loop import VirtualLoop, new_loop
from sim.trace import Event, Trace
from tests.builders import CALM


class Scene:
    """A trace, with a link to send on."""

    def __init__(self) -> None:
        self.loop: VirtualLoop = new_loop()
        self.trace = Trace(self.loop)
        self.links = [Link("a", "b", n, CALM, NamedChance(1)) for n in range(2)]

    def play(self, *, frame: bytes = b"frame", link: int = 0, number: int = 1) -> None:
        on = self.links[link]
        self.trace.sent(on, number, frame, CARRIED)
        self.loop.run_for(10)
        self.trace.delivered(on, number, frame)


def play_later(scene: Scene) -> None:
    scene.loop.run_for(1)
    scene.play()


def play_twice(scene: Scene) -> None:
    scene.play()
    scene.play()


Deed = Callable[[Scene], None]
DEEDS: dict[str, Deed] = {
    "nothing": lambda scene: None,
    "another frame": lambda scene: scene.play(frame=b"other"),
    "another link": lambda scene: scene.play(link=1),
    "another number": lambda scene: scene.play(number=2),
    "later": play_later,
    "once": lambda scene: scene.play(),
    "twice": play_twice,
    "lost": lambda scene: scene.trace.lost(scene.links[0], 1, b"frame", "loss"),
    "sent only": lambda scene: scene.trace.sent(scene.links[0], 1, b"frame", CARRIED),
    "sent and lost": lambda scene: scene.trace.sent(scene.links[0], 1, b"frame", LOST),
    "durable": lambda scene: scene.trace.durable("p1", Changes("t1", NEVER, (), (), 1)),
    "durable more": lambda scene: scene.trace.durable("p1", Changes("t1", NEVER, (), (), 2)),
    "crashed": lambda scene: scene.trace.host("host.crashed", "p1"),
    "started": lambda scene: scene.trace.host("host.started", "p1"),
    "another crashed": lambda scene: scene.trace.host("host.crashed", "p2"),
}


def digest(deed: Deed) -> str:
    scene = Scene()
    scene.play()
    deed(scene)
    return scene.trace.digest()


@pytest.mark.parametrize("name", DEEDS)
def test_the_same_events_have_the_same_digest(name: str) -> None:
    assert digest(DEEDS[name]) == digest(DEEDS[name])


def test_each_differing_event_has_a_digest_of_its_own() -> None:
    found = {name: digest(deed) for name, deed in DEEDS.items()}

    assert len(set(found.values())) == len(DEEDS)


def test_asking_for_the_digest_on_the_way_does_not_lose_what_comes_later() -> None:
    scene = Scene()
    before = scene.trace.digest()

    scene.play()

    assert scene.trace.digest() != before


def test_whoever_listens_changes_no_digest() -> None:
    alone, heard = Scene(), Scene()
    heard.trace.listen(lambda event: None)
    alone.play()
    heard.play()

    assert heard.trace.digest() == alone.trace.digest()


def test_a_listener_is_told_when_and_what() -> None:
    scene = Scene()
    events: list[Event] = []
    scene.trace.listen(events.append)

    scene.play()
    scene.trace.lost(scene.links[0], 1, b"frame", "link cut")

    assert [(event.us, event.name) for event in events] == [
        (0, "message.sent"),
        (10, "message.delivered"),
        (10, "message.lost"),
    ]
    assert events[2].fields["because"] == "link cut"


def test_messages_are_counted_by_their_fates() -> None:
    scene = Scene()
    for fate in (CARRIED, LOST, REPEATED, LATE, LATE):
        scene.trace.sent(scene.links[0], 1, b"frame", fate)

    trace = scene.trace
    assert (trace.sent_count, trace.repeated_count, trace.late_count) == (5, 1, 2)


def test_an_event_that_a_node_notes_is_a_mark() -> None:
    scene = Scene()

    scene.trace.noted("c1", "vote.repeated", {})

    assert scene.trace.marks == {"vote.repeated": 1}


def test_an_event_that_nobody_declared_is_refused() -> None:
    with pytest.raises(AssertionError, match="not declared"):
        Scene().trace.noted("c1", "vote.forgotten", {})


def test_every_event_is_a_noun_and_what_happened_with_its_meaning() -> None:
    for name, meaning in EVENTS.items():
        noun, _, happened = name.partition(".")
        assert noun.isalpha()
        assert happened
        assert meaning.endswith(".")
