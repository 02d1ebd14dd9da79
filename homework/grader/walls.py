"""What this machine permits to build around a student's process, found out by trying it once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from homework.grader import jail

LARGEST = 1 << 16  # bytes of a packet from the jail
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")

WITHOUT = (
    "No walls can be built around a student's process here: {why}. It still has its limits on time, memory,"
    " processes and files, and ends with everything it started; but it can reach the network and read what"
    " its user can read, solutions too."
)
REFUSED = """Nothing was graded. {why}
What helps is one of these:
  sudo ./seckill grade …      root may always build walls, and runs each process as a user of its own
  sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0      Ubuntu 24.04 and newer: you may, too
  sudo sysctl -w kernel.unprivileged_userns_clone=1                  Debian 10 and older
  ./seckill grade --without-walls …      for code that you trust, or a machine that is thrown away after it"""


def runtime() -> list[tuple[str, str, bool]]:
    """What a Python program needs to see: [source, target, writable]."""
    pythons = {str(Path(each).resolve()) for each in (sys.prefix, sys.base_prefix)} | {sys.prefix}
    seen = [each for each in (*SYSTEM, *sorted(pythons)) if os.path.lexists(each)]
    return [(each, each, False) for each in seen if not any(each.startswith(other + "/") for other in seen)]


@cache
def missing() -> str:
    """Empty when the walls hold here, else a sentence on what a student's process can do."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryDirectory(prefix="seckill-walls-") as root, ours, theirs:
        spec = {
            "isolate": True,
            "root": root,
            "binds": runtime(),
            "cwd": "/",
            "outer_cwd": "/",
            "uid": 65534,
            "limits": {},
        }
        command = [sys.executable, "-I", "-S", jail.__file__, str(theirs.fileno()), json.dumps(spec)]
        done = subprocess.run(command, pass_fds=[theirs.fileno()], capture_output=True, check=False)
        theirs.close()
        said = [json.loads(packet) for packet in iter(lambda: ours.recv(LARGEST), b"")]
    refused = said[0]["missing"] if said else ["the jail did not start"]
    if refused or said[-1].get("code") != 0:
        why = refused[0] if refused else done.stderr.decode(errors="replace").strip()[-200:]
        return WITHOUT.format(why=why)
    return ""
