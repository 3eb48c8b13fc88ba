"""Secrets of many kinds as their issuers make them, texts that hold one, and innocent texts that look alike."""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable
from random import Random
from urllib.parse import quote

LETTERS = string.ascii_letters + string.digits
WORD = LETTERS + "_-"
HEX = "0123456789abcdef"
CRYPT, BASE58 = LETTERS + "./", "".join(sorted({*LETTERS} - {*"0OIl"}))
#: Of the 2048 words of BIP-39.
SEEDS = (
    *("abandon", "ability", "above", "absorb", "acid", "across", "zebra", "zero", "zone", "youth", "wrestle", "alley"),
    *("ancient", "angle", "about", "abuse"),
)


def some(rng: Random, count: int, of: str = LETTERS) -> str:
    return "".join(rng.choices(of, k=count))


def _jwt(rng: Random) -> str:
    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    return ".".join((part('{"alg":"HS256"}'), part(f'{{"sub":"{some(rng, 12)}"}}'), some(rng, 43, WORD)))


def _key(rng: Random, kind: str) -> str:
    lines = "\n".join(some(rng, 64, LETTERS + "+/") for _ in range(rng.randint(3, 20)))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


#: The kinds that bear a form of their own: they are told wherever they stand.
FORMS: dict[str, Callable[[Random], str]] = {
    "aws key id": lambda r: r.choice(("AKIA", "ASIA")) + some(r, 16, string.ascii_uppercase + "234567"),
    "github": lambda r: r.choice(("ghp_", "gho_", "ghu_", "ghs_", "ghr_")) + some(r, 36),
    "github fine-grained": lambda r: f"github_pat_{some(r, 22)}_{some(r, 59)}",
    "gitlab": lambda r: r.choice(("glpat-", "gldt-", "glrt-")) + some(r, 20, WORD[:-1]),
    "slack": lambda r: f"xox{r.choice('bp')}-{some(r, 12, string.digits)}-{some(r, 12, string.digits)}-{some(r, 24)}",
    "slack webhook": lambda r: (
        f"https://hooks.slack.com/services/T{some(r, 8).upper()}/B{some(r, 8).upper()}/{some(r, 24)}"
    ),
    "stripe": lambda r: r.choice(("sk_live_", "rk_live_")) + some(r, 24),
    "openai": lambda r: r.choice(("sk-proj-", "sk-")) + some(r, 48),
    "anthropic": lambda r: f"sk-ant-api03-{some(r, 93, WORD)}",
    "google key": lambda r: "AIza" + some(r, 35, WORD),
    "google oauth": lambda r: "GOCSPX-" + some(r, 28, WORD),
    "jwt": _jwt,
    "rsa key": lambda r: _key(r, r.choice(("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"))),
    "ssh key": lambda r: _key(r, "OPENSSH PRIVATE KEY"),
    "pgp key": lambda r: _key(r, "PGP PRIVATE KEY BLOCK"),
    "npm": lambda r: "npm_" + some(r, 36),
    "pypi": lambda r: "pypi-AgEIcHlwaS5vcmc" + some(r, 150, WORD),
    "docker": lambda r: "dckr_pat_" + some(r, 27, WORD),
    "sendgrid": lambda r: f"SG.{some(r, 22, WORD)}.{some(r, 43, WORD)}",
    "twilio": lambda r: "SK" + some(r, 32, HEX),
    "hugging face": lambda r: "hf_" + some(r, 34),
    "vault": lambda r: "hvs." + some(r, 90, WORD),
    "digitalocean": lambda r: "dop_v1_" + some(r, 64, HEX),
    "databricks": lambda r: "dapi" + some(r, 32, HEX),
    "telegram": lambda r: f"{some(r, 1, '123456789')}{some(r, 8, string.digits)}:AA{some(r, 33, WORD)}",
    "discord": lambda r: f"M{some(r, 23)}.{some(r, 6)}.{some(r, 27)}",
    "shopify": lambda r: "shpat_" + some(r, 32, HEX),
    "linear": lambda r: "lin_api_" + some(r, 40),
    "atlassian": lambda r: f"ATATT3xFfGF0{some(r, 180, WORD)}={some(r, 8, '0123456789ABCDEF')}",
    "grafana": lambda r: f"glsa_{some(r, 32)}_{some(r, 8, HEX)}",
    "new relic": lambda r: "NRAK-" + some(r, 27).upper(),
    "mailchimp": lambda r: f"{some(r, 32, HEX)}-us{r.randint(1, 21)}",
    "terraform": lambda r: f"{some(r, 14)}.atlasv1.{some(r, 67, WORD)}",
    "ssh2 key": lambda r: (
        f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{some(r, 70)}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----"
    ),
    "sonar": lambda r: "sqp_" + some(r, 40, HEX),
    "posthog": lambda r: "phx_" + some(r, 42) + "1",
    "contentful": lambda r: f"CFPAT-{some(r, 43, WORD)}1",
    "slack session": lambda r: f"xoxc-{some(r, 12, string.digits)}-{some(r, 12, string.digits)}-{some(r, 64, HEX)}",
    "bcrypt": lambda r: f"$2{r.choice('aby')}$12${some(r, 53, CRYPT)}",
    "crypt": lambda r: (
        f"${r.choice(('1', '5', '6', 'y', 'apr1', '6$rounds=5000'))}${some(r, 16, CRYPT)}${some(r, 43, CRYPT)}"
    ),
    "argon2": lambda r: f"$argon2id$v=19$m=65536,t=3,p=4${some(r, 22)}${some(r, 43)}",
    "pbkdf2": lambda r: f"{r.choice(('pbkdf2_sha256$', 'pbkdf2:sha256:'))}260000${some(r, 16)}${some(r, 43)}",
    "ldap": lambda r: f"{{SSHA}}{some(r, 36)}",
    "bitcoin": lambda r: "5K" + some(r, 49, BASE58),
    "extended key": lambda r: "xprv" + some(r, 107, BASE58),
    "tavily": lambda r: f"tvly-{some(r, 31)}1",
    "azure secret": lambda r: f"{some(r, 3)}8Q~{some(r, 34, WORD + '.~')}",
}
#: The kinds that only their place tells: (text with `{}` for the secret, how the secret is made).
PLACES: dict[str, tuple[tuple[str, ...], Callable[[Random], str]]] = {
    "password in a setting": (
        (
            'password = "{}"',
            "DB_PASSWORD={}",
            '"password": "{}",',
            "  password: {}",
            "--password {}",
            "PGPASSWORD='{}'",
        ),
        lambda r: f"{some(r, 6)}{r.choice('!#*%.')}{some(r, 5)}{r.randint(0, 9)}",
    ),
    "password in a URL": (
        (
            "postgres://app:{}@db.internal:5432/app",
            "DATABASE_URL=mysql://root:{}@localhost/x",
            "https://ada:{}@example.org/x.git",
        ),
        lambda r: some(r, 14, LETTERS + "!*.-_"),
    ),
    "aws secret key": (
        ("aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}", '"aws_secret_access_key": "{}"'),
        lambda r: some(r, 40, LETTERS + "/+"),
    ),
    "bearer": (
        ("Authorization: Bearer {}", '-H "authorization: bearer {}"', "'Authorization': 'Bearer {}'"),
        lambda r: some(r, 40, LETTERS + "._-"),
    ),
    "basic": (
        ("Authorization: Basic {}",),
        lambda r: base64.b64encode(f"user:{some(r, 14)}".encode()).decode(),
    ),
    "azure account key": (
        ("DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};EndpointSuffix=core.windows.net",),
        lambda r: base64.b64encode(r.randbytes(64)).decode(),
    ),
    "api key": (
        ('api_key: "{}"', "X_API_KEY={}", "apiKey: '{}'", "--api-key={}", "?api_key={}&page=2"),
        lambda r: some(r, 32, HEX),
    ),
    "okta": (("Authorization: SSWS {}",), lambda r: f"00{some(r, 40, WORD)}"),
    "webhook": (
        ("https://a.webhook.office.com/webhookb2/{}",),
        lambda r: f"{uuid.UUID(bytes=r.randbytes(16))}@{some(r, 32)}",
    ),
    "jwk": (('{"kty": "RSA", "d": "{}"}',), lambda r: some(r, 86, WORD)),
    "putty": (("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\n{}",), lambda r: some(r, 64)),
    "netrc": (("machine api.example.org login ada password {}",), lambda r: some(r, 20)),
    "session cookie": (("Set-Cookie: sessionid={}; Path=/",), lambda r: some(r, 32)),
    "pgpass": (("db.internal:5432:app:ada:{}", "*:*:*:ada:{}"), lambda r: some(r, 9) + "1"),
    "access token by its name": (
        ("GITHUB_PAT={}", "export MY_PAT='{}'", '"gitea_pat": "{}"', "--pat {}"),
        lambda r: some(r, 52, string.ascii_lowercase + "234567"),
    ),
    "registry": (
        ('"auth": "{}"', '_auth = "{}"'),
        lambda r: base64.b64encode(f"ada:{some(r, 16)}".encode()).decode(),
    ),
    "kubernetes": (
        ("kind: Secret\ndata:\n  user: YWRh\n  cert: {}\n", "data:\n  cert: {}\nkind: Secret\n"),
        lambda r: base64.b64encode(r.randbytes(30)).decode(),
    ),
    "seed phrase": (
        ("mnemonic: {}", "MNEMONIC='{}'", "the seed phrase is {}"),
        lambda r: " ".join(r.choices(SEEDS, k=r.choice((12, 24)))),
    ),
    "statement": (
        (
            *("CREATE USER 'a'@'%' IDENTIFIED BY '{}';", "ALTER ROLE a WITH ENCRYPTED PASSWORD '{}';"),
            *("jdbc:oracle:thin:ada/{}@//h:1521/x", "jdbc:sqlserver://h;user=sa;password={};encrypt=true"),
        ),
        lambda r: f"{some(r, 7)}{r.choice('!*_-.')}{some(r, 3)}1",
    ),
    "command line": (
        (
            *("keytool -storepass {} -list", "az login -u ada -p {}", "plink -pw {} h"),
            *("echo {} | sudo -S ls", "echo 'ada:{}' | chpasswd", "htpasswd -nb ada {}"),
            *("ldapsearch -x -D cn=a -w {}", "sqlplus ada/{}@orcl"),
            *("gh secret set X --body '{}'", "kubectl create secret generic x --from-literal=a={}", "7z a -p{} x.7z f"),
        ),
        lambda r: f"{some(r, 7)}{r.choice('!*_')}{some(r, 3)}1",
    ),
    "curl": (("curl -u ada:{} https://example.org",), lambda r: some(r, 16)),
}
KINDS = (*FORMS, *PLACES)
_AROUND = (
    "{}", "token: {}", "+KEY = '{}'", '  "value": "{}",', "export X={}", "the key is {} as you asked", "- {}",
    "curl -H 'X: {}' https://example.org", "<{}>", "`{}`", "a={}&b=c", "({})", "+{}", "-{}", "/{}/", "[{}]", "{},",
    "E   AssertionError: assert '{}' == ''", '{"out": "done\\n{}\\n"}', "x%3D{}", "user {} has",
)  # fmt: skip


