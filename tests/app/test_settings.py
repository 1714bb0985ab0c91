"""What can be set from outside: sound defaults, every problem named at once, a secret made once."""

import errno
import os
import stat
from pathlib import Path

import pytest

from app import settings
from app.settings import SettingsError, from_env

SECRET = {"LANGNGHE_SECRET_KEY": "x" * 32}


def test_nothing_but_a_secret_is_needed(tmp_path: Path) -> None:
    found = from_env({"LANGNGHE_DATA": str(tmp_path), **SECRET})
    assert found.database_url == f"sqlite:///{tmp_path / 'langnghe.db'}"
    assert found.is_sqlite
    assert found.embedded_redis == tmp_path / "redis.sock"
    assert (found.host, found.port, found.public_url, found.https) == (
        "127.0.0.1",
        8022,
        "http://127.0.0.1:8022",
        False,
    )
    assert (found.attachments, found.models) == (tmp_path / "attachments", tmp_path / "models")
    assert found.job_timeout < found.lease
    assert (found.trusted_proxies, found.city, found.fault_dir) == (0, None, None)
    assert found.oidc is None
    assert found.session_idle < found.session_life


@pytest.mark.parametrize("url", ["unix:///run/redis/redis.sock", "unix:///run/redis.sock?db=1", "redis://localhost/0"])
def test_a_redis_that_is_named_is_not_started_by_us(tmp_path: Path, url: str) -> None:
    found = from_env({"LANGNGHE_DATA": str(tmp_path), "REDIS_URL": url, **SECRET})
    assert (found.redis_url, found.embedded_redis) == (url, None)


def test_a_login_provider_is_named_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    secret, groups = tmp_path / "oidc-secret", tmp_path / "groups.yaml"
    secret.write_text(" a secret of theirs \n", "utf-8")
    groups.write_text("groups: []\n", "utf-8")
    environ = {
        "LANGNGHE_OIDC_ISSUER": "https://sso.example.vn/realms/city",
        "LANGNGHE_OIDC_CLIENT_ID": "langnghe",
        "LANGNGHE_OIDC_SECRET_FILE": str(secret),
        "LANGNGHE_OIDC_GROUPS": str(groups),
    }
    found = from_env({"LANGNGHE_DATA": str(tmp_path), **SECRET, **environ}).oidc
    assert found is not None
    assert (found.secret, found.name, found.group_claim) == ("a secret of theirs", "sso.example.vn", "groups")
    secret.write_text("\n", "utf-8")
    with pytest.raises(SettingsError, match="LANGNGHE_OIDC_SECRET_FILE"):
        from_env({"LANGNGHE_DATA": str(tmp_path), **SECRET, **environ})


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    """Check 30, of secrets. Injected: every setting wrong. Expected: no start, and all that is wrong in one refusal."""
    wrong = {
        "PORT": "70000",
        "DATABASE_URL": "mysql://root@db/hotline",
        "REDIS_URL": "http://redis",
        "LANGNGHE_SECRET_KEY": "short",
        "LANGNGHE_SEAL_KEY": f"{'x' * 32},short",
        "LANGNGHE_CONTACT_KEY": "short",
        "LANGNGHE_DATABASE_ROLE": "langnghe; drop table ticket",
        "LANGNGHE_PURGE_DAILY": "yes",
        "LANGNGHE_WEBHOOK_NETWORKS": "10.0.0.1/8",
        "LANGNGHE_URL": "1022.example.vn",
        "LANGNGHE_WEB_WORKERS": "0",
        "LANGNGHE_WORKERS": "two",
        "LANGNGHE_TRUSTED_PROXIES": "-1",
        "LANGNGHE_LEASE": "0",
        "LANGNGHE_RELAY_EVERY": "often",
        "LANGNGHE_JOB_TIMEOUT": "1.5",
        "LANGNGHE_MAX_ATTEMPTS": "٣",
        "LANGNGHE_BATCH": "1000000",
        "LANGNGHE_IDEMPOTENCY_LIFE": "nan",
        "LANGNGHE_INTAKE_PER_MINUTE": "0",
        "LANGNGHE_LOGIN_PER_QUARTER_HOUR": "0",
        "LANGNGHE_SESSION_IDLE": "-1",
        "LANGNGHE_SESSION_LIFE": "long",
        "LANGNGHE_OIDC_ISSUER": "http://sso.example.vn",
        "LANGNGHE_OIDC_CLIENT_ID": "",
        "LANGNGHE_OIDC_SECRET_FILE": str(tmp_path / "nowhere"),
        "LANGNGHE_OIDC_GROUPS": "",
        "LANGNGHE_CITY": str(tmp_path / "nowhere"),
        "LANGNGHE_MAP_TILES": "https://{s}.tiles.example.vn/{z}/{x}/{y}.png",
        "LANGNGHE_MAP_ATTRIBUTION": "",
        "LANGNGHE_FAULT_DIR": str(tmp_path / "nowhere"),
    }
    with pytest.raises(SettingsError) as refusal:
        from_env({"LANGNGHE_DATA": str(tmp_path), **wrong})
    lines = str(refusal.value).splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == sorted(wrong)
    assert "short" not in next(line for line in lines if line.startswith("LANGNGHE_SECRET_KEY"))


def test_without_a_secret_nothing_starts_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"LANGNGHE_SECRET_KEY: not set .*langnghe migrate"):
        from_env({"LANGNGHE_DATA": str(tmp_path)})


