"""Errors that should not be, for the server's terminal: where they happened, none of their words.

Their words may hold names of files, and those may be names of patients.
"""

import traceback


def where_and_what(error: BaseException) -> str:
    """Name the kind of an error and the lines it passed through.

    Args:
        error: Any.
    """
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{places}"
