"""The engine on a cluster: images to the workers of a dask scheduler, outcomes back one by one.

At any time at most two tasks per worker are submitted, and each worker has one of them in hand: a
worker that dies puts one task in doubt. Every result is read and given back at once, so that a
worker that dies takes none with it.
"""

import contextlib
import logging
import math
import shutil
import statistics
import time
import uuid
from collections import deque
from concurrent.futures import CancelledError
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from cosmouline.engine.cluster import connection, dask_setup, worker
from cosmouline.engine.work import Outcome, cpu_s_elsewhere
from cosmouline.errors import UserError

log = logging.getLogger("cosmouline")

TASK_S = 0.2  # tiny images share a task that lasts as long; dask itself takes about 0.01 s for it
N_MOST = 100  # images in a task
LOOK_S = 2.0  # how often the workers are counted and the scheduler is checked
TELL_S = 60.0  # how often a warning says that there are no workers
GONE_S = 20.0  # so long a lost connection may take to come back


class Try(NamedTuple):
    """One image, its number within the step, and how often its worker has died.

    A death in a task of several images is counted for none of them: they go on one by one, as
    suspects.
    """

    number: int
    image: dict
    n_deaths: int = 0
    is_suspect: bool = False


def outcomes(work, images, settings, on_gpu=False):
    """Yield the outcomes of all images, as they come; see ``engine.outcomes``.

    With `on_gpu` workers with a graphics card take these tasks where there are any, else others.
    """
    cluster = connection.connected(settings)
    folder = settings.work_dir / "cluster" / "_".join(
        ["step", uuid.uuid4().hex[:8], *map(str, worker.who())])
    step = worker.write_step(folder, work, settings)
    (folder.parent / worker.AT_WORK).mkdir(exist_ok=True)
    dispatcher = Dispatcher(cluster, step, images, settings, on_gpu)
    try:
        dispatcher.wait_for_workers()
        cluster.tidy()
        yield from dispatcher.outcomes()
    finally:
        dispatcher.close()
        shutil.rmtree(folder, ignore_errors=True)


