"""Enumerations at a tenth of the cost: what `enum` says, as far as it is used here.

A class of the standard library's takes a fifth of a millisecond to make, and a short command makes a dozen of them.
Here a class costs one `type()` and one object for each member. To type checkers these are the standard library's.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import Enum, IntEnum, StrEnum
else:

    class _Members(type):
        """Makes one object of each plain value in a class's body, and finds it again by that value."""

        def __new__(meta, name, bases, space):
            values = {key: value for key, value in space.items() if key[0] != "_" and type(value) in (str, int)}
            made = super().__new__(meta, name, bases, {key: space[key] for key in space if key not in values})
            made._members = {}
            for key, value in values.items():
                member = made._members.get(value)
                if member is None:
                    member = made._members[value] = made._make(value)
                    member.name, member.value = key, value
                setattr(made, key, member)
            return made

        def __call__(cls, value):
            try:
                return value if type(value) is cls else cls._members[value]
            except (KeyError, TypeError):
                raise ValueError(f"{value!r} is not a valid {cls.__name__}") from None

        def __iter__(cls):
            return iter(cls._members.values())

        def __len__(cls):
            return len(cls._members)

    class Enum(metaclass=_Members):
        """Members that are equal to nothing but themselves."""

        @classmethod
        def _make(cls, _value):
            return object.__new__(cls)

        def __str__(self):
            return f"{type(self).__name__}.{self.name}"

        def __repr__(self):
            return f"<{self}: {self.value!r}>"

        def __reduce_ex__(self, _protocol):
            return type(self), (self.value,)

    class IntEnum(int, Enum):
        """Members that are numbers."""

        @classmethod
        def _make(cls, value):
            return int.__new__(cls, value)

        __str__ = int.__repr__

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

    class StrEnum(str, Enum):
        """Members that are text."""

        @classmethod
        def _make(cls, value):
            return str.__new__(cls, value)

        __str__ = str.__str__

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"


__all__ = ["Enum", "IntEnum", "StrEnum"]
