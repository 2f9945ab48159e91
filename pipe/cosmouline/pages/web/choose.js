"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const get = id => document.getElementById(id);
const key = "cosmouline " + location.pathname;
const marks = new Map(Object.entries(data.chosen).map(([name, text]) => [name, [true, text]]));
try {
  for (const [name, mark] of JSON.parse(localStorage.getItem(key) || "[]")) marks.set(name, mark);
} catch (error) { console.warn(error); }
let shown = data.pictures, place = 0, isByMouse = false;

function remember() {
  try { localStorage.setItem(key, JSON.stringify([...marks])); } catch (error) { }
}
function lines() {
  return [...marks].filter(([, [out]]) => out)
    .map(([name, [, text]]) => name + " " + (text.trim().replace(/\s+/g, " ") || "by eye"));
}
function show() {
  const picture = shown[place];
  const [out, text] = (picture && marks.get(picture[0])) || [null, ""];
  get("stage").className = out === null ? "" : out ? "out" : "kept";
  get("verdict").textContent = out === null ? "" : out ? "left out" : "kept";
  get("name").textContent = picture ? picture[0] : "no picture";
  get("caption").textContent = picture ? picture[3] : "";
  get("picture").alt = picture ? "picture of " + picture[0] : "";
  get("picture").src = picture ? picture[2] : "";
  get("comment").value = text;
  const n = lines();
  get("counter").textContent = (picture ? place + 1 : 0) + " of " + shown.length + ", " +
    n.length + " left out";
  get("list").value = n.length ? n.join("\n") + "\n" : "";
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
  if (isByMouse) get("stage").focus();  // with the keyboard the choice goes on
  show();
};
get("group").onpointerdown = () => { isByMouse = true; };
get("group").onkeydown = () => { isByMouse = false; };
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
  get("list").value = n.length ? n.join("\n") + "\n" : "";
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
    if (event.key === "Enter" || event.key === "Escape") get("stage").focus();
    return;
  }
  if (event.target === get("group") || event.target === get("list")) return;
  const action = {ArrowLeft: () => go(-1), ArrowRight: () => go(1), x: () => mark(true),
                  k: () => mark(false), c: () => get("comment").focus()}[event.key];
  if (action) { event.preventDefault(); action(); }
};
show();
