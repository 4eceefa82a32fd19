"""What a table's indexes have against an action: a refusal that no item alone explains.

The limits are the partition's own, and asked of it: how much there is under a partition key, and
how many entries wait.  That it judges them rightly, the tests of `partition.indexed` say.
"""

from items.actions import Action, allowed_on, applied_to
from items.errors import DynamoDBError, Reason
from items.values import Item
from partition.machine import Machine


def refused_by_index(machine: Machine, action: Action, item: Item | None) -> Reason | None:
    """Say why an item may not become what an action makes of it; a condition comes first."""
    try:
        after = applied_to(action, item)
        is_allowed = allowed_on(action, item)
    except DynamoDBError:  # Nor can the action be carried out, and that is the reason.
        return None
    return machine.entries.refusal(action, item, after) if is_allowed else None
