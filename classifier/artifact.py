"""A trained model on disk: a directory that is wholly there or not at all, and is believed only after it is checked.

Checking needs neither scikit-learn nor numpy. Nothing here is ever unpickled.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

from classifier.corpus import CORPUS_DIR
from models.vocabulary import SubmissionType, Urgency, topics

#: Raise when the files of an artifact change their meaning.
FORMAT: Final = 4
#: Raise when training makes another model of the same corpus: features, augmentation, algorithm, thresholds.
RECIPE: Final = 8

DATA_DIR: Final = Path(__file__).with_name("data")

MANIFEST: Final = "manifest.json"
CURRENT: Final = "CURRENT"
#: Every version that was promoted, in order: the way back.
HISTORY: Final = "HISTORY"
LIBRARIES: Final = ("scikit-learn", "numpy", "skops", "underthesea")

_VERSION_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_RETRAIN: Final = "run `langnghe train`"


class ArtifactRefused(Exception):
    """A model that must not be used; the message says why, and what to do."""


def corpus_digest(corpus_dir: Path | None = None) -> str:
    """Return the SHA-256 of what a model is made from: corpus, phrases, short forms, and the number of the recipe."""
    digest = hashlib.sha256(f"format {FORMAT} recipe {RECIPE}\n".encode())
    for path in [*sorted((corpus_dir or CORPUS_DIR).glob("*.jsonl")), *sorted(DATA_DIR.glob("*.txt"))]:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def labels() -> dict[str, list[str]]:
    """Return the label sets that a model must have been trained for."""
    return {
        "topics": sorted(topics()),
        "submission_types": sorted(kind.value for kind in SubmissionType),
        "urgencies": sorted(urgency.value for urgency in Urgency),
    }


def environment() -> dict[str, str]:
    """Return the versions a model depends on."""
    return {"python": platform.python_version(), **{name: installed(name) for name in LIBRARIES}}


def write(models_dir: Path, manifest: Mapping[str, Any], contents: Mapping[str, bytes]) -> Path:
    """Write an artifact under its version and return its directory; it appears complete or not at all."""
    target = models_dir / _checked_name(manifest["version"])
    models_dir.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=models_dir))
    try:
        for name, content in contents.items():
            _write_synced(scratch / name, content)
        _write_synced(scratch / MANIFEST, _sealed(manifest, contents))
        _sync_directory(scratch)
        _replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _sync_directory(models_dir)
    return target


def _sealed(manifest: Mapping[str, Any], contents: Mapping[str, bytes]) -> bytes:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    body = {**manifest, "format": FORMAT, "files": hashes}
    return _json({**body, "seal": _seal(body)})


def _seal(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_json(body)).hexdigest()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(scratch: Path, target: Path) -> None:
    """Put a new directory in place of one of the same version, which an interrupted or older run may have left."""
    scratch.chmod(0o755)
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=target.parent))
        target.rename(old / target.name)
        scratch.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        scratch.rename(target)


def current(models_dir: Path) -> Path | None:
    """Return the directory of the promoted model, None if none was promoted. It is not checked: see `verify`."""
    try:
        name = (models_dir / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return models_dir / name if _VERSION_NAME.fullmatch(name) else models_dir / CURRENT


def promote(models_dir: Path, version: str) -> None:
    """Make a version the one in service, in one step; `ArtifactRefused` if it would not pass `verify`."""
    verify(models_dir / _checked_name(version))
    handle, scratch = tempfile.mkstemp(prefix=".current-", dir=models_dir)
    os.close(handle)
    _write_synced(Path(scratch), f"{version}\n".encode())
    Path(scratch).chmod(0o644)
    Path(scratch).replace(models_dir / CURRENT)
    with (models_dir / HISTORY).open("a", encoding="utf-8") as history:
        history.write(f"{version}\n")
    _sync_directory(models_dir)


def rollback(models_dir: Path) -> str:
    """Promote the version that was in service before the present one, and return its name."""
    in_service = current(models_dir)
    known = (models_dir / HISTORY).read_text("utf-8").split() if (models_dir / HISTORY).is_file() else []
    earlier = [v for v in known if in_service is None or v != in_service.name]
    if not earlier:
        raise ArtifactRefused(f"no other model was in service before in {models_dir}; see `langnghe model list`")
    promote(models_dir, earlier[-1])
    return earlier[-1]


def _checked_name(version: str) -> str:
    if not _VERSION_NAME.fullmatch(version):
        raise ArtifactRefused(f"{version!r} cannot be the name of a model; `langnghe model list` shows those there are")
    return version


def verify(directory: Path) -> dict[str, Any]:
    """Return the manifest of an artifact that is whole, unchanged and fits this program; else `ArtifactRefused`."""
    manifest = _read_manifest(directory)
    _check_versions(directory, manifest)
    _check_labels(directory, manifest)
    _check_files(directory, manifest)
    return manifest


def _read_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise ArtifactRefused(f"there is no model in {directory}; {_RETRAIN}") from None
    except OSError as error:
        raise ArtifactRefused(f"the model in {directory} cannot be read ({error.strerror}); {_RETRAIN}") from error
    except ValueError as error:
        raise ArtifactRefused(f"{directory / MANIFEST} is damaged; {_RETRAIN}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtifactRefused(
            f"the model in {directory} is not of format {FORMAT}, which this program reads; {_RETRAIN}"
        )
    body = {key: value for key, value in manifest.items() if key != "seal"}
    if manifest.get("seal") != _seal(body):
        raise ArtifactRefused(f"{directory / MANIFEST} was changed after training; {_RETRAIN}")
    return manifest


def _check_versions(directory: Path, manifest: Mapping[str, Any]) -> None:
    for name in ("scikit-learn", "skops"):
        trained, here = manifest["libraries"].get(name), installed(name)
        if trained != here:
            raise ArtifactRefused(
                f"the model in {directory} was made with {name} {trained}, here is {here}; {_RETRAIN}"
            )


def _check_labels(directory: Path, manifest: Mapping[str, Any]) -> None:
    for kind, wanted in labels().items():
        difference = sorted(set(manifest["labels"].get(kind, [])) ^ set(wanted))
        if difference:
            raise ArtifactRefused(
                f"the model in {directory} knows other {kind} than this city ({', '.join(difference[:5])}); {_RETRAIN}"
            )


def _check_files(directory: Path, manifest: Mapping[str, Any]) -> None:
    foreign = sorted(path.name for path in directory.iterdir() if path.name not in {MANIFEST, *manifest["files"]})
    if foreign:
        raise ArtifactRefused(f"{directory / foreign[0]} does not belong to the model; {_RETRAIN}")
    for name, wanted in manifest["files"].items():
        path = directory / name
        if path.suffix != ".skops" or path.name != name:
            raise ArtifactRefused(f"{path} is not a skops file, and nothing else is ever loaded; {_RETRAIN}")
        if not path.is_file():
            raise ArtifactRefused(f"{path} is missing; {_RETRAIN}")
        if not _is_archive(path):
            raise ArtifactRefused(f"{path} is not a skops file (a pickle is never loaded); {_RETRAIN}")
        if _sha256(path) != wanted:
            raise ArtifactRefused(f"{path} is damaged: its SHA-256 is not the one in the manifest; {_RETRAIN}")


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
