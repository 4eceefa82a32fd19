"""Where two files of events part."""

from pathlib import Path

from sim.search.determinism.difference import ENDED, parted

COMMON = ["0\thost.started p1\t", "1500\tsent c1 → p1 #1: prepare t1 a\t0a0b"]


def files(tmp_path: Path, one: list[str], other: list[str]) -> tuple[Path, Path]:
    places = tmp_path / "one", tmp_path / "other"
    for place, lines in zip(places, (one, other), strict=True):
        place.write_text("".join(f"{line}\n" for line in lines))
    return places


def test_the_same_events_do_not_part(tmp_path: Path) -> None:
    assert parted(*files(tmp_path, COMMON, COMMON)) is None


def test_the_first_event_that_differs_is_told_with_what_came_before(tmp_path: Path) -> None:
    one, other = "2000\tdurable at p1: LSN 1, a\t5", "2001\tdurable at p1: LSN 1, a\t5"

    found = parted(*files(tmp_path, [*COMMON, one, "3000\tend\t"], [*COMMON, other]))

    assert found is not None
    assert found.number == 3
    assert found.before == ("0.000 ms  host.started p1", "1.500 ms  sent c1 → p1 #1: prepare t1 a")
    assert found.events == (
        "2.000 ms  durable at p1: LSN 1, a",
        "2.001 ms  durable at p1: LSN 1, a",
    )


def test_a_run_that_ends_earlier_differs_there(tmp_path: Path) -> None:
    found = parted(*files(tmp_path, COMMON, COMMON[:1]))

    assert found is not None
    assert found.number == 2
    assert found.events[1] == ENDED


def test_messages_that_are_the_same_in_words_differ_in_their_bytes(tmp_path: Path) -> None:
    found = parted(*files(tmp_path, COMMON, [COMMON[0], f"{COMMON[1]}ff"]))

    assert found is not None
    assert found.events[0] == found.events[1]
    assert found.frames == ("0a0b", "0a0bff")
