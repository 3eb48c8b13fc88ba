"""Secrets by their name: `password = "…"`, `--token …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.lazyregex import pattern
from planfence.ledger.spellings import JOIN

#: From where to where something stands, and of what kind it is.
Span = tuple[int, int, str]

#: So short a value stands in any text.
SHORTEST = 6
#: Names of what holds a secret, in any spelling, by the words that each of them has.
_ROOTS = ("pass", "pwd", "secret", "token", "credential", "key", "webhook", "pat")
_PASSWORDS = ("pass", "pwd")
_KEYS = (
    *("api", "auth", "access", "private", "account", "cryption", "signing"),
    *("master", "hmac", "aes", "license", "consumer", "cipher", "wallet", "admin"),
)
#: `DB_PASS`, `--pass` and `pass: "…"`; not `PASS: test_2`, `first_pass_rate` or `bypass`.
_SHORT_FOR_IT = (
    r"(?:(?<=[A-Za-z0-9][_-])pass(?![A-Za-z_-])|(?<=--)pass(?=[= ])"
    r"|(?<![A-Za-z0-9_-])pass(?==|[\"']?[ ]?:[ ]?[\"']))"
)
_NAMES = (
    f"(?:passw(?:or)?d|passphrase|passcode|{_SHORT_FOR_IT}|pwd|secret|token|credentials?|webhook[_-]?url|(?<=[_-])pat(?![A-Za-z])"
    f"|{'|'.join(f'(?<={word}{sign})key' for word in _KEYS for sign in ('', '[_-]'))})"
)
#: What follows a secret's name where it is the name of something else: `token_type`, `secret_name`, `password_length`.
_OTHER = frozenset(
    (
        *("count", "counts", "id", "ids", "name", "names", "type", "types", "url", "uri", "path", "file"),
        *("files", "len"),
        *("length", "limit", "size", "expiry", "expires", "ttl", "version", "format", "endpoint", "regex", "pattern"),
        *("field", "label", "hash", "digest", "used", "in", "out", "cached"),
    )
)
_CAMEL = pattern(
    r"(?:Count|Id|Name|Type|Url|Uri|Path|File|Length|Limit|Size|Expiry|Ttl|Version|Format|Hash|Digest)\Z", re.ASCII
)
#: A value that is a reference, a call or a stand-in, no secret.
_REFERENCE = pattern(
    r"[$<{%\[(]|[A-Za-z0-9_]{1,100}(?:\.[A-Za-z0-9_]{1,100}){0,9}[\[(]"
    r"|your[_-]|[*x.]{1,400}\Z|=?v?\d{1,4}(?:\.\d{1,6}){1,4}\Z"
    r"|(?:none|null|nil|true|false|undefined|required|optional)\Z",
    re.ASCII | re.IGNORECASE,
)
#: `name: DB_PASSWORD`, `value: …` in YAML, JSON and XML.
_PAIR = r"[,\s+-]{0,40}\\?[\"']?value\\?[\"']?[ \t]{0,4}[:=]"
_ASSIGNED = pattern(
    rf"{_NAMES}(?P<more>(?>[A-Za-z0-9_-]{{0,30}}))(?>\\?[\"'`]?\]?[ \t]{{0,4}})(?::=|=>|[:=]|{_PAIR})"
    r"(?>[ \t]{0,4}(?:[|>][+-]?)?(?:\r?\n[+-]?[ \t]{0,80})?)"
    r"(?:[rbf]{0,2}(?P<quote>\\?[\"'`])(?P<quoted>(?>[^\"'`\s\\][^\"'`\r\n\\]{3,400}))(?P=quote)"
    rf"(?P<joined>(?:(?:\s{{0,40}}{JOIN}\s{{0,40}})?[rbf]{{0,2}}(?P=quote)[^\"'`\r\n\\]{{1,400}}(?P=quote)){{0,9}})"
    r"|(?P<bare>(?>[^\s\"'`,;(){}<>\[\]]{4,400})))",
    re.ASCII | re.IGNORECASE,
)
#: `GITHUB_PAT`: also a pattern is called so.
_LONG = pattern(r"[A-Za-z0-9_-]{20,}\Z", re.ASCII)
#: How long a value is at most where it is looked for, in bytes, and what of a longer one follows.
_LONGEST = 400
_MORE = pattern(r"[^\s\"'`]*", re.ASCII)
_DIGITS = frozenset("0123456789")
#: `12.5s`, `98%`, `10:30`: what a pass took or made, no password.
_MEASURE = pattern(r"[0-9][0-9.,:/-]*[A-Za-z%]{0,3}\Z", re.ASCII)
#: A value of more words in quotes is a sentence.
_WORDS = 4
_OPTION = pattern(
    rf"{_NAMES}(?:[_-]key)?(?:=|[ \t]{{1,4}})[\"']?(?P<quoted>[^\s\"'`<$-][^\s\"'`]{{5,400}})",
    re.ASCII | re.IGNORECASE,
)


def places(text: str, word: str) -> Iterator[int]:
    """Yield where a word stands, one after the other."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def assigned(text: str, small: str) -> Iterator[Span]:
    """Yield what is given to the name of a secret; ``small`` is the text in small letters."""
    for root in _ROOTS:
        last = 0
        for at in places(small, root):
            if at < last:
                continue  # in a value that is found
            found = _ASSIGNED.match(text, at)
            if found is not None:
                group = "quoted" if found["quoted"] is not None else "bare"
                if not (_tells(found["more"]) and not refers(found[group]) and _is_value(root, found, group)):
                    found = None
            if found is None and _is_option(small, at):
                found, group = _OPTION.match(text, at), "quoted"
                if found is not None and (refers(found[group]) or not _can_be(root, found, group)):
                    found = None
            if found is not None:
                if text.rfind("[redacted: ", max(at - 40, 0), at) > text.rfind("]", max(at - 40, 0), at):
                    continue  # the name of what was taken out before
                start, end = found.span(group)
                more = _MORE.match(text, end) if end - start >= _LONGEST else None
                if found.groupdict().get("joined"):
                    end = found.end("joined") - len(found["quote"])
                last = more.end() if more else end
                yield start, last, "assigned"


