"""The plan of a run's faults: what is asked for, all of it, and what swarm leaves out."""

from collections import Counter

from sim.chance import NamedChance
from sim.faults.kinds import KINDS
from sim.faults.plan import ALWAYS, Plan, planned
from sim.keys import MILD, SURVIVED
from sim.scenario import load
from tests.sim.faults.small import small


def plan(seed: int = 1, **keys: str) -> Plan:
    given = {key.replace("__", "."): value for key, value in keys.items()}
    return planned(load("bank", given), NamedChance(seed))


def test_what_nobody_asked_for_does_not_come() -> None:
    found = plan(faults__crashes="0")

    assert set(found.counts.values()) == {0}
    assert found.off == ()
    assert found.spans == {}


def test_swarm_switches_each_kind_off_half_of_the_time() -> None:
    runs = [plan(seed, faults__all="2") for seed in range(200)]

    off = Counter(name for run in runs for name in run.off)
    asked = {kind.name for kind in KINDS if f"faults.{kind.name}" in SURVIVED} | set(ALWAYS)
    assert set(off) == asked
    assert all(60 < count < 140 for count in off.values())


def test_what_is_switched_off_is_off() -> None:
    for seed in range(40):
        found = plan(seed, faults__all="3")
        settings, weather = found.settings, found.settings.weather

        on = {name for name, count in found.counts.items() if count}
        assert on.isdisjoint(found.off)
        for name, value in (
            *((part, getattr(weather, part)) for part in ("loss", "repeat", "late", "corrupt")),
            ("skew", settings.clock_skew_us),
            ("drift", settings.clock_drift_ppm),
        ):
            assert (value == 0) == (name in found.off)
        assert settings.seals == (weather.corrupt > 0)


def test_swarm_switches_off_nothing_that_was_not_asked_for() -> None:
    runs = [plan(seed, faults__swarm="true", network__loss="0") for seed in range(20)]

    assert {name for run in runs for name in run.off} == {"crashes", "repeat"}


def test_a_switch_is_a_choice_that_can_be_overridden() -> None:
    on = {(f"swarm {name}", 1): 1 for name in ("crashes", "repeat", "loss")}
    found = planned(load("bank", {"faults.swarm": "true"}), NamedChance(1, on))

    assert found.off == ()
    off = planned(load("bank", {"faults.swarm": "true"}), NamedChance(1, dict.fromkeys(on, 0)))
    assert set(off.off) == {"crashes", "repeat", "loss"}


def test_all_faults_are_so_many_of_each_kind_that_is_survived() -> None:
    keys = load("bank", {"faults.all": "5"}).keys

    assert {keys[key] for key in SURVIVED} == {5}
    assert keys["faults.lying_disks"] == 0
    assert keys["faults.swarm"] is True
    assert all(float(keys[key]) >= float(value) for key, value in MILD.items())


def test_what_is_said_of_a_kind_by_itself_holds_beside_all() -> None:
    given = {"faults.all": "5", "faults.pauses": "0", "network.loss": "0", "faults.swarm": "false"}
    keys = load("bank", given).keys

    assert (keys["faults.pauses"], keys["network.loss"], keys["faults.swarm"]) == (0, 0, False)


def test_a_result_counts_what_was_asked_for_and_zero_for_what_was_off() -> None:
    result = small(faults__all="1", faults__crashes="1")

    asked = {kind.name for kind in KINDS if f"faults.{kind.name}" in SURVIVED}
    assert set(result.faults) == {*asked, "late", "corrupt"}
    assert all(result.faults[name] == 0 for name in result.switched_off if name in asked)
    assert result.switched_off


def test_without_new_keys_a_result_counts_what_it_always_did() -> None:
    result = small()

    assert result.faults == {"crashes": 0, "late": 0}
    assert (result.switched_off, result.steps) == ((), ())
