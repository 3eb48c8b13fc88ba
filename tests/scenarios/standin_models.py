"""Stand-in model servers: Anthropic's `/v1/messages`, OpenAI's `/v1/responses`, Gemini's `generateContent` as streams.

They answer with the tool calls of a script, one a turn, and then with "Done.", so that a real agent
runs its tools and hooks without an account or a network. What the agent sent is kept. The n-th answer has ids and
numbers of tokens that name n (tests/agents/recorded was made so), so that a collector can be held to each.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._send(b'{"data": [], "models": []}', "application/json")

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8", "replace")
        self.server.asked.append(body)
        if "count_tokens" in self.path:
            self._send(b'{"input_tokens": 10}', "application/json")
        elif self.path.startswith("/v1/messages"):
            asked = json.loads(body)
            call = self._next() if asked.get("tools") else None
            self._stream(_messages(asked["model"], call, self._count()))
        elif ":streamGenerateContent" in self.path:
            asked = json.loads(body)
            self._stream(_contents(self._next() if asked.get("tools") else None, self._count()), named=False)
        elif ":generateContent" in self.path:
            self._send(json.dumps(next(_contents(None, self._count()))).encode(), "application/json")
        elif ":countTokens" in self.path:
            self._send(b'{"totalTokens": 10}', "application/json")
        elif "responses" in self.path:
            self._stream(_responses(self._next(), self._count()))
        else:
            self._send(b"{}", "application/json")

    def _next(self):
        return self.server.script.pop(0) if self.server.script else None

    def _count(self):
        self.server.answers += 1
        return self.server.answers

    def _stream(self, events, named=True):
        time.sleep(self.server.pause)
        text = "".join(
            (f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n" for event in events
        )
        self._send(text.encode(), "text/event-stream", f"req_{self.server.answers}")

    def _send(self, data, kind, request=""):
        self.send_response(200)
        if request:
            self.send_header("request-id", request)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _messages(model, call, n):
    usage = {"input_tokens": 10 + n, "cache_read_input_tokens": 3000 * n, "output_tokens": 1}
    usage |= {"cache_creation_input_tokens": 0}
    message = {"id": f"msg_{n}", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage}
    yield {"type": "message_start", "message": message | {"stop_reason": None, "stop_sequence": None}}
    block = {"type": "tool_use", "id": f"toolu_{n}", "name": call["name"], "input": {}} if call else None
    yield {"type": "content_block_start", "index": 0, "content_block": block or {"type": "text", "text": ""}}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(call["input"])} if call else None
    yield {"type": "content_block_delta", "index": 0, "delta": delta or {"type": "text_delta", "text": "Done."}}
    yield {"type": "content_block_stop", "index": 0}
    reason = "tool_use" if call else "end_turn"
    ended = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 20 + n}}
    yield {"type": "message_stop"}


def _responses(call, n):
    name = f"{n}"
    if call is None:
        content = [{"type": "output_text", "text": "Done.", "annotations": []}]
        item = {"type": "message", "id": f"msg_{n}", "role": "assistant", "status": "completed", "content": content}
    elif isinstance(call["input"], str):
        item = {"type": "custom_tool_call", "id": f"ctc_{name}", "call_id": f"call_{name}", "status": "completed"}
        item |= {"name": call["name"], "input": call["input"]}
    else:
        item = {"type": "function_call", "id": f"fc_{name}", "call_id": f"call_{name}", "status": "completed"}
        item |= {"name": call["name"], "arguments": json.dumps(call["input"])}
    if call is not None and "namespace" in call:
        item["namespace"] = call["namespace"]
    yield {"type": "response.created", "response": {"id": f"resp_{n}"}}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    usage = {"input_tokens": 1000 * n, "output_tokens": 20 + n, "total_tokens": 1020 * n}
    usage |= {
        "input_tokens_details": {"cached_tokens": 800 * (n - 1)},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    yield {"type": "response.completed", "response": {"id": f"resp_{n}", "usage": usage}}


def _contents(call, n):
    part = (
        {"functionCall": {"name": call["name"], "args": call["input"], "id": f"call_{n}"}}
        if call
        else {"text": "Done."}
    )
    usage = {"promptTokenCount": 1000 * n, "candidatesTokenCount": 20 + n, "totalTokenCount": 1020 * n}
    content = {"role": "model", "parts": [part]}
    yield {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


@contextmanager
def serving(script, pause=0.0) -> Iterator[ThreadingHTTPServer]:
    """Serve a script on a free port, each answer after ``pause`` seconds; ``asked`` are the request bodies."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.script, server.asked, server.answers, server.pause = list(script), [], 0, pause
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
