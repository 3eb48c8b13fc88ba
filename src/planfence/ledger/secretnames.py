"""Secrets by their name: `password = "…"`, `--token …`, `login(password="…")`, `the password is …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.lazyregex import pattern
from planfence.ledger.spellings import JOIN

#: From where to where something stands, and of what kind it is.
Span = tuple[int, int, str]

#: So short a value stands in any text.
SHORTEST = 6


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, which a table of them is written as."""
    return tuple(text.split())


#: In other languages, one character a byte.
_ABROAD = tuple(
    word.encode().decode("latin-1")
    for word in (
        *("passwort", "kennwort", "mot de passe", "contraseña", "senha", "wachtwoord", "parola", "hasło"),
        *("пароль", "Пароль", "密码", "密碼", "パスワード", "비밀번호"),
    )
)
#: Words of what holds a secret, in any spelling. What a password may be, others may not: no more than digits, a word.
_PASSWORDS = ("pass", "pwd", "pw", *_ABROAD)
#: What is as often a word for something else: then only what nobody made up counts.
_UNSURE = ("psk", "pat", "salt", "pepper", "auth", "seed")
_ROOTS = (*_PASSWORDS, "secret", "token", "credential", "key", "webhook", *_UNSURE)
_KEYS = words(
    "api priv auth access private account cryption signing preshared fernet subscription master hmac aes "
    "license consumer cipher wallet admin jwt"
)
_UNSURE_KEYS = words(
    "app application role service storage cosmos functions function deploy ssh nonce maps shared server client "
    "session host team login root database db redis"
)
#: `DB_PASS`, `dbPass`, `--pass` and `pass: "…"`; not `PASS: test_2`, `first_pass_rate` or `bypass`.
_SHORT_FOR_IT = (
    r"(?:(?<=[A-Za-z0-9][_-])pass(?![A-Za-z_-])|(?<=--)pass(?=[= ])|(?-i:(?<=[a-z])P(?:ass|w)(?![a-z]))"
    r"|(?<![A-Za-z0-9_-])pass(?==|[\"']?[ ]?:[ ]?[\"']))"
)
_NAME = pattern(
    rf"(?:passw(?:or)?d|pass[ _-]?phrase|passcode|pass[_-]?key|{_SHORT_FOR_IT}|pwd|(?<=ssh)pass"
    rf"|(?<![A-Za-z])p(?:w|sk)(?![A-Za-z])|{'|'.join(_ABROAD)}|secret|token|credentials?|webhook[_-]?url|key|pepper"
    r"|(?<=[_-])pat(?![A-Za-z])|(?<![A-Za-z])(?:salt|auth)(?![A-Za-z])|(?<=[_ -])seed)"
    r"(?P<more>(?>[A-Za-z0-9_-]{0,30}))",
    re.ASCII | re.IGNORECASE,
)
#: What follows a secret's name where it is the name of something else: `token_type`, `secret_name`, `password_length`.
_OTHER = frozenset(
    words(
        "count counts id ids name names type types url uri path file files len length limit size expiry expires ttl "
        "version format endpoint regex pattern field label hash digest used in out cached"
    )
)
_CAMEL = pattern(
    r"(?:Count|Id|Name|Type|Url|Uri|Path|File|Length|Limit|Size|Expiry|Ttl|Version|Format|Hash|Digest)\Z", re.ASCII
)
#: A value that is a reference, a call or a stand-in, no secret.
_REFERENCE = pattern(
    r"\$(?:[({]|[A-Za-z_]\w{0,100}(?:\Z|[/.:])|\d?\Z)|<[^<>]{0,400}(?:>|\Z)|\{|%(?:[({]|[A-Za-z_]{1,100}%?\Z)|\[(?:redacted|\Z)"
    r"|[A-Za-z0-9_]{1,100}(?:\.[A-Za-z0-9_]{1,100}){0,9}[\[(](?:[^\s]{0,400}[\])])?\Z|your[_-]|=?v?\d{1,4}(?:\.\d{1,6}){1,4}(?:[a-z]{1,6}\d{0,4})?\Z|ssh-|ecdsa-|[*x.]{1,400}\Z"
    r"|(?:none|null|nil|true|false|undefined|required|optional)\Z",
    re.ASCII | re.IGNORECASE,
)
#: `name: DB_PASSWORD`, `value: …` in YAML, JSON and XML.
_PAIR = r"[,\s+-]{0,40}\\?[\"']?value\\?[\"']?[ \t]{0,4}[:=]"
#: Behind a secret's name. A value in quotes ends with them, or goes on for longer than anybody looks.
_QUOTED = (
    r"[rbf]{0,2}(?P<quote>\\?[\"'`])(?P<quoted>(?>(?!\s)(?:(?!(?P=quote))[^\r\n\\]){4,200}))"
    r"(?:(?P=quote)|(?![\r\n\\]|\Z))"
)
_ASSIGNED = pattern(
    rf"(?>\\?[\"'`]?(?:\[?\d{{0,4}}\])?[ \t]{{0,4}})(?::=|=>|\xef\xbc\x9a|[:=]|{_PAIR})"
    rf"(?>[ \t]{{0,4}}(?:[|>][+-]?)?(?:\r?\n[+-]?[ \t]{{0,80}})?)(?:{_QUOTED}"
    rf"(?P<joined>(?:(?:\s{{0,40}}{JOIN}\s{{0,40}})?[rbf]{{0,2}}(?P=quote)[^\"'`\r\n\\]{{1,400}}(?P=quote)){{0,9}})"
    r"|(?P<bare>(?>[^\s\"'`,;(){}<>\[\]]{4,400})))",
    re.ASCII | re.IGNORECASE,
)
#: A comparison, another default, a call, a pair; a space, a type.
_LOOSE = pattern(
    r"(?P<glue>(?>\\?[\"'`]?[\])}]{0,2})(?:[ \t]{0,4}(?:[=!]==?|\|\|=?|\?\?=?|or[ \t]|,)\s{0,40}"
    r"|(?:\.equals)?[ \t]?\(\s{0,40})|[ \t]{1,8}(?>[A-Za-z]{2,12}[ \t]{0,4}=[ \t]{0,4})?"
    rf"|[ \t]{{0,4}}:[ \t]{{0,4}}(?>[A-Za-z][A-Za-z_.\[\]|? ]{{0,40}})=[ \t]{{0,4}}){_QUOTED}",
    re.ASCII | re.IGNORECASE,
)
#: In a sentence, or between tags.
_SAID = pattern(
    r"\\?[\"']?(?:>|</key>\s{0,80}<string>|(?:[ \t]{1,4}(?:is|was|for[ \t]{1,4}\S{1,60}))?[ \t]?:?[ \t]{1,4})[\"'`]?"
    r"(?P<quoted>(?!~?\.{0,2}/|file:|env:)[^\s\"'`,;(){}<>\[\]]{8,200})",
    re.ASCII | re.IGNORECASE,
)
_OPTION = pattern(r"(?:=|[ \t]{1,4})[\"']?(?P<quoted>[^\s\"'`<$-][^\s\"'`]{5,200})", re.ASCII)
#: So long is at least what may be something else: an access point's password, and twice that a key.
_LEAST = 8
#: How long a value is at most where it is looked for, in bytes, and what of a longer one follows.
_LONGEST = {"bare": 400, "quoted": 200}
_MORE = pattern(r"[^\s\"'`]*", re.ASCII)
_DIGITS = frozenset("0123456789")
#: `12.5s`, `98%`, `10:30`: what a pass took or made, no password.
_MEASURE = pattern(r"[0-9][0-9.,:/-]*[A-Za-z%]{0,3}\Z", re.ASCII)
#: A value of more words in quotes is a sentence.
_WORDS = 4
#: A word, a number and what parts them: what somebody names something is made of, in a few parts.
_PART = pattern(
    r"[A-Z]?[a-z]{2,16}(?![a-z])|[A-Z]{2,16}(?![A-Z])|[0-9]{1,400}|[_./:\x80-\xff-]{1,9}|(?P<odd>.)",
    re.ASCII | re.DOTALL,
)
_FEW, _SHORT, _NUMBERS = 4, 3.2, 4
_SIGNS = frozenset("!#$%&*+?@^~|=")


