"""What may be said at the end: no more than the runs have shown."""

import pytest

from sim.scenario import load
from sim.search.results import Results
from sim.search.rows import not_set_up
from sim.search.verdict import bound, fault_model, percent, rounded_up, verdict, wilson
from tests.sim.search.jobs import row, wrong

NO_FAULTS = {"network.loss": "0", "network.repeat": "0", "faults.crashes": "0"}


def results_of(good: int, bad: int = 0) -> Results:
    results = Results(1)
    for n in range(good):
        results.add(row(n))
    for n in range(bad):
        results.add(wrong(good + n))
    return results


def test_twenty_thousand_seeds_without_a_finding() -> None:
    assert bound(20_000) == "1.5e-4"


@pytest.mark.parametrize("runs", [1, 2, 3, 10, 59, 299, 2_995, 10**6, 10**7])
def test_the_bound_is_where_so_many_good_runs_become_rare(runs: int) -> None:
    probability = float(bound(runs))

    assert (1 - probability) ** runs <= 0.05 + 1e-9
    assert (1 - probability * 0.9) ** runs > 0.05 or probability >= 0.95


def test_no_finding() -> None:
    text = verdict(results_of(300), ("network.loss=0.01", "faults.crashes=2"))

    assert text == (
        "no finding in 300 seeds: under fault model network.loss=0.01, faults.crashes=2"
        " a seed fails with probability below 0.01 (95 %)"
    )


def test_findings_are_told_with_their_interval() -> None:
    text = verdict(results_of(195, 5), ())

    assert text == (
        "5 of 200 seeds have findings: with no fault at all a seed fails with probability"
        " 2.5 %, between 1.1 % and 5.7 % (95 %)"
    )


def grid_of(seeds: int, *, failing: int = 0, combinations: int = 3) -> Results:
    """Judge so many seeds in every combination; each that fails does so in one of them."""
    results = Results(combinations)
    for seed in range(seeds):
        for combination in range(combinations):
            is_wrong = seed < failing and combination == seed % combinations
            results.add((wrong if is_wrong else row)(seed, combination))
    return results


def test_in_a_grid_a_seed_is_one_try_however_many_combinations_it_ran_in() -> None:
    text = verdict(grid_of(100), ("faults.crashes=2",))

    assert text == (
        "no finding in 300 runs of 100 seeds: under fault model faults.crashes=2 a seed fails"
        " in at least one of 3 combinations with probability below 0.03 (95 %)"
    )


def test_in_a_grid_a_seed_fails_if_one_of_its_combinations_does() -> None:
    text = verdict(grid_of(200, failing=5), ())

    assert text == (
        "5 of 600 runs have findings, and 5 of 200 seeds: with no fault at all a seed fails in at"
        " least one of 3 combinations with probability 2.5 %, between 1.1 % and 5.7 % (95 %)"
    )


def test_seeds_that_have_not_run_in_every_combination_do_not_count() -> None:
    results = grid_of(100)
    for seed in range(100, 150):
        results.add(row(seed, 1))

    assert verdict(results, ()) == (
        "no finding in 350 runs; 100 seeds ran in every combination: with no fault at all a seed"
        " fails in at least one of 3 combinations with probability below 0.03 (95 %)"
    )


def test_findings_of_seeds_that_are_not_whole_do_not_count_either() -> None:
    results = grid_of(200, failing=5)
    results.add(wrong(300, 1))

    assert verdict(results, ()) == (
        "6 of 601 runs have findings; 200 seeds ran in every combination, 5 of them with findings:"
        " with no fault at all a seed fails in at least one of 3 combinations with probability"
        " 2.5 %, between 1.1 % and 5.7 % (95 %)"
    )


def test_where_no_whole_seed_has_the_findings_nothing_is_claimed() -> None:
    results = grid_of(100)
    results.add(wrong(200, 1))

    assert verdict(results, ()) == (
        "1 of 301 runs has findings; 100 seeds ran in every combination, 0 of them with findings:"
        " how likely a seed fails in at least one of 3 combinations is not known"
    )


def test_where_no_seed_has_run_in_every_combination_nothing_is_claimed() -> None:
    results = Results(2)
    results.add(row(0))

    assert verdict(results, ()) == (
        "no finding in 1 run; 0 seeds ran in every combination: how likely a seed fails in at"
        " least one of 2 combinations is not known"
    )


def test_a_seed_whose_run_could_not_be_set_up_is_not_whole() -> None:
    results = grid_of(1, combinations=2)
    results.add(row(1))
    results.add(not_set_up(1, 1, "no table"))

    assert results.seeds.whole == 1


def test_where_nothing_was_run_nothing_is_claimed() -> None:
    assert verdict(Results(1), ()) == "no run was judged: nothing is known"


def test_wilsons_interval_is_the_textbooks() -> None:
    assert wilson(5, 200) == pytest.approx((0.0107, 0.0572), abs=1e-4)
    assert wilson(1, 1) == pytest.approx((0.2065, 1.0), abs=1e-4)
    assert wilson(1, 10**7)[0] > 0


def test_probabilities_are_rounded_to_the_safe_side() -> None:
    texts = [rounded_up(p) for p in (1.4977e-4, 1.51e-4, 9.95e-4, 0.0999, 0.95, 1.5e-4)]

    assert texts == ["1.5e-4", "1.6e-4", "1.0e-3", "0.1", "0.95", "1.5e-4"]


def test_parts_in_percent() -> None:
    assert [percent(p) for p in (0.0, 0.025, 0.999, 1.0, 0.00012)] == [
        *("0 %", "2.5 %", "99.9 %", "100 %", "0.012 %"),
    ]


def test_the_fault_model_names_what_is_on_and_nothing_else() -> None:
    given = {**NO_FAULTS, "network.late": "0.1", "cluster.clock_skew_us": "5000"}

    assert fault_model((load("bank", NO_FAULTS),)) == ()
    assert fault_model((load("bank", given),)) == ("cluster.clock_skew_us=5000", "network.late=0.1")


def test_a_grids_values_are_all_named() -> None:
    scenarios = tuple(load("bank", {**NO_FAULTS, "network.loss": n}) for n in ("0", "0.1", "0.2"))

    assert fault_model(scenarios) == ("network.loss=0|0.1|0.2",)


def test_all_faults_are_named_by_the_one_key_that_asks_for_them() -> None:
    everything = {"faults.all": "3", **dict.fromkeys(NO_FAULTS, "0")}
    del everything["faults.crashes"]

    assert fault_model((load("bank", {**everything, "faults.cuts": "5"}),)) == (
        *("faults.cuts=5", "faults.all=3"),
    )


def test_in_a_grid_all_faults_are_one_key_as_well() -> None:
    scenarios = tuple(load("bank", {**NO_FAULTS, "faults.all": n}) for n in ("0", "2"))

    assert fault_model(scenarios) == ("faults.all=0|2",)


def test_a_lie_is_named_beside_all_that_is_survived() -> None:
    model = fault_model((load("bank", {"faults.all": "1", "faults.lying_disks": "1"}),))

    assert "faults.lying_disks=1" in model


def test_faults_on_steps_are_counted() -> None:
    steps = {"faults.steps": '["lose the second vote", "crash c1 after its ledger write"]'}

    assert fault_model((load("bank", {**NO_FAULTS, **steps}),)) == ("faults.steps (2)",)
