"""Programs in other languages, given to a command as text: the command lines that they run, the files that they write.

No language is parsed. What is looked for is what all of them share: strings, calls with a string as an argument, and
a command line that begins with git's name where a command can begin. What a text makes by adding strings up is not
seen here, but by the look at the worktree after the command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from planfence import tables
from planfence.agents.paths import Write
from planfence.agents.shell.syntax import UnreadableError
from planfence.change.change import Action
from planfence.lazyregex import pattern

_BYPASS = pattern(
    r"--no-verify|core\.hookspath|['\"]core['\"],\s?['\"]hookspath|update-ref|symbolic-ref|commit-tree|fast-import|"
    r"git history|skip_hooks",
    re.IGNORECASE,
)
_COMMIT = r"""(?:['"]commit['"]|\.commit\()"""
_FLAT = rf"(?:(?!{_COMMIT})[^()\[\]{{}}])*?"
_INNER = rf"{_FLAT}(?:[\[({{]{_FLAT}(?:[\])}}]{_FLAT})?)?"
#: The words of a commit in one list or call, git's name somewhere else, with the one that leaves the hooks out.
_SKIPS = pattern(
    rf"""{_COMMIT}{_INNER}(?:['"]-(?-i:[aeiopqsvz]*+)n[a-z]*+['"]|\b(?:no_?verify|n)\s?(?:=|=>|:)\s?true)|"""
    r"""['"]-n['"](?:(?!['"]-n['"])[^()\[\]{}])*?['"]commit['"]""",
    re.IGNORECASE,
)
_COMMITS_BY_WORDS = pattern(_COMMIT)
#: That word, given to a name or to a list that is there.
_ADDED = pattern(r"""(?:\w\s?\+?=|\+|\.(?:append|extend|insert|push|unshift|concat)\((?:\d+,)?)\s?[\[(]?['"]-n['"]""")
#: The name of git, or of a library of git.
_GITS = pattern(r"\b(?:(?i:py|lib|j|node|simple|isomorphic)[-_]?)?[gG]it(?:2\w*|[A-Z_]\w*)?\b|(?i:dulwich|rugged)")
#: Calls by which libraries make commits, or move refs, without git's hooks.
_WITHOUT_GIT = pattern(
    r"(?:(?:\.|->|::)(?:create_?commit|do_commit|create_?reference|set_?reference|set_target)\b|"
    r"\b(?:create_?commit|do_commit|create_?reference|set_?reference|set_target)\(|porcelain\.commit\b|"
    r"\bporcelain import [^\n;]{0,80}?\bcommit\b|\bCommit\.create\()",
    re.IGNORECASE,
)
#: The same behind the name of a library whose call is named as a database's is.
_OWN_COMMIT = pattern(
    r"(?:isomorphic-git|nodegit)(?:(?!isomorphic-git|nodegit)[^;]){0,200}?"
    r"(?<!conn\.)(?<!\bdb\.)(?<!session\.)(?<!cursor\.)\bcommit\("
)
#: Its calls whose words are one object.
_OBJECT_CALL = pattern(
    r"\b(?:commit|writeRef|deleteRef|cherryPick)\(\s?\{|\bmerge\(\s?\{\s?(?:fs\b|\.\.\.)|"
    r"\(\s?\{\s?fs\b[^{}]{0,200}\bmessage\b"
)
_INSIDE_GIT = pattern(r"""(?:^|['"/\s])\.git/(?:hooks|config|refs|HEAD|planfence|index|info|packed-refs|logs)""")

#: A string, or a name that one was given to.
_ARGUMENT = (
    r"""(?:(?:\b(?:pathlib\.)?Path\(\s?)?[rbfu]?(['"`])(?P<path>[^'"`\n]+)\1|"""
    r"""(?<![\w$@])(?P<name>[A-Za-z_$@]\w*+))\)?"""
)
#: Calls whose first argument is a file that they write, if a mode behind it says so.
_OPENS = pattern(rf"""\b(?:open|fopen|openSync)\(\s?{_ARGUMENT}\s?,\s?(?:mode\s?=\s?)?['"][^'"\n]{{0,5}}[wax+]""")
#: Calls whose first argument is a file that they write or remove.
_TAKES = pattern(
    r"""\b(?:(?:writeFile|appendFile|unlink|rm|truncate)(?:Sync)?|createWriteStream|(?:write|append)TextFile(?:Sync)?|"""
    r"""file_put_contents|os\.(?:remove|unlink|truncate)|rmtree|(?:File|IO)\.(?:write|delete|binwrite)|Bun\.write|"""
    r"""Deno\.(?:remove|writeFile)(?:Sync)?|FileUtils\.(?:rm|rm_f|rm_rf|touch)|"""
    rf"""to_(?:csv|json|parquet|excel|pickle|html)|savefig|savetxt)\(\s?{_ARGUMENT}"""
)
_IN_PLACE = pattern(rf"fileinput\.input\(\s?{_ARGUMENT}")
#: Calls whose second argument is; those that move remove the first.
_GIVES = pattern(
    r"""\b(?P<verb>shutil\.(?:copy\w{0,5}|move)|os\.(?:rename|replace|symlink|link)|(?:copyFile|rename|symlink|cp)(?:Sync)?|"""
    r"""FileUtils\.(?:cp|cp_r|mv|ln_s|ln_sf|copy|move)|File\.rename|copy|move)(?:\(|\s)\s?"""
    r"""(?:[rbfu]?(?P<quote>['"`])(?P<source>[^'"`\n]++)(?P=quote)|[\w.$@]++)\s?,\s?"""
    + _ARGUMENT.replace(r"\1", r"(?P=mark)").replace("(['\"`])", "(?P<mark>['\"`])")
)
_ITSELF = pattern(rf"""{_ARGUMENT}\s?\.\s?(?:write_text|write_bytes|touch|unlink|open\(\s?(?:mode\s?=\s?)?['"][wax])""")
#: Perl's and awk's ways: `open(F, ">", "a")`, `open(F, ">a")`, `unlink "a"`, `print > "a"`.
_PERL = pattern(r"""\bopen\b[^;\n'"]{1,60}['"]\+?>{1,2}\s?(?:['"]\s?,\s?['"])?([^'"`\n]+)['"]""")
_REMOVES = pattern(r"""\bunlink\s+(['"])([^'"`\n]+)\1""")
_AWK = pattern(r"""\bprintf?\b[^;{}>]{0,60}>{1,2}\s?"([^"\n]+)\"""")
_AWK_PIPES = (pattern(r"""\|\s?"([^"\n]+)\""""), pattern(r"""\"([^"\n]+)"\s?\|\s?getline"""))
#: What gives a string to a name.
_NAMED = pattern(
    r"""(?<![\w$@])(?P<name>[A-Za-z_$@]\w*+)\s{0,3}:?=\s{0,3}(?:(?:pathlib\.)?Path\(\s?)?"""
    r"""[rbfu]?(['"`])(?P<path>[^'"`\n]+)\2"""
)
_LOOPED = pattern(r"""\bfor\s(?P<name>[A-Za-z_]\w*)\s(?:in|of)\s[\[(](?P<paths>[^\])]*)""")
_STRING = pattern(r"""(['"`])(.*?)\1""")

#: Calls that run a command line.
_RUNS = pattern(
    r"""\b(?:system|popen|Popen|run|call|check_call|check_output|getoutput|exec|execSync|spawn|spawnSync|execute|"""
    r"""callCommand|cmd|sh|shell|shell_exec|passthru|proc_open)\(\s?[rf]?(['"`])(?P<text>[^\n]+?)\1"""
)
#: What looks able, and is not.
_INNOCENT = pattern(
    r"""\bprocess\.(?:exit|argv|env|std\w+|cwd|version|platform)|(?<![\w.])open\(\s?[\w'"]|\bre\.exec\(|"""
    r"""\.execute(?:many|script)?\(\s?[rf]?["']{1,3}\s{0,20}"""
    r"""(?i:select|insert|update|delete|create|drop|alter|pragma|with)\b"""
)
#: Calls that hand their words on to git: `repo.git.commit("-n")`, `git("commit")`, `simpleGit().raw("commit")`.
_GIT_CALL = pattern(
    r"""(?:\bgit(?:\.(?P<name>[a-z_]{2,20}))?|(?:\b[gG]it\w*|\))(?:\(\))?\.raw)[(\[](?P<rest>[^)\n]{0,300})"""
)
_GIT_LIST = pattern(r"""(['"])(?:[\w./-]*/)?git\1(?P<rest>(?:\)\s?\.args\(|[\s,])[^\])]*)""")
_GIT = r"""(?=(?:[.~]{0,2}/[\w.-]++/[\w./-]*|\.{1,2}/)?(?:git|planfence)[ \t]+\S)"""
#: Where a command can begin in a program: a line's begin, an opening sign, a word that runs what is behind it.
_BEGINS = pattern(
    r"""(?:^[ \t]*+-?|["'`!@({\[;|&=:,>]|"""
    r"""\b(?:exec|spawn|shell|system|sh|run|do|then|else|sudo|silent|cmd|script|COMMAND|qw|qx|\de?))[ \t]*+"""
    r"""(?:[({\["'`|!@-]{1,2}[ \t]*+)?""" + _GIT,
    re.MULTILINE,
)
#: Where one can begin in a shell's command line, or in a text in which a sign or a word calls a shell.
_LINES = pattern(
    r"""(?:^[ \t]*+|[;|&`!]|!=|\$\(|^[\w.:-]{1,60}+=(?:\w{1,20}=)?)[ \t:@.^+({-]{0,20}+"""
    r"""(?:(?:exec|(?:platform[ \t])?shell|system|do|then|else|sudo|nohup|command|pager|\\P|term(?:inal)?)[ \t]++)?"""
    + _GIT,
    re.MULTILINE,
)
#: What a program needs in order to run a command line that it holds as a string, spelled out or put together: a word
#: that stands in the name of what runs others, a call, a library of git, a pipe, a string that is added up.
_ABLE = pattern(
    r"""(?i:sys(?:tem|cmd)|popen|exec|spawn|subprocess|passthru|\bpty\b|callcommand|readprocess|open_process|startprocess|"""
    r"""(?:call|start|make|file)-process|comint|\b(?:fabric|invoke|xonsh|plumbum|sarge)\b|"""
    r"""\(\s?(?:[\w.]{1,40}/)?process\*?\s|process-(?:lines|file)|shell-command|\(compile\s|open-(?:input-)?pipe|run-program|\bprogram\s')|"""
    r"""\b(?:run|call|check_call|check_output|getoutput|sh|cmd|shell|command|open[23]?|pipe|edit|"""
    r"""term_start|job_?start|unix|dos)\s?\(|"""
    r"""\b(?:shell=|child_process|Process\b|ProcessBuilder|sys\.process|process\.Child|cmds\s?:|qx\b|(?:node)?git\.\w+\()|"""
    r"""\b(?:simple-?[gG]it|pygit2|dulwich|nodegit|isomorphic-git|rugged|(?:import|from)\sgit)\b|\.raw\(|"""
    r"""\b(?:getattr|__import__|importlib|eval|globals|vars|send|dlopen|ctypes|Open3|getline|Command|webbrowser)\b|"""
    r"""[Cc]ommand(?:::|\s?\(|\s['"])|\b(?:sh|shell|script)\s["']|%x|\|\s?["']|["']\s?-?\||(?<!\|)\|\s?\w{1,40}\s?[;}]|"""
    r"""["']\s?[+.]\s?["']|\]\s?\(|`[$#@]"""
)
#: A recipe of make or just; below a keyword of Python stands none.
_RECIPE = pattern(
    r"^(?!(?:if|elif|else|for|while|with|try|except|finally|def|class|async|match|case|default)\b)"
    r"""[\w.%-][^\n:='"]{0,100}:(?![:=])[^\n]{0,200}(?:\n[ \t]+\S|;)""",
    re.MULTILINE,
)
_RECIPE_LINE = pattern(r"^(?:[ \t]+|[^\s:][^\n:]{0,100}:[^\n;]{0,200};[ \t]*)[@+-]*(\S[^\n]*)", re.MULTILINE)
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_WORD = pattern(r"""[^\s"'`()\[\]{},;]+""")


def runs(code: str) -> Iterator[str]:
    """Yield the shell command lines that a text plainly runs, lists of words that begin with 'git' among them."""
    for match in _RUNS.finditer(code):
        yield match["text"]
    able = is_able(code)
    for match in _GIT_LIST.finditer(code) if able else ():
        words = [text for _, text in _STRING.findall(match["rest"])]
        yield shlex.join(["git", *(words[1:] if words[:1] == ["git"] else words)])
    for match in _GIT_CALL.finditer(code):
        words = [text for _, text in _STRING.findall(match["rest"])]
        words += ["--no-verify"] if "no_verify" in match["rest"] else []
        yield shlex.join(["git", *([match["name"]] if match["name"] else []), *words])
    if recipe := _RECIPE.search(code):
        yield from _RECIPE_LINE.findall(code)
    yield from git_lines(code, strings=able or recipe is not None)


def calls(text: str) -> Iterator[str]:
    """Yield the command lines of git that a text hands to a call, whatever language it is in."""
    for match in _RUNS.finditer(text):
        yield from git_lines(match["text"])


def is_able(code: str) -> bool:
    """Whether a program holds anything by which it could run what stands in its strings."""
    return _ABLE.search(_INNOCENT.sub("", code)) is not None


def git_lines(text: str, *, strings: bool = False) -> Iterator[str]:
    """Yield what begins with git's name, or with ours, where a command can begin; ``strings``: in strings, too.

    Raises :class:`UnreadableError` if too much overlaps.
    """
    covered = overlapping = 0
    for match in (_BEGINS if strings else _LINES).finditer(text):
        if match.end() < covered and match[0].strip()[-1:] in _SEPARATORS:
            continue  # the next command of the line that begins before it
        line = text[match.end() : match.end() + _LONGEST].partition("\n")[0]
        before = text[max(0, match.end() - _LONGEST) : match.end()].rpartition("\n")[2]
        found = _until_closed(line, _quote_around(before) or match[0].strip()[-1:])
        overlapping += len(found) if match.end() < covered else 0
        if overlapping > _MOST_OVERLAPPING:
            raise UnreadableError("too many command lines inside one another")
        # Of a line that is cut, a command in the second half may be cut as well.
        covered = max(covered, match.end() + (len(found) if len(found) < _LONGEST else _LONGEST // 2))
        yield found


#: So much of a line is looked at, on both sides of where a command begins.
_LONGEST = 2000
_MOST_OVERLAPPING = 10 * _LONGEST
#: So many strings that one name is given are told apart.
_MOST_VALUES = 200
_SEPARATORS = (";", "|", "&")
_QUOTED = pattern(r"""\\.|["'`]""")


def _quote_around(before: str) -> str:
    """Return the quote that is open at the end of what stands before; empty: none."""
    opened = ""
    for match in _QUOTED.finditer(before):
        if not opened and match[0] in "\"'`":
            opened = match[0]
        elif match[0] == opened:
            opened = ""
    return opened


def plain_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a text without a shell's reading of them, for one that has none."""
    for part in re.split(r"[\n;|&]", text):
        if words := _WORD.findall(part):
            yield words


def _until_closed(line: str, opener: str) -> str:
    """Cut a line where the sign is closed that stands before it."""
    if opener and opener in "\"'`":
        return _parted(line, opener)[0].replace("\\" + opener, opener)
    close, level = _CLOSERS.get(opener, ""), 1
    if not close:
        return line
    for place, char in enumerate(line):
        level += (char == opener) - (char == close)
        if level == 0:
            return line[:place]
    return line


def _parted(text: str, mark: str, most: int = 1) -> list[str]:
    """Part a text at a mark that has no backslash before it."""
    parts, start, place = list[str](), 0, 0
    while place < len(text) and len(parts) < most:
        if text[place] == mark:
            parts.append(text[start:place])
            start = place + 1
        place += 2 if text[place] == "\\" else 1
    return [*parts, text[start:]]


def writes(code: str, arguments: Sequence[str] = ()) -> Iterable[Write]:
    """Return the files that a text plainly writes, each once.

    ``arguments`` are what the program is given (`sys.argv[1:]`).
    """
    for place, argument in enumerate(arguments, start=1):
        for name, shift in (("sys.argv", 0), ("process.argv", 0), ("$argv", 0), ("ARGV", -1), ("$ARGV", -1)):
            code = code.replace(f"{name}[{place + shift}]", repr(argument))
    return dict.fromkeys(_writes(code, _given(code)))


def _writes(code: str, given: Mapping[str, Iterable[str]]) -> Iterator[Write]:
    for expression in (_OPENS, _TAKES, _ITSELF, *([_IN_PLACE] if "inplace" in code else ())):
        for match in expression.finditer(code):
            yield from (Write(path) for path in _paths(match, given))
    for match in _GIVES.finditer(code):
        yield from (Write(path) for path in _paths(match, given))
        if match["source"] and ("move" in match["verb"] or "rename" in match["verb"] or match["verb"].endswith("mv")):
            yield Write(match["source"], Action.DELETE)
    yield from (Write(match[1]) for match in _PERL.finditer(code))
    yield from (Write(match[2], Action.DELETE) for match in _REMOVES.finditer(code))


def _given(code: str) -> Mapping[str, Iterable[str]]:
    """Return the strings that each name is given, each once. Raises :class:`UnreadableError` for too many."""
    given: dict[str, dict[str, None]] = {}
    for match in _NAMED.finditer(code):
        given.setdefault(match["name"], {})[match["path"]] = None
    for match in _LOOPED.finditer(code):
        given.setdefault(match["name"], {}).update(dict.fromkeys(text for _, text in _STRING.findall(match["paths"])))
    if any(len(texts) > _MOST_VALUES for texts in given.values()):
        raise UnreadableError("a name with too many values")
    return given


def _paths(match: re.Match[str], given: Mapping[str, Iterable[str]]) -> Iterable[str]:
    found: Iterable[str] = [match["path"]] if match["path"] else given.get(match["name"] or "", ())
    return [path for path in found if "{" not in path and "$" not in path and "\\" not in path]


def awk(code: str) -> tuple[list[str], list[str]]:
    """Return the files that an awk program prints to, and the command lines that it pipes to or from."""
    return _AWK.findall(code), [command for pipes in _AWK_PIPES for command in pipes.findall(code)]


def sed(script: str) -> tuple[list[str], list[str]]:
    """Return the files that a sed script writes (`w`), and the command lines that it runs (`e`); see sed(1) of GNU."""
    files, commands = [], []
    for line in re.split(r"[\n;{}]", script):
        rest = line.strip().lstrip("0123456789,$!~+ ")
        if rest[:1] == "/":  # an address
            rest = _parted(rest[1:], "/", 1)[-1].lstrip("0123456789,$!~+ I")
        if rest[:1] in ("w", "W") and rest[1:2] in (" ", ""):
            files.append(rest[1:].strip())
        elif rest[:2] == "e ":
            commands.append(rest[2:])
        elif rest[:1] == "s" and len(rest) > 1:
            parts = _parted(rest[2:], rest[1], 2)
            flags, _, file = parts[2].partition("w") if len(parts) == 3 else ("", "", "")
            if file.strip():
                files.append(file.strip())
            if "e" in flags:
                commands.append(parts[1])
    return [file for file in files if file], commands


#: A program that commits, and one that gives what it starts other variables than its own.
COMMITS = pattern(r"\bgit\b[\s\S]{0,500}?\b(?:commit|merge|rebase|am|cherry-pick|revert|push|pull)\b|\bplanfence\b")
_OTHER_VARIABLES = pattern(
    r"\benv\s*[=:]\s*(?:\{|dict\()|environ\.clear\(|clearenv|\b(?:exec|spawn)[lv]p?e\(|ENV\.clear|unsetenv_others|%ENV\s*="
)
#: A text for people; one that begins with a command line is looked at as that.
_PRINTED = pattern(r"""\b(?:print|puts|echo|console\.(?:log|error|warn))\(\s?(['"])(?!git\b)[^'"\n]*\1\s?\)""")
_CAPITALS = pattern(r"\b[A-Z][A-Z0-9]*_?[A-Z0-9_]*\b")
_WRITES = pattern(r"write|unlink|remove|rename|rmtree|chmod|symlink|^(?>.*?open\().*['\"][wax+]", re.MULTILINE)


def bypass(code: str) -> str:
    """Return the way round the fence that a one-line program names, or an empty string.

    A word alone is innocent (`print("--no-verify")`); it counts if the program also names git.
    """
    names_git = _GITS.search(code)
    own = _OBJECT_CALL.search(code) if "isomorphic-git" in code else None
    if names_git and (found := own or _WITHOUT_GIT.search(code) or _OWN_COMMIT.search(code)):
        return found[0]
    # A list that begins with git is judged by itself.
    committing = names_git and is_able(code) and _COMMITS_BY_WORDS.search(code)
    if committing and (found := _SKIPS.search(_GIT_LIST.sub("", code)) or _ADDED.search(code)):
        return found[0]
    found = _BYPASS.search(_PRINTED.sub("", code)) if names_git and is_able(code) else None
    if found and _GITS.search(code.replace(found[0], " ")):
        return found[0]
    if COMMITS.search(code):
        named = next((word for word in _CAPITALS.findall(code) if tables.says_who(word)), "")
        if named or _OTHER_VARIABLES.search(code):
            return named or "env="
    inside = _INSIDE_GIT.search(code)
    writes_there = inside and _WRITES.search(code)
    return ".git/" if writes_there else ""