def planted(rng: Random, kind: str) -> tuple[str, str]:
    """A text and the secret in it."""
    if kind in FORMS:
        secret = FORMS[kind](rng)
        text = rng.choice(_AROUND).replace("{}", secret)
    else:
        places, make = PLACES[kind]
        secret = make(rng)
        text = rng.choice(places).replace("{}", secret)
        secret = quote(secret, safe="") if secret not in text else secret
    return f"{innocent(rng)}\n{text}\n{innocent(rng)}\n", secret


def innocent(rng: Random) -> str:
    """A line that looks as if it held a secret."""
    digest = rng.randbytes(64)
    sixty_four = base64.b64encode(digest).decode()
    return rng.choice(
        (
            f"sha256:{digest[:32].hex()}  dist/app-1.2.{rng.randint(0, 99)}.tar.gz",
            f"commit {digest[:20].hex()}",
            f"index {digest[:4].hex()}..{digest[4:8].hex()} 100644",
            f'"id": "{uuid.UUID(bytes=digest[:16])}",',
            f'"integrity": "sha512-{sixty_four}",',
            f'checksum = "{digest[:32].hex()}"',
            f"golang.org/x/text v0.{rng.randint(1, 30)}.0 h1:{base64.b64encode(digest[:32]).decode()}",
            f'{{file = "x.whl", hash = "sha256:{digest[:32].hex()}"}},',
            f'<img src="data:image/png;base64,iVBORw0KGgo{base64.b64encode(rng.randbytes(2000)).decode()}">',
            f"url(data:font/woff2;base64,d09GMgAB{base64.b64encode(rng.randbytes(400)).decode()})",
            f'etag: W/"{digest[:16].hex()}"',
            f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{base64.b64encode(digest[:32]).decode()[:43]} ada@example.org",
            f"gpg: using RSA key {digest[:20].hex().upper()}",
            "def token_count(text: str, tokenizer: Tokenizer) -> int:",
            "    password: str | None = None",
            "password = getpass.getpass()",
            "token = os.environ['API_TOKEN']",
            'secret = settings["secret"]',
            f"tokens_in={rng.randint(100, 99999)},tokens_out={rng.randint(100, 9999)}",
            'raise ValueError("the password is wrong")',
            "- uses: actions/checkout@" + digest[:20].hex(),
            f"https://registry.npmjs.org/a/-/a-{rng.randint(1, 9)}.0.0.tgz#{digest[:20].hex()}",
            f"-----BEGIN CERTIFICATE-----\n{sixty_four}\n-----END CERTIFICATE-----",
            f"trace_id={digest[:16].hex()} span_id={digest[:8].hex()}",
            "api_key: ${{ secrets.API_KEY }}",
            "  secretName: my-tls-cert",
            f"const publicKey = 'MCowBQYDK2VwAyEA{base64.b64encode(digest[:32]).decode()}'",
            f"pk_live_{some(rng, 24)}",
            "napi_get_uv_event_loop64 phx_gen_auth_users_table_20260101 tfp_layers2 rnd_seed_for_the_2nd_run = 3",
            '<path d="M12 2L2 7v10l10 5 10-5V7z"/> {"d": "a-long-name-with-many-parts-and-1-number-in-it"}',
            "---- BEGIN SSH2 PUBLIC KEY ---- /hooks/catch/errors sl.BarChartOfTheYear2026.withManyPoints",
            "password = 'YOUR_PASSWORD' password: '********' docker run -u 1000:1000 -p 8080:80/tcp x",
            "http://localhost:3000/@scope/pkg1 token.startswith('Bearer1') password.encode('utf-8')",
            f"session_key = 'cart_items_2' cacheKey: '{digest[:20].hex()}' Idempotency-Key: {digest[:16].hex()}",
            "the password is hashed with PBKDF2/SHA256 in pat: 'src/**2', salt: bytes = b'', auth: oauth2-proxy",
            f"Seed b-seed-{digest[:4].hex()} <m@seed-{digest[4:8].hex()}.example> random seed {digest[:3].hex()}1",
            f"asttokens==3.{rng.randint(0, 9)}.1 PWD=/srv/app-{rng.randint(0, 9)}/x session_key='a-{digest[:2].hex()}'",
            "auth=HTTPBasicAuth(user, password) dotnet test /p:CollectCoverage=true -p:Version=1.2.3",
            'PKGS="curl wget git vim make gcc zip unzip tar rsync nginx redis" get-token --retries=30s1',
            "kubectl delete secret my-secret --timeout=120s http://[::1]:5173/@vite/client git push -u https://a.example/b",
            "docker run -u 1000 -p 127.0.0.1:5432:5432 x; docker exec -u www-data:www-data y; rsync -u a:/var/www z",
            "create-secret --name x --region=us-east-1 Connection('localhost', 'test_db1') set_auth('basic', 'sha256')",
            "hf_hub_download_with_retry_and_cache_dir ffuf -u http://a:8080/F cpe:2.3:a:b:c:1.2:*:*:*:*:node.js:*",
            "HEX_PAT = '[0-9A-Fa-f]{1,4}' REG_NAME_PAT = r'(?:[^a-z0-9]|%[0-9A-F]{2})*'",
            "add tests for plan parser and update docs for every rule code",
            "authorization: required for /v1 $1$VARIABLE_NAME_OF_SOMETHING_LONG ada:x:1000:1000:Ada:/home/b:/bin/sh",
            f"tests/test_auth.py::test_token[{rng.randint(0, 99)}] PASSED",
        )
    )
