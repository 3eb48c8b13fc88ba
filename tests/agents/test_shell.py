from __future__ import annotations

import pytest

from planfence import tables
from planfence.agents.shell import judge

ATTACKS = [
    "for o in {1..300} --no-verify; do git commit $o -m x; done",
    "for o in -q -n; do git commit $o -m x; done",
    "for o in q n; do f=-$o; git commit $f -m x; done",
    "git commit --no-verify -m x",
    "git commit -n -m x",
    "git commit -anm 'x'",
    "git commit --no-veri -m x",
    "git -c core.hooksPath=/dev/null commit -m x",
    "git -c CORE.HOOKSPATH= commit -m x",
    "git config core.hooksPath /tmp/none",
    "git config --global --unset core.hooksPath",
    "git config set --local core.hooksPath x",
    "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null git commit -m x",
    "export GIT_CONFIG_PARAMETERS=\"'core.hooksPath=/dev/null'\"; git commit -m x",
    "env GIT_CONFIG_GLOBAL=/tmp/cfg git commit -m x",
    "git --config-env=core.hooksPath=EMPTY commit -m x",
    "git update-ref refs/heads/main HEAD~1",
    "git symbolic-ref HEAD refs/heads/other",
    "cd src && (cd .. && git commit -qn -m x)",
    "bash -c 'git commit --no-verify -m x'",
    'sh -lc "git add -A && git commit -n -m x"',
    "X=--no-verify; git commit $X -m x",
    "git commit $'--no\\x2dverify' -m x",
    "git commit --no-{verify,edit} -m x",
    "echo $(git commit -nm x)",
    "echo `git commit -nm x`",
    'echo "done: $(git commit -n -m x)"',
    "eval 'git commit --no-verify -m x'",
    "echo 'git commit -n -m x' | bash",
    "bash <<EOF\ngit commit --no-verify -m x\nEOF",
    "echo --no-verify | xargs git commit -m x",
    "timeout 10 nice -n 5 git commit -n -m x",
    "/usr/bin/git commit -n -m x",
    "git config alias.ci 'commit --no-verify'",
    "git -c alias.ci='!git commit -n' ci -m x",
    "git rebase main -x 'git commit --amend -n'",
    "git push --no-verify origin main",
    "git push origin :refs/planfence/ledger/a",
    "git merge --no-verify topic",
    "git commit-tree HEAD^{tree} -m x",
    "SKIP=planfence git commit -m x",
    "PLANFENCE_MODEL=human git commit -m x",
    "pre-commit uninstall",
    "planfence uninstall",
    "python3 -c \"import subprocess; subprocess.run(['git','commit','--no-verify'])\"",
    "python3 - <<'EOF'\nimport os\nos.system('git commit -m x --no-verify')\nEOF",
    "find . -name x -exec git commit -n -m x \\;",
    "if true; then git commit -n -m x; fi",
    "git \\\n  commit \\\n  --no-verify -m x",
    "git am -n < patch",
    "git${IFS}commit${IFS}-n${IFS}-m${IFS}x",
    "\\git commit -n -m x",
    "g''it com\"mit\" -n -m x",
    "A='git commit'; $A -n -m x",
    "python3 -c \"import os; os.system('git commit -n -m x')\"",
    "python3 -c \"import subprocess as s; s.run(['git', 'commit', '-anm', 'x'])\"",
    "node -e \"require('child_process').execSync('git commit -n -m x')\"",
    "git commit -m \"$(cat <<'EOF'\nfix: x\nEOF\n)\" --no-verify",
    "git commit --no-verify -m 'unclosed",
]

#: Ways to take a variable away, or to set it, before a command; `NAME` stands for the variable.
UNSETS = [
    "env -u NAME git commit -m x",
    "env -uNAME git commit -m x",
    "env --unset=NAME git commit -m x",
    "env --unset NAME git commit -m x",
    "env -i PATH=$PATH git commit -m x",
    "env -iu X git commit -m x",
    "env - git commit -m x",
    "env --ignore-environment git commit -m x",
    "/usr/bin/env -i bash -c 'git commit -m x'",
    "env -S '-i git commit -m x'",
    "exec -c git commit -m x",
    "unset NAME; git commit -m x",
    "unset -v NAME && git commit -m x",
    "unset ${!NA*}; git commit -m x",
    "export -n NAME; git commit -m x",
    "declare +x NAME; git commit -m x",
    "typeset +x NAME; git commit -m x",
    "NAME= git commit -m x",
    "NAME=0 git commit -m x",
    "NAME=; git commit -m x",
    "export NAME=; git commit -m x",
    "env NAME= git commit -m x",
    "sudo NAME= git commit -m x",
    "bash -c 'unset NAME; git commit -m x'",
    "(unset NAME; git commit -m x)",
    "timeout 5 env -u NAME git commit -m x",
    "read NAME < /dev/null; git commit -m x",
    "printf -v NAME ''; git commit -m x",
    "for NAME in ''; do git commit -m x; done",
    "X=NAME; unset $X; git commit -m x",
    "python3 -c \"import os; os.environ.pop('NAME'); os.system('git commit -m x')\"",
    "python3 -c \"import subprocess; subprocess.run(['git', 'commit'], env={})\"",
    "node -e \"require('child_process').execSync('git commit -m x', {env: {}})\"",
    "systemd-run --user git commit -m x",
    "tmux new -d 'git commit -m x'",
    "screen -dm git commit -m x",
    "echo 'git commit -m x' | at now",
]
NAMES = [
    *(name for name, _ in (*tables.SET_FOR_COMMANDS, *tables.SET_FOR_PEOPLE_TOO)),
    *tables.ANNOUNCING,
    "PLANFENCE_MODEL",
]


