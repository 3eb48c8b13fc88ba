"""The ways out of a refusal that rules share: each returns lines that can be typed where the refusal stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from planfence.change import message as messages
from planfence.change.message import Message
from planfence.finding import Finding
from planfence.gitio import paths
from planfence.inert import inert
from planfence.ledger.stages import HUMAN, Stage
from planfence.rules.refusalcontext import At
from planfence.rules.rule import Case, Context, NextStep, Way

#: Where git keeps the message of the commit that was refused.
EDITMSG = '"$(git rev-parse --git-path COMMIT_EDITMSG)"'
#: How git gives back the message of a commit that was refused.
LOST_MESSAGE = f"git commit -e -F {EDITMSG}"


def word(text: str) -> str:
    """Return a text as one word of a shell."""
    import shlex  # a clean commit types nothing

    return shlex.quote(text)


def quote(path: str) -> str:
    """Return a path as a shell reads it; one that can't be shown is spelled by `printf`, which every shell has."""
    if inert(path) == path:
        return word(path)
    octal = "".join(chr(byte) if 47 < byte < 123 and byte != 92 else f"\\{byte:03o}" for byte in paths.encode(path))
    return f"\"$(printf '{octal}')\""


def _quoted(found: Iterable[str]) -> str:
    return " ".join(quote(path) for path in dict.fromkeys(found))


def _named(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.path for finding in findings if finding.path))


def remade(case: Case, tip: str, earlier: str = "") -> str:
    """Return a line that makes a commit anew: ``tip`` does so with HEAD; in a rebase ``earlier``, or the same.

    Empty for a merge and a root, which neither can make anew.
    """
    change = case.ctx.change
    if len(change.parents) != 1:
        return ""
    if case.place.at is At.TIP:
        return tip
    name = change.name[:7]
    stop = f"GIT_SEQUENCE_EDITOR=\"sed -i.bak 's/^pick {name}/edit {name}/'\" git rebase -q -i -r {name}^"
    return f"{stop} && {earlier or tip} && GIT_EDITOR=: git rebase --continue"


def committed(case: Case, words: str) -> str:
    """Return the `git commit` that was refused, with other words."""
    options = " --amend" if case.place.amends else ""
    options += " -a" if case.place.at is At.ALL else ""
    tail = f" -- {_quoted(case.ctx.change.paths)}" if case.place.at is At.PATHS else ""
    return f"git commit{options}{f' {words}' if words else ''}{tail}"


def again(case: Case) -> str:
    """Return the very `git commit` that was refused, to be typed again."""
    words = case.place.words
    if words and not {"-F", "--file=-"} & set(words) and all(each.isprintable() for each in words):
        return " ".join(["git", *(word(each) for each in words[1:])])
    if case.place.text is None:
        return committed(case, "")
    return committed(case, f"{'--cleanup=strip ' if case.place.edited else ''}-F {EDITMSG}")


# -- keeping paths out --------------------------------------------------------------------------------------------


def without(case: Case, left_out: tuple[str, ...], why: str, settles: tuple[Finding, ...]) -> Iterator[NextStep]:
    """Leave paths out of the change, with what they hold kept; settles nothing if nothing else would remain."""
    words, at = _quoted(left_out), case.place.at
    rest = set(case.ctx.change.paths) - set(left_out)
    settles = settles if rest or case.place.amends else ()
    if not left_out:
        return
    if at is At.INDEX:
        yield NextStep(why, f"git restore --staged -- {words}", settles)
    elif at is At.PATHS and any(f.path in left_out and not f.old_mode for f in case.ctx.change.files):
        line = f"git commit -F {EDITMSG} -- {_quoted(sorted(rest))}"
        yield NextStep(f"{why}: name the others alone", line, settles if case.place.text else ())
    elif at in (At.ALL, At.PATHS, At.PICK, At.REVERT, At.REBASE):
        if rest or not case.place.under_way:
            yield NextStep(f"{why} (`git stash pop` brings it back)", _aside(case, left_out), settles)
    elif case.place.made and rest:
        name = case.ctx.change.name[:12]
        inner = f"git reset -q --soft HEAD^ && git restore --staged -- {words} && git commit -q -C {name}"
        # A rebase goes on from a clean worktree alone; what is put back there stays in the old commit.
        aside = f"git reset -q --soft HEAD^ && git restore -SW -- {words} && git commit -q -C {name}"
        if line := remade(case, inner, aside):
            yield NextStep(why, line, settles)
    elif case.place.made and len(case.ctx.change.parents) == 1:
        yield NextStep("take the commit back, since nothing else is in it", _taken_back(case))


def _aside(case: Case, left_out: tuple[str, ...]) -> str:
    """Put changes aside in the worktree too. A stash can't name what is deleted, and of that nothing is lost."""
    gone = [file.path for file in case.ctx.change.files if file.path in left_out and not file.new_mode]
    there = [path for path in left_out if path not in gone]
    lines = [f"git stash push -- {_quoted(there)}"] if there else []
    lines += [f"git restore -SW -- {_quoted(gone)}"] if gone else []
    return " && ".join(lines)


