"""Webhooks against receivers that lie, dawdle, flood and fail: real TLS servers on this machine."""

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.hotline import Hotline
from app.problems import Refused
from app.webhooks import courier, outside, service
from app.webhooks.courier import Courier
from app.webhooks.message import HEADERS, TRIAL
from app.webhooks.outside import NotOutside, Post, Resolve
from app.webhooks.schema import NewWebhook, parse_webhook
from models.vocabulary import DeliveryOutcome, WebhookOff
from models.webhook import Webhook, WebhookDelivery
from tests.app.conftest import Road
from tests.far.network import Certificate
from tests.installation import Clock, Filed, Staff

HOME = ip_network("127.0.0.1/32")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: What a webhook may never have for an address, and why it is refused when it is typed.
INSIDE = (
    "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "0177.0.0.1", "0.0.0.0", "169.254.169.254",
    "100.64.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "224.0.0.1", "240.0.0.1", "[fe80::1]", "[fc00::1]",
    "[fec0::1]", "[ff0e::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[::7f00:1]",
)  # fmt: skip
NO_ADDRESS = (
    "http://in.example.vn/", "redis://in.example.vn/", "file:///etc/passwd", "gopher://in.example.vn/",
    "//in.example.vn",
    "https://user@in.example.vn/", "https://user:word@in.example.vn/", "https://in.example.vn\\@127.0.0.1/",
    "https://in.example.vn:0/", "https://in.example.vn:99999/", "https://in.example.vn/#x", "https://in.example.vn/ x",
    "https://in.example.vn/\r\nHost: x", "https://", "https://[::1", "https://máy.vn/", "HTTPS://in.example.vn/",
    "https://in.example.vn/" + "x" * 500,
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_webhooks_stay_outside(host: str, receiver: "Receiver") -> None:
    """Check 29. Injected: loopback, private, link-local, shared, multicast and metadata addresses, in every spelling,
    mapped, translated and 6to4. Expected: refused when typed, and again at connect: nobody is connected to. Without
    `is_outside` in `_Way.connect_tcp` the server on this machine has a visitor.
    """
    url = f"https://{host}:{receiver.port}/x"
    with pytest.raises(Refused) as refused:
        parse_webhook({"name": "x", "url": url}, ())
    assert [problem.code for problem in refused.value.problems] == ["webhook_inside"]
    target = outside.target_of(url)
    assert target is not None
    with pytest.raises(NotOutside):
        Post().send(target, {}, b"{}")
    assert receiver.visitors == 0


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    """Check 29, of addresses. Injected: other schemes, a user, a fragment, spaces, line ends, backslashes. Expected:
    refused beside the field. Without the pattern of `target_of` they would be read, by each reader its own way.
    """
    with pytest.raises(Refused) as refused:
        parse_webhook({"name": "x", "url": url}, ())
    assert [(p.field, p.code) for p in refused.value.problems] == [("url", "webhook_address")]


def test_what_the_settings_name_may_be_connected_to(receiver: "Receiver") -> None:
    url = f"https://127.0.0.1:{receiver.port}/x"
    assert parse_webhook({"name": "x", "url": url}, (HOME,)).url == url
    target = outside.target_of(url)
    assert target is not None
    assert Post((HOME,)).send(target, {"X": "y"}, b"{}") == 200
    assert receiver.requests[0].body == b"{}"


def test_a_name_is_looked_at_when_it_is_connected_to(world: "World", certificate: Certificate) -> None:
    """Check 29, of names. Injected: DNS that answers an address that is allowed, then one that is not, where another
    server listens at the same port. Expected: the name resolved once an attempt, the first server told, the second
    never connected to. Without a resolution of our own, httpcore would resolve the name itself and be led there.
    """
    with Receiver(certificate) as good, Receiver(certificate, host="127.0.0.2", port=good.port) as bad:
        asked: list[str] = []

        def dns(host: str, _port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

        world.register(good)
        world.try_out()
        world.deliver(dns)
        world.try_out()
        world.deliver(dns)
        assert (len(good.requests), bad.visitors, asked) == (1, 0, ["localhost", "localhost"])
    taken, refused = world.deliveries()
    assert (taken.outcome, refused.outcome) == (DeliveryOutcome.TAKEN, DeliveryOutcome.NOT_OUTSIDE)
    assert refused.done_at is None


def test_a_redirect_is_not_followed(world: "World", certificate: Certificate, receiver: "Receiver") -> None:
    """Check 29, of redirects. Injected: 302 and 307 to another server. Expected: nobody goes there, nothing is sent
    again. A client that follows redirects makes it fail.
    """
    for status in ("302 Found", "307 Temporary Redirect"):
        away = f"HTTP/1.1 {status}\r\nLocation: https://127.0.0.1:{receiver.port}/\r\nContent-Length: 0\r\n\r\n"
        with Receiver(certificate, away.encode()) as pointing:
            world.register(pointing)
            world.try_out()
            world.deliver()
            world.clock.forward(days=1)
            world.deliver()
            assert (len(pointing.requests), receiver.visitors) == (1, 0)
        assert world.deliveries()[-1].outcome is DeliveryOutcome.REDIRECTED


@pytest.mark.parametrize("how", ["a byte at a time", "a head without end", "never", "10 GB"])
def test_a_receiver_neither_dawdles_nor_floods(how: str, world: "World", certificate: Certificate) -> None:
    """Check 29, of answers. Injected: an answer a byte at a time, a head that does not end, silence, 10 GB. Expected:
    an end after the seconds that the whole may take (5; 1 here), or after 64 kB; tried again later. With a time limit
    for each read alone, as clients have, the first goes on for ever; without the cap the last does.
    """
    assert (outside.SECONDS_MAX, outside.BYTES_MAX) == (5.0, 65536)
    answer = {"a byte at a time": trickle, "a head without end": trickle_head, "never": silence, "10 GB": flood}[how]
    with Receiver(certificate, answer) as slow:
        world.register(slow)
        world.try_out()
        world.deliver(seconds=1.0)
        assert slow.sent < 20_000_000
    [tried] = world.deliveries()
    assert tried.outcome is (DeliveryOutcome.TOO_LONG if how == "10 GB" else DeliveryOutcome.TOO_SLOW)
    assert tried.given_up_at is None
    assert tried.due_at == world.clock.at + courier.PAUSES[0]


def test_a_resolver_that_does_not_answer_holds_nobody_up(world: "World", receiver: "Receiver") -> None:
    """Check 29, of resolvers. Injected: DNS that never answers. Expected: too slow, after the same seconds. A
    resolver that is waited for holds the courier up for as long as it likes."""
    over = threading.Event()

    def dns(_host: str, _port: int) -> list[str]:
        over.wait(60)
        return ["127.0.0.1"]

    world.register(receiver)
    world.try_out()
    began = time.monotonic()
    world.deliver(dns, seconds=0.5)
    assert time.monotonic() - began < 20
    over.set()
    assert world.deliveries()[0].outcome is DeliveryOutcome.TOO_SLOW


def test_a_failing_receiver_is_tried_again_by_the_same_key(world: "World", certificate: Certificate) -> None:
    """Check 29, of failures. Injected: 500, 503, a connection that breaks, then 200. Expected: one message by one id,
    with one body, signed anew each time, after pauses that grow, at least once and no more once it was taken. With
    a new id for each attempt, or the body made anew, it fails.
    """
    answers = iter([answer_of(500), answer_of(503), b"", OK])
    with Receiver(certificate, lambda inside, _: inside.sendall(next(answers))) as moody:
        secret = world.register(moody)
        world.try_out()
        pauses = []
        for _ in range(4):
            world.deliver()
            waits = world.deliveries()[0].due_at - world.clock.at
            world.deliver()  # before its time nothing comes
            pauses.append(waits)
            world.clock.at += max(waits, timedelta())
        world.clock.forward(days=2)
        world.deliver()
        came = moody.requests
    assert pauses[:3] == list(courier.PAUSES[:3])
    assert len(came) == 4
    assert len({one.headers["idempotency-key"] for one in came}) == 1
    assert len({one.body for one in came}) == 1
    assert len({one.headers["webhook-timestamp"] for one in came}) == 4
    assert all(one.headers["webhook-id"] == one.headers["idempotency-key"] for one in came)
    assert all({name.lower() for name in HEADERS} <= one.headers.keys() for one in came)  # as the API document says
    assert all(is_signed(secret, one) for one in came)
    assert not any(is_signed(secret, replace(one, body=one.body + b" ")) for one in came)
    [taken] = world.deliveries()
    assert (taken.outcome, taken.answered, taken.attempts, taken.body) == (DeliveryOutcome.TAKEN, 200, 4, None)


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 410])
def test_what_is_refused_is_not_sent_again(status: int, world: "World", certificate: Certificate) -> None:
    """Check 29, of refusals. Injected: 4xx. Expected: never sent again; 410 switches the webhook off, with what it was
    still owed. With 4xx taken for failures they come again.
    """
    with Receiver(certificate, answer_of(status)) as stern:
        world.register(stern)
        world.try_out()
        world.deliver()
        for _ in range(3):
            world.clock.forward(hours=12)
            world.deliver()
        assert len(stern.requests) == 1
    [refused] = world.deliveries()
    assert (refused.outcome, refused.answered, refused.done_at) == (DeliveryOutcome.REFUSED, status, None)
    assert refused.given_up_at is not None
    assert world.webhook().off_because is (WebhookOff.GONE if status == 410 else None)


