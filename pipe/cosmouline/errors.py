"""The exceptions that mean something to a user."""


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do.

    A script prints it as one line, without a traceback, and exits with 1.
    """


class ProductLost(UserError):
    """A product of one image is gone; where it concerns that image alone, only it fails."""


class ImageRejected(Exception):
    """One image that cannot be used; the message is stored as its ``whynot``."""