@pytest.mark.parametrize("way", UNSETS)
def test_who_is_at_work_can_not_be_taken_away(way):
    for name in NAMES[UNSETS.index(way) % 5 :: 5]:
        assert judge(way.replace("NAME", name), "/r").attempts, name


@pytest.mark.parametrize("name", NAMES)
def test_no_variable_that_says_who_is_at_work_is_forgotten(name):
    assert judge(f"env -u {name} git commit -m x", "/r").attempts
    assert judge(f"unset {name}", "/r").attempts


def test_the_teams_own_variables_and_a_persons_word():
    assert judge("ACME_BOT= git commit", "/r", own=("ACME_BOT",)).attempts
    assert not judge("ACME_BOT= git commit", "/r").attempts
    assert judge("PLANFENCE_URGENT='prod is down' git commit", "/r").attempts
    assert not judge("PLANFENCE_URGENT='prod is down' git commit", "/r", urgent="any").attempts
    assert judge("planfence approve 1", "/r").attempts


INNOCENT = [
    "env FOO=1 make test",
    "env -u FOO make",
    "unset FOO BAR",
    "unset -f helper",
    "export AGENT=reviewer",
    "COPILOT_MODEL=gpt-5 copilot -p x",
    "env | grep CLAUDECODE",
    "echo $CLAUDECODE $AI_AGENT",
    "python3 -c \"import os; print(os.environ.get('CLAUDECODE'))\"",
    "python3 -c \"import subprocess; subprocess.run(['make'], env={'A': '1'})\"",
    "tmux ls",
    "screen -ls",
    "read -r line < notes.txt",
    "exec bash -lc ls",
    "git commit -m 'explain why --no-verify is refused'",
    'git commit -m "-n"',
    "git commit -mn",
    "git commit -F notes.txt",
    "git commit --no-edit --amend",
    "git commit -s -S -m x",
    "git commit -m x -- --no-verify",
    "git commit -m \"$(cat <<'EOF'\nfix: never use git commit --no-verify\nEOF\n)\"",
    "echo 'git commit --no-verify'",
    "grep -rn 'core.hooksPath' docs",
    "git config --get core.hooksPath",
    "git config core.hooksPath",
    "git config get core.hooksPath",
    "git config user.name 'A B'",
    "git log -n 5 --oneline",
    "git log -n5 && git show --no-patch HEAD",
    "git symbolic-ref --short HEAD",
    "git push -n origin main",
    "git cherry-pick -n HEAD~1",
    "git merge -n topic",
    "git merge --no-verify-signatures topic",
    "git config alias.st 'status --short'",
    "cat .git/HEAD; ls .git/hooks",
    "rg update-ref src | head -n 3",
    "python3 -c \"print('--no-verify')\"",
    "GIT_CONFIG_GLOBAL=/dev/null git status",
    "GIT_PAGER=cat git log",
    "SKIP=ruff git commit -m x",
    "A=; git $A commit -m x",
    "python3 -c \"import subprocess as s; s.run(['git', 'commit', '-m', '-n'])\"",
    "git commit -uno -m x",
    "pytest -q -n 2 tests",
    "# git commit --no-verify",
    'echo "it\'s (fine"',
]


@pytest.mark.parametrize("command", ATTACKS)
def test_a_way_round_the_fence_is_seen(command):
    assert judge(command, "/r").attempts


@pytest.mark.parametrize("command", INNOCENT)
def test_what_only_looks_like_one_is_not(command):
    judged = judge(command, "/r")
    assert not judged.attempts
    assert not judged.writes


