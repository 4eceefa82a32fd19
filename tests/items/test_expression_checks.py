import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.check_rules import reserved_words
from items.conditions import holds
from items.errors import VALIDATION, DynamoDBError
from items.expression_checks import CACHED_LENGTH_MAX, check, check_given, remembered_steps
from items.projections import project
from items.updates import apply_update
from items.values import AttributeValue, number_set, string_set
from tests.items.strategies import values as any_values

TEXT: AttributeValue = ("S", "text")
NAMES = {"#n": "n", "#a": "a", "#s": "status"}
VALUES: dict[str, AttributeValue] = {
    ":s": TEXT,
    ":n": ("N", "5"),
    ":3": ("N", "3"),
    ":b": ("B", b"\x01"),
    ":yes": ("BOOL", True),
    ":null": ("NULL", True),
    ":l": ("L", ()),
    ":m": ("M", {}),
    ":ss": string_set(["x"]),
    ":ns": number_set(["1"]),
    ":SS": ("S", "SS"),
}
PLACEHOLDER = re.compile(r"[#:]\w+")

MISUSE = "The function is not allowed to be used this way in an expression"
COUNT = "Incorrect number of operands for operator or function; operator or function:"
DISTINCT = (
    "The first operand must be distinct from the remaining operands for this operator or function;"
    " operator:"
)
TYPES = "Incorrect operand type for operator or function; operator or function:"
OF_ADD = "Incorrect operand type for operator or function; operator: ADD, operand type"


