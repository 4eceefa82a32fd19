import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from items.errors import VALIDATION, DynamoDBError
from items.expressions import parse_condition, parse_projection, parse_update
from items.syntax import (
    Addition,
    And,
    Arithmetic,
    Assignment,
    Between,
    Change,
    Comparison,
    Condition,
    Deletion,
    DocumentPath,
    Function,
    Membership,
    Not,
    Operand,
    Or,
    Removal,
    Update,
    ValuePlaceholder,
    predicates_of,
)

A, B, C = (DocumentPath((name,)) for name in "abc")
V, W = ValuePlaceholder(":v"), ValuePlaceholder(":w")
A_IS_V = Comparison("=", A, V)
B_IS_W = Comparison("=", B, W)
C_IS_V = Comparison("=", C, V)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = :v", A_IS_V),
        ("a=:v", A_IS_V),
        (" \t\r\na\n=\t:v ", A_IS_V),
        ("(a = :v)", A_IS_V),
        ("a <> :v", Comparison("<>", A, V)),
        ("a<=:v", Comparison("<=", A, V)),
        (":v > a", Comparison(">", V, A)),
        ("#n.b[2].c = :v", Comparison("=", DocumentPath(("#n", "b", 2, "c")), V)),
        ("#0 = :0", Comparison("=", DocumentPath(("#0",)), ValuePlaceholder(":0"))),
        ("a . b [ 1 ] = :v", Comparison("=", DocumentPath(("a", "b", 1)), V)),
        ("a BETWEEN :v AND :w", Between(A, V, W)),
        ("a IN (:v)", Membership(A, (V,))),
        ("a in(:v,b)", Membership(A, (V, B))),
        ("attribute_exists(a)", Function("attribute_exists", (A,))),
        ("(attribute_exists (a))", Function("attribute_exists", (A,))),
        ("size(a) >= :v", Comparison(">=", Function("size", (A,)), V)),
        ("android = :v", Comparison("=", DocumentPath(("android",)), V)),
        ("notes = :v", Comparison("=", DocumentPath(("notes",)), V)),
        # Tightest first: predicates, NOT, AND, OR.
        ("NOT a = :v AND b = :w", And((Not(A_IS_V), B_IS_W))),
        ("NOT (a = :v AND b = :w)", Not(And((A_IS_V, B_IS_W)))),
        ("not Not a = :v", Not(Not(A_IS_V))),
        ("a = :v OR b = :w AND c = :v", Or((A_IS_V, And((B_IS_W, C_IS_V))))),
        ("(a = :v or b = :w) and c = :v", And((Or((A_IS_V, B_IS_W)), C_IS_V))),
        ("(a = :v) AND (b = :w)", And((A_IS_V, B_IS_W))),
        ("a = :v AND b = :w AND c = :v", And((A_IS_V, B_IS_W, C_IS_V))),
        ("a BETWEEN :v AND :w AND b = :w", And((Between(A, V, W), B_IS_W))),
    ],
)
def test_a_condition_is_read_as_dynamodb_reads_it(text: str, tree: Condition) -> None:
    assert parse_condition(text) == tree


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SET a = :v", (Assignment(("a",), V),)),
        ("set a=b", (Assignment(("a",), B),)),
        ("SET a = (b)", (Assignment(("a",), B),)),
        ("SET a = b + :v", (Assignment(("a",), Arithmetic("+", B, V)),)),
        ("SET a = (b - :v)", (Assignment(("a",), Arithmetic("-", B, V)),)),
        (
            "SET a = f(b) + f(:v, c)",
            (Assignment(("a",), Arithmetic("+", Function("f", (B,)), Function("f", (V, C)))),),
        ),
        (
            "SET a = f(f(b, :v), c)",
            (Assignment(("a",), Function("f", (Function("f", (B, V)), C))),),
        ),
        ("SET a.b[1] = :v, #c = :w", (Assignment(("a", "b", 1), V), Assignment(("#c",), W))),
        ("REMOVE a, b[0]", (Removal(("a",)), Removal(("b", 0)))),
        ("ADD a :v, b :w", (Addition(("a",), V), Addition(("b",), W))),
        ("DELETE a :v", (Deletion(("a",), V),)),
        ("SET a = b REMOVE c", (Assignment(("a",), B), Removal(("c",)))),
        ("remove c Set a = b", (Removal(("c",)), Assignment(("a",), B))),
    ],
)
def test_an_update_is_read_as_dynamodb_reads_it(text: str, changes: tuple[Change, ...]) -> None:
    assert parse_update(text).changes == changes


def test_an_update_remembers_its_sections() -> None:
    update = parse_update("set a = :v add b :w SET c = :v")

    assert update == Update(
        (Assignment(("a",), V), Addition(("b",), W), Assignment(("c",), V)), ("SET", "ADD", "SET")
    )


