import json
import math
import os
import subprocess
import threading
import urllib.error
import urllib.request
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

import duckdb
import pytest
from support import program

from planfence.env import Environment
from planfence.errors import CouldNotCheck, PlanfenceError
from planfence.gitio.repository import open_repository
from planfence.log.files import own_logs, read_logs
from planfence.manifest.policy import Policy
from planfence.report import aggregates, export
from planfence.report.taskfacts import LogFacts

POLICY = Policy()
NOW = 1795341600
LINES = """\
2026-11-10_10:00:00,task=p/a,model=codex,cost=1,time_min=10,review_round=1
2026-11-10_11:00:00,task=p/b,model=codex,cost=4,time_min=40,review_round=2
2026-11-11_11:00:00,task=p/c,model=claude,cost=,time_min=,review_round=1,event=finish,result=accepted,role=implement,\
flow=dual,llm=claude-opus-5,tokens_in=100,tokens_out=7,tokens_cached=900,session=s-1,commit=abc,id=0123456789abcdef
p/c,start,1794390000
"""


@pytest.fixture
def work(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables = kept | {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(tmp_path / "work")], env=variables, check=True)
    (tmp_path / "work" / POLICY.log).write_text(LINES)
    return open_repository(Environment(variables), tmp_path / "work")


def test_json_lines(work):
    lines = [json.loads(line) for line in export.json_lines(work, POLICY)]
    assert [line["kind"] for line in lines] == ["record"] * 3 + ["run"]
    assert lines[2]["time"] == "2026-11-11T11:00:00Z"
    assert lines[0]["cost"] == "1"


def test_otlp_has_the_conventional_names(work):
    (request,) = export.otlp(work, POLICY)
    (resource,) = request["resourceLogs"]
    names = {each["key"]: each["value"] for each in resource["resource"]["attributes"]}
    assert names["vcs.repository.name"] == {"stringValue": "work"}
    record = resource["scopeLogs"][0]["logRecords"][2]
    assert record["timeUnixNano"] == "1794394800000000000"
    assert record["eventName"] == "planfence.finish"
    values = {each["key"]: next(iter(each["value"].values())) for each in record["attributes"]}
    assert values == {
        "gen_ai.agent.name": "implement",
        "gen_ai.workflow.name": "dual",
        "gen_ai.conversation.id": "s-1",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-opus-5",
        "gen_ai.usage.input_tokens": "1000",
        "gen_ai.usage.output_tokens": "7",
        "gen_ai.usage.cache_read.input_tokens": "900",
        "vcs.ref.head.revision": "abc",
        "planfence.task": "p/c",
        "planfence.result": "accepted",
        "planfence.review_round": "1",
    }


def test_parquet_sums_add_up_over_repositories(work, tmp_path):
    rows = [export.parquet(work, POLICY, tmp_path / f"{name}.parquet", NOW) for name in ("one", "two")]
    assert rows == [2, 2]
    found = (
        duckdb.connect()
        .execute(
            f"""SELECT sum(tasks), sum(first_pass), sum(judged), exp(sum(cost_ln_sum) / sum(cost_n)),
               sum(list_sum(cost_histogram))
        FROM '{tmp_path}/*.parquet' WHERE model = 'codex'"""
        )
        .fetchone()
    )
    assert found == (4, 2, 4, pytest.approx(2.0), 4)


def test_histograms_find_a_quantile():
    values = [0.01 * 1.1**index for index in range(100)]
    amounts = aggregates.Amounts()
    for value in values:
        amounts.add(value)
    half, seen = 0, 0
    while seen < 50:
        seen += amounts.histogram[half]
        half += 1
    assert 2 ** ((half - 1) / 4 - 10) <= values[49] <= 2 ** (half / 4 - 10)
    variance = (amounts.ln2_sum - amounts.ln_sum**2 / 100) / 99
    assert variance == pytest.approx(math.log(1.1) ** 2 * (100**2 - 1) / 12 * 100 / 99)
    assert (aggregates.bucket(1e-9), aggregates.bucket(1e12)) == (0, aggregates.BUCKETS - 1)


def test_every_row_has_every_column(work):
    facts = LogFacts()
    reading = read_logs(own_logs(work, POLICY))
    facts.add(reading.records)
    rows = aggregates.aggregate(facts.tasks.values(), "r", export.Frame(NOW), set())
    assert {len(row) for row in rows} == {len(aggregates.COLUMNS)}
    named = dict(zip([name for name, _ in aggregates.COLUMNS], rows[0], strict=True))
    assert (named["tasks"], named["closed"], named["mature"], named["minutes_sum"]) == (2, 2, 2, 50)


def test_a_collector_that_refuses_is_told_by_its_number(monkeypatch):
    def refuses(request, **_: object):
        raise urllib.error.HTTPError(request.full_url, 404, "Not Found", Message(), None)

    monkeypatch.setattr(urllib.request, "urlopen", refuses)
    with pytest.raises(CouldNotCheck, match="did not take it: HTTP Error 404"):
        export.send(iter([{}]), "http://localhost:4318")


def test_a_collector_is_posted_to(work):
    taken = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        sent = export.send(export.otlp(work, POLICY), f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
        port = server.server_port
    assert sent == 1
    assert taken[0][0] == "/v1/logs"
    assert "resourceLogs" in taken[0][1]
    with pytest.raises(CouldNotCheck):
        export.send(export.otlp(work, POLICY), f"http://127.0.0.1:{port}")
    with pytest.raises(PlanfenceError):
        export.send(export.otlp(work, POLICY), "file:///etc/passwd")


def test_the_command(work, tmp_path):
    def run(*words):
        return program.run(["log", "export", *words], work.top, work.environment.variables)

    assert run("--format", "jsonl").stdout.count("\n") == 4
    assert run("--format", "otlp", "-o", str(tmp_path / "otlp.json")).returncode == 0
    assert "resourceLogs" in json.loads((tmp_path / "otlp.json").read_text())
    assert run("--format", "parquet").returncode == 2
    assert run("--format", "parquet", "-o", str(tmp_path / "otlp.json" / "x.parquet")).returncode == 3
