"""What each language's lexer must know, as tables: comments, strings, and which white space means something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import lru_cache

from planfence.lazyregex import pattern
from planfence.records import dataclass


class Space(Enum):
    """What white space between two tokens of one line means.

    ``FREE``: nothing. ``PRESENCE``: that it is there, not how much (`foo [1]` in Ruby).
    ``VERBATIM``: every byte counts but the trailing ones (YAML's plain scalars).
    """

    FREE = 0
    PRESENCE = 1
    VERBATIM = 2


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    ``comment`` and ``string`` are regular expressions without groups, on text in which each
    character is one byte; either may cross lines. ``newlines`` and ``indent`` say whether
    line breaks and indentation mean something. ``directive`` finds comments that do something
    (`//go:build`). ``prose``: nothing in the file runs. ``preprocessor``: lines that begin
    with `#` are compared byte for byte.
    """

    name: str
    comment: str = r"(?!)"
    string: str = r"(?!)"
    newlines: bool = True
    indent: bool = False
    space: Space = Space.FREE
    directive: str = r"(?!)"
    prose: bool = False
    preprocessor: bool = False
    regex_literals: bool = False
    carriage_return: bool = False
    heredocs: bool = False
    nested_comments: bool = False

    @property
    def program(self) -> bool:
        """Whether it says what a program does, rather than data, layout or text."""
        return self.name not in ("css", "scss", "html", "xml", "yaml", "toml", "ini", "json", "markdown")


_DQ = r'"(?:\\[\s\S]|[^"\\\n])*(?:"|(?=\n)|\Z)'
_SQ = r"'(?:\\[\s\S]|[^'\\\n])*(?:'|(?=\n)|\Z)"
_DQ_LINES = r'"(?:\\[\s\S]|[^"\\])*(?:"|\Z)'
_SQ_LINES = r"'(?:\\[\s\S]|[^'\\])*(?:'|\Z)"
_TEXT_BLOCK = r'"""(?:\\[\s\S]|[\s\S])*?(?:"""|\Z)'
_PREFIX = r"(?:\b[A-Za-z_]\w*)?"
_BLOCK = r"/\*[\s\S]*?(?:\*/|\Z)"
_SLASHES = r"(?<!:)//[^\n]*"
_HASH = r"#[^\n]*"
_INTERPOLATION = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_TEMPLATE = r"`(?:\\[\s\S]|\$" + _INTERPOLATION + r"|[^`\\])*(?:`|\Z)"
_MARKUP_COMMENT = r"<!--[\s\S]*?(?:-->|\Z)"
_TAG = r"<[!?/A-Za-z](?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>"
_MAGIC = r"#!|coding[:=]|frozen_string_literal|warn_indent|shareable_constant_value|mode:\s"

_YAML_QUOTED = (
    r"(?:(?<=: )|(?<=- )|(?<=[\[{,])|(?<=, )|(?<=^))"
    r"(?:\"(?:\\[\s\S]|[^\"\\])*(?:\"|\Z)|'(?:''|[^'])*(?:'|\Z))"
)
_C_COMMENT = _BLOCK + r"|//(?:\\\r?\n|[^\n])*"
_C_STRING = _PREFIX + r"(?:" + _DQ + r"|" + _SQ + r")"

#: Each made when a file of it is first met.
_MAKERS: dict[str, Callable[[], Language]] = {
    "python": lambda: Language(
        "python",
        comment=_HASH,
        string=r"(?:\b[A-Za-z]{1,2})?(?:\"\"\"(?:\\[\s\S]|[\s\S])*?(?:\"\"\"|\Z)|'''(?:\\[\s\S]|[\s\S])*?(?:'''|\Z)|"
        + _DQ
        + "|"
        + _SQ
        + ")",
        indent=True,
        directive=_MAGIC,
    ),
    "javascript": lambda: Language(
        "javascript",
        comment=_BLOCK + "|" + _SLASHES,
        string=_DQ + "|" + _SQ + "|" + _TEMPLATE,
        directive=r"@(?:jsx|flow|jest-environment|ts-nocheck)|(?<!\w)(?>\w*?webpack)\w+:|@vite-ignore|#!",
        regex_literals=True,
    ),
    "java": lambda: Language(
        "java", _BLOCK + "|" + _SLASHES, _TEXT_BLOCK + "|" + _DQ + "|" + _SQ, newlines=False, directive=r"\\u"
    ),
    "kotlin": lambda: Language(
        "kotlin", _BLOCK + "|" + _SLASHES, _TEXT_BLOCK + "|" + _DQ + "|" + _SQ, nested_comments=True
    ),
    "c": lambda: Language("c", _C_COMMENT, _C_STRING, newlines=False, preprocessor=True, directive=r"\?\?/"),
    "c++": lambda: Language(
        "c++",
        _C_COMMENT,
        r"(?:\b[A-Za-z0-9]*R)\"(?P<raw>[^()\\\s]{0,16})\([\s\S]*?(?:\)(?P=raw)\"|\Z)|" + _C_STRING,
        newlines=False,
        preprocessor=True,
        directive=r"\?\?/",
    ),
    "c#": lambda: Language(
        "c#",
        _BLOCK + "|" + _SLASHES,
        r"\$?@\$?\"(?:\"\"|[^\"])*(?:\"|\Z)|(?<!\$)\$*\"\"\"[\s\S]*?(?:\"\"\"|\Z)|\$?" + _DQ + "|" + _SQ,
        newlines=False,
        preprocessor=True,
    ),
    "go": lambda: Language(
        "go",
        _BLOCK + "|" + r"//[^\n]*",
        r"`[^`]*(?:`|\Z)|" + _DQ + "|" + _SQ,
        directive=r"//(?:go:|export |line |extern |\s*\+build)|/\*line |#\s*(?:cgo|include|define|if|endif)",
    ),
    "rust": lambda: Language(
        "rust",
        _BLOCK + "|" + r"//[^\n]*",
        r"\b(?:br|cr|r)(?P<raw>#*)\"[\s\S]*?(?:\"(?P=raw)|\Z)|"
        + r"(?:\b[bc])?"
        + _DQ_LINES
        + r"|(?:\bb)?'(?:\\[^\n]|[^'\\\n])[^'\n]{0,9}?'(?!\w)",
        newlines=False,
        nested_comments=True,
    ),
    "ruby": lambda: Language(
        "ruby",
        r"^=begin\b[\s\S]*?(?:^=end\b[^\n]*|\Z)|^__END__\r?\n[\s\S]*|" + _HASH,
        r"\"(?:\\[\s\S]|#" + _INTERPOLATION + r"|[^\"\\])*(?:\"|\Z)|" + _SQ_LINES + r"|`(?:\\[\s\S]|[^`\\])*(?:`|\Z)"
        r"|%[qQwWiIrx]?(?:\([^()]*(?:\)|\Z)|\[[^\[\]]*(?:\]|\Z)|\{[^{}]*(?:\}|\Z)|\|[^|\n]*\|)",
        space=Space.PRESENCE,
        directive=_MAGIC + r"|^__END__",
        regex_literals=True,
        heredocs=True,
    ),
    "shell": lambda: Language(
        "shell",
        r"(?:(?<=[\s;&|(])|^)#[^\n]*",
        r"\$?\"(?:\\[\s\S]|[^\"\\])*(?:\"|\Z)|\$'(?:\\[\s\S]|[^'\\])*(?:'|\Z)|'[^']*(?:'|\Z)|\\[\s\S]|\$\{#",
        space=Space.PRESENCE,
        directive=r"#!|shellcheck\s+shell",
        carriage_return=True,
        heredocs=True,
    ),
    "sql": lambda: Language(
        "sql",
        _BLOCK + r"|--[^\n]*",
        r"'(?:''|[^'])*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)|(?P<raw>\$\w*\$)[\s\S]*?(?:(?P=raw)|\Z)",
        newlines=False,
        directive=r"/\*[!+]|--\s*[+@:]",
        nested_comments=True,
    ),
    "css": lambda: Language("css", _BLOCK, _DQ + "|" + _SQ + r"|url\([^()\n]*\)", newlines=False, space=Space.PRESENCE),
    "scss": lambda: Language(
        "scss", _BLOCK + "|" + _SLASHES, _DQ + "|" + _SQ + r"|url\([^()\n]*\)", newlines=False, space=Space.PRESENCE
    ),
    "html": lambda: Language(
        "html",
        _MARKUP_COMMENT,
        r"<(?:pre|textarea|script|style)\b[\s\S]*?(?:</(?:pre|textarea|script|style)\s*>|\Z)|" + _TAG,
        newlines=False,
        space=Space.PRESENCE,
        directive=r"<!--\s*(?:\[if|#|/?ko\b|build:|endbuild)|\[endif\]|\{[{%]",
    ),
    "xml": lambda: Language(
        "xml", _MARKUP_COMMENT, r"<!\[CDATA\[[\s\S]*?(?:\]\]>|\Z)|" + _TAG + r"|[^<\s][^<]*", newlines=False
    ),
    "yaml": lambda: Language("yaml", r"(?:(?<=\s)|^)#[^\n]*", _YAML_QUOTED, indent=True, space=Space.VERBATIM),
    "toml": lambda: Language(
        "toml",
        _HASH,
        r"\"\"\"(?:\\[\s\S]|[\s\S])*?(?:\"\"\"|\Z)|'''[\s\S]*?(?:'''|\Z)|" + _DQ + r"|'[^'\n]*(?:'|(?=\n)|\Z)",
    ),
    "ini": lambda: Language("ini", r"(?m:^)[ \t]*[#;][^\n]*", r"(?!)", indent=True, space=Space.VERBATIM),
    "json": lambda: Language("json", _BLOCK + "|" + _SLASHES, _DQ, newlines=False),
    "make": lambda: Language(
        "make", r"(?m:^)#[^\n]*(?<!\\)$", r"(?!)", indent=True, space=Space.VERBATIM, carriage_return=True
    ),
    "dockerfile": lambda: Language(
        "dockerfile", r"(?m:^)[ \t]*#[^\n]*", r"(?!)", indent=True, space=Space.VERBATIM, directive=r"#\s*\w+="
    ),
    "markdown": lambda: Language("markdown", prose=True),
}

_EXTENSIONS = {
    extension: name
    for name, extensions in {
        "python": "py pyi pyw",
        "javascript": "js jsx mjs cjs ts tsx mts cts",
        "java": "java groovy",
        "kotlin": "kt kts",
        "c": "c h",
        "c++": "cc cpp cxx hh hpp hxx ipp cu mm",
        "c#": "cs",
        "go": "go",
        "rust": "rs",
        "ruby": "rb rake gemspec ru",
        "shell": "sh bash zsh ksh",
        "sql": "sql",
        "css": "css",
        "scss": "scss less",
        "html": "html htm xhtml",
        "xml": "xml xsd xsl xslt svg pom csproj props targets",
        "yaml": "yaml yml",
        "toml": "toml",
        "ini": "ini cfg",
        "json": "json json5 jsonc",
        "make": "mk mak",
        "markdown": "md markdown rst adoc asciidoc",
    }.items()
    for extension in extensions.split()
}
_NAMES = {
    "makefile": "make",
    "gnumakefile": "make",
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "rakefile": "ruby",
    "gemfile": "ruby",
}


@lru_cache(maxsize=1024)
def language_of(path: str) -> Language | None:
    """Return the language of a path, told from its name, or None if no table fits."""
    name = path.rpartition("/")[2].lower()
    _, dot, extension = name.rpartition(".")
    found = _NAMES.get(name) or (_EXTENSIONS.get(extension) if dot else None)
    return _language(found) if found else None


@lru_cache(maxsize=64)
def _language(name: str) -> Language:
    return _MAKERS[name]()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Operators of more than one character: `= =` must not read as `==`.
OPERATORS = _words(
    ">>>= <<= >>= >>> **= //= ... ..= === !== <=> &&= ||= ??= &^= =~ !~ := => -> <- :: ++ -- && || ?? ?. == != <= >= "
    "<< >> += -= *= /= %= &= |= ^= ** // .. &^ </ /> #[ ##"
)
_PIECE = pattern(
    r"(?P<space>[ \t\r\f\v]+)|(?P<newline>\n)|(?P<word>[^\W\d]\w*)|(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)"
    r"|(?P<op>[\s\S])"
)


def pieces(text: str, start: int, end: int) -> Iterator[tuple[str | None, str]]:
    """All the tokens of a text that holds neither comments nor strings, white space too, each with its kind.

    Operators are looked up: in the pattern they would take most of the time in which it is compiled.
    """
    match = _PIECE.match
    while start < end and (found := match(text, start, end)):
        kind, stop = found.lastgroup, found.end()
        if kind == "op":
            while stop < end and text[start : stop + 1] in OPERATORS:  # whose beginnings are operators too
                stop += 1
        yield kind, text[start:stop]
        start = stop


#: The body of a regular expression literal, from its first slash.
REGEX_LITERAL = pattern(r"/(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]|[^/\\\n\[])+/\w*")
#: What opens a here-document; the second group is the word that ends it.
HEREDOC = r"<<(?:[-~][ ]?(?P<q1>[\"'`]?)(?P<w1>\w+)(?P=q1)|(?<!<<<)(?P<q2>[\"'\\]?)(?P<w2>[A-Z_][A-Z0-9_]*)(?P=q2)?)"


@lru_cache(maxsize=64)
def scanner(language: Language) -> re.Pattern[str]:
    """A pattern that finds comments and strings (and what may open one) only: fast over everything else."""
    parts = []
    if language.heredocs:
        parts.append(f"(?P<heredoc>{HEREDOC})")
    parts += [f"(?P<comment>{language.comment})", f"(?P<string>{language.string})"]
    if language.regex_literals:
        parts.append("(?P<slash>/)")
    return re.compile("|".join(parts), re.MULTILINE)
