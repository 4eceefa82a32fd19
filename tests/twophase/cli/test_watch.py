"""A run that is watched: keys as people press them, a wall clock that a test moves, no terminal."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.text import Text

from sim.cluster_run import Run
from sim.result import Result
from sim.scenario import load
from tests.test_docs_examples import REWRITES
from tests.tidy import ROOT
from twophase.cli.errors import BadInputError
from twophase.cli.main import main
from twophase.cli.simulate import Asked, simulated
from twophase.cli.watch import Watcher
from twophase.cli.watch_keys import Wish, wishes_in
from twophase.cli.watch_layout import Size
from twophase.cli.watch_pace import (
    BEHIND_SECONDS,
    QUIET_SECONDS,
    SPEED,
    SPEED_MAX,
    SPEED_MIN,
    Pace,
    speed_of,
)
from twophase.cli.watch_steering import Mode

SIZE = Size(120, 40)
PATIENCE = 200_000  # Looks for a key: more is a watcher that never goes on.


class Person:
    """Somebody at a terminal: `acts` is asked at each look what to press."""

    def __init__(self, acts: Callable[["Person"], Wish | None], size: Size = SIZE) -> None:
        self.now = 1_000.0  # On the wall's clock.
        self.pages: list[list[Text]] = []
        self.is_closed = False
        self.watcher: Watcher
        self.seen: list[tuple[str, int, int]] = []  # Mode, messages delivered, decisions.
        self._acts, self._size, self._looks = acts, size, 0

    def wish(self, seconds: float) -> Wish | None:
        self._looks += 1
        assert self._looks < PATIENCE, "the watcher does not go on"
        self.now += seconds
        watching = self.watcher.watching
        found = self.watcher.steering.mode.value, watching.messages["delivered"], watching.decisions
        self.seen.append(found)
        return self._acts(self)

    def size(self) -> Size:
        return self._size

    def show(self, lines: Sequence[Text]) -> None:
        self.pages.append(list(lines))

    @property
    def page(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.pages[-1])

    @property
    def mode(self) -> Mode:
        return self.watcher.steering.mode


def watch(
    acts: Callable[[Person], Wish | None],
    scenario: str = "one-transaction",
    speed: float = 0.01,
    settings: Mapping[str, str] | None = None,
) -> tuple[Person, Result]:
    """Run a scenario for somebody who watches it, to its end."""
    run, person = Run(load(scenario, settings), 1), Person(acts)
    person.watcher = Watcher(run, speed, person, person, title="a title", clock=lambda: person.now)
    result = run.go()
    person.watcher.end(result)
    return person, result


def pressing(*wishes: Wish | None) -> Callable[[Person], Wish | None]:
    """Press these keys one after another, as soon as there is something to see, and then `f`."""
    left = list(wishes)

    def act(person: Person) -> Wish | None:
        if person.mode in (Mode.SETTING_UP, Mode.CHECKING):
            return None
        if left:
            return left.pop(0)
        return Wish.OTHER if person.mode is Mode.ENDED else Wish.END

    return act


def pausing(*wishes: Wish | None) -> Callable[[Person], Wish | None]:
    """Pause at once, and press these keys one after another, each when it is paused again."""
    left = [Wish.PAUSE, *wishes]

    def act(person: Person) -> Wish | None:
        if person.mode is Mode.ENDED:
            return Wish.OTHER
        if not left:
            return Wish.END
        return left.pop(0) if person.mode in (Mode.RUNNING, Mode.PAUSED) else None

    return act


def nothing(person: Person) -> Wish | None:
    return Wish.OTHER if person.mode is Mode.ENDED else None


# The same run.


@pytest.mark.parametrize(
    "act",
    [
        nothing,
        pressing(Wish.STEP, Wish.STEP, Wish.DECISION, Wish.PAUSE, Wish.PAUSE),
        pressing(Wish.HELP, Wish.FASTER, Wish.SLOWER, Wish.HELP),
    ],
    ids=["watched", "stepped", "helped"],
)
def test_a_watched_run_has_the_digest_of_the_same_run_unwatched(
    act: Callable[[Person], Wish | None],
) -> None:
    bare = Run(load("two-that-conflict"), 1).go()

    _, result = watch(act, "two-that-conflict", speed=0.05)

    assert result.digest == bare.digest
    assert result.messages == bare.messages


# Pause, step, decision, end.


def test_nothing_happens_while_it_is_paused() -> None:
    person, _ = watch(pressing(Wish.PAUSE, *[None] * 20, Wish.PAUSE))

    paused = [seen for seen in person.seen if seen[0] == "paused"]
    assert len(paused) == 21
    assert len({seen[1:] for seen in paused}) == 1


def test_a_step_is_one_message_delivered() -> None:
    person, _ = watch(pausing(None, Wish.STEP, None, Wish.STEP, Wish.STEP, None))

    delivered = [delivered for mode, delivered, _ in person.seen if mode == "paused"]
    first = delivered[0]
    steps = [count - first for count in delivered]
    assert steps == [0, 0, 1, 1, 2, 3, 3]


def test_a_step_shows_all_that_came_of_a_message() -> None:
    """What is delivered, and what the node that got it said to others then."""
    person, _ = watch(pausing(*[Wish.STEP] * 4, None))
    pages = ["\n".join(line.plain for line in page) for page in person.pages]

    after = next(page for page in pages if "write update(a" in page or "write update a" in page)

    # The coordinator has the request, and its first question is on its way.
    assert "c1    coordinator up   1 write" in after
    assert "1 on their way" in after


def test_n_goes_on_to_the_next_decision_and_pauses_there() -> None:
    person, _ = watch(pausing(None, Wish.DECISION, None), "two-that-conflict")

    paused = [decisions for mode, _, decisions in person.seen if mode == "paused"]
    assert paused == [0, 0, 1, 1]


def test_a_step_from_a_running_picture_pauses_it_one_message_later() -> None:
    person, _ = watch(pressing(Wish.STEP, None, None, None))

    (before, delivered, _), *after = person.seen
    paused = [seen for seen in after if seen[0] == "paused"]
    assert before == "running"
    assert paused[0][1] == delivered + 1


def test_a_step_key_that_is_held_down_counts_each_time() -> None:
    run, person = Run(load("one-transaction"), 1), Person(nothing)
    watcher = person.watcher = Watcher(run, 0.01, person, person, clock=lambda: person.now)
    for _ in range(3):
        watcher._heed(Wish.STEP)

    assert watcher.steering._steps == 3


def test_f_goes_to_the_end_without_waiting() -> None:
    person, _ = watch(pressing(Wish.END), "two-that-conflict", speed=0.000_1)

    assert person.now - 1_000.0 < 1.0
    assert "The run has ended" in person.page


def test_a_bug_of_the_screen_is_no_finding_of_the_run() -> None:
    class TornError(Exception):
        pass

    class Torn(Person):
        def show(self, lines: Sequence[Text]) -> None:
            raise TornError

    run, person = Run(load("bank"), 1), Torn(nothing)
    person.watcher = Watcher(run, 0.01, person, person, clock=lambda: person.now)

    with pytest.raises(KeyboardInterrupt):
        run.go()

    assert isinstance(person.watcher.failure, TornError)
    assert run.cluster.failures == []


# Speed.


def test_it_takes_as_long_as_the_speed_says() -> None:
    """The transaction takes 17 ms of virtual time; then nothing happens for a while."""
    slow, _ = watch(nothing, speed=0.01)
    fast, _ = watch(nothing, speed=0.02)

    slow_seconds, fast_seconds = slow.now - 1_000.0, fast.now - 1_000.0
    assert 1.7 < slow_seconds < 1.7 + 2 * QUIET_SECONDS
    assert slow_seconds - fast_seconds > 0.8


def test_plus_and_minus_change_the_speed() -> None:
    person, _ = watch(pressing(Wish.PAUSE, Wish.FASTER, Wish.FASTER, Wish.SLOWER, None))

    assert person.watcher.steering.pace.speed == pytest.approx(0.02)
    assert "0.02×" in person.page


def test_quiet_times_are_not_waited_for() -> None:
    pace = Pace(0.001, lambda: 50.0)
    pace.begin(1_000)

    assert pace.due(1_500) == pytest.approx(50.5)
    assert pace.due(60_000_000) == 50.0 + QUIET_SECONDS


def test_who_is_late_does_not_catch_up_in_a_rush() -> None:
    now = [0.0]
    pace = Pace(1.0, lambda: now[0])
    pace.begin(0)
    now[0] = 10.0
    pace.passed(500_000)

    assert pace.due(600_000) == pytest.approx(10.0 - BEHIND_SECONDS + 0.1)


def test_the_speed_has_bounds() -> None:
    pace = Pace(SPEED_MAX, lambda: 0.0)
    pace.faster()
    assert pace.speed == SPEED_MAX

    for _ in range(100):
        pace.slower()
    assert pace.speed == SPEED_MIN


@pytest.mark.parametrize(
    "text", ["", "x", "0", "-1", "nan", "inf", "1001", "0.000001", "٣", "1_0", " 1 "]
)
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"virtual seconds a second, from 0\.00001 to 1,000"):
        speed_of(text)


def test_a_speed_is_a_number() -> None:
    assert (speed_of("0.05"), speed_of("2"), speed_of("1e-4")) == (0.05, 2.0, 0.0001)


# Quit.


def test_q_leaves_the_run_where_it_is() -> None:
    run, person = Run(load("bank"), 1), Person(pressing(Wish.PAUSE, Wish.QUIT))
    person.watcher = Watcher(run, 0.01, person, person, clock=lambda: person.now)

    with pytest.raises(KeyboardInterrupt):
        run.go()

    assert person.watcher.steering.has_quit
    assert person.watcher.watching.us < 200_000


def test_ctrl_c_ends_a_run_that_is_paused() -> None:
    run = Run(load("bank"), 1)

    def act(person: Person) -> Wish | None:
        if person.mode is Mode.RUNNING:
            return Wish.PAUSE
        run.course.interrupt()  # As the signal's handler does.
        return None

    person = Person(act)
    person.watcher = Watcher(run, 0.01, person, person, clock=lambda: person.now)

    with pytest.raises(KeyboardInterrupt):
        run.go()

    assert not person.watcher.steering.has_quit


def test_the_last_picture_stays_until_a_key_is_pressed_or_nobody_can_press_one() -> None:
    looks = [0]

    def wait(person: Person) -> Wish | None:
        if person.mode is not Mode.ENDED:
            return Wish.END
        looks[0] += 1
        person.is_closed = looks[0] == 5
        return Wish.HELP if looks[0] == 2 else None  # Help is no end.

    watch(wait)

    assert looks[0] == 5


# What the screen shows in the end.


def test_the_last_picture_says_that_every_check_holds() -> None:
    person, _ = watch(pressing())

    assert "Every check holds" in person.page
    assert "1 committed, 0 cancelled, 0 unknown" in person.page
    assert "l1    ledger      up   1 entry, 1 COMPLETED" in person.page


def test_a_listed_world_has_no_more_transactions_than_it_lists() -> None:
    person, _ = watch(pressing(), settings={"workload.transactions": "200"})

    assert "Transactions 1 of 1: 1 committed" in person.page


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"faults.steps": '["lose the second vote"]'}, 1),
        ({"faults.steps": '["crash c1 after its second ledger write", "lose the second vote"]'}, 2),
        ({"faults.crashes": "2", "faults.clock_jumps": "2", "network.late": "0.2"}, None),
    ],
)
def test_faults_are_counted_as_in_the_summary(
    settings: Mapping[str, str], count: int | None
) -> None:
    person, result = watch(pressing(), settings=settings)

    total = sum(result.faults.values())
    assert total == count or (count is None and total > 2)
    assert f"Faults so far: {total}; none lasts" in person.page


def test_the_last_picture_shows_what_was_found() -> None:
    run, person = Run(load("one-transaction", {"run.canary": "true"}), 1), Person(pressing())
    person.watcher = Watcher(run, 0.01, person, person, clock=lambda: person.now)
    result = run.go()
    person.watcher.end(result)

    assert not result.ok
    assert "not every check holds" in person.page
    assert result.findings[0].checker in person.page


def test_help_names_every_key() -> None:
    person, _ = watch(pressing(Wish.PAUSE, Wish.HELP, None, Wish.HELP))

    (page,) = [page for page in person.pages if any("leave the run" in line for line in page)]
    text = "\n".join(line.plain for line in page)
    for key in ("space", ". s →", "n ", "+ -", "f ", "q ", "?"):
        assert f"\n{key}" in text


# The page about it.

PAGE = ROOT / "docs" / "watch.md"
PICTURE = re.compile(r"(?<=^```text\n)bank  seed 1 .*?(?=^```)", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_the_screen_shows() -> None:
    run = Run(load("bank", {"workload.clients": "3"}), 1)
    left = [*[Wish.DECISION] * 4, *[Wish.STEP] * 5, Wish.QUIT]

    def act(person: Person) -> Wish | None:
        is_free = person.mode in (Mode.RUNNING, Mode.PAUSED)
        return left.pop(0) if left and is_free else None

    person = Person(act, Size(100, 30))
    title = "bank  seed 1"
    person.watcher = Watcher(run, SPEED, person, person, title=title, clock=lambda: person.now)
    with pytest.raises(KeyboardInterrupt):
        run.go()
    written = PAGE.read_text(encoding="utf-8")

    real = PICTURE.sub(lambda _: f"{person.page}\n", written)

    if REWRITES:
        PAGE.write_text(real, encoding="utf-8")
    assert real.splitlines() == PAGE.read_text(encoding="utf-8").splitlines()


# Keys.


def test_keys_are_read_one_by_one_and_arrows_whole() -> None:
    assert wishes_in(" .s\x1b[C\x1bOCn+=-fqh?") == [
        Wish.PAUSE,
        *[Wish.STEP] * 4,
        Wish.DECISION,
        Wish.FASTER,
        Wish.FASTER,
        Wish.SLOWER,
        Wish.END,
        Wish.QUIT,
        Wish.HELP,
        Wish.HELP,
    ]


def test_other_keys_ask_for_nothing_and_their_letters_are_not_heard() -> None:
    """The left arrow ends in a D, a function key in a tilde, and a lone escape in itself."""
    assert wishes_in("\x1b[D\x1b[15~\x1b[1;5q\x1bé") == [Wish.OTHER] * 5


# On the command line.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["simulate", "--watch"], "draws on a terminal and reads keys from it, and standard input"),
        (["simulate", "--watch", "--json"], "draws on a terminal"),
        (["simulate", "--speed", "1"], "--speed is for who watches: give --watch as well"),
        (["serve", "--watch"], "draws on a terminal"),
        (["status", "--watch"], "draws on a terminal"),
        (["status", "--interval", "2"], "--interval is for who watches"),
        (["status", "--watch", "--json"], "choose one of them"),
    ],
)
def test_without_a_terminal_nothing_can_be_watched(words: list[str], told: str) -> None:
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_several_regions_cannot_be_watched() -> None:
    asked = Asked(*("bank", 1, {"regions.names": "2"}, False, False, None, None), speed=0.01)

    with pytest.raises(BadInputError, match="--watch looks into one cluster"):
        simulated(asked)


def test_nothing_is_written_to_a_file_by_a_run_that_cannot_be_watched(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"

    CliRunner().invoke(main, ["simulate", "--watch", "--trace", str(trace)])

    assert not trace.exists()
