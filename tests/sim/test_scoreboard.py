"""The scoreboard: what its clients ask for, each kind of read in both ways."""

import pytest

from sim.cluster_run import Run
from sim.scenario import load
from sim.workloads.registry import make

READS = ("GetItem", "Query", "Scan", "BatchGetItem")


@pytest.fixture(scope="module")
def ran() -> Run:
    settings = {"workload.strong": "0.5", "faults.steps": "[]"}
    going = Run(load("stale-reads", settings), 1)
    assert going.go().ok
    return going


def test_every_kind_of_request_is_asked_for_and_answered(ran: Run) -> None:
    done = {one.name for one in ran.history if one.outcome == "committed"}

    assert {*READS, "TransactWriteItems", "TransactGetItems"} <= done
    assert {"UpdateItem", "DeleteItem"} <= done


@pytest.mark.parametrize("name", READS)
def test_each_read_is_asked_for_in_both_ways(ran: Run, name: str) -> None:
    requests = [one.request for one in ran.history if one.name == name]
    if name == "BatchGetItem":
        requests = [request["RequestItems"]["scores"] for request in requests]

    assert {request.get("ConsistentRead", False) for request in requests} == {True, False}


def test_a_board_shows_the_players_of_one_game(ran: Run) -> None:
    boards = [one for one in ran.history if one.name == "Query" and one.outcome == "committed"]

    for board in boards:
        game = board.request["ExpressionAttributeValues"][":game"]
        assert {item["game"]["S"] for item in board.answer["Items"]} <= {game["S"]}


def test_a_match_gives_points_to_two_players_of_one_game(ran: Run) -> None:
    for one in ran.history:
        if one.name == "TransactWriteItems":
            first, second = (entry["Update"]["Key"] for entry in one.request["TransactItems"])
            assert first["game"] == second["game"]
            assert first["player"] != second["player"]


@pytest.mark.parametrize(
    ("key", "value"), [("games", 0), ("players", 1), ("strong", 1.5), ("points", 3)]
)
def test_a_wrong_key_is_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        make("scoreboard", {key: value})  # type: ignore[dict-item]  # As a file might have it.
