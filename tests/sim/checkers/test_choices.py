"""What a search learns where some of its choices cannot stand together."""

from sim.checkers.graph.choices import ALWAYS, Choice, Choices, Order, Orders


def orders(*begun: int) -> Orders:
    """Let blocks begin one after another, at the times 1, 2 and so on."""
    made = Orders(10)
    for block in begun:
        made.begin(block, made.tick())
    return made


def choices(*made: Choice) -> Choices:
    return frozenset(made)


def test_the_latest_choice_is_turned_round_for_as_long_as_the_others_stand() -> None:
    time, order = orders(0, 1, 2).refuted(choices((0, 5), (2, 6), (1, 7)))

    assert time == 3
    assert order == Order((6, 2), choices((0, 5), (1, 7)), since=2)


def test_a_choice_that_cannot_stand_alone_is_turned_round_for_good() -> None:
    _, order = orders(0, 1).refuted(choices((0, 5)))

    assert order == Order((5, 0), choices(), since=ALWAYS)


def test_of_two_that_were_chosen_at_once_one_is_tried_and_then_the_other() -> None:
    made = orders(0)
    time = made.tick()
    for block in (1, 2):
        made.begin(block, time)

    _, tried = made.refuted(choices((0, 5), (1, 6), (2, 7)))
    made.add(tried)
    latest, instead = made.refuted(choices((6, 1)))

    assert (tried.choice, tried.because, tried.instead) == ((6, 1), choices((0, 5)), ((7, 2),))
    assert latest == tried.since > time
    assert instead == Order((7, 2), choices((0, 5)), since=1)


def test_an_order_goes_with_the_choices_that_it_rests_on() -> None:
    made = orders(0, 1)
    early, late = Order((5, 3), choices((0, 6)), 1), Order((5, 4), choices((1, 6)), 2)
    always = Order((5, 2), choices(), ALWAYS)
    for order in (late, always, early):
        made.add(order)

    assert list(made.forget(2)) == [late]
    assert [list(made.before(block)) for block in (2, 3, 4)] == [[5], [5], []]


def test_of_two_orders_that_say_the_same_the_longer_one_is_kept() -> None:
    made = orders(0, 1)
    longer, shorter = Order((5, 3), choices((0, 6)), 1), Order((5, 3), choices((1, 6)), 2)
    made.add(shorter)
    made.add(longer)
    made.add(shorter)

    assert list(made.forget(2)) == []
    assert list(made.forget(1)) == [longer]
    assert dict(made.before(3)) == {}
