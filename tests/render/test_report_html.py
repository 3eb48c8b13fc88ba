import base64
import hashlib
import re

from planfence.cli.report import page_of
from planfence.report import report
from planfence.report.metrics import Frame


def page(tmp_path, text=""):
    (tmp_path / "log").write_text(text)
    return page_of(report.report([report.Source((tmp_path / "log",))], Frame(1795341600), title="<work>"))


def test_the_policy_allows_only_what_is_in_the_page(tmp_path):
    text = page(tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_the_page_names_no_address(tmp_path):
    addresses = re.findall(r"https?://[^\s\"']*", page(tmp_path))
    assert addresses == ["http://www.w3.org/2000/svg"]
    assert "<work>" not in page(tmp_path)


def test_two_thousand_tasks_stay_under_a_megabyte(tmp_path):
    line = "2026-11-20_10:00:00,task=a-long-plan-name/a-long-name-{},model=codex,cost=1.23,time_min=30,review_round=1\n"
    assert len(page(tmp_path, "".join(line.format(n) for n in range(2000)))) < 1_000_000
