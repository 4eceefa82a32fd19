"""Scenarios: every key is checked, and every mistake is named together with what would be right."""

from pathlib import Path

import pytest

from network.weather import LogNormal, Uniform
from sim.keys import KEYS, TEXTS, ScenarioError
from sim.scenario import DEFAULT, FILE_LENGTH_MAX, load, parse, shipped

BANK = '[workload]\nname = "bank"\n'
NUMBERS = {
    key: span
    for key, (default, *span) in KEYS.items()
    if isinstance(default, int | float) and not isinstance(default, bool)
}
SPANS = [key for key, (value, *_) in KEYS.items() if isinstance(value, str) and key not in TEXTS]


def refusal(text: str = BANK, **settings: str) -> str:
    """Return what is said about a scenario that is not accepted; `__` stands for the dot."""
    with pytest.raises(ScenarioError) as refused:
        parse(text, "mine", keys_of(settings))
    return str(refused.value)


def keys_of(settings: dict[str, str]) -> dict[str, str]:
    return {key.replace("__", "."): value for key, value in settings.items()}


def test_every_shipped_scenario_loads_and_says_what_it_is() -> None:
    scenarios = shipped()

    assert DEFAULT in scenarios
    assert all(scenario.description for scenario in scenarios.values())
    assert all(scenario.name == name for name, scenario in scenarios.items())


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("step", [-1, 1])
def test_a_number_beyond_its_bounds_is_refused_with_its_bounds(key: str, step: int) -> None:
    least, most = NUMBERS[key]
    beyond = least - 1 if step < 0 else most + 1

    said = refusal(**{key: f"{beyond:.0f}"})

    assert key in said
    assert f"from {least:,} to {most:,}" in said  # As a person writes them: no 1e+06.


@pytest.mark.parametrize("key", NUMBERS)
def test_a_text_in_the_place_of_a_number_is_refused(key: str) -> None:
    said = refusal(**{key: "plenty"})

    assert f"{key} is to be a " in said
    assert "number, not 'plenty'" in said


@pytest.mark.parametrize("key", NUMBERS)
def test_true_is_no_number(key: str) -> None:
    assert "number, not True" in refusal(**{key: "true"})


@pytest.mark.parametrize("key", [key for key in NUMBERS if isinstance(KEYS[key][0], float)])
def test_not_a_number_is_no_number(key: str) -> None:
    assert f"{key} is to be a number" in refusal(**{key: "nan"})


@pytest.mark.parametrize("key", SPANS)
@pytest.mark.parametrize(
    "value", ["soon", "5..2", "-1..3", "1..2..3", "1.5", '""', "9999999999999999"]
)
def test_a_span_that_is_none_is_refused_with_an_example(key: str, value: str) -> None:
    said = refusal(**{key: value})

    assert key in said
    assert "'200..2000'" in said
    assert ("the smaller number first, not '5..2'" in said) == (value == "5..2")


def test_a_choice_of_yes_or_no_takes_no_number() -> None:
    said = refusal(protocol__allow_reserved_words="1")

    assert said == "protocol.allow_reserved_words is to be true or false, not 1"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (".1", "is to be a number, not '.1': it is written 0.1"),
        ("0,1", "not '0,1'; several values, as in A,B, are for `twophase sweep`"),
    ],
)
def test_a_number_in_another_form_is_refused_with_the_right_one(value: str, why: str) -> None:
    assert why in refusal(network__loss=value)


def test_several_spans_are_for_a_sweep() -> None:
    assert "are for `twophase sweep`" in refusal(network__delay_us="log-normal 200,500")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("network.los", "network.loss"),
        ("loss", "network.loss or regions.loss"),
        ("netwrk.loss", "network.loss or regions.loss"),
        ("crash", "faults.crashes"),
        ("steps", "faults.steps"),
        ("cluster.partitons", "cluster.partitions"),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_end_so(key: str, meant: str) -> None:
    for said in (refusal(f"{key} = 1\n{BANK}"), refusal(**{key: "1"})):
        assert f"{key!r} is no key of a scenario; did you mean {meant}?" in said
        assert said.endswith("docs/scenarios.md has all keys")


def test_an_unknown_key_like_no_other_is_refused_with_those_of_its_section() -> None:
    said = refusal(network__hail="0.1")

    assert "'network.hail' is no key" in said
    assert "there are network.corrupt, network.delay_us, " in said
    assert "disk.sync_us" not in said


def test_an_unknown_section_is_refused_with_all_sections() -> None:
    said = refusal(BANK + "[weather]\nhail = 1\n")

    assert "'weather.hail' is no key" in said
    assert all(key.partition(".")[0] in said for key in KEYS)


def test_a_key_of_another_workload_is_unknown() -> None:
    assert "'workload.stock' is no key" in refusal(workload__stock="3")


def test_another_workload_does_not_take_the_keys_of_a_file() -> None:
    said = refusal(f"{BANK}accounts = 3\n", workload__name="bookshop")

    assert "sets workload.accounts, which is no key of the workload bookshop" in said


