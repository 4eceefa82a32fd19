"""Steps of the step language in golden scripts: placed from their command on, and said when due."""

import pytest

from sim.script import Player, rewrite
from sim.script_check import judged
from sim.script_requests import ScriptError
from sim.script_steps import is_step


def played(*commands: str) -> list[str]:
    return Player().play(commands)


@pytest.mark.parametrize(
    "command",
    [
        *("lose vote #2", "delay c1>p1 prepare #2 by 30ms", "corrupt r1>p1 #1"),
        *("crash c1 for 1s after c1's ledger write #1 is durable", "clock c1 +5ms before vote #1"),
        *("hold c1>p1 before vote #1", "release c1>p1 newest first after vote #1", "slow p1"),
    ],
)
def test_an_act_with_its_moment_is_a_step(command: str) -> None:
    assert is_step(command)


@pytest.mark.parametrize(
    "command",
    [
        *("crash c1", "pause c1 c2", "clock c1 +5000", "throttle p1", "restart p1"),
        *("hold c1>p1", "cut c1>p1", "heal c1>p1", "release c1>p1 newest first", "tick 1s"),
        *("k1: put a 1", "split p1 c", "show a"),
    ],
)
def test_what_has_no_moment_stays_the_command_that_it_was(command: str) -> None:
    assert not is_step(command)


def test_a_step_comes_when_its_moment_does_and_only_once() -> None:
    player = Player()
    first = player.play(["lose r1>p1 write #1", "k1: put a 1"])

    assert first == ["r1 > p1  put a   lost: loss", "step: lose r1>p1 write #1"]
    assert player.play(["k2: put a 2"]) == ["r1 > p1  put a", "p1 > r1  written", "k2: ok"]


def test_a_step_counts_from_its_command_on() -> None:
    player = Player()
    player.play(["k1: put a 1"])

    assert "step: lose r1>p1 write #1" in player.play(["lose r1>p1 write #1", "k1: put a 2"])
    again = player.play(["lose r1>p1 write #1", "k2: put a 3"])
    assert again == ["r1 > p1  put a   lost: loss", "step: lose r1>p1 write #1"]


def test_a_step_names_a_message_by_the_request_that_it_belongs_to() -> None:
    lost = "lose r1>p1 write of k2.1 #1"
    said = played(lost, "k1: put a 1", "wait", "k2: put a 2")

    assert said[2:] == ["k1: ok", "r1 > p1  put a   lost: loss", f"step: {lost}"]


def test_a_delayed_message_arrives_within_its_block() -> None:
    player = Player()
    player.play(["k1: get a"])
    began_us = player.cluster.loop.now_us

    assert player.play(["delay r1>p1 write #1 by 30ms", "k1: put a 1"])[-1] == "k1: ok"
    assert player.cluster.loop.now_us - began_us >= 30_000


def test_a_host_that_a_step_crashes_comes_back_when_its_time_is_over() -> None:
    player = Player()
    said = player.play(["crash p1 for 1s after p1's write #1 is durable", "k1: put a 1"])

    assert "p1: crashed" in said
    assert "step: crash p1 for 1s after p1's write #1 is durable" in said
    assert player.play(["tick 2s"])[0] == "p1: started"
    assert player.play(["show a"]) == ["p1: a = 1, @1004ms.p1, lsn 1"]


def test_a_message_that_is_damaged_is_thrown_away() -> None:
    said = played("corrupt r1>p1 write #1", "k1: put a 1")

    assert "r1 > p1  put a   lost: corrupt" in said


def test_the_clock_of_a_step_jumps_by_what_it_says() -> None:
    said = played("clock p1 +7ms before k1>r1 #1 is sent", "k1: put a 1", "show a")

    assert said[0] == "step: clock p1 +7ms before k1>r1 #1 is sent"
    assert said[-1] == "p1: a = 1, @1011ms.p1, lsn 1"


@pytest.mark.parametrize(("act", "end"), [("hold", "release"), ("cut", "heal")])
def test_a_command_ends_what_a_step_has_done_and_a_step_may_do_it_again(act: str, end: str) -> None:
    player = Player()
    for value in (1, 2):
        step = f"{act} r1>p1 before k1>r1 #1 is sent"
        said = player.play([step, f"k1: put a {value}"])
        assert any("held" in line or "lost" in line for line in said)
        player.play([f"{end} r1>p1"])
    assert player.play(["k2: put a 3"])[-1] == "k2: ok"


def test_what_a_step_has_done_is_over_when_a_script_is_judged() -> None:
    player = Player()
    player.play(["pause c1 for 100s before k1>r1 #1 is sent", "k1: write put(a, 1)"])

    assert judged(player) == ([], [])


def test_a_router_asks_again_only_where_it_is_said_to() -> None:
    lost = ("lose r1>p1 read #1", "k1: get a", "tick 50ms")

    assert "k1: nothing" not in played(*lost)
    assert played("cluster router_repeat_us=40000", *lost)[-1] == "k1: nothing"


def test_a_script_with_steps_says_what_it_has_written() -> None:
    said = rewrite("# Why.\nlose vote #1\nk1: write put(a, 1)\n")

    assert "step: lose vote #1" in said
    assert rewrite(said) == said


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("lose vote", None),
        ("delay c1>p1 #3", "by how long"),
        ("lose nonsense #1", "is no kind of message"),
        ("crash c9 after c9's ledger write #1 is durable", "no node: 'c9'"),
        ("slow p1", "when?"),
        ("fill c1 before vote #1", "is for hosts like l1, p1"),
    ],
)
def test_a_step_that_is_none_is_refused(command: str, why: str | None) -> None:
    if why is None:
        assert played(command) == ["ok"]
        return
    with pytest.raises(ScriptError, match=why):
        played(command)