class Dispatcher:
    """The images of one step: to do, submitted, and suspected of killing their workers."""

    def __init__(self, cluster, step, images, settings, on_gpu):
        self.cluster, self.client, self.step = cluster, cluster.client, step
        self.retries, self.wants_gpu = settings.died_retries, on_gpu
        self.waits_for_gpu = on_gpu and isinstance(settings.cluster, dict) and bool(
            settings.cluster.get("gpus"))
        self.todo = deque(Try(number, image) for number, image in enumerate(images))
        self.alone = deque()  # their workers died twice: nothing else is submitted with them
        self.flying, self.landed = {}, SimpleQueue()
        self.wanted = tuple(worker.versions().items())
        self.per_image_s = deque(maxlen=20)
        self.n_workers, self.n_gpus, self.n_sent, self.n_in_group = 0, 0, 0, 0
        self.next_look = self.next_tell = self.lost_since = 0.0
        self.has_died = False

    def wait_for_workers(self):
        """Wait until there is a worker, however long the queue is; then check all there are."""
        self.next_tell = time.monotonic() + TELL_S
        while not self._count():
            time.sleep(0.2)
        self.cluster.check(self.step, self.wanted, self.cluster.workers())

    def outcomes(self):
        """Yield one outcome per image."""
        while self.todo or self.flying or self.alone:
            if self.cluster.is_up():
                self._send()
            try:
                future = self.landed.get(timeout=LOOK_S / 4)
            except Empty:
                future = None
            if future is not None and future.key in self.flying:
                yield from self._land(future)
            if time.monotonic() > self.next_look:
                self._count()

    def close(self):
        """Cancel what is submitted, and free the workers that have it in hand."""
        futures, self.flying = [future for future, _ in self.flying.values()], {}
        with contextlib.suppress(Exception):  # the scheduler may have ended
            if futures and self.cluster.is_up():
                self.client.cancel(futures, force=True)
                self.cluster.free_workers()
            if self.has_died or futures:
                self.cluster.tidy()

    def _count(self):
        """Count the workers; warn where there are none. Return how many can take these tasks."""
        self.next_look = time.monotonic() + LOOK_S
        self.cluster.refuse_trouble()
        # A lost connection may come back: no worker can be counted before
        if not self.cluster.is_up():
            self.lost_since = self.lost_since or time.monotonic()
            if self.client.status == "closed" or time.monotonic() - self.lost_since > GONE_S:
                raise self.cluster.gone()
            return 0
        self.lost_since = 0.0
        workers = self.cluster.workers().values()
        self.n_workers = sum(one["nthreads"] for one in workers)
        self.n_gpus = sum("GPU" in one["resources"] for one in workers)
        # The warning comes every TELL_S, counted from the last time that there was a worker
        n = self.n_gpus if self.waits_for_gpu else self.n_workers
        if n:
            self.next_tell = time.monotonic() + TELL_S
        elif time.monotonic() > self.next_tell:
            self.next_tell = time.monotonic() + TELL_S
            log.warning("no worker yet on %s: waiting (is the queue full?)", self.cluster.address)
        return n

    def _send(self):
        """Submit tasks until there are enough for all workers."""
        takes_gpus = self.wants_gpu and self.n_gpus > 0
        while self.todo:
            # Two tasks for each worker, or one. The second must wait at the scheduler: on a worker
            # it would be in doubt when that worker dies. Dask keeps it back once a group of tasks
            # has had more than two for each worker, but never a task that wants a graphics card.
            is_kept_back = self.n_in_group > 2 * self.n_workers
            n_most = max(1, self.n_workers * (2 if is_kept_back else 1))
            if len(self.flying) >= (self.n_gpus if takes_gpus else n_most):
                break
            # A task is one image, or some if they are tiny; suspects go one by one
            group, n = [self.todo.popleft()], 1
            if self.per_image_s:
                mean_s = max(statistics.median(self.per_image_s), TASK_S / N_MOST)
                n = min(math.ceil(TASK_S / mean_s),
                        1 + len(self.todo) // max(1, 2 * self.n_workers))
            while len(group) < n and not group[0].is_suspect and self.todo and (
                    not self.todo[0].is_suspect):
                group.append(self.todo.popleft())
            self._submit(group, takes_gpus)
        if self.alone and not self.flying and not self.todo:
            self._submit([self.alone.popleft()], takes_gpus)

    def _submit(self, group, takes_gpus):
        """Submit one task to the scheduler."""
        self.n_sent += 1
        if not self.flying:
            self.n_in_group = 0  # dask forgets a group of tasks at its end
        self.n_in_group += 1
        key = f"cosmouline-{Path(self.step).parent.name}", self.n_sent
        future = self.client.submit(
            worker.run_images, self.step, self.wanted,
            [(one.number, one.image) for one in group], self.wants_gpu,
            key=key, pure=False, retries=0, resources={"GPU": 1} if takes_gpus else None)
        self.flying[future.key] = future, group
        future.add_done_callback(self.landed.put)

    def _land(self, future):
        """Yield the outcomes of a task that has ended, or put its images back."""
        from distributed.scheduler import KilledWorker

        try:
            reply = future.result(timeout=10 * LOOK_S)
        except TimeoutError:  # the worker died with the result: dask runs the task again
            if self.cluster.is_up():
                future.add_done_callback(self.landed.put)
                return
            reply = None
        except Exception as error:
            reply = error
        _, group = self.flying.pop(future.key)
        future.release()
        # A reply, the death of the worker, a lost connection, or a worker that is not fit
        if isinstance(reply, worker.Reply):
            cpu_s_elsewhere[0] += reply.cpu_s
            if reply.outcomes:
                self.per_image_s.append(reply.seconds / len(reply.outcomes))
            yield from reply.outcomes
            if reply.stop:
                raise UserError(reply.stop)
        elif isinstance(reply, KilledWorker):
            yield from self._after_death(reply, group)
        elif reply is None or isinstance(reply, CancelledError | OSError):
            # The connection was lost for a while, or for good: the images are done again
            self.todo.extendleft(reversed(group))
            self._count()
            if not self.cluster.is_up():
                time.sleep(0.2)
        else:
            raise UserError(f"a worker cannot run this step ({type(reply).__name__}: {reply}). "
                            f"Start workers with PYTHONPATH={dask_setup.PIPE}")

    def _after_death(self, death, group):
        """Yield outcomes of images whose time was over, and of those that kill every worker."""
        self.has_died = True
        self._count()  # what is submitted for fewer workers now must not wait on one of them
        hung = {}
        for one in group:  # a worker that ended itself has left the traceback of the image
            with contextlib.suppress(OSError):
                hung[one.number] = worker.hung_path(self.step, one.number).read_text()
        # A death is counted for an image that was alone in its task
        is_death = len(group) == 1 and not any(hung.values())
        for one in reversed(group):
            again = one._replace(n_deaths=one.n_deaths + is_death, is_suspect=True)
            name = one.image["img_name"]
            if hung.get(one.number):
                yield Outcome(name, "timeout", {}, "stopped after image_timeout_s; raise it if "
                              "that image is worth it", hung[one.number])
            elif again.n_deaths > 1 + self.retries:
                yield Outcome(name, "died", {}, f"its worker process died {again.n_deaths} times "
                              f"(last on {death.last_worker.address}): out of memory, killed, or "
                              "a crash in a compiled library")
            elif again.n_deaths > 1:
                self.alone.append(again)
            else:
                self.todo.appendleft(again)
