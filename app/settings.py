"""Everything that can be set from outside, read once, frozen, with all problems named together."""

import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

from app.disk import sync_folder

#: Shorter secrets can be guessed; 32 bytes as urlsafe base 64 are 43 characters.
MIN_SECRET: Final = 32
MIN_TOKEN: Final = 20
_ROLE: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
SEAL_FILE: Final = "seal-key"
CONTACT_FILE: Final = "contact-key"
#: The files of keys in the data folder, and the variable that gives each otherwise.
KEY_FILES: Final = {
    "secret": "LANGNGHE_SECRET_KEY",
    SEAL_FILE: "LANGNGHE_SEAL_KEY",
    CONTACT_FILE: "LANGNGHE_CONTACT_KEY",
}

#: Map tiles: of one host, or a path of our own.
_TILES: Final = re.compile(r"(https?://[A-Za-z0-9.-]+(:\d{1,5})?)?/(?!/)[A-Za-z0-9._~%/{}?=&@:-]*")
_BRACES: Final = re.compile(r"\{[^{}]*\}")
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_TILE_PARTS: Final = ["{x}", "{y}", "{z}"]


class SettingsError(Exception):
    """Raised when the environment cannot be used; the message lists every problem, one a line."""


@dataclass(frozen=True)
class OidcSettings:
    """The OpenID provider that staff may come in by. `groups` is the file that says which group is what here."""

    issuer: str
    client_id: str
    secret: str
    name: str
    scopes: str
    group_claim: str
    groups: Path


@dataclass(frozen=True)
class Settings:
    """What this process runs with. Times are seconds.

    `embedded_redis` is the socket of the Redis that `langnghe run` starts itself, or None where `REDIS_URL` names one.
    """

    data: Path
    database_url: str
    redis_url: str
    embedded_redis: Path | None
    secret_key: str
    seal_keys: tuple[str, ...]
    contact_keys: tuple[str, ...]
    database_role: str | None
    host: str
    port: int
    public_url: str
    web_workers: int
    workers: int
    trusted_proxies: int
    lease: float
    relay_every: float
    job_timeout: int
    max_attempts: int
    batch: int
    idempotency_life: float
    retrain_weekly: bool
    purge_daily: bool
    intake_per_minute: int
    login_per_quarter_hour: int
    session_idle: float
    session_life: float
    oidc: OidcSettings | None
    metrics_token: str | None
    city: Path | None
    map_tiles: str | None
    map_attribution: str
    webhook_networks: tuple[Network, ...]
    fault_dir: Path | None

    @property
    def address(self) -> str:
        """Where the web process listens."""
        return _address(self.host, self.port)

    @property
    def https(self) -> bool:
        """Whether people come in over HTTPS, so that cookies may insist on it."""
        return self.public_url.startswith("https://")

    @property
    def is_sqlite(self) -> bool:
        """Whether everything runs on one machine with the embedded database."""
        return self.database_url.startswith("sqlite")

    @property
    def map_host(self) -> str | None:
        """Where map tiles come from when that is not this installation itself: `https://tiles.example.vn`."""
        parts = urlsplit(self.map_tiles or "")
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None

    @property
    def models(self) -> Path:
        """Where trained artifacts live."""
        return self.data / "models"

    @property
    def attachments(self) -> Path:
        """Where photos live."""
        return self.data / "attachments"

    @property
    def seal_file(self) -> Path:
        """Where the seal keys are when `LANGNGHE_SEAL_KEY` gives none; newest first, one a line."""
        return self.data / SEAL_FILE

    @property
    def contact_file(self) -> Path:
        """Where the contact keys are when `LANGNGHE_CONTACT_KEY` gives none; newest first, one a line."""
        return self.data / CONTACT_FILE


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where this installation keeps what it must not lose."""
    return Path(environ.get("LANGNGHE_DATA") or "var").resolve()


def models_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where trained artifacts live; commands that need nothing else need no secret either."""
    return data_folder(environ) / "models"


def city_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of another city than the packaged one; raise `SettingsError` when there is none."""
    reader = _Reader(environ)
    folder = reader.folder("LANGNGHE_CITY")
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return folder


def is_set_up(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a database is named or was made here: commands that need none can ask it if there is one."""
    return bool(environ.get("DATABASE_URL")) or (data_folder(environ) / "langnghe.db").exists()