WRITES = [
    ("echo x > src/a.py", [("/r/src/a.py", None)]),
    ("echo x >> /etc/b 2>&1", [("/etc/b", None)]),
    ("make 2>err.txt &> all.txt", [("/r/err.txt", None), ("/r/all.txt", None)]),
    ("cat x | tee -a a.txt b.txt > /dev/null", [("/r/a.txt", None), ("/r/b.txt", None)]),
    ("sed -i 's/a/b/' a b", [("/r/a", "modify"), ("/r/b", "modify")]),
    ("sed -i.bak -e s/a/b/ a", [("/r/a", "modify")]),
    ("sed -Ei 's/a/b/' a", [("/r/a", "modify")]),
    ("sed -n 1,5p a", []),
    ("perl -pi -e 's/a/b/' a", [("/r/a", "modify")]),
    ("cp a b", [("/r/b", None)]),
    ("cp -r a b lib", [("/r/lib/a", None), ("/r/lib/b", None)]),
    ("cp a folder", [("/r/folder/a", None)]),
    ("cp -t folder a", [("/r/folder/a", None)]),
    ("mv a b", [("/r/a", "delete"), ("/r/b", None)]),
    ("rm -rf src/x", [("/r/src/x", "delete")]),
    ("cd src && rm x && cd .. ", [("/r/src/x", "delete")]),
    ("(cd src; rm x); rm y", [("/r/src/x", "delete"), ("/r/y", "delete")]),
    ("git rm a && git mv b c", [("/r/a", "delete"), ("/r/b", "delete"), ("/r/c", None)]),
    ("git rm --cached a", []),
    ("echo x > .git/hooks/pre-commit", [("/r/.git/hooks/pre-commit", None)]),
    ("chmod -x .git/hooks/pre-commit", [("/r/.git/hooks/pre-commit", "modify")]),
    ("find .git/hooks -type f -delete", [("/r/.git/hooks", "delete")]),
    ("dd if=/dev/zero of=a bs=1", [("/r/a", None)]),
    ("echo x > /dev/shm/work/a", [("/dev/shm/work/a", None)]),
    ("echo x > /dev/../r/a | tee /dev/fd/2 > /dev/tcp/localhost/80", [("/dev/../r/a", None)]),
    ("curl -sSLo a https://example.org", [("/r/a", None)]),
    ("cat > a <<'EOF'\n> b\nEOF", [("/r/a", None)]),
    ("apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** End Patch\nEOF",
     [("/r/a", "delete"), ("/r/b", "add")]),
    ("python3 -c \"open('a', 'w').write('x')\"", [("/r/a", None)]),
    ("python3 -c \"from pathlib import Path; Path('a').write_text('x')\"", [("/r/a", None)]),
    ("echo x > $UNKNOWN", []),
    ("F=a; echo x > $F", [("/r/a", None)]),
    ("for f in a b; do rm $f; done", [("/r/a", "delete"), ("/r/b", "delete")]),
    ('for f in a b; do echo x > "$f.py"; done', [("/r/a.py", None), ("/r/b.py", None)]),
    ("for f in a b; do cp $f d/$f; done", [("/r/d/a", None), ("/r/d/b", None)]),
    ("for a in x y; do for b in 1 2; do rm $a$b; done; done",
     [(f"/r/{name}", "delete") for name in ("x1", "x2", "y1", "y2")]),
    ("for f in a b; do :; done; f=c; rm $f", [("/r/c", "delete")]),
    ("for f in a b; do g=$f.md; rm $g; done", [("/r/a.md", "delete"), ("/r/b.md", "delete")]),
    ("for f in a b; do f=$f.md; rm $f; done", [("/r/a.md", "delete"), ("/r/b.md", "delete")]),
    ("for f in a b; do for g in $f.x $f.y; do rm $g; done; done",
     [(f"/r/{name}", "delete") for name in ("a.x", "a.y", "b.x", "b.y")]),
    ("for f in a; do cat $f; done; for f in b c; do rm $f; done", [("/r/b", "delete"), ("/r/c", "delete")]),
    ("sed -i '' s/a/b/ a", [("/r/a", "modify")]),
    ("chown me a; chmod g+w a", []),
    ("chown me .git/hooks/commit-msg", [("/r/.git/hooks/commit-msg", "modify")]),
    ("chmod -x,u+r a", [("/r/a", "modify")]),
    ("sed -i .bak 's/a/b/w c' a", [("/r/c", None), ("/r/a", "modify")]),
    ("printf 's/a/b/w c' > /tmp/s; sed -f /tmp/s a", [("/tmp/s", None), ("/r/c", None)]),
    ("tar -C .git/hooks -xf a.tar; unzip -q a.zip -d .git", [("/r/.git/hooks/$", None), ("/r/.git/$", None)]),
    ("tar --exclude test -czf a.tgz src", [("/r/a.tgz", None)]),
    ("rsync -a --exclude .git ./ b/", [("/r/b/.", None)]),
    ("find -path './.git/hooks/*' -delete", [("/r/./.git/hooks/*", "delete")]),
    ("find -path ./.git -prune -o -name a -delete", []),
    ("setfacl -m u::r .git/index a", [("/r/.git/index", "modify")]),
    ("truncate -s 0 a; touch b", [("/r/a", None), ("/r/b", None)]),
    ("echo a -> b", [("/r/b", None)]),
    ("echo 'a > b'", []),
    ("test 1 -gt 0 && [[ a < b ]]", []),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), WRITES)
def test_what_a_command_writes(command, expected):
    judged = judge(command, "/r", lambda path: path == "/r/folder")
    assert not judged.attempts
    assert [(write.path, write.action) for write in judged.writes] == expected
