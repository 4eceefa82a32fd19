"""`@data`: a frozen record for the reader and the type checker, a plain one for the processor.

A run makes some twenty records a transaction. `dataclass(frozen=True)` assigns each field through
`object.__setattr__`, three times the cost of a plain assignment; so the promise that nobody changes
a record is kept by mypy (`frozen_default`), by `slots`, and by every simulated host decoding its
own copy.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=())
def data(cls: type[T]) -> type[T]:
    """Make `cls` a record: slots, equality and hash over its fields, none of them assignable."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
