"""What a web page, or a link, can have the local cloud do: read one object of S3 that somebody gave a link to."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.long import sampled
from tests.server_alone import ServerAlone, server_alone, signed
from tests.waiting import until

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
PAGE = b"<title>own page</title><p id=own>the whole page</p>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAlone]:
    with server_alone(tmp_path_factory.mktemp("pages")) as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="pages")
        s3.put_object(Bucket="pages", Key="runs/report.html", Body=PAGE, ContentType="text/html")
        yield server


def stack_link(server: ServerAlone, service: str = "cloudformation") -> str:
    """A link that creates a stack, signed as nobody checks it."""
    asked = {"Action": "CreateStack", "StackName": f"from-a-link-{time.monotonic_ns()}", "TemplateBody": TEMPLATE}
    credential = f"x/20260101/us-east-1/{service}/aws4_request"
    return f"{server.cloud.endpoint}/?{urlencode({**asked, 'X-Amz-Credential': credential})}"


def stacks(server: ServerAlone) -> list[str]:
    return [stack["StackName"] for stack in server.client("cloudformation").describe_stacks()["Stacks"]]


def report_link(server: ServerAlone) -> str:
    where = {"Bucket": "pages", "Key": "runs/report.html"}
    return str(server.client("s3").generate_presigned_url("get_object", Params=where))


BROWSERS = [
    {"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},  # a link in a mail
    {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},  # another port's <img>
    {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"},
    {"Sec_Fetch_Site": "cross-site"},
    {"sec_fetch_site": "NONE"},
    {"SEC_FETCH_USER": "?1"},
    {"Sec_Fetch_Storage_Access": "none"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "null"},
    {"User_Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/16.3 Safari/605.1.15"},
]
"""What tells a browser from AWS's clients; the last is one that sends no Sec-Fetch-*."""


@pytest.mark.parametrize("headers", BROWSERS, ids=lambda headers: "-".join([*headers, *headers.values()])[:40])
@pytest.mark.parametrize("method", sampled(["GET", "POST", "OPTIONS", "HEAD"], every=3))
def test_a_browser_creates_no_stack(server: ServerAlone, method: str, headers: dict[str, str]) -> None:
    target = stack_link(server).removeprefix(server.cloud.endpoint)
    assert server.ask(method, target, **headers).status == 403
    assert stacks(server) == []


def test_what_a_browser_may_not_an_aws_client_may(server: ServerAlone) -> None:
    assert server.ask("GET", stack_link(server).removeprefix(server.cloud.endpoint)).status == 200
    (name,) = stacks(server)
    server.client("cloudformation").delete_stack(StackName=name)
    assert stacks(server) == []


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/pages"),
        ("GET", "/pages?list-type=2"),
        ("GET", "/pages/runs/report.html?acl"),
        ("GET", "/pages/runs/report.html?uploadId=1"),
        ("PUT", "/pages/runs/report.html"),
        ("POST", "/pages/runs/report.html?uploads"),
        ("DELETE", "/pages/runs/report.html"),
        ("POST", "/pages"),
        ("GET", "/moto-api/data.json"),
        ("GET", "/_warmfold/health"),
        ("GET", "/sqs_us-east-1/queue?Action=CreateQueue&QueueName=from-a-link"),
    ],
)
@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_a_browser_has_one_object_and_nothing_else(server: ServerAlone, method: str, target: str, service: str) -> None:
    credential = urlencode({"X-Amz-Credential": f"x/20260101/us-east-1/{service}/aws4_request"})
    whole = f"{target}{'&' if '?' in target else '?'}{credential}"
    assert server.ask(method, whole, Sec_Fetch_Site="none").status == 403
    assert server.ask(method, target, Sec_Fetch_Site="none", Authorization=signed(service)).status == 403
    assert server.client("s3").get_object(Bucket="pages", Key="runs/report.html")["Body"].read() == PAGE
    assert not server.client("sqs").list_queues().get("QueueUrls")


