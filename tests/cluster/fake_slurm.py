"""A real Slurm on this host alone: one controller and some fake nodes, all in one folder.

Debian's slurmd may run several times on a host. Nothing outside of the folder is written, and
everything is stopped at the end.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# becomes another program, which ends when this process does, however that is killed
ENDING = ("import os, sys; from cosmouline.engine.processes import end_with_parent; "
          "end_with_parent(); os.execvp(sys.argv[1], sys.argv[1:])")
CONF = """
ClusterName=fake
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=0
ReturnToService=2
MpiDefault=none
KillWait=1
SlurmctldTimeout=20
SlurmdTimeout=3
MessageTimeout=5
MinJobAge=2
"""
NODE = ("NodeName=n{i} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} "
        "RealMemory=4000 State=UNKNOWN\n")
UP_S = 60


def why_not():
    """Tell why there can be no Slurm here; empty if there can."""
    missing = [name for name in ("slurmctld", "slurmd", "munged", "sbatch")
               if shutil.which(name, path=_path()) is None]
    if missing:
        return f"no {', '.join(missing)}: apt-get install slurm-wlm munge"
    return "" if os.getuid() == 0 else "only root can start slurmctld and slurmd"


def _path():
    return os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])


def free_ports(n):
    """Return n ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class FakeSlurm:
    """A context manager; inside of it ``SLURM_CONF`` is set and sbatch works."""

    def __init__(self, folder, n_nodes=3, cpus=2):
        self.folder, self.n_nodes = Path(folder), n_nodes
        self.host = socket.gethostname().split(".")[0]
        self.cpus, self.daemons = cpus, []

    def __enter__(self):
        self.before = os.environ.get("SLURM_CONF")
        os.environ["SLURM_CONF"] = str(self.folder / "slurm.conf")
        try:
            self._write_conf()
            self._start_munge()
            self._daemon("slurmctld", "-D", "-c")
            for i in range(self.n_nodes):
                self.start_node(f"n{i}")
            self._wait(lambda: len(self.idle_nodes()) == self.n_nodes, "no node came up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for pid in self.processes():
            _kill(pid)
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait()
        if self.before is None:
            os.environ.pop("SLURM_CONF", None)
        else:
            os.environ["SLURM_CONF"] = self.before

    def _write_conf(self):
        (self.folder / "state").mkdir(parents=True)
        ports = free_ports(self.n_nodes + 1)
        text = CONF.format(host=self.host, ports=ports, folder=self.folder)
        for i in range(self.n_nodes):
            (self.folder / f"spool.n{i}").mkdir()
            text += NODE.format(i=i, host=self.host, port=ports[i + 1], cpus=self.cpus)
        names = ",".join(f"n{i}" for i in range(self.n_nodes))
        text += f"PartitionName=main Nodes={names} Default=YES MaxTime=INFINITE State=UP\n"
        (self.folder / "slurm.conf").write_text(text)

    def _start_munge(self):
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        parts = {"key-file": key, "socket": self.folder / "munge.socket"} | {
            name: self.folder / f"munge.{name}" for name in ("pid-file", "seed-file", "log-file")}
        self._daemon("munged", "--foreground", "--force",
                     *(f"--{name}={path}" for name, path in parts.items()))
        self._wait((self.folder / "munge.socket").exists, "munged did not start")

    def _daemon(self, *command):
        log = open(self.folder / f"{command[0]}.out", "ab")  # noqa: SIM115
        with log:
            self.daemons.append(subprocess.Popen(
                [sys.executable, "-c", ENDING, *command], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=os.environ | {"PATH": _path()}, start_new_session=True))
        return self.daemons[-1]

    def _wait(self, is_so, problem):
        until = time.monotonic() + UP_S
        while not is_so():
            if time.monotonic() > until:
                raise RuntimeError(f"{problem}: {self._logs()}")
            time.sleep(0.1)

    def _logs(self):
        return "\n".join(path.read_text(errors="replace")[-2000:]
                         for path in self.folder.glob("*.log"))

    def start_node(self, name):
        """Start the daemon of one node."""
        self._daemon("slurmd", "-D", "-c", "-N", name)

    def idle_nodes(self):
        """Return the nodes that could take a job."""
        shown = self.ask("sinfo", "-h", "-N", "-o", "%N %T")
        return [line.split()[0] for line in shown.splitlines() if line.endswith("idle")]

    def jobs(self):
        """Return the states of the jobs in the queue by their numbers."""
        shown = self.ask("squeue", "-h", "-o", "%i %T")
        return dict(line.split() for line in shown.splitlines())

    def running(self):
        """Return the jobs that run, after waiting until there is one."""
        self._wait(lambda: "RUNNING" in self.jobs().values(), "no job runs")
        return sorted((job for job, state in self.jobs().items() if state == "RUNNING"), key=int)

    def node_of(self, job):
        """Return the node on which a job runs."""
        return self.ask("squeue", "-h", "-j", job, "-o", "%N").strip()

    @staticmethod
    def ask(*command):
        """Return what a command of Slurm writes."""
        return subprocess.run(command, text=True, capture_output=True, timeout=60).stdout

    def processes(self, job=None):
        """Return the processes of a job, or of all jobs of this Slurm, leaves last."""
        mark = f"SLURM_JOB_ID={job}\0" if job else ""
        ours = f"SLURM_CONF={self.folder}"
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                text = (path / "environ").read_text(errors="replace")
            except OSError:
                continue
            if mark in text and ours in text and int(path.name) != os.getpid():
                found.append(int(path.name))
        return sorted(found)

    def lose_node(self, job):
        """Have the node of a job vanish with all that runs on it."""
        node = self.node_of(job)
        _kill(int((self.folder / f"slurmd.{node}.pid").read_text()))
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"slurmstepd: [{job}." in path.read_text():
                    _kill(int(path.parent.name))
            except OSError:
                continue
        for pid in self.processes(job):
            _kill(pid)
        return node


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
