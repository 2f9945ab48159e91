"""The engine on a cluster: images to the workers of a dask scheduler, outcomes back one by one.

Only twice as many tasks as there are workers are ever under way, one of them in each worker, so
that a dead worker accuses one task, and every result is read and given back at once, so that a
dead worker loses none.
"""

import contextlib
import logging
import math
import shutil
import statistics
import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from cosmouline.engine.cluster import connection as clusters
from cosmouline.engine.cluster import dask_setup
from cosmouline.engine.cluster import worker as on_worker
from cosmouline.engine.work import Outcome, cpu_s_elsewhere
from cosmouline.errors import UserError

log = logging.getLogger("cosmouline")

TASK_S = 0.2  # a task of tiny images lasts as long; what dask does for it takes about 0.01 s
N_MOST = 100  # images in a task
LOOK_S = 2.0  # how often workers are counted and the scheduler is looked after
TELL_S = 60.0  # how often it is told that there are no workers
GONE_S = 20.0  # so long a lost connection may take to come back


class Try(NamedTuple):
    """One image, its number within the step, and how often its worker has died.

    A death in a task of several images accuses none of them: they go on one by one.
    """

    number: int
    image: dict
    n_deaths: int = 0
    is_suspect: bool = False


def outcomes(work, images, settings, on_gpu=False):
    """Yield the outcomes of all images, as they come; see ``engine.outcomes``.

    Parameters
    ----------
    work : Work
    images : list of dict
    settings : namespace
    on_gpu : bool
        Workers with a graphics card take these tasks where there are any, others else.
    """
    connection = clusters.connected(settings)
    folder = settings.work_dir / "cluster" / "_".join(
        ["step", uuid.uuid4().hex[:8], *map(str, on_worker.who())])
    step = on_worker.write_step(folder, work, settings)
    (folder.parent / on_worker.AT_WORK).mkdir(exist_ok=True)
    window = Window(connection, step, images, settings, on_gpu)
    try:
        window.wait_for_workers()
        connection.tidy()
        yield from window.outcomes()
    finally:
        window.close()
        shutil.rmtree(folder, ignore_errors=True)


