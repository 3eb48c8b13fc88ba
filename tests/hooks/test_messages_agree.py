"""For every way in which git makes a message: what our hooks let through has git's own trailers, and stands."""

from __future__ import annotations

from random import Random

import pytest
from hooks.test_left import attempt
from hooks.test_record import HOOKS, commit, put

from planfence.change import message as messages
from planfence.errors import CouldNotCheck
from planfence.hooks import full
from planfence.hooks.cleanup import Cleanup
from planfence.judge.attribution import team_trailers
from planfence.manifest.policy import Policy
from planfence.manifest.trailers import PRESETS, TrailerRule, Trailers, forbidden, missing

WRITTEN = (("Plan-Task", "auth/middleware"), ("Plan-Stage", "implement"), ("Plan-Model", "human"))
OURS = "\n".join(f"{key}={value}" for key, value in WRITTEN)
SCISSORS = "------------------------ >8 ------------------------"
CLEANUPS = ("", "", "strip", "whitespace", "verbatim", "scissors", "default")
LINES = (
    "words", "", "# words", "#", "; words", f"# {SCISSORS}", f"; {SCISSORS}", f"# {SCISSORS}-", "---",
    "Conflicts:", "\tsrc/auth.py", "Signed-off-by: A <a@example.org>", "(cherry picked from commit 12)", "\x0c",
    "Key: v", " folded", "Plan-Task: auth/guide", "# Closes #12, closes #13", "caf\u00e9",
)  # fmt: skip
SETTINGS = (
    (), (), (), ("core.commentChar", ";"), ("core.commentChar", "auto"), ("core.commentChar", "x"),
    ("commit.cleanup", "scissors"), ("commit.cleanup", "verbatim"), ("commit.verbose", "true"),
    ("i18n.commitEncoding", "latin1"), ("i18n.commitEncoding", "UTF-16"),
)  # fmt: skip


@pytest.fixture
def hooked(repo):
    """The planned repository with our hooks, a task that was begun, and one commit behind it."""
    for name in HOOKS:
        put(repo, name)
    repo.start("auth/middleware")
    assert commit(repo, "begin\n") == ""
    return repo


@pytest.mark.parametrize("seed", range(10))
def test_what_the_hooks_let_through_stands(hooked, seed: int) -> None:
    random = Random(f"messages {seed}")
    for number in range(2):
        text = "feat: more\n" + "".join(f"{line}\n" for line in random.choices(LINES, k=random.randint(0, 7)))
        way(hooked, random, text, str(number))


def way(hooked, random: Random, text: str, content: str) -> None:
    head, settings = hooked.git("rev-parse", "HEAD"), dict[str, str]()
    setting, mode = random.choice(SETTINGS), random.choice(CLEANUPS)
    options = [f"--cleanup={mode}"] if mode else []
    options += ["-q", *random.choice(([], [], ["-v"], ["-s"]))]
    for key in ("core.commentChar", "commit.cleanup", "commit.verbose", "i18n.commitEncoding"):
        hooked.git("config", "--unset-all", key, ok=False)
    told = random.choice(("by the repository", "by -c", "by variables")) if setting else ""
    if told == "by the repository":
        hooked.git("config", *setting)
    elif told == "by -c":  # as `git -c` hands it on
        settings = {"GIT_CONFIG_PARAMETERS": f"'{setting[0]}'='{setting[1]}'"}
    elif told:
        key, value = setting
        settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": value}
    file = hooked.root / ".git/words"
    file.write_text(text, encoding="utf-8")
    how = random.choice((["-m", text], ["-F", str(file)], ["-F", str(file), "-e"], [], ["-e", "-F", str(file)]))
    editor = {} if "-m" in how else {"GIT_EDITOR": "true" if how else f"cat {file} -"}
    if not how:  # an editor that puts the words before git's own
        editor = {"GIT_EDITOR": f'sh -c \'cat {file} "$1" > "$1.new" && mv "$1.new" "$1"\' sh'}
    done = attempt(hooked, *options, *how, text=f"{text}{content}", **editor, **settings)
    said = f"{setting} {told} {options} {how} {text!r}\n{done.stderr}"
    if done.returncode:
        assert hooked.git("rev-parse", "HEAD") == head, said
        assert "Traceback" not in done.stderr, said
        assert (
            "THM0" in done.stderr
            or "scissors" in done.stderr
            or "i18n.commitEncoding" in done.stderr
            or "auth/guide" in done.stderr
        ), said
        hooked.git("reset", "-q", "--hard")
        return
    form = "--format=%(trailers:only,unfold,key_value_separator=%x3D)"
    local = told == "by the repository"
    # A clone with another prefix does not know `#` scissors, behind which the text may name what it likes.
    local = local and setting[:1] == ("core.commentChar",) and SCISSORS not in text
    for char in ("#", *(setting[1:] if local else ())):
        plain = ("-c", f"core.commentChar={char}", "log", "--encoding=none", "-1", form)
        ours = [line for line in hooked.git(*plain).split("\n") if line.startswith("Plan-")]
        assert "\n".join(ours) == OURS, f"{char} {said}"
    checked = hooked.planfence("check", "--commit", "HEAD")
    assert checked.returncode == 0, f"{checked.stdout}{said}"


