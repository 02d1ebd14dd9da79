"""How the command line writes: in colour on a terminal, as plain text anywhere else."""

from __future__ import annotations

from rich.console import Console
from rich.syntax import Syntax

PLAIN_WIDTH = 100  # columns, where there is no terminal to ask


def new_console() -> Console:
    """A console for stdout. NO_COLOR is respected; a pipe or a file gets no control characters."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def show_code(console: Console, text: str, language: str) -> None:
    """In the terminal's own colours on a terminal; elsewhere character by character, fit for a file."""
    if console.is_terminal:
        console.print(Syntax(text, language, theme="ansi_dark", word_wrap=True))
    else:
        console.out(text, end="", highlight=False)
