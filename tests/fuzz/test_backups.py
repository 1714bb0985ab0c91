"""Files that say they are back-ups: refused, or read as they were written."""

import io
import json
import tarfile
import tempfile
import zipfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyrage
from hypothesis import example, given
from hypothesis import strategies as st

from app.backup import container, service
from app.backup.container import DATA, KEY, MANIFEST, BadBackup
from tests.fuzz.made_up import BRIEFLY, damaged, in_time, texts, values

_PASSPHRASE = "mật khẩu của bản thử"
_MEMBERS = {"tables/topic/00000000.jsonl": b'["slug"]\n["waste"]', "files/attachments/a.jpg": b"\xff\xd8"}
_SAID = {"format": service.FORMAT, "revision": "0015", "made_at": "2026-03-03T02:00:00+00:00", "secret_mark": "0" * 16}
#: A passphrase is made slow to guess on purpose; what opens one key opens it again.
_opened = cache(container._identity)


@cache
def _key() -> tuple[bytes, Any]:
    identity = pyrage.x25519.Identity.generate()
    return pyrage.passphrase.encrypt(str(identity).encode(), _PASSPHRASE), identity


def _bag(tar: bytes, members: dict[str, bytes] | None = None) -> bytes:
    """Return a back-up of these bytes, properly sealed, as somebody makes it who has the passphrase."""
    key, identity = _key()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bag:
        for name, content in (members or {KEY: key, DATA: pyrage.encrypt(tar, [identity.to_public()])}).items():
            bag.writestr(name, content)
    return out.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _whole(manifest: dict[str, Any] | None = None, members: dict[str, bytes] | None = None) -> bytes:
    members = _MEMBERS if members is None else members
    digests = {name: sha256(content).hexdigest() for name, content in members.items()}
    said = _SAID | {"rows": {"topic": 1}, "members": digests} if manifest is None else manifest
    return _tar(members | {MANIFEST: json.dumps(said).encode()})


@cache
def _good() -> bytes:
    return _bag(_whole())


def _checked(content: bytes) -> service.Contents | None:
    with tempfile.TemporaryDirectory() as folder, patch.object(container, "_identity", _opened):
        file = Path(folder) / "a.backup"
        file.write_bytes(content)
        try:
            with in_time():
                return service.check(file, _PASSPHRASE)
        except BadBackup:
            return None


@BRIEFLY
@given(st.one_of(st.deferred(lambda: damaged([_good()])), st.binary(max_size=100)))
def test_a_damaged_back_up_is_refused_or_says_what_it_said(content: bytes) -> None:
    found = _checked(content)
    assert found is None or found == _checked(_good())


@BRIEFLY
@example(b"\x1f\x8b\x08\x04").via("fuzzing: TypeError of a gzip head that ends early")
@given(st.one_of(st.deferred(lambda: damaged([_whole()])), st.binary(max_size=100)))
def test_what_was_sealed_but_is_no_back_up_is_refused(tar: bytes) -> None:
    found = _checked(_bag(tar))
    assert found is None or found == _checked(_good())


_SIGNS = ("format", "revision", "made_at", "secret_mark", "rows", "members")


@BRIEFLY
@example([]).via("fuzzing: AttributeError")
@example({"format": service.FORMAT}).via("fuzzing: KeyError")
@given(
    st.one_of(
        values.filter(lambda v: v is not None),
        st.dictionaries(st.sampled_from(_SIGNS), values).map(lambda said: _SAID | said),
    )
)
def test_a_list_of_parts_that_lies_is_refused(manifest: Any) -> None:
    json_able = json.loads(json.dumps(manifest, default=str))
    assert _checked(_bag(_whole(json_able))) is None


_STEPS = st.sampled_from(("attachments", "models", "seal-key", "..", ".", "/", "//", "a.jpg", "\\", "", " ", "\0"))


@BRIEFLY
@example("").via("fuzzing: IndexError")
@example("attachments/\0").via("fuzzing: ValueError where it was opened")
@given(st.one_of(texts, st.lists(_STEPS, max_size=5).map("/".join), st.lists(_STEPS, max_size=5).map("".join)))
def test_no_part_lies_outside_the_data_folder(rest: str) -> None:
    data = Path("/data")
    try:
        target = service._target(data, rest)
    except BadBackup:
        return
    assert data in target.parents
    assert ".." not in target.parts
