"""A policy file: what it says, and that nothing in it is passed over in silence."""

import json
from typing import Any

import pytest

from router.policies import Decision
from router.policy_file import PolicyError, permissions_of
from tests.tidy import ROOT

Json = dict[str, Any]

ORDERS = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"


def statement(**more: Any) -> Json:
    found = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*", **more}
    return {key: value for key, value in found.items() if value is not None}


def principal(*statements: Any, **more: Any) -> Json:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    found = {"Name": "app", "AccessKeyId": "APP", "SecretAccessKey": "hush", "Policy": policy}
    return {key: value for key, value in {**found, **more}.items() if value is not None}


def text(*principals: Any) -> str:
    return json.dumps({"Principals": principals})


def refusal(given: str) -> str:
    with pytest.raises(PolicyError) as refused:
        permissions_of(given)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_principals_are_known_by_their_keys() -> None:
    admin = principal(statement(Action="*"), Name="admin", AccessKeyId="ADMIN")
    found = permissions_of(text(principal(statement()), admin)).principals

    assert [(key, one.name, one.secret) for key, one in found.items()] == [
        ("APP", "app", "hush"),
        ("ADMIN", "admin", "hush"),
    ]
    assert found["APP"].decide("dynamodb:PutItem", ORDERS) is Decision.ALLOWED
    assert found["APP"].decide("dynamodb:GetItem", ORDERS) is Decision.NOT_ALLOWED
    assert found["ADMIN"].decide("dynamodb:GetItem", ORDERS) is Decision.ALLOWED


def test_one_thing_needs_no_list() -> None:
    alone = {"Statement": statement(Sid="Puts")}
    found = permissions_of(text(principal(Policy=alone))).principals["APP"]

    assert found.decide("dynamodb:PutItem", ORDERS) is Decision.ALLOWED


def test_lists_and_exceptions_mean_what_they_mean_to_iam() -> None:
    puts = statement(Action=["dynamodb:GetItem", "DynamoDB:Put*"])
    keeps = statement(Effect="Deny", Action=None, NotAction="dynamodb:*Item")
    apart = statement(Effect="Deny", Action="*", Resource=None, NotResource=[ORDERS])
    app = permissions_of(text(principal(puts, keeps, apart))).principals["APP"]

    assert app.decide("dynamodb:PutItem", ORDERS) is Decision.ALLOWED
    assert app.decide("dynamodb:Scan", ORDERS) is Decision.DENIED
    assert app.decide("dynamodb:PutItem", f"{ORDERS}2") is Decision.DENIED
    assert app.decide("dynamodb:DeleteItem", ORDERS) is Decision.NOT_ALLOWED


def test_statements_about_other_services_say_nothing_here() -> None:
    files = statement(Effect="Deny", Action="s3:*", Resource="arn:aws:s3:::shop/*")

    app = permissions_of(text(principal(statement(), files))).principals["APP"]

    assert app.decide("dynamodb:PutItem", ORDERS) is Decision.ALLOWED


def test_where_nobody_signs_there_are_no_secrets() -> None:
    alone = text(principal(statement(), SecretAccessKey=None))

    assert permissions_of(alone, with_secrets=False).principals["APP"].secret == ""
    assert "has no SecretAccessKey, which it needs" in refusal(alone)
    with pytest.raises(PolicyError, match="has no key 'SecretAccessKey'"):
        permissions_of(text(principal(statement())), with_secrets=False)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{\n,", "line 2: not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5_000, "a number in it is too long"),
        ('"text"', "the file must be an object with Principals"),
        ('{"Statement": []}', "the file has no key 'Statement'; it may have Principals"),
        ("{}", "the file has no Principals"),
        ('{"Principals": []}', "Principals must be a list of 1 to 1,000 principals"),
        ('{"Principals": {}}', "Principals must be a list"),
        ('{"Principals": [], "Principals": []}', "Principals stands twice"),
        (text(5), "principal 1 must be an object"),
        (text(principal(Policy=None)), "principal 1 has no Policy"),
        (text(principal(Polcy={})), "principal 1 has no key 'Polcy'; it may have Name, "),
        (text(principal(Name="a b")), "principal 1: Name must be 1 to 64 letters"),
        (text(principal(AccessKeyId="$ourselves")), "AccessKeyId must be 1 to 128 letters"),
        (text(principal(SecretAccessKey=5)), "principal 'app': SecretAccessKey must be"),
        (text(principal(), principal()), "principal 2: another one has its AccessKeyId"),
        (text(principal(Policy={"Statement": 5})), "Statement must be a statement, or a list"),
        (text(principal(Policy={"Statement": [5]})), "statement 1 must be an object"),
        (
            text(principal(Policy={"Version": "2024-01-01", "Statement": []})),
            "principal 'app': Version must be '2012-10-17', not '2024-01-01'",
        ),
        (text(principal(*[statement()] * 101)), "a list of up to 100"),
    ],
)
def test_what_is_no_policy_file_is_refused_with_its_place(given: str, expected: str) -> None:
    assert expected in refusal(given)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"Effect": "allow"}, "Effect must be 'Allow' or 'Deny', not 'allow'"),
        ({"Effect": None}, "has no Effect"),
        ({"Efect": "Deny"}, "has no key 'Efect'; it may have Sid, Effect, Action"),
        ({"Principal": "*"}, "has no key 'Principal'"),
        ({"Action": None}, "there must be Action or NotAction, and only one of them"),
        ({"NotAction": "*"}, "there must be Action or NotAction, and only one of them"),
        ({"Resource": None}, "there must be Resource or NotResource"),
        ({"Action": []}, "Action must be a text, or a list of 1 to 100 texts"),
        ({"Action": ["*", 5]}, "Action must be a text, or a list"),
        ({"Resource": {}}, "Resource must be a text, or a list"),
        ({"Action": "PutItem"}, "an action is '*' or like 'dynamodb:PutItem', not 'PutItem'"),
        ({"Action": "dynamodb:TransactWriteItems"}, "there is no permission 'dynamodb:TransactW"),
        ({"Resource": "Orders"}, "a resource is '*' or an ARN like 'arn:aws:dynamodb:*:*:table"),
        ({"Resource": "arn:aws:dynamodb:*:*:table/${aws:username}"}, "variables like ${aws:user"),
        ({"Resource": "*" * 2_049}, "Resource must be a text"),
    ],
)
def test_a_statement_that_is_not_understood_is_refused(wrong: Json, expected: str) -> None:
    told = refusal(text(principal(statement(), statement(Sid="Mine", **wrong))))

    assert told.startswith("principal 'app', statement 2 ('Mine')")
    assert expected in told


def test_a_condition_is_never_passed_over() -> None:
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["alice"]}}

    told = refusal(text(principal(statement(Sid="Own", Condition=condition))))

    assert told.startswith("principal 'app', statement 1 ('Own'): Condition is not supported")


def test_a_refusal_shows_no_secret() -> None:
    assert "hu sh" not in refusal(text(principal(SecretAccessKey="hu sh")))


def test_the_page_shows_a_file_that_is_one() -> None:
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    example = page.partition("```json\n")[2].partition("```")[0]

    shop = permissions_of(example).principals["SHOP"]

    assert shop.decide("dynamodb:PutItem", ORDERS) is Decision.ALLOWED
    assert shop.decide("dynamodb:DeleteItem", ORDERS) is Decision.DENIED
    assert shop.decide("dynamodb:GetItem", f"{ORDERS}2") is Decision.NOT_ALLOWED
    wrong = example.replace('"Deny"', '"deny"')
    assert refusal(wrong) in page
