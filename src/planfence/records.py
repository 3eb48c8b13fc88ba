"""Frozen records: what `dataclasses` says, at a tenth of its cost, made when it is first used.

The standard library's would break the bar of a refusal (ten times `python -c pass`): they import `inspect` and compile
six methods for each of a hundred classes. Here a class costs one `type()`, its `__init__` is compiled once it has been
called a few times, and to type checkers and to `dataclasses.fields`, `replace` and `asdict` these are dataclasses.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    import sys

    _MISSING = object()
    _OWN = "__record_fields__"
    #: For so few records of a class an `__init__` is not worth compiling, which takes as long as making twenty without.
    _FEW = 20

    class _Field:
        """One field: its name, its default or what makes one, and where it takes part."""

        __slots__ = ("compare", "default", "factory", "init", "name", "repr")

        def __init__(self, default, factory, init, repr, compare):  # noqa: A002 - as `dataclasses` names it
            self.name = ""
            self.default, self.factory, self.init, self.repr, self.compare = default, factory, init, repr, compare

    def field(*, default=_MISSING, default_factory=_MISSING, init=True, repr=True, compare=True):  # noqa: A002 - as `dataclasses` names it
        """As `dataclasses.field`, as far as it is used here."""
        return _Field(default, default_factory, init, repr, compare)

    class _AsDataclass:
        """`__dataclass_fields__`, for the standard library's functions; made when one of them asks."""

        def __get__(self, record, owner):
            import dataclasses

            found = {}
            for own in getattr(owner, _OWN):
                plain = dataclasses.field(
                    default=dataclasses.MISSING if own.default is _MISSING else own.default,
                    default_factory=dataclasses.MISSING if own.factory is _MISSING else own.factory,
                    init=own.init,
                    repr=own.repr,
                    compare=own.compare,
                )
                plain.name, plain.type, plain._field_type = own.name, "Any", dataclasses._FIELD
                found[own.name] = plain
            owner.__dataclass_fields__ = found
            return found

    def dataclass(cls=None, /, *, frozen=False, slots=False):
        """As `dataclasses.dataclass`, as far as it is used here."""
        if cls is None:
            return lambda cls: _made(cls, frozen, slots)
        return _made(cls, frozen, slots)

    def _made(cls, frozen, slots):
        inherited = {one.name: one for base in reversed(cls.__mro__[1:]) for one in getattr(base, _OWN, ())}
        every = dict(inherited)
        own = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 - `inspect` is what this module avoids
        space = dict(cls.__dict__)
        for name, kind in own.items():
            if str(kind).startswith(("ClassVar", "typing.ClassVar")):
                continue
            default = space.get(name, _MISSING)
            one = default if isinstance(default, _Field) else _Field(default, _MISSING, True, True, True)
            one.name = name
            every[name] = one
            if slots or isinstance(default, _Field):
                space.pop(name, None)
            if not slots and one.default is not _MISSING:
                space[name] = one.default
        space[_OWN] = tuple(every.values())
        space["__dataclass_fields__"] = _AsDataclass()
        space["__match_args__"] = tuple(one.name for one in every.values() if one.init)
        space.setdefault("__init__", _first_init(frozen))
        space.setdefault("__repr__", _repr)
        if "__eq__" not in space:
            space["__eq__"] = _eq
            space["__hash__"] = _hash if frozen else None
        if frozen:
            space.setdefault("__setattr__", _frozen)
            space.setdefault("__delattr__", _frozen)
        if slots:
            space["__slots__"] = tuple(name for name in every if name in own and name not in inherited)
            space.setdefault("__getstate__", _state)
            space.setdefault("__setstate__", _restore)
        space.pop("__dict__", None)
        space.pop("__weakref__", None)
        made = type(cls)(cls.__name__, cls.__bases__, space)
        made.__qualname__ = cls.__qualname__
        return made

    def _first_init(frozen):
        calls = 0

        def __init__(self, *given, **named):  # noqa: N807 - it becomes the method of a class
            nonlocal calls
            owner = next(each for each in type(self).__mro__ if each.__dict__.get("__init__") is __init__)
            calls += 1
            if calls > _FEW or not _fill(owner, self, given, dict(named)):
                owner.__init__ = _init(owner, frozen)
                owner.__init__(self, *given, **named)

        return __init__

    def _fill(owner, self, given, named):
        """Set the fields one by one; False if the arguments do not fit, which the compiled one says well."""
        rest = iter(given)
        for one in getattr(owner, _OWN):
            value = _MISSING
            if one.init:
                value = next(rest, _MISSING)
                if value is _MISSING:
                    value = named.pop(one.name, _MISSING)
            if value is _MISSING:
                value = one.default if one.factory is _MISSING else one.factory()
            if value is not _MISSING:
                object.__setattr__(self, one.name, value)
            elif one.init:
                return False
        if named or next(rest, _MISSING) is not _MISSING:
            return False
        if hasattr(owner, "__post_init__"):
            self.__post_init__()
        return True

    def _init(owner, frozen):
        """Compile `__init__`: the fields as parameters, set in order, then `__post_init__`."""
        names = {"_set": object.__setattr__, "_missing": _MISSING}
        parameters, body = [], []
        for one in getattr(owner, _OWN):
            value = one.name
            if one.factory is not _MISSING:
                names[f"_make_{one.name}"] = one.factory
                made = f"_make_{one.name}()"
                value = f"{made} if {one.name} is _missing else {one.name}" if one.init else made
                parameter = f"{one.name}=_missing"
            elif one.default is not _MISSING:
                names[f"_default_{one.name}"] = one.default
                parameter = f"{one.name}=_default_{one.name}"
                value = value if one.init else f"_default_{one.name}"
            else:
                parameter = one.name
                if not one.init:
                    continue
            if one.init:
                parameters.append(parameter)
            body.append(f"_set(self, {one.name!r}, {value})" if frozen else f"self.{one.name} = {value}")
        if hasattr(owner, "__post_init__"):
            body.append("self.__post_init__()")
        lines = "\n ".join(body or ["pass"])
        exec(f"def __init__(self, {', '.join(parameters)}):\n {lines}", names)  # noqa: S102 - names of our own fields
        return names["__init__"]

    def _values(self):
        return tuple(getattr(self, one.name) for one in getattr(self, _OWN) if one.compare)

    def _eq(self, other):
        return _values(self) == _values(other) if type(other) is type(self) else NotImplemented

    def _hash(self):
        return hash(_values(self))

    def _repr(self):
        shown = (f"{one.name}={getattr(self, one.name)!r}" for one in getattr(self, _OWN) if one.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _frozen(_self, name, *_value):
        raise AttributeError(f"cannot change field {name!r}")

    def _state(self):
        return [getattr(self, one.name) for one in getattr(self, _OWN)]

    def _restore(self, state):
        for one, value in zip(getattr(self, _OWN), state, strict=True):
            object.__setattr__(self, one.name, value)

    def replace(record, /, **changes):
        """The record with some fields changed."""
        for one in getattr(record, _OWN, None) or sys.modules["dataclasses"].fields(record):
            if one.init and one.name not in changes:
                changes[one.name] = getattr(record, one.name)
        return type(record)(**changes)


__all__ = ["dataclass", "field", "replace"]
