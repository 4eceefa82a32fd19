"""How a live view is laid out: as many lines as there are, none too wide, what matters kept."""

from dataclasses import replace
from typing import Any

import pytest
from rich.text import Text

from sim.watch.picture import Decided, Going, Happened, Node, Part, Picture
from sim.watch.rates import Rate
from twophase.cli.watch_layout import Block, Size, column, drawn, fitted, page
from twophase.cli.watch_page import HELP, Shown, lines_of_page
from twophase.cli.watch_rows import between
from twophase.cli.watch_server_page import (
    LastLines,
    ServerShown,
    lines_of_server,
    nodes_of,
)

PICTURE = Picture(
    us=134_625,
    nodes=(
        Node("k1", "client", "up", (), "1 waiting", (("waiting", 1),)),
        Node("c1", "coordinator", "up", ("cut",), "2 writes", (("writes", 2),)),
        Node("p1", "partition", "down", (), "3 records, LSN 9", (("records", 3), ("lsn", 9))),
    ),
    going=(Going("t1", "k1/12", "PREPARING", 130_000, (Part("a", "✓"), Part("b", "?"))),),
    decided=(
        Decided(109_910, "t0", "k1/11", "committed", (Part("a", ""), Part("b", ""))),
        Decided(
            120_000,
            "",
            "k2/3",
            "cancelled",
            (Part("a", "None"), Part("b", "TransactionConflict")),
        ),
    ),
    happened=(
        Happened(134_000, "delivered", "c1>p1", "prepare t1 @1ms.c1: put a"),
        Happened(134_500, "durable", "p1", "promised a"),
        Happened(134_600, "lost, host down", "c1>p1", "commit t0 a"),
        Happened(134_625, "fault", "", "p1 crashed"),
    ),
    lost=(Happened(134_625, "fault", "", "p1 crashed"),),
    troubles=("p1 down",),
    flying=2,
    messages={"sent": 10, "delivered": 7, "lost": 1, "repeated": 0},
    outcomes={"committed": 1, "cancelled": 1, "unknown": 0},
    reasons={"TransactionConflict": 1},
)
SHOWN = Shown(PICTURE, "bank  seed 1", "", "paused", "trouble", 0.01, 3, 200, 1)


