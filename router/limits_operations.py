"""DescribeLimits and DescribeEndpoints: what does not depend on any table."""

from typing import Any

from router.shapes import Body
from router.tools import Origin, Tools

# A new account's quotas.  Nobody is held to them here.
ACCOUNT_UNITS_MAX = 80_000
TABLE_UNITS_MAX = 40_000
ENDPOINT_MINUTES = 1_440


async def describe_limits(_: Tools, __: Body, ___: Origin) -> dict[str, Any]:
    return {
        "AccountMaxReadCapacityUnits": ACCOUNT_UNITS_MAX,
        "AccountMaxWriteCapacityUnits": ACCOUNT_UNITS_MAX,
        "TableMaxReadCapacityUnits": TABLE_UNITS_MAX,
        "TableMaxWriteCapacityUnits": TABLE_UNITS_MAX,
    }


async def describe_endpoints(tools: Tools, _: Body, __: Origin) -> dict[str, Any]:
    """Name the one endpoint that there is."""
    endpoint = {"Address": tools.options.endpoint, "CachePeriodInMinutes": ENDPOINT_MINUTES}
    return {"Endpoints": [endpoint]}
