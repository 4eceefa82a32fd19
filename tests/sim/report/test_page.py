"""The file: one that opens by itself, holds what it says, and lets no script in but its own."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from sim.report.made import PARTS
from sim.report.page import PAGE, SCRIPTS, STYLES, as_script, page_of, run_of
from sim.report.recording import Sent
from tests.sim.report.builders import recording

SETTINGS = {"workload.transactions": "40"}
BYTES_MAX = 5_000_000


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(recording("bank", 1, SETTINGS))


def data_in(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="run">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_has_the_data_of_its_run(page: str) -> None:
    run = run_of(recording("bank", 1, SETTINGS))

    assert data_in(page) == json.loads(json.dumps(run))
    assert run["meta"]["left_out"] == ""


def test_the_same_run_is_the_same_page(page: str) -> None:
    assert page_of(recording("bank", 1, SETTINGS)) == page


def test_the_policy_names_the_very_script_and_style_of_the_page(page: str) -> None:
    for tag, name in ((r'<script type="module">', "script"), ("<style>", "style")):
        found = re.search(rf"{tag}(.*?)</{name}>", page, re.DOTALL)
        assert found is not None
        digest = b64encode(sha256(found[1].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_every_file_of_the_page_is_in_it(page: str) -> None:
    names = {entry.name for entry in PAGE.iterdir()}

    assert names == {*SCRIPTS, *STYLES, "page.html.j2"}
    for name in (*SCRIPTS, *STYLES):
        assert (PAGE / name).read_text(encoding="utf-8") in page


def test_nothing_in_the_page_is_fetched(page: str) -> None:
    without_data = re.sub(r'id="run">.*?</script>', "", page, flags=re.DOTALL)

    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", without_data)
    assert not re.search(r"@import|url\((?!#)", without_data)


def test_data_cannot_end_the_script_that_they_are_in() -> None:
    text = as_script({"item": "</script><script>alert(1)</script>", "line": "\u2028"})

    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(str(text))["item"] == "</script><script>alert(1)</script>"


def test_every_message_is_on_the_page_with_its_words() -> None:
    made = recording("bank", 1, SETTINGS)
    run = run_of(made)
    messages, sent = run["messages"], [one for one in made.moments if isinstance(one, Sent)]

    assert len(messages["us"]) == len(sent)
    for column in ("us", "source", "target", "n", "kind", "sentence", "call", "phrase", "ends"):
        assert len(messages[column]) == len(sent), column
    for n, one in enumerate(sent):
        assert run["nodes"][messages["source"][n]]["name"] == one.source
        assert messages["kinds"][messages["kind"][n]] == type(one.message).__name__
        assert run["texts"][messages["phrase"][n]]
        if one.reply_to:
            question = sent[messages["answers"][n]]
            assert (question.source, question.target) == (one.target, one.source)
        if one.call:
            assert run["calls"][messages["call"][n]]["call"] == one.call


def test_conflicts_are_mutual_and_share_an_item() -> None:
    run = run_of(recording("hot-keys", 1, SETTINGS))
    calls, messages = run["calls"], run["messages"]
    items: dict[int, set[int]] = {}
    for n, call in enumerate(messages["call"]):
        items.setdefault(call, set()).update(messages["sets"][messages["items"][n]])
    met = [(n, other) for n, call in enumerate(calls) for other in call["conflicts"]]

    assert met
    for one, other in met:
        assert one in calls[other]["conflicts"]
        assert items[one] & items[other]


def test_phases_come_in_their_order() -> None:
    run = run_of(recording("bank", 1, SETTINGS))
    phases: dict[str, list[tuple[int, str]]] = {}
    for band in run["bands"]:
        if band["kind"].isupper():
            phases.setdefault(band["text"].split()[0], []).append((band["from"], band["kind"]))

    assert phases
    for seen in phases.values():
        kinds = [kind for _, kind in sorted(seen, key=lambda pair: pair[0])]
        assert kinds[0] == "PREPARING"
        assert kinds[1] in ("COMMITTING", "CANCELLING")
        assert kinds[2:] == ["COMPLETED"]


def test_a_crash_is_a_band_from_crash_to_start() -> None:
    made = recording("bank", 5, {**SETTINGS, "faults.crashes": "3", "faults.cuts": "2"})
    run = run_of(made)
    assert made.result is not None
    kinds = [band["kind"] for band in run["bands"]]

    assert kinds.count("down") == made.result.faults["crashes"] > 0
    assert kinds.count("cut") > 0
    for band in run["bands"]:
        assert band["to"] is None or band["from"] <= band["to"]
        assert band["nodes"]


def test_five_hundred_transactions_fit() -> None:
    page = page_of(recording("orders-and-payments", 1, {"workload.transactions": "500"}))

    assert len(page.encode()) < BYTES_MAX
    assert data_in(page)["meta"]["left_out"] == ""


def test_who_waits_is_told_how_much_is_made(page: str) -> None:
    told: list[tuple[int, int]] = []

    def note(parts: int, total: int) -> None:
        told.append((parts, total))

    assert page_of(recording("bank", 1, SETTINGS), progress=note) == page
    assert told == [(n + 1, PARTS) for n in range(PARTS)]


def test_a_page_that_is_too_large_is_made_once_more(page: str) -> None:
    told: list[tuple[int, int]] = []

    def note(parts: int, total: int) -> None:
        told.append((parts, total))

    shorter = page_of(
        recording("bank", 1, SETTINGS), bytes_max=len(page.encode()) - 10_000, progress=note
    )

    assert len(shorter) < len(page)
    assert told[PARTS - 1 : PARTS + 1] == [(PARTS, PARTS), (PARTS + 1, 2 * PARTS)]
    assert told[-1][0] == told[-1][1]


def test_an_end_is_an_arrival_and_a_loss_is_told_by_itself() -> None:
    settings = {**SETTINGS, "network.loss": "0.1", "network.repeat": "0.1"}
    made = recording("bank", 1, settings)
    sent = [one for one in made.moments if isinstance(one, Sent)]
    messages = run_of(made)["messages"]
    seen = set()
    for n, one in enumerate(sent):
        odd = messages["odd"].get(n, {})
        assert messages["ends"][n] == (one.arrivals_us[0] if one.arrivals_us else -1)
        assert odd.get("lost") == one.lost_us
        assert odd.get("because", "") == one.because
        assert odd.get("copy") == (one.arrivals_us[1] if len(one.arrivals_us) > 1 else None)
        seen.add((len(one.arrivals_us), one.lost_us is None))

    assert seen >= {(1, True), (0, False), (2, True), (1, False)}


def test_clients_that_ask_for_a_table_later_do_not_move_the_beginning() -> None:
    shown = recording("changing-table", 3, {"workload.transactions": "40"})
    run = run_of(shown)

    asked = [one for one in shown.operations if one.name == "DescribeTable"]
    begin_us = run["meta"]["begin_us"]
    assert 0 < begin_us < min(row["invoked_us"] for row in run["transactions"])
    assert any(one.invoked_us > begin_us for one in asked), "else this shows nothing"


def test_what_a_reader_of_streams_asks_for_is_told() -> None:
    run = run_of(recording("change-feed", 3, {"workload.transactions": "40"}))

    asked = {call["operation"] for call in run["calls"] if call["client"] == "s1"}
    assert {"ListStreams", "GetRecords"} <= asked
    assert "" not in asked