def test_an_unknown_workload_is_refused_with_those_that_there_are() -> None:
    said = refusal('[workload]\nname = "casino"\n')

    assert "workload.name must be one of bank, " in said


def test_a_scenario_without_a_workload_is_refused() -> None:
    assert "workload.name must be one of" in refusal("[cluster]\npartitions = 2\n")


def test_what_a_link_does_may_not_add_up_to_more_than_it_carries() -> None:
    said = refusal(network__loss="0.5", network__repeat="0.4", network__late="0.2")

    assert "network.loss, network.repeat, network.late and network.corrupt are parts" in said
    assert "1 at most, not 1.1" in said


@pytest.mark.parametrize(
    "keys",
    [
        {"network__late_us": "400000000"},
        {"faults__downtime_us": "1..400000000"},
        {"faults__pauses": "1", "faults__pause_us": "1..300000000"},
        {"faults__holds": "1", "faults__hold_us": "1..300000000"},
        {"faults__cuts": "1", "faults__cut_us": "1..300000000"},
        {"faults__clogs": "1", "network__delay_us": "1000000..2000000"},
    ],
)
def test_the_ledger_must_outlive_whoever_asks_it(keys: dict[str, str]) -> None:
    said = refusal(**keys)

    assert "protocol.token_valid_us must be more than twice as long" in said
    assert "µs" in said


def test_calm_must_last_until_a_reader_that_got_no_answer_asks_again() -> None:
    reader = {"cluster__streams": "NEW_IMAGE", "client__attempt_deadline_us": "200000000"}
    outlived = {"protocol__token_valid_us": "86400000000"}

    said = refusal(**reader, **outlived)

    assert "run.calm_us_max must be longer than recovery, and a reader of streams" in said
    assert "µs" in said
    nobody = parse(BANK, "mine", keys_of(reader | outlived | {"cluster__stream_readers": "0"}))
    assert nobody.number("client.attempt_deadline_us") == 200_000_000


def test_calm_must_last_until_a_reader_that_rests_looks_again() -> None:
    reader = {"cluster__streams": "NEW_IMAGE", "protocol__stalled_after_us": "1000"}
    reader |= {"protocol__votes_deadline_us": "1000", "client__attempt_deadline_us": "1000"}

    said = refusal(**reader, client__pause_most_us="1000", run__calm_us_max="7000000")

    assert "a reader of streams that rests" in said


def test_calm_must_last_until_regions_have_heard_of_each_other() -> None:
    regions = {"regions__names": "2", "regions__delay_us": "1000..30000000"}

    said = refusal(**regions)

    assert "run.calm_us_max must be longer than recovery, and regions that hear" in said
    longer = {**regions, "run__calm_us_max": "400000000"}
    assert parse(BANK, "mine", keys_of(longer)).name == "mine"


@pytest.mark.parametrize(
    "apart",
    [
        {"cluster__clock_skew_us": "21600000001"},
        {"faults__clock_jumps": "2", "faults__clock_jump_us": "1..21600000001"},
        {
            "faults__steps": '["clock p1 +21600000001us after vote #2 is sent",'
            ' "clock p2 -21600000001us after vote #2 is sent"]'
        },
    ],
)
def test_no_clock_may_age_the_records_of_a_stream(apart: dict[str, str]) -> None:
    said = refusal(cluster__streams="NEW_IMAGE", **apart)

    assert "no more than half a day apart" in said
    assert "(43200000000 µs, not 43200000002)" in said
    assert parse(BANK, "mine", keys_of(apart)).name == "mine"
    less = {key: value.replace("21600000001", "21600000000") for key, value in apart.items()}
    assert parse(BANK, "mine", keys_of({"cluster__streams": "NEW_IMAGE", **less})).name == "mine"


def test_an_iterator_must_be_good_for_longer_than_it_travels() -> None:
    reader = {"cluster__streams": "NEW_IMAGE", "protocol__iterator_valid_us": "4000"}

    said = refusal(**reader)

    assert "protocol.iterator_valid_us must be longer" in said
    assert "(4000 µs)" in said
    for more in ({"protocol__iterator_valid_us": "4001"}, {"cluster__stream_readers": "0"}):
        assert parse(BANK, "mine", keys_of(reader | more)).keys["cluster.streams"]


def test_how_long_a_fault_may_last_does_not_matter_where_there_is_none() -> None:
    assert parse(BANK, "mine", {"faults.pause_us": "1..300000000"}).number("faults.pauses") == 0


# Steps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ['["lose the second vote", "crash c1 after its ledger write"]', "lose the second vote"],
)
def test_steps_are_a_list_of_texts_or_one_text(value: str) -> None:
    scenario = parse(BANK, "mine", {"faults.steps": value})

    assert str(scenario.steps[0]) == "lose vote #2"


