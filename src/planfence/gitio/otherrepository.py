"""One file of another repository, fetched by the user's own git: with its credentials, proxies and ssh commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio import paths, usergit
from planfence.gitio.repository import Repository
from planfence.records import dataclass

#: A URL may stand in a file that others wrote: no transport that runs a command of its own, or any program on PATH
#: (git-config(1), `protocol.allow`; gitremote-helpers(7)). A path of this machine is what a team's own disk may be.
_NARROW = ("-c", "protocol.ext.allow=never", "-c", "protocol.file.allow=always")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file as a commit of another repository has it; ``data`` is None if it has none."""

    commit: str
    data: bytes | None


@contextmanager
def fetching(repository: Repository) -> Iterator[Fetcher]:
    """Keep what is fetched apart from the user's own repository, and take it away afterwards."""
    with TemporaryDirectory(prefix="planfence-fetch-") as folder:
        yield Fetcher(repository, folder)


class Fetcher:
    """Fetches single commits into a repository of its own."""

    def __init__(self, repository: Repository, folder: str) -> None:
        self._repository, self._folder = repository, folder
        self._made: set[str] = set()

    def file(self, source: str, revision: str, path: str) -> Fetched:
        """Return a file of ``source`` (a URL, a path from the worktree's top, a remote's name) at a revision.

        Raises :class:`CouldNotCheck` where git does not get the commit: no answer, no right, no such revision.
        """
        url = self._url(source)
        where, said = self._fetch("sha1", url, revision)
        if "mismatched algorithms" in said or "object format" in said:
            where, said = self._fetch("sha256", url, revision)
        if said:
            raise CouldNotCheck(f"git could not fetch {revision} of {source}: {said}", hint=f"git ls-remote {source}")
        commit = self._git("-C", where, "rev-parse", "--verify", "FETCH_HEAD^{commit}")[1].decode().strip()
        status, data, _ = self._git("-C", where, "cat-file", "blob", f"{commit}:{path}")
        return Fetched(commit, data if status == 0 else None)

    def _url(self, source: str) -> str:
        """What git would ask for that word here: the repository's own `insteadOf` and remotes count."""
        if not source or source.startswith("-") or "\n" in source:
            raise PlanfenceError(f"{source!r} is not a repository", hint="name a URL that git takes")
        status, out, _ = self._git("ls-remote", "--get-url", "--", source, home=True)
        url = paths.decode(out).removesuffix("\n") if status == 0 else source
        local = "://" not in url and ":" not in url.partition("/")[0]
        return str(self._repository.top / url) if local else url

    def _fetch(self, kind: str, url: str, revision: str) -> tuple[str, str]:
        where = f"{self._folder}/{kind}"
        if kind not in self._made:
            status, _, said = self._git("init", "-q", "--bare", f"--object-format={kind}", where)
            if status:
                return where, said
            self._made.add(kind)
        asked = ("fetch", "-q", "--no-tags", "--depth=1", "--no-recurse-submodules", "--", url, revision)
        status, _, said = self._git("-C", where, *_NARROW, *asked)
        return where, "" if status == 0 else said or f"status {status}"

    def _git(self, *arguments: str, home: bool = False) -> tuple[int, bytes, str]:
        repository = self._repository
        variables = usergit.of_repository(repository) if home else repository.environment.for_child()
        return usergit.ask(repository, arguments, variables | usergit.FROM_A_FILE)
