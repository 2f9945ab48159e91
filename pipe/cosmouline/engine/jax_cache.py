"""Compiled programs of jax, kept in a folder: a second process need not compile them again."""

import contextlib
import functools
import warnings
import zlib
from pathlib import Path

ZLIB = b"\x78"  # first byte of what zlib has compressed


def keep_compiled(folder):
    """Let this process of jax read compiled programs from a folder, and write them there.

    Parameters
    ----------
    folder : path
        Made when the first program is written. It may be deleted at any time.

    Notes
    -----
    jax keeps only what took a second to compile; here everything is kept, since STARRED's
    programs are compiled once per size of stamps and worker. The data are arguments of the
    programs, so one serves all images of a size. jax does not rename what it has written: a
    program that a kill has cut short is removed, or passed over without a word where another
    process is writing it just now.
    """
    import jax

    _remove_torn(Path(folder))
    warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@functools.cache
def _remove_torn(folder):
    """Remove the programs that are not whole, once: jax would neither use nor replace them."""
    for path in folder.glob("*-cache"):
        with contextlib.suppress(FileNotFoundError):  # another process has removed it
            if not _is_whole(path.read_bytes()):
                path.unlink()


def _is_whole(content):
    """Tell whether a stream of zlib comes to its end; of others, whether there is anything."""
    if not content.startswith(ZLIB):
        return bool(content)
    stream = zlib.decompressobj()
    with contextlib.suppress(zlib.error):
        stream.decompress(content)
    return stream.eof


def device():
    """Return what jax computes on by itself: a graphics card where it finds one, else the CPU."""
    import jax

    first = jax.devices()[0]
    return f"{first.platform}, {first.device_kind}" if first.platform != "cpu" else "cpu"
