"""Variables and places that a loop, a subshell or a prefix leaves behind, and the variable that names the task."""

from __future__ import annotations

import sys

import pytest

from planfence.agents.shell import judge

WRITES = {
    "g=s; for f in s ok; do g=$f; rm $g; done": {"s", "ok"},
    "g=ok; for f in s ok; do g=$f; rm $g; done": {"s", "ok"},
    "g=s; for f in h=y g=ok; do export $f; rm $g; done": {"s", "ok"},
    "for f in a b; do f=c true; rm $f; done": {"a", "b"},
    "f=s; env f=ok true; rm $f": {"s"},
    "for f in a b; do nice env f=c true; rm $f; done": {"a", "b"},
    "for d in s ok; do (cd $d && rm x); done": {"s/x", "ok/x"},
    "for d in s ok; do cd $d; rm x; cd ..; done": {"s/x", "ok/x"},
    "for d in s ok; do (cd $d; for f in 1 2; do rm $f; done); done": {"s/1", "s/2", "ok/1", "ok/2"},
    "(cd s && rm x); (cd ok && rm y)": {"s/x", "ok/y"},
    "( (cd s && rm x); (cd t && rm y) ); (cd ok && rm z)": {"s/x", "t/y", "ok/z"},
}


@pytest.mark.parametrize("command", WRITES)
def test_no_value_and_no_place_of_a_loop_is_lost(command):
    judged = judge(command, "/r")
    assert not judged.attempts
    assert {write.path.removeprefix("/r/") for write in judged.writes} == WRITES[command]


def test_each_place_of_a_loop_is_one_that_an_attempt_reaches():
    judged = judge("for d in a b; do (cd $d && git commit -n -m x); done", "/r", lambda _: True)
    assert {place for each in judged.attempts for place in judged.reaches(each)} >= {"/r/a", "/r/b"}


def steps(script, function):
    """Count the lines of a function that judging a script takes."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        return trace if frame.f_code.co_name == function else None

    outer = sys.gettrace()
    sys.settrace(trace)
    try:
        judge(script, "/r")
    finally:
        sys.settrace(outer)
    return count


def test_a_line_of_a_loop_costs_the_same_however_many_variables_there_are():
    few, many = ("for a in 1 2 3; do\n" + "\n".join(f"x{i}=$a" for i in range(n)) + "\ndone" for n in (20, 80))
    assert steps(many, "_rounds") < 5 * steps(few, "_rounds")


def test_open_braces_without_end_are_not_followed_to_the_end_of_the_word_each():
    assert steps("echo " + "{" * 3000, "_braces") < 300


NAMED = [
    "PLANFENCE_TASK=p/b\nexport PLANFENCE_TASK\ngit commit -m x",
    "set -a; PLANFENCE_TASK=p/b; git commit",
    "PLANFENCE_TASK=p/b; git commit",
    "read PLANFENCE_TASK <<< p/b",
    "printf -v PLANFENCE_TASK p/b",
    "for PLANFENCE_TASK in p/b; do git commit; done",
    "select PLANFENCE_TASK in p/b; do git commit; done",
    "unset PLANFENCE_TASK",
    "env -u PLANFENCE_TASK git commit",
    "export -n PLANFENCE_TASK",
    "export PLANFENCE_TASK",
    "export PLANFENCE_TASK=p/b claude; git commit",
    "export A PLANFENCE_TASK=p/b; git commit",
    "export A CLAUDECODE=; git commit",
    "declare -n r=PLANFENCE_TASK; r=p/b; git commit",
    "claude(){ git commit -m x; }; PLANFENCE_TASK=p/b claude",
    "function codex { git commit -m x; }; PLANFENCE_TASK=p/b codex",
    "alias claude='git commit'; PLANFENCE_TASK=p/b claude",
    "PLANFENCE_TASK=p/b /tmp/claude commit",
]
GIVEN = [
    "PLANFENCE_TASK=p/b claude -p x",
    "env PLANFENCE_TASK=p/b codex exec x",
    "run(){ PLANFENCE_TASK=$1 claude -p x; }; run p/a",
    "for t in p/a p/b; do PLANFENCE_TASK=$t claude -p x & done; wait",
    "echo $PLANFENCE_TASK",
    "declare -n r=x",
    "for d in pkg1 pkg2; do (cd $d && npm test); done",
    "git branch -M main",
    "git branch -m -q new",
    "git branch -D old",
    "git branch new",
]


@pytest.mark.parametrize(
    "command", [*NAMED, "git branch -f main", "git branch --force main", "git branch -qf main HEAD"]
)
def test_a_command_sets_no_task_and_moves_no_branch(command):
    assert judge(command, "/r").attempts


@pytest.mark.parametrize("command", GIVEN)
def test_what_starts_an_agent_or_only_looks_is_let_through(command):
    assert not judge(command, "/r").attempts
