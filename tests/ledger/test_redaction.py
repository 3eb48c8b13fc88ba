"""Nothing secret goes into the ledger, and what only looks like it stays."""

from __future__ import annotations

import json
import os
from base64 import b64encode, encodebytes
from random import Random
from urllib.parse import quote

import pytest
from support import planted_secrets

from planfence.ledger.redaction import Own, installed_detector, own_of, redact

DRAWN = int(os.environ.get("PLANFENCE_SECRETS", "12"))
NOBODY = Own()


@pytest.mark.parametrize("kind", planted_secrets.KINDS)
def test_no_planted_secret_is_kept(kind: str) -> None:
    rng = Random(f"planted {kind}")
    for _ in range(DRAWN):
        text, secret = planted_secrets.planted(rng, kind)
        kept = redact(text.encode(), NOBODY)
        body = secret.split("\n")[len(secret.split("\n")) // 2]
        assert body not in kept.data.decode(), text
        assert sum(kept.counts.values()) >= 1
        assert redact(kept.data, NOBODY).data == kept.data


def spelled(way: str, secret: str) -> tuple[bytes, str]:
    """A text that holds a secret in a spelling, and what of it may not be there afterwards."""
    half = len(secret) // 2
    body = secret.replace("\n", "")[half - 8 : half + 8]
    return {
        "percent-encoded": lambda: (f"q={quote(secret, safe='')}&b=1".encode(), quote(secret, safe="")[-9:]),
        "JSON in JSON": lambda: (json.dumps(json.dumps(json.dumps({"out": secret}))).encode(), body),
        "base64": lambda: (f'{{"data": "{b64encode(secret.encode()).decode()}"}}'.encode(), b64(secret)[9:25]),
        "base64 of a text": lambda: (b64encode(f"it is {secret} as told".encode()), b64(f"it is {secret}")[9:25]),
        "base64 in lines": lambda: (
            encodebytes(f"{'hello there ' * 3}{secret}".encode()),
            encodebytes(f"{'hello there ' * 3}{secret}".encode()).decode()[52:66],
        ),
        "percent-encoded twice": lambda: (quote(quote(secret, safe=""), safe="").encode(), body),
        "escaped bytes": lambda: (each_as("\\x{:02x}", secret).encode(), each_as("\\x{:02x}", body)),
        "HTML numbers": lambda: (each_as("&#{};", secret).encode(), each_as("&#{};", body)),
        "coloured": lambda: (f"\x1b[1;32m{secret}\x1b[0m".encode(), body),
        "wrapped": lambda: (f"it is {secret[:half]}\n{secret[half:]} as told".encode(), secret[half + 1 :]),
        "wrapped in a diff": lambda: (f"+it is {secret[:half]}\n+{secret[half:]} as told".encode(), secret[half + 1 :]),
        "in two strings": lambda: (f'("{secret[:half]}"\n    "{secret[half:]}")'.encode(), secret[half + 1 :]),
        "not seen": lambda: (
            "".join(f"{letter}{UNSEEN[at % len(UNSEEN)]}" for at, letter in enumerate(secret)).encode(),
            body[:4],
        ),
        "joined": lambda: (
            f"x = '{secret[:half]}'{JOINS[half % len(JOINS)]}'{secret[half:]}'".encode(),
            secret[half + 1 :],
        ),
        "joined in JSON": lambda: (
            json.dumps(f'x = "{secret[:half]}"\n  + f"{secret[half:]}"').encode(),
            secret[half + 1 :],
        ),
        "UTF-16": lambda: (f"it is {secret} as told".encode("utf-16-le"), "\0".join(body)),
        "a file's name": lambda: (f"diff --git a/keys/{secret}.txt b/keys/{secret}.txt".encode(), body),
    }[way]()


#: What no terminal shows, and what joins two strings.
UNSEEN = (*"\u200b\u200d\u2060\ufeff\u00ad\u180e\u034f\ufe0f\u202d\x08\x7f", "\U000e0020", "\x1b]8;;\x07")
JOINS = ("+", " + ", ".", " . ", "", " ", " & ", " || ", "...", " .. ", " <> ", " ++ ", " +\n  ", "\n  + ")


def each_as(form: str, text: str) -> str:
    return "".join(form.format(ord(letter)) for letter in text)


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "way",
    [
        *("percent-encoded", "JSON in JSON", "base64", "base64 of a text", "coloured", "wrapped", "wrapped in a diff"),
        *("in two strings", "UTF-16", "a file's name"),
        *("base64 in lines", "percent-encoded twice", "escaped bytes", "HTML numbers"),
        *("not seen", "joined", "joined in JSON"),
    ],
)
def test_no_spelling_hides_a_secret(way: str) -> None:
    rng = Random(f"spelled {way}")
    for make in planted_secrets.FORMS.values():
        secret = make(rng)
        if "\n" not in secret or way in ("JSON in JSON", "base64", "base64 of a text"):
            data, rest = spelled(way, secret)
            kept = redact(data, NOBODY)
            assert rest not in kept.data.decode("latin-1"), data
            assert kept.counts


