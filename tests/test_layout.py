"""The rules of the house that a program can check."""

import ast
import functools
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from cosmouline.database import fields, manual, script_header
from cosmouline.database.settings import SAMPLE

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIPE, LIBRARY = ROOT / "pipe", ROOT / "pipe" / "cosmouline"
NUMBERED = [*sorted(PIPE.glob("[0-9]*/*.py")), *sorted(PIPE.glob("fac_*/*.py")),
            *sorted(ROOT.glob("lcmanip/*.py"))]
SCRIPTS = [*NUMBERED, *sorted(ROOT.glob("extrascripts/*.py")), *sorted(ROOT.glob("skymaker/*.py"))]
ROUTES = runpy.run_path(str(PIPE / "order.py"))
ORDER = ROUTES["QUASAR"]
ALL = manual.all_scripts(*ROUTES["EVERY"])
SETTINGS = {node.target.id for node in ast.parse(SAMPLE.read_text()).body
            if isinstance(node, ast.AnnAssign)}
FOLDERS = sorted({path.parent for path in LIBRARY.rglob("*.py")} - {LIBRARY})
FILES = sorted(path for path in LIBRARY.rglob("*.py") if path.stem != "__init__")

ROOMS = runpy.run_path(str(ROOT / "extrascripts" / "write_docs.py"))["ROOMS"]
SCIENCE = ROOMS[ROOMS.index("frames"):ROOMS.index("lightcurve") + 1]
OUTBUILDINGS = {"legacy", "skymaker"}
LARGE = {"deconv", "plots", "database"}  # every other folder holds at most 20 files
KINDS = ("", "io_", "db_")  # arrays and numbers; one kind of file; rows and settings
# Files whose words are up to date
WORDS_KEPT = ("database/", "run.py", "errors.py", "robust.py", "dates.py")


def name(path):
    return str(path.relative_to(ROOT).with_suffix(""))


@functools.cache
def text_of(path):
    return path.read_text(encoding="utf-8")


class Read(NamedTuple):
    """What the tests ask of a file: all of it by one parse, as all trees fill the memory."""

    docstring: str
    top: list  # the classes of the statements at the top
    imports: set  # files of the library, as tuples of names
    modules: set  # whatever else is imported: the module's name
    settings: set  # every x of a ``settings.x``
    calls: set  # every x of an ``x(...)``
    writes: list  # see `writes_of`
    numbers: set  # see `numbers_of`


@functools.cache
def read(path):
    tree = ast.parse(text_of(path))
    nodes = list(ast.walk(tree))
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return Read(
        ast.get_docstring(tree), [type(node) for node in tree.body], imports_of(froms),
        {node.module or "" for node in froms} | {
            alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names},
        {node.attr for node in nodes if isinstance(node, ast.Attribute)
         and isinstance(node.value, ast.Name) and node.value.id == "settings"},
        {getattr(node.func, "id", "") for node in nodes if isinstance(node, ast.Call)},
        list(writes_of(tree)) if WRITERS & set(re.findall(r"\w+", text_of(path))) else [],
        numbers_of(tree))


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_is_short_and_its_header_is_a_manual_page(path):
    text = text_of(path)
    header = script_header.read_header(script_header.script_name(path))

    assert len(text.splitlines()) <= 80
    assert tuple(header.sections) == script_header.WORDS
    assert header.purpose.endswith(".")
    # from the root
    assert header.sections["Run as"].startswith(f"python {path.relative_to(ROOT)}")
    assert "../" not in header.sections["Run as"]


@pytest.mark.parametrize("path", NUMBERED, ids=name)
def test_a_script_names_the_settings_that_it_reads(path):
    """Those that it reads itself; what library modules above the numbers read is listed too."""
    listed = set(script_header.settings_names(read(path).docstring))

    assert read(path).settings & SETTINGS <= listed
    assert listed <= SETTINGS


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_nothing_runs_when_a_script_is_imported(path):
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.If, ast.Expr)
    top = read(path).top

    assert set(top) <= set(allowed)  # no class
    assert top.count(ast.If) == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_no_script_imports_a_script_or_asks_a_question(path):
    assert not {module.split(".")[0] for module in read(path).modules} & {p.stem for p in SCRIPTS}
    assert not read(path).calls & {"input", "eval", "exec", "print"}


@pytest.mark.parametrize("path", NUMBERED, ids=name)
def test_fields_have_their_producer_and_what_is_needed_comes_earlier(path):
    script = script_header.script_name(path)
    header = script_header.read_header(script)
    place = ALL.index(script)

    makers = {fields.lookup(field).producer for field in header.writes}
    # a script that may be chosen can write the fields of the one that it stands for
    assert len(makers) <= 1 if script_header.is_choice(script) else makers <= {script}
    for field in header.needs:
        assert ALL.index(fields.lookup(field).producer) <= place


