"""`twophase serve` as a command: what it prints, and what it says to those who got it wrong."""

import asyncio
import io
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from tests.twophase.light import Client
from twophase.cli.main import main
from twophase.cli.serving import log_to
from twophase.local.cluster import Nodes
from twophase.local.directory import Directory
from twophase.local.serving import bound
from twophase.testing import local_dynamodb

TABLE = {
    "TableName": "slow",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def refusal(*words: str) -> str:
    """Run a command that is to be refused, and return its one sentence."""
    result = CliRunner().invoke(main, ["serve", *words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("twophase: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("twophase: ").rstrip()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "x"], "--port must be a whole number from 0 to 65535, not 'x'"),
        (["--port", "65536"], "--port must be a whole number from 0 to 65535, not '65536'"),
        (["--partitions", "0"], "--partitions must be a whole number from 1 to 64, not '0'"),
        (["--coordinators", "-1"], "--coordinators must be a whole number from 1 to 64, not '-1'"),
        (["--seed", "x"], "--seed must be a whole number"),
        (["--transaction-actions-max", "101"], "must be a whole number from 1 to 100, not '101'"),
        (["--table-delay", "2"], "--table-delay takes a duration of up to a day, as in 50ms"),
        (["--followers", "6"], "--followers must be a whole number from 0 to 5, not '6'"),
        (["--follower-delay", "9ms..2ms"], "--follower-delay goes from less to more, as in"),
        (["--follower-delay", "9"], "--follower-delay takes a duration of up to a day"),
        (
            ["--follower-delay", "9ms"],
            "--follower-delay is for followers: give --followers as well",
        ),
        (["--data", "x", "--in-memory"], "choose one of them"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1 port 8000"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], told: str) -> None:
    assert told in refusal(*words)


def test_a_host_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_knows(*_: object, **__: object) -> None:
        raise socket.gaierror  # Without asking a network that may take its time.

    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)

    assert refusal("--host", "nowhere").startswith("there is no host 'nowhere' to listen on")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_host_of_all_addresses_is_reached_at_either_kind(address: str) -> None:
    with bound("::", 0) as listening:
        listening.listen()

        socket.create_connection((address, listening.getsockname()[1]), timeout=5).close()


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        told = refusal("--port", port)

    assert told == (
        f"cannot listen on 127.0.0.1 port {port}: address already in use;"
        " choose another with --host or --port"
    )


def test_a_directory_in_use_is_told(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    told = refusal("--port", "0", "--data", str(tmp_path))
    directory.close()

    assert told == (
        f"the data directory {tmp_path} is in use by another server: stop that one first"
    )


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = refusal("--port", "0", "--data", str(tmp_path / "file"))

    assert told == f"{tmp_path / 'file'} is there, and no directory: choose another path"
    told = refusal("--port", "0", "--data", str(tmp_path / "file" / "below"))
    assert (
        told == f"the data directory {tmp_path / 'file' / 'below'} cannot be made: not a directory"
    )


def test_a_directory_without_a_name_is_not_the_current_one() -> None:
    assert refusal("--port", "0", "--data", "").endswith("--data names no directory: it is empty")


def test_a_directory_of_another_shape_is_told(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.settle("partitions", 3)
    directory.close()

    told = refusal("--port", "0", "--data", str(tmp_path), "--partitions", "5")

    assert told.endswith("so start it with --partitions 3 or without --partitions")


def test_a_directory_keeps_the_number_of_partitions_that_it_was_made_with(tmp_path: Path) -> None:
    for nodes in (Nodes(partitions=3), Nodes()):
        with local_dynamodb(data=tmp_path, nodes=nodes) as server:
            assert server.cluster.partitions == ["p1", "p2", "p3"]


@pytest.mark.parametrize("name", ["cluster.sqlite", "p2.sqlite"])
def test_a_damaged_file_is_told(tmp_path: Path, name: str) -> None:
    directory = Directory(tmp_path)
    directory.settle("partitions", 4)
    directory.close()
    (tmp_path / name).write_bytes(b"no database at all, but long enough to be one" * 200)

    told = refusal("--port", "0", "--data", str(tmp_path))

    assert str(tmp_path / name) in told
    assert "not a database" in told


def test_whoever_was_refused_left_nothing_locked(tmp_path: Path) -> None:
    damaged = tmp_path / "p3.sqlite"
    damaged.write_bytes(b"no database at all, but long enough to be one" * 200)
    first, second = (refusal("--port", "0", "--data", str(tmp_path)) for _ in range(2))

    assert first == second


def test_a_line_of_the_log_says_on_which_day_it_was_written() -> None:
    log = io.StringIO()
    try:
        log_to(log)
        structlog.get_logger().error("disk.failed", node="p1")
    finally:
        structlog.reset_defaults()

    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ .*disk\.failed .*node=p1", log.getvalue())


@pytest.mark.slow
def test_what_it_prints_is_what_a_client_needs() -> None:
    command = [sys.executable, "-m", "twophase", "serve", "--port", "0", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(9)]
        process.terminate()
        assert process.wait(30) == 0

    url = lines[0].rpartition(" ")[2]
    assert lines[1] == (
        "4 partitions, 2 coordinators, seed 7; items are kept in memory: a stop forgets it."
    )
    assert lines[3:7] == [
        f"export AWS_ENDPOINT_URL={url}",
        "export AWS_DEFAULT_REGION=us-east-1",
        "export AWS_ACCESS_KEY_ID=local",
        "export AWS_SECRET_ACCESS_KEY=local",
    ]


@pytest.mark.slow
def test_a_directory_is_started_again_without_the_option_that_it_was_made_with(
    tmp_path: Path,
) -> None:
    for words in (["--partitions", "2"], []):
        command = [sys.executable, "-m", "twophase", "serve", "--port", "0"]
        command += ["--data", str(tmp_path), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            _, told = (process.stdout.readline() for _ in range(2))
            process.terminate()
            assert process.wait(30) == 0
        assert told.startswith("2 partitions, ")


@pytest.mark.slow
def test_a_table_stays_creating_for_as_long_as_was_asked_for(tmp_path: Path) -> None:
    for delay, status in (("1m", "CREATING"), ("0s", "ACTIVE")):
        command = [sys.executable, "-m", "twophase", "serve", "--port", "0"]
        command += ["--data", str(tmp_path), "--table-delay", delay]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            while "Ctrl-C" not in process.stdout.readline():
                pass
            assert asyncio.run(status_of_a_table(url, create=delay != "0s")) == status
            process.terminate()
            assert process.wait(30) == 0  # Before the minute is over.


async def status_of_a_table(url: str, *, create: bool) -> str:
    client = Client(url)
    if create:
        await client.ask("CreateTable", TABLE)
    _, told = await client.ask("DescribeTable", {"TableName": TABLE["TableName"]})
    client.close()
    return str(told["Table"]["TableStatus"])
