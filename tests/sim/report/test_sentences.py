"""Sentences: there is one for each message, and their sections are those of the messages."""

import re

import pytest

from network import messages
from network.messages import MESSAGES
from sim.report.page import run_of
from sim.report.recording import Sent
from sim.report.sentences import _PLAIN, SENTENCES, WRITINGS, sentence_of
from tests.sim.report.builders import recording
from tests.tidy import PAPER

BY_CONTENT = {"Votes", "Finished", "Request", "Read", "Write", "OfRange"}
# What the message's own docstring cites is cited for it; these speak of more than one thing.
SECTIONS_OF = {
    "WriteTransaction": "write transaction",
    "ReadTransaction": "read transaction",
    "Prepare": "prepare",
    "Commit": "commit",
    "Cancel": "cancel",
    "Scan": "scan",
    "Write": "write",
    "Stalled": "stalled",
    "Recover": "recover",
}


def test_there_is_a_sentence_for_every_message() -> None:
    for cls in MESSAGES:
        assert cls in _PLAIN or cls.__name__ in BY_CONTENT
    assert set(_PLAIN.values()) <= set(SENTENCES)


@pytest.mark.parametrize("scenario", ["bank", "game-shop", "indexes"])
def test_there_is_a_sentence_for_all_that_is_said(scenario: str) -> None:
    settings = {"workload.transactions": "60", "faults.partition_splits": "1"}
    made = recording(scenario, 1, settings)
    seen = {sentence_of(one.message) for one in made.moments if isinstance(one, Sent)}

    assert seen <= set(SENTENCES)
    assert len(seen) > 20


def test_sections_are_in_the_paper() -> None:
    texts = [sentence.section for sentence in SENTENCES.values()]
    texts += [section for section, _ in WRITINGS.values()]
    for section in filter(None, texts):
        assert section.startswith("§")
        assert section[1:] in PAPER


@pytest.mark.parametrize(("message", "sentence"), SECTIONS_OF.items())
def test_a_section_is_the_one_that_the_message_cites(message: str, sentence: str) -> None:
    told = getattr(messages, message).__doc__ or ""

    assert SENTENCES[sentence].section in re.findall(r"§[\d.]*\d", told)


def test_every_durable_change_has_its_sentence() -> None:
    run = run_of(recording("bank", 1, {"workload.transactions": "40"}))

    assert {write["what"] for write in run["writes"]} <= set(WRITINGS)


def test_a_sentence_names_nobody_who_is_not_there() -> None:
    for sentence in SENTENCES.values():
        for text in (sentence.leaves, sentence.arrives):
            assert set(re.findall(r"\{(\w+)\}", text)) <= {"source", "target"}
            assert text.endswith((".", ")", "?"))
    for _, text in WRITINGS.values():
        assert set(re.findall(r"\{(\w+)\}", text)) <= {"node"}
