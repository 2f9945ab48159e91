"""A page to go through pictures by eye and to make a list of images: one HTML file, no server.

It opens from the file system, and loads nothing but the pictures beside it. What is chosen is kept
by the browser until it is told to forget, and given as text to copy and as a file to save.
"""

import html
import json
import re
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote


class Picture(NamedTuple):
    """One picture: of which image and set, its path beside the page, and what is told of it."""

    img_name: str
    group: str
    path: str
    caption: str


def page(title, list_name, pictures, chosen, what_next=""):
    """Return the page.

    Parameters
    ----------
    title : str
        Any text: it is shown as it is, whatever signs it has.
    list_name : str
        File name of the list, such as ``kicklist.txt``.
    pictures : sequence of Picture
        In the order in which they are shown.
    chosen : dict of str
        What stands in the list already: comment by image name. It stays in the list, also where
        there is no picture of the image.
    what_next : str
        What to do with the list.

    Returns
    -------
    str
        HTML. Names and comments come into it as data, never as markup or program: a ``<`` in them
        is written as its number, and the program sets them as text.
    """
    data = {"list": list_name, "chosen": chosen, "pictures": [
        [one.img_name, one.group, _url(one.path), one.caption] for one in pictures]}
    parts = {"TITLE": html.escape(title), "NEXT": html.escape(what_next),
             "LIST": html.escape(list_name), "STYLE": STYLE, "PROGRAM": PROGRAM,
             "DATA": _as_data(data)}
    return re.sub(r"@(\w+)@", lambda found: parts[found[1]], BODY)  # once: not in what is put in


def _url(path):
    """Write a relative path as a URL."""
    return quote(str(PurePosixPath(path)))


def _as_data(data):
    """Write data as JSON that cannot end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 15px/1.4 system-ui, sans-serif; color: #222; background: #f4f4f2; }
header { display: flex; gap: 1em; align-items: center; flex-wrap: wrap; padding: .5em 1em;
         background: #fff; border-bottom: 1px solid #ccc; position: sticky; top: 0; }
h1 { font-size: 1.05em; margin: 0; }
main { display: flex; gap: 1em; padding: 1em; align-items: flex-start; }
figure { margin: 0; flex: 1 1 auto; min-width: 0; }
#picture { max-width: 100%; max-height: calc(100vh - 9em); background: #fff;
           border: 4px solid #bbb; box-sizing: border-box; }
.out #picture { border-color: #d55e00; } .kept #picture { border-color: #009e73; }
figcaption { margin-top: .4em; white-space: pre-wrap; }
aside { flex: 0 0 21em; }
#name { font-weight: 600; overflow-wrap: anywhere; }
.out #verdict { color: #d55e00; } .kept #verdict { color: #00755a; }
textarea { width: 100%; height: 15em; box-sizing: border-box; font: 12px/1.4 monospace; }
input[type=text] { width: 100%; box-sizing: border-box; font: inherit; padding: .25em; }
button, select { font: inherit; padding: .2em .6em; }
kbd { border: 1px solid #999; border-radius: 3px; padding: 0 .3em; background: #fff; }
p { margin: .6em 0; }
@media (prefers-color-scheme: dark) {
body { color: #e6e6e3; background: #15181b; }
header { background: #1d2124; border-color: #3a3f44; }
.kept #verdict { color: #2fc596; } .out #verdict { color: #f08a3c; }
kbd { background: #2a2f33; border-color: #666; }
#picture { border-color: #555; }
.out #picture { border-color: #d55e00; } .kept #picture { border-color: #009e73; } }
"""

