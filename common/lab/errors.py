"""The one error of the private servers."""


class LabError(Exception):
    """Something about the private servers did not work. The text is one sentence or two, for the reader."""