def test_every_script_is_in_an_order_or_optional_and_every_producer_exists():
    assert sorted(ALL) == sorted(script_header.script_name(path) for path in NUMBERED)
    assert not any("_opt_" in script or "_alt_" in script for script in ORDER)
    producers = {field.producer for field in fields.FIELDS.values() if "/" in field.producer}
    assert all(script_header.script_path(script).is_file() for script in producers)


def imports_of(froms):
    """Return the files of the library that ``from ... import`` names, as tuples of names."""
    found = set()
    for node in froms:
        if (node.module or "").split(".")[0] == "cosmouline":
            parts = node.module.split(".")[1:]
            for alias in node.names:
                path = LIBRARY.joinpath(*parts, alias.name)
                is_file = path.is_dir() or path.with_suffix(".py").is_file()
                found.add((*parts, alias.name) if is_file else tuple(parts))
    return found - {()}


def kind_of(file):
    """Return how much a file of a science room may know: 0 arrays, 1 one kind of file, 2 rows."""
    return next((k for k in (1, 2) if file[-1].startswith(KINDS[k])), 0)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_an_import_leads_to_a_room_before_or_stays_in_its_own(path):
    file = path.relative_to(LIBRARY).with_suffix("").parts
    imports = read(path).imports

    assert {other for other in imports if ROOMS.index(other[0]) > ROOMS.index(file[0])} == set()
    assert not {other[0] for other in imports} & (OUTBUILDINGS - {file[0]})


@pytest.mark.parametrize("path", [path for path in FILES
                                  if path.relative_to(LIBRARY).parts[0] in SCIENCE], ids=name)
def test_the_prefix_of_a_file_of_science_tells_what_it_knows(path):
    file = path.relative_to(LIBRARY).with_suffix("").parts
    imports = read(path).imports
    kind = kind_of(file)

    if kind < 2:
        assert not {other for other in imports if other[0] in {"database", "engine", "plots"}}
    # arrays know no product of their rooms, and whoever reads one kind of file knows no rows
    assert {other for other in imports if other[0] in SCIENCE and kind_of(other) > kind} == set()


def test_no_two_files_import_each_other_in_a_circle():
    graph = {path.relative_to(LIBRARY).with_suffix("").parts: read(path).imports
             for path in FILES}
    while leaves := [file for file, others in graph.items() if not others & graph.keys()]:
        for file in leaves:
            del graph[file]

    assert graph == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_a_room_is_small_and_its_docstring_names_its_files(folder):
    file = read(folder / "__init__.py")
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert len(files) <= (36 if folder.name in LARGE else 20)
    described = re.findall(r"^(\w+) +: ", file.docstring, re.MULTILINE)
    assert sorted(described) == sorted(files)
    assert len(file.top) == 1


def test_every_folder_and_every_file_at_the_root_is_a_room():
    assert {path.name for path in FOLDERS if path.parent == LIBRARY} | {
        path.stem for path in LIBRARY.glob("*.py")} - {"__init__"} == set(ROOMS)


def test_plots_know_numpy_and_matplotlib_alone():
    for path in (LIBRARY / "plots").rglob("*.py"):
        modules = read(path).modules
        ours = {m for m in modules if m.startswith("cosmouline")}

        third = {m.split(".")[0] for m in modules - ours} - set(sys.stdlib_module_names)
        assert third <= {"numpy", "matplotlib"}
        assert all(m.startswith(("cosmouline.plots", "cosmouline.files.atomic"))
                   or m in ("cosmouline", "cosmouline.robust") for m in ours)


def test_no_file_bears_the_name_of_a_standard_module():
    ours = {path.stem for path in [*SCRIPTS, *LIBRARY.rglob("*.py"), *PIPE.glob("*.py")]}

    assert not (ours - {"__init__"}) & set(sys.stdlib_module_names)


def test_the_order_is_listed_with_what_each_script_does():
    listed = subprocess.run([sys.executable, str(PIPE / "run_all.py"), "--list"], text=True,
                            capture_output=True, check=True).stdout

    assert [line.split()[0] for line in listed.splitlines()] == list(ORDER)


def calls_in_programs(name):
    """Return the calls of a method in scripts and library, with their files.

    Nobody reads the help of a worker.
    """
    return [(path, node) for path in [*SCRIPTS, *LIBRARY.rglob("*.py"), *PIPE.glob("*.py")]
            if path.name != "scheduler.py" for node in ast.walk(ast.parse(text_of(path)))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name]


