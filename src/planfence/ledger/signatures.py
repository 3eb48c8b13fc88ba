"""Who signed what, asked of `ssh-keygen` once: the answer goes by a digest of everything that it depends on."""

from __future__ import annotations

import os
import stat

from planfence.digests import sha256
from planfence.gitio import signing
from planfence.gitio.repository import Repository
from planfence.ledger.intoto import Envelope, pae

#: The answers that a clone keeps, in its own state: lines of a digest and the principal.
KEPT = "signatures"
#: How many bytes of them are kept: some ten thousand answers.
MOST = 1 << 20

#: The answers of this process. A digest stands for the signed bytes, the signature and the signers.
_KNOWN: dict[str, str] = {}


class Signatures:
    """Tells which listed principal signed an envelope.

    ``remembers``: answers are kept in the clone, and believed from there as long as nobody else could have written
    them. That is for the hooks, whose word is early feedback; the boundary and the stage moves ask anew.
    """

    def __init__(self, repository: Repository, signers: bytes, *, remembers: bool = False) -> None:
        self._environment = repository.environment
        self._signers = signers
        folder = os.path.join(repository.common_dir_name, "planfence")
        # A key with `valid-before=` signs well today, and not tomorrow; a certificate ends by itself.
        ages = any(word in signers.lower() for word in (b"valid-", b"cert-authority"))
        keeps = remembers and not ages and not repository.bare and _is_ours(folder)
        self._file = os.path.join(folder, KEPT) if keeps else ""
        self._kept: dict[str, str] | None = None

    def signer(self, envelope: Envelope | None) -> str:
        """Return the principal whose listed key signed it; empty if none did."""
        if envelope is None:
            return ""
        signed = pae(envelope.payload)
        found = (self._answer(signed, each) for _, each in envelope.signatures)
        return next(filter(None, found), "")

    def _answer(self, signed: bytes, signature: str) -> str:
        name = _digest(signing.NAMESPACE.encode(), signed, signature.encode("ascii", "replace"), self._signers)
        if name in _KNOWN:
            return _KNOWN[name]
        kept = self._read()
        if name in kept:
            return _KNOWN.setdefault(name, kept[name])
        _KNOWN[name] = signing.verify(signed, signature, self._signers, self._environment)
        self._keep(name, _KNOWN[name])
        return _KNOWN[name]

    def _read(self) -> dict[str, str]:
        if self._kept is None:
            self._kept = dict(_lines(self._file)) if self._file else {}
        return self._kept

    def _keep(self, name: str, principal: str) -> None:
        if not self._file or not principal.isprintable():
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._file, flags, 0o600)
        except OSError:
            return  # then the next hook asks again
        try:
            status = os.fstat(descriptor)
            if _is_private(status) and status.st_size < MOST:
                os.write(descriptor, f"{name} {principal}\n".encode("utf-8", "surrogateescape"))
            elif stat.S_ISREG(status.st_mode):
                os.unlink(self._file)
        except OSError:
            return
        finally:
            os.close(descriptor)


def _digest(*parts: bytes) -> str:
    found = sha256()
    for part in parts:
        found.update(b"%d:%s" % (len(part), part))
    return found.hexdigest()


def _is_ours(folder: str) -> bool:
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _is_private(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _lines(name: str) -> list[tuple[str, str]]:
    """Read the kept answers; none if anybody else could have written the file."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        if not _is_private(os.fstat(descriptor)):
            return []
        with os.fdopen(os.dup(descriptor), "rb") as file:
            whole, _, _ = file.read(2 * MOST).rpartition(b"\n")
    finally:
        os.close(descriptor)
    pairs = (line.decode("utf-8", "surrogateescape").partition(" ") for line in whole.split(b"\n"))
    return [(name, principal) for name, space, principal in pairs if space and len(name) == 64]