def test_a_projection_is_a_list_of_paths() -> None:
    assert parse_projection("a, b.#c[0] ,d") == (("a",), ("b", "#c", 0), ("d",))


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("!!", "!", "!!"),
        ("a", "<EOF>", "a"),
        (":v", "<EOF>", ":v"),
        ("a = ", "<EOF>", "= "),
        ("a = :v AND", "<EOF>", "AND"),
        ("a AND b = :v", "AND", "a AND b"),
        ("NOT a", "<EOF>", "a"),
        ("a = :v b = :w", "b", ":v b ="),
        ("a = 5", "5", "= 5"),
        ("a = 'x'", "'", "= 'x"),
        ("first-name = :v", "-", "first-name"),
        ("_a = :v", "_", "_a"),
        ("été = :v", "é", "ét"),
        ("a = 1b", "1", "= 1b"),
        ("a[007] = :v", "0", "007"),
        # No keyword is a name.
        ("a = OR AND b = :v", "OR", "= OR AND"),
        ("in(a)", "in", "in("),
        ("a.remove = :v", "remove", ".remove ="),
        ("attribute_exists(Set)", "Set", "(Set)"),
        ("a. = :v", "=", ". = :v"),
        ("a[b] = :v", "b", "[b]"),
        ("a == :v", "=", "== :v"),
        ("a = :v = b", "=", ":v = b"),
        ("(a = :v) = b", "=", ") = b"),
        ("a + b = :v", "+", "a + b"),
        ("(a + b) = :v", "=", ") = :v"),
        ("size() = :v", ")", "() ="),
        ("f(a = b)", "=", "a = b"),
        ("a IN :v", ":v", "IN :v"),
        ("a IN ()", ")", "()"),
        ("a BETWEEN :v", "<EOF>", ":v"),
        ("(a = :v", "<EOF>", ":v"),
        ("a = :v)", ")", ":v)"),
        ("#n() = :v", "(", "#n()"),
        ("# = :v", "#", "# ="),
    ],
)
def test_a_syntax_error_names_the_token_and_what_is_near(text: str, token: str, near: str) -> None:
    expected = f'Invalid ConditionExpression: Syntax error; token: "{token}", near: "{near}"'

    assert refusal_of_condition(text) == expected


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("a = :v", "a", "a ="),
        ("SET", "<EOF>", "SET"),
        ("SET a", "<EOF>", "a"),
        ("SET a = :v,", "<EOF>", ","),
        ("SET a = b + c + d", "+", "c + d"),
        ("SET a = b + c - d", "-", "c - d"),
        ("SET a = (b + c) + d", "+", ") + d"),
        ("SET a = f(b + c)", "+", "b + c"),
        ("SET a = b * c", "*", "b * c"),
        ("SET a = b AND c", "AND", "b AND c"),
        ("SET a = (b = c)", "<EOF>", ")"),
        ("SET a <> :v", "<>", "a <> :v"),
        ("ADD a b", "b", "a b"),
        ("ADD a = :v", "=", "a = :v"),
        ("DELETE a", "<EOF>", "a"),
        ("REMOVE a = :v", "=", "a = :v"),
        ("REMOVE a[:v]", ":v", "[:v]"),
    ],
)
def test_updates_have_syntax_errors_too(text: str, token: str, near: str) -> None:
    with pytest.raises(DynamoDBError) as refused:
        parse_update(text)

    expected = f'Invalid UpdateExpression: Syntax error; token: "{token}", near: "{near}"'
    assert refused.value.message == expected


@pytest.mark.parametrize(
    "text",
    ["((a = :v))", "((a)) = :v", "NOT ((a = :v))", "size(((a))) = :v", "((a = :v)) OR a = b"],
)
def test_parentheses_may_not_be_redundant(text: str) -> None:
    expected = "Invalid ConditionExpression: The expression has redundant parentheses;"

    assert refusal_of_condition(text) == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("(a) = (:v)", "a = :v"),
        ("(a) BETWEEN (:v) AND (:w)", "a BETWEEN :v AND :w"),
        ("a IN ((b), :v)", "a IN (b, :v)"),
        ("size((a)) = :v", "size(a) = :v"),
        ("(size(a)) = :v", "size(a) = :v"),
    ],
)
def test_an_operand_may_stand_in_parentheses(text: str, same: str) -> None:
    assert parse_condition(text) == parse_condition(same)


@pytest.mark.parametrize("text", ["SET a = ((:v))", "SET a = ((:v)) + b", "SET a = ((b - :v))"])
def test_an_update_has_no_redundant_parentheses_either(text: str) -> None:
    with pytest.raises(DynamoDBError) as refused:
        parse_update(text)

    assert refused.value.message == (
        "Invalid UpdateExpression: The expression has redundant parentheses;"
    )