def test_a_message_is_given_up_after_three_days(world: "World", certificate: Certificate) -> None:
    with Receiver(certificate, answer_of(500)) as broken:
        world.register(broken)
        world.try_out()
        for _ in range(40):
            world.deliver()
            world.clock.forward(hours=2)
        told = len(broken.requests)
    [lost] = world.deliveries()
    assert lost.given_up_at is not None
    assert lost.body is None
    assert 5 < told < 25


def test_a_certificate_must_be_of_the_name_and_of_somebody_known(
    world: "World", receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 29, of certificates. Injected: one for another name, and one that nobody vouches for. Expected: not a byte
    of the message goes there. With `verify=False`, or the address in the place of the name, it does.
    """
    world.register(receiver, name="other.example.vn")
    world.try_out()
    world.deliver(lambda _host, _port: ["127.0.0.1"])
    assert world.deliveries()[0].outcome is DeliveryOutcome.UNTRUSTED
    monkeypatch.delenv("SSL_CERT_FILE")
    world.register(receiver)
    world.try_out()
    world.deliver()
    assert world.deliveries()[-1].outcome is DeliveryOutcome.UNTRUSTED
    assert receiver.requests == []


def test_a_message_whose_courier_died_comes_again_after_its_lease(world: "World", receiver: "Receiver") -> None:
    """Check 29, of couriers. Injected: one that dies between claim and answer, two at once. Expected: sent again once
    the lease is over, by the same id, and by one courier.
    """
    world.register(receiver)
    world.try_out()
    webhook_id = world.webhook().id
    dead = Courier(world.hotline)
    assert dead._claim(webhook_id) is not None
    assert Courier(world.hotline)._claim(webhook_id) is None
    world.deliver()
    assert receiver.requests == []
    world.clock.at += courier.LEASE
    world.deliver()
    world.deliver()
    assert [one.headers["webhook-id"] for one in receiver.requests] == [str(world.deliveries()[0].id)]


def test_the_document_tells_what_is_really_sent(
    world: "World", receiver: "Receiver", road: Road, client: FlaskClient
) -> None:
    """A trial and a ticket's whole road, as they come in, held against `webhooks` of the OpenAPI document."""
    document = client.get("/api/v1/openapi.json").get_json()
    world.register(receiver)
    world.try_out()
    road.answered()
    road.returned()
    world.clock.forward(seconds=1)
    world.deliver()
    types = [held_against(document, request) for request in receiver.requests]
    assert types[0] == "trial"
    assert {"ticket.triaged", "ticket.accepted", "ticket.answered", "ticket.returned"} <= set(types)


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        (204, "2XX", DeliveryOutcome.TAKEN),
        (307, "3XX", DeliveryOutcome.REDIRECTED),
        (404, "4XX", DeliveryOutcome.REFUSED),
        (410, "410", DeliveryOutcome.REFUSED),
        (503, "5XX", DeliveryOutcome.FAILED),
    ],
)
def test_the_document_tells_what_becomes_of_each_answer(
    status: int, said: str, outcome: DeliveryOutcome, world: "World", certificate: Certificate, client: FlaskClient
) -> None:
    with Receiver(certificate, answer_of(status)) as answering:
        world.register(answering)
        world.try_out()
        world.deliver()
    [delivery] = world.deliveries()
    words = client.get("/api/v1/openapi.json").get_json()["webhooks"]["trial"]["post"]["responses"][said]["description"]
    assert delivery.outcome is outcome
    assert (delivery.done_at is not None) == ("Taken" in words)
    assert (delivery.given_up_at is not None) == ("ever sent again" in words)
    assert (world.webhook().off_at is not None) == ("switched off" in words)


