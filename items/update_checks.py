"""What is wrong with an update expression, as far as the request shows: in DynamoDB's order.

Unlike a condition's parts, which are judged one by one, an update is judged rule by rule: no rule
has its turn before all changes pass the rules before it.
"""

from collections import Counter
from collections.abc import Collection, Iterator

from items.check_rules import (
    UPDATE_FUNCTIONS,
    Findings,
    defined,
    known_functions,
    misused,
    no_clash,
    no_reserved_words,
    path_first,
    placeholders_in,
    right_count,
    right_type,
)
from items.operands import Names, Values
from items.syntax import (
    Addition,
    Arithmetic,
    Assignment,
    Change,
    Deletion,
    DocumentPath,
    Function,
    Operand,
    Update,
    operands_in,
)

# ADD and DELETE call types by other names than everybody else.
LONG_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "L": "LIST",
    "M": "MAP",
}


def update_checks(update: Update, given: Collection[str], *, allow_reserved: bool) -> Findings:
    operands = [operand for change in update.changes for operand in operands_of_change(change)]
    functions = [operand for operand in operands if isinstance(operand, Function)]
    if not allow_reserved:
        yield from no_reserved_words(
            each.steps for each in operands if isinstance(each, DocumentPath)
        )
    yield from known_functions(functions)
    for function in functions:
        if function.name not in UPDATE_FUNCTIONS:
            yield misused(function.name)
    for change in update.changes:
        if isinstance(change, Assignment):
            yield from only_defaults_inside(change)
    yield from sections_once(update)
    placeholders = tuple(placeholders_in(operands))
    yield from defined([each for each in placeholders if each[0] == "#"], given)
    yield from defined([each for each in placeholders if each[0] == ":"], given)
    yield from no_clash([change.path for change in update.changes])
    for change in update.changes:
        yield from member_types(change)
    for change in update.changes:
        if isinstance(change, Assignment):
            yield from side_checks(change)


def operands_of_change(change: Change) -> Iterator[Operand]:
    """Give every path, value and function of a change, as written."""
    yield DocumentPath(change.path)
    if isinstance(change, Assignment | Addition | Deletion):
        yield from operands_in(change.value)


def only_defaults_inside(assignment: Assignment) -> Findings:
    """Demand that no function but `if_not_exists` is an operand of a function or a sign."""
    for operand in operands_in(assignment.value):
        is_whole = operand is assignment.value
        if isinstance(operand, Function) and operand.name != "if_not_exists" and not is_whole:
            yield misused(operand.name)


def sections_once(update: Update) -> Findings:
    for keyword, count in Counter(update.sections).items():
        if count > 1:
            yield f'The "{keyword}" section can only be used once in an update expression;'


def member_types(change: Change) -> Findings:
    """Demand a number or a set for ADD, a set for DELETE."""
    if isinstance(change, Addition | Deletion):
        operator = "ADD" if isinstance(change, Addition) else "DELETE"
        placeholder = change.value.name

        def check(_names: Names, values: Values) -> str | None:
            kind, _ = values[placeholder]
            if kind not in LONG_NAMES or (operator == "ADD" and kind == "N"):
                return None
            return (
                "Incorrect operand type for operator or function;"
                f" operator: {operator}, operand type: {LONG_NAMES[kind]},"
                " typeSet: ALLOWED_FOR_ADD_OPERAND"  # Of DELETE, too.
            )

        yield check


def side_checks(assignment: Assignment) -> Findings:
    """Demand operands that the right-hand side's functions and signs can work on."""
    for operand in operands_in(assignment.value):
        if isinstance(operand, Function):
            yield from right_count(operand)
            if operand.name == "if_not_exists":
                yield from path_first(operand)
            else:
                for argument in operand.arguments:
                    yield from right_type(operand.name, argument, ["L"])
    if isinstance(assignment.value, Arithmetic):
        for argument in (assignment.value.left, assignment.value.right):
            yield from right_type(assignment.value.sign, argument, ["N"])
