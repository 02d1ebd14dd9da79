"""`./seckill test`"""

from __future__ import annotations

import os

import click

PROCESSES = "2"
QUICK = "not browser and not slow"


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--all", "everything", is_flag=True, help="Also the slow ones, and those that need a browser.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]")
def test(everything: bool, arguments: tuple[str, ...]) -> int:
    """The test suite, on real servers of its own.

    Files run in parallel, the tests of one file one after the other. What you add is handed to pytest, whose
    exit code it is.

    \b
    ./seckill test
    ./seckill test tests/proof -k oracle -x
    """
    import pytest

    from common.lab.places import ROOT

    os.chdir(ROOT)
    chosen = [] if everything else ["-m", QUICK]
    code = pytest.main(["-n", PROCESSES, "--dist", "loadfile", *chosen, *arguments])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    return int(code)
