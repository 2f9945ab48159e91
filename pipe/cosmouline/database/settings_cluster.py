"""The setting `cluster`: an address, a scheduler file, or a description of jobs."""

import re

from cosmouline.database.settings_values import wanted
from cosmouline.errors import UserError, did_you_mean

SUBMIT = {"slurm": "sbatch", "pbs": "qsub", "sge": "qsub", "lsf": "bsub", "oar": "oarsub",
          "htcondor": "condor_submit"}
KINDS = ("local", *SUBMIT)
TYPES = {"cluster": str, "jobs": int, "cores": int, "memory": str, "walltime": str, "queue": str,
         "account": str, "interface": str, "extra": list, "python": str, "prologue": list,
         "gpus": int, "disk": str}
LEAST_AND_MOST = {"jobs": (1, 10_000), "cores": (1, 1024), "gpus": (0, 64)}
DEFAULTS = {"jobs": 1, "walltime": "04:00:00", "queue": None, "account": None, "interface": None,
            "extra": [], "python": None, "prologue": [], "gpus": 0, "disk": "4GB"}
_SIZE = re.compile(r"\d+(\.\d+)? ?[kKMGT]i?B")
_WALLTIME = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)")
_ADDRESS = re.compile(r"(tcp|tls)://[^:/\s]+:\d+")


def check_cluster(value, where):
    """Check the setting `cluster`: an address, a path, a description or None.

    It is returned as it is, a description with the defaults of what is not given. Raises
    UserError, beginning with `where`, for an unknown key, a wrong type, or a value out of its
    limits.
    """
    if isinstance(value, str) and "://" in value and not _ADDRESS.fullmatch(value):
        raise UserError(f"{where} = {value!r}, but an address is \"tls://host:8786\" or "
                        '"tcp://host:8786".')
    if not isinstance(value, dict):
        return value
    # Each key by itself
    for key, one in value.items():
        what = f"{where}: {key}"
        if key not in TYPES:
            hint = did_you_mean(key, TYPES) or f" There are {', '.join(TYPES)}."
            raise UserError(f"{where}: unknown key '{key}'.{hint}")
        if one is None and DEFAULTS.get(key, "") is None:
            continue
        if not isinstance(one, TYPES[key]) or isinstance(one, bool):
            raise UserError(f"{what} = {one!r}, but it must be {wanted(TYPES[key])}.")
        least, most = LEAST_AND_MOST.get(key, (None, None))
        if key == "cluster" and one not in KINDS:
            raise UserError(f"{what} = {one!r}, but it must be one of {', '.join(KINDS)}."
                            f"{did_you_mean(one, KINDS)}")
        if least is not None and not least <= one <= most:
            raise UserError(f"{what} = {one}, but it must be from {least} to {most}.")
        if key in ("memory", "disk") and not _SIZE.fullmatch(one):
            raise UserError(f'{what} = {one!r}, but it must be a size such as "16GB".')
        if key == "walltime" and not walltime_s(one):
            raise UserError(f'{what} = {one!r}, but it must be "hours:minutes:seconds", such as '
                            '"04:00:00", or "days-hours:minutes:seconds".')
        if key in ("extra", "prologue") and not all(isinstance(line, str) for line in one):
            raise UserError(f"{what} = {one!r}, but it must be a list of lines.")
    if "cluster" not in value:
        raise UserError(f"{where} lacks 'cluster': one of {', '.join(KINDS)}.")
    # Keys that go together
    for key in ("cores", "memory"):
        if key not in value and value["cluster"] != "local":
            raise UserError(f"{where}: a {value['cluster']} cluster lacks '{key}', of one job.")
    if value.get("gpus", 0) > value.get("cores", 1024):
        raise UserError(f"{where}: more gpus than cores: each needs a worker process.")
    return DEFAULTS | value


def walltime_s(text):
    """Return a walltime in seconds; 0 if it is not written as it must be."""
    match = _WALLTIME.fullmatch(text)
    if not match:
        return 0
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((24 * days + hours) * 60 + minutes) * 60 + seconds
