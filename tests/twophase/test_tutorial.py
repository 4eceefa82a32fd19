"""The tutorial: its page is read as it is meant, its answers are compared, and all of it runs."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from tests.tidy import ROOT
from tests.twophase.light import Client
from twophase.cli.errors import BadInputError
from twophase.cli.main import main
from twophase.cli.tutorial import own_page
from twophase.cli.tutorial_page import Ask, Heading, Start, filled, steps_of
from twophase.cli.tutorial_playing import difference, fits
from twophase.cli.tutorial_server import LAST_LINE, Answer, environment_of
from twophase.testing import local_dynamodb

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
REFUSED = "An error occurred (X) when calling the Y operation: no"
SMALL = """
# A page

## Nothing is run here

## Work

```sh
. somewhere   # For people.
twophase serve --partitions 2   # For all.
```

<!-- until -->
```bash
aws dynamodb \\
  list-tables --query 'a
b'
```

```json
[]
```

```python
print("a")
```

Words in between.

```text
a
```
"""


def ask(expected: str = "", *, language: str = "bash", is_json: bool = False) -> Ask:
    return Ask(1, language, "aws dynamodb list-tables", expected, is_json, is_awaited=False)


def answer(out: str = "", *, code: int = 0, told: str = "") -> Answer:
    return Answer(code, out, told)


# The page.


def test_a_page_is_read_in_its_order() -> None:
    heading, start, awaited, program = steps_of(SMALL)

    assert heading == Heading("Work")
    assert start == Start(10, ("--partitions", "2"))
    assert isinstance(awaited, Ask)
    assert awaited == Ask(15, "bash", awaited.text, "[]", is_json=True, is_awaited=True)
    assert awaited.words == ["aws", "dynamodb", "list-tables", "--query", "a\nb"]
    assert program == Ask(25, "python", 'print("a")', "", is_json=False, is_awaited=False)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("twophase serve", "twophase status", "starts no server"),
        ("aws dynamodb", "rm -r", "line 15: a block marked bash is one `aws` command"),
        ("'a\n", "a\n", "line 15: no command: no closing quotation"),
        ("[]", "[", "line 15: its answer is no JSON"),
    ],
)
def test_a_page_that_cannot_be_run_is_refused(before: str, after: str, told: str) -> None:
    assert before in SMALL

    with pytest.raises(BadInputError, match=told):
        steps_of(SMALL.replace(before, after))


def test_the_tutorial_has_two_servers_and_six_steps() -> None:
    steps = steps_of(PAGE)
    headings = [step.text for step in steps if isinstance(step, Heading)]
    starts = [step.options for step in steps if isinstance(step, Start)]

    assert [text.partition(":")[0] for text in headings[1:]] == [f"Step {n}" for n in range(1, 7)]
    assert starts[1] == (*starts[0], "--allow-reserved-words")


def test_every_command_of_the_tutorial_is_to_a_shell_what_it_is_to_us() -> None:
    asks = [step for step in steps_of(PAGE) if isinstance(step, Ask) and step.language == "bash"]
    assert len(asks) > 15

    for one in asks:
        script = f"aws() {{ printf '%s\\0' aws \"$@\"; }}\n{one.text}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.split("\0")[:-1] == one.words


def test_the_page_is_found_beside_the_package() -> None:
    assert own_page().read_text(encoding="utf-8") == PAGE


# Answers.


@pytest.mark.parametrize(
    ("expected", "came"),
    [
        ({"a": "…"}, {"a": {"b": 1}}),
        ({"a": 1, "…": "…"}, {"b": 2, "a": 1}),
        ({"…": "…"}, {}),
        ([{"a": "…"}, 2], [{"a": None}, 2]),
        ("ACTIVE", "ACTIVE"),
    ],
)
def test_what_is_left_open_may_be_anything(expected: Any, came: Any) -> None:
    assert filled(expected, came) == came


@pytest.mark.parametrize(
    ("expected", "came"),
    [
        ({"a": "…"}, {}),
        ({"a": "…"}, {"a": 1, "b": 2}),
        ({"a": 1, "…": "…"}, {"a": 2, "b": 1}),
        ([1], [1, 2]),
        ([], {}),
        ("ACTIVE", "CREATING"),
        ({"a": {"b": 1, "…": "…"}}, {"a": "…"}),
    ],
)
def test_what_is_not_left_open_has_to_be_the_same(expected: Any, came: Any) -> None:
    assert filled(expected, came) != came


@pytest.mark.parametrize(
    ("asked", "came"),
    [
        (ask(), answer()),
        (ask(), answer("{}\n")),
        (ask('{"a": "…"}', is_json=True), answer('{"a": 1}\n')),
        (ask("one\ntwo", language="python"), answer("one\ntwo\n")),
        (ask(REFUSED), answer(code=255, told=f"\naws: [ERROR]: {REFUSED}\n")),
    ],
)
def test_an_answer_that_is_the_pages_fits(asked: Ask, came: Answer) -> None:
    assert fits(asked, came)


@pytest.mark.parametrize(
    ("asked", "came"),
    [
        (ask(), answer("[]")),
        (ask(), answer(code=255, told=REFUSED)),
        (ask('{"a": "…"}', is_json=True), answer('{"b": 1}')),
        (ask('{"a": "…"}', is_json=True), answer("")),
        (ask('{"a": "…"}', is_json=True), answer('{"a": 1}', code=1)),
        (ask("two", language="python"), answer("one")),
        (ask(REFUSED), answer(REFUSED)),
        (ask(REFUSED), answer(code=255, told=REFUSED.replace("(X)", "(Z)"))),
    ],
)
def test_an_answer_that_is_another_does_not_fit(asked: Ask, came: Answer) -> None:
    assert not fits(asked, came)


def test_a_difference_shows_what_differs_and_nothing_that_is_left_open() -> None:
    asked = ask('{"id": "…", "state": "ACTIVE", "…": "…"}', is_json=True)

    lines = list(difference(asked, answer('{"more": 1, "state": "CREATING", "id": 7}')))

    assert [line for line in lines if line[:1] in "+-"] == [
        '-     "state": "ACTIVE",',
        '+     "state": "CREATING",',
    ]


def test_nothing_of_this_machines_setup_reaches_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://example.org")

    variables = environment_of(["hello", "export AWS_ENDPOINT_URL=http://a:1?b=c", LAST_LINE])

    assert variables["AWS_ENDPOINT_URL"] == "http://a:1?b=c"
    assert "AWS_PROFILE" not in variables
    assert "AWS_ENDPOINT_URL_DYNAMODB" not in variables


# The error that the page shows.


def test_the_error_on_the_page_is_what_the_wire_has() -> None:
    [shown] = re.findall(r"```json\n(\{\n  \"__type.*?)```", PAGE, re.DOTALL)

    assert asyncio.run(error_of_a_used_number()) == json.loads(shown)


async def error_of_a_used_number() -> dict[str, Any]:
    put = {"TableName": "Orders", "Item": {"OrderID": {"S": "ORD#1001"}}}
    once = {**put, "ConditionExpression": "attribute_not_exists(OrderID)"}
    other = {**put, "Item": {"OrderID": {"S": "ORD#1002"}}}
    table = {
        "TableName": "Orders",
        "AttributeDefinitions": [{"AttributeName": "OrderID", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "OrderID", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    with local_dynamodb(seed=1) as server:
        client = Client(server.url)
        await client.ask("CreateTable", table)
        while (await client.ask("PutItem", put))[0] != 200:
            pass  # It is CREATING.
        actions = {"TransactItems": [{"Put": once}, {"Put": other}]}
        _, refused = await client.ask("TransactWriteItems", actions)
        client.close()
    return refused


# The command.


def page(tmp_path: Path, program: str, expected: str) -> str:
    """Write a page of one program, which needs no time to start as `aws` does."""
    file = tmp_path / "page.md"
    blocks = ("sh\ntwophase serve", f"python\n{program}", f"text\n{expected}")
    file.write_text("## Work\n\n" + "".join(f"```{block}\n```\n\n" for block in blocks))
    return str(file)


def tutorial(*words: str) -> Result:
    return CliRunner().invoke(main, ["tutorial", *words])


def url_in(text: str) -> str:
    [url] = re.findall(r"http://[\d.:]+\d", text)
    return str(url)


def listens(url: str) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex((urlsplit(url).hostname, urlsplit(url).port)) == 0


def test_a_page_is_played_and_its_server_stopped(tmp_path: Path) -> None:
    result = tutorial(page(tmp_path, "import os\nprint(os.environ['AWS_PAGER'] + 'a')", "a"))

    assert result.exit_code == 0, result.output
    assert "1 command" in result.output
    assert "\x1b" not in result.output  # No colours but on a terminal.
    assert not listens(url_in(result.output))


def test_another_answer_is_shown_as_a_difference_and_exit_code_1(tmp_path: Path) -> None:
    result = tutorial(page(tmp_path, "print('one')", "two"))

    assert result.exit_code == 1
    assert "page.md shows in line 8" in result.output
    assert "\n- two\n+ one\n" in result.output
    assert not listens(url_in(result.output))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "the page starts no server"),
        ("```sh\ntwophase serve --partitions 0\n```\n", "--partitions must be a whole number"),
    ],
)
def test_a_page_that_cannot_be_played_is_exit_code_2(
    tmp_path: Path, written: str, told: str
) -> None:
    (tmp_path / "page.md").write_text(written)

    result = tutorial(str(tmp_path / "page.md"))

    assert result.exit_code == 2
    assert told in result.stderr


def test_the_tutorial_without_boto3_is_refused_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("twophase.cli.tutorial.find_spec", {"boto3": None}.__getitem__)
    result = tutorial()

    assert result.exit_code == 2
    assert "asks with boto3 too, which is not installed: pip install '.[tutorial]'" in result.stderr
    assert result.stdout == ""


def test_a_page_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    result = tutorial(str(tmp_path / "nowhere.md"))

    assert result.exit_code == 2
    assert result.stderr.startswith("twophase: the page ")
    assert "no such file" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_it_stops_its_server(tmp_path: Path, number: signal.Signals) -> None:
    words = ["-m", "twophase", "tutorial", page(tmp_path, "import time\ntime.sleep(99)", "x")]
    with subprocess.Popen([sys.executable, "-u", *words], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        told = ""
        while "python -" not in told:
            told += one.stdout.readline()
        url = url_in(told)
        assert listens(url)
        one.send_signal(number)
        assert one.wait(30) == 130

    give_up = time.monotonic() + 10
    while listens(url) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not listens(url)


@pytest.mark.slow
def test_the_whole_tutorial_runs(tmp_path: Path) -> None:
    hasty = PAGE.replace(" --table-delay 2s", "")
    assert hasty != PAGE
    (tmp_path / "hasty.md").write_text(hasty, encoding="utf-8")

    result = tutorial(str(tmp_path / "hasty.md"))

    assert result.exit_code == 0, result.output
    assert "20 commands, and every answer is what" in result.output
