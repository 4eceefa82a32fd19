"""The rules of `tests/tidy.py`, both ways: the house keeps them, and each can say no."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests import tidy
from tests.tidy import ROOT, Rule, Source

IN_PACKAGES: tuple[Rule, ...] = (
    tidy.imports_only_go_down,
    tidy.pure_files_only_compute,
    tidy.imports_are_declared,
    tidy.banned_calls_have_a_replacement,
    tidy.sets_are_sorted_before_they_are_walked,
    tidy.modules_say_what_they_are,
)
EVERYWHERE: tuple[Rule, ...] = (
    tidy.imports_are_absolute,
    tidy.annotations_are_real,
    tidy.packed_bytes_are_the_same_each_second,
    tidy.functions_fit_on_a_screen,
    tidy.todos_name_their_issue,
    tidy.citations_are_in_the_paper,
)
OF_TEXT = (tidy.versions_are_pinned_without_addresses, tidy.no_path_of_one_machine)


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    return tuple(
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


def told(complaints: list[str]) -> str:
    return "\n".join(["", *complaints])


@pytest.mark.parametrize("rule", IN_PACKAGES, ids=lambda rule: rule.__name__)
def test_the_packages_keep_the_rule(rule: Rule) -> None:
    complaints = [one for source in sources(*tidy.BELOW) for one in rule(source)]

    assert not complaints, told(complaints)


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_packages_tests_and_benchmarks_keep_the_rule(rule: Rule) -> None:
    everything = sources(*tidy.BELOW, "tests", "benchmarks")
    complaints = [one for source in everything for one in rule(source)]

    assert not complaints, told(complaints)


def test_every_tracked_text_suits_every_machine() -> None:
    complaints = []
    for path in tracked():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            text = data.decode("utf-8", errors="replace")
            complaints += [one for rule in OF_TEXT for one in rule(path, text)]

    assert not complaints, told(complaints)


def tracked() -> list[str]:
    """List what is committed, or would be by `git add .`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return sorted(path for path in set(listed.stdout.split("\0")) if (ROOT / path).is_file())


def test_the_packages_are_the_same_wherever_they_are_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    types = re.search(r"^PACKAGES = (.*)$", makefile, re.MULTILINE)

    assert sorted(wheel) == sorted(tidy.BELOW)
    assert types is not None
    assert sorted(types.group(1).split()) == sorted(tidy.BELOW)


