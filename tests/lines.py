"""Count which lines of the library the tests run, in all processes that they start.

Run by hand: python tests/lines.py FOLDER, and whatever pytest shall be told; then, with
--show, the count again from what the folder holds. Each statement of pipe/cosmouline begins by
setting a byte of a file that all processes share: what is killed is counted too, and the tests
take hardly longer. Copies of the library that tests make count where the file is the same.
FOLDER/env becomes an environment that reads the packages of this one.
"""

import _imp
import argparse
import ast
import builtins
import hashlib
import importlib.machinery
import json
import marshal
import mmap
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "pipe" / "cosmouline"
MARK = "_lines_that_are_run"
PARTS = ("body", "orelse", "finalbody")
BEGIN = "import sys; sys.path.append({tests!r}); import lines; lines.begin({folder!r})\n"


def is_text(node):
    """Tell whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def marked(tree, first):
    """Let each statement set a byte, from number `first` on; return the lines of all."""
    found = []
    for node in list(ast.walk(tree)):
        for part in PARTS:
            if isinstance(getattr(node, part, None), list):
                new = []
                for statement in getattr(node, part):
                    if not is_text(statement):
                        mark = ast.parse(f"{MARK}[{first + len(found)}] = 1").body[0]
                        for inner in ast.walk(mark):
                            ast.copy_location(inner, statement)
                        new.append(mark)
                        found.append(statement.lineno)
                    new.append(statement)
                setattr(node, part, new)
    return found


def prepare(folder):
    """Compile the library with its marks into a folder, and make the environment."""
    index, n_marks = {}, 0
    (folder / "code").mkdir(parents=True)
    for path in sorted(LIBRARY.rglob("*.py")):
        text = path.read_bytes()
        tree = ast.parse(text)
        lines = marked(tree, n_marks)
        key = hashlib.sha256(text).hexdigest()
        (folder / "code" / key).write_bytes(marshal.dumps(compile(tree, str(path), "exec")))
        index[str(path.relative_to(LIBRARY))] = n_marks, lines
        n_marks += len(lines)
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "marks").write_bytes(bytes(n_marks))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    packages, = (folder / "env").glob("lib/python*/site-packages")
    (packages / "a.pth").write_text(f"{LIBRARY.parent}\n{sysconfig.get_path('purelib')}\n")
    (packages / "z.pth").write_text(BEGIN.format(tests=str(ROOT / "tests"), folder=str(folder)))


def begin(folder):
    """Let this process load the library with its marks."""
    with open(f"{folder}/marks", "r+b") as file:
        setattr(builtins, MARK, mmap.mmap(file.fileno(), 0))
    plain = importlib.machinery.SourceFileLoader.get_code

    def get_code(self, name):
        path = self.get_filename(name)
        if "/cosmouline/" in path:
            key = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            kept = Path(folder, "code", key)
            if kept.exists():
                code = marshal.loads(kept.read_bytes())
                _imp._fix_co_filename(code, path)
                return code
        return plain(self, name)

    importlib.machinery.SourceFileLoader.get_code = get_code


def show(folder):
    """Print how many lines of each file were run, and which were not; return the text."""
    marks, total, out = (folder / "marks").read_bytes(), [0, 0], []
    for name, (first, lines) in json.loads((folder / "index.json").read_text()).items():
        missed = sorted({line for k, line in enumerate(lines) if not marks[first + k]})
        n_lines = len(set(lines))
        total = [total[0] + n_lines - len(missed), total[1] + n_lines]
        out.append((len(missed), f"{n_lines - len(missed)} of {n_lines} {name} {missed or ''}"))
    out.sort(key=lambda one: one[0])
    out = [text.rstrip() for _, text in out]
    return "\n".join([*out, f"{total[0]} of {total[1]}: {100 * total[0] / total[1]:.2f} %\n"])


def main():
    """Run the tests in the environment that counts, and show the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true")
    options, rest = parser.parse_known_args()
    folder, status = options.folder.resolve(), 0
    if not options.show:
        if not folder.exists():
            prepare(folder)
        status = subprocess.run([folder / "env" / "bin" / "python", "-m", "pytest", *rest],
                                cwd=ROOT).returncode
    sys.stdout.write(show(folder))
    return status


if __name__ == "__main__":
    sys.exit(main())
