"""What the log's readers find, in a form in which two of them can be compared."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest


def plain(facts):
    """The facts of each task as dictionaries; floats are compared approximately."""

    def each(value):
        if isinstance(value, float):
            return pytest.approx(value)
        if is_dataclass(value):
            return {field.name: each(getattr(value, field.name)) for field in fields(value)}
        return {key: each(inner) for key, inner in value.items()} if isinstance(value, dict) else value

    return each(facts.tasks)
