"""Reference peers: an interface with pages and an old-style site, over real connections on 127.0.0.1."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from quancheng.capabilities.collection.connectors.net import Permit, Permits

LOCAL = Permits((Permit("127.0.0.1", 0, True), Permit("localhost", 0, True)))


@dataclass
class Peer:
    """A server that answers with a function and remembers what it was asked."""

    port: int = 0
    asked: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Answer = tuple[int, dict[str, str], bytes]
Answering = Callable[[str, str, dict[str, str], str], Answer]


@contextmanager
def serving(answer: Answering) -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            said = {name.lower(): word for name, word in self.headers.items()}
            peer.asked.append((self.command, self.path, said, body))
            status, headers, content = answer(self.command, self.path, said, body)
            self.send_response(status)
            for name, word in headers.items():
                for one in word.split("\n"):
                    self.send_header(name, one)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _do

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()


ROWS = [
    {"id": number, "name": f"站{number}", "level": 1.25 * number, "changed": f"2026-07-{number % 28 + 1:02d}"}
    for number in range(25)
]


def interface(method: str, path: str, headers: dict[str, str], body: str) -> Answer:  # noqa: C901
    """An interface with every style of paging, a token, and a file with ETag."""
    parts = urlsplit(path)
    asked = {name: words[0] for name, words in parse_qs(parts.query).items()}
    if parts.path == "/file.csv":
        if headers.get("if-none-match") == '"v1"':
            return 304, {}, b""
        content = gzip.compress("编号,名称\n1,甲\n2,乙\n".encode())
        return 200, {"ETag": '"v1"', "Content-Encoding": "gzip"}, content
    if parts.path == "/away":
        return 302, {"Location": "http://10.0.0.1/secret"}, b""
    if parts.path == "/moved":
        return 302, {"Location": "/page?token=kept"}, b""
    if parts.path == "/big":
        return 200, {}, b"x" * 2_000_000
    if headers.get("authorization") != "Bearer geheim":
        return 401, {}, b"{}"
    if parts.path == "/page":
        at = (int(asked.get("page", "1")) - 1) * 10
        return _json({"code": 0, "data": {"rows": ROWS[at : at + 10]}})
    if parts.path == "/offset":
        at = int(asked.get("offset", "0"))
        return _json({"items": ROWS[at : at + int(asked["limit"])]})
    if parts.path == "/cursor":
        at = int(asked.get("after", "0"))
        rows = [one for one in ROWS if one["changed"] >= asked.get("since", "")]
        return _json(
            {"items": rows[at : at + 10], "meta": {"next": str(at + 10) if at + 10 < len(rows) else None}}
        )
    if parts.path == "/link":
        at = int(asked.get("at", "0"))
        more = {"Link": f'</link?at={at + 10}>; rel="next"'} if at + 10 < 25 else {}
        return _json(ROWS[at : at + 10], more)
    return 404, {}, b""


def _json(document: Any, more: dict[str, str] | None = None) -> Answer:
    return (
        200,
        {"Content-Type": "application/json", **(more or {})},
        json.dumps(document, ensure_ascii=False).encode(),
    )


LOGIN = """<html><head><meta charset="gbk"><title>档案管理系统</title></head><body><form id="login" method="post" action="/login.do">
<input type="hidden" name="__VIEWSTATE" value="dDwtMTA4"><input name="user"><input type="password" name="word">
<select name="dept"><option value="1" selected>一科</option></select>
<input type="submit" name="go" value="登录"></form></body></html>"""


def old_site(method: str, path: str, headers: dict[str, str], body: str) -> Answer:
    """A server-rendered system of 2005: GBK, hidden fields, a session cookie, a table by pages."""
    parts = urlsplit(path)
    page = {"Content-Type": "text/html; charset=gb2312"}
    if parts.path == "/":
        return 200, page | {"Set-Cookie": "ASPSESSION=abc; path=/"}, LOGIN.encode("gb18030")
    if parts.path == "/login.do":
        sent = parse_qs(body)
        good = (
            sent.get("__VIEWSTATE") == ["dDwtMTA4"]
            and sent.get("word") == ["开门"]
            and sent.get("dept") == ["1"]
        )
        if not good or "ASPSESSION=abc" not in headers.get("cookie", ""):
            return 200, page, LOGIN.encode("gb18030")
        return 302, {"Location": "/list.asp?page=1", "Set-Cookie": "AUTH=yes; HttpOnly"}, b""
    if parts.path == "/list.asp":
        if "AUTH=yes" not in headers.get("cookie", ""):
            return 200, page, LOGIN.encode("gb18030")
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        rows = "".join(
            f"<tr><td><a href='/view.asp?id={at}'>D{at:03d}</a></td><td> 卷宗\n {at} </td><td>{at}.5</td></tr>"
            for at in range(number * 4 - 3, min(number * 4, 10) + 1)
        )
        more = (
            f"<a class='next' href='?page={number + 1}'>下一页</a>"
            if number < 3
            else "<a class='next' href='javascript:void(0)'>下一页</a>"
        )
        html = f"<html><body><div id='who'>您好</div><table id='data'><tr><th>档号</th><th>题名</th><th>页数</th></tr>{rows}</table>{more}</body></html>"
        return 200, page, html.encode("gb18030")
    return 404, page, b""


RECIPE = {
    "steps": [{"submit": "#login", "fields": {"user": "$user", "word": "$password"}}],
    "rows": "table#data tr", "next": "a.next", "expect": "#who", "pause": 0,
}  # fmt: skip
