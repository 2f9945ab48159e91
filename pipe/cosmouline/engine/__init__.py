"""One function on many images, one script after the other: in this process, in many, on a cluster.

command   : The command ``cosmouline``: it finds the scripts of a checkout or of an installed
            package.
engine    : Run one function on many images: in this process, in worker processes, or on a cluster.
jax_cache : Compiled programs of jax, kept in a folder: a second process need not compile them
            again.
launch    : Start the numbered scripts in processes that have the libraries loaded.
processes : How processes start and end: copies of this one where that is safe, none left behind.
tasks     : Work that is long and not of one image: joint fits, stacks, each a task of the engine.
terminal  : The log on the terminal, whatever letters it can show.
tool      : The command line: options of every script, and the run of a tool that needs no lens.
work      : One task of an engine: a function, what it is called with, and what came of it.
"""