def test_every_option_of_a_program_says_what_it_is_for():
    """The --help of a program names all of its options."""
    calls = calls_in_programs("add_argument")

    assert len(calls) > 30
    for path, call in calls:
        known = {keyword.arg for keyword in call.keywords}
        assert {"help", None} & known, f"{path}:{call.lineno}"  # None: of a table of options


def test_the_help_of_a_program_begins_with_what_it_does():
    calls = calls_in_programs("ArgumentParser")

    assert len(calls) > 5
    for path, call in calls:
        assert {"description", "parents"} & {keyword.arg for keyword in call.keywords}, (
            f"{path}:{call.lineno}")


WRITERS = {"replace", "rename", "link", "copy", "copy2", "copyfile", "copytree", "move", "save",
           "savez", "savetxt", "dump", "open", "write_text", "write_bytes", "savefig", "writeto",
           "tofile", "FileHandler"}
WRITING = re.compile(  # text and arrays have a copy, replace and save too
    r"((os\.)(replace|rename|link)|(shutil\.)(copy\w*|move)|(np\.)save\w*|((json|pickle)\.)dump|"
    r"open|.*\.(open|write_text|write_bytes|savefig|writeto|tofile|FileHandler))\Z", re.DOTALL)
OUTSIDE = {  # function, what it calls: why it needs no temporary name
    ("atomic.py", "atomic_path", "replace"): "it is the rename",
    ("lock.py", "*", "*"): "a lock is made under a name of its own, and linked",
    ("json_store.py", "_open_journal", "open"): "a journal grows; each line has its checksum",
    ("json_store.py", "_backup", "link"): "a second name of a whole file",
    ("run.py", "_log_to_file", "FileHandler"): "a log grows",
    ("release.py", "write", "replace"): "folders that are whole",
    ("new_lens.py", "*", "copytree"): "into a new folder of the lens",
    ("command.py", "demo", "copytree"): "into a new folder of the lens",
    ("io_exchange.py", "_write_fits", "writeto"): "its caller gives a temporary name",
    ("errors.py", "guarded", "open"): "the device that keeps nothing",
    ("reduction.py", "*", "copyfile"): "into a new folder of the lens",
    ("5_opt_new_config.py", "*", "copy"): "into a new folder of the lens",
    ("scheduler.py", "_credentials", "open"): "a key is its user's alone from the start",
    ("scheduler.py", "main", "write_text"): "the last words of a server",
    ("gpu.py", "dask_setup", "open"): "a lock, in the temporary folder of a node",
    ("worker.py", "*", "*"): "marks of who is at work; what goes with a step",
    ("connection.py", "start_server", "open"): "a log grows",
    ("io_vignets.py", "write_stores", "open"): "under the temporary names of several files",
    ("start_cluster.py", "main", "FileHandler"): "a log grows",
}


def writes_of(tree):
    """Yield (function, call) of what writes a file in no ``with atomic_path(..) as name``."""
    tops = [node for top in tree.body
            for node in (top.body if isinstance(top, ast.ClassDef) else [top])]
    for function in [node for node in tops if isinstance(node, ast.FunctionDef)]:
        inside = list(ast.walk(function))
        safe = {id(inner) for node in inside if isinstance(node, ast.With)
                and "atomic_path(" in " ".join(ast.unparse(item) for item in node.items)
                for inner in ast.walk(node)}
        for call in inside:
            if isinstance(call, ast.Call) and id(call) not in safe and is_writing(call):
                yield function.name, getattr(call.func, "attr", getattr(call.func, "id", ""))


