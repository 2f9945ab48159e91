"""Compiled programs of jax, kept in a folder: a second process need not compile them again."""


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
    programs, so one serves all images of a size.
    """
    import jax

    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def device():
    """Return what jax computes on by itself: a graphics card where it finds one, else the CPU."""
    import jax

    first = jax.devices()[0]
    return f"{first.platform}, {first.device_kind}" if first.platform != "cpu" else "cpu"