def places(text: str, word: str) -> Iterator[int]:
    """Yield where a word stands, one after the other."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def assigned(text: str, small: str) -> Iterator[Span]:
    """Yield what is given to the name of a secret; ``small`` is the text in small letters."""
    for root in _ROOTS:
        for at in places(small, root.lower()):
            found = _given(text, small, at, root)
            if found is not None and not _is_mark(text, at):
                yield *found, "assigned"


def refers(value: str) -> bool:
    """Whether a value is a reference, a call or a stand-in."""
    return _REFERENCE.match(value) is not None


def _given(text: str, small: str, at: int, root: str) -> tuple[int, int] | None:
    name = _NAME.match(text, at)
    if name is None or not _tells(name["more"]) or (root == "key" and not _is_key(text, at)):
        return None
    end = name.end()
    found = _ASSIGNED.match(text, end)
    if found is not None:
        group = "quoted" if found["quoted"] is not None else "bare"
        if not refers(found[group]) and _is_value(root, name, found, group):
            return _all_of(name, found, group)
    if _is_option(small, at):
        found = _OPTION.match(text, end)
        if found is not None and not refers(found["quoted"]) and _can_be(root, name, found["quoted"]):
            return _all_of(name, found, "quoted")
    found = _LOOSE.match(text, end)
    if found is not None and not refers(found["quoted"]) and _is_loose(root, found["glue"], found["quoted"]):
        return _all_of(name, found, "quoted")
    found = _SAID.match(text, end) if name["more"] in ("", "s") and root not in _UNSURE else None
    if found is not None and not refers(found["quoted"]) and is_random(found["quoted"]):
        return _all_of(name, found, "quoted")
    return None


def _is_mark(text: str, at: int) -> bool:
    """Whether a name is that of what was taken out before."""
    return text.rfind("[redacted: ", max(at - 40, 0), at) > text.rfind("]", max(at - 40, 0), at)


def _all_of(name: re.Match[str], found: re.Match[str], group: str) -> tuple[int, int]:
    start, end = found.span(group)
    if found.groupdict().get("joined"):
        return start, found.end("joined") - len(found["quote"])
    goes_on = group == "bare" and _in_shell(name, found) and found.string[end : end + 1] in (*",(){}<>[]",)
    more = _MORE.match(found.string, end) if goes_on or end - start >= _LONGEST[group] else None
    return start, more.end() if more else end


def _is_option(small: str, at: int) -> bool:
    """Whether the word at a place belongs to a long option: `--db-password`."""
    dashes = small.rfind("--", max(at - 20, 0), at)
    return dashes >= 0 and not any(map(str.isspace, small[dashes:at]))


def _is_key(text: str, at: int, words: tuple[str, ...] = (*_KEYS, *_UNSURE_KEYS)) -> bool:
    """Whether what stands before `key` makes it a secret one."""
    return text[max(at - 20, 0) : at].lower().rstrip(" _-").endswith(words)


def _tells(more: str) -> bool:
    """Whether a name that goes on so still names a secret."""
    last = re.split("[_-]", more.lower())[-1]
    return last not in _OTHER and more.lower() not in _OTHER and not _CAMEL.search(more)


def _is_value(root: str, name: re.Match[str], found: re.Match[str], group: str) -> bool:
    """Whether what a secret's name is given can be one."""
    value = found[group]
    if not _can_be(root, name, value) or (
        root not in _PASSWORDS and (len(value) < SHORTEST or _DIGITS.issuperset(value))
    ):
        return False
    has_digit = not _DIGITS.isdisjoint(value)
    if group == "quoted":
        return " " not in value or (has_digit and len(value.split()) <= _WORDS)
    shell = _in_shell(name, found)
    if found.string[found.end() : found.end() + 1] in ("(", "[") and not shell:
        return False  # a call
    # Without quotes it has a digit, as a type or a word has not; but a shell's variables are given nothing else.
    return has_digit or is_random(value) or (root in _PASSWORDS and shell)


