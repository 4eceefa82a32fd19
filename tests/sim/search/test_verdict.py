"""What may be said at the end: no more than the runs have shown."""

import pytest

from sim.scenario import load
from sim.search.results import Results
from sim.search.verdict import bound, fault_model, percent, rounded_up, verdict, wilson
from tests.sim.search.jobs import row, wrong

NO_FAULTS = {"network.loss": "0", "network.repeat": "0", "faults.crashes": "0"}


def results_of(good: int, bad: int = 0, combinations: int = 1) -> Results:
    results = Results(combinations)
    for n in range(good):
        results.add(row(n, n % combinations))
    for n in range(bad):
        results.add(wrong(good + n, n % combinations))
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


def test_each_combination_is_known_less_well_than_all_together() -> None:
    text = verdict(results_of(300, combinations=3), ())

    assert "no finding in 300 runs" in text
    assert "below 0.01, and below 0.03 in each of 3 combinations (95 %)" in text


def test_a_combination_that_was_not_run_is_not_spoken_for() -> None:
    results = Results(2)
    results.add(row(0))

    assert "some of the 2 combinations were not run at all" in verdict(results, ())


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
