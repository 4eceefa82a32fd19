"""The secondary indexes that CreateTable and UpdateTable ask for, judged in the service's words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from items.errors import (
    LIMIT_EXCEEDED,
    RESOURCE_NOT_FOUND,
    DynamoDBError,
    invalid_parameter,
    validation,
)
from items.indexes import ALL, INCLUDE, KEYS_ONLY, Index
from items.keys import KeyAttribute, KeySchema, key_attributes_of, key_names
from network.settings import Throughput
from router.definitions import GLOBAL, LOCAL, IndexTraits, Status, Traits
from router.shapes import Body
from router.throughput import no_change, units_of

LOCAL_MAX, GLOBAL_MAX = 5, 20
CHANGES = ("Update", "Create", "Delete")  # Of an index; what else a request says of it is ignored.
NON_KEY_ATTRIBUTES_MAX = 100  # Of all indexes of a table together.
ONE_AT_A_TIME = (
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per"
    " table"
)

Types = Mapping[str, str]  # Of attributes, by their names.


def indexes_of(body: Body, schema: KeySchema) -> tuple[IndexTraits, ...]:
    """Read what CreateTable says of indexes.

    Raises:
        DynamoDBError: ValidationException for the first thing that is wrong with them.
    """
    types = types_of(body)
    is_on_demand = body.get("BillingMode") == "PAY_PER_REQUEST"
    found = [*_local(body, schema, types), *_global(body, types, is_on_demand=is_on_demand)]
    refuse_together(found)
    if found:
        refuse_unused(types, schema, found)
    return tuple(found)


def types_of(body: Body) -> dict[str, str]:
    """Read the types of attributes that a request defines, each of them once."""
    types: dict[str, str] = {}
    for one in body.get("AttributeDefinitions") or ():
        name, wanted = one["AttributeName"], one["AttributeType"]
        defined = types.setdefault(name, wanted)
        if defined != wanted:  # No item could have it as both.
            raise invalid_parameter(
                f"Attribute {name} is defined as {defined} and cannot be defined as {wanted}"
                " as well"
            )
    return types


def _local(body: Body, schema: KeySchema, types: Types) -> list[IndexTraits]:
    wanted = body.get(LOCAL)
    if wanted is None:
        return []
    refuse_count(LOCAL, len(wanted))
    if schema.sort is None:
        raise invalid_parameter(
            "Table KeySchema does not have a range key, which is required when specifying a"
            " LocalSecondaryIndex"
        )
    found = []
    for one in wanted:
        index = index_of(one, types, is_local=True)
        if index.schema.sort is None:
            raise invalid_parameter(
                f"Index KeySchema does not have a range key for index: {index.name}"
            )
        if index.schema.partition != schema.partition:
            raise invalid_parameter(
                "Index KeySchema does not have the same leading hash key as table KeySchema for"
                f" index: {index.name}. index hash key: {index.schema.partition.name},"
                f" table hash key: {schema.partition.name}"
            )
        found.append(IndexTraits(index))
    return found


def _global(body: Body, types: Types, *, is_on_demand: bool) -> list[IndexTraits]:
    wanted = body.get(GLOBAL)
    if wanted is None:
        return []
    refuse_count(GLOBAL, len(wanted))
    return [global_index_of(one, types, is_on_demand=is_on_demand) for one in wanted]


def refuse_count(what: str, count: int) -> None:
    if count == 0:
        raise invalid_parameter(f"List of {what} is empty")
    if what == LOCAL and count > LOCAL_MAX:
        raise invalid_parameter(f"Number of {what} exceeds per-table limit of {LOCAL_MAX}")
    if what == GLOBAL and count > GLOBAL_MAX:
        raise invalid_parameter(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_MAX}"
        )


def global_index_of(body: Body, types: Types, *, is_on_demand: bool) -> IndexTraits:
    index = index_of(body, types, is_local=False)
    return IndexTraits(index, throughput=index_throughput(body, is_on_demand=is_on_demand))


def index_throughput(body: Body, *, is_on_demand: bool) -> Throughput | None:
    given, name = body.get("ProvisionedThroughput"), body["IndexName"]
    if is_on_demand:
        if given is not None:
            raise invalid_parameter(
                f"ProvisionedThroughput should not be specified for index: {name}"
                " when BillingMode is PAY_PER_REQUEST"
            )
        return None
    if given is None:
        raise invalid_parameter(f"ProvisionedThroughput is not specified for index: {name}")
    return units_of(given)


def index_of(body: Body, types: Types, *, is_local: bool) -> Index:
    """Read one index; it gets its id where its table has one."""
    names = [element["AttributeName"] for element in body["KeySchema"]]
    refuse_schema([element["KeyType"] for element in body["KeySchema"]], names, types)
    partition, *sort = [KeyAttribute(name, types[name]) for name in names]
    schema = KeySchema(partition, sort[0] if sort else None)
    kind, included = projection_of(body["Projection"])
    return Index(body["IndexName"], "", schema, kind, included, is_local)


def refuse_schema(roles: list[str], names: list[str], types: Types) -> None:
    """Refuse a key schema that cannot be, in the service's order of judging."""
    if any(name not in types for name in names):
        raise invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions."
            f" Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(types)}]"
        )
    if len(names) > 1 and names[0] == names[1]:
        raise validation(
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        )
    if roles[0] != "HASH":
        raise validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(roles) > 1 and roles[1] != "RANGE":
        raise validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def projection_of(body: Body) -> tuple[str, tuple[str, ...]]:
    kind, included = body.get("ProjectionType"), body.get("NonKeyAttributes")
    if kind not in (KEYS_ONLY, INCLUDE, ALL):
        raise invalid_parameter(f"Unknown ProjectionType: {'null' if kind is None else kind}")
    if kind != INCLUDE and included is not None:
        raise invalid_parameter(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if kind == INCLUDE and not included:
        raise invalid_parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    return kind, tuple(dict.fromkeys(included or ()))


def refuse_together(found: Sequence[IndexTraits]) -> None:
    """Refuse what only all indexes of a table show."""
    repeated = first_repeated(one.index.name for one in found)
    if repeated is not None:
        raise invalid_parameter(f"Duplicate index name: {repeated}")
    count = sum(len(one.index.included) for one in found)
    if count > NON_KEY_ATTRIBUTES_MAX:
        raise invalid_parameter(
            "Number of NonKeyAttributes across all indexes exceeds the per-table limit of"
            f" {NON_KEY_ATTRIBUTES_MAX}: {count}"
        )


def first_repeated(names: Iterable[str]) -> str | None:
    """Find the first name that has been there before."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def refuse_unused(types: Types, schema: KeySchema, found: Iterable[IndexTraits]) -> None:
    """Refuse definitions of attributes that are in no key."""
    used = dict.fromkeys(key_names(schema))
    for one in found:
        used.update(dict.fromkeys(key_names(one.index.schema)))
    if any(name not in used for name in types):
        raise invalid_parameter(
            "Some AttributeDefinitions are not used."
            f" AttributeDefinitions: [{', '.join(types)}], keys used: [{', '.join(used)}]"
        )


# UpdateTable --------------------------------------------------------------------------------------


def indexes_after(
    body: Body, traits: Traits, throughput: Throughput | None
) -> tuple[IndexTraits, ...]:
    """Read what UpdateTable makes of a table's indexes.

    Raises:
        DynamoDBError: ValidationException, ResourceNotFoundException for an index that is not
            there, LimitExceededException for more than one that comes or goes.
    """
    updates = body.get("GlobalSecondaryIndexUpdates") or ()
    indexes = traits.indexes
    if updates:
        check_updates(updates)
    for update in updates:
        kind, change = only_part(update)
        if kind == "Create":
            # All keys of a new index are to be named here, also those that are known already.
            known = types_known(traits)
            types = {name: known.get(name, given) for name, given in types_of(body).items()}
            indexes = _with_new(change, types, indexes, is_on_demand=throughput is None)
        else:
            indexes = _with_changed(kind, change, indexes, is_on_demand=throughput is None)
    if throughput is None:  # On demand, an index has no units of its own.
        return tuple(replace(one, throughput=None) for one in indexes)
    if traits.throughput is None:  # It was on demand until now, and so were they.
        for one in indexes:
            is_to_stay = not one.index.is_local and one.status != Status.DELETING
            if is_to_stay and one.throughput is None:
                raise invalid_parameter(
                    f"ProvisionedThroughput must be specified for index: {one.index.name}"
                )
    return indexes


def check_updates(updates: Sequence[Body]) -> None:
    repeated = first_repeated(change["IndexName"] for _, change in map(only_part, updates))
    if repeated is not None:
        raise invalid_parameter(
            "Only one global secondary index update per index is allowed simultaneously."
            f" Index: {repeated}"
        )
    moves = [kind for kind, _ in map(only_part, updates) if kind != "Update"]
    if len(moves) > 1:
        raise DynamoDBError(LIMIT_EXCEEDED, ONE_AT_A_TIME)


def only_part(update: Body) -> tuple[str, Body]:
    parts = [(kind, change) for kind in CHANGES if (change := update.get(kind)) is not None]
    if len(parts) != 1:
        raise invalid_parameter(
            "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create,"
            " GlobalSecondaryIndexUpdate.Delete must not be null"
        )
    return parts[0]


def types_known(traits: Traits) -> dict[str, str]:
    """Return the types of what is a key already: a new definition of it is taken and changes none.

    So the service has it (measured by a suite that is run against it, in July 2026).
    """
    schemas = (traits.schema, *(one.index.schema for one in traits.indexes))
    return {one.name: one.type for schema in schemas for one in key_attributes_of(schema)}


def _with_new(
    change: Body, types: Types, indexes: tuple[IndexTraits, ...], *, is_on_demand: bool
) -> tuple[IndexTraits, ...]:
    new = global_index_of(change, types, is_on_demand=is_on_demand)
    found = (*indexes, replace(new, status=Status.CREATING))
    refuse_together(found)
    refuse_count(GLOBAL, sum(not one.index.is_local for one in found))
    return found


def _with_changed(
    kind: str, change: Body, indexes: tuple[IndexTraits, ...], *, is_on_demand: bool
) -> tuple[IndexTraits, ...]:
    name = change["IndexName"]
    if not any(one.index.name == name and not one.index.is_local for one in indexes):
        raise DynamoDBError(RESOURCE_NOT_FOUND, f"{RESOURCE_NOT_FOUND.message}: Index: {name}")
    found = []
    for one in indexes:
        if one.index.name != name:
            found.append(one)
        elif kind == "Delete":
            found.append(replace(one, status=Status.DELETING))
        else:
            units = index_throughput(change, is_on_demand=is_on_demand)
            if units is not None and units == one.throughput:
                raise no_change(units, name)
            found.append(replace(one, throughput=units))
    return tuple(found)
