"""Back-up of a running installation, and restoring it into an empty one."""

import hmac
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, inspect

from app import migration, search, settings
from app.backup import container, tables
from app.backup.container import MANIFEST, BadBackup, NotEmpty
from app.database import Database
from app.hotline import Hotline
from app.settings import KEY_FILES
from models.tables import Base

FORMAT: Final = 1
#: What of the data folder is backed up; all else there (sockets, process lists, the database itself) is made anew.
#: The keys among it, without which the rest is of no use, are put in place (`prepare_keys`) before anything reads them.
KEPT: Final = (*KEY_FILES, "attachments", "models", "model-cards")
_TOPS: Final = {(name,) for name in KEPT}
TABLES: Final = "tables"
FILES: Final = "files"
PASSPHRASE_MIN: Final = 12


@dataclass(frozen=True)
class Contents:
    """What a sound back-up holds: schema revision, when it was made, rows a table, number of files."""

    revision: str
    made_at: str
    rows: Mapping[str, int]
    files: int
    secret_mark: str
    key_marks: Mapping[str, Sequence[str]]


class _Format(BaseModel):
    """What a list of parts of any release says of itself."""

    model_config = ConfigDict(strict=True)

    format: int


class _Manifest(_Format):
    """The list of parts, as this release writes and reads it."""

    revision: str
    made_at: str
    secret_mark: str
    #: Of the keys of each ring, by the variable that gives them; back-ups of earlier releases do not say.
    key_marks: dict[str, list[str]] = {}
    rows: dict[str, int]
    members: dict[str, str]


