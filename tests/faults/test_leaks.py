"""Where a citizen's name, number, words, code and password go: into their own places, and nowhere else."""

import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from PIL import Image
from redis import Redis
from sqlalchemy import MetaData, select, text
from sqlalchemy.exc import DBAPIError

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.backup import service as backup
from app.database import Database
from app.hotline import Hotline
from app.web import create_app
from models.vocabulary import Role
from tests.faults.conftest import LOADING, Browser, Town, eventually
from tests.installation import LIGHTS, LIGHTS_OUT
from tests.pages import hidden

#: Strings that occur nowhere else. The number is a Vietnamese mobile's.
NAME = "Chuồnchuồn Kimkim"
NUMBER = "0987650321"
EMAIL = "chuonchuon.kimkim@vidu.vn"
WORD = "lángchuồnnước"
PASSWORD = "mật khẩu của con cá thòi lòi"
IDENTITY = (NAME, "987650321", EMAIL)
#: The same as a query, a percent-encoded body, JSON or a folded search text has them.
SPELLINGS = {
    NAME: (NAME, "Chu%E1%BB%93nchu", "Chu\\u1ed3nchu", "chuonchuon kimkim"),
    WORD: (WORD, "l%C3%A1ngchu", "l\\u00e1ngchu", "langchuonnuoc"),
    PASSWORD: (PASSWORD, "th%C3%B2i", "th\\u00f2i l\\u00f2i"),
}
SAID = f"{LIGHTS_OUT} {WORD}\n\x1b"
REPORT = {
    "text": f"{LIGHTS_OUT} {WORD}", "place_text": f"hẻm {WORD}", "contact_name": NAME, "contact_phone": NUMBER,
    "contact_email": EMAIL, "consent": "true",
}  # fmt: skip
#: What any form of staff and citizens calls its fields: each holds the word.
FIELDS = (
    "public_text", "reason", "message", "comment", "contribution", "request", "body", "redacted_text", "title",
    "display_name", "note", "q", "proposed_department_search", "department_search", "until", "committed_on",
)  # fmt: skip
METRICS = "so-do-chi-cho-may-doc"
#: Answers that repeat what was typed, to whoever typed it: so that nobody's words are lost.
GIVES_BACK = {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY,
              HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}  # fmt: skip


@dataclass
class Seen:
    """Every answer that was given."""

    answers: list[httpx.Response]

    def statuses(self) -> set[int]:
        """Return the statuses that occurred."""
        return {answer.status_code for answer in self.answers}

    def leaks(self, codes: set[str]) -> Iterator[str]:
        """Yield where a header, an address or an error page says what it should not."""
        for answer in self.answers:
            where = f"{answer.request.method} {answer.request.url.path[:40]} {answer.status_code}"
            head = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
            if said := told(head, *codes):
                yield f"header of {where}: {said}"
            if not gives_back(answer) and (said := told(answer.text, *codes)):
                yield f"error page of {where}: {said}"
            if "problem+json" in answer.headers.get("content-type", "") and (said := told(answer.text, *codes)):
                yield f"problem of {where}: {said}"


def test_nothing_leaks(town: Town, people: dict[str, Browser]) -> None:
    """Check 30. Injected: unique name, number, e-mail, words, code and password through every route, as citizen and as
    staff, in bodies, addresses, headers; answered 400 to 415, 422, 500, 503; a job that raises, one killed, a slow
    query. Expected: in no log line, header, error page, Redis key or value, job, metric or back-up file; name, number
    and e-mail in no table in clear, words only in the tables of reports, code and password in none.

    With `hide_parameters` off and an error's message in the logs of `app.errors`, with `contacts._lock` writing what
    it is given, or with the language link of an error page repeating its address, each is named here.
    """
    seen = Seen([])
    codes = citizens(town, seen)
    staff_of(town, people, seen)
    faults(town, seen, codes)
    assert {200, 201, 400, 404, 405, 413, 415, 422, 503} <= seen.statuses()
    assert {500, 503} & seen.statuses()
    eventually(town.idle, LOADING)
    found = [*seen.leaks(codes), *in_logs(town, codes), *in_redis(town, codes), *in_tables(town.hotline, codes)]
    figures = town.client.get("/metrics", headers={"Authorization": f"Bearer {METRICS}"})
    assert figures.status_code == 200
    found += [f"metrics: {word}" for word in told(figures.text, *codes)]
    file = town.folder / "whole.backup"
    backup.back_up(town.hotline, file, "câu chìa khóa của bản sao")
    found += [f"back-up: {word}" for word in told(file.read_bytes().decode("utf-8", "replace"), *codes)]
    assert not found, "\n".join(found)


def test_the_database_refuses_to_alter_history_as_the_application(town: Town) -> None:
    """Check 30, of history. Injected: UPDATE, DELETE and TRUNCATE of events by the application's own connection.

    Expected: refused by the database. Without the triggers of the first migration each goes through.
    """
    town.revive("serve")
    eventually(town.answers, LOADING)
    town.file(1)
    changes = ["update ticket_event set kind = 'x'", "update ticket_event set public_text = 'x'",
               "delete from ticket_event"]  # fmt: skip
    if not town.hotline.settings.is_sqlite:
        changes.append("truncate ticket_event cascade")
    for change in changes:
        with pytest.raises(DBAPIError), town.hotline.database.transaction() as session:
            session.execute(text(change))