def _is_loose(root: str, glue: str, value: str) -> bool:
    """Whether a text in quotes is a secret: what a password is compared with is one if it has a digit."""
    plain = root in _PASSWORDS and "," not in glue and len(value) >= SHORTEST and not _DIGITS.isdisjoint(value)
    return " " not in value and (plain or is_random(value))


def _in_shell(name: re.Match[str], found: re.Match[str]) -> bool:
    return name[0].isupper() and found[0] == f"={found['bare']}"


def _can_be(root: str, name: re.Match[str], value: str) -> bool:
    """Whether a value can be a secret, if its name is no more than `pass`, or may be that of something else."""
    if root == "pat" and not value.isalnum():
        return False  # a pattern
    if root in _UNSURE or (root == "key" and not _is_key(name.string, name.start(), _KEYS)):
        return len(value) >= (_LEAST if root in ("psk", "auth") else 2 * _LEAST) and is_random(value)
    if name[0].lower() == "pwd" and value.startswith(("/", "~")):
        return False  # the folder in which a shell is
    return root != "pass" or name[0][4:5].isalpha() or _MEASURE.match(value) is None


def is_random(value: str) -> bool:
    """Whether nobody would make up a value as a name: letters and digits, mixed or with signs."""
    parts = list(_PART.finditer(value))
    numbers = sum(part[0].isdigit() for part in parts)
    words = sum(part[0].isalnum() for part in parts)
    mixed = words > _FEW and len(value) < words * _SHORT
    if not any(char.isascii() and char.isalpha() for char in value) or not (numbers or (mixed and words > _FEW + 1)):
        return False
    odd = any(part["odd"] for part in parts) or not _SIGNS.isdisjoint(value)
    return odd or mixed or (numbers >= _NUMBERS and value.isalnum())
