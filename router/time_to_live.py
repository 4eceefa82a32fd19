"""UpdateTimeToLive and DescribeTimeToLive.

The service deletes an expired item within a few days, some time or other, and its documentation
has programs filter what is past its time.  Here that is never: the attribute is remembered, and
nothing goes away by itself.
"""

from dataclasses import replace
from typing import Any

from items.errors import validation
from router.definitions import Table, Traits
from router.requests import read, table_name
from router.shapes import Body
from router.table_parameters import ONE_TABLE, UPDATE_TIME_TO_LIVE
from router.tables import not_found
from router.tools import Origin, Tools


async def update_time_to_live(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    """Switch it on for an attribute, or off; what it is already, it cannot become."""
    name = read(UPDATE_TIME_TO_LIVE, body, table_name)
    wanted = body["TimeToLiveSpecification"]
    attribute, enabled = wanted["AttributeName"], wanted["Enabled"]

    def change(table: Table) -> Traits:
        current = table.traits.time_to_live
        if enabled and current == attribute:
            raise validation("TimeToLive is already enabled")
        if not enabled and current is None:
            raise validation("TimeToLive is already disabled")
        if current not in (None, attribute):
            raise validation(
                "TimeToLive is active on a different AttributeName:"
                f" current AttributeName is {current}"
            )
        return replace(table.traits, time_to_live=attribute if enabled else None)

    await tools.tables.amend(name, change)
    return {"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}}


async def describe_time_to_live(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    name = read(ONE_TABLE, body, table_name)
    table = await tools.tables.find(name)
    if table is None:
        raise not_found(name)
    attribute = table.traits.time_to_live
    if attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}}
