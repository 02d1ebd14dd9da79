"""What a page's author did wrong, in one sentence. It ends the build."""


class PageError(Exception):
    """A page asks for something that is not there, or no longer there. The text says what, and what is."""
