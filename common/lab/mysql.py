"""MariaDB: which executable will do, how a private server is seeded and started, whether one answers."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from common.lab import places, sockets
from common.lab.errors import LabError
from common.lab.program import Kind, Packages, Program

if TYPE_CHECKING:
    from common.lab.process import Supervisor

DEFAULT_PORT = 3306
PREFIXES = ("mariadb", "mysql")  # of the folder and of the SQL files; MariaDB 11 brought the first one


def read_version(text: str) -> tuple[str, str]:
    """ "mariadbd  Ver 10.11.19-MariaDB-… for debian-linux-gnu" -> ("MariaDB", "10.11.19")."""
    match = re.search(r"Ver (\d+\.\d+\.\d+)", text)
    if not match:
        return "", ""
    return ("MariaDB" if "MariaDB" in text else "MySQL", match[1])


KIND = Kind(
    name="mysql",
    variable="MYSQL_URL",
    binaries=("mariadbd", "mysqld"),
    version_flag="--version",
    read_version=read_version,
    minimum={"MariaDB": (10, 6)},
    packages=Packages("mariadb", "mariadb-server-core", "usr/sbin/mariadbd", ("usr/bin", "etc", "var")),
    brew="brew install mariadb",
)


def share(program: Program) -> Path:
    """The folder with the messages and the system tables' SQL, which belongs to the executable."""
    prefix = program.path.resolve().parent.parent
    for candidate in (*(prefix / "share" / name for name in PREFIXES), prefix / "share"):
        if system_tables(candidate):
            return candidate
    raise LabError(f"{program.path} has no system tables beside it (share/*/*_system_tables.sql)")


def system_tables(folder: Path) -> list[Path]:
    """The SQL that makes the system tables and that which fills them; empty when `folder` has none."""
    for prefix in PREFIXES:
        files = [folder / f"{prefix}_system_tables{part}.sql" for part in ("", "_data")]
        if all(map(Path.is_file, files)):
            return files
    return []


def basics(program: Program) -> list[str]:
    """What seeding and serving have in common. No configuration file of the machine is read."""
    root = ["--user=root"] if os.geteuid() == 0 else []
    folder = share(program)
    return [
        "--no-defaults",
        *root,
        f"--lc-messages-dir={folder}",
        f"--character-sets-dir={folder}/charsets",
        "--innodb-use-native-aio=0",  # containers forbid it as often as not, and a small server gains nothing
        "--performance-schema=OFF",
    ]


def seed(program: Program, supervisor: Supervisor) -> Path:
    """A data folder with the system tables in it, made once for each executable and kept in `.lab/`.

    `mariadb-install-db` is not used, as it expects an installed server: bootstrap mode runs the same SQL.
    """
    key = hashlib.sha256(f"{program.path} {program.version}".encode()).hexdigest()[:8]
    done = places.HOME / "seeds" / f"mariadb-{program.version}-{key}"
    with places.locked(done.with_name(f"{done.name}.lock"), supervisor.check_open):
        if not done.is_dir():
            work = Path(tempfile.mkdtemp(prefix="seed-", dir=supervisor.folder))
            bootstrap(program, supervisor, work)
            places.publish(work, done)
    return done


def bootstrap(program: Program, supervisor: Supervisor, data: Path) -> None:
    script, log = data.with_suffix(".sql"), data.with_suffix(".log")
    tables = "".join(file.read_text(encoding="utf-8") for file in system_tables(share(program)))
    # Root without a password: the server is private. Each statement that bootstrap mode runs ends its line.
    script.write_text(
        f"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n{tables}", encoding="utf-8"
    )
    argv: list[str | Path] = [
        program.path,
        *basics(program),
        "--bootstrap",
        f"--datadir={data}",
        f"--tmpdir={data}",
    ]
    argv += ["--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--skip-networking"]
    if supervisor.run(argv, env=program.env(), log=log, stdin=script):
        errors = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line]
        raise LabError(
            f"{program.path} cannot fill a private data folder: {(errors or ['no reason given'])[0]}"
        )


def command(program: Program, folder: Path, port: int) -> Sequence[str | Path]:
    """A server on a unix socket and 127.0.0.1:`port`, its data in `folder`.

    Small and quick to start, and durable: an answered commit survives the server's kill and the machine's.
    """
    return [
        program.path,
        *basics(program),
        f"--datadir={folder / 'mysql'}",
        f"--tmpdir={folder}",
        f"--socket={socket_path(folder)}",
        f"--pid-file={folder / 'mysql.pid'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--max-connections=500",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_unicode_ci",
        "--default-time-zone=+00:00",
        "--innodb-flush-log-at-trx-commit=1",
        "--innodb-buffer-pool-size=128M",
        "--innodb-log-file-size=96M",
        "--innodb-lock-wait-timeout=5",
    ]


def prepare(program: Program, supervisor: Supervisor) -> None:
    """Copy the seeded data folder into the run's folder (0.03 s)."""
    data = supervisor.folder / "mysql"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(seed(program, supervisor), data)


def socket_path(folder: Path) -> Path:
    return folder / "mysql.sock"


def private_url(folder: Path) -> str:
    return f"mysql://root@localhost/?unix_socket={socket_path(folder)}"


def tcp_address(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    if "unix_socket" in parse_qs(parts.query):
        return None
    return parts.hostname or "localhost", parts.port or DEFAULT_PORT


def greet(url: str, timeout: float = 2.0) -> tuple[str, str]:
    """Connect, ask for the version: ("MariaDB", "10.11.19"). LabError without an answer in `timeout` s."""
    import pymysql

    parts = urlsplit(url)
    unix_socket = parse_qs(parts.query).get("unix_socket", [None])[0]
    try:
        if unix_socket:
            sockets.knock(unix_socket, timeout)
        connection = pymysql.connect(
            host=parts.hostname or "localhost",
            port=parts.port or DEFAULT_PORT,
            user=unquote(parts.username or "root"),
            password=unquote(parts.password or ""),
            unix_socket=unix_socket,
            connect_timeout=timeout,
            read_timeout=timeout,
            ssl_disabled=True,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            version = str((cursor.fetchone() or ("",))[0])
    except (pymysql.MySQLError, OSError, ValueError) as error:
        raise LabError(str(error.args[-1] if error.args else error)) from None
    return ("MariaDB" if "MariaDB" in version else "MySQL", version.partition("-")[0])
