"""The page in a real browser, at both widths and in both themes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from sim.report.page import page_of
from sim.report.recording import Recording
from tests.sim.report.builders import recording
from tests.sim.report.opened import Opened, in_window, written

WIDTHS, THEMES = (1280, 390), ("light", "dark")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown() -> Recording:
    return recording("bank", 2, {"workload.transactions": "60", "faults.all": "1"})


@pytest.fixture(scope="module")
def file(shown: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("report"), page_of(shown))


@pytest.fixture(params=[(width, theme) for width in WIDTHS for theme in THEMES], ids=str)
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opened]:
    yield from in_window(browser, *request.param)


SIGHT = "document.getElementById('space').diagram.inSight().map((n) => twophase.data.message(n))"
CONFLICT = """() => {
  const { RUN } = twophase;
  const call = RUN.calls.find((one) => one.conflicts.length > 0 && one.names.length > 0);
  return { call: call.call, others: call.conflicts.map((n) => RUN.calls[n].call) };
}"""


def test_it_opens_without_a_word_in_the_console(opened: Opened, file: Path) -> None:
    opened.open(file)

    assert opened.said == []
    assert opened.in_sight()
    for section in ("summary", "findings", "diagram", "travel", "transactions", "plots"):
        assert opened.page.locator(f"#{section}").is_visible()


def test_nothing_is_wider_than_the_window(opened: Opened, file: Path) -> None:
    opened.open(file)

    assert opened.run("() => document.documentElement.scrollWidth <= innerWidth")


def test_hovering_over_a_message_shows_it_whole(opened: Opened, file: Path) -> None:
    opened.open(file)
    opened.page.get_by_label("Kind").select_option("Prepare")
    opened.settle()
    message = opened.in_sight()[0]
    whole = opened.run("(n) => twophase.data.message(n)", message)

    opened.point_at(message)

    tip = opened.text("#space .tip")
    assert len(whole["lines"]) > 3
    for line in (whole["phrase"], *whole["lines"]):
        assert line in tip
    assert "§3.3" in tip


def test_a_filter_leaves_its_messages_and_no_others(opened: Opened, file: Path) -> None:
    opened.open(file)
    every = opened.run("() => twophase.data.count")

    opened.page.get_by_label("Kind").select_option("Votes")
    opened.settle()

    kinds = opened.run(f"() => {SIGHT}.map((m) => m.kind)")
    assert kinds
    assert set(kinds) == {"Votes"}
    assert f"of {every:,} messages" in opened.text("#filters output")
    opened.page.get_by_role("button", name="Show everything").click()
    opened.settle()
    assert f"{every:,} of {every:,} messages" in opened.text("#filters output")


def test_a_transaction_is_shown_with_what_it_conflicted_with(either: Opened, file: Path) -> None:
    either.open(file)
    conflict = either.run(CONFLICT)

    either.page.get_by_label("Transaction", exact=True).fill(conflict["call"])
    either.page.get_by_label("Transaction", exact=True).press("Enter")
    either.settle()

    calls = either.run(f"() => {SIGHT}.map((m) => m.call?.call)")
    assert conflict["call"] in calls
    assert set(calls) <= {conflict["call"], *conflict["others"]}


def test_a_message_that_is_clicked_twice_leaves_only_its_transaction(
    wide: Opened, file: Path
) -> None:
    wide.open(file)
    message = wide.run(f"() => {SIGHT}.find((m) => m.call?.names.length).n")
    x, y = wide.place_of(message)

    wide.page.locator("#space canvas[role=application]").dblclick(position={"x": x, "y": y})
    wide.settle()

    assert wide.view("transaction") is not None
    names = wide.run(f"() => {SIGHT}.map((m) => m.call?.call)")
    assert wide.view("transaction") in names
    wide.page.get_by_role("button", name="Show everything").click()
    assert wide.view("transaction") is None


def test_the_slider_goes_through_time(opened: Opened, file: Path) -> None:
    opened.open(file)
    slider = opened.page.get_by_label("Virtual time")

    slider.fill(str(opened.run("() => Math.round((twophase.view.from + twophase.view.to) / 2)")))
    opened.settle()
    before = opened.view("t")
    slider.press("ArrowRight")
    opened.settle()

    assert opened.view("t") >= before
    assert opened.page.locator("li[aria-current=step]").count() == 1
    assert opened.text(".sentence")
    assert opened.page.locator("#travel .card").count() > 0


def test_a_link_leads_to_its_moment(opened: Opened, file: Path) -> None:
    opened.open(file)
    conflict, end_us = opened.run(CONFLICT), opened.run("() => twophase.RUN.meta.end_us")

    opened.open(file.parent / "run.html", f"?again#t={end_us // 2}&transaction={conflict['call']}")

    assert opened.view("t") == end_us // 2
    assert opened.view("transaction") == conflict["call"]
    assert opened.view("from") <= end_us // 2 <= opened.view("to")
    assert opened.said == []


def test_what_is_chosen_is_in_the_address(wide: Opened, file: Path) -> None:
    wide.open(file)
    wide.run("() => twophase.view.set({ t: 100000, node: 'p1' })")

    wide.page.wait_for_url("**#t=100000&node=p1*")

    wide.run("() => { location.hash = '#t=120000' }")
    wide.page.wait_for_function("() => twophase.view.t === 120000")
    assert wide.view("node") is None


def test_an_address_that_makes_no_sense_is_let_be(wide: Opened, file: Path) -> None:
    wide.open(file, "#t=soon&transaction=nobody&node=x9&item=-1&kind=__proto__&from=a&theme=pink")

    assert wide.said == []
    assert wide.view("kind") is None
    assert wide.view("transaction") is None
    assert 0 <= wide.view("from") <= wide.view("t") <= wide.view("to")
    assert wide.in_sight()


def test_an_address_takes_a_transaction_by_its_name_too(wide: Opened, file: Path) -> None:
    wide.open(file)
    call, name = wide.run(
        "() => { const { call, names } = twophase.RUN.calls.find((one) => one.names.length === 1);"
        " return [call, names[0]] }"
    )

    wide.open(file.parent / "run.html", f"?again#transaction={name}")

    assert wide.view("transaction") == call
    wide.page.wait_for_url(f"**transaction={call}*")


@pytest.mark.parametrize(
    "odd", ["from=5000&to=100", "from=100&to=100", "from=99999999998&to=99999999999", "from=&to=9"]
)
def test_a_part_that_is_none_is_let_be(wide: Opened, file: Path, odd: str) -> None:
    wide.open(file)
    part = wide.view("from"), wide.view("to")

    wide.open(file.parent / "run.html", f"?again#{odd}")
    assert (wide.view("from"), wide.view("to")) == part
    assert wide.in_sight()

    wide.run("() => twophase.view.set({ t: 50000, from: 10000, to: 90000 })")
    wide.run("(odd) => { location.hash = `#t=60000&${odd}` }", odd)
    wide.page.wait_for_function("() => twophase.view.t === 60000")
    assert (wide.view("from"), wide.view("to")) == (10_000, 90_000)


def test_what_is_empty_in_an_address_says_nothing(wide: Opened, file: Path) -> None:
    wide.open(file)
    begin = wide.view("t")

    wide.open(file.parent / "run.html", "?again#t=&item=&node=&kind=%20")

    assert wide.view("t") == begin
    assert wide.view("t") > 0
    assert wide.view("item") is None
    assert wide.said == []


def test_the_way_to_the_diagram_leaves_the_view_alone(wide: Opened, file: Path) -> None:
    wide.open(file)
    call = wide.run(CONFLICT)["call"]
    wide.open(file.parent / "run.html", f"?again#t=120000&transaction={call}")

    wide.page.keyboard.press("Tab")
    wide.page.keyboard.press("Enter")
    wide.page.wait_for_function("() => scrollY > 0")
    wide.page.wait_for_function("() => location.hash.startsWith('#t=120000&transaction=')")

    assert wide.view("t") == 120_000
    assert wide.view("transaction") == call


def test_keys_do_what_the_pointer_does(either: Opened, file: Path) -> None:
    either.open(file)
    canvas = either.page.locator("#space canvas[role=application]")
    canvas.focus()
    span = either.view("to") - either.view("from")

    canvas.press("+")
    assert either.view("to") - either.view("from") == pytest.approx(span / 2, abs=2)
    canvas.press("n")
    either.settle()
    first = either.text("#picked")
    canvas.press("n")
    either.settle()
    assert either.text("#picked") != first
    canvas.press("p")
    either.settle()
    assert either.text("#picked") == first
    canvas.press("0")
    assert either.view("from") == 0
    assert either.view("to") == either.run("() => twophase.RUN.meta.end_us")


def test_the_switch_turns_light_and_dark(either: Opened, file: Path) -> None:
    either.open(file)
    background = "() => getComputedStyle(document.body).backgroundColor"
    before = either.run(background)

    either.page.get_by_role("button", name="Dark").click()

    assert either.run(background) != before
    either.page.get_by_role("button", name="Dark").click()
    assert either.run(background) == before


def test_a_lane_can_be_chosen_alone(either: Opened, file: Path) -> None:
    either.open(file)

    either.page.get_by_role("button", name="only coordinator c1").click()
    either.settle()

    assert either.view("node") == "c1"
    ends = either.run(f"() => {SIGHT}.map((m) => [m.source, m.target])")
    assert ends
    assert all("c1" in pair for pair in ends)


def test_the_page_asks_nobody_for_anything(wide: Opened, file: Path) -> None:
    wide.open(file)

    assert wide.asked == [file.as_uri()]
    refused = wide.run("() => fetch('http://127.0.0.1:9/').then(() => false, () => true)")
    assert refused
    assert any("Content Security Policy" in said for said in wide.said)


def test_the_disks_in_the_end_are_those_of_the_run(wide: Opened, file: Path) -> None:
    wide.open(file)
    wide.run("() => twophase.view.set({ t: twophase.RUN.meta.end_us })")
    wide.settle()

    ledger = wide.page.locator("#travel .card", has_text="ledger node")
    assert "PREPARING" not in ledger.inner_text()
    assert "COMPLETED" in ledger.inner_text()
    assert "nothing" in wide.text("#travel .flying")


def test_what_a_node_has_fits_into_its_card(wide: Opened, file: Path) -> None:
    wide.open(file)
    wide.run("() => twophase.view.set({ t: twophase.RUN.meta.end_us })")
    wide.settle()

    tables = wide.page.locator("#travel .card .scroll:visible")
    assert tables.count() > 3
    for table in tables.all():
        assert table.evaluate("(shown) => shown.scrollWidth <= shown.clientWidth")


def test_a_reader_of_streams_has_what_it_asks_for(wide: Opened, tmp_path: Path) -> None:
    shown = recording("change-feed", 3, {"workload.transactions": "40"})
    wide.open(written(tmp_path, page_of(shown)))
    wide.run(
        "() => twophase.view.set({t: twophase.RUN.calls.find((one) => one.client === 's1').asked})"
    )
    wide.settle()

    assert "asks for ListStreams" in wide.text("#travel .card:has-text('reader of streams')")


def test_of_followers_nobody_says_that_they_have_nothing(wide: Opened, tmp_path: Path) -> None:
    shown = recording("stale-reads", 1, {"workload.transactions": "20"})
    wide.open(written(tmp_path, page_of(shown)))

    told = wide.page.get_by_text("in their memory").inner_text()

    assert "f1" not in told.partition(".")[0]
    assert "What f1, f2" in told


REPEATED = """() => {
  const { RUN, data } = twophase;
  for (let n = 0; n < data.count; n++) {
    const { us, arrives, odd } = data.message(n);
    if (odd.copy !== undefined && arrives !== null && us < arrives && arrives < odd.copy) {
      return { n, us, arrives, copy: odd.copy };
    }
  }
  return null;
}"""


def test_a_repeated_message_is_told_by_the_arrival_that_comes_next(
    wide: Opened, tmp_path: Path
) -> None:
    keys = {"workload.transactions": "20", "network.repeat": "0.2"}
    wide.open(written(tmp_path, page_of(recording("bank", 2, keys))))
    message = wide.run(REPEATED)
    assert message, "no message of this run was repeated"

    def told_at(us: int) -> str:
        wide.run("(t) => twophase.view.set({ t })", us)
        wide.settle()
        return wide.text("#travel .flying")

    def when(us: int) -> str:
        return f"{us / 1000:,.3f} ms"

    assert f"arrives {when(message['arrives'])}" in told_at(message["us"])
    assert f"a copy arrives {when(message['copy'])}" in told_at(message["arrives"])
    assert when(message["copy"]) not in told_at(message["copy"])


def test_an_error_in_the_script_would_be_noticed(
    wide: Opened, shown: Recording, tmp_path: Path
) -> None:
    broken = page_of(shown).replace('<script type="module">', '<script type="module">planted();')

    wide.page.goto(written(tmp_path, broken).as_uri())
    wide.page.wait_for_timeout(100)

    assert wide.said  # The policy lets no script in whose hash it does not know.
