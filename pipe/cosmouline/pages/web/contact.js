// The contact sheet: small pictures of all images; a click makes a skip list.
"use strict";

// once the list in the folder of the lens is another one, that one holds
const KEY = `skip list of ${lookback.key} after ${JSON.stringify(lookback.skiplist)}`;
const FILE = `dec_${lookback.dec}_skiplist.txt`;
const CHUNK = 60; // pictures added at once
let skipped = { ...lookback.skiplist }, folder = "", waiting = [];

function recall() { // a browser may refuse to keep anything
  try { skipped = JSON.parse(localStorage.getItem(KEY)) ?? skipped; } catch { /* as it was */ }
}

function keep() {
  try { localStorage.setItem(KEY, JSON.stringify(skipped)); } catch { /* for this visit only */ }
}

function showList() {
  byId("list").value = Object.entries(skipped).map(([name, why]) => `${name} ${why}\n`).join("");
  byId("told").textContent = `left out: ${Object.keys(skipped).length}`;
  for (const figure of byId("sheet").children) mark(figure);
}

function mark(figure) {
  const isOut = figure.dataset.name in skipped;
  figure.classList.toggle("left-out", isOut);
  figure.querySelector("button").ariaPressed = String(isOut);
}

function toggle(name) {
  const why = byId("reason").value.replace(/\s+/g, " ").trim() || "na";
  if (name in skipped) delete skipped[name]; else skipped[name] = why;
  keep();
  showList();
}

function figureOf(i) {
  const name = lookback.names[i], seeing = number(valueOf("seeing", i), 2);
  const picture = make("img", { loading: "lazy", alt: `leave out ${name}`,
    src: `../${folder}/${encodeURIComponent(name)}.png` });
  const figure = make("figure", {},
    make("button", { title: "leave out, or take back", onclick: () => toggle(name) }, picture),
    make("figcaption", {}, make("a", { href: pageOf(i), textContent: name }),
      make("span", { textContent: `${dateOf(i).slice(0, 10)} ${seeing}″` })));
  figure.dataset.name = name;
  mark(figure);
  return figure;
}

function add() {
  byId("sheet").append(...waiting.splice(0, CHUNK).map(figureOf));
  byId("more").textContent = waiting.length ? `${waiting.length} more below` : "";
}

function showSheet() {
  const [name, , drawn] = lookback.pictures[byId("kind").value] ?? ["", "", ""];
  folder = name;
  waiting = lookback.names.map((_, i) => i).filter((i) => drawn[i] === "1");
  byId("sheet").replaceChildren();
  add();
  if (!drawn) byId("more").textContent = "No pictures are drawn yet.";
  showList();
}

function download() {
  const link = make("a", { download: FILE,
    href: URL.createObjectURL(new Blob([byId("list").value], { type: "text/plain" })) });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function copy() {
  byId("list").select();
  try { await navigator.clipboard.writeText(byId("list").value); } catch {
    document.execCommand("copy");
  }
  byId("told").textContent = "copied";
}

byId("kind").append(...lookback.pictures.map(([, title], k) => new Option(title, k)));
byId("kind").addEventListener("change", showSheet);
byId("size").addEventListener("input", () => {
  byId("sheet").style.setProperty("--thumb", `${byId("size").value}px`);
});
byId("sheet").style.setProperty("--thumb", `${byId("size").value}px`);
byId("copy").addEventListener("click", copy);
byId("download").addEventListener("click", download);
byId("forget").addEventListener("click", () => {
  skipped = { ...lookback.skiplist };
  try { localStorage.removeItem(KEY); } catch { /* nothing was kept */ }
  showList();
});
byId("name").textContent = FILE;
recall();
showSheet();
addWhenSeen(byId("more"), () => waiting.length, add);
