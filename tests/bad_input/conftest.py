"""What the tests of bad input share: answers read by field, and a real server for what is about bytes on the wire."""

import json
import re
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.bench.world import World
from app.hotline import Hotline
from models.ticket import Ticket
from tests.app.conftest import database_url, reused_postgresql, road
from tests.pages import hidden

__all__ = ["database_url", "reused_postgresql", "road"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
#: Words that make a report by themselves.
WORDS = "Nước ngập tới đầu gối suốt đêm qua, cống không thoát"
BOUNDARY = "ranh-gioi"


class Wire(World):
    """One real web process of one worker, to send bytes to. Its database is SQLite: no byte here reaches one."""

    def __init__(self, folder: Path, prepared: Path) -> None:
        """Copy the prepared database; `serve` starts it."""
        shutil.copy(prepared, folder / "langnghe.db")
        super().__init__(folder, f"sqlite:///{folder / 'langnghe.db'}", {"LANGNGHE_WEB_WORKERS": "1"})
        self.client = httpx.Client(base_url=self.url, timeout=30)

    @property
    def tickets(self) -> int:
        """How many reports it keeps."""
        return tickets(self.hotline)

    @property
    def photos(self) -> int:
        """How many files lie where photos do, whole or not."""
        return sum(path.is_file() for path in self.hotline.settings.attachments.rglob("*"))

    @contextmanager
    def said(self, head: str, body: bytes = b"") -> Iterator[socket.socket]:
        """Yield a connection on which a request, or as much of one as this, was sent as it is."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + body)
            yield connection

    def status(self, head: str, body: bytes = b"") -> int:
        """Return what is answered to bytes that no client would send."""
        with self.said(head, body) as connection:
            first = connection.makefile("rb").readline()
        return int(first.split()[1])

    @contextmanager
    def growing_less_than(self, megabytes: int) -> Iterator[None]:
        """Fail if the worker takes more memory than that meanwhile, though it should give it back."""
        (worker,) = psutil.Process(self.processes[0].pid).children()
        status = Path(f"/proc/{worker.pid}/status")
        status.with_name("clear_refs").write_text("5")  # the peak begins anew
        before = _megabytes(status, "VmRSS")
        yield
        assert _megabytes(status, "VmHWM") - before < megabytes


def _megabytes(status: Path, name: str) -> float:
    line = next(line for line in status.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory, prepared_sqlite: Path) -> Iterator[Wire]:
    """Return a server that a whole run shares; tests count what they add."""
    made = Wire(tmp_path_factory.mktemp("wire"), prepared_sqlite)
    made.serve()
    yield made
    made.client.close()
    made.close()


def tickets(hotline: Hotline) -> int:
    """Count the reports that an installation keeps."""
    with hotline.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def addresses(app: Flask) -> dict[str, set[str]]:
    """Return every address that the application has, filled with made-up parts, and the methods it takes there."""
    found: dict[str, set[str]] = {}
    known = {"to": "en", "filename": "icon.svg"}
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            named = re.findall(r"<(?:(\w+):)?(\w+)>", rule.rule)
            parts: dict[str, Any] = {name: made_up(kind) if kind else known.get(name, "x") for kind, name in named}
            parts |= {name: known[name] for name in parts.keys() & known.keys()}
            address = url_for(rule.endpoint, **parts)
            found.setdefault(address, set()).update(rule.methods or ())
    return found


def made_up(kind: str) -> object:
    """Return a part of an address of that kind that leads to nothing."""
    return {"uuid": uuid.UUID(int=22), "int": 1, "path": "x"}[kind]


def fresh_key() -> dict[str, str]:
    """Return the header that an API request must carry, with a key never used."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def post_json(client: FlaskClient, fields: Any, path: str = "/api/v1/reports") -> TestResponse:
    """Post an object, or a body as it is, to the API, with a fresh key."""
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return client.post(path, data=body, content_type=JSON, headers=fresh_key())


def problems(answer: TestResponse | httpx.Response) -> list[tuple[str, str]]:
    """Return (field, code) of everything that an API answer finds wrong, in order of fields."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    return sorted((error["field"], error["code"]) for error in json.loads(answer.text)["errors"])


def post_raw(client: FlaskClient, page_url: str, action: str, fields: dict[str, bytes]) -> TestResponse:
    """Open a page, take the tokens of its forms, and post percent-encoded bytes as no browser would send them."""
    page = client.get(page_url).text
    tokens = {name: hidden(page, name) for name in ("csrf_token", "form_token", "version") if f'name="{name}"' in page}
    sent = {name: value.encode() for name, value in tokens.items()} | fields
    body = b"&".join(name.encode() + b"=" + value for name, value in sent.items())
    return client.post(action, data=body, content_type=FORM)


def refused_fields(page: str) -> set[str]:
    """Return the fields beside which a page says that something is wrong."""
    return set(re.findall(r'<p class="error" id="(\w+)-error-\d+">', page))


class Page(HTMLParser):
    """A page as a browser takes it: its elements with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        """Read the whole page."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        #: Words whose direction cannot spill over: each `<bdi>` with all that is in it.
        self.isolated: list[str] = []
        self._depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "bdi":
            self.isolated.append("")
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        """Note the end of what is isolated."""
        self._depth -= tag == "bdi"

    def handle_data(self, data: str) -> None:
        """Note words."""
        if self._depth:
            self.isolated[-1] += data


def multipart(fields: dict[str, bytes | str], photos: list[tuple[str, bytes]] | None = None) -> bytes:
    """Return a multipart body as a browser would write it, but for names and values that no browser would send."""
    parts = [_part(f'name="{name}"', value) for name, value in fields.items()]
    parts += [_part(f'name="photos"; filename="{name}"', data) for name, data in photos or ()]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _part(disposition: str, value: bytes | str) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + (value.encode() if isinstance(value, str) else value) + b"\r\n"


MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
