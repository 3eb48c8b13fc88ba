"""Hashes from the interpreter itself, if it has them: `hashlib` loads OpenSSL, which costs more than the hashing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha1, sha256
else:
    try:
        from _sha1 import sha1

        try:
            from _sha2 import sha256  # since Python 3.12
        except ImportError:
            from _sha256 import sha256
    except ImportError:  # some interpreters are built without
        from hashlib import sha1, sha256

__all__ = ["sha1", "sha256"]
