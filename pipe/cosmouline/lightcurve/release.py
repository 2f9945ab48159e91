"""A folder of final products, all of it or nothing, with the hashes of its files."""

import hashlib
import os
import platform
import shutil
import time
from importlib import metadata

from cosmouline import __version__
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_text import write_text

PACKAGES = ("numpy", "scipy", "astropy", "sep", "jax", "starred-astro", "matplotlib")


def versions():
    """Return the versions of Python and of the packages that make numbers, by name."""
    found = {"cosmouline": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write(folder, files, readme, missing=()):
    """Copy files into a folder that appears at once, whole.

    Parameters
    ----------
    folder : Path
        The folder to make; one that is there already is replaced.
    files : dict of str to Path
        Sources by their path in the folder.
    readme : str
        What readme.txt begins with; versions, files and hashes follow.
    missing : sequence of str
        What should be there and is not, told in the readme.

    Notes
    -----
    The files are gathered in a hidden folder beside, which gets its name last: a reader finds
    the old bundle or the new one. The lines of hashes are those of ``sha256sum``, so that
    ``sha256sum -c readme.txt`` checks a copy.
    """
    gathered = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(gathered, ignore_errors=True)
    try:
        for name, source in sorted(files.items()):
            with atomic_path(gathered / name) as temporary:
                shutil.copyfile(source, temporary)
        write_text(gathered / "readme.txt", _readme(gathered, sorted(files), readme, missing))
        _swap(gathered, folder)
    finally:
        shutil.rmtree(gathered, ignore_errors=True)


def _readme(folder, names, text, missing):
    """Return the whole text of the readme."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    parts = [text.rstrip(), f"written {stamp} with " + ", ".join(
        f"{name} {version}" for name, version in versions().items())]
    if missing:
        parts.append("not there:\n" + "\n".join(f"  {name}" for name in missing))
    parts.append("sha256 of the files:\n" + "\n".join(
        f"{_sha256(folder / name)}  {name}" for name in names))
    return "\n\n".join(parts) + "\n"


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _swap(gathered, folder):
    """Give the new folder its name, the old one out of its way."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        os.replace(folder, old)
    os.replace(gathered, folder)
    shutil.rmtree(old, ignore_errors=True)
