"""What lies between hosts: servers with passwords that are reached over TLS only, and a door that can be shut."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg import sql
from redis import Redis
from redis.exceptions import RedisError

from app.bench.scratch import Postgres
from app.bench.world import free_port
from app.supervisor import redis_server

#: What PostgreSQL's clients ask first: may we speak TLS? (Protocol 3.0, SSLRequest.)
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
CHUNK = 65536


class Certificate:
    """A certificate for this machine that is its own authority, and its key."""

    def __init__(self, folder: Path) -> None:
        """Make both and write them as `host.pem` and `host.key`."""
        self.pem, self.key = folder / "host.pem", folder / "host.key"
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = dt.datetime.now(dt.UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


class Door:
    """The TLS in front of a server that speaks none itself, as stunnel would be; what stands behind can be changed.

    The servers of the wheels are built without TLS. Clients cannot tell: they check certificate and name as ever.
    """

    def __init__(self, certificate: Certificate, behind: str | Path | int, *, postgresql: bool = False) -> None:
        """Open the door at `port`. `behind` is a Unix socket or a port of this machine."""
        self.behind = behind
        self._postgresql = postgresql
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.pem, certificate.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Shut the door and end what goes through it."""
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End every connection that goes through the door now."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._let_in, args=(visitor,), daemon=True).start()

    def _let_in(self, visitor: socket.socket) -> None:
        with contextlib.suppress(OSError), visitor:
            if self._postgresql:
                if visitor.recv(len(SSL_REQUEST)) != SSL_REQUEST:
                    return  # nobody speaks here in the clear
                visitor.sendall(b"S")
            with self._context.wrap_socket(visitor, server_side=True) as inside, self._server() as server:
                self._open |= {inside, server}
                there = threading.Thread(target=_pump, args=(inside, server), daemon=True)
                there.start()
                _pump(server, inside)
                there.join()
                self._open -= {inside, server}

    def _server(self) -> socket.socket:
        if isinstance(self.behind, int):
            return socket.create_connection(("127.0.0.1", self.behind))
        made = socket.socket(socket.AF_UNIX)
        made.connect(str(self.behind))
        return made


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class LockedRedis:
    """A Redis on a port of this machine that wants a password."""

    def __init__(self, folder: Path, password: str) -> None:
        """Start it, empty."""
        self.port = free_port()
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", password, "--save", "")
        self._process = subprocess.Popen(
            [redis_server(), *options, "--loglevel", "warning"], cwd=folder, stdout=subprocess.DEVNULL
        )
        self.client = Redis(port=self.port, password=password)

    def answers(self) -> bool:
        """Tell whether it is up."""
        with contextlib.suppress(RedisError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        """Kill it; what it held is gone."""
        self.client.close()
        self._process.kill()
        self._process.wait()


def lock(server: Postgres, user: str, password: str) -> str:
    """Make a database of a user who must give a password; return its name. Others come in no more."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(user), password))
        connection.execute("CREATE ROLE langnghe_staff NOLOGIN")
        connection.execute(sql.SQL("GRANT langnghe_staff TO {}").format(sql.Identifier(user)))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(user), sql.Identifier(user)))
        file = connection.execute("SHOW hba_file").fetchone()
        assert file is not None
        Path(file[0]).write_text("local postgres langnghe trust\nlocal all all scram-sha-256\n", "ascii")
        connection.execute("SELECT pg_reload_conf()")
    return user