@pytest.mark.parametrize("package", sorted(tidy.BELOW))
def test_programs_that_use_a_package_see_its_types(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file(), "without it, type checkers take all for Any"


def test_hooks_clone_nothing() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")

    assert set(re.findall(r"repo: *(\S+)", hooks)) == {"local"}


def test_an_allowance_says_what_and_why() -> None:
    for files, what, why in tidy.ALLOWED:
        assert what in tidy.BANNED or what == tidy.SETS, f"{files}: {what} is not banned"
        assert why, f"{files}: {what} is allowed without a reason"


@pytest.mark.slow
def test_python_without_assertions_is_refused() -> None:
    # Where warnings are errors pytest says it itself: leave our own words to be read.
    command = [sys.executable, "-O", "-m", "pytest", "--collect-only", "-W", "ignore", __file__]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "Python without -O" in done.stdout + done.stderr


# The other way: (rule, path, source, what the complaint says).
LONG = "def f() -> None:\n" + "    pass\n" * tidy.FUNCTION_LINES_MAX
REFUSED: list[tuple[Rule, str, str, str]] = [
    (tidy.imports_only_go_down, "items/keys.py", "import network.ids", "only go down"),
    (tidy.imports_only_go_down, "sim/run.py", "from twophase import cli", "only go down"),
    (tidy.imports_only_go_down, "sim/run.py", "import tests.tidy", "only go down"),
    (tidy.imports_only_go_down, "router/api.py", "import partition", "roles meet"),
    (tidy.imports_only_go_down, "coordinator/read.py", "from partition.reads import r", "roles"),
    (tidy.imports_only_go_down, "partition/server.py", "def f():\n import router.api", "roles"),
    (tidy.pure_files_only_compute, "items/keys.py", "import time", "imports time"),
    (tidy.pure_files_only_compute, "partition/rules.py", "from os import environ", "os.environ"),
    (tidy.pure_files_only_compute, "partition/machine.py", "import structlog", "structlog"),
    (tidy.pure_files_only_compute, "network/codec.py", "from network import host", "network.host"),
    (tidy.pure_files_only_compute, "partition/reads.py", "import partition.server", "server"),
    (tidy.pure_files_only_compute, "items/values.py", "open('x')", "calls open"),
    (tidy.imports_are_declared, "sim/run.py", "import hypothesis.strategies", "hypothesis"),
    (tidy.imports_are_declared, "sim/run.py", "from networkx import DiGraph", "networkx"),
    (tidy.imports_are_absolute, "sim/run.py", "from . import chance", "whole name"),
    (tidy.imports_are_absolute, "sim/run.py", "from ..items import keys", "whole name"),
    (tidy.annotations_are_real, "sim/run.py", "from __future__ import annotations", "__future__"),
    (tidy.annotations_are_real, "sim/run.py", "from typing import TYPE_CHECKING as T", "TYPE_"),
    (tidy.annotations_are_real, "sim/run.py", "import typing\nif typing.TYPE_CHECKING: ...", ":2:"),
    (tidy.packed_bytes_are_the_same_each_second, "a.py", "import gzip\ngzip.compress(b'')", ":2:"),
    (
        tidy.packed_bytes_are_the_same_each_second,
        "tests/test_a.py",
        "from gzip import compress\ncompress(b'', 9)",
        "mtime=0",
    ),
    (tidy.functions_fit_on_a_screen, "sim/run.py", LONG, "71 lines"),
    (tidy.functions_fit_on_a_screen, "sim/run.py", f"async {LONG}", "71 lines"),
    (tidy.modules_say_what_they_are, "sim/run.py", "x = 1", "docstring"),
    (tidy.modules_say_what_they_are, "sim/__init__.py", "", "docstring"),
    (tidy.todos_name_their_issue, "sim/run.py", "# TODO: later", "issue"),
    (tidy.todos_name_their_issue, "sim/run.py", "def f():\n  '''F.\n\n  FIXME'''", ":4: FIXME"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "'''Runs (§3.6).'''", "§3.6"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# As in §8.", "§8"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# See §3.1-3.9.", "§3.9"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# See §4.1.", "§4.1"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# See §4 ¶8.", "¶8"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# See §3.3 ¶2.", "§3.3 ¶"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# Listings 3 and 5", "Listing 5"),
]
BANNED_CALLS = {
    "import random\nx = random.random()": "Chance",
    "from random import choice as pick\nx = pick([1])": "Chance",
    "import secrets\nx = secrets.token_hex()": "Chance",
    "import os\nx = os.urandom(8)": "Chance",
    "import time\nx = time.time()": "Clock",
    "from time import monotonic_ns\nx = monotonic_ns()": "Clock",
    "import time as t\nx = t.perf_counter()": "Clock",
    "import datetime\nx = datetime.datetime.now()": "Clock",
    "from datetime import date\nx = date.today()": "Clock",
    "import datetime as dt\nx = dt.datetime.utcnow()": "Clock",
    "from datetime import datetime\nx = datetime.today()": "Clock",
    "import uuid\nx = uuid.uuid4()": "mint",
    "import uuid\nx = uuid.uuid1()": "mint",
    "from uuid import uuid4\nx = uuid4()": "mint",
    "x = hash('key')": "placement_hash",
    "x = sorted([], key=id)": "address",
    "print('committed')": "event",
    "import asyncio\nx = asyncio.create_task(f())": "spawn",
    "x = loop.create_task(f())": "spawn",
    "import asyncio\nx = asyncio.ensure_future(f())": "spawn",
    "import asyncio\nx = asyncio.gather(f(), g())": "ask_all",
    "import asyncio\nx = asyncio.wait([])": "ask_all",
    "from asyncio import TaskGroup\nx = TaskGroup()": "ask_all",
    "import asyncio\nx = asyncio.as_completed([])": "ask_all",
}
WALKED_SETS = [
    "for x in {1, 2}: send(x)",
    "for x in set(items): send(x)",
    "for x in frozenset(items) - {1}: send(x)",
    "for x in before.keys() - after.keys(): send(x)",
    "for x in before.union(after): send(x)",
    "y = [x for x in {f(1), f(2)}]",
    "y = {x: 1 for x in set(z)}",
    "send(x for x in set(z))",
    "y = list({1, 2})",
    "y = ', '.join({'a', 'b'})",
    "y = [*set(z)]",
    "def f():\n    seen = set()\n    for x in seen: send(x)",
    "def f(seen: set[int]): return tuple(seen)",
    "def f(seen: frozenset[int] | None): return [x for x in seen]",
    "KINDS = {'a', 'b'}\ndef f():\n    for x in KINDS: send(x)",
    "class C:\n    seen: set[int]\n    def f(self):\n        for x in self.seen: send(x)",
    "class C:\n    def f(self):\n        self.a: set[int] = set()\n        return self.a.pop()",
]
REFUSED += [
    (tidy.banned_calls_have_a_replacement, "coordinator/write.py", text, replacement)
    for text, replacement in BANNED_CALLS.items()
]
REFUSED += [
    (tidy.sets_are_sorted_before_they_are_walked, "sim/run.py", text, "sort it")
    for text in WALKED_SETS
]

ACCEPTED: list[tuple[Rule, str, str]] = [
    (
        tidy.imports_only_go_down,
        "sim/run.py",
        "import router.api, os\nfrom items import keys",
    ),
    (tidy.imports_only_go_down, "router/api.py", "import router.http\nimport network.messages"),
    (tidy.pure_files_only_compute, "partition/rules.py", "from partition.record import Record"),
    (
        tidy.pure_files_only_compute,
        "network/codec.py",
        "import items.keys, network.ids",
    ),
    (tidy.pure_files_only_compute, "partition/server.py", "import structlog\nopen('x')"),
    (tidy.imports_are_declared, "sim/run.py", "import msgpack, heapq, items.keys"),
    (tidy.imports_are_absolute, "sim/run.py", "from sim import chance"),
    (tidy.annotations_are_real, "sim/run.py", "from typing import Protocol"),
    (
        tidy.packed_bytes_are_the_same_each_second,
        "a.py",
        "import gzip, zlib\ngzip.compress(b'', mtime=0) + zlib.compress(b'')",
    ),
    (tidy.functions_fit_on_a_screen, "sim/run.py", LONG.replace("    pass\n", "", 1)),
    (tidy.modules_say_what_they_are, "sim/run.py", "'''One execution of a scenario.'''"),
    (tidy.todos_name_their_issue, "sim/run.py", "# TODO(#12): later\nx = 'TODO'"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# §3.1-3.5, §4 ¶1 · ¶7, §5.4. Listings 1-4"),
    (tidy.citations_are_in_the_paper, "sim/run.py", "# RFC 8785 §3.2.2 writes numbers so."),
    (tidy.banned_calls_have_a_replacement, "sim/run.py", "def f(time): return time.time()"),
    (tidy.banned_calls_have_a_replacement, "sim/run.py", "import uuid\nx = uuid.UUID(int=1)"),
    (tidy.banned_calls_have_a_replacement, "sim/run.py", "x = request.id"),
    (tidy.banned_calls_have_a_replacement, "sim/run.py", "def __hash__(self): return hash(self.a)"),
    (tidy.banned_calls_have_a_replacement, "twophase/cli/simulate.py", "import time\ntime.time()"),
    (tidy.sets_are_sorted_before_they_are_walked, "sim/run.py", "for x in sorted({1, 2}): send(x)"),
    (tidy.sets_are_sorted_before_they_are_walked, "sim/run.py", "y = {x for x in {1, 2}}"),
    (tidy.sets_are_sorted_before_they_are_walked, "sim/run.py", "y = any(f(x) for x in {1, 2})"),
    (tidy.sets_are_sorted_before_they_are_walked, "sim/run.py", "for x in table.keys(): send(x)"),
    (tidy.sets_are_sorted_before_they_are_walked, "sim/run.py", "for x in range(a - b): send(x)"),
    (
        tidy.sets_are_sorted_before_they_are_walked,
        "sim/run.py",
        "def f():\n    seen = set(x)\n    seen = sorted(seen)\n    return [x for x in seen]",
    ),
    (
        tidy.sets_are_sorted_before_they_are_walked,
        "sim/run.py",
        "seen = {1, 2}\ndef f(seen: list[int]) -> int:\n    return [x for x in seen]",
    ),
]


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), REFUSED)
def test_a_rule_refuses_what_it_is_made_for(
    rule: Rule, path: str, text: str, complaint: str
) -> None:
    complaints = rule(Source(path, text))

    assert complaints
    assert complaint in complaints[0]
    assert complaints[0].startswith(f"{path}:")


@pytest.mark.parametrize(("rule", "path", "text"), ACCEPTED)
def test_a_rule_lets_the_innocent_pass(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)) == []