def from_env(environ: Mapping[str, str] = os.environ, *, serving: bool = False) -> Settings:
    """Read the settings; raise `SettingsError` naming every problem at once.

    A process that is `serving` citizens or staff must have the contact keys too: without them it would refuse most
    reports, one by one.
    """
    reader = _Reader(environ)
    data = data_folder(environ)
    port = reader.whole("PORT", 8022, 1, 65535)
    host = environ.get("HOST") or "127.0.0.1"
    settings = Settings(
        data=data,
        database_url=reader.database_url(f"sqlite:///{quote(str(data / 'langnghe.db'))}"),
        redis_url=reader.redis_url(f"unix://{quote(str(data / 'redis.sock'))}"),
        embedded_redis=None if environ.get("REDIS_URL") else data / "redis.sock",
        secret_key=reader.secret(data),
        seal_keys=reader.ring("LANGNGHE_SEAL_KEY", data / SEAL_FILE),
        contact_keys=reader.ring("LANGNGHE_CONTACT_KEY", data / CONTACT_FILE, needed=serving),
        database_role=reader.role("LANGNGHE_DATABASE_ROLE"),
        host=host,
        port=port,
        public_url=reader.public_url(f"http://{_address(host, port)}"),
        web_workers=reader.whole("LANGNGHE_WEB_WORKERS", 2, 1, 64),
        workers=reader.whole("LANGNGHE_WORKERS", 2, 1, 64),
        trusted_proxies=reader.whole("LANGNGHE_TRUSTED_PROXIES", 0, 0, 5),
        lease=reader.seconds("LANGNGHE_LEASE", 30.0),
        relay_every=reader.seconds("LANGNGHE_RELAY_EVERY", 0.2),
        job_timeout=reader.whole("LANGNGHE_JOB_TIMEOUT", 20, 1, 3600),
        max_attempts=reader.whole("LANGNGHE_MAX_ATTEMPTS", 5, 1, 20),
        batch=reader.whole("LANGNGHE_BATCH", 25, 1, 500),
        idempotency_life=reader.seconds("LANGNGHE_IDEMPOTENCY_LIFE", 86400.0),
        retrain_weekly=reader.whole("LANGNGHE_RETRAIN_WEEKLY", 0, 0, 1) == 1,
        purge_daily=reader.whole("LANGNGHE_PURGE_DAILY", 0, 0, 1) == 1,
        intake_per_minute=reader.whole("LANGNGHE_INTAKE_PER_MINUTE", 60, 1, 1_000_000),
        login_per_quarter_hour=reader.whole("LANGNGHE_LOGIN_PER_QUARTER_HOUR", 20, 1, 1_000_000),
        session_idle=reader.seconds("LANGNGHE_SESSION_IDLE", 7200.0),
        session_life=reader.seconds("LANGNGHE_SESSION_LIFE", 43200.0),
        oidc=reader.oidc(),
        metrics_token=reader.token("LANGNGHE_METRICS_TOKEN"),
        city=reader.folder("LANGNGHE_CITY"),
        map_tiles=reader.tiles("LANGNGHE_MAP_TILES"),
        map_attribution=reader.attribution("LANGNGHE_MAP_ATTRIBUTION", "LANGNGHE_MAP_TILES"),
        webhook_networks=reader.networks("LANGNGHE_WEBHOOK_NETWORKS"),
        fault_dir=reader.folder("LANGNGHE_FAULT_DIR"),
    )
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return settings


