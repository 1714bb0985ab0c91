"""The way out: https to an address that is checked when it is connected to, within caps that nothing gets round.

A receiver's address is typed by a person, and its name means what its owner's DNS says at that moment. So the name is
resolved once a delivery, what it says is looked at, and the connection goes to exactly such an address; nothing
resolves the name a second time. Certificates are checked against the name. No redirect is followed, no proxy asked.
"""

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import httpcore
import httpx
from httpcore import SOCKET_OPTION, NetworkBackend, NetworkStream

from app.settings import Network

#: Seconds that everything may take together, from the name to the last byte of the answer, and bytes it may have.
SECONDS_MAX: Final = 5.0
BYTES_MAX: Final = 64 * 1024
HTTPS: Final = 443
URL_MAX: Final = 500

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

#: Host, port, path with query; no user, no fragment, and no character that two readers might read differently.
_URL: Final = re.compile(
    r"https://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*(?:\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?)?",
    re.ASCII,
)
#: IPv6 addresses behind which an IPv4 address is meant: RFC 6052's well-known prefix, for networks that translate.
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
#: All that is given out as global unicast addresses of IPv6; `is_global` alone lets more pass, such as `fec0::1`.
_GIVEN_OUT: Final = ipaddress.IPv6Network("2000::/3")


class NotOutside(Exception):
    """Raised when a name leads to no address that may be connected to. Nothing was connected to."""


class TooSlow(Exception):
    """Raised when the whole took longer than `SECONDS_MAX`."""


class TooLong(Exception):
    """Raised when the answer has more than `BYTES_MAX` bytes, its head among them."""


class Unreachable(Exception):
    """Raised when the name is unknown, nobody listens, or the connection breaks."""


class Untrusted(Exception):
    """Raised when the certificate is not one of that name, or nobody known vouches for it."""


@dataclass(frozen=True)
class Target:
    """Where to send: as it was checked, so that nothing reads the address a second time."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS else f"{host}:{self.port}"


def target_of(url: str) -> Target | None:
    """Return what an address means, or None for one that no webhook may have."""
    found = _URL.fullmatch(url) if len(url) <= URL_MAX else None
    if found is None or not 1 <= int(found["port"] or HTTPS) <= 65535:
        return None
    return Target(found["host"].strip("[]"), int(found["port"] or HTTPS), found["target"] or "/")


def is_outside(address: Address, networks: Iterable[Network] = ()) -> bool:
    """Tell whether an address may be connected to: a global one, or one of these networks.

    An IPv6 address that stands for an IPv4 address must be global both ways.
    """
    meant = _meant(address)
    if any(one in network for one in (address, *meant) for network in networks):
        return True
    return all(map(_is_global, meant))


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GIVEN_OUT:
        return False
    return address.is_global and not address.is_multicast


def _meant(address: Address) -> tuple[Address, ...]:
    """Return the addresses that an address leads to: itself, or those that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _TRANSLATED:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    within = (*(address.teredo or ()), *((address.sixtofour,) if address.sixtofour else ()))
    return (address, *within)


def says_address(host: str) -> Address | None:
    """Return the address that a host is, in any of the ways to write one (`0x7f.1`, `2130706433`); None for a name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return None
    return ipaddress.ip_address(found[0][4][0])


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the machine's resolver has them now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Post:
    """Posts a body and returns the status of the answer. One for each process."""

    def __init__(
        self, networks: Iterable[Network] = (), *, seconds: float = SECONDS_MAX, resolve: Resolve = resolve
    ) -> None:
        """`networks` may be connected to though they are not global; `resolve` is what asks the DNS."""
        self._networks = tuple(networks)
        self._seconds = seconds
        self._resolve = resolve
        self._trusted = httpx.create_ssl_context()  # SSL_CERT_FILE names other authorities than certifi's

    def send(self, target: Target, headers: dict[str, str], body: bytes) -> int:
        """Return the status. Raises `NotOutside`, `TooSlow`, `TooLong`, `Unreachable` or `Untrusted`."""
        within = _Allowance(self._seconds)
        way = _Way(within, self._networks, self._resolve)
        url = httpcore.URL(scheme=b"https", host=target.host.encode(), port=target.port, target=target.path.encode())
        head = {"Host": target.authority, "Content-Length": str(len(body)), "Connection": "close", **headers}
        try:
            with httpcore.ConnectionPool(ssl_context=self._trusted, network_backend=way) as pool:
                return self._exchange(pool, httpcore.Request("POST", url, headers=list(head.items()), content=body))
        except httpcore.TimeoutException as error:
            raise TooSlow from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            if _is_of_certificates(error):
                raise Untrusted from error
            raise Unreachable from error

    def _exchange(self, pool: httpcore.ConnectionPool, request: httpcore.Request) -> int:
        answer = pool.handle_request(request)
        try:
            for _ in answer.iter_stream():
                pass  # only whether it ends in time and is not too long
        finally:
            answer.close()
        return answer.status


def _is_of_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Allowance:
    """Seconds and bytes that one delivery has left."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._bytes = BYTES_MAX

    def seconds(self) -> float:
        """Return how many seconds are left; raise `TooSlow` where none are."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TooSlow
        return left

    def came(self, data: bytes) -> bytes:
        """Count what came; raise `TooLong` past the cap."""
        self._bytes -= len(data)
        if self._bytes < 0:
            raise TooLong
        self.seconds()
        return data


class _Way(NetworkBackend):
    """Connects to an address that was looked at, and to no other."""

    def __init__(self, within: _Allowance, networks: tuple[Network, ...], resolve: Resolve) -> None:
        self._within = within
        self._networks = networks
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the whole has one
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Resolve once, and connect to what was found if it is outside."""
        addresses = [ipaddress.ip_address(found) for found in self._addresses(host, port)]
        allowed = [one for one in addresses if is_outside(one, self._networks)]
        if not allowed:
            raise NotOutside
        for number, address in enumerate(allowed, start=1):
            try:
                made = self._sockets.connect_tcp(
                    str(address), port, self._within.seconds(), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(allowed):
                    raise
            else:
                return _Capped(made, self._within)
        raise NotOutside

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Ask the resolver, which knows no time limit, beside us: it is left behind where it takes too long."""
        found: list[Sequence[str]] = []

        def ask() -> None:
            try:
                found.append(self._resolve(host, port))
            except (OSError, UnicodeError):
                found.append(())

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._within.seconds())
        self._within.seconds()
        if not found or not found[0]:
            raise Unreachable
        return found[0]


class _Capped(NetworkStream):
    """A stream of which every step counts against what is left, however little comes at a time."""

    def __init__(self, stream: NetworkStream, within: _Allowance) -> None:
        self._stream = stream
        self._within = within

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read what is there."""
        return self._within.came(self._stream.read(max_bytes, self._within.seconds()))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write all of it."""
        self._stream.write(buffer, self._within.seconds())

    def close(self) -> None:
        """Close."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        """Speak TLS with who has a certificate of this name."""
        return _Capped(self._stream.start_tls(ssl_context, server_hostname, self._within.seconds()), self._within)

    def get_extra_info(self, info: str) -> object:
        """Return what the socket knows of itself."""
        return self._stream.get_extra_info(info)
