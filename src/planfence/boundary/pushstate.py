"""What a push's verdict depends on, and how its note begins. Imports nothing: the light entry of the hook uses it."""

#: The first line of a note; another layout gets another number.
HEADER = "planfence-push 2"


def questions(remote: str, base: str, target: str) -> tuple[str, ...]:
    """Git's arguments that show every ref that a verdict depends on, besides the pushed commit itself.

    ``target`` is the one branch that a note is good for, where other branches of the remote matter; otherwise empty.
    """
    if target:
        refs: tuple[str, ...] = (f"refs/remotes/{remote}/", f"refs/heads/{base}")
    else:
        refs = (f"refs/remotes/{remote}/HEAD", f"refs/remotes/{remote}/{base}", f"refs/heads/{base}")
    return ("for-each-ref", "--format=%(refname) %(objectname) %(symref)", *refs, "refs/planfence/ledger/")


def state(listed: str, tip: str) -> str:
    """Return what a note is bound to: those refs as git lists them, and the ledger's last known tip."""
    return f"{listed}\n{tip}"
