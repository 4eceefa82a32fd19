"""The examples print what their page says, against a server, through the real SDKs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy import ROOT
from twophase.testing import local_dynamodb

FOLDER = ROOT / "examples"
SDK = FOLDER / "node_modules" / "@aws-sdk" / "client-dynamodb"
NODE = shutil.which("node")


def promised() -> str:
    """Return what the page says that either program prints."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return str(block)


def printed(url: str, *words: str | Path) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_shop_in_python_prints_what_the_page_says() -> None:
    # The second time there are no tables left that would be in its way.
    with local_dynamodb(seed=1) as server:
        for _ in range(2):
            assert printed(server.url, sys.executable, FOLDER / "game_shop.py") == promised()


@pytest.mark.slow
def test_the_shop_prints_the_same_where_transactions_conflict() -> None:
    with local_dynamodb(seed=1, faults="conflict=0.3") as server:
        told = printed(server.url, sys.executable, FOLDER / "game_shop.py")
        trouble = server.cluster.trouble
        assert trouble is not None
        conflicts = sum(n for name, n in trouble.counts.items() if "conflict" in name)

    assert told == promised()
    assert conflicts > 0


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="there is no node")
@pytest.mark.skipif(not SDK.exists(), reason="no SDK for JavaScript: see examples/README.md")
def test_the_shop_in_javascript_prints_what_the_page_says() -> None:
    assert NODE is not None
    with local_dynamodb(seed=1) as server:
        assert printed(server.url, NODE, FOLDER / "game-shop.mjs") == promised()


@pytest.mark.slow
def test_the_first_request_of_the_servers_page_works() -> None:
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    program = (
        page.partition("## A first request")[2].partition("```python\n")[2].partition("```")[0]
    )

    with local_dynamodb(seed=1) as server:
        told = printed(server.url, sys.executable, "-c", program)

    assert told == "{'id': '1', 'text': 'hello'}\n"


@pytest.mark.slow
def test_the_programs_and_tests_of_the_servers_page_work(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    section = page.partition("## In your own tests")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    programs = [block for block in blocks if not block.startswith("# ")]
    for block in blocks:
        if block not in programs:  # Its first line is a file's name.
            (tmp_path / block.partition("\n")[0].removeprefix("# ")).write_text(block)

    assert len(programs) == 2
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    for words in (*(["-c", one] for one in programs), ["-m", "pytest", *options]):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_both_shops_make_the_announcements_request() -> None:
    parts = [
        "available = :true",
        "set available = :false, ",
        "ownedBy = :player",
        "coins >= :price",
        "set coins = coins - :price, ",
        "inventory = list_append(inventory, :items)",
    ]

    for name in ("game-shop.mjs", "game_shop.py"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert [part for part in parts if part not in text] == []
