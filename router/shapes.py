"""The shapes that an operation's parameters have: their types, and how long or which they may be.

DynamoDB judges a request in two passes before it looks at what the request means.  *Types*: JSON
that does not fit is a SerializationException, for the first misfit.  *Constraints*: every one that
is not met is told, all in one ValidationException.  A shape does both: `check` raises for types,
`wrongs` lists constraints.  An absent parameter and one that is null are the same.

Nearly every request is fine, and `fits` sees that in one glance at what is there.  What it does not
let through is for the two passes to judge: it may be fine all the same.

Attribute values are looked at by `items.typed_json`, which refuses wrong shapes as it reads.  So
`check` leaves them alone, unless it is asked to look `deep`: that is for a request which is refused
for what it means, because a misfit anywhere in it comes first.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from items.data import data
from items.errors import DYNAMODB, serialization, validation
from items.json_shapes import (
    ARRAYS,
    as_bool,
    as_list,
    as_text,
    check_item_shape,
    refuse_as,
    token,
)

Body: TypeAlias = Mapping[str, Any]
"""The JSON of a request, or of a part of it."""

NOTHING: dict[str, Any] = {}
"""Names or values where none are given; never changed."""

JAVA_PACKAGE = DYNAMODB
# A larger number is taken for this one, as the service takes an Integer.
LARGEST = {"Integer": 2**31 - 1, "Long": 2**63 - 1}
VALUE_SHOWN_LENGTH_MAX = 1000  # Of a list or map in a complaint; the service shows all of it.


class Wrong(NamedTuple):
    """A constraint that is not met: where, by what, and which."""

    place: tuple[str, ...]
    json: Any
    constraint: str


class Shape(Protocol):
    @property
    def is_structure(self) -> bool:
        """Say whether it has named parts to the service, also where nobody looks at them here."""

    def fits(self, json: Any, /) -> bool:
        """Say whether nothing is wrong, as far as a glance can tell; null never fits."""

    def check(self, json: Any, *, deep: bool) -> None:
        """Refuse JSON of another type; raises SerializationException."""

    def wrongs(self, json: Any) -> list[Wrong]:
        """List the constraints that are not met, at their places below this one."""


@data
class Leaf:
    """What has no parts: how its type is checked, and how its constraints are."""

    fits: Callable[[Any], bool]
    check_type: Callable[[Any], object]
    broken: Callable[[Any], list[str]]
    check_deeply: Callable[[Any], object]
    is_structure: bool = False

    def check(self, json: Any, *, deep: bool) -> None:
        (self.check_deeply if deep else self.check_type)(json)

    def wrongs(self, json: Any) -> list[Wrong]:
        broken = self.broken(json)
        return [Wrong((), json, constraint) for constraint in broken] if broken else []


def text(
    options: tuple[str, ...] = (),
    *,
    length_min: int = 0,
    length_max: int | None = None,
    pattern: str | None = None,
) -> Leaf:
    """Describe a string, perhaps one of few."""
    if not options and length_min == 0 and length_max is None and pattern is None:
        return Leaf(is_text, as_text, nothing, as_text)

    matches = None if pattern is None else re.compile(pattern).fullmatch
    longest = sys.maxsize if length_max is None else length_max

    def broken(json: str) -> list[str]:
        found = []
        if options and json not in options:
            found.append(f"Member must satisfy enum value set: [{', '.join(options)}]")
        if matches is not None and matches(json) is None:
            found.append(f"Member must satisfy regular expression pattern: {pattern}")
        return found + wrong_lengths(len(json), length_min, length_max)

    def fits(json: Any) -> bool:
        return (
            isinstance(json, str)
            and json.isascii()
            and length_min <= len(json) <= longest
            and (not options or json in options)
            and (matches is None or matches(json) is not None)
        )

    return Leaf(fits, as_text, broken, as_text)


def integer(*, least: int | None = None, most: int | None = None, kind: str = "Integer") -> Leaf:
    """Describe a whole number: an `Integer` of Java's, or a `Long`."""

    def checked(json: Any) -> int:
        return as_integer(json, kind)

    def broken(json: Any) -> list[str]:
        number = checked(json)
        if least is not None and number < least:
            return [f"Member must have value greater than or equal to {least}"]
        if most is not None and number > most:
            return [f"Member must have value less than or equal to {most}"]
        return []

    return Leaf(lambda json: type(json) is int and not broken(json), checked, broken, checked)


