"""Secrets by their form: tokens as their issuers publish them, and private keys.

These patterns, those of places and those of names are the floor of what is found. They are narrow on purpose: ids,
digests of files and images in base64 are none. A text is a `str` with one character a byte; places are byte offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.lazyregex import pattern
from planfence.ledger.secretnames import Span, assigned, places
from planfence.ledger.secretplaces import END, FORMED, placed

# Texts are searched with one character a byte. All expressions are `re.ASCII`: a byte of a longer character is neither
# white space nor of a word.
_WORD = "[A-Za-z0-9_-]"

#: (kind, what a token begins with, what follows). A text without the beginning is not looked at further.
_PREFIXES: tuple[tuple[str, str, str], ...] = (
    ("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{30,255}"),
    ("github-token", "github_pat_", r"\w{30,255}"),
    (
        "gitlab-token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- gloas- glagent- glimt- GR1348941",
        "[A-Za-z0-9_.-]{20,300}",
    ),
    ("slack-token", "xoxb- xoxa- xoxp- xoxr- xoxs- xoxc- xoxd- xoxe- xoxe.xox xapp-", "[A-Za-z0-9.%-]{10,300}"),
    ("stripe-key", "sk_live_ rk_live_ sk_test_ rk_test_ whsec_", "[A-Za-z0-9+/=]{16,200}"),
    ("ai-key", "sk-", rf"(?=[a-z_-]{{0,60}}[A-Z0-9]){_WORD}{{20,300}}"),
    ("ai-key", "gsk_ pplx- xai- r8_ lsv2_pt_ lsv2_sk_ pcsk_", f"{_WORD}{{30,300}}"),
    ("ai-key", "hf_", "[A-Za-z0-9]{30,300}"),
    ("google-key", "AIza", f"{_WORD}{{35}}{END}"),
    ("google-token", "ya29.", f"{_WORD}{{20,1000}}"),
    ("google-token", "1//0", f"{_WORD}{{40,300}}"),
    ("fly-token", "fm1_ fm2_ fm1a_ fm1r_", "[A-Za-z0-9+/=_-]{60,2000}"),
    ("google-secret", "GOCSPX-", f"{_WORD}{{24,64}}"),
    ("npm-token", "npm_", "[A-Za-z0-9]{36}"),
    ("pypi-token", "pypi-AgE", f"{_WORD}{{40,1000}}"),
    ("docker-token", "dckr_pat_ dckr_oat_", f"{_WORD}{{20,100}}"),
    ("sendgrid-key", "SG.", r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
    ("twilio-key", "SK AC", f"[0-9a-f]{{32}}{END}"),
    ("mailgun-key", "key-", f"[0-9a-f]{{32}}{END}"),
    ("databricks-token", "dapi", f"[0-9a-f]{{32}}(?:-\\d)?{END}"),
    ("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", "[0-9a-f]{64}"),
    ("vault-token", "hvs. hvb. hvr.", f"{_WORD}{{20,300}}"),
    ("shopify-token", "shpat_ shpca_ shppa_ shpss_", "[0-9a-fA-F]{32}"),
    ("square-token", "sq0atp- sq0csp-", f"{_WORD}{{22,64}}"),
    ("linear-key", "lin_api_ lin_oauth_", "[A-Za-z0-9]{32,64}"),
    ("notion-token", "ntn_ secret_", f"[A-Za-z0-9]{{40,60}}{END}"),
    ("atlassian-token", "ATATT3 ATCTT3 ATBB", f"{_WORD}{{24,300}}(?:=[A-F0-9]{{8}})?"),
    ("grafana-token", "glsa_ glc_", "[A-Za-z0-9_+/=]{30,300}"),
    ("newrelic-key", "NRAK- NRII- NRJS-", f"{_WORD}{{19,64}}"),
    ("sentry-token", "sntrys_ sntryu_", "[A-Za-z0-9_+/=]{40,300}"),
    ("postman-key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"),
    ("age-key", "AGE-SECRET-KEY-1", "[0-9A-Z]{58}"),
    ("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa.", "[A-Za-z0-9.]{30,100}"),
    ("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", "[A-Za-z0-9_.=-]{30,100}"),
    ("supabase-token", "sbp_ sb_secret_", f"{_WORD}{{20,100}}"),
    ("rubygems-key", "rubygems_", "[0-9a-f]{48}"),
    ("crates-token", "cio", f"[A-Za-z0-9]{{32}}{END}"),
    ("nuget-key", "oy2", f"[a-z0-9]{{43}}{END}"),
    ("figma-token", "figd_ figo_", f"{_WORD}{{30,100}}"),
    ("tailscale-key", "tskey-", f"{_WORD}{{20,100}}"),
    ("netlify-token", "nfp_", "[A-Za-z0-9]{36,50}"),
    ("buildkite-token", "bkua_ bkaj_", "[0-9a-f]{40}"),
    ("pulumi-token", "pul-", "[0-9a-f]{40}"),
    ("sourcegraph-token", "sgp_", "(?:[0-9a-f]{16}_)?[0-9a-f]{40}"),
    ("onepassword-token", "ops_eyJ", "[A-Za-z0-9+/=_-]{100,2000}"),
    (
        "issuer-token",
        "sqp_ squ_ sqa_ rdme_ CLOJARS_ xkeysib- shippo_live_ shippo_test_",
        "[0-9a-f]{40}[A-Za-z0-9-]{0,60}",
    ),
    (
        "issuer-token",
        "phx_ napi_ rnd_ pnu_ tfp_ EZAK AKCp cmVmdGtu api_org_",
        f"(?=[A-Za-z]{{0,40}}[0-9])[A-Za-z0-9]{{28,200}}{_WORD}{{0,60}}",
    ),
    (
        "issuer-token",
        "CFPAT- CCIPAT_ HRKU-AA FLWSECK fio-u- tk-us- duffel_live_ dt0c01. sk.eyJ1",
        "(?=[A-Za-z_.-]{0,60}[0-9])[A-Za-z0-9_.-]{32,300}",
    ),
    (
        "issuer-token",
        "tvly- nvapi- jina_ tgp_v1_ csk- vcp_ cfut_ cfat_ gitea_ thp_ e2b_ EAAC dt0s01. bedrock-api-key- cal_live_"
        " rg_v1_ secret-token: IGQV ctx7sk- pat-na1-",
        "(?=[^0-9]{0,60}[0-9])[A-Za-z0-9_.+/=-]{28,400}",
    ),
    ("dropbox-token", "sl.B sl.u.", f"{_WORD}{{100,300}}"),
    ("aws-key-id", "AKIA ASIA ABIA ACCA", f"[A-Z0-9]{{16}}{END}"),
    ("alibaba-key-id", "LTAI", f"[A-Za-z0-9]{{16,20}}{END}"),
    (
        "password-hash",
        "$2a$ $2b$ $2y$ $1$ $5$ $6$ $7$ $y$ $gy$ $md5$ $sha1$ $apr1$ $scrypt$ $argon2 $pbkdf2 $bcrypt pbkdf2_"
        " pbkdf2: scrypt: SCRAM-SHA-",
        r"(?>[A-Za-z0-9./+=,:_-]{1,60}\$){1,5}[A-Za-z0-9./+=:]{20,200}",
    ),
    ("password-hash", "$P$ $H$ $S$", r"[A-Za-z0-9./]{31,53}"),
    (
        "password-hash",
        "{SHA} {SSHA} {MD5} {SMD5} {SHA256} {SSHA256} {SHA512} {SSHA512} {CRYPT}",
        "[A-Za-z0-9+/$.]{20,200}={0,2}",
    ),
    ("wallet-key", "xprv yprv zprv tprv", "[1-9A-HJ-NP-Za-km-z]{100,110}"),
    ("wallet-key", "5H 5J 5K", f"[1-9A-HJ-NP-Za-km-z]{{49}}{END}"),
    ("wallet-key", "nsec1", "[02-9ac-hj-np-z]{58}"),
    ("wallet-key", "SA SB SC SD", f"[A-Z2-7]{{54}}{END}"),
    ("jwt", "eyJ", r"[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}(?:\.[A-Za-z0-9_-]{0,2000})?"),
)
_TOKENS = tuple((kind, begins.split(), pattern(rest, re.ASCII)) for kind, begins, rest in _PREFIXES)
_DISCORD = pattern(r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}" + END, re.ASCII)
_KEY_MARK = pattern(r"----[ -](BEGIN|END) (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?[ -]----", re.ASCII)
_KEY_TEXT = pattern(r"[A-Za-z0-9+/=\s\\:,.-]*", re.ASCII)
_KEY_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n\r\\")


def secrets(text: str) -> Iterator[Span]:
    """Yield all secrets of a text that have a form of their own, or stand in a place of their own."""
    small = text.lower()
    yield from _keys(text)
    yield from _tokens(text)
    yield from placed(text, small)
    yield from assigned(text, small)


def tokens(text: str) -> Iterator[Span]:
    """Yield the secrets alone that can be told without what stands around them."""
    yield from _tokens(text)
    yield from (span for span in placed(text, text.lower()) if span[2] in FORMED)


def in_name(char: str, more: str) -> bool:
    """Whether a character (empty: the text ends) goes on with a name of letters, digits and ``more``."""
    # Of a byte of a longer character nobody can tell by itself whether it is a letter.
    return char.isascii() and bool(char) and (char.isalnum() or char in more)


def _begins(text: str, at: int) -> bool:
    """Whether a token may begin here: not inside of a longer name, but behind a diff's sign, or what stands escaped."""
    before = text[max(at - 3, 0) : at]
    last = before[-1:]
    if not in_name(last, "_-"):
        return True
    if last == "-":
        return len(before) == 1 or before[-2] == "\n"
    return before[-2:] in ("\\n", "\\r", "\\t") or (len(before) == 3 and before[0] == "%")


def _keys(text: str) -> Iterator[Span]:
    """Whole blocks of private keys, also if the beginning or the end was cut off."""
    if "PRIVATE KEY" not in text:
        return
    last = 0
    marks = [(found.start(), found.end(), found[1] == "BEGIN") for found in _KEY_MARK.finditer(text)]
    for number, (start, end, begins) in enumerate(marks):
        if begins:
            follows = marks[number + 1] if number + 1 < len(marks) else None
            if follows is not None and not follows[2]:
                last = follows[1]
            else:
                body = _KEY_TEXT.match(text, end, follows[0] if follows else len(text))
                last = body.end() if body else end
            yield start, last, "private-key"
        elif last < end:
            first = start
            while first > last and text[first - 1] in _KEY_LETTERS:
                first -= 1
            last = end
            yield first, end, "private-key"


def _tokens(text: str) -> Iterator[Span]:
    for kind, begins, rest in _TOKENS:
        for begin in begins:
            for at in places(text, begin):
                found = rest.match(text, at + len(begin)) if _begins(text, at) else None
                if found is not None:
                    yield at, found.end(), kind
    if "." in text:
        yield from (
            (*found.span(), "discord-token") for found in _DISCORD.finditer(text) if _begins(text, found.start())
        )
