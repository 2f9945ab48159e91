"""A folder of final products, written completely or not at all, with the hashes of its files."""

import hashlib
import os
import platform
import shutil
import time
from contextlib import suppress
from importlib import metadata

from cosmouline import __version__
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_text import write_text

PACKAGES = ("numpy", "scipy", "astropy", "sep", "jax", "starred-astro", "matplotlib")


def versions():
    """Return the versions of Python and of the packages that make numbers, by name."""
    found = {"cosmouline": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def write(folder, files, readme, missing=()):
    """Copy files into a folder that appears at once, complete, in place of an earlier one.

    Parameters
    ----------
    folder : Path
    files : dict of str to Path
        Sources by their path in the folder.
    readme : str
        What readme.txt begins with; versions, files and hashes follow.
    missing : sequence of str
        Files that should be there and are not: the readme lists them.

    Notes
    -----
    The files are gathered in a hidden folder next to it, which gets its name last. The lines of
    hashes are those of ``sha256sum``, so that ``sha256sum -c readme.txt`` checks a copy.
    """
    gathered = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    shutil.rmtree(gathered, ignore_errors=True)
    try:
        # Copy, and hash the copies: what the readme says is true of this folder.
        hashes = []
        for name, source in sorted(files.items()):
            with atomic_path(gathered / name) as temporary:
                shutil.copyfile(source, temporary)
            with (gathered / name).open("rb") as file:
                hashes.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}")
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        parts = [readme.rstrip(), f"written {stamp} with " + ", ".join(
            f"{name} {version}" for name, version in versions().items())]
        if missing:
            parts.append("missing:\n" + "\n".join(f"  {name}" for name in missing))
        parts.append("sha256 of the files:\n" + "\n".join(hashes))
        write_text(gathered / "readme.txt", "\n\n".join(parts) + "\n")
        # Rename: the old folder moves out of the way first.
        if folder.exists():
            os.replace(folder, old)
        os.replace(gathered, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(gathered, ignore_errors=True)