def test_a_token_at_a_lines_end_takes_no_word_of_the_next_one() -> None:
    token = f"ghp_{'a1' * 18}"
    kept = redact(f"KEY={token}\nOTHER=1\n+it is {token}\n+and more".encode(), NOBODY).data.decode()
    assert kept == "KEY=[redacted: github-token]\nOTHER=1\n+it is [redacted: github-token]\n+and more"


HIDDEN = "hunter2!x9"
HEX, MIXED = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "q7ZkAb3dE9fGh2jKl4Mn"


@pytest.mark.parametrize(
    "text",
    [
        f"password: >-\n  {HIDDEN}\n",
        f"password:\n    {HIDDEN}\n",
        f"+password:\n+  {HIDDEN}\n",
        f'"password":\n        "{HIDDEN}"\n',
        f"export PASSWORD=\\\n{HIDDEN}\n",
        f"tool --password \\\n  {HIDDEN}\n",
        f"token=\x1b[32m{HIDDEN}\x1b[0m",
        f"<password>{HIDDEN}</password>",
        f"mysql -u root -p{HIDDEN} db",
        f"sshpass -p {HIDDEN} ssh x",
        f"u=postgres%3A%2F%2Fapp%3A{HIDDEN}%40db%2Fapp",
        json.dumps(json.dumps(json.dumps({"password": HIDDEN}))),
        f'{{"auths": {{"r.io": {{"auth": "{b64(f"ada:{HIDDEN}")}"}}}}}}',
        f'"blob": "{b64(f"password = {HIDDEN}")}"',
        "https://4f5e6d7c8b9a4f5e@example.org/x.git",
        "PASSWORD=correcthorse",
        "password=abc1",
        "DB_PASS=hunter22 pytest",
        "smtp_pass: hunter22",
        "auth: { pass: 'hunter22' }",
        "tool --db-pass hunter22",
        "tool --password=correcthorse",
        "password: 'hunter22 abc1'",
        "curl -uada:hunter22 https://example.org",
        "curl -sSu 'ada:hunter22' https://example.org",
        "docker login r.example.org -u ada -p hunter22",
        "podman login -p=hunter22 -u ada",
        f"<p title=&quot;x&quot;>password=&quot;{HIDDEN}&quot;</p>",
        f"{{&quot;password&quot;:&quot;{HIDDEN}&quot;}}",
        f"&lt;password&gt;{HIDDEN}&lt;/password&gt;",
        f"pass\u200bword={HIDDEN}",
        *(f"password = '{HIDDEN[:5]}'{join}'{HIDDEN[5:]}'" for join in ("+", " + ", " . ", "", " +\n  ", "\n  .. ")),
        f"- name: DB_PASSWORD\n  value: {HIDDEN}",
        f'{{"Name": "API_TOKEN", "Value": "{HIDDEN}"}}',
        f'<add key="Password" value="{HIDDEN}"/>',
        *(f"{name}={HEX}" for name in ("RAILS_MASTER_KEY", "hmac_key", "AES_KEY", "passcode", "cipherKey")),
        *(f"--secret-key {HEX}", f"<api_key>{HEX}</api_key>"),
        *(f"a/{name}{HEX}.txt" for name in ("Bearer-", "password_", "token=", "secret/")),
        *(f"https://example.org/token/{MIXED}/x", f"diff --git a/Bearer-{MIXED} b/x", f"bearer%3A{MIXED}"),
        *(f"password\t{MIXED}", f"| token | {MIXED} |", f'setPassword("{MIXED}")', f"the password is: {MIXED}"),
        *("redis-cli -h x -a hunter22", "openssl aes -passin pass:hunter22", "zip -r -P hunter22 a.zip a"),
    ],
)
def test_a_place_that_tells_a_secret_is_known_however_it_is_laid_out(text: str) -> None:
    kept = redact(text.encode(), NOBODY)
    assert "[redacted: " in kept.data.decode()
    for secret in (
        HIDDEN,
        b64(f"ada:{HIDDEN}"),
        b64(f"password = {HIDDEN}"),
        "4f5e6d7c",
        "correcthorse",
        "abc1",
        "hunter22",
        *(HEX, MIXED, HIDDEN[5:]),
    ):
        assert secret not in kept.data.decode()


