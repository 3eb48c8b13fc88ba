"""Schemas and data that change where a revert does not bring them back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.risks.base import Example, Hit, RiskKind, came, seek

_PATHS = re.compile(
    r"(?:^|/)(?:migrations?|alembic/versions|db/migrate|flyway|liquibase)/[^/]+\.\w+$|(?:^|/)(?:schema\.(?:prisma|rb|sql)|structure\.sql)$"
)
_STATEMENTS = seek(
    r"\b(?:DROP|ALTER|TRUNCATE)\s+(?:TABLE|COLUMN|DATABASE|INDEX|SCHEMA)\b|\bDELETE\s+FROM\s+\w+\s*;|\bop\.(?:drop|alter)_\w+\("
    r"|\b(?:RemoveField|DeleteModel|AlterField|RunSQL|RunPython)\(",
    "drop,alter,truncate,delete,removefield,runsql,runpython",
    re.IGNORECASE,
)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at where migrations live, and for statements that change a schema."""
    if _PATHS.search(file.path):
        yield Hit(0, "a migration or schema: a revert of the commit does not revert the data")
    yield from came(file, _STATEMENTS, "a schema or data is changed")


RISK = RiskKind(
    "migrations",
    "migrations and schemas",
    5,
    check,
    risky=(
        Example("app/migrations/0002_x.py", "", "pass"),
        Example("db/schema.rb", "a", "b"),
        Example("a.py", "", 'cursor.execute("DROP TABLE users")'),
        Example("versions/a.py", "", "op.drop_column('a', 'b')"),
    ),
    harmless=(
        Example("docs/migration.md", "", "how to move to 2.0"),
        Example("src/migrations.py", "", "x = 1"),
        Example("a.py", "", "drop(table)"),
    ),
)
