"""The engine on many machines: a dask scheduler, its workers, and the queue they come from.

connection : Find the cluster of a lens, or start one; check its workers; give it back at the end.
dask_setup : Load dask as COSMOULINE uses it: with its settings, and with its log in the log file
             alone.
dispatch   : The engine on a cluster: images to the workers of a dask scheduler, outcomes back one
             by one.
gpu        : What dask loads in every worker of ours before its first task: which one has a
             graphics card.
jobqueue   : The jobs of a cluster: submitted, counted, and replaced where they are lost.
scheduler  : The process that owns a cluster: dask's scheduler, and the jobs or processes of its
             workers.
worker     : What runs on the workers of a cluster: a few images of one step, if the worker is fit
             for it.
"""
