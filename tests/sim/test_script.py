"""The interpreter of golden scripts: what it refuses, and what it leaves to nobody's chance."""

import pytest

from sim.script import Block, Player, parse, rewrite
from sim.script_requests import ScriptError

TWO_BLOCKS = """\
# Why.
cluster partitions=3
k1: get a
---
k1: nothing

show a
"""


def played(*commands: str) -> list[str]:
    return Player().play(commands)


def test_parse_keeps_comments_commands_and_what_is_expected_apart() -> None:
    first, second = parse(TWO_BLOCKS)

    assert first == Block(("# Why.",), ("cluster partitions=3", "k1: get a"), ("k1: nothing",))
    assert second == Block((), ("show a",), ())


def test_rewrite_says_what_really_happens() -> None:
    said = rewrite(TWO_BLOCKS)

    assert said.splitlines()[:4] == TWO_BLOCKS.splitlines()[:4]
    assert said.splitlines()[4:] == [
        *("r1 > p1  read a", "p1 > r1  nothing lsn 0", "k1: nothing", ""),
        *("show a", "---", "p1: a = nothing, never, lsn 0"),
    ]


def test_rewrite_is_content_with_what_it_wrote() -> None:
    said = rewrite(TWO_BLOCKS)

    assert rewrite(said) == said


def test_nothing_is_said_of_how_the_nodes_met_before() -> None:
    assert played("ledger") == ["ok"]
    assert played("k1: get a")[-1] == "k1: nothing"


def test_a_held_message_is_kept_until_it_is_released() -> None:
    player = Player()

    assert player.play(["hold r1>p1", "k1: put a 1"]) == ["r1 > p1  put a   held"]
    assert player.play(["release r1>p1"]) == ["r1 > p1  put a", "p1 > r1  written", "k1: ok"]


def test_a_copy_is_delivered_as_often_as_asked() -> None:
    player = Player()
    player.play(["copy r1>p1", "k1: get a"])

    said = player.play(["deliver r1>p1", "deliver r1>p1"])

    assert said.count("r1 > p1  read a   a copy") == 2


def test_transactions_take_the_coordinator_that_was_named() -> None:
    said = played("cluster coordinators=2", "k1: read a [via=c2]", "k2: read a [via=c1]")

    assert [line for line in said if line.startswith("r1 > c")] == [
        "r1 > c2  read a",
        "r1 > c1  read a",
    ]


def test_a_disk_that_crashes_loses_what_is_not_synced() -> None:
    player = Player()
    player.play(["hold r1>p1", "k1: put a 1"])

    said = player.play(["release r1>p1", "crash p1", "show a"])

    assert said[-1] == "p1: a = nothing, never, lsn 0"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("jump", "no such command"),
        ("", "no such command"),
        ("k1:get a", "no such command"),
        ("k1: eat a", "no operation: 'eat'"),
        ("k9: get a", "no node: 'k9'"),
        ("k1: get aa", "one letter, not 'aa'"),
        ("k1: read", "reads something"),
        ("k1: write", "no actions"),
        ("k1: write put(a, 1) nonsense", "no actions: 'nonsense'"),
        ("k1: write put(a, 1", "no actions"),
        ("k1: write eat(a)", "no action: 'eat'"),
        ("k1: write put(a)", "put takes a value"),
        ("k1: write delete(a, 1)", "delete takes none"),
        ("k1: write check(a)", "a check has a condition"),
        ("k1: put a", "put takes a value"),
        ("k1: put a 1 if pretty", "no condition: 'pretty'"),
        ("k1: put a 1 if =", "no condition: '='"),
        ("k1: read a [via=c9]", "no coordinator: 'c9'"),
        ("k1: read a [via]", "name=value, not 'via'"),
        ("k1: read a [colour=red]", "no option here: 'colour'"),
        ("hold c1", "a link is like c1>p1"),
        ("hold c1>p9", "no node: 'p9'"),
        ("hold", "a link is like c1>p1"),
        ("deliver c1>p1", "there is no copy"),
        ("crash x1", "no node: 'x1'"),
        ("crash", "no node is named"),
        ("clock c1 5000", "a clock is set like"),
        ("clock c9 +5000", "no node: 'c9'"),
        ("tick 5", "a duration is like 10ms"),
        ("wait 5s", "nothing comes after"),
        ("show x1", "one letter, not 'x1'"),
        ("show", "it shows items"),
        ("recovery c9", "no coordinator: 'c9'"),
        ("cluster partitions=many", "partitions is a number"),
        ("cluster partitions=٣", "partitions is a number"),
        ("k٣: put a 1", "no such command"),
        ("clock c1 +٣", "a clock is set like"),
        ("tick ٣s", "a duration is like 10ms"),
        ("cluster colour=1", "no option here: 'colour'"),
        ("ledger l1", "nothing comes after"),
        ("drop items", "nothing comes after"),
    ],
)
def test_a_bad_line_is_refused_by_name(line: str, why: str) -> None:
    with pytest.raises(ScriptError) as refused:
        played(line)

    assert repr(line) in str(refused.value)
    assert why in str(refused.value)


def test_a_call_is_made_once() -> None:
    """With its answer it is over; what is asked later is another one to every check."""
    line = "k1: write put(a, 1) [token=T call=C]"

    with pytest.raises(ScriptError, match="call C was made before"):
        played(line, "wait", line)


def test_cluster_comes_first_and_once() -> None:
    with pytest.raises(ScriptError, match="comes first"):
        played("k1: get a", "cluster partitions=3")


def test_nobody_asks_from_a_crashed_client() -> None:
    with pytest.raises(ScriptError, match="k1 is down"):
        played("crash k1", "k1: get a")


def test_a_bug_of_a_node_ends_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("coordinator.server.drive", broken)

    with pytest.raises(ZeroDivisionError):
        played("k1: write put(a, 1)")