@pytest.mark.parametrize(
    "text",
    [
        *("/home/ada/x", "file:///home/ada/x", r"\/home\/ada\/x", "%2Fhome%2Fada%2Fx", "-home-ada-x", "/Users/ada/x"),
        *(r"C:\Users\ada\x", r'"C:\\Users\\ada\\x"', "c:/Users/ADA/x", "file:///C:/Users/ada/x", "/c/Users/ada/x"),
        *("/mnt/c/Users/ada/x", "C%3A%5CUsers%5Cada%5Cx", "--root=/home/ada", "PATH=/home/ada/bin:/home/ada/x"),
    ],
)
def test_the_home_folder_goes_in_every_spelling(text: str) -> None:
    kept = redact(text.encode(), own_of({"HOME": "/home/ada"}))
    assert "ada" not in kept.data.decode().lower()
    assert kept.counts["home"] >= 1


@pytest.mark.parametrize(
    "text",
    ["/home/adam/x", "/srv/home/ada-x/y", "ada", "the home of ada", "src/home/ada.py", "xhome-ada"],
)
def test_what_only_looks_like_the_home_stays(text: str) -> None:
    assert redact(text.encode(), own_of({"HOME": "/home/ada"})).data.decode() == text


def test_values_of_several_lines_short_ones_and_those_that_begin_like_a_path() -> None:
    own = own_of(
        {
            "MULTI_SECRET": "the first line of it\nthe second line of it",
            "SLASH_KEY": "/aB3dE+Xyz12345678",
            "PIN_TOKEN": "12345",
            "SHORT_TOKEN": "abc12",
            "QUOTED_PASSWORD": 'a"b\\c\nd&e%f',
            "KEY_PASSWORD": "/run/secrets/key",
        }
    )
    assert set(own.values) == {"MULTI_SECRET", "SLASH_KEY", "SHORT_TOKEN", "QUOTED_PASSWORD"}
    for text in (
        *("+the first line of it\n+the second line of it", json.dumps(own.values), "/aB3dE+Xyz12345678", "-abc12-"),
        *(b64("x abc12 y the second line of it"), quote(own.values["QUOTED_PASSWORD"], safe="")),
    ):
        kept = redact(text.encode(), own).data.decode()
        assert "[redacted: $" in kept
        for piece in ("line of it", "aB3dE", "abc12", "d&e", "second"):
            assert piece not in kept
    assert not redact(b"12345 xabc12 abc123", own).counts


@pytest.mark.parametrize(
    "text",
    [
        *(
            "PASS: test_foo1",
            "pass: 1234",
            "first_pass: 12.5s",
            "second_pass=98.51%",
            "bypass=a12345",
            "pass_rate=0.95x",
        ),
        *(
            "passport: a12345",
            "gh auth login -p https",
            "docker login -u ada --password-stdin",
            "curl -Hupgrade:12345 x",
        ),
        *("password: 'must have at least 8 characters'", "--password=getpass()", "so -- the password something"),
        "пароль password: вход",
        *("<label for='password'>Password1Field</label>", "gzip -P hunter22", "fix token refresh (" + "0f" * 20 + ")"),
        *(
            "test_token_AuthTokenRefreshMiddlewareV2",
            "password-reset-2024.html",
            "a &amp;&amp; token &quot;user_2&quot;",
        ),
        *('cache_key = "' + "0f" * 32 + '"', "a\u200bb \ufe0f token", 'print("password " + "is weak1")'),
    ],
)
def test_what_only_looks_like_a_password_stays(text: str) -> None:
    assert redact(text.encode(), NOBODY).data.decode() == text


#: Whose bytes latin-1 has as white space, letters, digits or signs; of two, three and four bytes.
ABROAD = "\u00a0\u0085àРêéßаяВ²ªµ«×—”…、，語字🦀\U0001f40d"  # noqa: RUF001 - what looks like another letter is the point


def test_letters_of_any_language_in_and_beside_a_secret_neither_break_nor_keep_anything() -> None:
    rng = Random("abroad")

    def some() -> str:
        return "".join(rng.choices(ABROAD, k=rng.randint(0, 4)))

    for make in planted_secrets.FORMS.values():
        secret = make(rng)
        for _ in range(3):
            kept = redact(f"{some()} {some()}{secret}{some()} {some()}".encode(), NOBODY).data.decode()
            assert secret[-12:] not in kept, secret
    for place in ("password={}", "the TOKEN: {} x", "'secret': '{}'", "--password {} y", "x://ada:{}@h", "DB_PASS={}"):
        for _ in range(30):
            inside = [f"ab{rng.randint(100, 999)}z{number}" for number in range(3)]
            secret = some().join((inside[0], inside[1])) + some() + inside[2]
            kept = redact(f"{some()} {place.format(secret + some())}{some()}".encode(), NOBODY).data.decode()
            assert not [piece for piece in inside if piece in kept], (place, secret)


