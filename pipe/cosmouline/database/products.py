"""Read the products of earlier scripts, by the row of an image."""

import functools

from cosmouline.database import manifest
from cosmouline.errors import ImageRejected, ProductLost


def product_of(script, where):
    """Decorate a reader of a product: name the script to run where it is missing or damaged."""
    def decorate(read):
        @functools.wraps(read)
        def reader(image, settings, *args):
            name = image["img_name"]
            manifest.check(where(settings, name), image, settings)
            try:
                return read(image, settings, *args)
            except FileNotFoundError as error:
                raise ProductLost(f"{error.filename} is missing. Run {script}.py --redo --only "
                                  f"{name}.") from error
            except ImageRejected as error:  # it was complete when it was written
                raise ProductLost(f"what {script} has written for {name} is damaged: {error}. Run "
                                  f"{script}.py --redo --only {name}.") from error
        return reader
    return decorate
