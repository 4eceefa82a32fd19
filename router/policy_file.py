"""A policy file: principals with their keys, and for each a policy in IAM's own shape.

    {"Principals": [{
        "Name": "app",
        "AccessKeyId": "APP",
        "SecretAccessKey": "a secret",
        "Policy": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:GetItem"],
            "Resource": "arn:aws:dynamodb:*:*:table/Orders"
        }]}
    }]}

Nothing in it is passed over in silence: a condition that nobody looks at would grant too much, and
so would a deny whose key is misspelt.  Whatever is not understood is refused, with its place.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from router.policies import Patterns, Permissions, Principal, Statement

FILE_BYTES_MAX = 1 << 20
PRINCIPALS_MAX = 1_000
STATEMENTS_MAX = 100  # Of one policy …
PATTERNS_MAX = 100  # … and in one list of a statement.
PATTERN_LENGTH_MAX = 2_048
VERSIONS = ("2012-10-17", "2008-10-17")
PRINCIPAL_KEYS = ("Name", "AccessKeyId", "SecretAccessKey", "Policy")
POLICY_KEYS = ("Version", "Id", "Statement")
STATEMENT_KEYS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource")
NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
ACCESS_KEY = re.compile(r"[A-Za-z0-9_]{1,128}")
SECRET = re.compile(r"[!-~]{1,256}")
ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+")
EXAMPLE_RESOURCE = "arn:aws:dynamodb:*:*:table/Orders"
# Names of operations, not of actions: IAM has neither, so that such a statement would say nothing.
OF_NOBODY = ("dynamodb:transactwriteitems", "dynamodb:transactgetitems")


class PolicyError(ValueError):
    """Why a text is no policy file, in one sentence that names the place."""


def permissions_of(text: str, *, with_secrets: bool = True) -> Permissions:
    """Read a policy file.

    Without secrets it is for a place where nobody can pretend to be somebody else.

    Raises:
        PolicyError
    """
    if len(text) > FILE_BYTES_MAX:
        raise PolicyError(f"a policy file has {FILE_BYTES_MAX:,} characters at most")
    try:
        document = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise PolicyError(f"line {error.lineno}: not JSON: {error.msg}") from error
    except PolicyError:
        raise
    except ValueError:  # Python reads no number of more than some thousand digits.
        raise PolicyError("not a policy file: a number in it is too long") from None
    except RecursionError:
        raise PolicyError("not a policy file: it is nested too deeply") from None
    _check_keys("the file", document, ("Principals",), ("Principals",))
    listed = document["Principals"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= PRINCIPALS_MAX:
        raise PolicyError(f"Principals must be a list of 1 to {PRINCIPALS_MAX:,} principals")
    principals: dict[str, Principal] = {}
    for number, given in enumerate(listed, start=1):
        principal = _principal(f"principal {number}", given, with_secrets=with_secrets)
        if principal.access_key in principals:
            raise PolicyError(f"principal {number}: another one has its AccessKeyId already")
        principals[principal.access_key] = principal
    return Permissions(principals)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: of two effects one would be passed over."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise PolicyError(f"{twice} stands twice in one object: say it once")
    return found


def _principal(place: str, given: Any, *, with_secrets: bool) -> Principal:
    known = tuple(key for key in PRINCIPAL_KEYS if with_secrets or key != "SecretAccessKey")
    _check_keys(place, given, known, known)
    name = _word(place, given, "Name", NAME, "1 to 64 letters, digits and _+=,.@-")
    place = f"principal {name!r}"
    key = _word(place, given, "AccessKeyId", ACCESS_KEY, "1 to 128 letters, digits and _")
    secret = ""
    if with_secrets:
        secret = _word(place, given, "SecretAccessKey", SECRET, "1 to 256 characters, no blanks")
    policy = given["Policy"]
    _check_keys(f"{place}: Policy", policy, POLICY_KEYS, ("Statement",))
    if policy.get("Version", VERSIONS[0]) not in VERSIONS:
        raise PolicyError(f"{place}: Version must be {VERSIONS[0]!r}, not {policy['Version']!r}")
    listed = policy["Statement"]
    statements = [listed] if isinstance(listed, dict) else listed
    if not isinstance(statements, list) or not len(statements) <= STATEMENTS_MAX:
        raise PolicyError(
            f"{place}: Statement must be a statement, or a list of up to {STATEMENTS_MAX}"
        )
    found = [
        _statement(f"{place}, statement {number}", one)
        for number, one in enumerate(statements, start=1)
    ]
    return Principal(name, key, tuple(found), secret)


def _statement(place: str, given: Any) -> Statement:
    sid = given.get("Sid") if isinstance(given, dict) else None
    place = f"{place} ({sid!r})" if isinstance(sid, str) else place
    if isinstance(given, dict) and "Condition" in given:
        raise PolicyError(
            f"{place}: Condition is not supported, and without it the statement would say more"
            " than it was meant to: leave the statement out, or say it with Action and Resource"
        )
    _check_keys(place, given, STATEMENT_KEYS, ("Effect",))
    effect = given["Effect"]
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{place}: Effect must be 'Allow' or 'Deny', not {effect!r}")
    actions = _patterns(place, given, "Action")
    resources = _patterns(place, given, "Resource")
    _check_actions(place, actions.patterns)
    _check_resources(place, resources.patterns)
    actions = Patterns(tuple([one.lower() for one in actions.patterns]), actions.all_others)
    return Statement(effect == "Allow", actions, resources)


def _patterns(place: str, given: Any, key: str) -> Patterns:
    """Take Action or NotAction, Resource or NotResource: one pattern, or a list of them."""
    there = [name for name in (key, f"Not{key}") if name in given]
    if len(there) != 1:
        raise PolicyError(f"{place}: there must be {key} or Not{key}, and only one of them")
    (name,) = there
    listed = [given[name]] if isinstance(given[name], str) else given[name]
    if not (
        isinstance(listed, list)
        and 1 <= len(listed) <= PATTERNS_MAX
        and all(isinstance(one, str) and len(one) <= PATTERN_LENGTH_MAX for one in listed)
    ):
        raise PolicyError(f"{place}: {name} must be a text, or a list of 1 to {PATTERNS_MAX} texts")
    return Patterns(tuple(listed), all_others=name != key)


def _check_actions(place: str, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        if not ACTION.fullmatch(pattern):
            raise PolicyError(
                f"{place}: an action is '*' or like 'dynamodb:PutItem', not {pattern!r}"
            )
        if pattern.lower() in OF_NOBODY:
            raise PolicyError(
                f"{place}: there is no permission {pattern!r}: each action of a transaction needs"
                " its own, as in dynamodb:PutItem or dynamodb:ConditionCheckItem"
            )


def _check_resources(place: str, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        if "${" in pattern:
            raise PolicyError(f"{place}: variables like ${{aws:username}} are not supported")
        if not RESOURCE.fullmatch(pattern):
            raise PolicyError(
                f"{place}: a resource is '*' or an ARN like {EXAMPLE_RESOURCE!r}, not {pattern!r}"
            )


def _check_keys(place: str, given: Any, known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    if not isinstance(given, dict):
        raise PolicyError(f"{place} must be an object with {' and '.join(needed)}")
    for key in given:
        if key not in known:
            raise PolicyError(f"{place} has no key {key!r}; it may have {', '.join(known)}")
    for key in needed:
        if key not in given:
            raise PolicyError(f"{place} has no {key}, which it needs")


def _word(place: str, given: Any, key: str, pattern: re.Pattern[str], meaning: str) -> str:
    value = given[key]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        # A secret is not shown to whoever reads the refusal.
        raise PolicyError(f"{place}: {key} must be {meaning}")
    return value