def back_up(hotline: Hotline, file: Path, passphrase: str) -> Contents:
    """Write a back-up while the installation runs, read it back whole, and only then give it its name.

    Rows are of one moment. Photos are read after it: one is on the disk before the commit that names it, so none is
    missing; one filed in between is there too much, which `langnghe reconcile` removes after a restore.
    Raises `NotEmpty` where the file exists, `BadBackup` for a short passphrase, if what was written reads otherwise, or
    if a key was taken away meanwhile.
    """
    if len(passphrase) < PASSPHRASE_MIN:
        raise BadBackup(f"the passphrase must have at least {PASSPHRASE_MIN} characters")
    if file.exists():
        raise NotEmpty(f"{file} exists already")
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        rows = _write(hotline, part, passphrase)
        contents = check(part, passphrase)
        if Counter(contents.rows) != rows:
            raise BadBackup(f"{file}: what was written does not read back the same")  # noqa: TRY301 - one clean-up
        part.rename(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return contents


def _write(hotline: Hotline, part: Path, passphrase: str) -> Counter[str]:
    rows: Counter[str] = Counter()
    marks = _key_marks(hotline)
    with container.writing(part, passphrase) as (writer, manifest), _one_moment(hotline.database) as connection:
        manifest |= {
            "format": FORMAT,
            "revision": migration.revision(connection),
            "made_at": hotline.now().isoformat(timespec="seconds"),
            "secret_mark": _mark(hotline.settings.secret_key),
            "key_marks": marks,
        }
        for number, (name, lines) in enumerate(tables.dumped(connection)):
            writer.add(f"{TABLES}/{name}/{number:08}.jsonl", lines)
            rows[name] += lines.count(b"\n")
        for path in _kept(hotline.settings.data):
            writer.add(f"{FILES}/{path.relative_to(hotline.settings.data).as_posix()}", path.read_bytes())
        manifest["rows"] = dict(rows)
        if lost := _not_among(marks, _key_marks(hotline)):
            raise BadBackup(
                f"a key of {lost} was taken away meanwhile: what was locked with it would not open; try again"
            )
    return rows


def _key_marks(hotline: Hotline) -> dict[str, list[str]]:
    return {ring.name: [_mark(one) for one in ring.secrets] for ring in (hotline.seals, hotline.contact_keys)}


def _not_among(wanted: Mapping[str, Sequence[str]], there: Mapping[str, Sequence[str]]) -> str | None:
    """Return the first ring of which a wanted key is not there."""
    return next((name for name, marks in wanted.items() if set(marks) - set(there.get(name, ()))), None)


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    """Yield a connection that sees the database as it is now, whatever others write meanwhile."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same one
        with connection.begin():
            yield connection


def _kept(data: Path) -> Iterator[Path]:
    for name in KEPT:
        top = data / name
        if top.is_file():
            yield top
        for path in sorted(top.rglob("*")) if top.is_dir() else ():
            if path.is_file() and path.suffix != ".part":
                yield path


def _mark(secret: str) -> str:
    """Return what tells one secret from another and tells nothing of it."""
    return hmac.new(secret.encode(), b"langnghe backup", sha256).hexdigest()[:16]


def check(file: Path, passphrase: str) -> Contents:
    """Read a back-up from end to end; raise `BadBackup` naming what is wrong, else say what it holds."""
    rows: Counter[str] = Counter()
    digests: dict[str, str] = {}
    manifest = None
    with closing(container.members(file, passphrase)) as members:
        for name, content in members:
            if name == MANIFEST:
                manifest = _read_manifest(file, content)
                continue
            digests[name] = sha256(content).hexdigest()
            kind, _, rest = name.partition("/")
            if kind == TABLES:
                rows[rest.partition("/")[0]] += content.count(b"\n")
    if manifest is None or manifest.members != digests or Counter(manifest.rows) != rows:
        raise BadBackup(f"{file}: its parts are not those of its list")
    files = sum(name.startswith(f"{FILES}/") for name in digests)
    return Contents(manifest.revision, manifest.made_at, dict(rows), files, manifest.secret_mark, manifest.key_marks)


def _read_manifest(file: Path, content: bytes) -> _Manifest:
    try:
        made_for = _Format.model_validate_json(content).format
        if made_for == FORMAT:
            return _Manifest.model_validate_json(content)
    except ValidationError:
        raise BadBackup(f"{file}: its list of parts cannot be read") from None
    raise BadBackup(f"{file}: of format {made_for}, this release reads {FORMAT}")


def prepare_keys(data: Path, file: Path, passphrase: str, environ: Mapping[str, str] = os.environ) -> None:
    """Put the back-up's secret and seal key into a data folder that has none, unless they are given otherwise.

    Codes open with the one only, sealed reports with the other.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    missing = {key for key, given in KEY_FILES.items() if given not in environ and not (data / key).exists()}
    if missing:
        with closing(container.members(file, passphrase)) as members:
            for name, content in members:
                kind, _, rest = name.partition("/")
                if kind == FILES and rest in missing:
                    _put(data / rest, content)
    settings.prepare(environ)


def restore(hotline: Hotline, file: Path, passphrase: str) -> Contents:
    """Restore a back-up into an empty database and data folder, checking it whole before anything is written.

    A back-up of an earlier release is restored into that release's schema and then migrated. Raises `BadBackup`,
    or `NotEmpty`; either leaves database and folder as they were.
    """
    contents = check(file, passphrase)
    if not migration.knows(contents.revision):
        raise BadBackup(f"{file}: made by a newer release (schema {contents.revision})")
    if contents.secret_mark != _mark(hotline.settings.secret_key):
        raise BadBackup("the back-up was made with another LANGNGHE_SECRET_KEY: with this one no code would open")
    if lost := _not_among(contents.key_marks, _key_marks(hotline)):
        raise BadBackup(f"the back-up was made with another {lost}: what is locked with it would not open")
    _require_empty(hotline)
    written: list[Path] = []
    migration.upgrade(hotline.database, contents.revision)
    try:
        with (
            hotline.database.transaction() as session,
            closing(container.members(file, passphrase)) as members,
        ):
            loader = tables.Loader(session.connection())
            for name, content in members:
                kind, _, rest = name.partition("/")
                if kind == TABLES:
                    _load(loader, name, content)
                elif kind == FILES and rest not in KEY_FILES:
                    written.append(_target(hotline.settings.data, rest))
                    _put(written[-1], content)
            loader.finish()
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    migration.upgrade(hotline.database)
    search.fill(hotline)
    return contents


def _load(loader: tables.Loader, name: str, content: bytes) -> None:
    try:
        loader.load(name.split("/")[1], content)
    except (ValueError, LookupError, TypeError) as error:
        raise BadBackup(f"{name[:100]!r} holds no rows of its table ({type(error).__name__})") from None


def _require_empty(hotline: Hotline) -> None:
    with hotline.database.engine.connect() as connection:
        there = set(inspect(connection).get_table_names()) & set(Base.metadata.tables)
        if there and any(tables.counts(connection, there).values()):
            raise NotEmpty("the database is not empty: restore into a new one")
    for name in KEPT:
        top = hotline.settings.data / name
        if name not in KEY_FILES and top.is_dir() and any(path.is_file() for path in top.rglob("*")):
            raise NotEmpty(f"{top} is not empty: restore into a new data folder")


def _target(data: Path, rest: str) -> Path:
    """Return where a member belongs; refuse one that would lie anywhere else."""
    path = PurePosixPath(rest)
    if path.is_absolute() or ".." in path.parts or not rest.isprintable() or path.parts[:1] not in _TOPS:
        raise BadBackup(f"a part of the back-up would lie outside the data folder: {rest[:100]!r}")
    return data.joinpath(*path.parts)


def _put(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
