"""lines.py: which lines of a file are run."""

import ast

import pytest

CODE = '''"""Text."""
def f(x):
    """Text."""
    if x > 0:
        return 1
    elif x < 0:
        return -1
    for _ in range(0):
        x += 1
    else:
        x = 0
    try:
        1 / x
    except ZeroDivisionError:
        with open("/dev/null"):
            x = 7
    finally:
        y = x
    return y

class A:
    number = 3
'''


@pytest.mark.parametrize(("value", "found", "run"), [
    (2, 1, {4, 5}), (-2, -1, {4, 6, 7}), (0, 7, {4, 6, 8, 11, 12, 13, 15, 16, 18, 19})])
def test_the_lines_that_a_call_runs_are_marked(script, value, found, run):
    tree, marks = ast.parse(CODE), bytearray(60)
    module = script("tests/lines")
    lines = module.marked(tree, 5)
    space = {module.MARK: marks}

    exec(compile(tree, "code", "exec"), space)
    assert {line for k, line in enumerate(lines) if marks[5 + k]} == {2, 21, 22}  # f, A, number
    assert space["A"].number == 3
    assert space["f"].__doc__ == space["__doc__"] == "Text."
    marks[:] = bytes(60)

    assert space["f"](value) == found
    assert {line for k, line in enumerate(lines) if marks[5 + k]} == run
    assert not any(marks[:5])
    assert sorted(lines) == [2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 18, 19, 21, 22]
