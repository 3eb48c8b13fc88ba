"""Secrets by their place: what stands where only a secret does, in a command, a call, a file or an address.

A text is a `str` with one character a byte; places are byte offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.lazyregex import pattern
from planfence.ledger.secretnames import Span, places, refers
from planfence.records import dataclass

#: What may follow a secret that has a length of its own: no more of a longer name.
END = r"(?![A-Za-z0-9_-])"


@dataclass(frozen=True, slots=True)
class _Context:
    """A secret that its place tells: words in small letters (`one|another`), the form from there (or from ``before``
    it), its `value`.
    """

    kind: str
    words: str
    form: str
    before: int = 0


#: A value on a command line, and one in which there is a digit.
_VALUE = r"[\"']?(?P<value>[^\s\"'$<>|&-][^\s\"']{3,200})"
_DIGIT = r"[\"']?(?P<value>(?=[^\s\"']{0,200}[0-9])[^\s\"'$<>|&/-][^\s\"']{3,200})"
_STDIN = r"(?:--password-stdin|--passphrase-fd|--with-token|sudo (?:-[A-Za-z]{1,4} ){0,3}-S|chpasswd)"
#: As many words as a wallet's seed has (BIP-39).
_SEED = r"[a-z]{3,8}(?: [a-z]{3,8}){11}(?:(?: [a-z]{3,8}){3}){0,4}"

_CONTEXTS = (
    _Context(
        "url-password",
        "://",
        r"://(?>[^\s/@:'\"<>]{0,200}):(?P<value>[^\s/@'\"<>$\[{(](?>[^\s/@'\"<>]{0,300}))@",
    ),
    _Context("url-user", "://", r"://(?P<value>(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{12,200})@"),
    _Context("docker-auth", '"auth":', r'"auth":\s{0,20}"(?P<value>[A-Za-z0-9+/]{8,400}={0,2})"'),
    _Context(
        "xml",
        "password>|passwd>|passphrase>|secret>|token>|apikey>|api_key>|api-key>|privatekey>|private_key>|secret_key>"
        "|access_key>|_pwd>",
        r"[A-Za-z_-]{5,11}>(?P<value>[^<>\s]{4,400})</",
    ),
    _Context("command-line", "7z |7za ", rf"7za? (?:[^\n]{{0,80}} )?-p{_DIGIT}"),
    _Context("command-line", "mysql|mariadb", r"[a-z-]{5,16} (?:[^\n]{0,80} )?-p(?P<value>[^\s\"'$-]{4,200})"),
    _Context(
        "command-line",
        "docker login |podman login |buildah login |skopeo login |nerdctl login |oras login |registry login "
        "|oc login |az login ",
        rf"[a-z]{{2,8}} login (?:[^\n]{{0,200}} )?-p[ \t=]?{_VALUE}",
    ),
    _Context(
        "command-line",
        "storepass |keypass | -pw | -password | -passwd |--secret-string ",
        rf"[A-Za-z -]{{3,16}} (?!file:|env:){_VALUE}",
    ),
    _Context(
        "command-line",
        "echo |printf ",
        r"[a-z]{4,6} (?:[^\s|]{1,5} )?[\"']?(?:[\w.-]{1,40}:)?(?P<value>[^\s\"'|$]{4,200})[\"']? ?\| ?"
        rf"[^\n]{{0,120}}?{_STDIN}",
    ),
    _Context(
        "command-line",
        " secret set | secrets set |secret generic | kv put ",
        rf"[a-z ]{{8,15}}[^\n]{{0,200}}?(?:=| -b | --body ){_DIGIT}",
    ),
    _Context(
        "command-line",
        "htpasswd ",
        rf"htpasswd -[A-Za-z]{{0,6}}b[A-Za-z]{{0,6}} (?:\S{{1,200}} )?\S{{1,60}} {_DIGIT}",
    ),
    _Context("command-line", "ldap", rf"ldap[a-z]{{3,8}} [^\n]{{0,200}}?-w ?{_VALUE}"),
    _Context(
        "command-line",
        "sqlplus |oracle:thin:|oracle:oci:|expdp |impdp ",
        r"[a-z:]{5,12}[ ]?[\w$#]{1,30}/[\"']?(?P<value>[^\s/@\"']{4,200})[\"']?@",
    ),
    _Context(
        "sql",
        "identified by |with password |encrypted password ",
        r"[A-Za-z]{4,10} [A-Za-z]{2,8} (?:[A-Za-z]{8} )?[\"'](?P<value>[^\"'\n]{4,200})[\"']",
    ),
    _Context("npm-auth", "_auth=|_auth = ", rf"_auth ?= ?(?=[^\s]{{0,99}}[A-Z]){_DIGIT}"),
    _Context(
        "pgpass",
        ":5432:|:5433:|:6432:|:3306:|:*:",
        r":[0-9*]{1,4}:[^\s:]{1,64}:[^\s:]{1,64}:(?P<value>[^\s:/][^\s:]{3,200})(?![^\s\"'`])",
    ),
    _Context(
        "seed-phrase",
        "mnemonic|seed phrase|recovery phrase|secret phrase",
        rf"[A-Za-z ]{{8,15}}[\"']?(?: is)?\s{{0,4}}[:=]?\s{{0,4}}[\"'`]?(?P<value>{_SEED})",
    ),
    _Context(
        "kubernetes", "data:", r"[A-Za-z]{4}:\r?\n(?P<value>(?>(?:[ \t]+[^\s:]+:[^\n]*\r?\n){1,60}))kind: Secret\b"
    ),
    _Context(
        "kubernetes",
        "kind: secret",
        r"kind: Secret\r?\n(?:(?!---)[^\n]*\n){0,12}?(?:stringData|data):\r?\n"
        r"(?P<value>(?:[ \t]+[^\s:]+:[^\n]*\n?){1,60})",
    ),
    _Context(
        "basic-auth",
        "curl ",
        r"curl (?:[^\n]{0,200} )?-[fgikLnNsSv]{0,6}u[ \t]{0,4}[\"']?(?>[^\s:\"']{1,64}):(?P<value>[^\s\"'$]{4,200})",
    ),
    _Context("command-line", "redis-cli ", r"redis-cli (?:[^\n]{0,80} )?-a[ \t](?P<value>[^\s\"'$]{4,200})"),
    _Context(
        "command-line",
        "sshpass |zip | pass:",
        r"(?:sshpass -p[ \t]?[\"']?|(?<!g)zip (?:-[a-z]{1,8} ){0,4}-P[ \t]?"
        r"|(?<=-pass|assin|ssout) pass:)(?P<value>[^\s\"'$]{4,200})",
    ),
    _Context(
        "authorization",
        "bearer |basic |token |apikey |ssws ",
        r"[A-Za-z]{4,6}[ \t]{1,4}(?P<value>[A-Za-z0-9._~+/=-]{16,4000})",
    ),
    # In the name of a file, the path of a URL, a table, a call, a sentence: what nobody would write by hand.
    _Context(
        "named",
        "bearer|token|password|passwd|passphrase|secret|credential",
        r"[A-Za-z]{5,10}(?>[^A-Za-z0-9\n\]]{1,8})(?:is[ \t:]{1,3})?(?P<value>(?<![ (])[0-9a-f]{32,128}"
        r"|(?=[A-Za-z]{0,60}[0-9]{1,60}[A-Za-z]{1,60}[0-9])(?=[a-z0-9]{0,60}[A-Z])(?=[A-Z0-9]{0,60}[a-z])[A-Za-z0-9]{20,200})(?![A-Za-z0-9_+=-])",
    ),
    _Context(
        "cookie",
        "session=|sess=|sid=|sessionid=|auth=|jwt=|csrftoken=",
        r"[A-Za-z]{3,9}=(?P<value>[^\s;\"'&]{16,4000})",
    ),
    _Context(
        "url-parameter",
        "?access_token=|?api_key=|?apikey=|?auth_token=|?authtoken=|?token=|?sig=|?signature=|?password="
        "|?client_secret=|?x-amz-signature=|?x-amz-security-token=|&access_token=|&api_key=|&apikey=|&auth_token="
        "|&authtoken=|&token=|&sig=|&signature=|&password=|&client_secret=|&x-amz-signature=|&x-amz-security-token=",
        r"[?&][A-Za-z_-]{3,30}=(?P<value>[^&\s\"'#<>]{8,2000})",
    ),
    _Context(
        "azure-key",
        "accountkey=|sharedaccesskey=",
        r"[A-Za-z]{10,15}=(?P<value>[A-Za-z0-9+/]{40,100}={0,2})",
    ),
    _Context(
        "aws-secret",
        "secret_access_key|secretaccesskey",
        r"[A-Za-z_]{15,17}[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<value>[A-Za-z0-9/+=]{40})",
    ),
    _Context(
        "netrc",
        "machine ",
        r"machine\s{1,4}\S{1,200}\s{1,4}login\s{1,4}\S{1,200}\s{1,4}password\s{1,4}(?P<value>\S{3,200})",
    ),
    _Context(
        "basic-auth",
        " -u | --user | --user=",
        r" --?[a-z]{1,4}[ \t=]{1,4}[\"']?(?>(?P<user>[^\s:\"']{1,64})):(?!/|(?P=user)(?![^\s\"']))"
        r"(?!\d{1,6}(?![^\s\"'`,;)]))(?P<value>[^\s\"'$]{4,200})",
    ),
    _Context("slack-webhook", "hooks.slack.com/", r"[a-z.]{15}/[a-z]{5,10}/(?P<value>[A-Za-z0-9/_-]{20,200})"),
    _Context(
        "webhook",
        "/webhookb2/|/hooks/catch/",
        r"/(?:webhookb2|hooks/catch)/(?P<value>[A-Za-z0-9/@-]{10,300})",
    ),
    _Context("jwk", '"d":', r'"d":\s{0,20}"(?P<value>(?=[a-z0-9_-]{0,99}[A-Z])[A-Za-z0-9_-]{40,800})"'),
    _Context("private-key", "private-lines:", r"[A-Za-z-]{13}: ?\d{1,3}\r?\n(?P<value>[A-Za-z0-9+/=\r\n]{40,6000})"),
    _Context(
        "command-line",
        "convertto-securestring ",
        r"[A-Za-z-]{22} (?:-[A-Za-z]{1,12} )?[\"'](?P<value>[^\"'\n$]{4,200})[\"']",
    ),
    _Context("discord-webhook", "/api/webhooks/", r"[a-z/]{14}(?P<value>\d{15,22}/[A-Za-z0-9_-]{50,100})"),
    _Context("telegram-token", ":aa", r"(?P<value>[0-9]{8}:AA[A-Za-z0-9_-]{33})" + END, 8),
    _Context(
        "azure-secret",
        "q~",
        r"(?P<value>[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?![A-Za-z0-9_~-])",
        4,
    ),
    _Context("mailchimp-key", "-us", r"(?P<value>[0-9a-f]{32}-us[0-9]{1,2})" + END, 32),
    _Context("airtable-token", "pat", r"(?P<value>pat[A-Za-z0-9]{14}\.[0-9a-f]{64})"),
    _Context("terraform-token", ".atlasv1.", r"(?P<value>[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70})", 14),
    _Context("aws-bedrock-key", "absk", r"(?P<value>ABSK[A-Za-z0-9+/]{100,200}={0,2})"),
    _Context("square-token", "eaaa", r"(?<![A-Za-z0-9_+/-])(?P<value>EAAA[A-Za-z0-9_-]{60})(?![A-Za-z0-9_+/-])"),
)
#: Those of them that have a form of their own besides.
FORMED = frozenset(
    (
        *("slack-webhook", "discord-webhook", "telegram-token", "azure-secret", "mailchimp-key", "airtable-token"),
        *("terraform-token", "aws-bedrock-key", "square-token"),
    )
)
_FORMS = tuple(pattern(context.form, re.ASCII) for context in _CONTEXTS)


def placed(text: str, small: str) -> Iterator[Span]:
    """Yield the secrets that their place tells; ``small`` is the text in small letters."""
    for context, form in zip(_CONTEXTS, _FORMS, strict=True):
        for word in context.words.split("|"):
            for at in places(small, word):
                found = form.match(text, max(at - context.before, 0))
                if found is not None and not refers(found["value"]):
                    start, end = found.span("value")
                    # Of digits in front of a form that has some, all are its own.
                    while context.kind == "telegram-token" and text[start - 1 : start].isdigit():
                        start -= 1
                    yield start, end, context.kind
