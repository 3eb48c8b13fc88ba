"""Who may do what: file modes, access rules, verification that is switched off."""

from __future__ import annotations

from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import Example, Hit, RiskKind, came, gone, seek

_OPENED = seek(
    r"\bchmod\s+(?:-R\s+)?(?:0?777|a\+rwx|\+s)|\b0o?777\b|\bAllowAny\b|permission_classes\s*=\s*[\[(]\s*[\])]|\bverify\s*=\s*False\b|InsecureSkipVerify:\s*true"
    r"|rejectUnauthorized:\s*false|--privileged\b|--dangerously|csrf_exempt|[\"']?Action[\"']?\s*:\s*[\"']\*[\"']|permissions:\s*write-all|^(?>.*?check=False).*security"
    r"|\bsudo\s|Access-Control-Allow-Origin[\"']?\s*[:,]\s*[\"']?\*|NOPASSWD",
    "777,allowany,permission,verify,unauthorized,--privileged,--dangerously,csrf_exempt,action,check=false,+s,a+rwx,sudo,allow-origin,nopasswd",
)
_GUARDS = seek(
    r"@(?:login_required|permission_required|requires_auth|PreAuthorize|RolesAllowed)|\b(?:require|check|has)_?[Pp]ermissions?\b|\bauthori[sz]e[d!]?\(|\bis_?[Aa]dmin\b",
    "login_required,permission,auth,admin,rolesallowed",
)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at modes, at rules that open, and at guards that are gone."""
    became = file.new_mode == 0o100755 and file.old_mode != 0o100755
    if became:
        yield Hit(0, "the file becomes executable")
    elif file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        yield Hit(0, f"the mode changes from {file.old_mode:06o} to {file.new_mode:06o}")
    if classify(file.path) is PathClass.DOCS:
        return
    yield from came(file, _OPENED, "access is opened, or a check is switched off")
    yield from gone(file, _GUARDS, "a guard is gone")


RISK = RiskKind(
    "permissions",
    "permissions and access",
    5,
    check,
    risky=(
        Example("a.sh", "", "x", new_mode=0o100755),
        Example("a.py", "get(url)", "get(url, verify=False)"),
        Example("a.py", "@login_required\ndef f():", "def f():"),
        Example("Dockerfile", "", "RUN chmod 777 /srv"),
        Example("a.py", "", "permission_classes = []"),
    ),
    harmless=(
        Example("a.py", "def f():", "@login_required\ndef f():"),
        Example("docs/a.md", "", "run it with sudo apt"),
        Example("a.py", "get(url, verify=False)", "get(url)"),
    ),
)
