"""The packed lab: what goes in comes out, and anything else is refused before it is used."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from common.lab import LabError, pack, packing, places

About = dict[str, Any]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(places, "HOME", tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "usr" / "sbin").mkdir(parents=True)
    (top / "usr" / "sbin" / "mariadbd").write_text("program")
    (top / "usr" / "sbin" / "mariadbd").chmod(0o755)
    (top / "linked").symlink_to("usr/sbin/mariadbd")
    (top / "broken").symlink_to("nowhere")
    packing.archive(tmp_path / "lab.tar.gz", {"mariadb": top})
    return tmp_path / "lab.tar.gz"


def rewrite(archive: Path, change: Callable[[About], None], *, extra: str = "", content: bytes = b"") -> None:
    """The archive again with a changed manifest, one more file, or other contents."""
    with tarfile.open(archive) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    about = json.loads(files.pop(pack.MANIFEST))
    change(about)
    files = {pack.MANIFEST: json.dumps(about).encode(), **files}
    if content:
        files["mariadb/linked"] = content
    if extra:
        files[extra] = b"extra"
    with tarfile.open(archive, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def refused(archive: Path, home: Path, match: str) -> None:
    with pytest.raises(LabError, match=match):
        pack.unpacked(str(archive))
    left = [path for path in (home / "packs").glob("*") if path.suffix != ".lock"]
    assert not left, "nothing half-unpacked is left to be used"


def test_what_goes_in_comes_out(archive: Path) -> None:
    folder = pack.unpacked(str(archive))
    program = folder / "mariadb" / "usr" / "sbin" / "mariadbd"
    assert program.read_text() == (folder / "mariadb" / "linked").read_text() == "program"
    assert program.stat().st_mode & 0o111
    assert not (folder / "mariadb" / "broken").exists()


def test_it_is_unpacked_once(archive: Path) -> None:
    folder = pack.unpacked(str(archive))
    (folder / "mark").touch()
    assert pack.unpacked(str(archive)) == folder
    assert (folder / "mark").exists()


def test_it_may_be_a_url(archive: Path) -> None:
    url = archive.as_uri()
    folder = pack.unpacked(url)
    assert (folder / "mariadb" / "linked").read_text() == "program"
    archive.unlink()
    assert pack.unpacked(url) == folder, "a second run asks nobody"


@contextmanager
def a_mirror(head: str, body: bytes) -> Iterator[str]:
    """Answers every request with that, and hangs up."""

    class Mirror(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server, ThreadPoolExecutor(1) as threads:
        threads.submit(server.serve_forever)
        try:
            yield f"http://127.0.0.1:{server.server_port}/lab.tar.gz"
        finally:
            server.shutdown()


@pytest.mark.parametrize("head", ["Content-Length: 999999", "Transfer-Encoding: chunked"])
def test_a_download_that_broke_off_is_not_kept(archive: Path, home: Path, head: str) -> None:
    body = archive.read_bytes()
    body = b"%x\r\n" % (len(body) + 1) + body if "chunked" in head else body
    with a_mirror(head, body) as url, pytest.raises(LabError, match="cannot be downloaded"):
        pack.unpacked(url)
    assert not list((home / "packs").glob("*.tar.gz"))


def test_a_download_that_is_whole_is_kept(archive: Path) -> None:
    body = archive.read_bytes()
    with a_mirror(f"Content-Length: {len(body)}", body) as url:
        assert pack.unpacked(url)
    assert pack.unpacked(url), "a second run asks nobody"


def test_a_damaged_file_is_refused(archive: Path, home: Path) -> None:
    rewrite(archive, lambda about: None, content=b"damaged")
    refused(archive, home, "another checksum")


def test_a_file_beyond_the_manifest_is_refused(archive: Path, home: Path) -> None:
    rewrite(archive, lambda about: None, extra="mariadb/more")
    refused(archive, home, "does not name")


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "mariadb/../../evil"])
def test_a_path_that_leaves_the_folder_is_refused(archive: Path, home: Path, name: str) -> None:
    rewrite(archive, lambda about: about["files"].update({name: "0" * 64}), extra=name)
    refused(archive, home, "does not name")


def test_a_missing_file_is_named(archive: Path, home: Path) -> None:
    rewrite(archive, lambda about: about["files"].update({"wheels/flask.whl": "0" * 64}))
    refused(archive, home, r"wheels/flask\.whl")


def test_another_platform_is_named(archive: Path, home: Path) -> None:
    rewrite(archive, lambda about: about["platform"].update(system="debian-99"))
    refused(archive, home, "made for debian-99")


def test_half_an_archive_is_refused(archive: Path, home: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])
    refused(archive, home, "cannot be unpacked")


def test_another_archive_is_refused(tmp_path: Path, home: Path) -> None:
    other = tmp_path / "other.tar.gz"
    with tarfile.open(other, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("README"))
    refused(other, home, "not made by")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no file"):
        pack.unpacked(str(tmp_path / "no.tar.gz"))