def _taken_back(case: Case) -> str:
    if case.place.at is At.TIP:
        return "git reset -q --soft HEAD^"
    name = case.ctx.change.name[:7]
    return f"GIT_SEQUENCE_EDITOR=\"sed -i.bak 's/^pick {name}/drop {name}/'\" git rebase -q -i -r {name}^"


def keep_out(case: Case) -> Iterator[NextStep]:
    """Keep the paths that were found out of this commit."""
    found = _named(case.findings)
    settled = tuple(finding for finding in case.findings if finding.path in found)
    yield from without(case, found, "keep it out of this commit", settled)


def one_side(case: Case) -> Iterator[NextStep]:
    """In a merge, take the other side's file whole: what nobody edited is nobody's change."""
    found = _named(case.findings)
    if case.place.at is At.MERGE and found:
        line = f"git checkout MERGE_HEAD -- {_quoted(found)}"
        yield NextStep("take the other side's version whole, without what you resolved", line)


# -- letting the plan or a person allow it ------------------------------------------------------------------------


def amend_plan(case: Case) -> Iterator[NextStep]:
    """Let the task list the paths, by a commit of its own before this one."""
    ctx, place = case.ctx, case.place
    if ctx.task is None or place.under_way or place.amends or place.at is At.EARLIER:
        return
    adds = {path: _pattern(path) for path in _named(case.findings) if _can_add(ctx, path)}
    if not adds:
        return
    words = " ".join(f"--add {quote(pattern)}" for pattern in adds.values())
    line = f'planfence plan amend {ctx.task_name} {words} --why "…"'
    if place.at is At.TIP:
        line = remade(case, f"git reset -q --soft HEAD^ && {line} && git commit -q -C {ctx.change.name[:12]}")
    widens_itself = (
        ctx.model != HUMAN and ctx.model in (ctx.plan.model_for(ctx.task, Stage.IMPLEMENT),) if ctx.plan else False
    )
    rides = any(ctx.policy.governs(path) for path in ctx.change.paths)
    settled = () if widens_itself or rides else tuple(f for f in case.findings if f.path in adds)
    if line:
        wish = f"let {ctx.task_name} touch {' '.join(adds)}, by a commit of the plan"
        yield NextStep("let the plan allow it, in a commit of its own", line, settled, ctx.model != HUMAN, wish)


def _can_add(ctx: Context, path: str) -> bool:
    assert ctx.task is not None
    pattern = _pattern(path)
    allowed = not ctx.policy.governs(path) and not paths.matches(ctx.task.deny, path)
    return allowed and paths.fault(pattern) is None and paths.matches((pattern,), path)


def _pattern(path: str) -> str:
    """Return a pattern that names the path: a byte that TOML can't hold is `?`, and so is what patterns know."""
    return "".join("?" if "\udc80" <= char <= "\udcff" or char in "*[\\" else char for char in path)


def begin_task(case: Case) -> Iterator[NextStep]:
    """Work under a task that lists all of the change's paths."""
    ctx, place = case.ctx, case.place
    if ctx.message and ctx.message.trailer(messages.TASK_TRAILER):
        return
    for name in place.tasks(ctx.change.paths)[:2]:
        line = f"planfence start {name}"
        if place.made:
            again = f'git commit -q --amend --no-edit --trailer "{messages.TASK_TRAILER}: {name}"'
            line = remade(case, f"{line} && {again}")
        if line:
            wish = f"start the task {name}, which lists these files"
            yield NextStep("work under the task that lists these files", line, case.findings, ctx.model != HUMAN, wish)


def some_task(case: Case) -> Iterator[NextStep]:
    """Say how a task is begun, if none lists the paths."""
    if not case.place.made and not case.place.tasks(case.ctx.change.paths):
        wish = "start a task that lists these files"
        yield NextStep("work under a task", "planfence start PLAN/TASK", asks=case.ctx.model != HUMAN, wish=wish)


def urgent(case: Case) -> Iterator[NextStep]:
    """Say why it can't wait: the commit passes, and bears the reason."""
    ctx, place = case.ctx, case.place
    if ctx.policy.unplanned.urgent == "off" or place.at is At.EDIT:
        return
    why, line, settles = "say why it can't wait, which is recorded", "", case.findings
    if place.made:
        trailer = f'git commit -q --amend --no-edit --trailer "{messages.URGENT_TRAILER}: why"'
        line = trailer if len(ctx.change.parents) > 1 and place.at is At.TIP else remade(case, trailer)
    elif place.at is At.REBASE and ctx.message is not None and ctx.message.trailer(messages.TASK_TRAILER):
        return  # in a rebase the commit's own trailers count
    elif place.under_way:
        line = 'PLANFENCE_URGENT="why" git commit --no-edit'
    else:
        line = f'PLANFENCE_URGENT="why" {again(case)}'
    if line:
        asks = not ctx.policy.unplanned.lets(ctx.model)
        if asks and place.made:
            return  # its author is written in it, so that no word of a person makes it urgent
        yield NextStep(why, line, settles, asks, "commit it as urgent, if it can't wait")


