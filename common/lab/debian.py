"""Programs from Debian or Ubuntu packages, downloaded and unpacked without root.

apt does the work, with the machine's own sources, keys, mirrors and proxies, but on private lists and caches,
and on an invented status: "nothing is installed but the C and C++ libraries". So it computes which packages a
bare machine of this release would need; nothing of the machine changes and nothing is installed.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from common.lab import places
from common.lab.errors import LabError
from common.lab.process import Supervisor
from common.lab.program import Packages

# Belong to the dynamic loader, which is the machine's own: a second copy of them would not fit it.
OF_THE_LOADER = re.compile(r"^Package: (libc6|libgcc-s1|libstdc\+\+6|gcc-\d+-base)$", re.MULTILINE)
STATUS = Path("/var/lib/dpkg/status")

CONFIGURATION = """\
Dir::State "{apt}/state";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}/cache";
Dir::Cache::archives "{apt}/debs";
Dir::Log "{apt}/log";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def tree(packages: Packages) -> Path:
    """Where the unpacked packages of this machine's release lie, or will lie."""
    return places.HOME / f"{packages.name}-{places.release()}-{platform.machine()}"


def available() -> bool:
    """Whether this machine has the tools to download and unpack packages."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb") and STATUS.is_file())


def libraries(root: Path) -> tuple[Path, ...]:
    """The folders of an unpacked tree that hold shared libraries."""
    folders = {file.parent for top in ("lib", "usr/lib") for file in (root / top).glob("*-linux-*/*.so*")}
    return tuple(sorted(folders))


def unpacked(packages: Packages, supervisor: Supervisor, say: places.Say) -> Path:
    """The tree; downloaded when it is not there yet. An interrupted download goes on where it stopped."""
    target = tree(packages)
    if target.is_dir():
        return target
    if not available():
        raise LabError("no Debian or Ubuntu packages here (apt-get, dpkg-deb)")
    with places.locked(places.HOME / "apt.lock", supervisor.check_open):
        if not target.is_dir():
            Download(packages, supervisor, say, places.HOME / "apt").into(target)
    return target


class Download:
    """One download into `.lab/apt`, which is removed when the tree is complete."""

    def __init__(self, packages: Packages, supervisor: Supervisor, say: places.Say, apt: Path) -> None:
        self.packages, self.supervisor, self.say, self.apt = packages, supervisor, say, apt
        self.log = supervisor.folder / "apt.log"
        self.complaints: list[str] = []

    def into(self, target: Path) -> None:
        self.configure()
        self.say(f"{self.packages.name}: reading the package lists")
        self.run("update")
        self.run("autoclean")
        self.run("install", "--download-only", "--yes", self.package(), "-oAPT::Status-Fd=1")
        self.unpack(target)
        shutil.rmtree(self.apt, ignore_errors=True)

    def configure(self) -> None:
        for name in ("state/lists/partial", "cache", "debs/partial", "log"):
            (self.apt / name).mkdir(parents=True, exist_ok=True)
        stanzas = STATUS.read_text(encoding="utf-8", errors="replace").split("\n\n")
        kept = [stanza for stanza in stanzas if OF_THE_LOADER.search(stanza)]
        (self.apt / "status").write_text("\n\n".join(kept) + "\n\n", encoding="utf-8")
        lines = CONFIGURATION.format(apt=self.apt) + "".join(map(not_wanted, extra_indexes()))
        (self.apt / "apt.conf").write_text(lines, encoding="utf-8")

    def package(self) -> str:
        """The package's name; older releases append a version to it."""
        wanted = self.packages.package
        names = output("apt-cache", "-c", self.apt / "apt.conf", "pkgnames", wanted).split()
        if not names:
            raise LabError(f"no package {wanted} could be found: {self.reason()}")
        return wanted if wanted in names else max(names)

    def run(self, *words: str) -> None:
        """Run apt-get under the keeper and pass its progress on."""
        self.log.unlink(missing_ok=True)
        argv: list[str | Path] = ["apt-get", "-c", self.apt / "apt.conf", "-q", *words]
        pid = self.supervisor.start(argv, env={**os.environ, "LC_ALL": "C"}, log=self.log)
        told = ""
        while (status := self.supervisor.wait(pid, 0.5)) is None:
            if (progress := self.progress()) not in ("", told):
                self.say(progress)
                told = progress
        # A failed `update` ends with code 0; what it complained of explains what fails later.
        self.complaints += re.findall(r"^(?:E|W): *(.+)$", self.text(), re.MULTILINE)
        if status:
            raise LabError(
                f"the Debian packages of {self.packages.name} cannot be downloaded: {self.reason()}"
            )

    def progress(self) -> str:
        """apt's own line "dlstatus:3:41.5:Retrieving file 3 of 17" as one for the reader."""
        found = re.findall(r"^dlstatus:\d+:([\d.]+):", self.text(), re.MULTILINE)
        return f"{self.packages.name}: downloading Debian packages, {float(found[-1]):.0f} %" if found else ""

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def reason(self) -> str:
        """apt's first complaint."""
        return self.complaints[0] if self.complaints else "apt-get gave no reason"

    def unpack(self, target: Path) -> None:
        """Into a temporary name first: the tree is there as a whole or not at all."""
        self.say(f"{self.packages.name}: unpacking")
        work = self.apt / "root"
        shutil.rmtree(work, ignore_errors=True)
        for package in sorted((self.apt / "debs").glob("*.deb")):
            argv: list[str | Path] = ["dpkg-deb", "--extract", package, work]
            if self.supervisor.run(argv, env=os.environ, log=self.log):
                raise LabError(f"{package.name} cannot be unpacked: {self.text().strip()}")
        for needless in ("usr/share/doc", "usr/share/man", "usr/share/locale", *self.packages.needless):
            shutil.rmtree(work / needless, ignore_errors=True)
        places.publish(work, target)


def extra_indexes() -> set[str]:
    """What `apt-get update` would fetch here beside package lists: desktop data, contents, translations."""
    dump = output("apt-config", "dump", "Acquire::IndexTargets")
    return set(re.findall(r"^Acquire::IndexTargets::(deb(?:-src)?::[^:]+)::MetaKey", dump, re.MULTILINE)) - {
        "deb::Packages"
    }


def not_wanted(index: str) -> str:
    return f'Acquire::IndexTargets::{index}::DefaultEnabled "false";\n'


def output(*argv: str | Path) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout
