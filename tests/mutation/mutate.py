"""Change the code at random, one small change at a time, and see whether a test fails.

Run by hand from the root of a checkout:

    python tests/mutation/mutate.py --number 100 --seed 1        # random changes of all code
    python tests/mutation/mutate.py --number 20 --only pipe/cosmouline/psf
    python tests/mutation/mutate.py --number 100 --seed 1 --stages 3     # the nearest tests alone
    python tests/mutation/mutate.py --number 100 --seed 1 --these 5 17   # again, of the same draw
    python tests/mutation/mutate.py --settings                   # every setting by its default

A change is put into a copy of the checkout. The tests that matter are run there in stages, until
one fails: (1) those that mirror the file, (2) the recorded numbers of its room and the tests that
import it, (3) those of what imports it, of the scripts behind, and the recorded numbers of their
routes, (4) the recorded numbers of the small lens, and (5) the demo in small.
What no test sees is printed as a survivor; a few changes are without effect
(an equivalent formula) and are told from real ones by reading.

With --settings each place where a setting is read gets the default of configs/sample/settings.py
in its stead, and the test that saw it is noted in tests/mutation/setting_uses.txt, which
tests/test_layout.py compares with the code.
"""

import argparse
import ast
import copy
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import textwrap
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as cosmouline sets them

import astropy.io.fits  # noqa: F401
import matplotlib.figure  # noqa: F401
import numpy  # noqa: F401
import pytest
import scipy.ndimage
import scipy.optimize  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("pipe", "lcmanip", "extrascripts", "skymaker")
COPIED = (*FOLDERS, "configs", "tests", "doc", "pyproject.toml", "README.md", "CONTRIBUTING.md",
          "CHANGELOG.md", "Makefile", "requirements.txt", "LICENSE")
USES = ROOT / "tests" / "mutation" / "setting_uses.txt"
LIMIT_S = 400  # of CPU time for some files of tests: a change may make an endless loop
WAIT_S = 3600  # and in all, for one that waits; long, as a busy machine is no failure of a test
AT_ONCE = 8  # files of tests that share this time
LEFT_OUT = ("pipe/cosmouline/engine/cluster",)

COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
            ast.IsNot: ast.Is}
TURNED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
            ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
CALLED = {"min": "max", "max": "min", "nanmin": "nanmax", "nanmax": "nanmin", "any": "all",
          "all": "any", "minimum": "maximum", "maximum": "minimum", "argmin": "argmax",
          "argmax": "argmin", "floor": "ceil", "ceil": "floor", "sqrt": "abs", "median": "max",
          "nanmedian": "nanmax"}


def defaults():
    """Return the source text of the default of every setting."""
    tree = ast.parse((ROOT / "configs/sample/settings.py").read_text(encoding="utf-8"))
    return {node.target.id: ast.unparse(node.value) for node in tree.body
            if isinstance(node, ast.AnnAssign)}


def code_files(only=()):
    """Return the files that may be changed, as paths from the root."""
    found = [path.relative_to(ROOT).as_posix() for folder in FOLDERS
             for path in sorted((ROOT / folder).rglob("*.py")) if path.stem != "__init__"]
    if only:
        return [path for path in found if path.startswith(tuple(only))]
    return [path for path in found if not path.startswith(LEFT_OUT)]


def changes(text):
    """Return all changes of a file: line, what, the node to replace, and the new node."""
    found = []
    tree = ast.parse(text)
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
             and isinstance(node.value, ast.Constant)}
    inside = [part for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
              for part in node.body]
    for node in {id(one): one for part in inside for one in ast.walk(part)}.values():
        if id(node) not in texts and isinstance(node, ast.expr):
            found += [(node.lineno, what, node, new) for what, new in _changed(node)]
        elif isinstance(node, ast.If):
            test = ast.UnaryOp(ast.Not(), node.test)
            found.append((node.lineno, "if turned round", node.test, test))
    return found


def _changed(node):
    """Yield what may become of an expression."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for table, what in ((COMPARED, "comparison"), (TURNED, "comparison turned round")):
            if type(node.ops[0]) in table:
                yield what, ast.Compare(node.left, [table[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BinOp) and not isinstance(node.left, (ast.Constant, ast.JoinedStr)):
        if type(node.op) in COMPUTED:
            yield "operator", ast.BinOp(node.left, COMPUTED[type(node.op)](), node.right)
            yield "term dropped", node.left
        if isinstance(node.op, ast.Pow):
            yield "power dropped", node.left
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and / or", ast.BoolOp(other, node.values)
        yield "condition dropped", ast.BoolOp(node.op, node.values[:-1] * 2)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert, ast.USub)):
        yield "sign or mask", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value = node.value
        yield "number", ast.Constant(value + 1 if isinstance(value, int) else value * 1.5 + 0.01)
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in CALLED:
            other = copy.deepcopy(node)
            setattr(other.func, "attr" if isinstance(node.func, ast.Attribute) else "id",
                    CALLED[name])
            yield "function", other
        for i, keyword in enumerate(node.keywords):
            if keyword.arg:
                other = copy.copy(node)
                other.keywords = node.keywords[:i] + node.keywords[i + 1:]
                yield f"argument {keyword.arg} left out", other


def setting_changes(text, known):
    """Return all places of a file where a setting is read, changed to its default."""
    found, table = [], ", ".join(f"{name!r}: {value}" for name, value in known.items())
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            holder = getattr(node.value, "attr", getattr(node.value, "id", ""))
            if holder in ("settings", "one") and node.attr in known and isinstance(
                    node.ctx, ast.Load):
                found.append((node, node.attr, known[node.attr]))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            source = ast.unparse(node)
            if read := re.fullmatch(r"getattr\(settings, ([^,]+)\)", source):
                found.append((node, "".join(source.split()), f"{{{table}}}[{read[1]}]"))
    return [(node.lineno, what, node, ast.parse(new, mode="eval").body)
            for node, what, new in found]


def applied(text, node, new):
    """Return a text with the source of a node replaced; brackets keep the meaning."""
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[:node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[:node.end_lineno - 1])) + node.end_col_offset
    put = f"({ast.unparse(ast.fix_missing_locations(copy.deepcopy(new)))})"
    raw = text.encode()
    if raw[:start].count(b'f"') and _in_an_f_string(text, node):
        put = put.replace('"', "'")
    return (raw[:start] + put.encode() + raw[end:]).decode()


def _in_an_f_string(text, node):
    """Tell whether a node stands in an f-string, where it takes single quotes."""
    return any(isinstance(one, ast.JoinedStr) and one.lineno <= node.lineno <= one.end_lineno
               for one in ast.walk(ast.parse(text)))


def _named(path):
    """Return a pattern of the imports of a file of the library, on one line or in brackets."""
    parts = Path(path).with_suffix("").parts
    home, name = re.escape(".".join(parts[1:-1])), parts[-1]
    return re.compile(rf"from {home} import (\([^)]*|[^\n(]*)\b{name}\b|"
                      rf"(from|import) {home}\.{name}\b")


def _importers(path, texts):
    """Return the files of code that import a file of the library, themselves or by others."""
    found, new = [], [path]
    while new:
        named = [_named(one) for one in new if "cosmouline" in one]
        new = [one for one, text in texts.items() if one not in found and one != path
               and any(pattern.search(text) for pattern in named)]
        found += new
    return found


def _of_scripts(scripts, tests):
    """Return the tests of scripts: of their names, else of their folder, and all that run them."""
    found = []
    for one in map(Path, dict.fromkeys(scripts)):
        folder = {test: text for test, text in tests.items()
                  if test.startswith(f"tests/{one.parent.name}/")}
        own = (f"tests/{one.parent.name}/test_{one.stem}.py", f"tests/test_{one.stem}.py")
        found += [test for test in own if test in tests] or [
            test for test, text in folder.items() if one.stem in text] or list(folder)
        found += [test for test, text in tests.items()
                  if f'"{one.parent.name}/{one.stem}"' in text]
    return found


def _mirror(path, tests):
    """Return the tests that mirror a file of the library."""
    parts = Path(path).with_suffix("").parts
    return [test for test in tests
            if test.startswith(f"tests/{'/'.join(parts[1:-1])}/test_{parts[-1]}")]


def stages(path):
    """Yield (stage, some tests) for a file, the nearest first; a stage may come in parts."""
    tests, texts = ({one.relative_to(ROOT).as_posix(): one.read_text(encoding="utf-8")
                     for one in found} for found in (
        sorted((ROOT / "tests").rglob("test_*.py")), map(ROOT.joinpath, code_files(FOLDERS))))
    whole, demo = "tests/test_recorded.py", "tests/end_to_end/test_demo_in_small.py"
    if path.startswith("pipe/cosmouline/"):
        named, behind = _named(path), _importers(path, texts)
        near = [one for one in behind if named.search(texts[one])]
        near += [script for one in near if "cosmouline" in one for script in behind
                 if _named(one).search(texts[script])]
        mirror = _mirror(path, tests)
        room = f"tests/{Path(path).parent.relative_to('pipe').as_posix()}/test_recorded.py"
        second = [*([room] if room in tests else []),
                  *(test for test, text in tests.items() if named.search(text))]
        scripts = [one for one in near if "cosmouline" not in one]
        third = [test for one in near if "cosmouline" in one for test in _mirror(one, tests)]
        third += _of_scripts(scripts, tests)
        third += [test for test in _of_scripts(
            [one for one in behind if "cosmouline" not in one], tests)
            if re.search(r"\brecorded\(", tests[test])]
    else:
        mirror, second, third = _of_scripts([path], tests), [], []
    done = {whole, demo}
    for number, stage in enumerate((mirror, second, third), 1):
        chosen = [test for test in dict.fromkeys(stage) if test not in done]
        done |= set(chosen)
        for some in range(0, len(chosen), AT_ONCE):
            yield number, chosen[some:some + AT_ONCE]
    yield 4, [whole]
    yield 5, [demo]


class FirstFailure:
    """A plugin of pytest that keeps the name of the first test that fails, without parameters."""

    name = ""

    def pytest_runtest_logreport(self, report):
        self.name = self.name or ("" if not report.failed else report.nodeid.split("[")[0])

    def pytest_collectreport(self, report):
        self.name = self.name or ("" if not report.failed else f"{report.nodeid} (import)")


def first_failure(folder, tests, left_out=(), limit_s=LIMIT_S):
    """Return the first of some tests that fails in a copy of the checkout; empty if all pass.

    They run in a copy of this process, which has loaded the large libraries once.
    """
    told = folder.parent / "first_failure.txt"
    pid = os.fork()
    if pid == 0:
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        signal.alarm(WAIT_S)
        for number in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        os.chdir(folder)
        sys.dont_write_bytecode = True  # it would be taken for that of the next change
        sys.path.insert(0, str(folder / "pipe"))
        os.environ |= {"PYTHONPATH": sys.path[0], "PYTHONDONTWRITEBYTECODE": "1"}
        first = FirstFailure()
        code = pytest.main(["-x", "-q", "--tb=no", "-n", "0", "-p", "no:cacheprovider", *(
            f"--deselect={test}" for test in left_out), *tests], plugins=[first])
        told.write_text(first.name or ("" if code in (0, 5) else f"{tests[0]} (no result)"))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    return f"{tests[0]} (time-out or crash)" if status else told.read_text(encoding="utf-8")


def seen_by(folder, path, text, changed, is_sound, n_stages=None, limit_s=LIMIT_S):
    """Return the test that a change of a file makes fail; empty if all (of n_stages) pass.

    A test that fails without the change too has seen nothing; `is_sound` holds the verdicts. Nor
    does it count as seen where the change is no code: take the setting out of the inner f-string.
    """
    if not is_code(changed):
        return ""
    for stage, tests in stages(path):
        if n_stages and stage > n_stages:
            break
        while True:
            (folder / path).write_text(changed, encoding="utf-8")
            test = first_failure(folder, tests, [one for one in is_sound if not is_sound[one]],
                                 limit_s)
            (folder / path).write_text(text, encoding="utf-8")
            if test and " " not in test and test not in is_sound:
                is_sound[test] = not first_failure(folder, [test])
            if is_sound.get(test, True):
                break
        if test:
            return test
    return ""


def copy_of_checkout(folder):
    """Make a copy of the checkout that tests can run in."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        (folder.parent / "shared").symlink_to(shared)
    for name in (".git", ".venv"):  # some tests ask git, or run make
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)