def test_the_relay_tells_beside_its_work(world: "World", receiver: "Receiver") -> None:
    """The courier's own thread, as the relay runs it: it delivers, and ends when it is told to."""
    world.register(receiver)
    world.try_out()
    stop = threading.Event()
    running = threading.Thread(target=Courier(world.hotline).run, args=(stop,))
    running.start()
    assert receiver.came.wait(20)
    stop.set()
    running.join(20)
    assert not running.is_alive()
    assert world.deliveries()[0].outcome is DeliveryOutcome.TAKEN


# What the tests are made of.


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    headers: dict[str, str]
    body: bytes


Answer = bytes | Callable[[ssl.SSLSocket, "Receiver"], None]


class Receiver:
    """A server that speaks TLS and answers every POST in one way."""

    def __init__(
        self, certificate: Certificate, answer: Answer = OK, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Listen."""
        self._answer = answer
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.pem, certificate.key)
        self._listener = socket.create_server((host, port))
        self.port = int(self._listener.getsockname()[1])
        self.visitors = self.sent = 0
        self.requests: list[Request] = []
        self.came = threading.Event()
        self.closed = threading.Event()
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join(10)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                self.visitors += 1
                with contextlib.suppress(OSError), visitor:
                    visitor.settimeout(10)
                    with self._context.wrap_socket(visitor, server_side=True) as inside:
                        self._receive(inside)

    def _receive(self, inside: ssl.SSLSocket) -> None:
        came = b""
        while b"\r\n\r\n" not in came:
            data = inside.recv(65536)
            if not data:
                return
            came += data
        head, _, body = came.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
        headers = {name.lower(): value for name, _, value in lines}
        while len(body) < int(headers["content-length"]):
            body += inside.recv(65536)
        self.requests.append(Request(headers, body))
        self.came.set()
        if isinstance(self._answer, bytes):
            inside.sendall(self._answer)
        else:
            self._answer(inside, self)


def answer_of(status: int) -> bytes:
    """An answer without a body."""
    return f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode()


def trickle(inside: ssl.SSLSocket, receiver: Receiver) -> None:
    """Answer a byte at a time, each well before any time limit of a single read."""
    inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not receiver.closed.wait(0.05):
        inside.sendall(b"x")


def trickle_head(inside: ssl.SSLSocket, receiver: Receiver) -> None:
    """Begin an answer whose head does not end."""
    inside.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not receiver.closed.wait(0.05):
        inside.sendall(b"x")


def silence(_inside: ssl.SSLSocket, receiver: Receiver) -> None:
    """Say nothing, until the other side has gone."""
    receiver.closed.wait(3)


def flood(inside: ssl.SSLSocket, receiver: Receiver) -> None:
    """Answer 10 GB, as far as anybody takes them."""
    inside.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    for _ in range(10_000):
        inside.sendall(b"x" * 1_000_000)
        receiver.sent += 1_000_000


def is_signed(secret: str, request: Request) -> bool:
    """Tell whether a request is who has the secret's, by the words of docs/api.md alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    given = request.headers["webhook-signature"].split(" ")
    return any(hmac.compare_digest(f"v1,{expected}", one) for one in given)


def held_against(document: Mapping[str, Any], request: Request) -> str:
    """Fail unless a request is as the document says; return the type of its message."""
    body = json.loads(request.body)
    told = document["webhooks"]["trial" if body["type"] == "trial" else "ticket"]["post"]
    headers = {one["name"].lower() for one in told["parameters"] if one["required"]}
    assert headers == request.headers.keys() - {"host", "content-length", "connection", "user-agent", "content-type"}
    content = told["requestBody"]["content"][request.headers["content-type"]]
    shape = content["schema"] | {"components": document["components"]}
    assert jsonschema_rs.is_valid(shape, body)
    assert not jsonschema_rs.is_valid(shape, body | {"type": "ticket.received"})
    assert not jsonschema_rs.is_valid(shape, body | {"data": body["data"] | {"text": "x"}})
    return str(body["type"])


@dataclass
class World:
    """An installation that may tell receivers on this machine, at 127.0.0.1 and nowhere else."""

    hotline: Hotline
    staff: Staff
    clock: Clock
    _webhook_id: object = None

    def register(self, receiver: Receiver, *, name: str = "localhost") -> str:
        """Set a webhook up for a receiver; return its secret."""
        new = NewWebhook(name, f"https://{name}:{receiver.port}/phieu?x=1", None)
        self._webhook_id, secret = service.make(self.hotline, new, self.staff.admin.id)
        return secret

    def try_out(self) -> None:
        """Owe the last webhook a trial, now."""
        service.send_trial(self.hotline, self.webhook().id)
        self.clock.forward(seconds=1)

    def deliver(self, resolve: Resolve = outside.resolve, *, seconds: float = outside.SECONDS_MAX) -> None:
        """Do what a relay would do now."""
        Courier(self.hotline, Post((HOME,), seconds=seconds, resolve=resolve)).once()

    def webhook(self) -> Webhook:
        """The last webhook."""
        with self.hotline.database.reading() as session:
            return session.scalars(select(Webhook).where(Webhook.id == self._webhook_id)).one()

    def deliveries(self) -> list[WebhookDelivery]:
        """Every message, the oldest first; each is one that may be looked at as JSON until it is over."""
        with self.hotline.database.reading() as session:
            found = list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.created_at)))
        assert all(json.loads(one.body)["type"] == TRIAL for one in found if one.body)
        return found


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Return a certificate of localhost that this process trusts."""
    made = Certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.pem))
    return made


@pytest.fixture
def receiver(certificate: Certificate) -> Iterator[Receiver]:
    """Return a receiver that takes everything."""
    with Receiver(certificate) as made:
        yield made


@pytest.fixture
def road(hotline: Hotline, staff: Staff, file: Callable[..., Filed], triage: Callable[[], None]) -> Road:
    """Return what brings reports along their road."""
    return Road(hotline, staff, file, triage)


@pytest.fixture
def world(hotline: Hotline, staff: Staff, clock: Clock) -> World:
    """Return an installation that may tell receivers on this machine."""
    settings = replace(hotline.settings, webhook_networks=(HOME,))
    return World(replace(hotline, settings=settings), staff, clock)
