"""The STAGE of a command: s02, 2 or s02_guarded_update."""

from __future__ import annotations

from typing import Any

import click

from common.stages import NoSuchStage, Stage, find


class StageName(click.ParamType[Stage]):
    """Turns what was typed into a `Stage`; says which stages there are when there is no such one."""

    name = "stage"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Stage:
        if isinstance(value, Stage):
            return value
        try:
            return find(value)
        except NoSuchStage as error:
            self.fail(str(error), param, ctx)


STAGE = StageName()
