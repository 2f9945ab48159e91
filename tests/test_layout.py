"""The rules of the house that a program can check."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

from cosmouline import fields, header, manual
from cosmouline.settings import SAMPLE

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIPE, LIBRARY = ROOT / "pipe", ROOT / "pipe" / "cosmouline"
NUMBERED = [*sorted(PIPE.glob("[0-9]*/*.py")), *sorted(PIPE.glob("fac_*/*.py")),
            *sorted(ROOT.glob("lcmanip/*.py"))]
SCRIPTS = [*NUMBERED, *sorted(ROOT.glob("extrascripts/*.py")), *sorted(ROOT.glob("skymaker/*.py"))]
ROUTES = runpy.run_path(str(PIPE / "order.py"))
ORDER = ROUTES["QUASAR"]
ALL = manual.all_scripts(ORDER, ROUTES["COMBI"])
SETTINGS = {node.target.id for node in ast.parse(SAMPLE.read_text()).body
            if isinstance(node, ast.AnnAssign)}

# An import goes down only. Numeric modules stand on the second floor; what knows rows, settings
# and files, so that a script can be short, on the fifth.
UPPER = {"paths": 3, "settings": 3, "header": 3, "lock": 3, "store": 3, "database": 4,
         "old_settings": 3, "old_reduction": 3,
         "provenance": 4, "manual": 4, "products": 5, "position": 5, "lens_sources": 5,
         "warmstart": 5, "deconv_engines": 5, "psf_engines": 5,
         "hand_edits": 5, "inventory": 5, "validation": 5, "ledger": 4,
         "intake": 5, "intake_report": 5, "scene": 5, "star_list": 5, "bands": 5,
         "badpixmaps": 5, "skymaps": 5, "stacking": 5, "drawn_masks": 5, "source_table": 5,
         "curve_tables": 5, "quicklook": 5, "bundle": 5, "exported": 5, "zero_point_table": 5,
         "lookdata": 5, "lookpages": 5, "choosing": 5, "fringe_frames": 5, "sheets": 5,
         "viewer": 5,
         "cutting": 5, "epochs": 5, "drawing": 5, "decpages": 5, "truth_tables": 5, "engine": 5,
         "processes": 5, "tasks": 5, "cluster": 5,
         "run": 6, "status": 6, "update": 6, "launch": 7}
GROUND = {"errors": 0, "pids": 0, "atomic": 0, "origin": 0, "field_table": 1, "fields": 1,
          "dates": 1}


def name(path):
    return str(path.relative_to(ROOT).with_suffix(""))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def attributes_of(tree, variable):
    """Return the names x of every ``variable.x`` in a file."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name) and node.value.id == variable}


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_is_short_and_its_header_is_a_manual_page(path):
    text = path.read_text(encoding="utf-8")
    read = header.read_header(header.script_name(path))

    assert len(text.splitlines()) <= 80
    assert tuple(read.sections) == header.WORDS
    assert read.purpose.endswith(".")
    assert path.name in read.sections["Run as"]