def test_without_a_contact_key_nobody_is_served_and_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    """Check 30, of secrets. Injected: none of them. Expected: both named in one refusal to serve anybody."""
    with pytest.raises(SettingsError) as refusal:
        from_env({"LANGNGHE_DATA": str(tmp_path)}, serving=True)
    named = [line.partition(":")[0] for line in str(refusal.value).splitlines()]
    assert named == ["LANGNGHE_SECRET_KEY", "LANGNGHE_CONTACT_KEY"]
    assert from_env({"LANGNGHE_DATA": str(tmp_path), **SECRET}).contact_keys == ()
    given = SECRET | {"LANGNGHE_CONTACT_KEY": "c" * 32}
    assert from_env({"LANGNGHE_DATA": str(tmp_path), **given}, serving=True).contact_keys == ("c" * 32,)


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    environ = {"LANGNGHE_DATA": str(tmp_path / "data")}
    settings.prepare(environ)
    file = tmp_path / "data" / "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    made = from_env(environ).secret_key
    assert len(made) >= 43
    settings.prepare(environ)
    assert from_env(environ).secret_key == made
    assert from_env(environ | SECRET).secret_key == SECRET["LANGNGHE_SECRET_KEY"]


def test_of_two_first_starts_one_makes_the_key_and_no_part_of_one_is_ever_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: another start that makes each key a moment earlier; then a disk that fails before a key is written."""
    environ, link = {"LANGNGHE_DATA": str(tmp_path)}, os.link

    def late(part: str, file: Path) -> None:
        file.write_text("f" * 43)
        link(part, file)

    monkeypatch.setattr(os, "link", late)
    settings.prepare(environ)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(settings.KEY_FILES)
    assert from_env(environ).secret_key == "f" * 43

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    (tmp_path / "secret").unlink()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no room"):
        settings.prepare(environ)
    assert not (tmp_path / "secret").exists()


def test_an_empty_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    with pytest.raises(SettingsError, match=r"LANGNGHE_SECRET_KEY \(.*/secret\): at least 32"):
        from_env({"LANGNGHE_DATA": str(tmp_path)})


@pytest.mark.parametrize(
    "more", [SECRET, {"DATABASE_URL": "postgresql://db/langnghe"}, {"DATABASE_URL": "postgres://db/x"}]
)
def test_no_secret_is_made_where_one_is_given_or_several_machines_must_share_one(
    tmp_path: Path, more: dict[str, str]
) -> None:
    settings.prepare({"LANGNGHE_DATA": str(tmp_path), **more})
    assert not (tmp_path / "secret").exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_reached_by_one_driver_however_it_is_written(tmp_path: Path, scheme: str) -> None:
    environ = {"LANGNGHE_DATA": str(tmp_path), "DATABASE_URL": f"{scheme}://a:b@db:5432/langnghe", **SECRET}
    found = from_env(environ)
    assert found.database_url == "postgresql+psycopg://a:b@db:5432/langnghe"
    assert not found.is_sqlite


def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path) -> None:
    names = ("PORT", "HOST", "DATABASE_URL", "REDIS_URL", "LANGNGHE_URL", "LANGNGHE_LEASE", "LANGNGHE_CITY")
    ground = {"LANGNGHE_DATA": str(tmp_path), **SECRET}
    assert from_env(ground | dict.fromkeys(names, "")) == from_env(ground)


@pytest.mark.parametrize("url", ["https://1022.example.vn", "https://1022.example.vn/"])
def test_https_is_told_from_the_public_address(tmp_path: Path, url: str) -> None:
    found = from_env({"LANGNGHE_DATA": str(tmp_path), "LANGNGHE_URL": url, **SECRET})
    assert (found.https, found.public_url) == (True, "https://1022.example.vn")


@pytest.mark.parametrize("url", [
    "http://[1022", "http://1022.example.vn:many", "https://1022.example.vn?y", "https://1022.example.vn#z",
    "https://1022.example.vn/?", "https://user:pw@1022.example.vn", "https://:8022",
])  # fmt: skip
def test_what_is_no_bare_address_is_named_among_the_problems(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"(?s)LANGNGHE_URL: a bare.*LANGNGHE_OIDC_ISSUER: an https"):
        from_env({"LANGNGHE_DATA": str(tmp_path), **SECRET, "LANGNGHE_URL": url, "LANGNGHE_OIDC_ISSUER": "https://[1"})


@pytest.mark.parametrize(
    ("tiles", "host"),
    [
        ("https://tiles.example.vn/{z}/{x}/{y}.png", "https://tiles.example.vn"),
        ("https://tiles.example.vn:8443/v1/{z}/{y}/{x}.jpg?key=abc", "https://tiles.example.vn:8443"),
        ("/tiles/{z}/{x}/{y}.png", None),
    ],
)
def test_map_tiles_come_from_one_host_or_from_here(tmp_path: Path, tiles: str, host: str | None) -> None:
    environ = {"LANGNGHE_DATA": str(tmp_path), **SECRET, "LANGNGHE_MAP_TILES": tiles}
    assert from_env(environ | {"LANGNGHE_MAP_ATTRIBUTION": "© Thành phố"}).map_host == host


@pytest.mark.parametrize(
    "tiles",
    [
        "https://tiles.example.vn/{z}/{x}.png",
        "https://tiles.example.vn; script-src *; /{z}/{x}/{y}",
        "ftp://tiles.example.vn/{z}/{x}/{y}",
        "//tiles.example.vn/{z}/{x}/{y}",
    ],
)
def test_what_is_no_address_of_tiles_is_refused(tmp_path: Path, tiles: str) -> None:
    environ = {"LANGNGHE_DATA": str(tmp_path), **SECRET, "LANGNGHE_MAP_TILES": tiles}
    with pytest.raises(SettingsError, match="LANGNGHE_MAP_TILES"):
        from_env(environ | {"LANGNGHE_MAP_ATTRIBUTION": "© Thành phố"})
