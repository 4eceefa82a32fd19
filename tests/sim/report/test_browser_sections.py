"""Summary, findings, transactions and plots in a real browser."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from sim.report.page import page_of, run_of
from sim.report.page import written as page_with
from tests.sim.report.builders import recording
from tests.sim.report.opened import Opened, in_window, written

SETTINGS = {"workload.transactions": "120", "network.loss": "0.1", "faults.crashes": "4"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("calls"), page_of(recording("bank", 1, SETTINGS)))


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shown = recording("bank", 3, mutant="reads-have-one-round")
    return written(tmp_path_factory.mktemp("failing"), page_of(shown))


SHOWN = "none that the trace shows"
ROWS = "table.operations > tbody > tr:not(.details)"
CHOSEN = """() => twophase.RUN.transactions.find(
  (row) => row.kind === "write transaction" && row.met.length > 0
)"""


def test_on_a_phone_no_latency_is_cut_off(browser: Browser, failing: Path) -> None:
    for opened in in_window(browser, 360, "dark"):
        opened.open(failing)
        cut_off = opened.run(
            "() => [...document.querySelectorAll('#summary .scroll')]"
            ".filter((one) => one.scrollWidth > one.clientWidth).length"
        )

        assert cut_off == 0
        assert ",155.6 ms" in opened.text("#summary"), "as long a figure as there is"


def test_one_call_alone_is_not_told_as_several(wide: Opened, tmp_path: Path) -> None:
    shown = recording("bank", 1, {"workload.transactions": "1"})
    wide.open(written(tmp_path, page_of(shown)))

    assert wide.text("#transactions [role=status]") == "1 call"


def test_a_key_of_1_kb_leaves_the_other_columns_in_sight(wide: Opened, tmp_path: Path) -> None:
    run = run_of(recording("bank", 1, {"workload.transactions": "10"}))
    for row in run["transactions"]:
        for item in row["items"]:
            item["name"] = f"accounts {'x' * 1000}"
    wide.open(written(tmp_path, page_with(run)), f"#transaction={run['transactions'][0]['call']}")

    assert wide.page.locator("#transactions .details").count() == 1
    assert "x" * 1000 in wide.text("#transactions .details")
    assert wide.run(
        "() => [...document.querySelectorAll('#transactions .scroll')]"
        ".every((one) => one.scrollWidth <= one.clientWidth)"
    )


def test_a_key_from_right_to_left_leaves_its_neighbours_alone(wide: Opened, tmp_path: Path) -> None:
    run = run_of(recording("bank", 1, {"workload.transactions": "1"}))
    names = ("\u05d0\u05d1", "\u05d2\u05d3")
    row = next(one for one in run["transactions"] if len(one["items"]) > 1)
    row["items"] = [{**row["items"][0], "name": f"accounts {name}"} for name in names]
    wide.open(written(tmp_path, page_with(run)))

    lefts = wide.run(
        "(call) => [...document.querySelectorAll(`[data-call='${call}'] bdi`)]"
        ".map((one) => one.getBoundingClientRect().left)",
        row["call"],
    )

    assert len(lefts) == 2
    assert lefts[0] < lefts[1]


def test_a_filter_of_the_table_leaves_what_it_says(either: Opened, file: Path) -> None:
    either.open(file)
    all_calls = either.run("() => twophase.RUN.transactions.length")

    either.page.locator("#transactions").get_by_label("Outcome").select_option("cancelled")

    cancelled = either.run(
        "() => twophase.RUN.transactions.filter((row) => row.outcome === 'cancelled').length"
    )
    assert f"{cancelled} of {all_calls} calls" in either.text("#transactions [role=status]")
    outcomes = either.page.locator(f"{ROWS} td[data-name=outcome]").all_inner_texts()
    assert {text.split()[-1] for text in outcomes} == {"cancelled"}
    assert either.said == []


def test_a_search_finds_by_any_word_of_a_row(either: Opened, file: Path) -> None:
    either.open(file)

    either.page.get_by_label("Search").fill("K1/12 ACCOUNT0")

    assert either.page.locator(ROWS).count() == 1
    assert either.page.locator(ROWS).get_attribute("data-call") == "k1/12"


def test_a_column_is_sorted_both_ways(wide: Opened, file: Path) -> None:
    wide.open(file)
    took = (
        "() => [...document.querySelectorAll('td[data-name=took]')].map((cell) => cell.innerText)"
    )
    button = wide.page.get_by_role("button", name="Took")

    button.click()
    rising = [float(text.split()[0].replace(",", "")) for text in wide.run(took)]
    button.click()
    falling = [float(text.split()[0].replace(",", "")) for text in wide.run(took)]

    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert falling[0] > rising[-1]
    assert wide.page.locator("th[data-column=took]").get_attribute("aria-sort") == "descending"


def test_a_call_opens_with_what_is_known_of_it(either: Opened, file: Path) -> None:
    either.open(file)
    row = either.run(CHOSEN)
    either.page.get_by_label("Search").fill(row["call"])

    either.page.locator(f"tr[data-call='{row['call']}'] button").click()

    assert either.view("transaction") == row["call"]
    told = either.text("tr.details")
    blamed = next(item for item in row["items"] if item.get("met"))
    assert blamed["why"] in told
    assert row["states"][0]["state"] in told
    either.page.locator("tr.details").get_by_role("button", name=row["met"][0]).click()
    assert either.view("transaction") == row["met"][0]
    assert row["met"][0] in either.page.locator("tr.chosen button").all_inner_texts()


def test_what_is_chosen_elsewhere_is_open_in_the_table(wide: Opened, file: Path) -> None:
    wide.open(file)
    wide.page.get_by_label("Search").fill("no such thing")
    assert wide.page.locator(ROWS).count() == 0

    wide.run("() => twophase.view.set({ transaction: 'k1/13' })")

    assert wide.page.locator("tr.chosen").get_attribute("data-call") == "k1/13"
    wide.page.locator("tr.chosen button").click()
    assert wide.view("transaction") is None


def test_an_unknown_outcome_shows_both_possibilities_and_the_evidence(
    wide: Opened, file: Path
) -> None:
    wide.open(file)
    row = wide.run("() => twophase.RUN.transactions.find((row) => row.unknown?.evidence.length)")

    wide.run("(call) => twophase.view.set({ transaction: call })", row["call"])

    told = wide.text("tr.details .unknown")
    for text in (row["unknown"]["happened"], row["unknown"]["not"], row["unknown"]["verdict"]):
        assert text in told
    assert row["unknown"]["evidence"][0]["text"] in told


def test_every_plot_is_drawn_and_says_the_same_as_a_table(either: Opened, file: Path) -> None:
    either.open(file)
    figures = either.page.locator("#plots figure")

    assert figures.count() == 6
    assert either.page.locator("#plots .drawing svg[role=img][aria-label]").count() == 6
    for n in range(6):
        figures.nth(n).locator("summary").click()
        figures.nth(n).locator("tbody tr").first.wait_for(state="visible")
    assert either.run("() => document.documentElement.scrollWidth <= innerWidth")
    assert either.said == []


def test_a_point_of_a_plot_leads_to_its_call(wide: Opened, file: Path) -> None:
    wide.open(file)

    wide.page.locator("#plots [data-n]").nth(3).dispatch_event("click")

    assert wide.view("transaction") == wide.run("() => twophase.RUN.plots.points.call[3]")
    assert wide.page.locator("#plots .moment[visibility=visible]").count() >= 1


def test_a_finding_is_drawn_and_its_calls_can_be_chosen(either: Opened, failing: Path) -> None:
    either.open(failing)

    assert "not every check holds" in either.text("#summary .verdict")
    assert "must come before" in either.text("#findings article ol >> nth=0")
    node = either.page.locator("#findings svg.graph .choosable").first
    node.focus()
    node.press("Enter")
    assert either.view("transaction") == "k3/16"
    assert either.run("() => document.documentElement.scrollWidth <= innerWidth")
    assert either.said == []


def test_of_a_trace_without_faults_nobody_knows_that_there_were_none(
    wide: Opened, tmp_path: Path
) -> None:
    of_run = recording("bank", 1, {"workload.transactions": "20", "faults.crashes": "0"})

    for shown, said in ((of_run, "none"), (replace(of_run, result=None, witness=None), SHOWN)):
        wide.open(written(tmp_path, page_of(shown)))
        card = wide.page.locator("#summary .box", has=wide.page.get_by_text("Faults", exact=True))
        assert card.locator("li").all_inner_texts() == [said]


def test_of_a_trace_there_is_nothing_to_find(wide: Opened, tmp_path: Path) -> None:
    shown = replace(recording("bank", 1, SETTINGS), result=None, witness=None)

    wide.open(written(tmp_path, page_of(shown)))

    assert not wide.page.locator("#findings").is_visible()
    assert "Nothing was checked" in wide.text("#summary .verdict")
    assert "4 crashes" in wide.text("#summary .boxes")
    assert wide.said == []
