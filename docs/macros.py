"""What mkdocs loads: the course's macros live in common/site."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # `mkdocs` by itself does not look in the project

from common.site.macros import define_env  # noqa: E402

__all__ = ["define_env"]
