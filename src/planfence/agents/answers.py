"""Answering an agent's hooks: what is about to be written, started, asked, ended.

Nothing here lets a tool run because something went wrong: every failure to read becomes a denial
with its reason. If the hook is not one that can deny (a session's start or end), the failure is
said and the agent goes on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from planfence.agents import changed, hookoutput, hooksettings, note, payload, scope, session, shell
from planfence.agents.patch import Edit
from planfence.agents.paths import Denial, expanded, top_of, without_git
from planfence.agents.payload import Event, Payload
from planfence.agents.scope import Fence
from planfence.env import Environment
from planfence.errors import PlanfenceError
from planfence.finding import Severity
from planfence.gitio.repository import Repository, open_repository
from planfence.identity import detect, worktree_maker
from planfence.inert import inert
from planfence.manifest.policy import Policy
from planfence.records import dataclass
from planfence.rules import claimed_elsewhere

#: Agents whose shell gives git an empty `core.hooksPath` (Gemini CLI 0.61): there this hook judges the commit.
_WITHOUT_GIT_HOOKS = frozenset({"gemini"})
_DENIABLE = (Event.BEFORE_TOOL,)
#: The start of a session and a prompt are told this many files of the task; the rest is counted.
_MOST_FILES = 20
#: A denial names this many reasons; the rest is counted.
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """What to print, what to say on standard error, and the exit code (0, or 2: blocked)."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0


def reply(agent: str, data: bytes, environment: Environment) -> Reply:
    """Answer one hook call. Never raises :class:`PlanfenceError`."""
    try:
        asked = payload.read(agent, data)
    except PlanfenceError as error:
        # No event is known, so the only form that blocks everywhere is the exit code.
        return Reply(stderr=inert(f"planfence: {error.message}; {error.hint}"), code=hookoutput.BLOCK)
    try:
        return _dispatch(asked, environment)
    except PlanfenceError as error:
        return failure(asked, inert(error.message) + (f"\n{inert(error.hint)}" if error.hint else ""))


def failure(asked: Payload, reason: str) -> Reply:
    """Answer if no verdict could be formed: a tool is denied, anything else is told and goes on."""
    if asked.event in _DENIABLE:
        return Reply(hookoutput.deny(asked, f"planfence could not check this, so it is denied: {reason}"))
    return Reply(hookoutput.silence(asked), stderr=f"planfence: {reason}")


def gave_up(agent: str, data: bytes, reason: str) -> Reply:
    """Answer after a crash or a timeout, by the one form that needs nothing else to work: the exit code."""
    said = f"planfence could not check this, so it is denied: {reason}"
    try:
        denied = payload.read(agent, data).event in _DENIABLE
    except PlanfenceError:
        denied = True
    return Reply(stderr=said, code=hookoutput.BLOCK) if denied else Reply(stderr=f"planfence: {reason}")