@pytest.mark.parametrize("mode", ["scissors", "strip"])
@pytest.mark.parametrize("setting", ["core.commentChar=;", "commit.verbose=true", "core.commentChar=auto"])
def test_settings_of_the_command_alone_count(hooked, setting: str, mode: str) -> None:
    """`git -c`, as aliases and editors have it: trailers stood behind the scissors, and git cut them off."""
    hooked.write("src/auth.py", "other\n")
    text = "feat: more\n\nwords\n\n# see also\n#12\n; x"
    hooked.git("add", "-A")
    hooked.git("-c", setting, "commit", "-q", f"--cleanup={mode}", "-e", "-m", text, GIT_EDITOR="true")
    assert "Plan-Task: auth/middleware" in hooked.git("log", "-1", "--format=%(trailers)")
    assert hooked.planfence("check", "--commit", "HEAD").returncode == 0


@pytest.mark.parametrize("mode", ["scissors", "whitespace", "verbatim", "strip"])
def test_a_last_paragraph_of_comments(hooked, mode: str) -> None:
    hooked.git("config", "commit.cleanup", mode)
    done = attempt(hooked, "-m", "feat: more\n\nwords\n\n# a heading\n# of two lines", text="one\n")
    assert done.returncode == 0, done.stderr
    assert "Plan-Task: auth/middleware" in hooked.git("log", "-1", "--format=%(trailers)")
    assert hooked.planfence("check", "--commit", "HEAD").returncode == 0


@pytest.mark.parametrize("arguments", [("-m", "feat: other"), ("-m", "feat: other", "--date=now"), ("--no-edit",)])
def test_an_amended_message_stays_its_tasks(hooked, arguments: tuple[str, ...]) -> None:
    assert commit(hooked, "two\n") == ""
    before = hooked.git("log", "-1", "--format=%(trailers)")
    hooked.start("auth/guide")
    done = attempt(hooked, "--amend", *arguments, PLANFENCE_MODEL="codex")
    assert done.returncode == 0, done.stderr
    assert hooked.git("log", "-1", "--format=%(trailers)") == before
    assert "auth/middleware" in before


@pytest.mark.parametrize("paths", [1, 3])
def test_an_empty_message_is_judged_as_the_commit_will_be(hooked, paths: int) -> None:
    """It bears no trailer, so it is small unplanned work or none."""
    for number in range(paths):
        hooked.write(f"tests/auth/test_{number}.py", "one\n")
    hooked.git("add", "-A")
    done = attempt(hooked, "--allow-empty-message", "-m", "")
    assert (done.returncode == 0) is (paths == 1), done.stderr
    hooked.git("commit", "-q", "--no-verify", "--allow-empty-message", "-m", "", ok=False)
    assert (hooked.planfence("check", "--commit", "HEAD").returncode == 0) is (paths == 1)


@pytest.mark.parametrize(
    "behind",
    [
        "printf '\\nwords behind\\n' >> \"$1\"",
        "echo 'Change-Id: I1' >> \"$1\"",
        "sed -i '/^Plan-/d' \"$1\"",
        "printf 'feat: all new\\n' > \"$1\"",
        "sed -i 1s/^/'X-1 '/ \"$1\"",
        'sed -i s,auth/middleware,auth/guide, "$1"',
        "exit 3",
    ],
)
def test_what_a_hook_behind_ours_makes_of_the_message_is_judged_too(hooked, behind: str) -> None:
    put(hooked, "commit-msg", chained=f"#!/bin/sh\n{behind}\n".encode())
    for number in range(3):  # more than goes without a task
        hooked.write(f"tests/auth/test_{number}.py", "one\n")
    head = hooked.git("rev-parse", "HEAD")
    done = attempt(hooked, "-m", "feat: more\n\nwords", text="two\n")
    assert (done.returncode == 0) is not any(word in behind for word in ("guide", "exit")), done.stderr
    if done.returncode:
        assert hooked.git("rev-parse", "HEAD") == head
    else:
        assert hooked.planfence("check", "--commit", "HEAD").returncode == 0, hooked.git("log", "-1", "--format=%B")