def test_a_file_has_its_steps_as_a_list() -> None:
    scenario = parse(BANK + '[faults]\nsteps = ["lose vote #2"]\n', "mine", {})

    assert [str(step) for step in scenario.steps] == ["lose vote #2"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[3]", "is to be a list like ["),
        ("4", "is to be a list like ["),
        ('["lose the voet"]', "'voet' is no kind of message; did you mean vote?"),
        ('["crash c9 after its ledger write"]', "names c9; there are c1 to c2"),
        ('["crash c9 after its first write"]', "names c9; there are c1 to c2"),
        ('["crash c2 after its first write"]', "c2 has no disk"),
        ('["lose z1>c1 #3"]', "names z1; there are hosts like k1, r1, c1, p1, l1, m1"),
        (str(["lose vote"] * 1_001), "may have 1000 steps, not 1001"),
    ],
)
def test_what_are_no_steps_is_refused_with_what_would_be(value: str, said: str) -> None:
    assert said in refusal(faults__steps=value)


def test_an_unknown_fault_is_refused_with_all_there_are() -> None:
    said = refusal(faults__quakes="3")

    assert "'faults.quakes' is no key" in said
    assert "faults.pauses" in said
    assert "faults.steps" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cluster = ", "not TOML"),
        (BANK + "[cluster]\npartitions = [4]\n", "cluster.partitions is to be a single value"),
        (BANK + "[cluster.partitions]\ncount = 4\n", "cluster.partitions is to be a single value"),
        ("description = 4\n" + BANK, "description must be a text"),
    ],
)
def test_a_text_of_another_shape_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)
    assert "scenario mine" in refusal(text)


def test_a_scenario_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ScenarioError) as refused:
        load("holiday")

    assert "there is no scenario 'holiday'" in str(refused.value)
    assert "bank, bookshop" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="there is no scenario file"):
        load(str(tmp_path / "holiday.toml"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ScenarioError, match="cannot be read: it is not UTF-8"):
        load(str(path))


def test_a_file_that_begins_with_an_editors_mark_is_read_without_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(BANK, encoding="utf-8-sig")

    assert load(str(path)).workload == "bank"


def test_a_file_may_be_long_and_not_endless(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    rest = "#" * (FILE_LENGTH_MAX - len(BANK))
    path.write_text(BANK + rest)
    assert load(str(path)).workload == "bank"

    path.write_text(BANK + rest + "#")
    with pytest.raises(ScenarioError, match=r"is too long: it may have 2,097,152 characters"):
        load(str(path))


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ScenarioError, match="its values are nested too deeply"):
        parse("deep = " + "[" * 5_000 + "]" * 5_000, "mine", {})


def test_a_number_of_too_many_digits_is_refused() -> None:
    with pytest.raises(ScenarioError, match="scenario mine: a whole number has more digits than"):
        parse(f"{BANK}[cluster]\npartitions = {'9' * 5_000}", "mine", {})


def test_a_file_is_a_scenario_by_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "a bank of mine"\n' + BANK)

    scenario = load(str(path), {"workload.transactions": "7"})

    assert (scenario.name, scenario.description) == ("mine", "a bank of mine")
    assert scenario.number("workload.transactions") == 7


def test_keys_that_nobody_set_have_their_defaults() -> None:
    scenario = parse(BANK, "mine", {})

    assert scenario.keys == {key: default for key, (default, *_) in KEYS.items()}


def test_settings_come_before_the_file() -> None:
    scenario = parse(BANK + "[cluster]\npartitions = 4\n", "mine", {"cluster.partitions": "7"})

    assert scenario.settings().shape.partitions == 7


def test_a_single_number_is_both_ends_of_a_span() -> None:
    scenario = parse(BANK, "mine", {"disk.sync_us": "300"})

    assert scenario.span("disk.sync_us") == (300, 300)


@pytest.mark.parametrize(
    ("value", "delay"),
    [("200..300", Uniform(200, 300)), ("log-normal 500", LogNormal(500))],
)
def test_delays_have_two_shapes(value: str, delay: Uniform | LogNormal) -> None:
    assert parse(BANK, "mine", {"network.delay_us": value}).weather().delay == delay


@pytest.mark.parametrize(
    "value",
    ["log-normal", "log-normal 0", "log-normal x", "normal 500", "log-normal ٣", "²", "²..³", "٣"],
)
def test_another_shape_of_delays_is_refused(value: str) -> None:
    assert "or 'log-normal 500'" in refusal(network__delay_us=value)


@pytest.mark.parametrize("value", ["²", "²..³", "٣..٤"])
def test_times_are_of_the_digits_from_0_to_9(value: str) -> None:
    said = refusal(disk__sync_us=value)

    assert f"disk.sync_us is to be µs like '200..2000', not {value!r}" in said


def test_settings_reach_the_nodes() -> None:
    given = {
        "protocol.stalled_after_us": "9000000",
        "protocol.read_redrives": "3",
        "client.attempts_max": "2",
        "network.loss": "0.25",
        "cluster.clock_skew_us": "77",
        "workload.clients": "5",
        "protocol.allow_reserved_words": "true",
    }

    settings = parse(BANK, "mine", given).settings()

    assert settings.partition.stalled_after_us == settings.coordinator.stalled_after_us == 9_000_000
    assert settings.coordinator.read_redrives == 3
    assert settings.client.attempts_max == 2
    assert settings.weather.loss == 0.25
    assert settings.clock_skew_us == 77
    assert settings.shape.clients == 5
    assert settings.router.allow_reserved_words
