"""The packed lab: one archive for rooms without network, with MariaDB and all wheels (so Valkey and nginx).

`SECKILL_LAB` names it, as a file or as a URL. This module unpacks, and uses only the standard library because
the launcher calls it before anything is installed; `packing.py` writes.

The archive starts with `manifest.json`: the platform it fits, and the SHA-256 of every file. Nothing that is
not in the manifest is unpacked, no link is followed, and no file is used before its checksum was right.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import platform
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path, PurePosixPath
from typing import IO, Any

from common.lab import places
from common.lab.errors import LabError

VARIABLE = "SECKILL_LAB"
FORMAT = 1
MANIFEST = "manifest.json"


def this_platform() -> dict[str, str]:
    """What a packed lab must fit: it holds compiled programs and wheels."""
    return {
        "system": places.release(),
        "machine": platform.machine(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def unpacked(where: str) -> Path:
    """The folder with the archive's content; the first call downloads and unpacks it into `.lab/packs`."""
    archive = downloaded(where) if "://" in where else Path(where).expanduser().absolute()
    try:
        about = archive.stat()
    except OSError:
        raise LabError(f"{VARIABLE}: there is no file {archive}.") from None
    key = hashlib.sha256(f"{archive} {about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:12]
    target = places.HOME / "packs" / key
    if not target.is_dir():
        with places.locked(target.with_name(f"{key}.lock")):
            if not target.is_dir():
                unpack(archive, target)
    return target


def downloaded(url: str) -> Path:
    """The archive at `url`, kept: a second run asks nobody. Remove `.lab/packs` to fetch it again."""
    name = hashlib.sha256(url.encode()).hexdigest()[:12]
    archive = places.HOME / "packs" / f"{name}.tar.gz"
    with places.locked(archive.with_name(f"{name}.lock")):
        if archive.is_file():
            return archive
        part = archive.with_name(f"{name}.part")
        try:
            # The reader named the address; http(s) and file are what urllib speaks without further set-up.
            with urllib.request.urlopen(url, timeout=30) as source, part.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(source, file)
                came, whole = file.tell(), source.headers["Content-Length"]
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise LabError(f"{VARIABLE}: {url} cannot be downloaded: {error}.") from None
        if whole and came != int(whole):  # urllib says nothing of a connection that broke off
            raise LabError(f"{VARIABLE}: {url} cannot be downloaded: only {came} of {whole} bytes came.")
        part.rename(archive)
    return archive


def unpack(archive: Path, target: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix="unpack-", dir=target.parent))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            files = manifest(tar, archive)["files"]
            for member in (each for each in tar if each.name != MANIFEST):
                take(tar, member, files.pop(member.name, None), work)
        if files:
            raise LabError(f"{archive} is not complete: {len(files)} files are missing, {min(files)} first.")
        places.publish(work, target)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError) as error:
        raise LabError(f"{archive} cannot be unpacked: {error}.") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def manifest(tar: tarfile.TarFile, archive: Path) -> dict[str, Any]:
    """The first file of the archive; LabError when the archive is of another kind or for another platform."""
    first = tar.next()
    file = tar.extractfile(first) if first and first.name == MANIFEST else None
    if file is None:
        raise LabError(f"{archive} was not made by `./seckill lab pack`.")
    about: dict[str, Any] = json.load(file)
    if about["format"] != FORMAT:
        raise LabError(
            f"{archive} has format {about['format']}, not {FORMAT}: make it again with this version."
        )
    if about["platform"] != this_platform():
        fits, here = (" ".join(names.values()) for names in (about["platform"], this_platform()))
        raise LabError(f"{archive} was made for {fits.replace('python', 'Python')}; this machine is {here}.")
    return about


def take(tar: tarfile.TarFile, member: tarfile.TarInfo, checksum: str | None, work: Path) -> None:
    """Write one file of the manifest, then compare its checksum."""
    name = PurePosixPath(member.name)
    source = tar.extractfile(member) if member.isfile() else None
    if checksum is None or source is None or name.is_absolute() or ".." in name.parts:
        raise LabError(f"the packed lab holds {member.name}, which its manifest does not name.")
    path = work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(source, file)
    path.chmod(0o755 if member.mode & 0o100 else 0o644)
    with path.open("rb") as file:
        if digest(file) != checksum:
            raise LabError(
                f"the packed lab is damaged: {member.name} has another checksum than its manifest says."
            )


def digest(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def files_below(folder: Path) -> dict[str, Path]:
    """Every regular file below `folder`, links followed, by its name in an archive."""
    found = (Path(top) / name for top, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path for path in sorted(found) if path.is_file()}
