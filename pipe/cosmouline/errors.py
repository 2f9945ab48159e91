"""The exceptions that mean something to a user."""


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do.

    A script prints it as one line, without a traceback, and exits with 1.
    """


class ImageRejected(Exception):
    """One image that cannot be used; the message is stored as its ``whynot``."""
