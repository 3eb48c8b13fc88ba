"""Git served over the network, on loopback: `git daemon`, and `git http-backend` behind a small HTTP server."""

from __future__ import annotations

import base64
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


def git_has(program: str) -> bool:
    """Whether this git came with one of its servers."""
    done = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return (Path(done.stdout.strip()) / program).exists()


@contextmanager
def daemon(folder: Path, variables: dict[str, str]) -> Iterator[str]:
    """Serve a folder's repositories by `git daemon`; yield the URL of the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", f"--base-path={folder}", "--export-all"]
    command += ["--enable=receive-pack", "--reuseaddr", str(folder)]
    with subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL) as process:
        url = f"git://127.0.0.1:{port}"
        for _ in range(200):
            asked = ["git", "ls-remote", f"{url}/project.git"]
            if not subprocess.run(asked, env=variables, capture_output=True, check=False).returncode:
                break
            time.sleep(0.05)
        yield url
        process.terminate()


@contextmanager
def http(folder: Path, variables: dict[str, str]) -> Iterator[str]:
    """Serve a folder's repositories by `git http-backend`; yield the URL of the folder.

    Who sends a name and any password is that user, as a web server with Basic authentication says it.
    """

    class Handler(_Backend):
        root = folder
        environment = variables

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Backend(BaseHTTPRequestHandler):
    """One request as a CGI process (RFC 3875)."""

    root: Path
    environment: dict[str, str]

    def _serve(self) -> None:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        user = base64.b64decode(secret).decode().partition(":")[0] if kind == "Basic" else ""
        address = urlsplit(self.path)
        told = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        if user:
            told["REMOTE_USER"] = user
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(
            ["git", "http-backend"], env=self.environment | told, input=body, capture_output=True, check=False
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((value.split(" ")[0] for name, value in fields if name == "Status"), "200")
        self.send_response(int(status))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = _serve  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""
