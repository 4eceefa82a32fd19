"""Open files: a server raises a low limit, and says what is wrong where it may not."""

import os
import shlex
import socket
import subprocess
import sys
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from twophase.local.open_files import AGAIN_US, FILES, SPARE_FILES, LastFiles

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX sets limits")
SHOWN = """
import resource
from twophase.local.open_files import many_open_files
with many_open_files():
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def limited(limit: str, *words: str) -> subprocess.Popen[str]:
    """Run this Python under a limit."""
    command = shlex.join([sys.executable, *words])
    return subprocess.Popen(
        ["sh", "-c", f"ulimit {limit} && exec {command}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("limit", "most"), [("-Sn 100 && ulimit -Hn 300", 300), ("-Sn 100", FILES)]
)
def test_a_low_limit_is_raised_for_as_long_as_it_is_needed(limit: str, most: int) -> None:
    with limited(limit, "-c", SHOWN) as process:
        raised, after = map(int, process.communicate()[0].split())

    assert after == 100
    assert 100 < raised <= most


def test_who_opens_the_last_files_is_told_of_once_a_minute() -> None:
    now = [0]
    files = LastFiles(300, lambda: now[0])
    with capture_logs() as logs:
        files.opened(300 - SPARE_FILES - 1)
        assert logs == []
        files.opened(300 - SPARE_FILES)
        files.opened(299)
        assert [(one["event"], one["most"]) for one in logs] == [("files.used_up", 300)]
        now[0] = AGAIN_US
        files.opened(299)

    assert len(logs) == 2


@pytest.mark.slow
def test_a_server_says_that_no_file_is_left_and_serves_who_is_connected() -> None:
    words = ("-m", "twophase", "serve", "--port", "0")

    with ExitStack() as clients, limited("-n 64", *words) as server:
        assert server.stdout is not None
        printed = [*takewhile(lambda line: "Ctrl-C" not in line, server.stdout)]
        host, _, port = printed[0].rstrip().rpartition("//")[2].partition(":")
        first, *_ = [
            clients.enter_context(socket.create_connection((host, int(port)))) for _ in range(70)
        ]
        first.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        heard = first.recv(100)
        server.terminate()
        said = server.communicate()[1]

    assert heard.startswith(b"HTTP/1.1 200 ")
    assert "files.used_up" in said
    assert said.count("\n") == 1


@pytest.mark.slow
def test_64_partitions_on_disk_are_served_where_256_files_are_the_custom(tmp_path: Path) -> None:
    words = ("-m", "twophase", "serve", "--port", "0", "--partitions", "64", "--data")

    with limited("-Sn 256", *words, str(tmp_path / "data")) as server:
        assert server.stdout is not None
        printed = [*takewhile(lambda line: "Ctrl-C" not in line, server.stdout)]
        is_up = server.poll() is None
        server.terminate()

    assert is_up
    assert "64 partitions" in "".join(printed)


@pytest.mark.slow
def test_where_it_cannot_be_raised_the_reason_is_named(tmp_path: Path) -> None:
    words = ("-m", "twophase", "serve", "--port", "0", "--partitions", "64", "--data")

    with limited("-n 128", *words, str(tmp_path / "data")) as server:
        said = server.communicate()[1]

    assert server.returncode == 2
    assert "`ulimit -n` high enough?" in said
    assert said.count("\n") == 1
