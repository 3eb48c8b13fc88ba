"""What each command line runs, writes and reads; bash itself is the oracle: all that it does is among what was told."""

# ruff: noqa: E501 - a table

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from planfence.agents.shell import judge
from planfence.agents.shell.syntax import WRITING_REDIRECTIONS, Command, UnreadableError, parse
from planfence.agents.shell.values import expand

#: A command line; the commands that it runs (`$`: what can't be told), the targets that it writes to, and what it reads
#: (files, here-documents, here-strings).
SAMPLES = [
    ('p1 "a $(p2 "b $(p3 \'c d\')" e) f"', ['p3 c d', 'p2 b $ e', 'p1 a $ f'], [], []),
    ('p1 \'a "b" $(no) `no`\' "it\'s"', ['p1 a "b" $(no) `no` it\'s'], [], []),
    ('p1 "a \\"b\\" \\$(no) \\`no\\`"', ['p1 a "b" $(no) `no`'], [], []),
    ('p1 a\\ b\\>c \'d\'"e"f', ['p1 a b>c def'], [], []),
    ('p1 `p2 \\`p3\\``', ['p3', 'p2 $', 'p1 $'], [], []),
    ('p1 "$ $(p2) $"', ['p2', 'p1 $ $ $'], [], []),
    ('p1 <<EOF\n$(p2 "a b") `p3` \\$(no) $((1<<2)) $ $(p4) > no\nEOF\np5', ['p2 a b', 'p3', 'p4', 'p1', 'p5'], [], ['$ $ $(no) $_ $ $ > no\n']),
    ("p1 <<'EOF' > f1; p2\n$(no) `no` > no\nEOF\np3", ['p1', 'p2', 'p3'], ['f1'], ['$(no) `no` > no\n']),
    ('p1 <<A <<-"B" | p2\n$(p3)\nA\n\t$(no)\n\tB\np4', ['p3', 'p1', 'p2', 'p4'], [], ['$\n', '$(no)\n']),
    ('p1 <<-E > f1 && p2\n\t$(p3)\n\tE\np4', ['p3', 'p1', 'p2', 'p4'], ['f1'], ['$\n']),
    ('p1 <<E\\OF\n$(no) \\\nEOF\np2', ['p1', 'p2'], [], ['$(no) \\\n']),
    ('p1 <<EOF\nno \\\nEOF\n$(p2)\nEOF\np3', ['p2', 'p1', 'p3'], [], ['no EOF\n$\n']),
    ('p1 "$(p2 <<\'EOF\'\nit\'s $(no)\nEOF\n)" > f1', ['p2', 'p1 $'], ['f1'], ["it's $(no)\n"]),
    ('p1 > f1 <<< "a $(p2)"', ['p2', 'p1'], ['f1'], ['a $']),
    ('p1 <(p2 a) >(p3 > f1)', ['p2 a', 'p3', 'p1 $ $'], ['f1'], []),
    ('p1 "${X:-$(p2)}" ${Y:=a}', ['p2', 'p1 $ a'], [], []),
    ('(( 4 > 3 )) && p1', ['p1'], [], []),
    ('[[ $i > 0 ]] && p1', ['p1'], [], []),
    ('[[ -n $(p1) && 2 < 3 ]] || p2', ['p1', '$', 'p2'], [], []),
    ('test 2 \\> 3; p1 $((2 > 1)) $((1 << $(p2)))', ['test 2 > 3', 'p2', 'p1 $ $$'], [], []),
    ('for ((i = 0; i < 2; i++)); do p1 $i > f1; done', ['p1 $'], ['f1'], []),
    ('for i in a b; do p1 $i; done 2> f1', ['for i in a b', 'p1 $'], ['f1'], []),
    ('case a in a|b) p1 > f1 ;; $(p2)) p3 ;; esac', ['p1', 'p2', '$', 'p3'], ['f1'], []),
    ('case a in\n  a) p1 ;;&\n  *) p2 ;;\nesac > f1', ['p1', 'p2'], ['f1'], []),
    ('f() { p1 "$@" > f1; }; f', ['p1 $', 'f'], ['f1'], []),
    ('function g { p1; } > f1; g', ['p1', 'g'], ['f1'], []),
    ('coproc p1 a > f1; wait', ['p1 a', 'wait'], ['f1'], []),
    ('coproc N { p1 > f1; }; wait', ['p1', 'wait'], ['f1'], []),
    ('a=(x y $(p1)); p2 ${a[@]}', ['p1', 'a=x\x1fy\x1f$\x1f', 'p2 $'], [], []),
    ('A=1 B=$(p1) p2 c=d', ['p1', 'A=1 B=$ p2 c=d'], [], []),
    ("p1 {a,b{c,d}}e {1..3} '{f,g}' {h}", ['p1 ae bce bde 1 2 3 {f,g} {h}'], [], []),
    ('p1 $\'a\\x20b\\\'\' $\'$(no)\' $"c"', ["p1 a b' $(no) c"], [], []),
    ("p1 a\\\nb \\\n  c 'd\\\ne'", ['p1 ab c d\\\ne'], [], []),
    ('p1 |& p2 && ! p3 || p4 & p5', ['p1', 'p2', 'p3', 'p4', 'p5'], [], []),
    ('p1 &> f1; p2 &>> f2; p3 >| f3; p4 <> f4; p5 2>> f5', ['p1', 'p2', 'p3', 'p4', 'p5'], ['f1', 'f2', 'f3', 'f4', 'f5'], []),
    ('p1 {fd}> f1 2>&1 >&2 2>&- > /dev/null', ['p1'], ['f1', '1', '2', '/dev/null'], []),
    ('> f1 p1 a; p2 > f2 b 2> f3 c', ['p1 a', 'p2 b c'], ['f1', 'f2', 'f3'], []),
    ('exec 3> f1; p1 >&3', ['exec', 'p1'], ['f1', '3'], []),
    ('p1 a#b # > no; no\np2', ['p1 a#b', 'p2'], [], []),
    ('p1 # a comment \\\np2', ['p1', 'p2'], [], []),
    ("eval 'p1 > f1'", ['eval p1 > f1'], [], []),
    ('{ p1; } 2> f1; ( p2 ) > f2', ['p1', 'p2'], ['f1', 'f2'], []),
    ('if p1; then p2; elif p3; then :; else p4; fi > f1', ['p1', 'p2', 'p3', ':', 'p4'], ['f1'], []),
    ('while ! p1; do p2; done < /dev/null; until p3; do break; done > f1', ['p1', 'p2', 'p3', 'break'], ['f1'], ['/dev/null']),
    ('time p1 > f1; ! p2', ['time p1', 'p2'], ['f1'], []),
    ('p1 é$(p2 ü) > fö', ['p2 ü', 'p1 é$'], ['fö'], []),
    ('select i in a b; do p1 $i; break; done < f1 > f2', ['for i in a b', 'p1 $', 'break'], ['f2'], ['f1']),
    ('p1 ~ ~/a *.py [ab] ? ] }', ['p1 ~ ~/a *.py [ab] ? ] }'], [], []),
    ('p1 2 > f1; p2 2> f2; p3 a2> f3', ['p1 2', 'p2', 'p3 a2'], ['f1', 'f2', 'f3'], []),
    ('declare -x A=$(p1); export B="$(p2)" C; local_=1 p3', ['p1', 'declare -x A=$', 'p2', 'export B=$ C', 'local_=1 p3'], [], []),
    ('p1 $$ $? $! $# $- "$*" ${#A} ${A%b} ${A/b/$(p2)}', ['p2', 'p1 $ $ $ $ $ $ $ $ $'], [], []),
    ('p1 ; p2 &\np3\n\n', ['p1', 'p2', 'p3'], [], []),
    ('[ c > f1 ]; [ 2 -gt 1 ] && p1', ['p1'], ['f1'], []),
    ('p1 < f1 | p2 < <(p3)', ['p1', 'p3', 'p2'], [], ['f1', '$']),
    ('cat <<EOF | bash\np1 > f1\nEOF', ['cat', 'bash'], [], ['p1 > f1\n']),
    ('p1 "${a[@]}" "${X:--n}" ${Y-\'b c\'}', ['p1 $ -n b c'], [], []),
    ('if [[ a =~ ^(a|b)$ ]]; then p1; fi', ['p1'], [], []),
    ('p1\n\\p2 a', ['p1', 'p2 a'], [], []),
    ('p1 "\n" \'a\nb\' && p2 \\\n# p3\np4', ['p1 \n a\nb', 'p2', 'p4'], [], []),
]  # fmt: skip