def test_a_pure_file_is_followed_through_what_it_imports(tmp_path: Path) -> None:
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "once.py").write_text("from network import placement\n")
    (tmp_path / "network" / "placement.py").write_text("import network.once, asyncio\n")
    machine = Source("partition/machine.py", "from network.once import Once\nimport items.keys")

    [complaint] = tidy.pure_files_only_compute(machine, tmp_path)

    assert "network.once.Once → network.placement → asyncio" in complaint


def test_every_rule_is_shown_both_ways_and_every_ban_once() -> None:
    rules = {*IN_PACKAGES, *EVERYWHERE}
    planted = [one for rule, path, text, _ in REFUSED for one in rule(Source(path, text))]

    assert {rule for rule, *_ in REFUSED} == rules
    assert {rule for rule, *_ in ACCEPTED} == rules
    for banned in tidy.BANNED:
        assert any(f"{banned} is banned" in complaint for complaint in planted), banned


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("uv.lock", ""),
        ("docs/poetry.lock", ""),
        ("constraints.txt", "anyio==4.16.0\nclick @ https://example.org/click.whl"),
        ("constraints.txt", "--index-url=somewhere"),
        ("requirements-dev.txt", "-i somewhere"),
    ],
)
def test_addresses_of_downloads_are_refused(path: str, text: str) -> None:
    assert tidy.versions_are_pinned_without_addresses(path, text)


def test_versions_and_other_addresses_pass() -> None:
    assert not tidy.versions_are_pinned_without_addresses("constraints.txt", "idna==3.20\n")
    assert not tidy.versions_are_pinned_without_addresses("README.md", "https://example.org")


# In pieces, so that this file keeps the rule.
@pytest.mark.parametrize(
    "pieces", [("/", "work/main"), ("'/", "root/.cache'"), ("/home", "/ada/x"), ("C:", r"\Users\x")]
)
def test_paths_of_one_machine_are_refused(pieces: tuple[str, str]) -> None:
    assert tidy.no_path_of_one_machine("docs/tour.md", f"see {''.join(pieces)}")


@pytest.mark.parametrize("text", ["frame/work/x", "~/work/x", "/var/lib", "a framework/", "/root"])
def test_other_paths_pass(text: str) -> None:
    assert not tidy.no_path_of_one_machine("docs/tour.md", text)


@pytest.mark.parametrize("place", ["my venv", ""])
def test_make_refuses_a_place_that_is_not_one_name(place: str) -> None:
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", "demo", f"VENV={place}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "VENV has to be a place without blanks in its name" in done.stderr
    assert done.stdout == ""