def _is_option(small: str, at: int) -> bool:
    """Whether the word at a place belongs to a long option: `--db-password`."""
    dashes = small.rfind("--", max(at - 20, 0), at)
    return dashes >= 0 and not any(map(str.isspace, small[dashes:at]))


def _tells(more: str) -> bool:
    """Whether a name that goes on so still names a secret."""
    last = re.split("[_-]", more.lower())[-1]
    return last not in _OTHER and more.lower() not in _OTHER and not _CAMEL.search(more)


def _is_value(root: str, found: re.Match[str], group: str) -> bool:
    """Whether what a secret's name is given can be one."""
    value = found[group]
    if not _can_be(root, found, group) or (
        root not in _PASSWORDS and (len(value) < SHORTEST or _DIGITS.issuperset(value))
    ):
        return False
    has_digit = not _DIGITS.isdisjoint(value)
    if root == "pat":
        return has_digit and _LONG.match(value) is not None
    if group == "quoted":
        return " " not in value or (has_digit and len(value.split()) <= _WORDS)
    if found.string[found.end() : found.end() + 1] in ("(", "["):
        return False  # a call
    # Without quotes it has a digit, as a type or a word has not; but a shell's variables are given nothing else.
    name, _, given = found[0].partition("=")
    return has_digit or (root in _PASSWORDS and name.isupper() and given == value)


def _can_be(root: str, found: re.Match[str], group: str) -> bool:
    """Whether a value can be a password, if its name is no more than `pass`."""
    if root == "pwd" and found[group].startswith("/"):
        return False  # a folder
    return root != "pass" or found[0][4:5].isalpha() or _MEASURE.match(found[group]) is None


def refers(value: str) -> bool:
    """Whether a value is a reference, a call or a stand-in."""
    return _REFERENCE.match(value) is not None
