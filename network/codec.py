"""Records ↔ bytes: each record becomes a tuple of its fields, and msgpack writes the tuple.

The way from record to tuple and back is code written once for each class, from its annotations:
walking a record at run time costs ten times as much.  It understands plain values (`int`, `str`,
`bytes`, `bool`, mappings and values that msgpack keeps as they are), records (`@data` classes and
named tuples), unions of `@data` classes (told apart by their place in the union), `X | None`, and
`tuple[X, ...]` of any of these.  For `Readings` it is, with `x0 = Reading` and `x1 = Readings`:

    lambda v: (tuple([(e.item, e.lsn, e.ongoing,) for e in v.readings]),)
    lambda v: x1(tuple([x0(*e) for e in v[0]]))

A record's last field may be `seldom()`: it travels only where it says something, so that what
nobody asks for changes no message.
"""

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgpack

T = TypeVar("T")
Wire = Any  # What msgpack reads and writes: nested tuples, mappings and plain values.


class CodecError(ValueError):
    """Bytes that are not a frame of ours."""


def seldom(default: Any) -> Any:
    """Make the last field of a record, which travels only where it is not the default.

    Any: as `dataclasses.field`, it stands where the field's default would.
    """
    return dataclasses.field(default=default, metadata=SELDOM)


SELDOM: Final = {"travels": "seldom"}


# One packer for all: `pack` leaves nothing behind, and making one for each frame costs a third.
pack: Callable[[Wire], bytes] = msgpack.Packer(use_bin_type=True).pack


def unpack(frame: bytes, *, lists: bool = False) -> Wire:
    """Read one msgpack value; arrays come as tuples, or as lists where JSON is to be read.

    Raises:
        CodecError: The bytes are not one whole msgpack value.
    """
    try:
        return msgpack.unpackb(frame, use_list=lists, strict_map_key=False)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise CodecError(f"not a frame: {error}") from error


class Codec:
    """The two compiled functions of one annotation: `to_wire` and `from_wire`."""

    def __init__(self, annotation: Any) -> None:
        self._names: dict[str, Any] = {}
        # The sources hold nothing but field positions and names of classes of this program.
        self.sources = tuple(
            [f"lambda v: {way(annotation, 'v')}" for way in (self._to_wire, self._from_wire)]
        )
        to_wire, from_wire = [eval(source, self._names) for source in self.sources]  # noqa: S307
        self.to_wire: Callable[[Any], Wire] = to_wire
        self.from_wire: Callable[[Wire], Any] = from_wire

    def _named(self, thing: Any) -> str:
        name = f"x{len(self._names)}"
        self._names[name] = thing
        return name

    def _to_wire(self, annotation: Any, value: str) -> str:
        kind, parts = _kind(annotation)
        if kind == "record":
            made = [self._to_wire(part, f"{value}.{name}") for name, part in _fields(annotation)]
            whole = f"({', '.join(made)},)" if made else "()"
            last = _seldom_field(annotation)
            if last is None:
                return whole
            short = f"({', '.join(made[:-1])},)"
            default = self._named(last.default)
            return f"({short} if {value}.{last.name} == {default} else {whole})"
        if kind == "optional":
            inner = self._to_wire(parts[0], value)
            return value if inner == value else f"(None if {value} is None else {inner})"
        if kind == "tuple":
            inner = self._to_wire(parts[0], "e")
            return value if inner == "e" else f"tuple([{inner} for e in {value}])"
        if kind == "union":
            places = self._named({part: n for n, part in enumerate(parts)})
            makers = self._named({part: codec_of(part).to_wire for part in parts})
            return f"({places}[type({value})], {makers}[type({value})]({value}))"
        return value

    def _from_wire(self, annotation: Any, value: str) -> str:
        kind, parts = _kind(annotation)
        if kind == "record":
            fields = _fields(annotation)
            made = [self._from_wire(part, f"{value}[{n}]") for n, (_, part) in enumerate(fields)]
            if all(one == f"{value}[{n}]" for n, one in enumerate(made)):
                return f"{self._named(annotation)}(*{value})"
            last = _seldom_field(annotation)
            if last is not None:
                count = len(made) - 1
                default = self._named(last.default)
                made[-1] = f"({made[-1]} if len({value}) > {count} else {default})"
            if value != "v":  # Evaluated once each: a nested record has a function of its own.
                return f"{self._named(codec_of(annotation).from_wire)}({value})"
            return f"{self._named(annotation)}({', '.join(made)})"
        if kind == "optional":
            inner = self._from_wire(parts[0], value)
            return value if inner == value else f"(None if {value} is None else {inner})"
        if kind == "tuple":
            inner = self._from_wire(parts[0], "e")
            return value if inner == "e" else f"tuple([{inner} for e in {value}])"
        if kind == "union":
            if all(map(_is_flat, parts)):  # Made of its fields as they come, without a detour.
                return f"{self._named(parts)}[{value}[0]](*{value}[1])"
            makers = self._named([codec_of(part).from_wire for part in parts])
            return f"{makers}[{value}[0]]({value}[1])"
        return value


_codecs: dict[Any, Codec] = {}


def codec_of(annotation: Any) -> Codec:
    """Return the codec of a record class or other annotation, compiled at first use."""
    codec = _codecs.get(annotation)
    if codec is None:
        codec = _codecs[annotation] = Codec(annotation)
    return codec


def _kind(annotation: Any) -> tuple[str, tuple[Any, ...]]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        some = tuple(part for part in arguments if part is not type(None))
        if len(some) == len(arguments):
            return "union", some
        return "optional", (some[0] if len(some) == 1 else typing.Union[some],)  # noqa: UP007
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return "tuple", (arguments[0],)
    if _is_record(annotation):
        return "record", ()
    return "plain", ()


def _is_record(annotation: Any) -> bool:
    return isinstance(annotation, type) and (
        dataclasses.is_dataclass(annotation) or hasattr(annotation, "_fields")
    )


def _fields(record: Any) -> list[tuple[str, Any]]:
    hints = typing.get_type_hints(record)
    names = getattr(record, "_fields", None) or [f.name for f in dataclasses.fields(record)]
    return [(name, hints[name]) for name in names]


def _seldom_field(record: Any) -> "dataclasses.Field[Any] | None":
    """Return a record's last field if it travels seldom."""
    fields = dataclasses.fields(record) if dataclasses.is_dataclass(record) else ()
    last = fields[-1] if fields else None
    return last if last is not None and last.metadata == SELDOM else None


def _is_flat(record: Any) -> bool:
    """Say whether msgpack brings all fields of a record as they are."""
    return all(_kind(part)[0] == "plain" for _, part in _fields(record))


def encode(value: Any, annotation: Any) -> bytes:
    """Write a value of an annotated type as bytes: the same value, the same bytes."""
    return pack(codec_of(annotation).to_wire(value))


def decode(frame: bytes, annotation: type[T]) -> T:
    """Read what `encode` wrote.

    Raises:
        CodecError: The bytes are not a value of this type.
    """
    try:
        return typing.cast("T", codec_of(annotation).from_wire(unpack(frame)))
    except (TypeError, IndexError, KeyError) as error:
        raise CodecError(f"not a {annotation}: {error}") from error
