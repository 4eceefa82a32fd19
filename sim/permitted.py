"""Who may do what in a scenario: `permissions.policies` is the text of a policy file.

Nobody signs in the simulation: who a client is, its name says.  So `AccessKeyId` is the name of a
client, and there are no secrets.  Clients that are not named may do nothing; k1 makes the tables
and the first items, so it has to be named, and allowed to.  Readers of streams cannot be named:
where there are policies they would be refused for ever, so there are to be none.
"""

import re
from collections.abc import Mapping

from router.policies import Permissions
from router.policy_file import PolicyError, permissions_of
from sim.keys import ScenarioError, Value

KEY = "permissions.policies"
CLIENT = re.compile(r"k[1-9][0-9]*")


def permissions_in(keys: Mapping[str, Value]) -> Permissions | None:
    """Read who may do what; None if everybody may do everything.

    Raises:
        ScenarioError: Naming the mistake, and what would be right.
    """
    text = str(keys[KEY])
    if not text:
        return None
    try:
        permissions = permissions_of(text, with_secrets=False)
    except PolicyError as error:
        raise ScenarioError(f"{KEY}: {error}") from error
    for key in permissions.principals:
        if not CLIENT.fullmatch(key):
            raise ScenarioError(f"{KEY}: an AccessKeyId is a client here, such as k2, not {key!r}")
    if keys["cluster.streams"] and keys["cluster.stream_readers"]:
        raise ScenarioError(
            f"{KEY} says what clients may do, and lets no reader of streams read: with it,"
            " cluster.stream_readers is to be 0"
        )
    return permissions
