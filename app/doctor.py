"""`langnghe doctor`: every dependency and setting, named with what to do when it is wrong."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import wall
from app.accounts.provider import provider_of
from app.database import STATEMENT_LIMIT
from app.hotline import Hotline, open_hotline
from app.pages.service import Check, readiness
from app.persons import rotation
from app.persons.keys import ContactKeyMissing
from app.settings import KEY_FILES, Settings, SettingsError, from_env
from app.triage.queue import connect
from app.units import service as units
from routing.city import CityDataError

#: A database and photos need room; below this a day of reports may not fit.
FREE_BYTES = 500 * 1024 * 1024


def examine(environ: Mapping[str, str] = os.environ) -> list[Check]:
    """Return every check of the installation that the environment describes, each with what to do."""
    try:
        settings = from_env(environ)
    except SettingsError as error:
        return [Check("settings", ok=False, detail=line) for line in str(error).splitlines()]
    hotline = open_hotline(settings)
    try:
        return checks(hotline)
    finally:
        hotline.database.close()


def checks(hotline: Hotline) -> list[Check]:
    """Return every check of an installation whose settings could be read."""
    settings = hotline.settings
    return [
        Check("python", ok=sys.version_info >= (3, 11), detail=sys.version.split()[0]),
        *_settings(settings),
        *_disk(settings.data),
        Check("seal key", ok=hotline.seals.ready, detail=hotline.seals.trouble or "denunciations can be sealed"),
        Check(
            "contact key",
            ok=hotline.contact_keys.ready,
            detail=hotline.contact_keys.trouble or "contacts can be locked",
        ),
        _city(hotline),
        *_groups(hotline),
        *readiness(hotline),
        *_database(hotline),
        *_units(hotline),
        *_contacts(hotline),
        *_wall(hotline),
        _redis(settings),
    ]


def _groups(hotline: Hotline) -> Iterator[Check]:
    """Whether the OpenID provider's groups make sense here; a provider that is away is no fault of ours."""
    if hotline.settings.oidc is None:
        return
    try:
        provider_of(hotline)
    except CityDataError as error:
        yield Check("login provider", ok=False, detail=str(error))
    else:
        yield Check("login provider", ok=True, detail=hotline.settings.oidc.issuer)


def _settings(settings: Settings) -> Iterator[Check]:
    yield Check("settings", ok=True, detail=f"data in {settings.data}")
    if settings.fault_dir is not None:
        yield Check("fault points", ok=False, detail="LANGNGHE_FAULT_DIR is set: unset it, it is for tests only")
    if settings.job_timeout > settings.lease:
        yield Check(
            "lease", ok=False, detail="LANGNGHE_JOB_TIMEOUT is longer than LANGNGHE_LEASE: jobs would run twice"
        )
    if settings.host not in {"127.0.0.1", "::1"} and not settings.https:
        yield Check("https", ok=False, detail="serving beyond this machine without LANGNGHE_URL=https://…")
    for secret in (settings.data / name for name in KEY_FILES):
        if secret.exists() and secret.stat().st_mode & 0o077:
            yield Check(secret.name, ok=False, detail=f"{secret} can be read by others: chmod 600 it")


def _disk(data: Path) -> Iterator[Check]:
    yield Check("data folder", ok=os.access(data, os.W_OK), detail=f"{data} can be written")
    free = shutil.disk_usage(data).free if data.exists() else 0
    yield Check("disk", ok=free > FREE_BYTES, detail=f"{free // 2**20} MiB free")


def _city(hotline: Hotline) -> Check:
    try:
        city = hotline.city
    except CityDataError as error:
        return Check("city data", ok=False, detail=str(error))
    return Check(
        "city data", ok=True, detail=f"{city.name}: {len(city.wards)} wards, {len(city.departments)} departments"
    )


def _units(hotline: Hotline) -> Iterator[Check]:
    """Name what does not fit together: rules, people and tickets that are with units that are gone."""
    try:
        with hotline.database.reading() as session:
            misfits = list(units.misfits(hotline, session))
    except (SQLAlchemyError, CityDataError):
        return  # named already
    yield Check(
        "units", ok=not misfits, detail="\n".join(misfits) or "rules, people and tickets fit the units of today"
    )


def _contacts(hotline: Hotline) -> Iterator[Check]:
    """Name contacts that no key opens, and those that lie in clear."""
    try:
        counted = rotation.counted(hotline)
    except (SQLAlchemyError, ContactKeyMissing):
        return  # named already
    lost = [f"{rows} contacts are locked with {name}" for name, rows in counted if name.startswith(rotation.LOST)]
    lost += [f"{rows} contacts lie in clear: the relay locks them" for name, rows in counted if name == rotation.CLEAR]
    yield Check("contacts", ok=not lost, detail="\n".join(lost) or "every contact opens with a key that is here")


def _database(hotline: Hotline) -> Iterator[Check]:
    wanted = (
        {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": "2", "PRAGMA foreign_keys": "1"}
        if hotline.settings.is_sqlite
        else {"SHOW synchronous_commit": "on", "SHOW statement_timeout": f"{STATEMENT_LIMIT}s", "SHOW timezone": "UTC"}
    )
    try:
        with hotline.database.reading() as session:
            for question, expected in wanted.items():
                found = str(session.scalar(text(question)))
                name = question.split()[1]
                yield Check(name, ok=found.lower() == expected.lower(), detail=f"{found} (expected {expected})")
    except SQLAlchemyError as error:
        yield Check("database settings", ok=False, detail=type(error).__name__)


def _wall(hotline: Hotline) -> Iterator[Check]:
    """Tell whether PostgreSQL itself keeps departments apart."""
    if hotline.settings.is_sqlite:
        return
    role, name = hotline.database.role, "row-level security"
    if role is None:
        detail = "not in force: set LANGNGHE_DATABASE_ROLE and run `langnghe migrate` as the owner of the tables"
        yield Check(name, ok=False, detail=detail)
        return
    member = text("SELECT pg_has_role(session_user, :role, 'member')")
    try:
        with hotline.database.reading() as session:
            stands = wall.stands(session.connection(), role)
            switches = stands and bool(session.scalar(member, {"role": role}))
    except SQLAlchemyError:
        return  # named already
    if not stands:
        detail = f"it has gaps, or is another role's than {role}: run `langnghe migrate` as the owner of the tables"
    else:
        detail = f"what staff ask is asked as {role}" if switches else f"this login may not act as {role}: GRANT it"
    yield Check(name, ok=switches, detail=detail)


def _redis(settings: Settings) -> Check:
    client = connect(settings)
    try:
        version = client.info("server")["redis_version"]
    except RedisError as error:
        return Check("redis", ok=False, detail=f"{type(error).__name__}: is it running? reports are kept meanwhile")
    finally:
        client.close()
    return Check("redis", ok=True, detail=f"version {version}")


def report(checks: list[Check], say: Callable[[str], object]) -> bool:
    """Print each check; return whether all are well."""
    for check in checks:
        say(f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.detail}")
    return all(check.ok for check in checks)