def give_up(case: Case) -> Iterator[NextStep]:
    """Stop what is under way, if nothing else can be typed in its middle."""
    command = {At.REBASE: "rebase", At.MERGE: "merge", At.PICK: "cherry-pick", At.REVERT: "revert"}
    if case.place.under_way:
        yield NextStep("go back to before it, and begin again", f"git {command[case.place.at]} --abort")


def ask(who: Callable[[Case], str]) -> Way:
    """Return a way that asks somebody else to make the same commit."""

    def way(case: Case) -> Iterator[NextStep]:
        """Let a person, or who may, make the same commit."""
        place = case.place
        line = again(case)
        if place.made:
            line = "git reset --soft HEAD^" if place.at is At.TIP else f"git rebase -i {case.ctx.change.name[:7]}^"
        yield NextStep(who(case), line, asks=True)

    return way


# -- other content ------------------------------------------------------------------------------------------------


def split(case: Case) -> Iterator[NextStep]:
    """Make one commit for each theme."""
    at, ctx = case.place.at, case.ctx
    if len(ctx.change.files) < 2 and ctx.content is None:
        return  # one file of one kind stays one commit
    why = "make one commit for each theme (without --apply: look first)"
    if at is At.INDEX and not case.place.amends:
        yield NextStep(why, "planfence split --apply", asks=False)
    elif at is At.ALL:
        yield NextStep(why, "git add -u && planfence split --apply")
    elif at is At.TIP and len(ctx.change.parents) == 1:
        yield NextStep(why, f"planfence split --commit {ctx.change.name[:12]} --apply")


# -- another message ----------------------------------------------------------------------------------------------


def reworded(case: Case, message: str, why: str, settles: tuple[Finding, ...]) -> Iterator[NextStep]:
    """Make the same commit with another message of one line; the trailers that we wrote stay."""
    place = case.place
    words = f"-m {word(message)}"
    if not place.made:
        if place.text is not None:
            yield NextStep(why, committed(case, words), settles)
        return
    old = case.ctx.message
    kept = [(key, old.trailer(key)[0]) for key in messages.OWN_TRAILERS if old and old.trailer(key)]
    words += "".join(f" --trailer {word(f'{key}: {value}')}" for key, value in kept)
    if line := remade(case, f"git commit -q --amend {words}"):
        yield NextStep(why, line, settles)


def retyped(case: Case, kind: str, why: str, settles: tuple[Finding, ...]) -> Iterator[NextStep]:
    """Make the same commit with another Conventional Commits type, and the rest of its message as it is."""
    place, old = case.place, case.ctx.message
    if old is None or not old.types:
        return
    head = old.subject[: old.subject.find(":")]
    tail = head[len(old.types[0]) :] if head.lower().startswith(old.types[0]) and len(old.types) == 1 else ""
    subject = f"{kind}{tail}{old.subject[len(head) :]}"
    if not _rest(old):
        yield from reworded(case, subject, why, settles)
        return
    script = word(f"1s/^{head.replace('/', '[/]')}/{kind}{tail}/")
    if place.made:
        if line := remade(case, f"git log -1 --format=%B | sed {script} | git commit -q --amend -F -"):
            yield NextStep(why, line, settles)
    elif place.text is not None and place.text.startswith(old.subject):
        clean = "--cleanup=strip " if place.edited else ""
        yield NextStep(why, f"sed {script} {EDITMSG} | {committed(case, f'{clean}-F -')}", settles)


def _rest(message: Message) -> bool:
    """Whether the message says more than its subject and what our hooks write."""
    ours = {key.lower() for key in messages.OWN_TRAILERS}
    lines = [line for line in message.body.split("\n") if line.strip()]
    return any(line.partition(":")[0].lower() not in ours for line in lines)


def edit_message(case: Case) -> Iterator[NextStep]:
    """Let somebody say it in other words, from what they said."""
    if case.place.made:
        if line := remade(case, "git commit --amend"):
            yield NextStep("say it in other words", line)
    elif case.place.text is not None:
        yield NextStep("say it in other words, from what you wrote", committed(case, f"-e -F {EDITMSG}"))


def true_type(ctx: Context) -> str:
    """Return a type that the task's theme has and the diff does not contradict; empty if none is known."""
    theme = ctx.plan.themes.get(ctx.task.theme) if ctx.plan and ctx.task else None
    wanted = theme.types if theme and theme.types else ("feat", "fix", "refactor", "docs", "test", "build", "ci")
    if ctx.content is None:
        return wanted[0]
    from planfence.content.committypes import breaches

    judged = [one for one in ctx.content.judged if not ctx.policy.governs(one.unit.path)]
    return next((kind for kind in wanted if not any(found.proven for found in breaches(kind, judged))), "")
