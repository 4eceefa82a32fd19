"""Keys are scalars: no expression may reach into them."""

from items.errors import validation
from items.keys import key_names
from items.operands import Names
from items.reached import reached_into
from router.definitions import Table

NOT_ALLOWED = (
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed:"
)


def refuse_inside_keys(table: Table, names: Names, **texts: str | None) -> None:
    """Refuse texts, by their parameters' names, that reach into a key of a table or its indexes.

    Raises:
        DynamoDBError: ValidationException.
    """
    inside: set[str] = set()
    for what, text in texts.items():
        if text is not None and ("." in text or "[" in text):  # Most reach into nothing.
            inside.update(names.get(step, step) for step in reached_into(what, text))
    if not inside:
        return
    for name in key_names(table.schema):
        if name in inside:
            raise validation(f"{NOT_ALLOWED} Key: {name}")
    for one in table.traits.indexes:
        for name in key_names(one.index.schema):
            if name in inside:
                raise validation(f"{NOT_ALLOWED} IndexKey: {name}")
