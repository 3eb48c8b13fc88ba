"""A shell command line, taken apart by tree-sitter's grammar of bash: simple commands, their words and redirections.

The grammar misreads a few things that bash reads well: several here-documents on a line and what follows
one, `<>`, `{fd}>`, `"$ $(x)"`, words behind a redirection. Those are put right here, and what still has an
error raises, so that nothing is judged by a guess. Quoting is kept: `'$(x)'` is text, `"$(x)"` runs x.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from planfence.lazyregex import pattern
from planfence.records import dataclass, field, replace

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

#: What a word is made of: unquoted text, quoted text, a variable's name, or commands to substitute.
RAW, QUOTED, VARIABLE, SCRIPT = "raw", "quoted", "variable", "script"
#: Redirections that write to their target.
WRITING_REDIRECTIONS = frozenset({"&>>", "&>", ">>", ">|", ">&", "<>", ">"})

#: Whether a command is run where it stands.
CERTAIN, PERHAPS, LATER = range(3)

_SIMPLE = frozenset({"command", "declaration_command", "unset_command", "variable_assignment"})
#: What the shell runs through from its first statement to its last.
_PLAIN = frozenset({"program", "compound_statement", "redirected_statement", "command_substitution"})
_REDIRECTIONS = frozenset({"file_redirect", "herestring_redirect"})
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
#: The text of a part that stands for a file in which a command's output is.
PROCESS = "<("
#: Parts the elements of an array in a variable's value.
SEPARATOR = "\x1f"
_GRAMMAR = frozenset({"{", "}", "!", "do", "done", "then", "fi", "esac", "else"})
_DESCRIPTOR = pattern(r"\d+|\{\w+\}")
_RUNS_INSIDE = pattern(r"(?:^|[^\\])(?:\\\\)*(?:`|\$\()")
_BACKTICKS = pattern(r"((?:^|[^\\])(?:\\\\)*)`((?:[^`\\]|\\.)*)`", re.DOTALL)
_DELIMITER = pattern(rb"""(?:'[^']*'|"[^"]*"|\\.|[^\s;&|<>()'"\\])+""")
#: The rest of the line that a here-document begins on, what is closed in it, and what is open then.
_LOGICAL_LINE = pattern(rb"(?:\\[\s\S]|[^\\\n])*")
_CLOSED = pattern(rb"""\\[\s\S]|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|`[^`]*`|[$<>]\([^()]*\)""")
_OPEN = pattern(rb"""['"`]|[$<>]\((?!\()""")
_ARITHMETIC = pattern(r"((?:^|[^\\])(?:\\\\)*)\$\(\([^()`$]*\)\)")
_CONTINUED = pattern(rb"(?<!\\)((?:\\\\)*)\\\n")
_CHANGE = pattern(r"\$\{[A-Za-z_]\w*((?:%%?|##?|//?|,,?|\^\^?|:)[^$`{}]*)\}")
_MOST_PASSES = 50
#: A dollar that begins no expansion, as what is unknown in a text that was put together: the grammar lacks it.
_LONE = pattern(rb"(?<![\\$])\$(?![\w{(\[*@#?$!'\"`\\-])")
_COMPARED = pattern(rb"(?<![^\s;&|(])\[ [^\[\]\n;|&]*?\s(\\[<>])(?=\s)")


class UnreadableError(ValueError):
    """The text is not a shell command that this can take apart."""


class WordPart(NamedTuple):
    """A piece of a word: its kind, its text, whether it is in quotes, the commands that it runs when it is expanded.

    ``default`` is what stands for a variable that has no value (`${x:-default}`), ``element`` which element of an array
    is meant, ``change`` what is done to the value (`%.py` of `${x%.py}`).
    """

    kind: str
    text: str
    quoted: bool = False
    commands: tuple[Command, ...] = ()
    default: str = ""
    element: str = ""
    change: str = ""


Word = tuple[WordPart, ...]


class Redirect(NamedTuple):
    """A redirection: its operator and its target (for a here-document, its text)."""

    operator: str
    target: Word