def _dispatch(asked: Payload, environment: Environment) -> Reply:
    here = _here(asked, environment)
    if asked.event is Event.BEFORE_TOOL:
        found = _before_tool(asked, here, environment)
        if not found and _may_write(asked) and here is not None and here.policy is not None:
            changed.begin(here, asked, anew=False)
        return Reply(hookoutput.deny(asked, _words(here, found)) if found else hookoutput.silence(asked))
    # A command may have taken the policy away that was at work before it.
    looks = asked.event in (Event.AFTER_TOOL, Event.STOP, Event.SUBAGENT_STOP)
    if here is None or (here.policy is None and not (looks and changed.remembers(here, asked))):
        return Reply(hookoutput.silence(asked))
    if asked.event is Event.SUBAGENT_START:  # it knows nothing of what its starter was told
        return Reply(hookoutput.context(asked, _task_text(here, environment)))
    if asked.event in (Event.SESSION_START, Event.PROMPT):
        note.leave(here)
        changed.begin(here, asked)
        text, spent = _task_text(here, environment), ""
        if here.limited:
            from planfence.agents import budget  # reads sessions and prices, which few tasks need

            spent = budget.told(here, asked)
        known = asked.event is Event.PROMPT and session.was_told(here.repository, asked.session, text)
        session.keep(here.repository, asked, text)
        said = "\n".join(filter(None, ("" if known else text, spent)))
        return Reply(hookoutput.context(asked, said) if said else hookoutput.silence(asked))
    if asked.event is Event.AFTER_TOOL:
        session.keep(here.repository, asked)
        said = changed.look(here, asked) if _may_write(asked) else ""
        if said:
            return Reply(hookoutput.tell(asked, said))
        also = _also_claimed(asked, environment)
        return Reply(hookoutput.context(asked, also) if also else hookoutput.silence(asked))
    if asked.event is Event.CONFIG:
        reason = hooksettings.taken_away(here.repository.top, environment)
        return Reply(hookoutput.block(asked, reason) if reason else hookoutput.silence(asked))
    if asked.event in (Event.STOP, Event.SUBAGENT_STOP):
        free = asked.stop_hook_active or here.policy is None
        reason = changed.unrestored(here, asked) or ("" if free else _unfinished(here, asked))
        return Reply(hookoutput.block(asked, reason) if reason else hookoutput.silence(asked))
    if asked.event is Event.SESSION_END:
        from planfence.agents import stop  # reads transcripts, which no edit needs

        session.keep(here.repository, asked)
        return Reply(hookoutput.silence(asked), stderr=stop.close(here, asked))
    return Reply(hookoutput.silence(asked))


def _unfinished(here: Fence, asked: Payload) -> str:
    """Say what holds the stop: a budget that is spent, which asks for no more work, or tests that have not passed."""
    from planfence.agents import stop  # reads the ledger, which no edit needs

    if here.limited:
        from planfence.agents import budget  # reads sessions and prices, which few tasks need

        if reason := budget.held(here, asked):
            return reason
    return "" if stop.waits(asked) else stop.unproven(here)


def _may_write(asked: Payload) -> bool:
    """Whether what a tool does can only be told by looking at the worktree afterwards."""
    return bool(asked.command) or asked.unknown


def _here(asked: Payload, environment: Environment) -> Fence | None:
    """Return the fence of the directory that the agent is in, or of its project if that has none."""
    whole = asked.other.get("cwd")  # a tool may name a directory of its own
    named = map(environment.get, ("CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR"))
    places = [asked.cwd, whole if isinstance(whole, str) else "", *named]
    found: Fence | None = None
    for place in dict.fromkeys(place for place in places if place):
        repository = _repository(place, environment)
        if repository is not None:
            found = scope.fence(repository)
            if found.policy is not None:
                return found
    return found


def _repository(place: str, environment: Environment) -> Repository | None:
    folder = Path(place)
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    return open_repository(environment.but(environment.for_child()), folder)


def _before_tool(asked: Payload, here: Fence | None, environment: Environment) -> list[Denial]:
    guarded = here is not None and here.policy is not None
    if asked.unread:
        return [Denial(asked.tool, asked.unread)] if guarded else []
    found: list[Denial] = []
    edits: Sequence[Edit] = asked.edits
    if asked.command:
        policy = here.policy if here is not None and here.policy is not None else Policy()
        told = tuple(policy.identity), policy.unplanned.urgent
        command = shell.judge(asked.command, asked.cwd or "/", os.path.isdir, environment.variables, *told)
        reached = _Reached(here, environment)
        found += [
            Denial(attempt.what, attempt.why)
            for attempt in command.attempts
            if (attempt.on_server and guarded and _is_ours(attempt.on_server, here))
            or (not attempt.on_server and guarded and not attempt.places)
            or (not attempt.on_server and any(reached(place) for place in command.reaches(attempt)))
        ]
        if not found and asked.agent in _WITHOUT_GIT_HOOKS and any(reached(place) for place, _ in command.commits):
            found += _commits(command.commits, here)
            if command.staged_first:
                why = "this agent's git runs no hooks, so only what is staged can be judged: stage first, then commit"
                found.append(Denial("git commit of what is not staged", why))
        edits = [*edits, *expanded(command.writes, environment)]  # an editor's `command` is what it does
    judged = scope.judge_edits(edits, asked.cwd, environment, told=not asked.command)
    found += _held(asked, {each.repository.top: each for each, _ in judged.asked}.values())
    if not found and not judged.denials and len(judged.asked) == 1 and not asked.command:
        note.leave(judged.asked[0][0], [judged.asked[0][1]])
    return [*found, *judged.denials]