def plain(lines: list[Text]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


def test_the_whole_screen() -> None:
    assert (
        "\n".join(plain(lines_of_page(SHOWN, Size(90, 24))))
        == """\
bank  seed 1                                            134.625 ms  0.01×  paused  trouble
Transactions 3 of 200: 1 committed, 1 cancelled, 0 unknown
Faults now: p1 down

Nodes                                  In flight
k1    up   1 waiting                       4.6 t1   k1/12  PREPARING  a✓ b?
c1    up   cut 2 writes
p1    down 3 records, LSN 9

Lost, repeated, faults                 Decided
    134.6 ! p1 crashed                     109.9 t0   k1/11  committed a b
                                           120.0 read k2/3   cancelled b TransactionConfl…

                                       What happened
                                           134.0 c1>p1   prepare t1 @1ms.c1: put a
                                           134.5 ■ p1    promised a
                                           134.6 c1>p1   lost, host down: commit t0 a
                                           134.6 ! p1 crashed





space pause  . step  n next decision  + - speed  f to the end  q quit  ? help"""
    )


@pytest.mark.parametrize("size", [Size(80, 24), Size(120, 40), Size(60, 16), Size(250, 90)])
@pytest.mark.parametrize("more", [{}, {"has_help": True}, {"findings": ("x: y: " + "z " * 500,)}])
def test_every_line_fits_on_every_screen(size: Size, more: dict[str, Any]) -> None:
    many = replace(
        PICTURE,
        nodes=tuple(Node(f"p{n}", "partition", "up", ("slow disk",)) for n in range(1, 65)),
        going=PICTURE.going * 40,
        decided=PICTURE.decided * 40,
        happened=PICTURE.happened * 40,
        troubles=tuple(f"c{n}>p{n} cut" for n in range(40)),
    )

    for picture in (PICTURE, many):
        lines = lines_of_page(replace(SHOWN, picture=picture, **more), size)

        assert len(lines) == size.height
        assert max(line.cell_len for line in lines) <= size.width


def test_time_and_mode_are_kept_where_a_title_is_too_long() -> None:
    first = lines_of_page(replace(SHOWN, title="x" * 200), Size(80, 24))[0].plain

    assert first.endswith("134.625 ms  0.01×  paused  trouble")
    assert "xxx…" in first


def test_a_small_terminal_is_told_how_large_it_must_be() -> None:
    lines = plain(lines_of_page(SHOWN, Size(59, 15)))

    assert lines[0] == "60 columns and 16 lines are needed"
    assert len(lines) == 15


def test_what_would_move_the_cursor_is_a_sign() -> None:
    line = fitted(Text("a\x1b[2Jb\nc\td"), 20)

    assert line.plain == "a�[2Jb�c�d"


def test_a_block_keeps_its_newest_lines_or_says_how_many_more_there_are() -> None:
    lines = [Text(str(n)) for n in range(10)]

    assert plain(drawn(Block("Log", lines), 40, 4)) == ["Log", "7", "8", "9"]
    assert plain(drawn(Block("Nodes", lines, newest_last=False), 40, 4)) == [
        "Nodes  … and 7 more",
        "0",
        "1",
        "2",
    ]


def test_blocks_without_a_height_share_what_is_left() -> None:
    lines = [Text("x")] * 9
    blocks = [Block("A", lines, 3), Block("B", lines), Block("C", lines)]

    assert plain(column(blocks, 10, 10)) == ["A", "x", "x", "B", "x", "x", "C", "x", "x", "x"]


def test_a_page_has_its_two_sides_beside_each_other() -> None:
    left, right = [Block("L", [Text("l" * 50)])], [Block("R", [Text("r" * 80)])]

    lines = page(Size(60, 16), [Text("head")], left, right, Text("foot"), left_width=20)

    assert lines[0].plain == "head"
    assert lines[2].plain == "l" * 19 + "…" + "  " + "r" * 37 + "…"
    assert lines[-1].plain == "foot"


def test_two_texts_in_a_line_that_is_too_short_lose_the_one_that_matters_less() -> None:
    left, right = Text("left side"), Text("right")

    assert between(left, right, 20).plain == "left side      right"
    assert between(left, right, 12).plain == "left … right"
    assert between(left, right, 12, keeps="left").plain == "left side"


def test_a_title_on_one_side_does_not_style_the_other() -> None:
    left, right = [Block("Left", [])], [Block("", [Text("plain")])]

    line = page(Size(60, 16), [], left, [Block("Right", [])], Text(""), left_width=20)[0]
    styled = [line.plain[span.start : span.end].strip() for span in line.spans]

    assert (line.style, styled) == ("", ["Left", "Right"])
    assert page(Size(60, 16), [], left, right, Text(""), left_width=20)[1].spans == []


# A server's.

STATUS: dict[str, Any] = {
    "nodes": [
        {"node": "p1", "kind": "partition", "up": True, "records": 2, "ongoing": 1, "lsn": 7},
        {"node": "p2", "kind": "partition", "up": False},
    ],
    "tables": [{"table": "accounts", "status": "ACTIVE", "id": "x"}],
    "answers": [
        {"operation": "TransactWriteItems", "outcome": "done", "count": 5},
        {"operation": "TransactWriteItems", "outcome": "TransactionCanceledException", "count": 2},
        {"operation": "TransactWriteItems", "outcome": "InternalServerError", "count": 1},
        {"operation": "PutItem", "outcome": "TransactionConflictException", "count": 3},
    ],
    "events": {"transaction.begun": 7, "token.replayed": 9},
    "faults": "conflict=0.1",
    "faults_carried_out": {"conflict": 4},
}
SERVER = ServerShown(
    title="twophase serve  http://127.0.0.1:8000",
    state="running",
    seconds=9.7,
    status=STATUS,
    rates=[Rate("TransactWriteItems", 12.5, 8, 3)],
    picture=None,
    said=(),
    help=("space     freeze",),
)


def test_the_whole_screen_of_a_server_that_is_asked() -> None:
    assert (
        "\n".join(plain(lines_of_server(SERVER, Size(96, 16))))
        == """\
twophase serve  http://127.0.0.1:8000                                             9.7 s  running
Requests: 8, now 12.5 a second      Transactions: 5 committed, 2 cancelled, 1 unknown or refused
Faults: conflict=0.1  4 × conflict

Nodes                                       a second    in all  refused  Requests
p1    up   2 records, 1 ongoing, LSN 7          12.5         8        3  TransactWriteItems
p2    down

Events
        9 token.replayed                  Tables
        7 transaction.begun               ACTIVE     accounts




space freezes the picture, and lets it go on   q quits   ? help"""
    )


def test_a_server_that_tells_of_events_shows_its_transactions_and_conflicts() -> None:
    lines = plain(
        lines_of_server(replace(SERVER, picture=PICTURE, said=("disk.failed p1",)), Size(120, 40))
    )
    text = "\n".join(lines)

    assert "Conflicts: 4" in lines[1]  # Three single writes and one item of a transaction.
    assert "t1   k1/12  PREPARING  a✓ b?" in text
    assert "disk.failed p1" in text


def test_help_is_whole_on_a_small_terminal() -> None:
    shown = replace(SHOWN, broken="reads-have-one-round", has_help=True)
    lines = plain(lines_of_page(shown, Size(80, 24)))

    assert "Keys" in lines  # And not '… and 2 more'.
    assert lines[-2] == HELP[-1]


def test_help_of_a_server_is_its_own() -> None:
    lines = plain(lines_of_server(replace(SERVER, has_help=True), Size(80, 24)))

    assert lines[5] == "space     freeze"


def test_nodes_are_read_from_a_status() -> None:
    assert nodes_of(STATUS["nodes"]) == (
        Node(
            "p1",
            "partition",
            "up",
            (),
            "2 records, 1 ongoing, LSN 7",
            (("records", 2), ("ongoing", 1), ("lsn", 7)),
        ),
        Node("p2", "partition", "down"),
    )


def test_a_log_is_kept_line_by_line_and_only_its_end() -> None:
    log = LastLines(2)
    for text in ("one\ntw", "o\n\n", "three", "\nfour"):
        log.write(text)

    assert list(log.lines) == ["two", "three"]
