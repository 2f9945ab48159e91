"""Compiled programs of jax, kept in a folder: a second process need not compile them again."""

import contextlib
import functools
import logging
import warnings
import zlib
from pathlib import Path

ZLIB = b"\x78"  # first byte of what zlib has compressed


def keep_compiled(folder):
    """Let jax read compiled programs from a folder, and write them there, in this process.

    jax makes the folder with the first program; it may be deleted at any time.

    Notes
    -----
    By default jax keeps only programs that took a second to compile; here all are kept, since
    STARRED's are compiled once per size of stamps and worker. The data are arguments of the
    programs, so one program serves all images of a size. jax writes under the final name: a
    program that a kill has cut short is removed, or ignored without a warning where another
    process is writing it just now.
    """
    import jax

    logging.getLogger("jax").setLevel(logging.WARNING)  # it reports accelerators that are missing
    _remove_torn(Path(folder))
    warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@functools.cache
def _remove_torn(folder):
    """Remove incomplete programs, once per process: jax would neither use nor replace them."""
    for path in folder.glob("*-cache"):
        with contextlib.suppress(FileNotFoundError):  # another process has removed it
            content = path.read_bytes()
            is_complete = bool(content)
            if content.startswith(ZLIB):  # complete if zlib comes to the end of its stream
                stream = zlib.decompressobj()
                with contextlib.suppress(zlib.error):
                    stream.decompress(content)
                is_complete = stream.eof
            if not is_complete:
                path.unlink()


def device():
    """Return the device that jax chooses: a graphics card where it finds one, else "cpu"."""
    import jax

    first = jax.devices()[0]
    return f"{first.platform}, {first.device_kind}" if first.platform != "cpu" else "cpu"
