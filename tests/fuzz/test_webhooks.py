"""Addresses that webhooks may have, what receivers answer, and what both sides sign."""

import base64
import ipaddress
import json
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import urlsplit

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Signature
from standardwebhooks import WebhookVerificationError

from app.problems import Refused
from app.webhooks import outside
from app.webhooks.courier import meaning_of
from app.webhooks.outside import NotOutside, Post, Target, TooLong, TooSlow, Unreachable, Untrusted
from app.webhooks.schema import parse_webhook
from tests.fuzz.made_up import BRIEFLY, damaged, in_time, texts

#: Parts of which addresses are made, honest and not.
_PARTS = (
    "https://", "http://", "HTTPS://", "//", "/", "\\", "@", ":", "443", ":0", ":99999", "?", "#", "%2f", "%", ".",
    "..", "in.example.vn", "máy.vn", "xn--my-yja.vn", "127.0.0.1", "0x7f.1", "2130706433", "0177.1", "[::1]", "[",
    "]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fe80::1%25eth0]", "localhost", "a", "-", "_", "１２７.0.0.1",
    "\u3002",
    "\t", "\n", "\r\n", " ", "\0", "user:word@",
)  # fmt: skip
addresses = st.one_of(st.lists(st.sampled_from(_PARTS), max_size=8).map("".join), texts)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok"
_CHUNKED = b"HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@BRIEFLY
@given(st.one_of(addresses, addresses.map("https://in.example.vn{}".format), addresses.map("https://{}".format)))
def test_an_address_that_is_taken_means_one_thing_to_every_reader(url: str) -> None:
    with in_time():
        target = outside.target_of(url.strip())
    if target is None:
        with pytest.raises(Refused):
            parse_webhook({"name": "x", "url": url}, ())
        return
    split, read = urlsplit(url.strip()), httpcore.URL(url.strip())
    assert split.scheme.encode() == read.scheme == b"https"
    assert split.username is None
    assert (split.hostname, split.port or 443) == (target.host.lower(), target.port)
    assert read.host.decode() == target.host.lower()
    assert ((read.port or 443), read.target.decode()) == (target.port, target.path)
    assert target.path.startswith("/")
    said = outside.says_address(target.host)
    assert said is None or outside.is_outside(said) in {True, False}
    try:
        parse_webhook({"name": "x", "url": url}, ())
    except Refused:
        assert said is not None
        assert not outside.is_outside(said)


@BRIEFLY
@given(st.ip_addresses())
def test_no_address_that_stands_for_one_inside_is_outside(address: outside.Address) -> None:
    allowed = outside.is_outside(address)
    assert not allowed or address.is_global
    if isinstance(address, ipaddress.IPv4Address):
        wrapped = [
            f"::ffff:{address}",
            f"64:ff9b::{address}",
            str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))),
        ]
        for one in wrapped:
            assert allowed or not outside.is_outside(ipaddress.ip_address(one)), one


@BRIEFLY
@given(st.lists(damaged([_ANSWER, _CHUNKED, b"HTTP/1.1 100 Continue\r\n\r\n" + _ANSWER]), max_size=3))
def test_whatever_a_receiver_answers_is_a_status_or_a_failure_that_is_known(pieces: list[bytes]) -> None:
    post = Post(resolve=lambda _host, _port: ["1.1.1.1"])
    with patch("app.webhooks.outside.httpcore.SyncBackend", lambda: httpcore.MockBackend([*pieces, b""])):
        try:
            with in_time():
                status = post.send(Target("in.example.vn", 443, "/"), {}, b"{}")
        except (NotOutside, TooLong, TooSlow, Unreachable, Untrusted):
            return
    assert 100 <= status <= 999
    assert meaning_of(status).status == status


@BRIEFLY
@given(st.binary(min_size=24, max_size=64), st.dictionaries(texts, texts, max_size=3), texts)
def test_a_signature_is_good_for_what_was_signed_alone(secret: bytes, data: dict[str, str], forged: str) -> None:
    signer = Signature("whsec_" + base64.b64encode(secret).decode())
    at, body = datetime.now(UTC), json.dumps(data)
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signer.sign("m1", at, body),
    }
    assert signer.verify(body, headers) == data
    for name, value in (("webhook-signature", forged), ("webhook-id", forged + "x"), ("webhook-timestamp", forged)):
        with pytest.raises((WebhookVerificationError, ValueError)):  # the library lets a header without a comma through
            signer.verify(body, headers | {name: value})
    with pytest.raises(WebhookVerificationError):
        signer.verify(body + " ", headers)
