"""Sent twice is filed once: twice clicked, twice tried, or twenty times at once."""

import json
import re
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.faults.conftest import LIGHTS_OUT, LOADING, Browser, Town, eventually
from tests.pages import hidden

CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b")


def test_a_repeated_report_is_one_ticket(running: Town, browser: Browser) -> None:
    """Check 8. Injected: a report posted twice under one key; once more after the web process was killed and started
    anew; one whose answer was cut off; a double click on the form. Expected: one ticket each, every answer the same to
    the byte, and marked as a repetition.

    Without the `IdempotencyKey` row in the same commit there are two tickets; with keys in memory, two after a restart.
    """
    before = running.count()
    key, cut = uuid.uuid4().hex, uuid.uuid4().hex
    first, second = running.post(LIGHTS_OUT, key), running.post(LIGHTS_OUT, key)
    _post_and_hang_up(running, LIGHTS_OUT, cut)
    eventually(lambda: running.count() == before + 2, 10)
    running.kill(running.web)
    running.revive()
    eventually(running.answers, LOADING)
    third, whole = running.post(LIGHTS_OUT, key), running.post(LIGHTS_OUT, cut)
    assert [answer.status_code for answer in (first, second, third, whole)] == [201] * 4
    assert first.content == second.content == third.content
    assert "Idempotent-Replayed" not in first.headers
    assert {answer.headers["Idempotent-Replayed"] for answer in (second, third, whole)} == {"true"}
    assert whole.json()["code"] != first.json()["code"]
    assert running.count() == before + 2

    form = {"form_token": hidden(browser.client.get("/").text, "form_token"), "text": LIGHTS_OUT}
    clicks = [browser.client.post("/", data=form) for _ in range(2)]
    assert [click.status_code for click in clicks] == [201, 201]
    assert len({code for click in clicks for code in CODE.findall(click.text)}) == 1
    assert running.count() == before + 3
    running.assert_consistent()


def test_simultaneous_repeats(running: Town) -> None:
    """Check 9. Injected: 20 posts at once under one key, on several processes and threads. Expected: one ticket; one
    answer is the first, all others repeat it; never a 500.

    Without the second try after the unique key has refused a row, those that lost the race are answered with 500.
    """
    before = running.count()
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: running.post(LIGHTS_OUT, key), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert running.count() == before + 1
    running.assert_consistent()


def _post_and_hang_up(town: Town, text: str, key: str) -> None:
    body = json.dumps({"text": text}).encode()
    head = (
        f"POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nIdempotency-Key: {key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", town.port)) as line:
        line.sendall(head.encode() + body)
