"""The engine on many machines: a dask scheduler, its workers, and the queue they come from."""