def _is_ours(name: str, here: Fence | None) -> bool:
    """Whether a server's repository (`owner/name`) is one that this repository has as a remote."""
    if here is None or "$" in name or "{" in name or ":" in name or name.isdigit():
        return here is not None  # it is not told, or is the one of the folder
    _, said = here.repository.git.status("config", "--get-regexp", r"^remote\..*\.(push)?url$")
    urls = (
        line.partition(" ")[2].strip().removesuffix(".git") for line in said.decode("utf-8", "replace").splitlines()
    )
    return any(re.split(r"[/:]", url)[-2:] == name.split("/")[-2:] for url in urls)


def _held(asked: Payload, fences: Iterable[Fence]) -> Iterator[Denial]:
    """Yield why an edit is held whose task has spent its budget."""
    for here in fences:
        if here.limited:
            from planfence.agents import budget  # reads sessions and prices, which few tasks need

            yield from budget.denials(here, asked)


def _commits(commits: Sequence[tuple[str, tuple[str, ...]]], here: Fence | None) -> list[Denial]:
    """Judge a commit that no git hook will see: what is staged now, which must be all that it takes."""
    from planfence.judge.attribution import trailers
    from planfence.judge.staged import check_staged  # only a commit without hooks needs it

    found = []
    for place, words in commits:
        top = top_of(os.path.join(os.path.realpath(place), "_"))
        if here is None or here.policy is None or top != str(here.repository.top):
            found.append(Denial("git commit", "this agent's git runs no hooks: commit in the project's own worktree"))
            continue
        outcome = check_staged(here.repository)
        found += [Denial(each.path or "git commit", f"{each.message} ({each.code} {each.name})")
                  for each in outcome.report.findings if each.severity is Severity.ERROR]  # fmt: skip
        said = "\n".join(words)
        missing = [f"{key}: {value}" for key, value in trailers(outcome.attribution, outcome.policy)]
        missing = [each for each in missing if each not in said]
        if missing:
            needed = " ".join(f"--trailer '{each}'" for each in missing)
            found.append(Denial("git commit", f"this agent's git runs no hooks, so the commit says itself: {needed}"))
    return found


class _Reached:
    """Answers whether a directory, or a git directory, belongs to a repository with a policy."""

    def __init__(self, here: Fence | None, environment: Environment) -> None:
        self.here = here
        self.environment = environment
        self.known: dict[str, bool] = {}

    def __call__(self, place: str) -> bool:
        if place not in self.known:
            self.known[place] = self._guarded(place)
        return self.known[place]

    def _guarded(self, place: str) -> bool:
        if "$" in place:
            return True  # it can't be told where that is
        top = top_of(os.path.join(os.path.realpath(place), "_"))
        git_dir = os.path.realpath(place)
        if top is None and not os.path.isfile(os.path.join(git_dir, "HEAD")):
            return False
        if self.here is not None and top == str(self.here.repository.top):
            return self.here.policy is not None
        repository = open_repository(without_git(self.environment), Path(top or git_dir))
        return scope.fence(repository).policy is not None


def _also_claimed(asked: Payload, environment: Environment) -> str:
    """Say which other active tasks claim what was just edited, once a session; nothing for what the note allows."""
    if not asked.edits:
        return ""
    judged = scope.judge_edits(asked.edits, asked.cwd, environment)
    said: list[str] = []
    for here, path in judged.asked:
        if here.policy is None or here.task is None or note.names(here, path):
            continue
        ctx = scope.context_of(here, here.policy, tuple(scope.files_of(here, [Edit(path)], told=True)))
        said += [f"{each.path}: {each.message}" for each in scope.claimed(here, ctx)]
    text = "\n".join(dict.fromkeys(map(inert, said)))
    if not text or session.heard(judged.asked[0][0].repository, asked.session, text):
        return ""
    session.note(judged.asked[0][0].repository, asked, text)
    return f"{text}\nKeep your change there small, and leave what the other task wrote."