LEFT_ALONE = ("f", "g", "eval", "exec", "test", "declare", "export", "for", "wait", "break", ":", "time", "cat", "bash")


def told(commands: list[Command] | tuple[Command, ...], runs: list[str], writes: list[str], reads: list[str]) -> None:
    for command in commands:
        for word in (*command.words, *(redirect.target for redirect in command.redirects)):
            for part in word:
                told(part.commands, runs, writes, reads)
        words = [text for word in command.words for text in expand(word, {})]
        runs += [" ".join(words)] if words else []
        for operator, target in command.redirects:
            texts = expand(target, {}) if operator not in ("<<", "<<<") else ["".join(expand(target, {}))]
            (writes if operator in WRITING_REDIRECTIONS else reads).extend(texts)


@pytest.mark.parametrize(("script", "runs", "writes", "reads"), SAMPLES)
def test_what_a_command_line_runs_writes_and_reads(script, runs, writes, reads):
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    told(parse(script), *found)
    assert found == (runs, writes, reads)


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash to ask")
@pytest.mark.parametrize(("script", "runs", "writes"), [sample[:3] for sample in SAMPLES])
def test_bash_does_nothing_else(script, runs, writes, tmp_path):
    folder, log = tmp_path / "folder", tmp_path / "log"
    folder.mkdir()
    log.touch()
    # No program is found, so each one that would run is noted by its words.
    noting = 'command_not_found_handle() { printf "%s\\0" "$*" >> "$LOG"; }\n'
    subprocess.run(
        [shutil.which("bash"), "--norc", "-c", f"{noting}{script}\nwait"],
        cwd=folder,
        env={"PATH": "/nonexistent", "LOG": str(log), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )
    ran = [command for command in log.read_text().split("\0") if command and command.split()[0] not in LEFT_ALONE]
    known = [re.sub(r"^(\w+=\S* )+|^time ", "", run) for run in runs]
    patterns = [re.escape(run).replace(r"\$", ".*").replace(r"\~", ".*").replace(r"\ ", " *") for run in known]
    if script.startswith(("eval", "cat <<EOF | bash")):
        return  # what runs is in a text, which the judging takes apart again
    for command in ran:
        assert any(re.fullmatch(pattern, command, re.DOTALL) for pattern in patterns), command
    assert {path.name for path in folder.iterdir()} <= set(writes)


@pytest.mark.parametrize(
    "script",
    [
        "p1 'a > f1",
        'p1 "a $(rm b"',
        "if p1; then rm a",
        "rm a )",
        "cat <<E 'a\nE\nb' > f1",
        "p1 <<EOF > f1\n$(p2\nEOF",
        "p1 > f1\0",
        "git commit {1..99999}{1..99999}",
        "$(" * 3000 + "git commit -n",
    ],
)
def test_what_cannot_be_taken_apart_is_denied_if_it_could_write(script):
    with pytest.raises((UnreadableError, RecursionError)):
        told(parse(script), [], [], [])
    assert judge(script, "/r").attempts


def test_what_cannot_be_taken_apart_and_cannot_write_runs():
    assert not judge("if ls; then echo 'a", "/r").attempts


@pytest.mark.parametrize(
    "script",
    [
        "alias c='git commit -n'; c -m x",
        "alias c='git commit'; c -n -m x",
        "trap 'git commit -n -m x' EXIT",
        "coproc git commit -n -m x",
        "f() { git commit -n -m x; }; f",
        'echo "$ $(git commit -n -m x)"',
        "cat <<EOF\n$ $(git commit -n -m x)\nEOF",
        "cat <<EOF\n`git commit -n -m x`\nEOF",
        "cat <<A <<B\nA\n$(git commit -n -m x)\nB",
        "# a comment \\\ngit commit -n -m x",
        "cat <<'EOF'\nb \\\nEOF\ngit commit -n -m x",
        "{ bash; } <<EOF\ngit commit -n -m x\nEOF",
        "while true; do sh; done <<< 'git commit -n -m x'",
        'a=(git commit -n); "${a[@]}" -m x',
        "git commit ${X:--n} -m x",
        "git commit -m x {--no-verify,--}",
        "> log git commit -n -m x",
        "log=1 2>&- git commit -n -m x",
        "case a in a) git commit -n -m x ;; esac",
        "for ((;;)); do git commit -n -m x; done",
        "(( 1 > $(git commit -n -m x) ))",
        "[[ a == $(git commit -n -m x) ]]",
    ],
)
def test_no_syntax_hides_a_way_round(script):
    assert judge(script, "/r").attempts


@pytest.mark.parametrize(
    "script", ["(( n > 3 ))", "[[ $i > 0 ]]", "for ((i=0; i>3; i--)); do ls; done", "echo $((2>1))"]
)
def test_a_comparison_writes_nothing(script):
    assert not judge(script, "/r").writes


@pytest.mark.parametrize("script", ["y=$(# a\n); ls", "$(\n# a\n\n); ls", "a=`# b\n`; c\n\\d"])
def test_what_the_grammar_misreads_is_not_read_for_ever(script):
    assert judge(f"{script}; git commit -n -m x", "/r").attempts
