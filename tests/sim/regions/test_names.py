"""The names of regions, as a scenario gives them."""

import pytest

from sim.keys import ScenarioError
from sim.regions.names import names_of, text_of_names
from sim.scenario import load, parse

TEXT = '[workload]\nname = "bank"\n[regions]\nnames = {}\n'


def test_regions_are_listed_or_counted() -> None:
    assert names_of("us-east-1, eu-west-1") == ("us-east-1", "eu-west-1")
    assert names_of("['a-1', \"b-2\"]".replace("a-1", "aa-1").replace("b-2", "bb-2")) == (
        "aa-1",
        "bb-2",
    )
    assert names_of(3) == ("us-east-1", "eu-west-1", "ap-southeast-2")
    assert names_of("") == ()


def test_a_scenario_file_has_a_list_and_the_command_line_a_text() -> None:
    assert parse(TEXT.format('["us-east-1", "eu-west-1"]'), "t", {}).regions == (
        "us-east-1",
        "eu-west-1",
    )
    assert load("bank", {"regions.names": '["us-east-1", "sa-east-1"]'}).regions == (
        "us-east-1",
        "sa-east-1",
    )
    assert load("bank", {"regions.names": "2"}).regions == ("us-east-1", "eu-west-1")
    assert load("bank").regions == ()
    assert text_of_names(["aa", "bb"]) == "aa, bb"


@pytest.mark.parametrize(
    "names", ["1", "6", "us", "us, us", "US, EU", "a.b, cc", "aa, p 1", "²", "٣", True]
)
def test_what_names_no_regions_is_refused(names: str) -> None:
    with pytest.raises(ScenarioError, match=r"2 to 5 different names like 'us-east-1, eu-west-1'"):
        names_of(names)


@pytest.mark.parametrize(("names", "wrong"), [("a, eu-west-1", "'a'"), ("eu1, us-east-1", "'eu1'")])
def test_a_name_that_is_none_is_told_from_what_is_one(names: str, wrong: str) -> None:
    with pytest.raises(ScenarioError, match=f"{wrong} is no name: one begins with two small"):
        names_of(names)


def test_streams_of_ones_own_are_not_to_be_had_beside() -> None:
    with pytest.raises(ScenarioError, match="do not go together"):
        load("bank", {"regions.names": "2", "cluster.streams": "NEW_IMAGE"})