def is_writing(call):
    """Tell whether a call writes a file."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in WRITERS or not WRITING.match(ast.unparse(call.func)):
        return False
    modes = {getattr(node, "value", "") for node in (
        *call.args, *(keyword.value for keyword in call.keywords))}
    return name != "open" or any(isinstance(mode, str) and re.fullmatch(r"[wax]b?\+?|r\+", mode)
                                 for mode in modes)


def test_every_file_is_written_under_a_temporary_name():
    found = {(path.name, *one) for path in [*SCRIPTS, *PIPE.glob("*.py"), *LIBRARY.rglob("*.py")]
             for one in read(path).writes}
    allowed = {one for one in found for file, where, call in OUTSIDE
               if (file, where, call) in (one, (*one[:2], "*"), (one[0], "*", one[2]),
                                          (one[0], "*", "*"))}

    assert found - allowed == set()


def test_a_plain_write_is_seen(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f(p):\n    open(p, 'w')\n    p.write_text('')\n    np.savez(p)\n"
                    "    fits.HDUList().writeto(p)\n    page.savefig(p)\n    open(p)\n"
                    "    with atomic_path(p) as t:\n        t.write_bytes(b'')\n")

    assert [call for _, call in read(path).writes] == ["open", "write_text", "savez", "writeto",
                                                     "savefig"]


def test_every_use_of_a_setting_is_seen_by_a_test(script):
    """tests/mutation/mutate.py --settings puts the default in its place, and notes who fails."""
    mutate = script("tests/mutation/mutate")
    noted = [line.split() for line in mutate.USES.read_text(encoding="utf-8").splitlines()]
    known = mutate.defaults()
    uses = {(path, what) for path in mutate.code_files(mutate.FOLDERS)
            for _, what, *_ in mutate.setting_changes(text_of(ROOT / path), known)}
    tests = {test for *_, test in noted}

    assert {(path, what) for path, what, _ in noted} == uses
    assert {test for test in tests if f"def {test.split('::')[1]}(" not in (
        ROOT / test.split("::")[0]).read_text(encoding="utf-8")} == set()


# Words of its own in each file, such as the small number that keeps a division from 0
OF_EACH_FILE = {
    "TINY", "TOLERANCE", "CLIP_SIGMA", "CLIP_SIGMAS", "N_SIGMA", "N_ROUNDS", "N_ITERATIONS",
    "N_MOST", "N_ALIGNMENTS", "MAX_STEPS", "MAX_STARS", "MOST_SOURCES", "FEW", "LOOK_S", "RIDGE",
    "STRENGTH", "UNUSED_VARIANCE", "LEAST_SNR", "LEAST_HALF_PX", "LARGEST_MOVE_PX", "GRID_STEPS",
    "STEP_PX"}


def numbers_of(tree):
    """Return the names of capitals that a file gives a number to."""
    pairs = [(target, node.value) for node in tree.body if isinstance(node, ast.Assign)
             for target in node.targets]
    pairs += [pair for target, value in pairs if isinstance(target, ast.Tuple)
              and isinstance(value, ast.Tuple)
              for pair in zip(target.elts, value.elts, strict=True)]
    return {target.id for target, value in pairs
            if isinstance(target, ast.Name) and target.id.isupper()
            and isinstance(getattr(value, "operand", value), ast.Constant)
            and type(getattr(value, "operand", value).value) in (int, float)}


def test_a_constant_has_one_home():
    """Sizes of drawings and of made-up frames are of their files alone."""
    homes = {}
    for path in FILES:
        if path.relative_to(LIBRARY).parts[0] not in ("plots", *OUTBUILDINGS):
            for constant in read(path).numbers:
                homes.setdefault(constant, []).append(name(path))

    twice = {constant for constant, files in homes.items() if len(files) > 1}
    assert {constant: homes[constant] for constant in twice - OF_EACH_FILE} == {}


def test_a_second_home_is_seen(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("EDGE_PX = 3\nA_B, LOW = -1.5, 2\nWORD = 'x'\nlower = 3\nYES = True\n")
    assert read(path).numbers == {"EDGE_PX", "A_B", "LOW"}


VARIABLES = {"settings", "options", "self", "db", "np", "numpy", "scipy", "sep", "starred",
             "argparse", "functools", "astropy", "matplotlib", "content", "geometry",
             "a"}  # no file of the library is meant
ENDINGS = {"py", "txt", "json", "html", "fits", "ecsv", "rdb", "cat", "png", "reg", "yaml", "md"}


def strange_names(path):
    """Yield what stands in backticks as ``module.name`` and is not in the library."""
    texts = {}
    for one in [*FILES, *FOLDERS]:
        texts.setdefault(one.stem, []).append(one)
    text = text_of(path)
    for words in re.findall(r"`([a-z_]\w*\.[A-Za-z_]\w*)[\w.]*(?:\(\))?`", text):
        first, second = words.split(".")
        if first in VARIABLES or second in ENDINGS or first == "cosmouline":
            continue
        known = [one for one in texts.get(first, []) if (
            (one / second).is_dir() or (one / f"{second}.py").is_file() if one.is_dir()
            else re.search(rf"\b{second}\b", text_of(one)))]
        if not known:
            yield words


@pytest.mark.parametrize("path", [path for path in FILES if str(path.relative_to(
    LIBRARY)).startswith(WORDS_KEPT)], ids=name)
def test_a_module_in_backticks_exists(path):
    assert list(strange_names(path)) == []


def test_an_old_name_in_backticks_is_seen(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("See `ledger.Recipe`, `manifest.Recipe`, ``join_errors.median``, `a.fits`, "
                    "`database.fields` and `settings.sets`.\n")
    assert list(strange_names(path)) == ["ledger.Recipe", "join_errors.median"]
