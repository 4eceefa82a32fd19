from router.options import RouterOptions
from tests.router.harness import World


def test_the_quotas_of_a_new_account_are_told() -> None:
    assert World().ok("DescribeLimits", {}) == {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


def test_there_is_one_endpoint_and_it_is_the_one_that_the_option_names() -> None:
    world = World(RouterOptions(endpoint="127.0.0.1:8000"))

    assert world.ok("DescribeEndpoints", {}) == {
        "Endpoints": ({"Address": "127.0.0.1:8000", "CachePeriodInMinutes": 1440},)
    }