#: Who logs in, and of which unit.
PEOPLE = {
    "alice": (Role.HANDLER, LIGHTS),
    "dieu-phoi": (Role.COORDINATOR, None),
    "quan-tri": (Role.ADMIN, None),
    "truc": (Role.CALL_TAKER, None),
}


@pytest.fixture
def people(town: Town) -> Iterator[dict[str, Browser]]:
    """Return people who have logged in with the password; everything runs and logs as a log store reads it."""
    town.environ |= {"LANGNGHE_LOG": "json", "LANGNGHE_METRICS_TOKEN": METRICS}
    with town.hotline.database.transaction() as session:
        for name, (role, unit) in PEOPLE.items():
            account = accounts.create(session, town.hotline.now(), NewAccount(name, name, role, unit))
            accounts.set_password(account, PASSWORD)
    town.revive()
    eventually(town.answers, LOADING)
    browsers = {name: Browser(town.url) for name in (*PEOPLE, "khong-co-ai")}
    for name, browser in browsers.items():
        came_in = browser.log_in(name, PASSWORD).status_code == HTTPStatus.SEE_OTHER
        assert came_in == (name in PEOPLE), name
    yield browsers
    for browser in browsers.values():
        browser.client.close()


def citizens(town: Town, seen: Seen) -> set[str]:
    """File by every door, track, answer, rate, ask for erasure; and everything wrong with each. Return the codes."""
    client, codes = town.client, set[str]()

    def ask(method: str, path: str, **what: Any) -> httpx.Response:
        answer = client.request(method, path, **what)
        seen.answers.append(answer)
        return answer

    key = iter(f"khoa-cua-phep-thu-{n:04}" for n in range(100))
    form = {"form_token": hidden(client.get("/").text, "form_token"), "nearby": "shown"}
    shown = ask("POST", "/", data=REPORT | form)
    codes.add(re.findall(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", shown.text)[0])
    photo = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(photo, "PNG")
    doors: list[dict[str, Any]] = [
        {"json": REPORT | {"consent": True}},
        {"json": REPORT | {"consent": True, "submission_type": "to-cao"}},
        {"data": REPORT, "files": {"photos": (f"{WORD}.png", photo.getvalue())}},
    ]
    for body in doors:
        filed = ask("POST", "/api/v1/reports", headers={"Idempotency-Key": next(key)}, **body)
        assert filed.status_code == 201, filed.text
        codes.add(filed.json()["code"])
    wrong = REPORT | {"contact_phone": f"{NUMBER}{NUMBER}", "contact_email": f"{EMAIL}@", "consent": "false"}
    head = {"Idempotency-Key": next(key), "User-Agent": f"{NUMBER} {EMAIL}", "Referer": f"{town.url}/?{NUMBER}"}
    for content, kind in ((json.dumps(wrong), "application/json"), (f'{{"text": "{WORD}', "application/json"),
                          (f'["{WORD}"]', "application/json"), (WORD, f"text/{NUMBER}"),
                          (json.dumps({"ten": NAME, "text": WORD}), "application/json"),
                          (json.dumps({"text": WORD * 200_000}), "application/json")):  # fmt: skip
        ask("POST", "/api/v1/reports", content=content.encode(), headers=head | {"Content-Type": kind})
    ask("POST", "/", data=wrong | form)
    ask("POST", "/", content=f"text={WORD}\0&contact_phone={NUMBER}".encode())
    for code in (*codes, "0000-0000-0000-0000", f"{NUMBER}ABCDEF", WORD):
        for path in ("/t", "/t/bo-sung", "/t/mo-lai", "/t/danh-gia", "/t/thu"):
            ask("POST", path, data={"code": code, "message": SAID, "comment": SAID, "rating": "9"})
        ask("POST", "/api/v1/track", json={"code": code})
        ask("POST", "/api/v1/track/reopen", json={"code": code, "message": SAID})
    for method in ("GET", "POST", "DELETE", "PUT"):
        for path in (f"/khong-co/{NUMBER}", f"/t/{next(iter(codes))}", f"/?{EMAIL}", f"/work/{NUMBER}",
                     f"/api/v1/{WORD}", f"/ngon-ngu/en?back=/{NUMBER}", "/t"):  # fmt: skip
            ask(method, path, headers={"X-Request-Id": NUMBER, "Authorization": f"Bearer {PASSWORD.encode().hex()}"})
    return codes


def staff_of(town: Town, people: dict[str, Browser], seen: Seen) -> None:
    """Send the word in every field of every route there is, as each of the people, to a ticket that is theirs."""
    (code,) = town.file(1)
    eventually(lambda: town.triaged([code]), LOADING)
    filled = {"ticket_id": str(town.ticket(code).id), "to": "en", "filename": "app.css"}
    for browser in (people[name] for name in PEOPLE):
        token = hidden(browser.client.get("/rieng-tu").text, "csrf_token")
        fields = dict.fromkeys(FIELDS, SAID) | {"csrf_token": token, "version": "1", "text": SAID, "phone": NUMBER}
        for method, path in routes(town.hotline, filled):
            if "logout" in path or path.startswith(("/api/", "/static/")):
                continue
            sent = fields if method == "POST" else None
            seen.answers.append(browser.client.request(method, path, data=sent))


def routes(hotline: Hotline, filled: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield every address, with parts that lead to something where we have it."""
    for rule in create_app(hotline).url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: filled.get(found[1], "0" * 32), rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield method, path


def faults(town: Town, seen: Seen, codes: set[str]) -> None:
    """Break a job, kill another, take a table away, and hold a lock for longer than anybody waits."""
    town.order("job.after_load", "raise")
    codes |= {town.post(REPORT["text"]).json()["code"]}
    eventually(lambda: town.reached("job.after_load"), LOADING)
    town.lift()
    town.order("job.after_effect", "block")
    codes |= {town.post(REPORT["text"]).json()["code"]}
    eventually(lambda: town.reached("job.after_effect"), LOADING)
    for child in town.children(town.worker):
        child.kill()
    town.lift()
    town.revive()
    whole: dict[str, Any] = {"json": REPORT | {"consent": True}, "headers": {"Idempotency-Key": "khoa-khi-mat-bang"}}
    change_schema(town.hotline.database, "alter table idempotency_key rename to away")
    seen.answers.append(town.client.post("/api/v1/reports", **whole))
    change_schema(town.hotline.database, "alter table away rename to idempotency_key")
    with town.hotline.database.transaction() as session:
        held = "select 1" if town.hotline.settings.is_sqlite else "lock table ticket in exclusive mode"
        session.execute(text(held))
        slow = town.client.post("/api/v1/reports", **whole)
    assert slow.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    seen.answers.append(slow)


def change_schema(database: Database, change: str) -> None:
    with database.transaction() as session:
        session.execute(text(change))


def gives_back(answer: httpx.Response) -> bool:
    """Tell whether an answer is a form with what was typed into it; an unknown code comes back to be looked at."""
    asked_again = answer.request.method == "POST" and re.match(r"/t(/|$)", answer.request.url.path)
    return answer.status_code in GIVES_BACK or (answer.status_code == HTTPStatus.NOT_FOUND and bool(asked_again))


def told(said: str, *codes: str) -> list[str]:
    """Return which of the secret strings a text holds, however spelled."""
    plain = {word for words in SPELLINGS.values() for word in words} | set(IDENTITY) | {NUMBER}
    wanted = plain | set(codes) | {code.replace("-", "") for code in codes}
    return sorted(word for word in wanted if word in said)


def in_logs(town: Town, codes: set[str]) -> Iterator[str]:
    """Yield each line that says too much, or that is not one whole object."""
    for line in town.log.read_text("utf-8", "replace").splitlines():
        if said := told(line, *codes):
            yield f"log: {said} in {line[:200]}"
        if "\x1b" in line:
            yield f"log: an escape in {line[:200]!r}"
        if line.startswith("{"):
            json.loads(line)


def in_redis(town: Town, codes: set[str]) -> Iterator[str]:
    """Yield each key or value of Redis that says too much; a job's data are compressed there."""
    client = Redis(unix_socket_path=str(town.redis.socket))
    readers: dict[Any, Any] = {
        b"string": client.get, b"hash": client.hgetall, b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1), b"zset": lambda key: client.zrange(key, 0, -1),
        b"stream": client.xrange,
    }  # fmt: skip
    keys = list(client.scan_iter())
    assert [key for key in keys if b"rq:" in key], "a queue has been here"
    for key in keys:
        value = readers[client.type(key)](key)
        pieces = value.items() if isinstance(value, dict) else value if isinstance(value, (list, set)) else [value]
        for piece in (key, *pieces):
            for part in piece if isinstance(piece, tuple) else (piece,):
                if said := told(unpacked(part), *codes):
                    yield f"redis {key!r}: {said}"
    client.close()


def unpacked(piece: object) -> str:
    raw = piece if isinstance(piece, bytes) else str(piece).encode()
    with suppress(zlib.error):
        raw = zlib.decompress(raw)
    return raw.decode("utf-8", "replace")


#: Tables that hold the words of reports and of what was written about them.
WORDS_LIVE_IN = {"ticket", "ticket_event", "feedback", "letter", "part", "assignment", "article", "account",
                 "calendar_change", "legal_hold", "department", "department_change", "ticket_search"}  # fmt: skip


def in_tables(hotline: Hotline, codes: set[str]) -> Iterator[str]:
    """Yield each table that holds in clear what it should not."""
    meta = MetaData()
    meta.reflect(hotline.database.engine)
    for table in meta.sorted_tables:
        with hotline.database.reading() as session:
            said = "\n".join(" ".join(map(str, row)) for row in session.execute(select(table)))
        for word in told(said, *codes):
            if word in SPELLINGS[WORD] and table.name in WORDS_LIVE_IN:
                continue
            yield f"table {table.name}: {word}"
