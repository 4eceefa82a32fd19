"""What was let through against what policies allow: no more, no less, and nothing in part.

Policies are read anew here, by their definition: the statements that are about an action and its
resource must be there, and none of them may deny.  A request is allowed if all of its actions are.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from items.errors import ACCESS_DENIED, REQUEST_LIMIT_EXCEEDED, UNRECOGNIZED_CLIENT
from router.policies import Patterns, Permissions, Principal
from sim.checkers.entries import batch_of
from sim.checkers.evidence import Evidence, named
from sim.checkers.finding import Finding
from sim.history import ELSEWHERE, Operation

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"
REFUSALS = (ACCESS_DENIED.name, UNRECOGNIZED_CLIENT.name)
AT_THE_DOOR = (*REFUSALS, REQUEST_LIMIT_EXCEEDED.name)  # What is said before a request is read.


def check_permissions(evidence: Evidence, permissions: Permissions) -> Iterator[Finding]:
    """Judge each operation by its client's policy."""
    decided = {(one.token, one.call) for one in evidence.decisions}
    done = {one.request for one in evidence.applied} | {one.request for one in evidence.refused}
    done = {batch_of(request) for request in done}  # A batch is allowed as a whole.
    for operation in evidence.calls:
        if operation.client == ELSEWHERE:
            continue  # It was judged where it was written.
        missing = not_allowed(permissions.principals.get(operation.client), operation)
        if not missing:
            if operation.error in REFUSALS:
                yield _finding("refused and allowed", operation, f"was told {operation.error}")
            continue
        call = operation.request.get("ClientRequestToken"), operation.call
        if not operation.is_unknown and operation.error not in AT_THE_DOOR:
            told = operation.error or "'done'"
            yield _finding("let through", operation, f"was told {told}, without {missing}")
        elif call in decided or done.intersection(operation.attempts):
            yield _finding("carried out", operation, f"was carried out, without {missing}")
        elif any(attempt in evidence.reads for attempt in operation.attempts):
            yield _finding("read", operation, f"had items read, without {missing}")


def not_allowed(principal: Principal | None, operation: Operation) -> str:
    """Name the first permission that an operation needs and its client does not have."""
    for action, resource in needed(operation):
        if principal is None or not may(principal, f"dynamodb:{action}", f"{ARN}{resource}"):
            return f"{action} on {resource}"
    return ""


def needed(operation: Operation) -> Iterator[tuple[str, str]]:
    """Say which actions of IAM an operation needs, each with its table or the index of one."""
    request = operation.request
    if "TransactItems" in request:
        for entry in request["TransactItems"]:
            for kind, action in entry.items():
                yield f"{kind}Item", action["TableName"]
    elif "RequestItems" in request:
        for table in request["RequestItems"]:
            yield operation.name, table
    elif "IndexName" in request:
        yield operation.name, f"{request['TableName']}/index/{request['IndexName']}"
    else:
        yield operation.name, request.get("TableName", "*")


def may(principal: Principal, action: str, resource: str) -> bool:
    about = [
        statement.allows
        for statement in principal.statements
        if _says(statement.actions, action.lower()) and _says(statement.resources, resource)
    ]
    return bool(about) and all(about)


def _says(patterns: Patterns, name: str) -> bool:
    found = [pattern for pattern in patterns.patterns if _expression(pattern).fullmatch(name)]
    return bool(found) != patterns.all_others


@lru_cache(maxsize=1_000)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = [{"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern]
    return re.compile("".join(parts), re.DOTALL)


def _finding(kind: str, operation: Operation, text: str) -> Finding:
    return Finding("permissions", kind, f"{named(operation)} {text}", (operation.call,))
