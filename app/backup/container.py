"""The file of a back-up: a zip of two members, both in the age format, so that other tools open it too.

`key.age` holds the key of this one file under the passphrase, `data.tar.gz.age` everything else under that key. Without
this program: `age -d key.age >key; age -d -i key data.tar.gz.age | tar xz`. age (by pyrage) because it encrypts a
stream of any length and notices each byte that is changed or cut off.
"""

import io
import json
import os
import tarfile
import threading
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

import pyrage
from pyrage import passphrase as age_passphrase

KEY: Final = "key.age"
DATA: Final = "data.tar.gz.age"
MANIFEST: Final = "manifest.json"


class BadBackup(Exception):
    """Raised for a file that is no back-up, was changed or cut short, or does not open with that passphrase."""


class NotEmpty(Exception):
    """Raised before anything is written where something would be overwritten."""


class Writer:
    """Adds members to a back-up, remembering the digest of each."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.digests: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        """Add one member."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        member.mode = 0o600
        self._tar.addfile(member, io.BytesIO(data))
        self.digests[name] = sha256(data).hexdigest()


@contextmanager
def writing(file: Path, passphrase: str) -> Iterator[tuple[Writer, dict[str, Any]]]:
    """Yield a writer, and the manifest to fill in; the file is whole when the block ends well."""
    identity = pyrage.x25519.Identity.generate()
    with zipfile.ZipFile(file, "w") as bag:
        bag.writestr(KEY, age_passphrase.encrypt(str(identity).encode(), passphrase))
        with bag.open(DATA, "w", force_zip64=True) as sealed:

            def encrypt(plain: IO[bytes]) -> None:
                pyrage.encrypt_io(plain, sealed, [identity.to_public()])

            with _fed(encrypt) as plain, tarfile.open(fileobj=plain, mode="w|gz") as tar:
                writer = Writer(tar)
                manifest: dict[str, Any] = {}
                yield writer, manifest
                manifest["members"] = dict(writer.digests)
                writer.add(MANIFEST, json.dumps(manifest, sort_keys=True).encode())


def members(file: Path, passphrase: str) -> Generator[tuple[str, bytes], None, None]:
    """Yield name and content of each member in the order written; raise `BadBackup` for the first that is not sound.

    A thread decrypts beside this: who may leave off before the end closes the iterator, or the program does not end.
    """
    try:
        with zipfile.ZipFile(file) as bag, bag.open(DATA) as sealed:
            identity = _identity(bag.read(KEY), passphrase)

            def decrypt(plain: IO[bytes]) -> None:
                pyrage.decrypt_io(sealed, plain, [identity])

            with _drained(decrypt) as plain, tarfile.open(fileobj=plain, mode="r|gz") as tar:
                seen: set[str] = set()
                for member in tar:
                    content = tar.extractfile(member) if member.isreg() else None
                    if content is None or member.name in seen:
                        raise BadBackup(f"{file}: holds what we never write: {member.name[:100]!r}")
                    seen.add(member.name)
                    yield member.name, content.read()
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, tarfile.TarError, pyrage.DecryptError) as error:
        raise BadBackup(f"{file}: not a whole back-up ({type(error).__name__})") from None
    except (TypeError, ValueError) as error:  # tarfile's own reading of a gzip head that ends early
        raise BadBackup(f"{file}: not a whole back-up ({type(error).__name__})") from None


def _identity(key: bytes, passphrase: str) -> Any:
    try:
        return pyrage.x25519.Identity.from_str(age_passphrase.decrypt(key, passphrase).decode())
    except pyrage.DecryptError as error:
        # age measures how fast this machine is just now, and refuses what would take it too long
        if "xcessive" in str(error):
            raise BadBackup("this machine is too slow, or too busy just now, to open the back-up; try again") from None
        raise BadBackup("the passphrase does not open this back-up") from None


@contextmanager
def _fed(work: Callable[[IO[bytes]], None]) -> Iterator[IO[bytes]]:
    """Yield a stream whose bytes `work` reads in a thread of its own; what fails there is raised here."""
    there, here = os.pipe()
    with _beside(work, os.fdopen(there, "rb")), os.fdopen(here, "wb") as stream:
        yield stream


@contextmanager
def _drained(work: Callable[[IO[bytes]], None]) -> Iterator[IO[bytes]]:
    """Yield a stream of the bytes that `work` writes in a thread of its own; what fails there is raised here."""
    here, there = os.pipe()
    with _beside(work, os.fdopen(there, "wb")), os.fdopen(here, "rb") as stream:
        yield stream


@contextmanager
def _beside(work: Callable[[IO[bytes]], None], stream: IO[bytes]) -> Iterator[None]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with stream:
                work(stream)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            failed.append(error)

    thread = threading.Thread(target=run, name="back-up cipher")
    thread.start()
    try:
        yield
    except BrokenPipeError:
        pass  # the other end failed: that error says more
    except (OSError, EOFError, tarfile.TarError) as error:
        thread.join()
        raise (failed[0] if failed else error) from None
    finally:
        with suppress(OSError):
            thread.join()
    if failed:
        raise failed[0]
