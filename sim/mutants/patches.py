"""Attributes set otherwise for a while, and put back whatever happens.

A rule is a named function of a module or a class, and whoever asks it looks it up by that name each
time.  So it can be replaced from outside, and nobody who asks it has to know.
"""

from collections.abc import Callable
from functools import wraps
from types import ModuleType, TracebackType
from typing import Any, TypeVar

Place = ModuleType | type[Any]
F = TypeVar("F", bound=Callable[..., Any])


class Patches:
    """What is replaced at the moment; as a context manager it puts everything back at its end."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Place, str, Any]] = []

    def set(self, place: Place, name: str, value: Any) -> None:
        """Set an attribute of a module or a class.

        Raises:
            AttributeError: It has none of that name; one that a class only inherits is to be
                replaced where it is.
        """
        # As it stands there: `getattr` would unwrap a static or a class method.
        self._replaced.append((place, name, own(place, name)))
        setattr(place, name, value)

    def around(self, place: Place, name: str) -> Callable[[F], F]:
        """Replace a function by the decorated one, which is given the original first.

        Raises:
            AttributeError: As for `set`.
        """
        original = own(place, name)

        def enter(replacement: F) -> F:
            @wraps(original)
            def replaced(*args: Any, **named: Any) -> Any:
                return replacement(original, *args, **named)

            self.set(place, name, replaced)
            return replacement

        return enter

    def restore(self) -> None:
        """Put everything back, the latest first."""
        while self._replaced:
            setattr(*self._replaced.pop())

    def __enter__(self) -> "Patches":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.restore()


def own(place: Place, name: str) -> Any:
    """Return an attribute as a module or a class itself has it."""
    if name not in vars(place):
        raise AttributeError(f"{place.__name__} has no {name!r} of its own to be replaced")
    return vars(place)[name]