def drawn(options):
    """Return the changes to try: (path, line, what, changed text)."""
    known, found = defaults(), []
    for path in code_files(options.only):
        text = (ROOT / path).read_text(encoding="utf-8")
        all_of_it = setting_changes(text, known) if options.settings else changes(text)
        found += [(path, line, what, text, node, new) for line, what, node, new in all_of_it]
    if not options.settings or options.number:
        found = random.Random(options.seed).sample(found, min(options.number or 100, len(found)))
    return found if options.settings else [one for one in found if is_code(applied(*one[3:]))]


def is_code(text):
    """Return whether a text is Python: in an f-string within another one a change may not be."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def main():
    """Draw, try and print; return 1 when a change survived."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=0, help="changes to draw (settings: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=(), metavar="PATH", help="files or folders")
    parser.add_argument("--settings", action="store_true", help="settings by their defaults")
    parser.add_argument("--stages", type=int, help="stages of tests to run (all)")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="CPU seconds of a stage")
    parser.add_argument("--these", type=int, nargs="+", metavar="N", help="of the draw, by number")
    options = parser.parse_args()
    survivors, caught, is_sound = [], {}, {}
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top) / "checkout"
        folder.mkdir()
        copy_of_checkout(folder)
        tried = drawn(options)
        for number, (path, line, what, text, node, new) in enumerate(tried, 1):
            if options.these and number not in options.these:
                continue
            changed = applied(text, node, new)
            test = seen_by(folder, path, text, changed, is_sound, options.stages, options.limit)
            where = (f"{path}:{line} {what}: {ast.unparse(node)} -> "
                     f"{textwrap.shorten(ast.unparse(new), 200)}")
            sys.stdout.write(f"{number}/{len(tried)} {test or 'SURVIVES'}  {where}\n")
            sys.stdout.flush()
            if test:
                caught.setdefault((path, what), test)
            else:
                survivors.append((path, what, where))
    n_tried = len(options.these or tried)
    sys.stdout.write(f"\n{n_tried - len(survivors)} of {n_tried} caught\n")
    sys.stdout.write("".join(f"survives: {where}\n" for *_, where in survivors))
    sys.stdout.write("".join(f"fails without a change: {test}\n" for test in is_sound
                             if not is_sound[test]))
    if options.settings:
        note_uses(caught, {(path, what) for path, what, _ in survivors})
    return 1 if survivors else 0


def note_uses(caught, survived):
    """Bring setting_uses.txt up to date: file, setting, and the test that sees it."""
    lines = USES.read_text(encoding="utf-8").split("\n") if USES.is_file() else []
    noted = {tuple(line.split()[:2]): line.split()[2] for line in lines if line.strip()}
    known = {(path, what) for path in code_files(FOLDERS) for _, what, *_ in setting_changes(
        (ROOT / path).read_text(encoding="utf-8"), defaults())}
    noted = {key: test for key, test in (noted | caught).items() if key in known - survived}
    USES.write_text("".join(f"{path} {name} {test}\n"
                            for (path, name), test in sorted(noted.items())), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