@pytest.mark.parametrize("path", NUMBERED, ids=name)
def test_a_script_names_the_settings_that_it_reads(path):
    """Those that it reads itself; what library modules above the numbers read is listed too."""
    listed = set(header.settings_names(ast.get_docstring(tree_of(path))))
    read = attributes_of(tree_of(path), "settings") & SETTINGS

    assert read <= listed
    assert listed <= SETTINGS


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_nothing_runs_when_a_script_is_imported(path):
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.If, ast.Expr)
    body = tree_of(path).body

    assert all(isinstance(node, allowed) for node in body)
    assert [isinstance(node, ast.If) for node in body].count(True) == 1
    assert not any(isinstance(node, ast.ClassDef) for node in body)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_no_script_imports_a_script_or_asks_a_question(path):
    tree = tree_of(path)
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    calls = {getattr(node.func, "id", "") for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert not any((module or "").split(".")[0] in {p.stem for p in SCRIPTS} for module in modules)
    assert not calls & {"input", "eval", "exec", "print"}


@pytest.mark.parametrize("path", NUMBERED, ids=name)
def test_fields_have_their_producer_and_what_is_needed_comes_earlier(path):
    script = header.script_name(path)
    read = header.read_header(script)
    place = ALL.index(script)

    makers = {fields.lookup(field).producer for field in read.writes}
    # a script that may be chosen can write the fields of the one that it stands for
    assert len(makers) <= 1 if header.is_choice(script) else makers <= {script}
    for field in read.needs:
        assert ALL.index(fields.lookup(field).producer) <= place


def test_every_script_is_in_an_order_or_optional_and_every_producer_exists():
    assert sorted(ALL) == sorted(header.script_name(path) for path in NUMBERED)
    assert not any("_opt_" in script or "_alt_" in script for script in ORDER)
    producers = {field.producer for field in fields.FIELDS.values() if "/" in field.producer}
    assert all(header.script_path(script).is_file() for script in producers)


def imports_of(tree):
    """Return the modules of the library that a file imports, by their full names."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             and (node.module or "").split(".")[0] == "cosmouline"]
    names = {f"cosmouline.{alias.name}" for node in found if node.module == "cosmouline"
             for alias in node.names}
    modules = {name for name in names
               if (PIPE / name.replace(".", "/")).with_suffix(".py").is_file()}
    return modules | {node.module for node in found if node.module != "cosmouline"}


def floor_of(module):
    module = module.removeprefix("cosmouline.")
    top = module.split(".")[0]
    if top in GROUND:
        return GROUND[top]
    if top.startswith(("io_", "telescope", "fits_", "header_")):
        return 1
    return UPPER.get(top, 2)


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=name)
def test_an_import_goes_down_or_stays_on_its_floor(path):
    module = ".".join(path.relative_to(PIPE).with_suffix("").parts)
    imports = imports_of(tree_of(path))
    here = floor_of(module)

    if module.startswith("cosmouline.io_"):
        here = 2  # a reader of one kind of file may know the dataclass that it fills
    assert {other for other in imports if floor_of(other) > here} == set()


def test_plots_know_numpy_and_matplotlib_alone():
    for path in (LIBRARY / "plots").glob("*.py"):
        roots = {alias.name.split(".")[0] for node in ast.walk(tree_of(path))
                 if isinstance(node, ast.Import) for alias in node.names}
        modules = {node.module for node in ast.walk(tree_of(path))
                   if isinstance(node, ast.ImportFrom)}
        ours = {m for m in modules if m.startswith("cosmouline")}

        third = (roots | {m.split(".")[0] for m in modules - ours}) - set(sys.stdlib_module_names)
        assert third <= {"numpy", "matplotlib"}
        assert all(m.startswith(("cosmouline.plots", "cosmouline.atomic")) or m == "cosmouline"
                   for m in ours)


def test_no_file_bears_the_name_of_a_standard_module():
    ours = {path.stem for path in [*SCRIPTS, *LIBRARY.rglob("*.py"), *PIPE.glob("*.py")]}

    assert not (ours - {"__init__"}) & set(sys.stdlib_module_names)


def test_the_order_is_listed_with_what_each_script_does():
    listed = subprocess.run([sys.executable, str(PIPE / "run_all.py"), "--list"], text=True,
                            capture_output=True, check=True).stdout

    assert [line.split()[0] for line in listed.splitlines()] == list(ORDER)


WRITERS = {"replace", "rename", "link", "copy", "copy2", "copyfile", "copytree", "move", "save",
           "savez", "savetxt", "dump", "open", "write_text", "write_bytes", "savefig", "writeto",
           "tofile", "FileHandler"}
WRITING = re.compile(  # text and arrays have a copy, replace and save too
    r"((os\.)(replace|rename|link)|(shutil\.)(copy\w*|move)|(np\.)save\w*|((json|pickle)\.)dump|"
    r"open|.*\.(open|write_text|write_bytes|savefig|writeto|tofile|FileHandler))\Z", re.DOTALL)
OUTSIDE = {  # function, what it calls: why it needs no temporary name
    ("atomic.py", "atomic_path", "replace"): "it is the rename",
    ("lock.py", "*", "*"): "a lock is made under a name of its own, and linked",
    ("store.py", "_open_journal", "open"): "a journal grows; each line has its checksum",
    ("store.py", "_backup", "link"): "a second name of a whole file",
    ("run.py", "_log_to_file", "FileHandler"): "a log grows",
    ("bundle.py", "_swap", "replace"): "folders that are whole",
    ("new_lens.py", "*", "copytree"): "into a new folder of the lens",
    ("old_reduction.py", "*", "copyfile"): "into a new folder of the lens",
    ("5_opt_new_config.py", "*", "copy"): "into a new folder of the lens",
    ("server.py", "_credentials", "open"): "a key is its user's alone from the start",
    ("server.py", "main", "write_text"): "the last words of a server",
    ("cards.py", "_free_card", "open"): "a lock, in the temporary folder of a node",
    ("on_worker.py", "*", "*"): "marks of who is at work; what goes with a step",
    ("clusters.py", "start_server", "open"): "a log grows",
    ("start_cluster.py", "main", "FileHandler"): "a log grows",
}


def writes_of(path):
    """Yield (function, call) of what writes a file in no ``with atomic_path(..) as name``."""
    tops = [node for top in tree_of(path).body
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
             for one in writes_of(path)}
    allowed = {one for one in found for file, where, call in OUTSIDE
               if (file, where, call) in (one, (*one[:2], "*"), (one[0], "*", one[2]),
                                          (one[0], "*", "*"))}

    assert found - allowed == set()


def test_a_plain_write_is_seen(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("def f(p):\n    open(p, 'w')\n    p.write_text('')\n    np.savez(p)\n"
                    "    fits.HDUList().writeto(p)\n    page.savefig(p)\n    open(p)\n"
                    "    with atomic_path(p) as t:\n        t.write_bytes(b'')\n")

    assert [call for _, call in writes_of(path)] == ["open", "write_text", "savez", "writeto",
                                                     "savefig"]