class _Reader:
    """Reads one variable at a time and remembers what was wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        raw = self.environ.get(name) or str(default)
        if raw.isascii() and raw.isdigit() and low <= int(raw) <= high:
            return int(raw)
        self.problems.append(f"{name}: a whole number from {low} to {high} is needed, not {raw!r}")
        return default

    def seconds(self, name: str, default: float) -> float:
        raw = self.environ.get(name) or str(default)
        try:
            value = float(raw)
        except ValueError:
            value = -1
        if 0 < value < 1e7:
            return value
        self.problems.append(f"{name}: a number of seconds above 0 is needed, not {raw!r}")
        return default

    def token(self, name: str) -> str | None:
        raw = self.environ.get(name)
        if not raw:
            return None
        if len(raw) < MIN_TOKEN or not (raw.isascii() and raw.isprintable()):
            self.problems.append(f"{name}: at least {MIN_TOKEN} printable ASCII characters are needed")
        return raw

    def tiles(self, name: str) -> str | None:
        """The address of map tiles; its host goes into a header, so nothing but an address is taken."""
        raw = self.environ.get(name)
        if raw and not (_TILES.fullmatch(raw) and sorted(_BRACES.findall(raw)) == _TILE_PARTS):
            self.problems.append(
                f"{name}: an address with {{z}}, {{x}} and {{y}} is needed, such as "
                f"https://tiles.example.vn/{{z}}/{{x}}/{{y}}.png or /tiles/{{z}}/{{x}}/{{y}}.png, not {raw!r}"
            )
            return None
        return raw or None

    def attribution(self, name: str, tiles: str) -> str:
        words = self.environ.get(name) or ""
        if self.environ.get(tiles) and not words:
            self.problems.append(f"{name}: whose map it is must stand beside it, such as '© OpenStreetMap'")
        return words

    def networks(self, name: str) -> tuple[Network, ...]:
        """Networks by their address and length; one of length 0 would be the whole world."""
        found = []
        for raw in (self.environ.get(name) or "").replace(",", " ").split():
            try:
                found.append(ipaddress.ip_network(raw))
            except ValueError:
                self.problems.append(f"{name}: networks such as 10.20.0.0/16 or fd00:20::/32 are needed, not {raw!r}")
        if any(network.prefixlen == 0 for network in found):
            self.problems.append(f"{name}: a network of every address would let webhooks reach this machine itself")
        return tuple(found)

    def folder(self, name: str) -> Path | None:
        raw = self.environ.get(name)
        if not raw:
            return None
        if not Path(raw).is_dir():
            self.problems.append(f"{name}: there is no folder {raw!r}")
        return Path(raw)

    def oidc(self) -> OidcSettings | None:
        """The provider, when `LANGNGHE_OIDC_ISSUER` names one; then all that belongs to it is needed."""
        issuer = self.environ.get("LANGNGHE_OIDC_ISSUER")
        if not issuer:
            return None
        parts = _split(issuer)
        if not parts.netloc or not (
            parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
        ):
            self.problems.append(f"LANGNGHE_OIDC_ISSUER: an https:// address is needed, not {issuer!r}")
        return OidcSettings(
            issuer=issuer,
            client_id=self.needed("LANGNGHE_OIDC_CLIENT_ID"),
            secret=self.secret_file("LANGNGHE_OIDC_SECRET_FILE"),
            name=self.environ.get("LANGNGHE_OIDC_NAME") or (parts.hostname or issuer),
            scopes=self.environ.get("LANGNGHE_OIDC_SCOPES") or "openid profile",
            group_claim=self.environ.get("LANGNGHE_OIDC_GROUP_CLAIM") or "groups",
            groups=self.file("LANGNGHE_OIDC_GROUPS"),
        )

    def needed(self, name: str) -> str:
        raw = self.environ.get(name) or ""
        if not raw:
            self.problems.append(f"{name}: is needed with LANGNGHE_OIDC_ISSUER")
        return raw

    def file(self, name: str) -> Path:
        raw = self.needed(name)
        if raw and not Path(raw).is_file():
            self.problems.append(f"{name}: there is no file {raw!r}")
        return Path(raw)

    def secret_file(self, name: str) -> str:
        file = self.file(name)
        try:
            secret = file.read_text("utf-8").strip() if file.is_file() else "-"
        except (OSError, UnicodeDecodeError):
            secret = ""
        if not secret:
            self.problems.append(f"{name}: {file} cannot be read or is empty")
        return secret

    def database_url(self, default: str) -> str:
        url = self.environ.get("DATABASE_URL") or default
        if url.startswith("sqlite:///"):
            return url
        for prefix in ("postgresql://", "postgres://", "postgresql+psycopg://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        self.problems.append("DATABASE_URL: only sqlite:/// and postgresql:// are supported")
        return default

    def redis_url(self, default: str) -> str:
        url = self.environ.get("REDIS_URL") or default
        if not url.startswith(("unix://", "redis://", "rediss://")):
            self.problems.append("REDIS_URL: must begin with unix://, redis:// or rediss://")
        return url

    def public_url(self, default: str) -> str:
        url = (self.environ.get("LANGNGHE_URL") or default).rstrip("/")
        parts = _split(url)
        more = parts.path or "@" in parts.netloc or "?" in url or "#" in url
        if parts.scheme not in {"http", "https"} or not parts.hostname or more:
            self.problems.append(f"LANGNGHE_URL: a bare address such as https://1022.example.vn is needed, not {url!r}")
        return url

    def secret(self, data: Path) -> str:
        """The key to codes and sessions: from the environment, or from the file that `prepare` made."""
        secret = self.environ.get("LANGNGHE_SECRET_KEY")
        file = data / "secret"
        if secret is None and file.is_file():
            secret = file.read_text("ascii").strip()
        if secret is None:
            self.problems.append(
                f"LANGNGHE_SECRET_KEY: not set and there is no {file}; `langnghe migrate` makes one on a single "
                "machine, several machines must share one"
            )
            return ""
        if len(secret) < MIN_SECRET:
            where = "" if "LANGNGHE_SECRET_KEY" in self.environ else f" ({file})"
            self.problems.append(
                f"LANGNGHE_SECRET_KEY{where}: at least {MIN_SECRET} characters are needed, not {len(secret)}"
            )
        return secret

    def ring(self, name: str, file: Path, *, needed: bool = False) -> tuple[str, ...]:
        """The keys of one purpose from the environment, newest first; those of the file are read when they are used."""
        given = self.environ.get(name)
        raw = given if given is not None else file.read_text("ascii") if file.is_file() else None
        keys = keys_of(raw or "")
        if raw is None and needed:
            self.problems.append(missing_key(name, file, "contact data can be neither kept nor read"))
        if raw is not None and (not keys or min(map(len, keys)) < MIN_SECRET):
            where = "" if given is not None else f" ({file})"
            self.problems.append(f"{name}{where}: each key needs {MIN_SECRET} characters or more; the newest first")
        return keys if given is not None else ()

    def role(self, name: str) -> str | None:
        """The name of a role of PostgreSQL, which goes into the options of a connection as it is."""
        raw = self.environ.get(name)
        if not raw:
            return None
        if not _ROLE.fullmatch(raw):
            self.problems.append(f"{name}: small letters, digits and underscores are needed, not {raw!r}")
            return None
        return raw


def _split(url: str) -> SplitResult:
    """Return the parts of an address; of what is none, no parts."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is looked at when it is asked for
    except ValueError:
        return urlsplit("")
    return parts


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_loopback(host: str | None) -> bool:
    return host in {"127.0.0.1", "::1", "localhost"}


