"""Locks, threads and asynchronous code that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planfence.change.patchfile import PatchFile
from planfence.change.pathclass import PathClass, classify
from planfence.risks.base import Example, Hit, RiskKind, came, gone, seek

_WORDS = seek(
    r"\b(?:[Ll]ock|RLock|Mutex|mutex|Semaphore|synchronized|volatile|AtomicInteger|atomic|Thread|ThreadPool\w*|ProcessPool\w*|goroutine"
    r"|asyncio\.\w+|gather|Promise\.all|WaitGroup|sync\.\w+|acquire|release|notify_all|compare_exchange|select_for_update)\b"
    r"|^[ \t]*async\s+(?:def|fn|function)|\bawait\s|\bgo\s+func\b|<-\s*\w+",
    "lock,mutex,semaphore,synchronized,volatile,atomic,thread,pool,goroutine,async,gather,promise.all,"
    "waitgroup,sync.,acquire,release,notify_all,compare_exchange,"
    "select_for_update,await,go func,<-",
    re.MULTILINE,
)
_CODE = (PathClass.SRC, PathClass.TEST)


def check(file: PatchFile) -> Iterator[Hit]:
    """Look at source alone; a whole new or deleted file is seen by other kinds."""
    if classify(file.path) not in _CODE or file.is_deleted or file.is_added:
        return
    yield from gone(file, _WORDS, "concurrency changed, this went")
    yield from came(file, _WORDS, "concurrency changed, this came")


RISK = RiskKind(
    "concurrency",
    "changed concurrency",
    3,
    check,
    risky=(
        Example("a.py", "    with self.lock:", "    if True:"),
        Example("a.py", "def load():", "async def load():"),
        Example("a.go", "", "go func() {"),
        Example("a.py", "await save()", "save()"),
    ),
    harmless=(
        Example("a.py", "x = clock()", "x = block()"),
        Example("a.py", "with lock:", "    with lock:"),
        Example("docs/a.md", "", "the lock is taken first"),
    ),
)
