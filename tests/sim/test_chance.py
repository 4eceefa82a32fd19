"""`NamedChance`: a draw depends on the seed, its site and its number, and on nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.host import Chance, Site
from sim.chance import NamedChance

seeds = st.integers(0, 2**64)
bounds = st.integers(1, 2**32)
names = st.text(max_size=12)


def draws(site: Site, count: int = 20, bound: int = 1_000) -> list[int]:
    return [site.below(bound) for _ in range(count)]


@given(seeds, names)
def test_the_same_seed_and_site_draw_the_same(seed: int, name: str) -> None:
    assert draws(NamedChance(seed).site(name)) == draws(NamedChance(seed).site(name))


def test_another_seed_and_another_site_draw_otherwise() -> None:
    drawn = [draws(NamedChance(seed).site(name)) for seed in (1, 2) for name in ("a", "b")]

    assert all(one != other for n, one in enumerate(drawn) for other in drawn[:n])


def test_a_seed_and_a_name_do_not_run_together() -> None:
    assert draws(NamedChance(1).site("1|a")) != draws(NamedChance(11).site("a"))


def test_a_site_is_the_same_one_each_time() -> None:
    chance = NamedChance(1)
    chance.site("a").below(10)

    assert chance.site("a") is chance.site("a")
    assert chance.site("a").count == 1


@given(seeds, st.lists(st.sampled_from("abc"), max_size=30))
def test_taking_a_site_out_shifts_no_other(seed: int, order: list[str]) -> None:
    with_all, without_b = NamedChance(seed), NamedChance(seed)

    full = [(name, with_all.site(name).below(1_000)) for name in order]
    rest = [(name, without_b.site(name).below(1_000)) for name in order if name != "b"]

    assert rest == [one for one in full if one[0] != "b"]


@given(seeds, bounds)
def test_a_draw_is_below_its_bound(seed: int, bound: int) -> None:
    site = NamedChance(seed).site("a")

    assert all(0 <= drawn < bound for drawn in draws(site, bound=bound))


@given(seeds, st.integers(-1_000, 1_000), st.integers(0, 1_000))
def test_a_draw_between_has_both_ends(seed: int, least: int, span: int) -> None:
    site = NamedChance(seed).site("a")

    assert least <= site.between(least, least + span) <= least + span


def test_draws_are_even() -> None:
    counts = [0] * 10
    for drawn in draws(NamedChance(5).site("a"), count=10_000, bound=10):
        counts[drawn] += 1

    assert all(900 < count < 1_100 for count in counts)


@given(seeds)
def test_what_never_happens_does_not_and_what_always_does_does(seed: int) -> None:
    site = NamedChance(seed).site("a")

    assert not any(site.happens(0.0) for _ in range(20))
    assert all(site.happens(1.0) for _ in range(20))


def test_what_happens_in_a_tenth_of_cases_does_so() -> None:
    site = NamedChance(5).site("a")

    assert 900 < sum(site.happens(0.1) for _ in range(10_000)) < 1_100


def test_a_place_that_numbers_its_draws_itself_gets_those_of_these_numbers() -> None:
    in_turn, by_number = NamedChance(3).site("a"), NamedChance(3).site("a")

    drawn = draws(in_turn)

    assert [by_number.at(n, 1_000) for n in range(20, 0, -1)] == drawn[::-1]
    assert by_number.count == 0


def test_an_override_replaces_its_draw_alone() -> None:
    plain = draws(NamedChance(1).site("a"))

    other = draws(NamedChance(1, {("a", 3): 777}).site("a"))

    assert other == [*plain[:2], 777, *plain[3:]]


def test_an_override_of_one_site_leaves_others_alone() -> None:
    assert draws(NamedChance(1, {("a", 1): 7}).site("b")) == draws(NamedChance(1).site("b"))


@pytest.mark.parametrize(("value", "happened"), [(0, False), (1, True)])
def test_an_override_of_a_claim_is_its_truth(value: int, happened: bool) -> None:
    site = NamedChance(1, {("a", 1): value}).site("a")

    assert site.happens(0.5) is happened


def test_it_is_a_chance() -> None:
    chance: Chance = NamedChance(1)

    assert chance.site("a").below(1) == 0
