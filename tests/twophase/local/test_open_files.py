"""Open files: a server raises a low limit, and says what is wrong where it may not."""

import os
import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from twophase.local.open_files import FILES

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