@dataclass(slots=True)
class Command:
    """One simple command. ``depth`` counts the subshells around it; ``piped``: it reads from the one before.

    Commands of one ``chain`` are joined by `&&`: what is behind runs if what is before did. ``certainty`` says
    whether the shell itself surely runs it here, perhaps, or at another time (a function's body). The first
    command of a subshell ``opens`` this depth; one without words ``defines`` the function of that name, whose ``body``
    are the commands behind it.
    """

    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    depth: int = 0
    piped: bool = False
    chain: int = 0
    certainty: int = CERTAIN
    opens: int = 0
    defines: str = ""
    body: tuple[Command, ...] = ()


def literal(word: Word) -> str:
    """Return a word's text as it stands, with `$` if something in it is unknown."""
    return "".join(part.text if part.kind in (RAW, QUOTED) else "$" for part in word).replace(SEPARATOR, " ")


def named(command: Command) -> Iterator[str]:
    """Yield the variables that a command's words, or what they run, name."""
    for word in (*command.words, *(redirect.target for redirect in command.redirects)):
        for part in word:
            if part.kind == VARIABLE:
                yield part.text
            for each in part.commands:
                yield from named(each)


def parse(script: str) -> list[Command]:
    """Return the simple commands of a script in order, those inside subshells and functions too.

    Commands inside substitutions are in the words' parts. Raises :class:`UnreadableError`.
    """
    if "\0" in script or any("\ud800" <= char <= "\udfff" for char in script):
        raise UnreadableError("a NUL byte, or half a character")
    return _ScriptReader(script, {}).commands


@cache
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _within(node: Node, *kinds: str) -> Iterator[Node]:
    """Yield the outermost nodes of these kinds, in the order of the text."""
    for child in node.children:
        if child.type in kinds:
            yield child
        elif child.child_count:
            yield from _within(child, *kinds)


