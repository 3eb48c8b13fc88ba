"""A shell command line, taken apart: simple commands, their words, redirections and assignments.

It follows POSIX's token recognition (XCU 2.3) with bash's `$'…'`, `&>`, `<<<` and brace lists,
and keeps what quoting means, which `shlex` loses: `'$(x)'` is text, `"$(x)"` runs x. Grammar words
(`if`, `while`, `{`) are stepped over, since each simple command is judged by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from planfence.agents.shellparts import (
    QUOTED,
    RAW,
    SCRIPT,
    VARIABLE,
    Command,
    Part,
    Redirect,
    UnreadableError,
    Word,
    literal,
)

_OPERATORS = (
    "&>>",
    "<<<",
    "<<-",
    "&&",
    "||",
    ";;",
    "|&",
    "&>",
    ">>",
    ">|",
    ">&",
    "<<",
    "<&",
    "<>",
    "|",
    "&",
    ";",
    "<",
    ">",
    "(",
    ")",
)
_REDIRECTIONS = frozenset({"&>>", "&>", ">>", ">|", ">&", "<>", ">", "<", "<&", "<<<", "<<", "<<-"})
_GRAMMAR = frozenset(
    {"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "{", "}", "!", "time", "esac", "coproc"}
)


_SPECIAL_QUOTED = frozenset('\\`$"')
_SPECIAL = _SPECIAL_QUOTED | frozenset("' \t\r\n;|&()<>")


def parse(script: str) -> list[Command]:
    """Return the simple commands of a script in order, those inside subshells too.

    Commands inside substitutions stay in the words' :data:`SCRIPT` parts. Raises :class:`UnreadableError`.
    """
    return list(_Lexer(script.replace("\\\n", "")).commands())


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.pending: list[tuple[Redirect, Command, str]] = []

    def commands(self) -> Iterator[Command]:
        current, depth = Command(), 0
        while True:
            self._skip_blanks()
            if self.at >= len(self.text):
                break
            if self.text[self.at] == "\n":
                self.at += 1
                self._read_heredocs()
                operator = "\n"
            else:
                operator = self._operator()
            if operator in _REDIRECTIONS:
                self._redirect(operator, current)
                continue
            if operator:
                if current.words or current.redirects:
                    yield current
                depth = max(0, depth + (operator == "(") - (operator == ")"))
                current = Command(depth=depth, piped=operator in ("|", "|&") or (operator == "(" and current.piped))
                continue
            word = self._word()
            if not current.words and len(word) == 1 and word[0].kind == RAW and word[0].text in _GRAMMAR:
                continue
            current.words.append(word)
        self._read_heredocs()
        if current.words or current.redirects:
            yield current

    def _skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t\r":
            self.at += 1
        if self.text.startswith("#", self.at):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def _operator(self) -> str:
        found = next((op for op in _OPERATORS if self.text.startswith(op, self.at)), "")
        if found in ("<", ">") and self.text.startswith("(", self.at + 1):
            return ""  # process substitution is part of a word
        self.at += len(found)
        return found

    def _redirect(self, operator: str, command: Command) -> None:
        # `2>file`: the number before it was read as a word.
        glued = self.at >= len(operator) + 1 and self.text[self.at - len(operator) - 1].isdigit()
        if glued and command.words and len(command.words[-1]) == 1 and command.words[-1][0].text.isdigit():
            command.words.pop()
        self._skip_blanks()
        if self.at >= len(self.text):
            raise UnreadableError("a redirection to nowhere")
        target = self._word()
        redirect = Redirect(operator, target)
        if operator in ("<<", "<<-"):
            self.pending.append((redirect, command, literal(target)))
            return
        command.redirects.append(redirect)

    def _read_heredocs(self) -> None:
        for redirect, command, delimiter in self.pending:
            body: list[str] = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if redirect.operator == "<<-" else line) == delimiter:
                    break
                body.append(line)
            quoted = any(part.kind == QUOTED for part in redirect.target)
            text = "\n".join(body) + "\n"
            parts = (Part(QUOTED, text, True),) if quoted else here_document(text)
            command.redirects.append(Redirect("<<", parts))
        self.pending.clear()

    def expanded(self) -> Word:
        """Read the whole text as a here-document's: `$` and backticks count, quotes do not."""
        parts: list[Part] = []
        while self.at < len(self.text):
            self._piece(parts, in_double=True)
        return tuple(parts)

    def _word(self) -> Word:
        parts: list[Part] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\r\n;|&()" or (char in "<>" and not self.text.startswith("(", self.at + 1)):
                break
            if char in "<>":
                self.at += 1
                parts.append(Part(SCRIPT, self._bracketed("(", ")"), True))
            elif char == "'":
                parts.append(Part(QUOTED, self._until("'"), True))
            elif char == '"':
                self._double(parts)
            elif self.text.startswith("$'", self.at):
                self.at += 1
                parts.append(Part(QUOTED, self._ansi(), True))
            elif self.text.startswith('$"', self.at):
                self.at += 1
            else:
                self._piece(parts, in_double=False)
        return tuple(parts)

    def _piece(self, parts: list[Part], *, in_double: bool) -> None:
        """Read one character, escape, variable or substitution."""
        char = self.text[self.at]
        if char == "\\":
            following = self.text[self.at + 1 : self.at + 2]
            self.at += 2
            kept = following if not in_double or following in '$`"\\' else "\\" + following
            _append(parts, QUOTED, kept, True)
        elif char == "`":
            parts.append(Part(SCRIPT, self._until("`").replace("\\`", "`"), in_double))
        elif char == "$":
            self._dollar(parts, in_double)
        else:
            start = self.at
            self.at += 1
            special = _SPECIAL_QUOTED if in_double else _SPECIAL
            while self.at < len(self.text) and self.text[self.at] not in special:
                self.at += 1
            _append(parts, QUOTED if in_double else RAW, self.text[start : self.at], in_double)

    def _dollar(self, parts: list[Part], quoted: bool) -> None:
        self.at += 1
        if self.text.startswith("((", self.at):
            parts.append(Part(VARIABLE, "((" + self._bracketed("(", ")"), quoted))
        elif self.text.startswith("(", self.at):
            parts.append(Part(SCRIPT, self._bracketed("(", ")"), quoted))
        elif self.text.startswith("{", self.at):
            parts.append(Part(VARIABLE, self._bracketed("{", "}"), quoted))
        else:
            start = self.at
            while self.at < len(self.text) and (self.text[self.at].isalnum() or self.text[self.at] == "_"):
                self.at += 1
            if self.at == start and self.text[start : start + 1] and self.text[start] in "@*#?$!-":
                self.at += 1
            name = self.text[start : self.at]
            parts.append(Part(VARIABLE, name, quoted) if name else Part(QUOTED, "$", quoted))

    def _double(self, parts: list[Part]) -> None:
        self.at += 1
        parts.append(Part(QUOTED, "", True))
        while self.at < len(self.text):
            if self.text[self.at] == '"':
                self.at += 1
                return
            self._piece(parts, in_double=True)
        raise UnreadableError('a `"` is not closed')

    def _until(self, mark: str) -> str:
        start = self.at + 1
        end = start
        while end < len(self.text) and self.text[end] != mark:
            end += 2 if mark == "`" and self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise UnreadableError(f"a `{mark}` is not closed")
        self.at = end + 1
        return self.text[start:end]

    def _ansi(self) -> str:
        """Read `$'…'`, in which backslashes mean what they mean in C."""
        start = self.at + 1
        end = start
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise UnreadableError("a `$'` is not closed")
        self.at = end + 1
        try:
            return self.text[start:end].encode("latin-1", "backslashreplace").decode("unicode_escape")
        except UnicodeDecodeError:
            return self.text[start:end]

    def _bracketed(self, opening: str, closing: str) -> str:
        """Read to the bracket that closes the one at hand, over quotes and nested brackets."""
        start, level = self.at + 1, 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                self.at += 1
            elif char == "'" and opening == "(":
                self._until("'")
                continue
            elif char == '"':
                self._double([])
                continue
            elif char == opening:
                level += 1
            elif char == closing:
                level -= 1
                if level == 0:
                    self.at += 1
                    return self.text[start : self.at - 1]
            self.at += 1
        raise UnreadableError(f"a `{opening}` is not closed")


def here_document(text: str) -> Word:
    """Read a here-document's text, where `$` and backticks count and quotes do not."""
    return _Lexer(text).expanded()


def _append(parts: list[Part], kind: str, text: str, quoted: bool) -> None:
    if parts and parts[-1].kind == kind and parts[-1].quoted == quoted:
        parts[-1] = Part(kind, parts[-1].text + text, quoted)
    else:
        parts.append(Part(kind, text, quoted))