def nothing(_: Any) -> list[str]:
    return []


def is_text(json: Any) -> bool:
    return isinstance(json, str) and json.isascii()  # Any other may be half a surrogate pair.


def is_flag(json: Any) -> bool:
    return isinstance(json, bool)


def is_map(json: Any) -> bool:
    return isinstance(json, dict)


def check_is_item(json: Any) -> None:
    check_is_map(json, f"{JAVA_PACKAGE}.AttributeValue")


def check_is_map(json: Any, java_class: str) -> None:
    if not isinstance(json, dict):
        if isinstance(json, ARRAYS):
            raise serialization(
                f"Unrecognized collection type java.util.Map<java.lang.String, {java_class}>"
            )
        raise serialization("Unexpected field type")


def as_integer(json: Any, kind: str = "Integer") -> int:
    if isinstance(json, bool):
        raise serialization(f"{token(json)} cannot be converted to {kind}")
    if isinstance(json, int | float):
        return int(max(-LARGEST[kind] - 1, min(LARGEST[kind], json)))
    refuse_as(f"java.lang.{kind}", json)
    raise serialization(f"STRING_VALUE cannot be converted to {kind}")


FLAG = Leaf(is_flag, as_bool, nothing, as_bool)
ATTRIBUTES = Leaf(is_map, check_is_item, nothing, check_item_shape)  # Attribute names and values.


@data
class Listed:
    is_structure: ClassVar[bool] = False
    member: Shape
    length_min: int = 0
    length_max: int | None = None

    def fits(self, json: Any, /) -> bool:
        if not isinstance(json, ARRAYS):
            return False
        if wrong_lengths(len(json), self.length_min, self.length_max):
            return False
        return all(map(self.member.fits, json))

    def check(self, json: Any, *, deep: bool) -> None:
        for member in as_list(json):
            if member is not None:
                self.member.check(member, deep=deep)

    def wrongs(self, json: Any) -> list[Wrong]:
        broken = wrong_lengths(len(json), self.length_min, self.length_max)
        found = [Wrong((), json, constraint) for constraint in broken]
        for number, member in enumerate(json, start=1):
            if wrongs := member_wrongs(self.member, member):
                found += below((str(number), "member"), wrongs)
        return found


@data
class Mapped:
    is_structure: ClassVar[bool] = False
    member: Shape
    java_class: str = "java.lang.String"
    length_min: int = 0
    length_max: int | None = None
    key_length_max: int | None = None  # None: a key is looked at by who knows what it is.

    def fits(self, json: Any, /) -> bool:
        if not isinstance(json, dict):
            return False
        if wrong_lengths(len(json), self.length_min, self.length_max):
            return False
        if self.key_length_max is not None and self.wrong_keys(json):
            return False
        return all(map(str.isascii, json)) and all(map(self.member.fits, json.values()))

    def check(self, json: Any, *, deep: bool) -> None:
        check_is_map(json, self.java_class)
        for name, member in json.items():
            as_text(name)
            if member is not None:
                self.member.check(member, deep=deep)

    def wrongs(self, json: Any) -> list[Wrong]:
        broken = wrong_lengths(len(json), self.length_min, self.length_max)
        if self.key_length_max is not None:
            broken += self.wrong_keys(json)
        inside: list[Wrong] = []
        for name, member in json.items():
            wrongs = member_wrongs(self.member, member)
            if member is not None and any(not wrong.place for wrong in wrongs):
                # Of lists in a map it is the map that is told, with the lengths they may have.
                told = f"Map value must satisfy constraint: {lengths(self.member)}"
                broken += [] if told in broken else [told]
                wrongs = [wrong for wrong in wrongs if wrong.place]
            inside += below((name, "member"), wrongs)
        return [Wrong((), json, constraint) for constraint in broken] + inside

    def wrong_keys(self, json: Mapping[str, Any]) -> list[str]:
        most = self.key_length_max
        assert most is not None, "asked only where it is known"
        if "" not in json and (not json or max(map(len, json)) <= most):
            return []
        return [
            f"Map keys must satisfy constraint: [Member must have length less than or equal to"
            f" {most}, Member must have length greater than or equal to 1]"
        ]