@pytest.mark.parametrize("value", ["1" + "é" * 300, "1" + "語" * 300 + "z", "x" + "я" * 196 + "1я", "a1" * 300])
def test_a_long_value_goes_whole(value: str) -> None:
    assert redact(f"token: {value} x".encode(), NOBODY).data.decode() == "token: [redacted: assigned] x"


@pytest.mark.parametrize("text", ["cargo install --root out", "pip --root=/x", "x -root y", "--root", "a-root/b"])
def test_a_home_of_one_part_is_no_option(text: str) -> None:
    own = own_of({"HOME": "/root"})
    assert redact(text.encode(), own).data.decode() == text
    assert redact(f"{text} /root/x".encode(), own).data.decode() == f"{text} ~/x"


def test_of_many_words_in_base64_those_with_a_secret_go() -> None:
    words = [b64(f"it is the text of number {number}") for number in range(40)]
    words[7] = b64("it is the password=hunter22 of it")
    words[31] = b64(f"it is ghp_{'a1' * 18} as told")
    kept = redact(" ".join(words).encode(), NOBODY).data.decode().replace("[redacted: ", "[redacted:").split(" ")
    assert kept == [*words[:7], "[redacted:assigned]", *words[8:31], "[redacted:github-token]", *words[32:]]


def test_there_are_enough_of_them() -> None:
    assert len(planted_secrets.KINDS) >= 30
    assert len(planted_secrets.KINDS) * DRAWN >= 300


def test_innocent_look_alikes_stay() -> None:
    rng = Random("innocent")
    texts = [planted_secrets.innocent(rng) for _ in range(3000)]
    changed = [text for text in texts if redact(text.encode(), NOBODY).counts]
    assert len(changed) <= 0.01 * len(texts), changed[:10]


def test_values_of_the_environment_go_by_name() -> None:
    own = own_of(
        {
            "HOME": "/home/ada",
            "DEPLOY_TOKEN": "correct horse",
            "ACME_PASSWORD": "p@ss/word",
            "EDITOR_SECRET": "x",
            "MY_SECRET": "production",
            "PWD": "/home/ada/project",
            "GREETING": "hello there",
        }
    )
    assert own == Own({"DEPLOY_TOKEN": "correct horse", "ACME_PASSWORD": "p@ss/word"}, "/home/ada")
    text = "say correct horse, p@ss/word, p%40ss%2Fword, hello there, production x, /home/ada/project, /home/adam"
    kept = redact(text.encode(), own)
    assert kept.data.decode() == (
        "say [redacted: $DEPLOY_TOKEN], [redacted: $ACME_PASSWORD], [redacted: $ACME_PASSWORD], hello there, "
        "production x, ~/project, /home/adam"
    )
    assert kept.counts == {"$DEPLOY_TOKEN": 1, "$ACME_PASSWORD": 2, "home": 1}


@pytest.mark.parametrize("home", ["", "/", "home"])
def test_a_home_that_stands_in_every_path_is_none(home: str) -> None:
    assert own_of({"HOME": home}).home == ""


def test_a_key_without_its_end_and_one_in_a_diff() -> None:
    key = planted_secrets.FORMS["rsa key"](Random(1))
    open_ended = key.partition("\n-----END")[0]
    for text in (open_ended, key[100:], "".join(f"+{line}\n" for line in key.split("\n")), key.replace("\n", "\\n")):
        kept = redact(f"before it:\n{text}\nafter it".encode(), NOBODY)
        assert kept.counts == {"private-key": 1}
        assert key.split("\n")[2][:40] not in kept.data.decode()
        assert kept.data.startswith(b"before it:")


def test_bytes_that_are_no_text_stay() -> None:
    data = bytes(range(256)) + b"\xff\xfe ghp_" + b"a" * 36 + b"\x80"
    kept = redact(data, NOBODY)
    assert kept.data == bytes(range(256)) + b"\xff\xfe [redacted: github-token]\x80"


def test_another_detector_is_asked_as_well() -> None:
    kept = redact(b"one two ghp_" + b"a" * 36, NOBODY, lambda text: [(4, 7, "number")])
    assert kept.data == b"one [redacted: number] [redacted: github-token]"
    assert kept.counts == {"number": 1, "github-token": 1}


def test_the_extra_finds_more_and_leaves_look_alikes() -> None:
    if (detector := installed_detector()) is None:
        pytest.skip("the extra `redact` is not installed")
    rng = Random("extra")
    texts = [planted_secrets.innocent(rng) for _ in range(500)]
    assert sum(bool(redact(text.encode(), NOBODY, detector).counts) for text in texts) <= 5
