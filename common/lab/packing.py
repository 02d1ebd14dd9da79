"""`./seckill lab pack`: write the archive that `pack.py` reads."""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
from pathlib import Path

from common.lab import debian, mysql, pack
from common.lab.errors import LabError
from common.lab.places import ROOT, Say
from common.lab.process import Supervisor


def write(output: Path | None, say: Say) -> Path:
    """One .tar.gz for machines of this platform; its path. Downloads what is not here yet.

    LabError when the machine cannot provide MariaDB (no Debian or Ubuntu packages) or the wheels.
    """
    target = (output or Path(f"seckill-lab-{'-'.join(pack.this_platform().values())}.tar.gz")).absolute()
    if not target.parent.is_dir():
        raise LabError(f"There is no folder {target.parent}.")
    supervisor = Supervisor()
    try:
        assert mysql.KIND.packages
        tree = debian.unpacked(mysql.KIND.packages, supervisor, say)
        wheels = collect_wheels(supervisor, say)
        say("writing the archive")
        archive(target, {"mariadb": tree, "wheels": wheels})
    except OSError as error:
        raise LabError(f"The packed lab cannot be written: {error}.") from None
    finally:
        supervisor.close()
    say(f"{target} ({target.stat().st_size / 1e6:.0f} MB). Use it with: SECKILL_LAB={target} ./seckill demo")
    return target


def collect_wheels(supervisor: Supervisor, say: Say) -> Path:
    """Every package of requirements.txt as a wheel; what is published as source only is built here."""
    say("collecting the wheels of requirements.txt")
    folder, log = supervisor.folder / "wheels", supervisor.folder / "pip.log"
    argv = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
    ]
    argv += ["--wheel-dir", os.fspath(folder), "-r", os.fspath(ROOT / "requirements.txt")]
    if supervisor.run(argv, env=os.environ, log=log):
        errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR")]
        raise LabError(f"pip cannot collect the wheels: {(errors or ['no reason given'])[-1]}")
    return folder


def archive(target: Path, folders: dict[str, Path]) -> None:
    """Manifest first, then the files; written beside the target and renamed when complete."""
    files = {
        f"{top}/{name}": path
        for top, folder in folders.items()
        for name, path in pack.files_below(folder).items()
    }
    part = target.with_name(f"{target.name}.part")
    try:
        with tarfile.open(part, "w:gz", compresslevel=6, dereference=True) as tar:
            add_manifest(tar, files)
            for name, path in files.items():
                tar.add(path, name, recursive=False, filter=anonymous)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def add_manifest(tar: tarfile.TarFile, files: dict[str, Path]) -> None:
    checksums = {}
    for name, path in files.items():
        with path.open("rb") as file:
            checksums[name] = pack.digest(file)
    about = {"format": pack.FORMAT, "platform": pack.this_platform(), "files": checksums}
    text = json.dumps(about, indent=1).encode()
    member = tarfile.TarInfo(pack.MANIFEST)
    member.size = len(text)
    tar.addfile(member, io.BytesIO(text))


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever made the archive does not matter to whoever unpacks it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
