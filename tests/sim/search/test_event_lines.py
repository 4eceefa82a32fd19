"""Events in words: everything that the digest hashes, and nothing else."""

from collections import Counter

from network.lossy import Link
from network.weather import CARRIED, CORRUPT, LATE, LOST, REPEATED, Uniform, Weather
from sim.chance import NamedChance
from sim.cluster_run import Run
from sim.scenario import load
from sim.search.event_lines import EventLines
from sim.trace import Event

TROUBLE = {"faults.all": "2", "workload.transactions": "10"}


def lines_of(*events: Event) -> list[str]:
    said: list[str] = []
    lines = EventLines(lambda _us, text, _exact: said.append(text))
    for event in events:
        lines(event)
    return said


def test_every_event_of_the_digest_has_a_line() -> None:
    run = Run(load("bank", TROUBLE), 11)
    lines: list[tuple[int, str, str]] = []
    heard: list[str] = []
    run.listen(EventLines(lambda *line: lines.append(line)))
    run.listen(lambda event: heard.append(event.name))

    result = run.go()

    kinds = Counter(said.partition(" ")[0] for _, said, _ in lines)
    assert kinds["sent"] == result.messages["sent"]
    assert kinds["delivered"] == result.messages["delivered"]
    assert kinds["lost"] == result.messages["lost"]
    assert kinds["durable"] == heard.count("change.durable")
    assert kinds["host.crashed"] == heard.count("host.crashed")
    assert sum(kinds.values()) < len(heard)  # Nodes note more, which is not hashed.
    assert [us for us, _, _ in lines] == sorted(us for us, _, _ in lines)


def test_what_a_message_meets_is_said_with_it() -> None:
    link = Link("c1", "p1", 0, Weather(Uniform(1, 1)), NamedChance(1))
    frame = b"no frame"
    fates = {CARRIED: "", LOST: ", lost", REPEATED: ", repeated", LATE: ", late"}
    fates[CORRUPT] = ", damaged"

    for fate, said in fates.items():
        fields = {"link": link, "number": 3, "frame": frame, "fate": fate}
        (line,) = lines_of(Event(5, "message.sent", fields))
        assert line == f"sent c1 → p1 #3{said}: what nobody can read"