class Window:
    """What is to do, under way and suspect of one step."""

    def __init__(self, connection, step, images, settings, on_gpu):
        self.connection, self.client, self.step = connection, connection.client, step
        self.retries, self.wants_gpu = settings.died_retries, on_gpu
        self.wants_gpu_first = on_gpu and _gpus_described(settings)
        self.todo = deque(Try(number, image) for number, image in enumerate(images))
        self.alone = deque()  # whose worker died twice: nothing else is under way beside them
        self.flying, self.landed = {}, SimpleQueue()
        self.wanted = tuple(on_worker.versions().items())
        self.per_image_s = deque(maxlen=20)
        self.n_workers, self.n_gpus, self.n_sent, self.n_in_group = 0, 0, 0, 0
        self.next_look = self.next_tell = self.lost_since = 0.0
        self.has_died = False

    def wait_for_workers(self):
        """Wait until there is a worker, however long the queue is; then look at all there are."""
        self.next_tell = time.monotonic() + TELL_S
        while not self._count():
            time.sleep(0.2)
        workers = self.connection.workers()
        self.connection.check(self.step, self.wanted, workers)

    def outcomes(self):
        """Yield one outcome per image."""
        while self.todo or self.flying or self.alone:
            self._send()
            try:
                future = self.landed.get(timeout=LOOK_S / 4)
            except Empty:
                future = None
            if future is not None:
                yield from self._land(future)
            if time.monotonic() > self.next_look:
                self._count()

    def close(self):
        """Cancel what is under way, and free the workers that have it in hand."""
        futures, self.flying = [future for future, _ in self.flying.values()], {}
        with contextlib.suppress(Exception):  # the scheduler may be gone, and it is an end anyway
            if futures and self.connection.is_up():
                self.client.cancel(futures, force=True)
                self.connection.free_workers()
            if self.has_died or futures:
                self.connection.tidy()

    def _count(self):
        """Count the workers; tell where there are none. Return how many can take these tasks."""
        self.next_look = time.monotonic() + LOOK_S
        self.connection.refuse_trouble()
        if not self.connection.is_up():
            self.lost_since = self.lost_since or time.monotonic()
            if self.client.status == "closed" or time.monotonic() - self.lost_since > GONE_S:
                raise self.connection.gone()
            return 0
        self.lost_since = 0.0
        workers = self.connection.workers().values()
        self.n_workers = sum(worker["nthreads"] for worker in workers)
        self.n_gpus = sum("GPU" in worker["resources"] for worker in workers)
        n = self.n_gpus if self.wants_gpu_first else self.n_workers
        if n:
            self.next_tell = time.monotonic() + TELL_S
        elif time.monotonic() > self.next_tell:
            self.next_tell = time.monotonic() + TELL_S
            log.warning("no worker yet on %s: waiting (is the queue full?)",
                        self.connection.address)
        return n

    def _send(self):
        """Keep as many tasks under way as there is work for."""
        if not self.connection.is_up():
            return
        while self.todo and len(self.flying) < self._n_most():
            self._submit(self._next_group())
        if self.alone and not self.flying and not self.todo:
            self._submit([self.alone.popleft()])

    def _n_most(self):
        """Return how many tasks may be under way: two for each worker, or one.

        The second one must wait at the scheduler: it would be accused of the death of a worker
        that it waits on. Dask keeps it back from the time on when a group of tasks has had more
        than two for each worker, but never a task that wants a graphics card.
        """
        if self._takes_gpus():
            return self.n_gpus
        is_kept_back = self.n_in_group > 2 * self.n_workers
        return max(1, 2 * self.n_workers if is_kept_back else self.n_workers)

    def _takes_gpus(self):
        return self.wants_gpu and self.n_gpus > 0

    def _next_group(self):
        """Return the images of the next task: one, or some if they are tiny."""
        group = [self.todo.popleft()]
        n = 1
        if self.per_image_s:
            mean_s = max(statistics.median(self.per_image_s), TASK_S / N_MOST)
            n = min(math.ceil(TASK_S / mean_s), 1 + len(self.todo) // max(1, 2 * self.n_workers))
        while len(group) < n and not group[0].is_suspect and self.todo and (
                not self.todo[0].is_suspect):
            group.append(self.todo.popleft())
        return group

    def _submit(self, group):
        self.n_sent += 1
        if not self.flying:
            self.n_in_group = 0  # dask forgets a group of tasks at its end
        self.n_in_group += 1
        key = f"cosmouline-{Path(self.step).parent.name}", self.n_sent
        resources = {"GPU": 1} if self._takes_gpus() else None
        future = self.client.submit(
            on_worker.run_images, self.step, self.wanted,
            [(one.number, one.image) for one in group], self.wants_gpu,
            key=key, pure=False, retries=0, resources=resources)
        self.flying[future.key] = future, group
        future.add_done_callback(self.landed.put)

    def _land(self, future):
        """Take what became of one task out of dask's hands."""
        if future.key not in self.flying:
            return
        try:
            reply = future.result(timeout=10 * LOOK_S)
        except TimeoutError:  # the worker died with the result in its hands: it is made again
            if self.connection.is_up():
                future.add_done_callback(self.landed.put)
                return
            reply = None
        except Exception as error:
            reply = error
        _, group = self.flying.pop(future.key)
        future.release()
        yield from self._told(reply, group)

    def _told(self, reply, group):
        """Yield the outcomes of a task, or put its images back."""
        from distributed.scheduler import KilledWorker

        if isinstance(reply, on_worker.Reply):
            cpu_s_elsewhere[0] += reply.cpu_s
            if reply.outcomes:
                self.per_image_s.append(reply.seconds / len(reply.outcomes))
            yield from reply.outcomes
            if reply.stop:
                raise UserError(reply.stop)
        elif isinstance(reply, KilledWorker):
            yield from self._died(reply, group)
        elif reply is None or _is_cancelled(reply):  # the connection was lost, and is back or not
            self.todo.extendleft(reversed(group))
            self._count()
            if not self.connection.is_up():
                time.sleep(0.2)
        else:
            raise UserError(f"a worker cannot run this step ({type(reply).__name__}: {reply}). "
                            f"Start workers with PYTHONPATH={dask_setup.PIPE}")

    def _died(self, death, group):
        """Yield outcomes of images whose time was over, and of those that kill every worker."""
        self.has_died = True
        self._count()  # what is sent to fewer workers now must not wait on one of them
        hung = {one.number: _text(on_worker.hung_path(self.step, one.number))
                for one in group}
        is_death = len(group) == 1 and not any(hung.values())
        for one in reversed(group):
            again = one._replace(n_deaths=one.n_deaths + is_death, is_suspect=True)
            name = one.image["img_name"]
            if hung[one.number]:
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


def _is_cancelled(error):
    """Tell whether an error of dask means that the scheduler was gone for a while."""
    from concurrent.futures import CancelledError

    return isinstance(error, CancelledError | OSError)


def _text(path):
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _gpus_described(settings):
    return isinstance(settings.cluster, dict) and bool(settings.cluster.get("gpus"))