BODY = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>@TITLE@</title>
<style>@STYLE@</style>
</head>
<body>
<header>
<h1>@TITLE@</h1>
<label>set <select id="group"></select></label>
<span id="counter"></span>
<span><kbd>&larr;</kbd> <kbd>&rarr;</kbd> go &nbsp; <kbd>x</kbd> leave out &nbsp;
<kbd>k</kbd> keep &nbsp; <kbd>c</kbd> comment</span>
</header>
<main id="stage">
<figure><img id="picture" alt=""><figcaption id="caption"></figcaption></figure>
<aside>
<p><span id="name"></span><br><b id="verdict"></b></p>
<p><button id="back">&larr;</button> <button id="out">leave out (x)</button>
<button id="keep">keep (k)</button> <button id="forth">&rarr;</button></p>
<p><label>comment<input id="comment" type="text" placeholder="why it is left out"></label></p>
<p><b>@LIST@</b> <button id="copy">copy</button> <button id="save">save</button>
<button id="forget" title="what the browser remembers of this page">forget</button></p>
<textarea id="list" readonly spellcheck="false"></textarea>
<p>@NEXT@</p>
</aside>
</main>
<script type="application/json" id="data">@DATA@</script>
<script>@PROGRAM@</script>
</body>
</html>
"""

PROGRAM = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const get = id => document.getElementById(id);
const key = "cosmouline " + location.pathname;
const marks = new Map(Object.entries(data.chosen).map(([name, text]) => [name, [true, text]]));
try {
  for (const [name, mark] of JSON.parse(localStorage.getItem(key) || "[]")) marks.set(name, mark);
} catch (error) { console.warn(error); }
let shown = data.pictures, place = 0;

function remember() {
  try { localStorage.setItem(key, JSON.stringify([...marks])); } catch (error) { }
}
function lines() {
  return [...marks].filter(([, [out]]) => out)
    .map(([name, [, text]]) => name + " " + (text.trim().replace(/\\s+/g, " ") || "by eye"));
}
function show() {
  const picture = shown[place];
  const [out, text] = (picture && marks.get(picture[0])) || [null, ""];
  get("stage").className = out === null ? "" : out ? "out" : "kept";
  get("verdict").textContent = out === null ? "" : out ? "left out" : "kept";
  get("name").textContent = picture ? picture[0] : "no picture";
  get("caption").textContent = picture ? picture[3] : "";
  get("picture").src = picture ? picture[2] : "";
  get("comment").value = text;
  const n = lines();
  get("counter").textContent = (picture ? place + 1 : 0) + " of " + shown.length + ", " +
    n.length + " left out";
  get("list").value = n.length ? n.join("\\n") + "\\n" : "";
  if (shown[place + 1]) new Image().src = shown[place + 1][2];
}
function go(step) {
  place = Math.max(0, Math.min(shown.length - 1, place + step));
  show();
}
function mark(out) {
  if (!shown[place]) return;
  marks.set(shown[place][0], [out, get("comment").value]);
  remember();
  go(1);
}
get("group").append(new Option("all", ""));
for (const name of new Set(data.pictures.map(picture => picture[1])))
  get("group").append(new Option(name, name));
get("group").onchange = () => {
  const name = get("group").value;
  shown = data.pictures.filter(picture => !name || picture[1] === name);
  place = 0;
  get("group").blur();
  show();
};
get("back").onclick = () => go(-1);
get("forth").onclick = () => go(1);
get("out").onclick = () => mark(true);
get("keep").onclick = () => mark(false);
get("comment").oninput = () => {
  const name = shown[place] && shown[place][0];
  if (!marks.has(name)) return;
  marks.get(name)[1] = get("comment").value;
  remember();
  const n = lines();
  get("list").value = n.length ? n.join("\\n") + "\\n" : "";
};
get("copy").onclick = () => { get("list").select(); document.execCommand("copy"); };
get("forget").onclick = () => { localStorage.removeItem(key); location.reload(); };
get("save").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([get("list").value], {type: "text/plain"}));
  link.download = data.list;
  link.click();
};
document.onkeydown = event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === get("comment")) {
    if (event.key === "Enter" || event.key === "Escape") get("comment").blur();
    return;
  }
  const action = {ArrowLeft: () => go(-1), ArrowRight: () => go(1), x: () => mark(true),
                  k: () => mark(false), c: () => get("comment").focus()}[event.key];
  if (action) { event.preventDefault(); action(); }
};
show();
"""
