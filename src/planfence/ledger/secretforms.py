"""Secrets by their form: tokens as their issuers publish them, and what stands where only a secret does.

The patterns are the floor of what is found. They are narrow on purpose: ids, digests of files and images
in base64 are none. A text is a `str` with one character a byte; places are byte offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.lazyregex import pattern
from planfence.ledger.secretnames import Span, assigned, is_random, places, refers
from planfence.records import dataclass

# Texts are searched with one character a byte. All expressions are `re.ASCII`: a byte of a longer character is neither
# white space nor of a word.
#: What may follow a token that has a length of its own: no more of a longer name.
_END = r"(?![A-Za-z0-9_-])"
_WORD = "[A-Za-z0-9_-]"

#: (kind, what a token begins with, what follows). A text without the beginning is not looked at further.
_PREFIXES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), "[A-Za-z0-9]{30,255}"),
    ("github-token", ("github_pat_",), r"\w{30,255}"),
    (
        "gitlab-token",
        (
            *("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "gloas-", "glagent-", "glimt-"),
            "GR1348941",
        ),
        "[A-Za-z0-9_.-]{20,300}",
    ),
    (
        "slack-token",
        ("xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xoxe-", "xoxe.xox", "xapp-"),
        "[A-Za-z0-9.%-]{10,300}",
    ),
    ("stripe-key", ("sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"), "[A-Za-z0-9+/=]{16,200}"),
    ("ai-key", ("sk-",), rf"(?=[a-z_-]{{0,60}}[A-Z0-9]){_WORD}{{20,300}}"),
    ("ai-key", ("gsk_", "pplx-", "xai-", "r8_", "hf_", "lsv2_pt_", "lsv2_sk_", "pcsk_"), f"{_WORD}{{30,300}}"),
    ("google-key", ("AIza",), f"{_WORD}{{35}}{_END}"),
    ("google-token", ("ya29.",), f"{_WORD}{{20,1000}}"),
    ("google-token", ("1//0",), f"{_WORD}{{40,300}}"),
    ("fly-token", ("fm1_", "fm2_", "fm1a_", "fm1r_"), "[A-Za-z0-9+/=_-]{60,2000}"),
    ("google-secret", ("GOCSPX-",), f"{_WORD}{{24,64}}"),
    ("npm-token", ("npm_",), "[A-Za-z0-9]{36}"),
    ("pypi-token", ("pypi-AgE",), f"{_WORD}{{40,1000}}"),
    ("docker-token", ("dckr_pat_", "dckr_oat_"), f"{_WORD}{{20,100}}"),
    ("sendgrid-key", ("SG.",), r"[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
    ("twilio-key", ("SK", "AC"), f"[0-9a-f]{{32}}{_END}"),
    ("mailgun-key", ("key-",), f"[0-9a-f]{{32}}{_END}"),
    ("databricks-token", ("dapi",), f"[0-9a-f]{{32}}(?:-\\d)?{_END}"),
    ("digitalocean-token", ("dop_v1_", "doo_v1_", "dor_v1_"), "[0-9a-f]{64}"),
    ("vault-token", ("hvs.", "hvb.", "hvr."), f"{_WORD}{{20,300}}"),
    ("shopify-token", ("shpat_", "shpca_", "shppa_", "shpss_"), "[0-9a-fA-F]{32}"),
    ("square-token", ("sq0atp-", "sq0csp-"), f"{_WORD}{{22,64}}"),
    ("linear-key", ("lin_api_", "lin_oauth_"), "[A-Za-z0-9]{32,64}"),
    ("notion-token", ("ntn_", "secret_"), f"[A-Za-z0-9]{{40,60}}{_END}"),
    ("atlassian-token", ("ATATT3", "ATCTT3", "ATBB"), f"{_WORD}{{24,300}}(?:=[A-F0-9]{{8}})?"),
    ("grafana-token", ("glsa_", "glc_"), "[A-Za-z0-9_+/=]{30,300}"),
    ("newrelic-key", ("NRAK-", "NRII-", "NRJS-"), f"{_WORD}{{19,64}}"),
    ("sentry-token", ("sntrys_", "sntryu_"), "[A-Za-z0-9_+/=]{40,300}"),
    ("postman-key", ("PMAK-",), "[0-9a-f]{24}-[0-9a-f]{34}"),
    ("age-key", ("AGE-SECRET-KEY-1",), "[0-9A-Z]{58}"),
    ("doppler-token", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa."), "[A-Za-z0-9.]{30,100}"),
    ("planetscale-token", ("pscale_tkn_", "pscale_pw_", "pscale_oauth_"), "[A-Za-z0-9_.=-]{30,100}"),
    ("supabase-token", ("sbp_", "sb_secret_"), f"{_WORD}{{20,100}}"),
    ("rubygems-key", ("rubygems_",), "[0-9a-f]{48}"),
    ("crates-token", ("cio",), f"[A-Za-z0-9]{{32}}{_END}"),
    ("nuget-key", ("oy2",), f"[a-z0-9]{{43}}{_END}"),
    ("figma-token", ("figd_", "figo_"), f"{_WORD}{{30,100}}"),
    ("tailscale-key", ("tskey-",), f"{_WORD}{{20,100}}"),
    ("netlify-token", ("nfp_",), "[A-Za-z0-9]{36,50}"),
    ("buildkite-token", ("bkua_", "bkaj_"), "[0-9a-f]{40}"),
    ("pulumi-token", ("pul-",), "[0-9a-f]{40}"),
    ("sourcegraph-token", ("sgp_",), "(?:[0-9a-f]{16}_)?[0-9a-f]{40}"),
    ("onepassword-token", ("ops_eyJ",), "[A-Za-z0-9+/=_-]{100,2000}"),
    (
        "issuer-token",
        ("sqp_", "squ_", "sqa_", "rdme_", "CLOJARS_", "xkeysib-", "shippo_live_", "shippo_test_"),
        "[0-9a-f]{40}[A-Za-z0-9-]{0,60}",
    ),
    (
        "issuer-token",
        ("phx_", "napi_", "rnd_", "pnu_", "tfp_", "EZAK", "AKCp", "cmVmdGtu", "api_org_"),
        f"(?=[A-Za-z]{{0,40}}[0-9])[A-Za-z0-9]{{28,200}}{_WORD}{{0,60}}",
    ),
    (
        "issuer-token",
        ("CFPAT-", "CCIPAT_", "HRKU-AA", "FLWSECK", "fio-u-", "tk-us-", "duffel_live_", "dt0c01.", "sk.eyJ1"),
        "(?=[A-Za-z_.-]{0,60}[0-9])[A-Za-z0-9_.-]{32,300}",
    ),
    (
        "issuer-token",
        (
            *(
                "tvly-",
                "nvapi-",
                "jina_",
                "tgp_v1_",
                "csk-",
                "vcp_",
                "cfut_",
                "cfat_",
                "gitea_",
                "thp_",
                "e2b_",
                "EAAC",
            ),
            *("dt0s01.", "bedrock-api-key-", "cal_live_", "rg_v1_", "secret-token:", "IGQV", "ctx7sk-", "pat-na1-"),
        ),
        "(?=[^0-9]{0,60}[0-9])[A-Za-z0-9_.+/=-]{28,400}",
    ),
    ("dropbox-token", ("sl.B", "sl.u."), f"{_WORD}{{100,300}}"),
    ("aws-key-id", ("AKIA", "ASIA", "ABIA", "ACCA"), f"[A-Z0-9]{{16}}{_END}"),
    ("alibaba-key-id", ("LTAI",), f"[A-Za-z0-9]{{16,20}}{_END}"),
    (
        "password-hash",
        (
            *(
                "$2a$",
                "$2b$",
                "$2y$",
                "$1$",
                "$5$",
                "$6$",
                "$7$",
                "$y$",
                "$gy$",
                "$md5$",
                "$sha1$",
                "$apr1$",
                "$scrypt$",
            ),
            *("$argon2", "$pbkdf2", "$bcrypt", "pbkdf2_", "pbkdf2:", "scrypt:", "SCRAM-SHA-"),
        ),
        r"(?>[A-Za-z0-9./+=,:_-]{1,60}\$){1,5}[A-Za-z0-9./+=:]{20,200}",
    ),
    ("password-hash", ("$P$", "$H$", "$S$"), r"[A-Za-z0-9./]{31,53}"),
    (
        "password-hash",
        tuple(
            f"{{{kind}}}" for kind in ("SHA", "SSHA", "MD5", "SMD5", "SHA256", "SSHA256", "SHA512", "SSHA512", "CRYPT")
        ),
        "[A-Za-z0-9+/$.]{20,200}={0,2}",
    ),
    ("wallet-key", ("xprv", "yprv", "zprv", "tprv"), "[1-9A-HJ-NP-Za-km-z]{100,110}"),
    ("wallet-key", ("5H", "5J", "5K"), f"[1-9A-HJ-NP-Za-km-z]{{49}}{_END}"),
    ("wallet-key", ("nsec1",), "[02-9ac-hj-np-z]{58}"),
    ("wallet-key", ("SA", "SB", "SC", "SD"), f"[A-Z2-7]{{54}}{_END}"),
    ("jwt", ("eyJ",), r"[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}(?:\.[A-Za-z0-9_-]{0,2000})?"),
)
_TOKENS = tuple((kind, begins, pattern(rest, re.ASCII)) for kind, begins, rest in _PREFIXES)


@dataclass(frozen=True, slots=True)
class _Context:
    """A secret that its place tells: words in small letters, the form from there (or from ``before`` it), its `value`.

    One that is ``unsure`` counts if nobody would make up such a value.
    """

    kind: str
    words: tuple[str, ...]
    form: str
    before: int = 0
    unsure: bool = False


#: A value on a command line, and one in which there is a digit.
_VALUE = r"[\"']?(?P<value>[^\s\"'$<>|&-][^\s\"']{3,200})"
_DIGIT = r"[\"']?(?P<value>(?=[^\s\"']{0,200}[0-9])[^\s\"'$<>|&/-][^\s\"']{3,200})"
_STDIN = r"(?:--password-stdin|--passphrase-fd|--stdin|--with-token|sudo (?:-[A-Za-z]{1,4} ){0,3}-S|chpasswd)"
_WORDS = r"[a-z]{3,8}(?: [a-z]{3,8}){11}(?:(?: [a-z]{3,8}){3}){0,4}"

_CONTEXTS = (
    # Also with an `@` or a `/` in it, which should be percent-encoded; `localhost:3000/@scope` has none.
    _Context(
        "url-password",
        ("://",),
        r"://(?>[^\s/@:'\"<>]{0,200}):(?!\d{1,5}[/?#])(?P<value>[^\s/@'\"<>][^\s'\"<>]{0,300})@(?=[A-Za-z0-9\[])",
    ),
    _Context("url-user", ("://",), r"://(?P<value>(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{12,200})@"),
    _Context(
        "xml",
        (
            *("password>", "passwd>", "passphrase>", "secret>", "token>", "apikey>", "api_key>", "api-key>"),
            *("privatekey>", "private_key>", "secret_key>", "access_key>", "_pwd>", "<password ", ":password "),
        ),
        r"[<:A-Za-z_-]{5,11}(?: [^<>\n]{1,100})?>(?:<!\[CDATA\[)?(?P<value>[^<>\s]{4,400}?)(?:\]\]>)?</",
    ),
    _Context("command-line", ("7z ", "7za "), rf"7za? (?:[^\n]{{0,80}} )?-p{_DIGIT}"),
    _Context("command-line", ("mysql", "mariadb"), r"[a-z-]{5,16} (?:[^\n]{0,80} )?-p(?P<value>[^\s\"'$-]{4,200})"),
    _Context(
        "command-line",
        tuple(
            f"{tool} login "
            for tool in ("docker", "podman", "buildah", "skopeo", "nerdctl", "oras", "registry", "oc", "az")
        ),
        rf"[a-z]{{2,8}} login (?:[^\n]{{0,200}} )?-p[ \t=]?{_VALUE}",
    ),
    # What a user's name goes before, of any program; no port, no folder.
    _Context(
        "command-line",
        (" -u ", " -user ", " -username ", " --username ", " -l "),
        r" --?(?:[ulU]|user(?:name)?) \S{1,80}(?: --?[A-Za-z-]{1,20}(?:[ =][^\s-]\S{0,80})?){0,4}"
        rf" --?(?:[pP]|password)[ =]?(?![0-9:]{{1,20}}(?:/[a-z]{{3}})?(?:\s|\Z)){_DIGIT}",
    ),
    _Context(
        "command-line",
        ("storepass ", "keypass ", " -pw ", " -password ", " -passwd ", "--secret-string ", " /p:"),
        rf"[A-Za-z /-]{{3,16}}[ :](?!file:|env:){_VALUE}",
    ),
    _Context(
        "command-line",
        ("echo ", "printf "),
        r"[a-z]{4,6} (?:[^\s|]{1,5} )?[\"']?(?:[\w.-]{1,40}:)?(?P<value>[^\s\"'|$]{4,200})[\"']? ?\| ?"
        rf"[^\n]{{0,120}}?{_STDIN}",
    ),
    _Context(
        "command-line",
        (
            "passwd ",
            "chpasswd ",
            "--with-token ",
            "--stdin ",
            "--password-stdin ",
            "kinit ",
            "secret put ",
            "secret create ",
        ),
        rf"[a-z -]{{5,17}}[^\n<]{{0,80}}<<< ?(?:[\w.-]{{1,40}}:)?{_VALUE}",
    ),
    _Context(
        "command-line",
        (" secret set ", " secrets set ", "config:set ", "--from-literal", " kv put ", "put-parameter ", "-secret "),
        rf"[a-z: -]{{8,14}}[^\n]{{0,200}}?(?:=| -b | --body | --value ){_DIGIT}",
    ),
    _Context("command-line", (" -u ",), rf" -[uU] [\"']?[^\s%\"'$]{{1,60}}%{_VALUE}"),
    _Context("command-line", ("net user ", "net use "), rf"net user? \S{{1,100}} {_DIGIT}"),
    _Context(
        "command-line",
        ("htpasswd ",),
        rf"htpasswd -[A-Za-z]{{0,6}}b[A-Za-z]{{0,6}} (?:\S{{1,200}} )?\S{{1,60}} {_DIGIT}",
    ),
    _Context("command-line", ("ldap",), rf"ldap[a-z]{{3,8}} [^\n]{{0,200}}?-w ?{_VALUE}"),
    _Context(
        "command-line",
        ("openssl enc ", "ssh-keygen "),
        rf"[a-z]{{3,7}}[ -][a-z]{{3,6}} (?:[^\n]{{0,200}} )?-[kN] {_VALUE}",
    ),
    _Context(
        "command-line",
        ("sqlplus ", "oracle:thin:", "oracle:oci:", "expdp ", "impdp "),
        r"[a-z:]{5,12}[ ]?[\w$#]{1,30}/[\"']?(?P<value>[^\s/@\"']{4,200})[\"']?@",
    ),
    _Context(
        "sql", ("identified by ",), r"[A-Za-z]{10} [A-Za-z]{2} (?:[A-Za-z]{8} )?[\"'](?P<value>[^\"'\n]{4,200})[\"']"
    ),
    _Context(
        "login",
        ("login(", "auth(", "auth=(", "credential(", "credentials(", "connection(", "authenticate("),
        r"[A-Za-z]{4,12}=?\([^()\"'\n]{0,60}[\"'][^\"'\n/]{1,80}[\"'], ?[\"']"
        r"(?P<value>(?=[^\"']{0,60}[0-9])[^\s\"'\n]{4,200})[\"']",
    ),
    _Context(
        "login",
        ("creds: ", "credentials: ", "login: ", "user/pass: "),
        r"[a-z/]{5,11}: [^\s:/]{1,60} ?[:/] ?(?P<value>[^\s\"'`,;]{6,200})",
        unsure=True,
    ),
    _Context("secret-key", ("fernet(", "aesgcm("), r"[A-Za-z]{6}\([bf]?[\"'](?P<value>[^\s\"']{16,200})[\"']"),
    _Context(
        "pgpass",
        (":5432:", ":5433:", ":6432:", ":3306:", ":*:"),
        r":[0-9*]{1,4}:[^\s:]{1,64}:[^\s:]{1,64}:(?P<value>[^\s:/][^\s:]{3,200})(?![^\s\"'`])",
    ),
    _Context(
        "seed-phrase",
        ("mnemonic", "seed phrase", "recovery phrase", "secret phrase"),
        rf"[A-Za-z ]{{8,15}}[\"']?(?: is)?\s{{0,4}}[:=]?\s{{0,4}}[\"'`]?(?P<value>{_WORDS})",
    ),
    _Context(
        "kubernetes", ("data:",), r"[A-Za-z]{4}:\r?\n(?P<value>(?>(?:[ \t]+[^\s:]+:[^\n]*\r?\n){1,60}))kind: Secret\b"
    ),
    _Context(
        "kubernetes",
        ("kind: secret",),
        r"kind: Secret\r?\n(?:[^\n]*\n){0,12}?(?:stringData|data):\r?\n(?P<value>(?:[ \t]+[^\s:]+:[^\n]*\n?){1,60})",
    ),
    _Context(
        "basic-auth",
        ("curl ",),
        r"curl (?:[^\n]{0,200} )?-[fgikLnNsSv]{0,6}u[ \t]{0,4}[\"']?(?>[^\s:\"']{1,64}):(?P<value>[^\s\"'$]{4,200})",
    ),
    _Context("command-line", ("redis-cli ",), r"redis-cli (?:[^\n]{0,80} )?-a[ \t](?P<value>[^\s\"'$]{4,200})"),
    _Context(
        "command-line",
        ("sshpass ", "zip ", " pass:"),
        r"(?:sshpass -p[ \t]?[\"']?|(?<!g)zip (?:-[a-z]{1,8} ){0,4}-P[ \t]?"
        r"|(?<=-pass|assin|ssout) pass:)(?P<value>[^\s\"'$]{4,200})",
    ),
    _Context(
        "authorization",
        ("bearer ", "basic ", "token ", "apikey ", "ssws "),
        r"[A-Za-z]{4,6}[ \t]{1,4}(?P<value>[A-Za-z0-9._~+/=-]{16,4000})",
    ),
    _Context(
        "authorization",
        ("authorization",),
        r"[A-Za-z]{13}[\"']?\]?\s{0,4}[:=,]\s{0,4}[\"']?(?:[A-Za-z0-9-]{2,20}[ \t]{1,4})?"
        r"(?P<value>[A-Za-z0-9._~+/=-]{16,4000})",
        unsure=True,
    ),
    # In the name of a file, the path of a URL, a table, a call, a sentence: what nobody would write by hand.
    _Context(
        "named",
        ("bearer", "token", "password", "passwd", "passphrase", "secret", "credential"),
        r"[A-Za-z]{5,10}(?>[^A-Za-z0-9\n\]]{1,8})(?:is[ \t:]{1,3})?(?P<value>(?<![ (])[0-9a-f]{32,128}"
        r"|(?=[A-Za-z]{0,60}[0-9]{1,60}[A-Za-z]{1,60}[0-9])(?=[a-z0-9]{0,60}[A-Z])(?=[A-Z0-9]{0,60}[a-z])[A-Za-z0-9]{20,200})(?![A-Za-z0-9_+=-])",
    ),
    _Context(
        "cookie",
        ("session=", "sess=", "sid=", "sessionid=", "auth=", "jwt=", "csrftoken="),
        r"[A-Za-z]{3,9}=(?P<value>[^\s;\"'&]{16,4000})",
    ),
    _Context(
        "url-parameter",
        tuple(
            f"{mark}{name}="
            for mark in "?&"
            for name in (
                *("access_token", "api_key", "apikey", "auth_token", "authtoken", "token", "sig", "signature"),
                *("password", "client_secret", "x-amz-signature", "x-amz-security-token"),
            )
        ),
        r"[?&][A-Za-z_-]{3,30}=(?P<value>[^&\s\"'#<>]{8,2000})",
    ),
    _Context(
        "azure-key",
        ("accountkey=", "sharedaccesskey="),
        r"[A-Za-z]{10,15}=(?P<value>[A-Za-z0-9+/]{40,100}={0,2})",
    ),
    _Context(
        "aws-secret",
        ("secret_access_key", "secretaccesskey"),
        r"[A-Za-z_]{15,17}[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<value>[A-Za-z0-9/+=]{40})",
    ),
    _Context(
        "netrc",
        ("machine ",),
        r"machine\s{1,4}\S{1,200}\s{1,4}login\s{1,4}\S{1,200}\s{1,4}password\s{1,4}(?P<value>\S{3,200})",
    ),
    _Context(
        "basic-auth",
        (" -u ", " --user ", " --user=", " --proxy-user ", " --auth ", " --auth=", "http -a ", "https -a "),
        r"[a-z]{0,5} --?[a-z-]{1,10}[ \t=]{1,4}[\"']?(?>[^\s:\"']{1,64}):(?!\d{1,6}(?:\s|\Z))"
        r"(?P<value>[^\s\"'$]{4,200})",
    ),
    _Context("slack-webhook", ("hooks.slack.com/",), r"[a-z.]{15}/[a-z]{5,10}/(?P<value>[A-Za-z0-9/_-]{20,200})"),
    _Context(
        "webhook",
        ("/webhookb2/", "/hooks/catch/"),
        r"/(?:webhookb2|hooks/catch)/(?P<value>[A-Za-z0-9/@-]{10,300})",
    ),
    _Context("jwk", ('"d":',), r'"d":\s{0,20}"(?P<value>(?=[a-z0-9_-]{0,99}[A-Z])[A-Za-z0-9_-]{40,800})"'),
    _Context("private-key", ("private-lines:",), r"[A-Za-z-]{13}: ?\d{1,3}\r?\n(?P<value>[A-Za-z0-9+/=\r\n]{40,6000})"),
    _Context(
        "command-line",
        ("convertto-securestring ",),
        r"[A-Za-z-]{22} (?:-[A-Za-z]{1,12} )?[\"'](?P<value>[^\"'\n$]{4,200})[\"']",
    ),
    _Context("discord-webhook", ("/api/webhooks/",), r"[a-z/]{14}(?P<value>\d{15,22}/[A-Za-z0-9_-]{50,100})"),
    _Context("telegram-token", (":aa",), r"(?P<value>[0-9]{8}:AA[A-Za-z0-9_-]{33})" + _END, 8),
    _Context(
        "azure-secret",
        ("q~",),
        r"(?P<value>[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?![A-Za-z0-9_~-])",
        4,
    ),
    _Context("mailchimp-key", ("-us",), r"(?P<value>[0-9a-f]{32}-us[0-9]{1,2})" + _END, 32),
    _Context("airtable-token", ("pat",), r"(?P<value>pat[A-Za-z0-9]{14}\.[0-9a-f]{64})"),
    _Context("terraform-token", (".atlasv1.",), r"(?P<value>[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70})", 14),
    _Context("aws-bedrock-key", ("absk",), r"(?P<value>ABSK[A-Za-z0-9+/]{100,200}={0,2})"),
    # Base64 is full of `AAAA`: nothing of it is a token.
    _Context("square-token", ("eaaa",), r"(?<![A-Za-z0-9_+/-])(?P<value>EAAA[A-Za-z0-9_-]{60})(?![A-Za-z0-9_+/-])"),
)
#: Those of them that have a form of their own besides.
_FORMED = frozenset(
    (
        *("slack-webhook", "discord-webhook", "telegram-token", "azure-secret", "mailchimp-key", "airtable-token"),
        *("terraform-token", "aws-bedrock-key", "square-token"),
    )
)
_FORMS = tuple(pattern(context.form, re.ASCII) for context in _CONTEXTS)
_DISCORD = pattern(r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}" + _END, re.ASCII)
#: A line, or a text in quotes, of as many words as a wallet's seed has (BIP-39), and words that no such list has.
_PHRASE = pattern(rf"[\n\"'`=](?:[+-] ?)?(?P<value>{_WORDS})(?=[\"'`\r\n]|\Z)", re.ASCII)
_PROSE = frozenset(
    (
        "the",
        "and",
        "for",
        "are",
        "with",
        "from",
        "not",
        "but",
        "was",
        "has",
        "its",
        "does",
        "than",
        "which",
        "them",
        "out",
        "new",
    )
)
_KEY_MARK = pattern(r"----[ -](BEGIN|END) (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?[ -]----", re.ASCII)
_KEY_TEXT = pattern(r"[A-Za-z0-9+/=\s\\:,.-]*", re.ASCII)
_KEY_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n\r\\")


def secrets(text: str) -> Iterator[Span]:
    """Yield all secrets of a text that have a form of their own, or stand in a place of their own."""
    small = text.lower()
    yield from _keys(text)
    yield from _tokens(text)
    yield from _contexts(text, small)
    yield from assigned(text, small)


def tokens(text: str) -> Iterator[Span]:
    """Yield the secrets alone that can be told without what stands around them."""
    yield from _tokens(text)
    yield from (span for span in _contexts(text, text.lower()) if span[2] in _FORMED)


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

    for found in _PHRASE.finditer(f"\n{text}"):
        if _PROSE.isdisjoint(found["value"].split()):
            yield found.start("value") - 1, found.end() - 1, "seed-phrase"


def _contexts(text: str, small: str) -> Iterator[Span]:
    for context, form in zip(_CONTEXTS, _FORMS, strict=True):
        for word in context.words:
            for at in places(small, word):
                found = form.match(text, max(at - context.before, 0))
                if (
                    found is not None
                    and not refers(found["value"])
                    and (not context.unsure or is_random(found["value"]))
                ):
                    start, end = found.span("value")
                    # Of digits in front of a form that has some, all are its own.
                    while context.kind == "telegram-token" and text[start - 1 : start].isdigit():
                        start -= 1
                    yield start, end, context.kind
