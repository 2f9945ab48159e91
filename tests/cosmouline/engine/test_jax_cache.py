"""Compiled programs on disk, told by what a second process adds to them."""

import os
import subprocess
import sys

PROGRAM = """
import sys
from cosmouline.engine.jax_cache import keep_compiled
keep_compiled(sys.argv[1])
import jax
print(jax.jit(lambda x: (3 * x).sum())(jax.numpy.arange(float(sys.argv[2]))))
"""


def run(folder, size):
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(folder), str(size)], check=True,
                          capture_output=True, text=True)
    assert not done.stderr
    programs = {path.name for path in folder.glob("*-cache")}
    return float(done.stdout), programs


def test_a_second_process_finds_the_programs_of_the_first(tmp_path):
    folder = tmp_path / "compiled"

    first, programs = run(folder, 4)
    second, same = run(folder, 4)
    other, more = run(folder, 5)

    assert (first, second, other) == (18.0, 18.0, 30.0)
    assert programs
    assert same == programs
    assert more > programs


def test_programs_that_a_kill_has_cut_short_are_made_anew_without_a_word(tmp_path):
    folder = tmp_path / "compiled"
    _, programs = run(folder, 4)
    sizes = {path.name: path.stat().st_size for path in folder.glob("*-cache")}
    shares = dict(zip(sizes, (0.0, 0.99), strict=True))
    for name, share in shares.items():
        os.truncate(folder / name, int(share * sizes[name]))

    value, same = run(folder, 4)

    assert (value, same) == (18.0, programs)
    assert {path.name: path.stat().st_size for path in folder.glob("*-cache")} == sizes


def test_the_device_is_told():
    program = "from cosmouline.engine.jax_cache import device; print(device())"
    on_cpu = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True,
                          text=True, env=on_cpu)

    assert done.stdout == "cpu\n"
