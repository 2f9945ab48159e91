"""The engine on many machines: a dask scheduler, its workers, and the queue they come from.

connection : Find the cluster of a lens, or start one; check its workers; give it back at the end.
dask_setup : Load dask the way COSMOULINE uses it: its settings, and its own talk into the log file
             alone.
dispatch   : The engine on a cluster: images to the workers of a dask scheduler, outcomes back one
             by one.
gpu        : What dask loads in every worker of ours before its first task: who has a graphics
             card.
jobqueue   : The jobs of a cluster: asked for, counted, and replaced where they are lost.
scheduler  : The process that owns a cluster: dask's scheduler, and the jobs or processes of its
             workers.
worker     : What runs on the workers of a cluster: a few images of one step, after a look at the
             worker.
"""