def _words(here: Fence | None, found: Sequence[Denial]) -> str:
    task = here.task_name if here is not None else ""
    lines = [inert(f"Denied by the plan ({task}):") if task else "Denied (no task is active here):"]
    lines += [inert(f"- {denial.what}: {denial.why}") for denial in dict.fromkeys(found[:_SHOWN])]
    if len(found) > _SHOWN:
        lines.append(f"- and {len(found) - _SHOWN} more")
    fixes = dict.fromkeys(denial.fix for denial in found if denial.fix)
    if fixes:
        lines.append("If it is needed, say so and ask a person for it:")
        lines += [inert(f"  {fix}") for fix in list(fixes)[:_SHOWN]]
    else:
        lines.append("Find another way inside the task, or ask the person who started you.")
    return "\n".join(map(inert, lines))


def _shared_lines(here: Fence, policy: Policy) -> list[str]:
    """Say what other active tasks may change too."""
    assert here.plan is not None
    assert here.task is not None
    if claimed_elsewhere.RULE.severity_under(policy) is Severity.OFF:
        return []
    found = scope.holds(here, policy)
    others = [each for each in found.beside(here.task_name, here.plan, here.task) if not found.stale(each)]
    named = ((each, ", ".join(each.like(here.task.patterns)[:_SHOWN])) for each in others[:_SHOWN])
    return [f"{each.task}, begun by {each.model}, claims some of these too: {files}." for each, files in named]


def _task_text(here: Fence, environment: Environment) -> str:
    """Return the task, its files and its limits; without a task, how much may change without one."""
    policy = here.policy
    assert policy is not None
    if here.task is None or here.plan is None:
        missing = f"The task {here.task_name} is in no plan at HEAD. " if here.task_name else ""
        maker = worktree_maker(here.repository.top_name)
        where = f" in {here.repository.top_name}, or starts {maker} with PLANFENCE_TASK=<plan>/<task>" if maker else ""
        return inert(
            f"planfence: {missing}No task is active. At most {policy.unplanned.files} files may change without one; "
            f"for more, a person runs `planfence start <plan>/<task>`{where}."
        )
    task = here.task
    lines = [f"planfence: the task is {here.task_name}: {task.title} (theme {task.theme}, {task.estimate_min:g} min)."]
    lines.append("Only these files may change:")
    lines += [
        f"- {entry.path} ({entry.change.value if entry.change else 'any change'})"
        + (f": {entry.why}" if entry.why else "")
        for entry in task.files[:_MOST_FILES]
    ]
    if len(task.files) > _MOST_FILES:
        lines.append(f"- and {len(task.files) - _MOST_FILES} more: `planfence plan show {here.task_name}`")
    if task.deny:
        lines.append(f"Never: {', '.join(task.deny)}.")
    lines.append(f"At most {policy.limits.files} files and {policy.limits.lines} lines in one commit, of one theme.")
    lines += [f"{item.id}: {item.text}" + (f" (`{item.run}`)" if item.run else "") for item in task.acceptance]
    if here.plan.out_of_scope:
        lines.append(f"Out of scope: {', '.join(here.plan.out_of_scope)}.")
    lines += _shared_lines(here, policy)
    holder, model = here.plan.model_for(task, "implement"), detect(environment, policy.identity)
    refused, denied = ("recorded, not refused", "recorded") if policy.observes else ("refused", "denied")
    if holder and model not in (holder, "human"):
        lines.append(f"The plan gives this task to {holder}; commits by {model} in this stage are {refused}.")
    outside = f"An edit outside these files is {denied}: say what you need, and a person may allow it."
    lines.append(f"Commit with the hooks on. {outside}")
    return "\n".join(map(inert, lines))
