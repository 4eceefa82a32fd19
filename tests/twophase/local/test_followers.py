"""A served cluster with followers: reads that are really stale, and a look at how far behind."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from network.weather import Uniform
from partition.follower_server import FollowerOptions
from tests.twophase.light import Client, get, make_table, put, together
from twophase.cli.main import main
from twophase.local.cluster import Nodes
from twophase.testing import local_dynamodb

LATE = Nodes(followers=2, follower=FollowerOptions(Uniform(30_000, 30_000)))
WRITES_MAX = 5_000  # A follower has to have heard of the table, too.
WRITES = 100


def eventual(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "ConsistentRead"}


async def write_and_look(client: Client, _: int, *, followed: bool = True) -> tuple[int, int]:
    """Write one item again and again; count the strong and the eventual reads that are stale."""
    await make_table(client)
    strong = late = 0
    for n in range(WRITES_MAX):
        if n >= WRITES and (late or not followed):
            break
        await client.call("PutItem", put("a", n))
        there = {"Item": put("a", n)["Item"]}
        late += (await client.call("GetItem", eventual(get("a")))) != there
        strong += (await client.call("GetItem", get("a"))) != there
    return strong, late


@pytest.mark.slow
@pytest.mark.parametrize("is_kept", [False, True], ids=["in memory", "on disk"])
def test_an_eventual_read_is_stale_and_a_strong_one_is_not(tmp_path: Path, is_kept: bool) -> None:
    data = tmp_path / "data" if is_kept else None
    with local_dynamodb(seed=1, nodes=LATE, data=data) as server:
        ((strong, late),) = together(server.url, 1, write_and_look)

    assert strong == 0
    assert late > 0


@pytest.mark.slow
def test_without_followers_no_read_is_stale() -> None:
    with local_dynamodb(seed=1, nodes=replace(LATE, followers=0)) as server:
        assert together(server.url, 1, partial(write_and_look, followed=False)) == [(0, 0)]


@pytest.mark.slow
def test_the_status_shows_followers_and_how_far_behind_they_are() -> None:
    with local_dynamodb(seed=1, nodes=LATE, control=True, metrics=True) as server:
        together(server.url, 1, write_and_look)
        shown = CliRunner().invoke(main, ["status", "--url", server.url])
        told = CliRunner().invoke(main, ["status", "--json", "--url", server.url])
        with urlopen(f"{server.url}/metrics") as answer:
            metrics = answer.read().decode()

    nodes = json.loads(told.stdout)["nodes"]
    followers = [node for node in nodes if node["kind"] == "follower"]
    assert [node["follows"] for node in followers] == [f"p{n}" for n in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert all(node["lag"] >= 0 for node in followers)
    assert "follower of p1" in shown.stdout
    assert 'twophase_lag{node="f1"}' in metrics
