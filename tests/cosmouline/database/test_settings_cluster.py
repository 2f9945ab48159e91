from cosmouline.database.settings_cluster import check_cluster, walltime_s
from cosmouline.errors import UserError

import pytest

GOOD = {"cluster": "slurm", "cores": 4, "memory": "8GB"}


def test_what_is_not_given_is_filled_in():
    found = check_cluster(GOOD | {"queue": None}, "cluster")

    assert (found["jobs"], found["cores"], found["walltime"]) == (1, 4, "04:00:00")
    assert found["queue"] is None


@pytest.mark.parametrize("value", [None, "tcp://node1:8786", "tls://10.0.0.1:1", "/a/s.json"])
def test_addresses_and_files_stay_as_they_are(value):
    assert check_cluster(value, "cluster") == value


@pytest.mark.parametrize(("value", "says"), [
    ("http://node1:8786", "an address is \"tls://host:8786\""),
    ("tcp://node1", "an address is"),
    ({"cores": 1}, "lacks 'cluster': one of local, slurm"),
    ({"cluster": "slrum"}, "'slrum', but it must be one of .* Did you mean 'slurm'"),
    ({"cluster": "slurm", "cores": 4}, "a slurm cluster lacks 'memory'"),
    (GOOD | {"wall_time": "1"}, "unknown key 'wall_time'. Did you mean 'walltime'"),
    (GOOD | {"zzzzzz": "1"}, "unknown key 'zzzzzz'. There are cluster, jobs"),
    (GOOD | {"jobs": 0}, "jobs = 0, but it must be from 1 to 10000"),
    (GOOD | {"jobs": "4"}, "jobs = '4', but it must be a whole number"),
    (GOOD | {"jobs": True}, "jobs = True, but it must be a whole number"),
    (GOOD | {"cores": 2000}, "cores = 2000, but it must be from 1 to 1024"),
    (GOOD | {"cores": None}, "cores = None, but it must be a whole number"),
    (GOOD | {"memory": "16"}, "memory = '16', but it must be a size such as \"16GB\""),
    (GOOD | {"walltime": "4h"}, "walltime = '4h', but it must be \"hours:minutes:seconds\""),
    (GOOD | {"walltime": "00:00:00"}, "walltime = '00:00:00'"),
    (GOOD | {"walltime": "01:60:00"}, "walltime = '01:60:00'"),
    (GOOD | {"extra": [1]}, "extra = .1., but it must be a list of lines"),
    (GOOD | {"extra": "--exclusive"}, "extra = '--exclusive', but it must be a list"),
    (GOOD | {"gpus": 5}, "more gpus than cores"),
])
def test_what_is_wrong_is_told_in_one_line(value, says):
    with pytest.raises(UserError, match=says) as problem:
        check_cluster(value, "settings.py: cluster")
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(("text", "seconds"), [
    ("04:00:00", 14400), ("00:30:15", 1815), ("2-01:00:00", 176400), ("120:00:00", 432000),
    ("4", 0), ("", 0)])
def test_a_walltime_in_seconds(text, seconds):
    assert walltime_s(text) == seconds
