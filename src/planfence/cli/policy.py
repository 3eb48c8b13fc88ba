"""`planfence policy`: what the policy comes to, and the shared ones that it extends."""

from __future__ import annotations

import click

from planfence import env
from planfence.cli.common import here
from planfence.errors import ExitCode
from planfence.setup import sharedpolicy as use
from planfence.terminal import emit, say, wants_colour


@click.group("policy")
def command() -> None:
    """Show the policy, and keep the shared ones that it extends up to date."""


@command.command("show")
@click.option("--origin", is_flag=True, help="Say which file and line each value comes from.")
def show(*, origin: bool) -> int:
    """Print the policy that counts here, as TOML.

    It is merged from all its files.
    """
    from planfence.render import policy as render

    emit(render.shown(use.shown_policy(here()), origin=origin))
    return int(ExitCode.CLEAN)


@command.command("pull")
@click.argument("spec", metavar="[SOURCE@REV]", required=False)
@click.option("--file", default="org.toml", show_default=True, metavar="PATH", help="The file there.")
@click.option("--to", default="", metavar="PATH", help="Where it goes.  [default: .planfence/ and its name]")
def pull(spec: str | None, file: str, to: str) -> int:
    """Bring a shared policy from another repository.

    It comes in a commit of its own.

    SOURCE is any URL or path that git takes, REV a branch, a tag or a commit.  [default: its HEAD]
    Without SOURCE, every shared policy that was pulled before is brought up to date.

    Exit codes: 0 done or nothing new, 1 the commit would be refused, 2 a policy that is wrong, 3 git can't fetch it.
    """
    from planfence.render import text

    repository = here()
    found = use.pull(repository, use.wanted(spec, file, to, str(repository.top)) if spec else None)
    if found.report.refused:
        emit(text.render(found.report, colour=wants_colour(env.current())), err=True)
        say("planfence: the commit would be refused, so nothing was committed", err=True)
        return int(ExitCode.FINDINGS)
    for each in found.files:
        state = f"is new in {found.commit[:12]}" if each.changed else "is up to date"
        say(f"{each.path} {state}: {each.place} ({each.commit[:12]})")
    return int(ExitCode.CLEAN)


@command.command("check")
def check() -> int:
    """Say whether a shared policy is up to date, and whole.

    It is not if it is behind where it comes from, was edited by hand, or is loosened. For CI.

    Exit codes: 0 all is as it should be, 1 it is not, 2 a policy that is wrong, 3 git can't fetch one.
    """
    found = use.check_shared(here())
    for each in found.files:
        say(f"{each.path} {each.wrong or each.said}", err=bool(each.wrong))
        if each.fix:
            say(f"    fix: {each.fix}", err=True)
    for fault in found.loosened:
        say(str(fault), err=True)
        say(f"    fix: {fault.fix}", err=True)
    if not found.files:
        say("the policy extends nothing")
    return int(ExitCode.FINDINGS if found.refused else ExitCode.CLEAN)