def test_a_position_is_within_the_range_of_32_bits() -> None:
    assert parse_projection("a[2147483647]") == (("a", 2**31 - 1),)
    with pytest.raises(DynamoDBError) as refused:
        parse_projection("a[0].b[2147483648]")

    assert refused.value.message == (
        "Invalid ProjectionExpression: List index is not within the allowable range;"
        " index: [2147483648]"
    )


def test_an_empty_expression_is_told_by_its_name() -> None:
    with pytest.raises(DynamoDBError) as refused:
        parse_condition("", "FilterExpression")

    assert refused.value.message == "Invalid FilterExpression: The expression can not be empty;"


def test_an_expression_has_at_most_4096_bytes() -> None:
    fits = "a = :" + "v" * 4091

    assert parse_condition(fits) == Comparison("=", A, ValuePlaceholder(fits[4:]))
    assert refusal_of_condition(fits + "v") == (
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size;"
        " expression size: 4097"
    )
    assert "expression size: 4098" in refusal_of_condition(fits[:-1] + "vé")


@pytest.mark.parametrize(
    ("text", "operator_count"),
    [
        ("NOT " * 300 + "a=:v", 301),
        ("a=b" + " OR a=b" * 150, 301),
        ("a IN (b)" + " AND NOT f(a)" * 100, 301),
        ("f(" * 301 + "a" + ")" * 301, 301),
        ("(NOT " * 400 + "a=b" + ")" * 400, 401),
    ],
)
def test_an_expression_has_at_most_300_operators(text: str, operator_count: int) -> None:
    assert refusal_of_condition(text) == (
        "Invalid ConditionExpression: The expression contains too many operators;"
        f" operator count: {operator_count}"
    )


@pytest.mark.parametrize(
    "text", ["NOT " * 299 + "a=:v", "(NOT " * 299 + "a=:v" + ")" * 299, "a=b" + " OR a=b" * 149]
)
def test_300_operators_are_no_trouble_however_deep(text: str) -> None:
    assert list(predicates_of(parse_condition(text)))


def test_brackets_without_end_are_refused_like_any_others() -> None:
    assert "redundant parentheses" in refusal_of_condition("(" * 2000 + "a=b" + ")" * 2000)


FRAGMENTS = [
    *("a", "b", ":v", "#n", "set", "SET", "remove", "ADD", "delete", "and", "OR", "NOT", "in"),
    *("BETWEEN", "size(", "contains(", "f(", "(", ")", "[0]", ".", ",", "=", "<>", "<=", "+", "-"),
    *("!", "\\", "é", "5", "\ud800"),
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join))
def test_whatever_the_text_it_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_condition, parse_update, parse_projection):
        try:
            parse(text)
        except DynamoDBError as refused:
            assert refused.kind is VALIDATION  # noqa: PT017  # Either is fine.


def operands() -> SearchStrategy[Operand]:
    leaves: SearchStrategy[Operand] = st.sampled_from(
        [A, B, V, DocumentPath(("#n", "b", 0, "c")), Function("size", (A,))]
    )
    return leaves


def conditions() -> SearchStrategy[Condition]:
    comparators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    predicates: SearchStrategy[Condition] = st.one_of(
        st.builds(Comparison, comparators, operands(), operands()),
        st.builds(Between, operands(), operands(), operands()),
        st.builds(Membership, operands(), st.tuples(operands(), operands())),
        st.builds(Function, st.just("begins_with"), st.tuples(operands(), operands())),
    )
    return st.recursive(
        predicates,
        lambda inner: st.one_of(
            inner.map(Not),
            st.builds(And, st.tuples(inner, inner, inner)),
            st.builds(Or, st.tuples(inner, inner)),
        ),
    )


@given(conditions())
def test_a_tree_that_is_written_down_is_read_again(tree: Condition) -> None:
    assert parse_condition(written(tree)) == tree


def written(node: Condition | Operand) -> str:
    match node:
        case DocumentPath(steps):
            parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
            return "".join(parts)[1:]
        case ValuePlaceholder(name):
            return name
        case Function(name, arguments):
            return f"{name}({','.join(map(written, arguments))})"
        case Comparison(comparator, left, right):
            return f"{written(left)} {comparator} {written(right)}"
        case Between(operand, low, high):
            return f"{written(operand)} BETWEEN {written(low)} AND {written(high)}"
        case Membership(operand, options):
            return f"{written(operand)} IN ({', '.join(map(written, options))})"
        case Not(condition):
            return f"NOT ({written(condition)})"
        case And(joined):
            return " AND ".join(f"({written(each)})" for each in joined)
        case Or(joined):
            return " OR ".join(f"({written(each)})" for each in joined)


def refusal_of_condition(text: str) -> str:
    with pytest.raises(DynamoDBError) as refused:
        parse_condition(text)
    assert refused.value.kind is VALIDATION
    return refused.value.message
