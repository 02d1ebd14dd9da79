"""What the person at the keyboard can put right."""

from __future__ import annotations

import click


class Mistake(click.ClickException):
    """The message is a sentence that says what is wrong and what to do; the command line shows just that."""
