"""The page in a real Chromium: drawn, filtered, no error, nothing asked of any network."""

import random
import sys
from pathlib import Path

import pytest

from planfence.cli.report import page_of
from planfence.report import report
from planfence.report.metrics import Frame

sys.path.insert(0, str(Path(__file__).parent))
from browser import Page, find_chromium

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(not find_chromium(), reason="Chromium is not installed: the page was not looked at"),
]
NOW = 1795341600


def lines(count):
    generator = random.Random(4)
    for index in range(count):
        model = generator.choice(["codex", "claude"])
        cost, minutes = generator.lognormvariate(0, 0.6), generator.lognormvariate(3, 0.5)
        yield (
            f"2026-{generator.choice(['10', '11'])}-{generator.randint(1, 20):02}_10:00:{index % 60:02},"
            f"task={generator.choice(['auth', 'billing'])}/t{index},model={model},cost={cost:.3f},"
            f"time_min={minutes:.1f},review_round={generator.choice([1, 1, 1, 2, 3])}\n"
        )


def write(tmp_path, count=60, extra=""):
    (tmp_path / "log.csv").write_text("".join(lines(count)) + extra)
    data = report.report([report.Source((tmp_path / "log.csv",))], Frame(NOW), title="work")
    (tmp_path / "page.html").write_text(page_of(data))
    return data


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture
def browser(chromium):
    def start(**options):
        chromium.look(**options)
        return chromium

    return start


def no_trouble(page):
    assert page.problems == []
    # The browser draws its own calendar icon from a data: address.
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []


def test_drawn_filtered_and_quiet(browser, tmp_path):
    data = write(tmp_path)
    page = browser()
    page.open(tmp_path / "page.html")
    assert page.js("document.querySelectorAll('#cost circle.dot').length") == 60
    assert page.js("[...document.querySelectorAll('main figure')].every((f) => f.children.length > 0)")
    assert page.js("document.querySelector('#c-cost .big').textContent") == f"${data.overall['cost_median'].value:.2f}"
    first = data.overall["first_pass"]
    shown = page.js("document.querySelector('#c-first .soft').textContent")
    assert shown == f"{100 * first.low:.0f}% to {100 * first.high:.0f}%; n = 60"

    page.js("document.getElementById('f-model').focus()")
    page.press("ArrowDown")
    assert page.js("document.getElementById('f-model').value") == "claude"
    claude = sum(row.model == "claude" for row in data.tasks)
    assert page.js("document.getElementById('shown').textContent").startswith(f"{claude} of 60 tasks")
    assert page.js("document.querySelectorAll('#cost circle.dot').length") == claude

    page.js(
        "document.getElementById('f-from').value = '2026-11-01'; document.getElementById('filters').requestSubmit()"
    )
    page.js("document.getElementById('f-from').dispatchEvent(new Event('input', {bubbles: true}))")
    later = sum(row.model == "claude" and row.closed >= 1793491200 for row in data.tasks)
    assert page.js("document.querySelectorAll('#cost circle.dot').length") == later
    no_trouble(page)


def test_by_keyboard_to_a_table(browser, tmp_path):
    write(tmp_path)
    page = browser()
    page.open(tmp_path / "page.html")
    page.js("document.querySelector('#tasks summary').focus()")
    page.press("Enter", "\r")
    # `toggle` is fired by the browser's own event loop, some time after the key.
    assert page.settles("document.querySelectorAll('#tasks tbody tr').length", 60)
    reached = set()
    page.js("document.body.focus()")
    for _ in range(40):
        page.press("Tab")
        reached.add(page.js("document.activeElement.id || document.activeElement.textContent"))
    assert {"f-from", "f-to", "f-model", "f-theme", "f-plan", "f-by"} <= reached
    no_trouble(page)


def test_names_are_never_markup(browser, tmp_path):
    hostile = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
    write(tmp_path, 5, f"2026-11-20_10:00:00,task={hostile},model={hostile},cost=1,time_min=1,review_round=1\n")
    page = browser()
    page.open(tmp_path / "page.html")
    page.js("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    assert page.js("window.owned") is None
    assert page.js("document.querySelectorAll('img').length") == 0
    no_trouble(page)


@pytest.mark.parametrize("options", [{"dark": True}, {"width": 360}])
def test_dark_and_narrow(browser, tmp_path, options):
    write(tmp_path)
    page = browser(**options)
    page.open(tmp_path / "page.html")
    assert page.js("document.documentElement.scrollWidth <= innerWidth")
    dark = page.js("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)"
    assert dark == options.get("dark", False)
    no_trouble(page)


def test_print_opens_every_table(browser, tmp_path):
    write(tmp_path)
    page = browser()
    page.open(tmp_path / "page.html")
    page.js("dispatchEvent(new Event('beforeprint'))")
    assert page.js("[...document.querySelectorAll('main section table')].length") >= 7
    no_trouble(page)


def test_nothing_to_draw_is_said(browser, tmp_path):
    write(tmp_path, 0)
    page = browser()
    page.open(tmp_path / "page.html")
    assert page.js("document.querySelectorAll('.empty').length") == 6
    no_trouble(page)
