"""A workload's own keys of the scenario's [workload] section: what they may be.

`fit` judges a section against the workload's defaults, by name and type.  The values a workload
judges itself, as it takes them, with one of the functions below.  Every refusal is a ValueError
that names the key and says what would be right.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = int | float | str | bool
Keys: TypeAlias = Mapping[str, Value]

BESIDE_MAX = 0.99  # The run ends with its last transaction.
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def fit(workload: str, given: Keys, defaults: Keys) -> dict[str, Value]:
    """Complete the keys given with the defaults.

    Raises:
        ValueError: There is no such key, or its value is of another type than the default.
    """
    for name, value in given.items():
        if name not in defaults:
            known = ", ".join(defaults)
            raise ValueError(f"the workload {workload} has no key {name}; it has {known}")
        default = defaults[name]
        # A whole number will do for any number; but True is no number, although Python says so.
        fits = type(value) is type(default) or (type(default) is float and type(value) is int)
        if not fits:
            kind = KINDS[type(default)]
            raise ValueError(f"{name} must be {kind}, as in {name} = {shown(default)}")
    return {**defaults, **given}


def whole(keys: Keys, name: str, least: int, most: int) -> int:
    """Take a whole number.

    Raises:
        ValueError: It is not within `least` … `most`.
    """
    value = keys[name]
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return value


def share(keys: Keys, name: str) -> float:
    """Take a share of a whole.

    Raises:
        ValueError: It is not within 0 … 1.
    """
    return _number(keys, name, 1)


def share_beside(keys: Keys, name: str) -> float:
    """Take the share of what is no transaction: some are left, or a run would never end.

    Raises:
        ValueError: It is not within 0 … 0.99.
    """
    return _number(keys, name, BESIDE_MAX)


def _number(keys: Keys, name: str, most: float) -> float:
    value = keys[name]
    if type(value) not in (int, float) or not 0 <= float(value) <= most:
        raise ValueError(f"{name} must be a number from 0 to {most:g}, not {value!r}")
    return float(value)


def one_of(keys: Keys, name: str, options: Sequence[str]) -> str:
    """Take one of a few texts.

    Raises:
        ValueError: It is none of them.
    """
    value = keys[name]
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}, not {value!r}")
    return value


def shown(value: Value) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
