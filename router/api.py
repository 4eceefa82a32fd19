"""The API without sockets: an operation's name and JSON in, a status and JSON out (§2.2, §2.3).

An error that the catalogue knows becomes the answer.  Any other is a bug in this program: it is not
caught here, and the host reports it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from items.errors import DynamoDBError
from network.host import Host
from network.messages import Response
from network.placement import Placement
from network.rpc import Peers
from router import (
    batches,
    limits_operations,
    queries,
    singletons,
    streams,
    table_changes,
    table_operations,
    tags,
    time_to_live,
    transactions,
)
from router.access import refuse_unless_allowed
from router.followers import Followers
from router.left_out import unknown_operation
from router.nodes import Nodes
from router.options import RouterOptions
from router.shapes import Body
from router.tables import Tables
from router.tools import Origin, Tools

Operation: TypeAlias = Callable[[Tools, Body, Origin], Awaitable[dict[str, Any]]]

OPERATIONS: dict[str, Operation] = {
    "BatchGetItem": batches.batch_get_item,
    "BatchWriteItem": batches.batch_write_item,
    "CreateTable": table_operations.create_table,
    "DeleteItem": singletons.delete_item,
    "DeleteTable": table_operations.delete_table,
    "DescribeEndpoints": limits_operations.describe_endpoints,
    "DescribeLimits": limits_operations.describe_limits,
    "DescribeStream": streams.describe_stream,
    "DescribeTable": table_operations.describe_table,
    "DescribeTimeToLive": time_to_live.describe_time_to_live,
    "GetItem": singletons.get_item,
    "GetRecords": streams.get_records,
    "GetShardIterator": streams.get_shard_iterator,
    "ListStreams": streams.list_streams,
    "ListTables": table_operations.list_tables,
    "ListTagsOfResource": tags.list_tags_of_resource,
    "PutItem": singletons.put_item,
    "Query": queries.query,
    "Scan": queries.scan,
    "TagResource": tags.tag_resource,
    "TransactGetItems": transactions.transact_get_items,
    "TransactWriteItems": transactions.transact_write_items,
    "UntagResource": tags.untag_resource,
    "UpdateItem": singletons.update_item,
    "UpdateTable": table_changes.update_table,
    "UpdateTimeToLive": time_to_live.update_time_to_live,
}
WITHOUT_BODY = ("TagResource", "UntagResource")  # Their good answer has no body at all, not `{}`.


class Api:
    """What one router offers, whoever brings the requests."""

    def __init__(
        self,
        host: Host,
        peers: Peers,
        placement: Placement,
        coordinators: list[str],
        options: RouterOptions,
    ) -> None:
        nodes = Nodes(host, peers, placement, coordinators, options)
        self._permissions = options.permissions
        followers = Followers(host, peers, nodes, options) if options.followers else None
        self._tools = Tools(nodes, Tables(host, nodes, options), options, followers)

    async def call(
        self, operation: str, body: Body, *, call: str | None, request: str, caller: str = ""
    ) -> Response:
        """Carry out one request.

        `request` names the client's attempt, and no other attempt ever; `call` is the same in all
        attempts of one call, and None where the client does not say: then each is on its own.
        `caller` is the access key of whoever it is; without permissions nobody looks at it.
        """
        try:
            carry_out = OPERATIONS.get(operation)
            if carry_out is None:
                raise unknown_operation(operation)
            if self._permissions is not None:
                refuse_unless_allowed(self._permissions, caller, operation, body)
            answer = await carry_out(self._tools, body, Origin(request, call or request))
        except DynamoDBError as error:
            return Response(error.kind.status, error.body())
        return Response(200, answer)

    async def look_for_tables(self) -> None:
        """Take every table further that somebody left CREATING, UPDATING or DELETING."""
        await self._tools.tables.look()
