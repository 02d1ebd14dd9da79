"""Where phones reach this machine, and the picture of that address that they can read."""

from __future__ import annotations

import socket
from contextlib import suppress

import segno

from common.lab import LabError

LOOPBACK = "127.0.0.1"
AUTO = "auto"
ANYWHERE = ("192.0.2.1", 9)  # an address for documentation (RFC 5737): connecting by UDP sends nothing


def lan_address(wanted: str) -> str:
    """`wanted`, or for `AUTO` this machine's own address in its network. `LabError` when there is none."""
    if wanted != AUTO:
        return wanted
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out:
        way_out.connect(ANYWHERE)
        found = str(way_out.getsockname()[0])
        if not found.startswith("127."):
            return found
    raise LabError("This machine knows no network to be in: name its address there, --lan=ADDRESS.")


def qr_code(url: str) -> str:
    """The address as a QR code: an SVG as a data URI. Its white border is part of it, phones need that."""
    return str(segno.make(url, error="m").svg_data_uri(scale=8, border=4, light="#fff"))
