"""Records as OTLP/JSON logs, with the attribute names of OpenTelemetry's conventions for VCS and generative AI."""

from __future__ import annotations

from collections.abc import Iterable

from planfence.log.reader import Record, number

#: field → (attribute, kind). Dollars have no conventional name.
_ATTRIBUTES = {
    "role": ("gen_ai.agent.name", str),
    "flow": ("gen_ai.workflow.name", str),
    "session": ("gen_ai.conversation.id", str),
    "tokens_out": ("gen_ai.usage.output_tokens", int),
    "tokens_cached": ("gen_ai.usage.cache_read.input_tokens", int),
    "commit": ("vcs.ref.head.revision", str),
    "task": ("planfence.task", str),
    "plan": ("planfence.plan", str),
    "theme": ("planfence.theme", str),
    "stage": ("planfence.stage", str),
    "result": ("planfence.result", str),
    "rules": ("planfence.rules", str),
    "outcome": ("planfence.outcome", str),
    "cost": ("planfence.cost.usd", float),
    "time_min": ("planfence.time.min", float),
    "review_round": ("planfence.review_round", int),
    "est_min": ("planfence.estimate.min", float),
    "files": ("planfence.files", int),
    "lines": ("planfence.lines", int),
    "ms": ("planfence.duration.ms", int),
    "ctx": ("planfence.context.tokens", int),
}
_PROVIDERS = {"claude": "anthropic", "codex": "openai", "gemini": "gcp.gemini"}


def export(records: Iterable[Record], repository: str, version: str) -> dict[str, object]:
    """An `ExportLogsServiceRequest` (opentelemetry-proto 1.x, JSON encoding: 64-bit numbers are strings)."""
    resource = {
        "attributes": [
            _attribute("service.name", "planfence"),
            _attribute("service.version", version),
            _attribute("vcs.repository.name", repository),
        ]
    }
    scope = {"scope": {"name": "planfence", "version": version}, "logRecords": [_log(record) for record in records]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}


def _log(record: Record) -> dict[str, object]:
    fields = record.fields
    event = fields.get("event") or "note"
    attributes = []
    for name, (attribute, kind) in _ATTRIBUTES.items():
        text = fields.get(name)
        if not text:
            continue
        if kind is str:
            attributes.append(_attribute(attribute, text))
        elif (read := number(text)) is not None:
            attributes.append(_attribute(attribute, kind(read)))
    model = fields.get("model", "")
    if model in _PROVIDERS:
        attributes.append(_attribute("gen_ai.provider.name", _PROVIDERS[model]))
    if fields.get("llm") or model:
        attributes.append(_attribute("gen_ai.request.model", fields.get("llm") or model))
    if fields.get("tokens_in"):
        whole = (number(fields["tokens_in"]) or 0) + (number(fields.get("tokens_cached", "")) or 0)
        attributes.append(_attribute("gen_ai.usage.input_tokens", int(whole)))
    refused = fields.get("result") == "refused"
    return {
        "timeUnixNano": str(record.epoch * 1_000_000_000),
        "severityNumber": 13 if refused else 9,
        "severityText": "WARN" if refused else "INFO",
        "eventName": f"planfence.{event}",
        "body": {"stringValue": f"{event} {fields.get('result', '')}".strip()},
        "attributes": attributes,
    }


def _attribute(name: str, value: str | int | float) -> dict[str, object]:
    if isinstance(value, str):
        return {"key": name, "value": {"stringValue": value.encode("utf-8", "replace").decode()}}
    return {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}}