ASKED = (
    *PRESETS.values(),
    Trailers(require=(TrailerRule("any", "Change-Id", "", "I{agent}"),), forbid=(TrailerRule("agent", "Acked-by"),)),
    Trailers(rewrite=(TrailerRule("any", "Co-authored-by", "agent", "{value}", "Helped-by"),)),
    Trailers(require=(TrailerRule("human", "Note", "a*z", "a to z"),)),
)
TYPED = (
    "words", "", "", "# words", f"# {SCISSORS}", f"; {SCISSORS}", "; words", "---", "Conflicts:", "\tsrc/auth.py",
    "Signed-off-by: A <a@example.org>", "Signed-off-by: Claude <noreply@anthropic.com>", "Acked-by: B", "Note: words",
    "CO-authored-BY : Claude <NoReply@Anthropic.com>", "Co-authored-by: Claude Opus\n <noreply@anthropic.com>",
    "Co-authored-by:\n\tCodex <noreply@openai.com>\r", "- Co-authored-by: Claude <noreply@anthropic.com>",
    "Assisted-by: claude", "Assisted-by:\n claude:opus", "Change-Id: I1", "Plan-Task: none", "Plan-Model: human",
)  # fmt: skip


@pytest.mark.parametrize("wanted", ASKED)
def test_what_is_written_for_the_team_is_what_git_keeps(wanted: Trailers) -> None:
    """Comments and scissors that git keeps hid a trailer from what was rewritten, and not from the boundary."""
    random, policy = Random(f"team {wanted}"), Policy(trailers=wanted)
    for _ in range(250):
        text = random.choice(("", "\n", "# top\n", "; top\n")) + random.choice(("feat: more\n", "Note: more\n"))
        text += random.choice(("", "\n")) + "".join(
            f"{line}\n" for line in random.choices(TYPED, k=random.randint(0, 6))
        )
        mode, comment = random.choice(("strip", "whitespace", "verbatim")), random.choice("##;;xCA")
        cleanup = Cleanup(mode, comment, random.random() < 0.3, mode == "strip", "")
        who = random.choice(("human", "claude", "agent"))
        before = messages.parse(cleanup.finished(text))
        if not before.subject:
            continue
        written = team_trailers(text, policy, who, comment, finished=cleanup.finished)
        after = messages.parse(cleanup.finished(written))
        said = f"{cleanup} {who} {text!r} {written!r}"
        assert after.subject == before.subject, said
        told = messages.trailer_lines(after.body)
        lacking = [rule for rule in missing(told, wanted, who) if rule.write]
        # An `agent` has no address to be named by, and git takes what begins with a comment's prefix for one.
        assert not lacking or "{coauthor}" in lacking[0].write or comment in "xCA", said
        left = [key for key, _ in forbidden(told, wanted, who) if key.lower() == "co-authored-by"]
        assert not left or not wanted.rewrite, said
        prose = [line for line in messages.clean(text, "").split("\n") if "words" in line]
        assert [line for line in written.split("\n") if "words" in line] == prose, said


@pytest.mark.parametrize("comment", ["#", ";", "//"])
def test_an_amended_message_bears_its_trailers_as_often_as_before(comment: str) -> None:
    """Whichever clean-up each amendment has: behind conflicts, scissors or a form feed they were doubled."""
    random = Random(comment)
    template = f"\n{comment} Please enter the message\n{comment}\n{comment} On branch x\n"
    lines = (*(line for line in LINES if "Plan-Task" not in line), "", "", "Conflicts:", f"{comment} words")
    for _ in range(400):
        text = "feat: more\n" + "".join(f"{line}\n" for line in random.choices(lines, k=random.randint(0, 8)))
        for edited in random.choices((True, False), k=3):
            mode = random.choice(("strip", "whitespace", "verbatim"))
            cleanup = Cleanup(mode, comment, edited and random.random() < 0.3, edited, "")
            kept, dropped = cleanup.parted(text + template * (mode == "strip"))
            try:
                text = cleanup.finished(full._written(kept, cleanup, WRITTEN) + dropped)
            except CouldNotCheck:
                break
            assert text.count("Plan-Task") == 1, text
            ours = [one for one in messages.parse(text).trailers if one[0].startswith("Plan-")]
            assert tuple(ours) == WRITTEN, text