def lengths(shape: Shape) -> str:
    assert isinstance(shape, Listed), "nothing else in a map has a length"
    return (
        f"[Member must have length less than or equal to {shape.length_max},"
        f" Member must have length greater than or equal to {shape.length_min}]"
    )


@data
class Structure:
    """Named parameters, in the order in which the service complains about them."""

    is_structure: ClassVar[bool] = True
    java_class: str
    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()

    def fits(self, json: Any, /) -> bool:
        if not isinstance(json, dict):
            return False
        fields = self.fields
        for name, member in json.items():
            if name in fields and not fields[name].fits(member):
                return False
        for name in self.required:  # noqa: SIM110  # all() over a generator takes twice as long.
            if name not in json:
                return False
        return True

    def check(self, json: Any, *, deep: bool) -> None:
        if not isinstance(json, dict):
            if isinstance(json, ARRAYS):
                raise serialization(
                    f"Unrecognized collection type class {JAVA_PACKAGE}.{self.java_class}"
                )
            raise serialization("Unexpected value type in payload")
        for name, member in json.items():
            shape = self.fields.get(name)
            if member is not None and shape is not None:
                if shape.is_structure and not isinstance(member, (dict, *ARRAYS)):
                    raise serialization("Unexpected field type")  # In lists and maps it is a value.
                shape.check(member, deep=deep)

    def wrongs(self, json: Any) -> list[Wrong]:
        found: list[Wrong] = []
        for name, shape in self.fields.items():
            member = json.get(name)
            if member is not None:
                wrongs = shape.wrongs(member)
            else:
                wrongs = [MISSING] if name in self.required else []
            if wrongs:
                found += below((name[0].lower() + name[1:],), wrongs)
        return found


WRONGS_TOLD_MAX = 10  # And so many it says there are.
MISSING = Wrong((), None, "Member must not be null")


def below(place: tuple[str, ...], wrongs: list[Wrong]) -> list[Wrong]:
    """Put what is wrong inside of something at its place in the whole."""
    return [Wrong(place + wrong.place, wrong.json, wrong.constraint) for wrong in wrongs]


def member_wrongs(shape: Shape, member: Any) -> list[Wrong]:
    return [MISSING] if member is None else shape.wrongs(member)


def refuse_wrongs(wrongs: Sequence[Wrong]) -> None:
    """Refuse a request that does not meet its constraints, naming the first ones of them."""
    if wrongs:
        named = wrongs[:WRONGS_TOLD_MAX]
        errors = "error" if len(named) == 1 else "errors"
        told = "; ".join(map(complaint, named))
        raise validation(f"{len(named)} validation {errors} detected: {told}")


def complaint(wrong: Wrong) -> str:
    value = "null" if wrong.json is None else f"'{shown(wrong.json)}'"
    place = ".".join(wrong.place)
    return f"Value {value} at '{place}' failed to satisfy constraint: {wrong.constraint}"


def shown(json: Any) -> str:
    """Write a value as a complaint shows it: as Java would, but a nested one not to its end."""
    if not isinstance(json, dict | list | tuple):
        return str(json)
    text = java_text(json)
    return text if len(text) <= VALUE_SHOWN_LENGTH_MAX else f"{text[:VALUE_SHOWN_LENGTH_MAX]}…"


def java_text(json: Any) -> str:
    if isinstance(json, ARRAYS):
        return f"[{', '.join(map(java_text, json))}]"
    if isinstance(json, dict):
        return f"{{{', '.join(f'{name}={java_text(member)}' for name, member in json.items())}}}"
    return str(json)


def wrong_lengths(length: int, least: int, most: int | None) -> list[str]:
    if length < least:
        return [f"Member must have length greater than or equal to {least}"]
    if most is not None and length > most:
        return [f"Member must have length less than or equal to {most}"]
    return []
