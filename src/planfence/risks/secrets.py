"""Strings that look like keys, tokens and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import MOST, Example, Hit, RiskKind

#: Prefixes are those that the issuers publish for secret scanning.
_KNOWN = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bxox[abprs]-[\w-]{10,}|\bsk-(?:ant-|proj-)?[\w-]{20,}"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|\bglpat-[\w-]{20}"
    r"|\bAIza[\w-]{35}|(?<![\w-])(?>[\w-]*?\beyJ)[\w-]{10,}\.eyJ[\w-]{10,}\.|\bnpm_[A-Za-z0-9]{36}"
)
_NAMED = re.compile(
    r"(?<![\w-])(?>[\w-]*?(?:pass(?:word|wd)|secret|token|api[_-]?key|private[_-]?key|credential))[\w-]*[\"']?\s*[:=]\s*[\"'](?P<value>[^\"'\s]{8,})[\"']",
    re.IGNORECASE,
)
_STAND_IN = re.compile(
    r"example|changeme|dummy|placeholder|your|test|xxx|\*\*\*|\$\{|\{\{|<|%\(|fake|redacted|sample", re.IGNORECASE
)

_WORDS = (
    *("akia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "sk-", "-----begin", "glpat-"),
    *("aiza", "eyj"),
    *("npm_", "passw", "secret", "token", "apikey", "api_key", "api-key", "private", "credential"),
)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at added lines; the string itself is never shown."""
    if classify(file.path) is PathClass.LOCK:
        return
    if not any(word in file.added_lower for word in _WORDS):
        return
    left = MOST
    for line in file.added:
        if not any(word in line.text.lower() for word in _WORDS):
            continue
        named = _NAMED.search(line.text)
        found = _KNOWN.search(line.text) or (named and not _STAND_IN.search(named["value"]))
        if found and left:
            left -= 1
            yield Hit(line.number, "a string that looks like a secret")


RISK = RiskKind(
    "secrets",
    "strings that look like secrets",
    5,
    check,
    risky=(
        Example("a.py", "", 'KEY = "AKIA' + "ABCDEFGHIJKLMNOP" + '"'),
        Example("a.py", "", 'password = "hunter2hunter2"'),
        Example("key.pem", "", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        Example(".env", "", 'API_KEY="9f8a7b6c5d4e3f"'),
    ),
    harmless=(
        Example("a.py", "", 'password = os.environ["DB_PASSWORD"]'),
        Example("a.py", "", 'token = "your-token-here"'),
        Example("a.py", 'password = "hunter2hunter2"', ""),
    ),
)
