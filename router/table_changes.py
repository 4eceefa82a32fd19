"""UpdateTable: how a table is paid for, its class, and whether it can be deleted.

A change is one compare-and-set of the definition.  What partitions have to be told takes the table
through UPDATING, which the answer says even if it is over by then, as the service's does.
"""

from dataclasses import replace
from typing import Any

from items.errors import validation
from router import responses
from router.definitions import Table, Traits
from router.index_definitions import indexes_after
from router.requests import read, table_name
from router.shapes import Body
from router.stream_parameters import refuse_no_change, view_wanted, with_stream
from router.table_names import named_first
from router.table_parameters import UPDATE_TABLE, refuse_unsupported
from router.throughput import throughput_after
from router.tools import Origin, Tools

PAYMENTS = ("ProvisionedThroughput", "BillingMode")
INDEXES = "GlobalSecondaryIndexUpdates"
STREAM = "StreamSpecification"
CHANGES = (  # Beside those of indexes; of SSESpecification there is nothing to be switched off.
    *PAYMENTS,
    "TableClass",
    "DeletionProtectionEnabled",
    STREAM,
    "SSESpecification",
)
NO_CHANGE = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled,"
    " GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"
)


async def update_table(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    def parse(body: Body) -> str:
        refuse_unsupported(body)
        view_wanted(body)
        if not body.get(INDEXES) and all(body.get(name) is None for name in CHANGES):
            raise validation(NO_CHANGE)
        return table_name(body)

    name = read(UPDATE_TABLE, named_first(UPDATE_TABLE, body), parse)
    now_us = tools.tables.now_us()

    def change(table: Table) -> Traits:
        refuse_no_change(body, table.traits, name)
        return with_stream(changed(table, body, now_us), body, name, now_us)

    description = responses.table_description(await tools.tables.amend(name, change))
    if any(body.get(name) is not None for name in (*PAYMENTS, INDEXES, STREAM)):
        description["TableStatus"] = "UPDATING"
    return {"TableDescription": description}


def changed(table: Table, body: Body, now_us: int) -> Traits:
    """Say what a table's traits are to be; what the request does not name stays as it is."""
    traits = table.traits
    throughput = throughput_after(body, traits.throughput)
    indexes = indexes_after(body, traits, throughput)
    on_demand_us = traits.on_demand_us
    if throughput is None and traits.throughput is not None:
        on_demand_us = now_us
    elif throughput is not None and traits.throughput is None and not on_demand_us:
        on_demand_us = table.created_us  # As it was made: from now on that is told.
    protected = body.get("DeletionProtectionEnabled")
    return replace(
        traits,
        throughput=throughput,
        on_demand_us=on_demand_us,
        protected=traits.protected if protected is None else protected,
        table_class=body.get("TableClass") or traits.table_class,
        indexes=indexes,
    )