def test_a_link_to_an_object_is_followed_and_the_object_runs_no_script(server: ServerAlone) -> None:
    target = report_link(server).removeprefix(server.cloud.endpoint)
    answer = server.ask("GET", target, Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate")
    assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-security-policy"] == "sandbox"
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert server.ask("HEAD", target, Sec_Fetch_Site="none").status == 200
    assert server.ask("GET", target, Sec_Fetch_Site="cross-site").status == 403
    assert server.ask("GET", target, Origin="http://localhost:8080").status == 403
    assert "content-security-policy" not in server.ask("GET", target).headers


@pytest.mark.parametrize("length", ["Content-Length: 300000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
def test_a_web_page_is_refused_before_its_body_is_read(server: ServerAlone, length: str, expect: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n{length}\r\n{expect}\r\n"
        second = f"PUT /from-a-body HTTP/1.1\r\nHost: localhost\r\nAuthorization: {signed('s3')}\r\n\r\n"
        connection.sendall(head.encode() + second.encode())  # what is no body here is no request either
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while block := connection.recv(65536):
                answer += block
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert [bucket["Name"] for bucket in server.client("s3").list_buckets()["Buckets"]] == ["pages"]


Pages = Callable[[dict[str, tuple[int, dict[str, str], str]]], tuple[str, list[str]]]


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serves pages on a port of its own; the second answer lists what was asked for."""
    with contextlib.ExitStack() as stack:

        def serve(given: dict[str, tuple[int, dict[str, str], str]]) -> tuple[str, list[str]]:
            asked: list[str] = []

            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    asked.append(self.path)
                    status, headers, text = given.get(self.path, (404, {}, ""))
                    self.send_response(status)
                    for name, value in {"Content-Type": "text/html", **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(text.encode())

                def log_message(self, *_: Any) -> None:
                    return

            httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=httpd.serve_forever, daemon=True).start()
            stack.callback(httpd.server_close)
            stack.callback(httpd.shutdown)
            return f"http://localhost:{httpd.server_port}", asked

        yield serve


class Relay:
    """A port that hands connections on to the server, and notes how each request and its answer begin."""

    def __init__(self, port: int) -> None:
        self.asked: list[bytes] = []
        self.answered: list[bytes] = []
        self._port = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://localhost:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._hand_on, args=(connection,), daemon=True).start()

    def _hand_on(self, browser: socket.socket) -> None:
        with browser, socket.create_connection(("127.0.0.1", self._port)) as server, contextlib.suppress(OSError):
            back = threading.Thread(target=_pump, args=(server, browser, self.answered), daemon=True)
            back.start()
            _pump(browser, server, self.asked)
            back.join()


def _pump(source: socket.socket, target: socket.socket, noted: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            noted.append(block)
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def relay(server: ServerAlone) -> Iterator[Relay]:
    made = Relay(server.port)
    yield made
    made.close()


def browse(url: str, folder: Path) -> str:
    """Open a link in a browser as one from a mail is opened; the page that it shows when nothing more is to come."""
    command = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server"]
    command += ["--disable-background-networking", "--no-first-run", f"--user-data-dir={folder}"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=10000", "--dump-dom", url], capture_output=True, text=True, check=True
    )
    return done.stdout


needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH (Debian: apt-get install chromium)")


@needs_chromium
def test_chromium_shows_a_report_by_its_link(server: ServerAlone, tmp_path: Path) -> None:
    assert "the whole page" in browse(report_link(server), tmp_path)


@needs_chromium
def test_chromium_runs_nothing_by_a_link(server: ServerAlone, tmp_path: Path) -> None:
    shown = browse(stack_link(server), tmp_path)
    assert "no requests of a browser" in shown
    assert stacks(server) == []


@needs_chromium
@pytest.mark.parametrize("way", sampled(["redirect", "image", "form", "script", "fetch", "refresh"], every=3))
def test_chromium_runs_nothing_by_a_page_of_another_port(
    server: ServerAlone, pages: Pages, relay: Relay, way: str, tmp_path: Path
) -> None:
    plain = stack_link(server).replace(server.cloud.endpoint, relay.endpoint)
    link = plain.replace("&", "&amp;").replace('"', "&quot;")
    form = "".join(
        f"<input name={name} value='{value}'>"
        for name, value in {"Action": "CreateStack", "StackName": "by-a-form", "TemplateBody": TEMPLATE}.items()
    )
    credential = "X-Amz-Credential=x/20260101/us-east-1/cloudformation/aws4_request"
    post = f'<form id=f method=post action="{relay.endpoint}/?{credential}">{form}</form>'
    page = {
        "redirect": (302, {"Location": plain}, ""),
        "image": (200, {}, f'<img src="{link}">'),
        "form": (200, {}, f"{post}<script>f.submit()</script>"),
        "script": (200, {}, f'<script src="{link}"></script>'),
        "fetch": (200, {}, f"<script>fetch({plain!r})</script>"),
        "refresh": (200, {}, f'<meta http-equiv=refresh content="0;url={link}">'),
    }[way]
    address, asked = pages({"/": page})
    browse(address, tmp_path)
    assert "/" in asked
    until(lambda: relay.answered)
    first = relay.asked[0].lower()
    assert first.startswith(b"post /?x-amz-credential" if way == "form" else b"get /?action=createstack")
    assert b"sec-fetch-site: " in first
    assert {answer[:12] for answer in relay.answered if answer.startswith(b"HTTP/")} == {b"HTTP/1.1 403"}
    assert stacks(server) == []
