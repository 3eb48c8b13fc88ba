"""SSH signatures over ledger entries, made and checked by `ssh-keygen -Y`.

A repository's own git configuration can fake a good signature, so
git is not asked: `ssh-keygen` runs with a namespace of our own and the signers' file of
the protected branch.
"""

from __future__ import annotations

from pathlib import Path

from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

#: What a key must be allowed for in the signers' file: `namespaces="planfence"`.
NAMESPACE = "planfence"
#: What git signs commits in.
GIT_NAMESPACE = "git"
_TIMEOUT_S = 30


def sign(payload: bytes, key: Path, environment: Environment) -> str:
    """Return the armoured signature of ``key`` (a private key, or a public one that the agent holds).

    Raises :class:`PlanfenceError` if it could not be signed.
    """
    done = _keygen(environment, "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key), stdin=payload)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise PlanfenceError(
            f"the entry could not be signed with {key}: {said}",
            hint="set `git config planfence.signingKey` to an SSH key that needs no passphrase, or add it to the agent",
        )
    return done.stdout.decode("ascii", "replace")


def verify(payload: bytes, signature: str, signers: bytes, environment: Environment, namespace: str = NAMESPACE) -> str:
    """Return the principal whose listed key signed ``payload``; empty if none did.

    ``signers`` is the text of an allowed_signers file (ssh-keygen(1)); commits are signed in git's ``namespace``.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="planfence-sign-") as folder:
        allowed, armoured = Path(folder, "signers"), Path(folder, "signature")
        allowed.write_bytes(signers)
        armoured.write_text(signature, "ascii", "replace")
        found = _keygen(environment, "-Y", "find-principals", "-s", str(armoured), "-f", str(allowed))
        if found.returncode != 0:
            return ""
        for principal in found.stdout.decode("utf-8", "replace").splitlines():  # a name in quotes may have spaces
            arguments = ("-Y", "verify", "-f", str(allowed), "-I", principal, "-n", namespace, "-s", str(armoured))
            if _keygen(environment, *arguments, stdin=payload).returncode == 0:
                return principal
    return ""


def _keygen(environment: Environment, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    import subprocess  # most repositories have nothing that is signed

    try:
        return subprocess.run(
            ["ssh-keygen", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=environment.for_child(),
            timeout=_TIMEOUT_S,
        )
    except FileNotFoundError as error:
        raise CouldNotCheck(
            "ssh-keygen was not found", hint='install OpenSSH, or set `trust.evidence = "local"`'
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CouldNotCheck("ssh-keygen did not answer", hint="use a key without a passphrase, or an agent") from error