def missing_key(name: str, file: Path, consequence: str) -> str:
    """Say that there is no key of this name, what follows from it and what to do."""
    return (
        f"{name}: not set and there is no {file}; {consequence} until there is one: `langnghe migrate` makes one on a "
        f"single machine, several must share one of {MIN_SECRET} characters or more"
    )


def keys_of(raw: str) -> tuple[str, ...]:
    """Return the keys of a setting or a file, newest first: commas or line ends between them."""
    return tuple(key for key in raw.replace(",", " ").split() if key)


def prepare(environ: Mapping[str, str] = os.environ) -> None:
    """Make the data folder, and on a single machine its secret files, if they are not there yet.

    With PostgreSQL no file is made: several machines must be given the same `LANGNGHE_SECRET_KEY`,
    `LANGNGHE_SEAL_KEY` and `LANGNGHE_CONTACT_KEY`, or what is filed on one could not be opened on another.
    """
    data = data_folder(environ)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if environ.get("DATABASE_URL", "").startswith("postgres"):
        return
    for name, variable in KEY_FILES.items():
        file = data / name
        if variable in environ or file.exists():
            continue
        _write_once(file, secrets.token_urlsafe(32))


def _write_once(file: Path, content: str) -> None:
    """Write a new file that is there whole or not at all, even after a power cut; of two at once the first counts."""
    descriptor, part = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # only its owner can read it
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(part, file)
    finally:
        Path(part).unlink()
    sync_folder(file.parent)