def _every(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _every(child)


class _ScriptReader:
    """Reads one text. ``heredocs`` holds the here-documents that were cut out of it, by what stands in their place."""

    def __init__(self, script: str, heredocs: dict[str, Word]) -> None:
        self.heredocs = heredocs
        self.data = script.encode("utf-8", "surrogatepass")
        root = self._root()
        while (start := next(_within(root, "heredoc_start"), None)) is not None:
            self._cut_heredoc(start)
            root = self._root()
        root = self._repaired(root)
        if root.has_error:
            raise UnreadableError("the grammar has no reading for it")
        self.commands: list[Command] = []
        self._statement(root, Command())

    def _root(self) -> Node:
        return _parser().parse(self.data).root_node

    def _start(self, node: Node) -> int:
        """Return the byte at which a node begins: the grammar's `$` tokens take the blanks before them."""
        text = self.data[node.start_byte : node.end_byte]
        return node.start_byte + len(text) - len(text.lstrip(b" \t\r\n"))

    def _text(self, node: Node) -> str:
        return self._between(self._start(node), node.end_byte)

    def _between(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogatepass")

    def _cut_heredoc(self, start: Node) -> None:
        """Put `< NAME` in place of a here-document, whose text is then known by that name."""
        operator = start.prev_sibling
        if operator is not None and not operator.text and self.data.startswith(b"0<<", self._start(start)):
            # The grammar takes `0<<E` for a delimiter; without the descriptor it means the same.
            self.data = self.data[: self._start(start)] + self.data[self._start(start) + 1 :]
            return
        # The grammar takes what is glued to the delimiter for a part of it: `<<E;`.
        found = _DELIMITER.match(self.data, self._start(start))
        line = _LOGICAL_LINE.match(self.data, found.end()) if found else None
        if operator is None or found is None or line is None or _OPEN.search(_CLOSED.sub(b"", line[0])):
            raise UnreadableError("a here-document that begins inside a string")
        mark = found[0].decode("utf-8", "surrogatepass")
        delimiter = re.sub(r"""['"]|\\(?=.)""", "", mark)
        rest = self.data[line.end() + 1 :]
        rest = rest if delimiter != mark else _CONTINUED.sub(rb"\1", rest)
        body: list[str] = []
        lines = rest.decode("utf-8", "surrogatepass").split("\n")
        while lines:
            text = lines.pop(0)
            text = text.lstrip("\t") if operator.type == "<<-" else text
            if text == delimiter:
                break
            body.append(text)
        whole = "\n".join([*body, ""])
        name = f"__heredoc_{len(self.heredocs)}__"
        self.heredocs[name] = (WordPart(QUOTED, whole, True),) if delimiter != mark else _here_document(whole)
        head = self.data[: operator.start_byte] + f"< {name} ".encode() + line[0]
        self.data = b"\n".join([head, *(text.encode("utf-8", "surrogatepass") for text in lines)])

    def _repaired(self, root: Node) -> Node:
        """Join continued lines, and write otherwise what the grammar is known to misread."""
        for _ in range(_MOST_PASSES):
            if not (edits := sorted(self._repairs(root), reverse=True)):
                return root
            for place, old, new in edits:
                self.data = self.data[:place] + new + self.data[place + len(old) :]
            root = self._root()
        raise UnreadableError("the grammar misreads it time and again")

    def _repairs(self, root: Node) -> Iterator[tuple[int, bytes, bytes]]:
        kept: list[tuple[int, int]] = []
        led: list[tuple[int, bytes, bytes]] = []
        for node in _every(root):
            led_in = self.data.startswith(b"\n", node.start_byte) and self.data.startswith(b"\\", self._start(node))
            if node.type == "word" and led_in:
                # The grammar takes the end of the line before a backslash into the word.
                led.append((self._start(node), b"", b" "))
            elif node.type in ("comment", "raw_string"):
                kept.append((node.start_byte, node.end_byte))
            elif node.type == "ERROR" and node.text == b">" and self.data[: node.start_byte].endswith(b"<"):
                yield node.start_byte - 1, b"<>", b">|"
            elif node.type == "ERROR" and node.text == b"<" and self.data[node.end_byte :].startswith(b">"):
                yield node.start_byte, b"<>", b">|"
            elif node.type == "ERROR" and node.text == b"<<" and self.data[node.end_byte :].startswith(b"<"):
                yield node.start_byte, b"<<<", b"<&"
            elif node.type == "simple_expansion" and node.children[0].end_byte != self._start(node.children[-1]):
                # `"$ $(x)"`: the grammar takes the second dollar for the variable `$$`, and loses what x runs.
                yield node.children[0].end_byte - 1, b"$", b"\\$"
            elif node.type == "negated_command" and re.match(rb"!\s*\(\(", node.text or b""):
                # Behind `!`, the grammar takes `((…))` for subshells.
                yield node.start_byte, b"!", b" "
        # The grammar has no `\>` in `[ … ]`.
        for match in _COMPARED.finditer(self.data) if root.has_error else ():
            yield match.start(1), match[1], b"=="
        lone = [(match.start(), b"$", b"\\$") for match in _LONE.finditer(self.data) if root.has_error]
        joined = [(match.end() - 2, b"\\\n", b"") for match in _CONTINUED.finditer(self.data)]
        for place, old, new in (*lone, *joined):
            before = bisect(kept, (place, len(self.data)))
            if not before or kept[before - 1][1] <= place:
                led = []  # the lines are joined first
                yield place, old, new
        yield from led

    def _statement(self, node: Node, like: Command) -> None:
        """Add the commands of a statement; ``like`` says how deep they are, whether piped, and what they all read."""
        if node.type in _SIMPLE:
            self._simple(node, like)
        elif node.type == "redirected_statement":
            self._redirected(node, like)
        elif node.type == "pipeline":
            inside = replace(like, chain=0, certainty=max(like.certainty, PERHAPS))
            for index, child in enumerate(node.named_children):
                self._statement(child, replace(inside, piped=index > 0 or like.piped))
        elif node.type == "list":
            left, operator, right = node.children[0], node.children[1].type, node.children[-1]
            chained = replace(like, chain=like.chain or self._chain())
            self._statement(left, chained)
            behind = chained.chain if operator == "&&" else self._chain()
            self._statement(right, replace(chained, chain=behind, certainty=max(like.certainty, PERHAPS)))
        elif node.type == "for_statement":
            values = node.children_by_field_name("variable") + node.children_by_field_name("value")
            for_in = [((WordPart(RAW, text)),) for text in ("for", "in")]
            words = [self._word(value) for value in values]
            self.commands.append(Command([for_in[0], words[0], for_in[1], *words[1:]], [], like.depth))
            self._inside(node.children[-1], replace(like, chain=0, certainty=max(like.certainty, PERHAPS)))
        elif node.type == "subshell":
            first = len(self.commands)
            self._inside(node, replace(like, words=[], depth=like.depth + 1, chain=0))
            for command in self.commands[first : first + 1]:
                command.opens = like.depth + 1
        else:
            name = node.child_by_field_name("name") if node.type == "function_definition" else None
            if name is not None:
                self.commands.append(Command(depth=like.depth, certainty=like.certainty, defines=self._text(name)))
            first = len(self.commands)
            certainty = LATER if node.type == "function_definition" else CERTAIN if node.type in _PLAIN else PERHAPS
            self._inside(node, replace(like, chain=0, certainty=max(like.certainty, certainty)))
            if name is not None:
                self.commands[first - 1].body = tuple(self.commands[first:])

    def _chain(self) -> int:
        self.chains = getattr(self, "chains", 0) + 1
        return self.chains

    def _inside(self, node: Node, like: Command) -> None:
        """Add the commands that a node's children are or run; what is not a command can still hold substitutions."""
        counts = node.type == "c_style_for_statement" or self._text(node).startswith("((")
        compares = self._text(node).startswith("[ ")
        for child in node.named_children:
            if child.type in _REDIRECTIONS:
                self.commands.append(Command([], [self._redirect(child)], like.depth))
            elif child.type in _SUBSTITUTIONS:
                self.commands.append(Command([(self._substitution(child, True),)], [], like.depth))
            elif counts and child.type == "variable_assignment":
                self._inside(child, like)
            else:
                behind = child.next_sibling
                background = behind is not None and behind.type == "&"
                apart = replace(like, certainty=max(like.certainty, PERHAPS)) if background else like
                self._statement(child, apart)
                if compares and child.type == "binary_expression" and child.children[1].type in ("<", ">"):
                    # In `[ a > b ]`, other than in `[[ a > b ]]`, this is a redirection.
                    redirect = Redirect(child.children[1].type, self._word(child.children[-1]))
                    self.commands.append(Command([], [redirect], like.depth))

    def _substitutions(self, node: Node) -> Word:
        """Return what is run to expand a variable or to add up a number."""
        return tuple(self._substitution(each, True) for each in _within(node, *_SUBSTITUTIONS))

    def _simple(self, node: Node, like: Command) -> None:
        command = replace(like, words=[], redirects=list(like.redirects), chain=like.chain or self._chain())
        self._fill(command, [node] if node.type == "variable_assignment" else node.children)
        raw = [literal(word) if word[:1] and word[0].kind == RAW else "" for word in command.words[:3]]
        if raw[:1] == ["coproc"]:
            del command.words[: 3 if raw[2:] == ["{"] else 1]
        elif raw[:1] and raw[0] in _GRAMMAR:
            del command.words[0]
        self.commands.append(command)

    def _fill(self, command: Command, nodes: list[Node], end: int = -1) -> None:
        """Give a command the words and redirections of nodes, as bash parts them."""
        for node in nodes:
            if node.type in _REDIRECTIONS:
                start = self._start(node)
                if start == end and command.words and _DESCRIPTOR.fullmatch(literal(command.words[-1])):
                    command.words.pop()
                targets = node.children_by_field_name("destination")
                if not any(child.type in (">&-", "<&-") for child in node.children):
                    command.redirects.append(self._redirect(node))
                    targets = targets[1:]
                # The grammar takes `> a b c` for three targets; bash writes `a`, and the others are words.
                self._fill(command, targets)
                end = node.end_byte if targets else -1
            elif node.type == "subshell":
                self._statement(node, Command([], [], command.depth))
            else:
                start = self._start(node)
                word = self._word(node)
                if start == end and command.words:
                    before = command.words.pop()
                    # `$"…"` is a string to translate.
                    before = before[:-1] if node.type == "string" and before[-1:] == (WordPart(RAW, "$"),) else before
                    word = (*before, *word)
                command.words += _split(word)
                end = node.end_byte

    def _redirected(self, node: Node, like: Command) -> None:
        redirects = [child for child in node.children if child.type in _REDIRECTIONS]
        body = node.child_by_field_name("body")
        last = body
        while last is not None and last.type in ("list", "pipeline", "negated_command"):
            last = last.named_children[-1]
        if body is not None and last is not None and last.type in _SIMPLE:
            self._statement(body, like)
            self._fill(self.commands[-1], redirects, last.end_byte)
            return
        around = Command([], [], like.depth)
        self._fill(around, redirects)
        self.commands.append(around)
        if body is not None:
            read = [redirect for redirect in around.redirects if redirect.operator in ("<<", "<<<")]
            self._statement(body, replace(like, words=[], redirects=[*like.redirects, *read]))

    def _redirect(self, node: Node) -> Redirect:
        operator = next(child.type for child in node.children if not child.is_named)
        if node.type == "herestring_redirect":
            return Redirect(operator, self._word(node.children[-1]))
        target = self._word(node.children_by_field_name("destination")[0])
        if operator == "<" and (heredoc := self.heredocs.get(literal(target))) is not None:
            return Redirect("<<", heredoc)
        # A here-string behind another redirection is read as `<&`, see `_repaired`.
        return Redirect("<<<" if operator == "<&" else operator, target)

    def _word(self, node: Node) -> Word:
        """Return a node's parts; see :func:`_unescaped` for what must not be left in its text."""
        kind = node.type
        if kind in ("command_name", "translated_string", "concatenation"):
            # Anonymous children are text: the `$` at the end of `a$`.
            return tuple(part for child in node.children for part in self._word(child))
        if kind == "string":
            return (WordPart(QUOTED, "", True), *self._pieces(node, self._start(node) + 1, node.end_byte - 1))
        if kind == "raw_string":
            return (WordPart(QUOTED, self._text(node)[1:-1], True),)
        if kind == "ansi_c_string":
            return (WordPart(QUOTED, ansi(self._text(node)[2:-1]), True),)
        if kind == "variable_assignment":
            value = node.child_by_field_name("value")
            name = self._between(self._start(node), node.end_byte if value is None else self._start(value))
            return (
                WordPart(RAW, name),
                *(() if value is None else self._word(value)),
                *self._substitutions(node.children[0]),
            )
        if kind == "array":
            words = [self._word(child) for child in node.named_children]
            return tuple(part for word in words for part in (*word, WordPart(QUOTED, SEPARATOR, True)))
        return self._piece(node, quoted=False)

    def _pieces(self, node: Node, start: int, end: int) -> Iterator[WordPart]:
        """Yield the parts of a string or a here-document: expansions, and the text between them."""
        for child in node.children:
            if child.type in _SUBSTITUTIONS or child.type.endswith("expansion"):
                yield from _unescaped(self._between(start, self._start(child)), quoted=True)
                yield from self._piece(child, quoted=True)
                start = child.end_byte
        yield from _unescaped(self._between(start, end), quoted=True)

    def _piece(self, node: Node, *, quoted: bool) -> Word:
        if node.type in _SUBSTITUTIONS:
            return (self._substitution(node, quoted),)
        if node.type in ("expansion", "simple_expansion"):
            return (self._variable(node, quoted),)
        if node.type == "arithmetic_expansion":
            return (WordPart(VARIABLE, "((", quoted), *self._substitutions(node))
        return tuple(_unescaped(self._text(node), quoted=quoted))

    def _substitution(self, node: Node, quoted: bool) -> WordPart:
        text = self._text(node)
        if text.startswith("`"):
            inner = re.sub(r"\\([`\\$])", r"\1", text[1:-1])
            return WordPart(SCRIPT, "", quoted, tuple(_ScriptReader(inner, self.heredocs).commands))
        outer, self.commands = getattr(self, "commands", []), []
        self._inside(node, Command())
        found, self.commands = self.commands, outer
        return WordPart(SCRIPT, PROCESS if text.startswith("<(") else "", quoted, tuple(found))

    def _variable(self, node: Node, quoted: bool) -> WordPart:
        """Read `$x`, `${x}`, `${x[@]}` and `${x:-default}`; what else is done to a value leaves it unknown."""
        commands = tuple(command for part in self._substitutions(node) for command in part.commands)
        inner = node.children[1:-1] if node.type == "expansion" else node.children[1:]
        if [each.type for each in inner] == ["!", "variable_name"]:
            return WordPart(VARIABLE, self._text(inner[1]), quoted, commands, change="!")
        if not inner or inner[0].type not in ("variable_name", "special_variable_name", "subscript"):
            return WordPart(VARIABLE, "", quoted, commands)
        name, index = self._text(inner[0]), ""
        if inner[0].type == "subscript":
            name, _, index = name.partition("[")
            index = index.removesuffix("]").strip("'\"")
        index = name if name in ("@", "*") else index
        if len(inner) == 1:
            return WordPart(VARIABLE, name, quoted, commands, "", index)
        if inner[1].type in (":-", "-", ":=", "=", ":+", "+"):
            default = "".join(literal(self._word(child)) for child in inner[2:])
            # `${x:+-n}` stands for its own text if x is set, which may not be known.
            return WordPart(VARIABLE, "" if "+" in inner[1].type else name, quoted, commands, default)
        changed = _CHANGE.fullmatch(self._text(node))
        if changed and not index:
            return WordPart(VARIABLE, name, quoted, commands, change=changed[1])
        return WordPart(VARIABLE, "", quoted, commands)


def _split(word: Word) -> list[Word]:
    """Part a word at the blanks that the grammar left in it: for `] {a` it has one."""
    words: list[Word] = [()]
    for part in word:
        first, *others = re.split(r"\s+", part.text) if part.kind == RAW else [part.text]
        words[-1] = (*words[-1], part._replace(text=first))
        words += [(part._replace(text=other),) for other in others]
    return words


def _here_document(text: str) -> Word:
    """Read a here-document's text, in which `$` and backticks count and quotes do not."""
    text = _BACKTICKS.sub(lambda m: f"{m[1]}$(" + re.sub(r"\\([`\\$])", r"\1", m[2]) + "\n)", text)
    # The grammar knows no arithmetic in a here-document.
    text = _ARITHMETIC.sub(r"\1$_", text)
    if "$" not in text:
        return tuple(_unescaped(text, quoted=True))
    mark = "E"
    while mark in text:
        mark += "E"
    reader = _ScriptReader.__new__(_ScriptReader)
    reader.heredocs = {}
    reader.data = f"cat <<{mark}\n_{text}{mark}\n".encode("utf-8", "surrogatepass")
    root = reader._repaired(reader._root())
    body = next(_within(root, "heredoc_body"), None)
    if root.has_error or body is None:
        raise UnreadableError("a here-document that can't be taken apart")
    end = len(reader.data) - len(mark) - 1
    return tuple(reader._pieces(body, reader.data.index(b"\n") + 2, end))


def _unescaped(text: str, *, quoted: bool) -> Iterator[WordPart]:
    """Yield text with its backslashes taken away. Raises if the grammar left something in it that would be run."""
    if _RUNS_INSIDE.search(text):
        raise UnreadableError("a substitution that the grammar took for text")
    for piece in re.split(r"(\\.)", text, flags=re.DOTALL):
        if len(piece) > 1 and piece[0] == "\\" and (not quoted or piece[1] in '$`"\\'):
            yield WordPart(QUOTED, piece[1], True)
        elif piece:
            yield WordPart(QUOTED if quoted else RAW, piece, quoted)


def ansi(text: str) -> str:
    r"""Read `$'…'`, in which backslashes mean what they mean in C."""
    text = re.sub(r"\\[eE]", r"\\x1b", text)
    try:
        return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        return text