@pytest.mark.parametrize(
    "text",
    [
        "a = :s",
        "#s = :yes AND n.#n[3] <> :l",
        "a BETWEEN :3 AND :n",
        "a BETWEEN :n AND :n",
        "a BETWEEN b AND :n",
        "a IN (:s, :n, :m)",
        "attribute_exists(a.b) OR attribute_not_exists(#a)",
        "attribute_type(a, :SS)",
        "begins_with(a, :s) AND begins_with(a, :b) AND begins_with(:s, b)",
        "contains(a, :yes) AND contains(a, b)",
        "size(a) > :n AND size(:l) < size(b)",
        "NOT (a.b = a.c)",
        "order_status = :s",
    ],
)
def test_sound_conditions_pass(text: str) -> None:
    check({"ConditionExpression": text}, *used_in(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo(a)", "Invalid function name; function: foo"),
        ("SIZE(a) = :n", "Invalid function name; function: SIZE"),
        ("a = foo(b)", "Invalid function name; function: foo"),
        ("size(a)", MISUSE),
        ("NOT size(a)", MISUSE + "; function: size"),
        ("attribute_exists(a) = :yes", MISUSE + "; function: attribute_exists"),
        ("contains(a, contains(b, :s))", MISUSE + "; function: contains"),
        ("if_not_exists(a, :s) = :s", MISUSE + "; function: if_not_exists"),
        ("list_append(a, :l)", MISUSE + "; function: list_append"),
        ("status = :s", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("a.Count = :s", "Attribute name is a reserved keyword; reserved keyword: Count"),
        ("size(a.b.YEAR) = :n", "Attribute name is a reserved keyword; reserved keyword: YEAR"),
        (
            "#x = :s",
            "An expression attribute name used in the document path is not defined;"
            " attribute name: #x",
        ),
        (
            "a = :x",
            "An expression attribute value used in expression is not defined; attribute value: :x",
        ),
        (
            "attribute_exists(a, b)",
            COUNT + " attribute_exists, number of operands: 2",
        ),
        ("begins_with(a)", COUNT + " begins_with, number of operands: 1"),
        ("size(a, b) = :n", COUNT + " size, number of operands: 2"),
        (
            f"a IN ({', '.join([':s'] * 101)})",
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
        (
            "a = #a",
            DISTINCT + " =, first operand: [a]",
        ),
        ("#n.b[1] <> n.b[1]", DISTINCT + " <>, first operand: [n, b, [1]]"),
        ("contains(a, a)", DISTINCT + " contains, first operand: [a]"),
        ("a BETWEEN :n AND a", DISTINCT + " BETWEEN, first operand: [a]"),
        ("a IN (b, c, a)", DISTINCT + " IN, first operand: [a]"),
        (
            "attribute_exists(:s)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_not_exists(size(a))",
            "Operator or function requires a document path;"
            " operator or function: attribute_not_exists",
        ),
        (
            "begins_with(a, :n)",
            TYPES,
        ),
        ("begins_with(a, size(b))", TYPES + " begins_with, operand type: N"),
        ("begins_with(:l, a)", TYPES + " begins_with, operand type: L"),
        ("size(:n) = :n", TYPES + " size, operand type: N"),
        ("a = size(:yes)", TYPES + " size, operand type: BOOL"),
        ("attribute_type(a, :n)", TYPES + " attribute_type, operand type: N"),
        (
            "attribute_type(a, b)",
            TYPES + " attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
        ),
        (
            "attribute_type(a, :s)",
            "Invalid attribute type name found; type: text,"
            " valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        ("a < :yes", TYPES + " <, operand type: BOOL"),
        (":ss >= a", TYPES + " >=, operand type: SS"),
        ("a BETWEEN :null AND :null", TYPES + " BETWEEN, operand type: NULL"),
        (
            "a BETWEEN :n AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds;"
            " lower bound operand: AttributeValue: {N:5},"
            " upper bound operand: AttributeValue: {S:text}",
        ),
        (
            "a BETWEEN :n AND :3",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound;"
            " lower bound operand: AttributeValue: {N:5},"
            " upper bound operand: AttributeValue: {N:3}",
        ),
        # Functions come before reserved words, these before predicates, and those go one by one.
        ("status = :s AND foo(a)", "Invalid function name; function: foo"),
        ("size(a) AND foo(a)", "Invalid function name; function: foo"),
        ("a = :x AND status = :s", "Attribute name is a reserved keyword"),
        ("a < :yes AND b = :x", TYPES + " <, operand type: BOOL"),
        ("a < :yes AND begins_with(a)", TYPES + " <, operand type: BOOL"),
        ("begins_with(:n, a) AND a < :yes", TYPES + " begins_with, operand type: N"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    names, values = used_in(text)

    refusal = refusal_of({"ConditionExpression": text}, names, values)
    assert refusal.startswith(f"Invalid ConditionExpression: {message}")


@pytest.mark.parametrize(
    "text",
    [
        "SET a = :s, b = b + :n, c = list_append(if_not_exists(c, :l), :l) REMOVE d ADD e :ss",
        "ADD a :n, b :ns, c.d :ss DELETE e :ns",
        "SET a.b = :s, a.c = :s, l[0] = :s, l[1] = :s",
        "SET n = size_of_it, size_of_it = n",
        "SET n = if_not_exists(m, if_not_exists(n, :n)) + if_not_exists(n, :n)",
    ],
)
def test_sound_updates_pass(text: str) -> None:
    check({"UpdateExpression": text}, *used_in(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET status = :s", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("REMOVE a.b, c.Order", "Attribute name is a reserved keyword; reserved keyword: Order"),
        ("SET a = foo(b)", "Invalid function name; function: foo"),
        ("SET a = size(b)", MISUSE),
        ("SET a = :n + attribute_exists(b)", MISUSE),
        ("SET a = if_not_exists(b, contains(c, :s))", MISUSE),
        ("SET a = if_not_exists(b, list_append(c, :l))", MISUSE + "; function: list_append"),
        ("SET a = list_append(list_append(b, :l), :l)", MISUSE + "; function: list_append"),
        ("SET a = b - list_append(b, :l)", MISUSE + "; function: list_append"),
        (
            "SET a = :s REMOVE c set b = :s",
            'The "SET" section can only be used once in an update expression;',
        ),
        ("SET a = #x", "An expression attribute name used in the document path is not defined;"),
        ("SET a = :x", "An expression attribute value used in expression is not defined;"),
        (
            "SET a = :s REMOVE a.b",
            "Two document paths overlap with each other; must remove or rewrite one of these paths;"
            " path one: [a], path two: [a, b]",
        ),
        ("SET #n = :s REMOVE n", "Two document paths overlap with each other;"),
        ("SET a.b = :s, a[1] = :s", "Two document paths conflict with each other;"),
        (
            "ADD a :s",
            OF_ADD + ": STRING",
        ),
        ("ADD a :l", OF_ADD + ": LIST"),
        ("ADD a :yes", OF_ADD + ": BOOLEAN, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        (
            "DELETE a :n",
            OF_ADD.replace("ADD", "DELETE") + ": NUMBER, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        ("DELETE a :m", OF_ADD.replace("ADD", "DELETE") + ": MAP"),
        (
            "SET a = if_not_exists(b)",
            "Incorrect number of operands for operator or function;"
            " operator or function: if_not_exists, number of operands: 1",
        ),
        (
            "SET a = if_not_exists(:s, b)",
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = list_append(b, :n)",
            TYPES,
        ),
        ("SET a = b + :s", TYPES + " +, operand type: S"),
        ("SET a = :null - b", TYPES + " -, operand type: NULL"),
        # One rule after the other, each for the whole text.
        ("SET a = foo(b), status = :s", "Attribute name is a reserved keyword;"),
        ("SET a = :x, b = #x", "An expression attribute name used in the document path is not"),
        ("ADD a :s, a :s", "Two document paths overlap with each other;"),
        ("SET a = b + :s ADD c :s", "Incorrect operand type for operator or function; operator: A"),
    ],
)
def test_an_update_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    names, values = used_in(text)

    refusal = refusal_of({"UpdateExpression": text}, names, values)
    assert refusal.startswith(f"Invalid UpdateExpression: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a, status", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("a, #x", "An expression attribute name used in the document path is not defined;"),
        ("a, b.c, a[0]", "Two document paths overlap with each other;"),
        ("a.b, #a[0]", "Two document paths conflict with each other;"),
        ("a,", 'Syntax error; token: "<EOF>", near: ","'),
    ],
)
def test_a_projection_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    refusal = refusal_of({"ProjectionExpression": text}, NAMES, {})

    assert refusal.startswith(f"Invalid ProjectionExpression: {message}")


def test_what_is_not_used_is_refused_after_all_else() -> None:
    expressions = {"UpdateExpression": "SET #a = :s", "ConditionExpression": "#n < :n"}
    names, values = {**NAMES, "#z": "z"}, {":s": TEXT, ":n": ("N", "1"), ":y": TEXT, ":z": TEXT}
    used = {"#a": "a", "#n": "n"}

    check(expressions, used, {":s": TEXT, ":n": ("N", "1")})
    assert refusal_of(expressions, names, values) == (
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#s, #z}"
    )
    assert refusal_of(expressions, used, values) == (
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:y, :z}"
    )
    assert "operand type: BOOL" in refusal_of(expressions, names, {**values, ":n": ("BOOL", True)})


def test_the_update_is_judged_first_and_the_projection_last() -> None:
    bad = dict.fromkeys(["ProjectionExpression", "FilterExpression", "KeyConditionExpression"], "!")

    for what in ("KeyConditionExpression", "FilterExpression", "ProjectionExpression"):
        assert refusal_of(bad, {}, {}).startswith(f"Invalid {what}: Syntax error")
        del bad[what]
    assert refusal_of({"ConditionExpression": "!", "UpdateExpression": "!"}, {}, {}).startswith(
        "Invalid UpdateExpression"
    )


@pytest.mark.parametrize(
    ("names", "values", "message"),
    [
        ({"a": "b"}, {}, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'),
        ({"#": "b"}, {}, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"'),
        ({"#a-b": "b"}, {}, "ExpressionAttributeNames contains invalid key: Syntax error;"),
        ({}, {"#a": TEXT}, "ExpressionAttributeValues contains invalid key: Syntax error;"),
        ({}, {":é": TEXT}, "ExpressionAttributeValues contains invalid key: Syntax error;"),
        ({"#" + "a" * 255: "b"}, {}, "ExpressionAttributeNames contains invalid key:"),
        ({"#a": ""}, {}, "ExpressionAttributeNames contains invalid value: Empty attribute name"),
        ({"#a": "b" * 65_536}, {}, "ExpressionAttributeNames contains invalid value:"),
        ({}, {":a": ("S", "b" * 2 * 1024 * 1024)}, "ExpressionAttributeNames and Expression"),
    ],
)
def test_placeholders_and_what_they_stand_for_are_looked_at_first(
    names: dict[str, str], values: dict[str, AttributeValue], message: str
) -> None:
    assert refusal_of({"ConditionExpression": "!"}, names, values).startswith(message)


@pytest.mark.parametrize(
    ("expressions", "names", "values", "message"),
    [
        (
            {"ConditionExpression": None},
            {"#a": "a"},
            None,
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"ConditionExpression": None},
            None,
            {":v": TEXT},
            "ExpressionAttributeValues can only be specified when using expressions:"
            " ConditionExpression is null",
        ),
        (
            {"ProjectionExpression": "a", "FilterExpression": None, "KeyConditionExpression": None},
            None,
            {":v": TEXT},
            "ExpressionAttributeValues can only be specified when using expressions:"
            " FilterExpression and KeyConditionExpression are null",
        ),
        (
            {"ConditionExpression": "a = :v"},
            {},
            {":v": TEXT},
            "ExpressionAttributeNames must not be empty",
        ),
        (
            {"ConditionExpression": "a = b"},
            None,
            {},
            "ExpressionAttributeValues must not be empty",
        ),
    ],
)
def test_names_and_values_come_with_expressions(
    expressions: Mapping[str, str | None],
    names: dict[str, str] | None,
    values: dict[str, AttributeValue] | None,
    message: str,
) -> None:
    with pytest.raises(DynamoDBError) as refused:
        check_given(expressions, names, values)

    assert refused.value.message == message


def test_a_transaction_may_bring_names_and_values_to_no_purpose() -> None:
    check({"ConditionExpression": None}, {"#a": "a"}, {":v": TEXT})
    check({}, {"#a": "a"}, {":v": TEXT})


def test_there_are_573_reserved_words() -> None:
    assert len(reserved_words()) == 573
    assert {"STATUS", "NAME", "ZONE", "ABORT", "COUNTER"} <= reserved_words()


# No syntax has these as names; REMOVE is one as well, and no reserved word.
KEYWORDS = {"ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "SET"}


def test_no_reserved_word_goes_without_placeholder() -> None:
    for word in sorted(reserved_words() - KEYWORDS):
        bare = {"ProjectionExpression": f"a.{word.lower()}"}

        assert refusal_of(bare, {}, {}) == (
            "Invalid ProjectionExpression: Attribute name is a reserved keyword;"
            f" reserved keyword: {word.lower()}"
        )
        check(bare, {}, {}, allow_reserved=True)
        check({"ProjectionExpression": "#w"}, {"#w": word}, {})


OPERANDS = st.sampled_from(["a", "b", "#n", "a.b", "a[0]", ":v", ":w", "size(a)", "size(:v)"])
PREDICATES = st.one_of(
    st.builds("{} {} {}".format, OPERANDS, st.sampled_from(["=", "<>", "<", ">="]), OPERANDS),
    st.builds("{} BETWEEN {} AND {}".format, OPERANDS, OPERANDS, OPERANDS),
    st.builds("{} IN ({}, {})".format, OPERANDS, OPERANDS, OPERANDS),
    st.builds("attribute_exists({})".format, OPERANDS),
    st.builds(
        "{}({}, {})".format,
        st.sampled_from(["contains", "begins_with", "attribute_type", "size", "list_append"]),
        OPERANDS,
        OPERANDS,
    ),
)
CHANGES = st.one_of(
    st.builds("SET {} = {}".format, OPERANDS, OPERANDS),
    st.builds("SET {} = {} {} {}".format, OPERANDS, OPERANDS, st.sampled_from("+-"), OPERANDS),
    st.builds(
        "SET {} = {}({}, {})".format,
        OPERANDS,
        st.sampled_from(["if_not_exists", "list_append"]),
        OPERANDS,
        OPERANDS,
    ),
    st.builds("{} {} {}".format, st.sampled_from(["ADD", "DELETE"]), OPERANDS, OPERANDS),
    st.builds("REMOVE {}, {}".format, OPERANDS, OPERANDS),
)


@given(
    st.lists(PREDICATES, min_size=1, max_size=3).map(" AND ".join),
    any_values(),
    any_values(),
    any_values(),
)
def test_a_condition_that_passes_can_be_judged(
    text: str, stored: AttributeValue, one: AttributeValue, two: AttributeValue
) -> None:
    names, values = used_in(text, {"#n": "a"}, {":v": one, ":w": two})
    if passes({"ConditionExpression": text}, names, values):
        assert holds(text, {"a": stored}, names, values) in (True, False)


@given(
    st.lists(CHANGES, min_size=1, max_size=3).map(" ".join),
    any_values(),
    any_values(),
    any_values(),
)
def test_an_update_that_passes_is_applied_or_refused_for_the_item(
    text: str, stored: AttributeValue, one: AttributeValue, two: AttributeValue
) -> None:
    names, values = used_in(text, {"#n": "a"}, {":v": one, ":w": two})
    if passes({"UpdateExpression": text}, names, values):
        try:
            apply_update(text, {"a": stored}, {}, names, values)
        except DynamoDBError as refused:
            assert refused.kind is VALIDATION  # noqa: PT017  # Either is fine.


@given(st.lists(OPERANDS, min_size=1, max_size=4).map(", ".join), any_values())
def test_a_projection_that_passes_can_be_made(text: str, stored: AttributeValue) -> None:
    names, _ = used_in(text, {"#n": "a"}, {})
    if passes({"ProjectionExpression": text}, names, {}):
        assert project(text, {"a": stored}, names).keys() <= {"a"}


def passes(
    expressions: Mapping[str, str], names: Mapping[str, str], values: Mapping[str, AttributeValue]
) -> bool:
    try:
        check(expressions, names, values)
    except DynamoDBError:
        return False
    return True


DEEPEST = "a" + ".b[1]" * 16  # 32 dots and positions.


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x" * CACHED_LENGTH_MAX, {"#n": "n"}),
        ("#n", {f"#{n}": "n" for n in range(CACHED_LENGTH_MAX)}),
    ],
)
def test_what_is_too_long_is_refused_and_not_remembered(text: str, names: dict[str, str]) -> None:
    remembered = remembered_steps.cache_info().currsize

    with pytest.raises(DynamoDBError):
        check({"ProjectionExpression": text}, names, {})

    assert remembered_steps.cache_info().currsize == remembered


def test_paths_are_no_deeper_than_items() -> None:
    check({"ConditionExpression": f"size({DEEPEST}) > :n"}, {}, {":n": ("N", "5")})
    check({"ProjectionExpression": f"x, {DEEPEST}"}, {}, {})
    check({"UpdateExpression": f"SET {DEEPEST} = x"}, {}, {})
    wrong = "The document path has too many nesting elements; nesting levels: 33"
    for what, text in (
        ("ConditionExpression", f"size({DEEPEST}.c) > :n"),
        ("ProjectionExpression", f"x, {DEEPEST}.c"),
        ("UpdateExpression", f"REMOVE {DEEPEST}.c"),
    ):
        with pytest.raises(DynamoDBError, match=f"Invalid {what}: {wrong}"):
            check({what: text}, {}, {})


def used_in(
    text: str, names: Mapping[str, str] = NAMES, values: Mapping[str, AttributeValue] = VALUES
) -> tuple[dict[str, str], dict[str, AttributeValue]]:
    """Give the names and values that a text uses, so that none is unused."""
    marks = PLACEHOLDER.findall(text)
    return (
        {mark: names[mark] for mark in marks if mark in names},
        {mark: values[mark] for mark in marks if mark in values},
    )


def refusal_of(
    expressions: Mapping[str, str],
    names: Mapping[str, str],
    values: Mapping[str, AttributeValue],
) -> str:
    with pytest.raises(DynamoDBError) as refused:
        check(expressions, names, values)
    assert refused.value.kind is VALIDATION
    return refused.value.message
