// The table of images: sorted by a click, filtered by words, rows added as they come into view.
"use strict";

const CHUNK = 150; // rows added at once

function allColumns() {
  const { names, sources, images, state: states, why } = lookback;
  const text = (label, values, shown) => ({ label, values, shown, unit: "", title: label,
    decimals: null });
  const magnitude = (label, values) => ({ label, values, shown: false, unit: "mag", decimals: 4,
    title: label });
  return [text("image", names, true), text("state", states, true), ...lookback.columns,
    ...sources.flatMap((source, s) => [magnitude(`mag_${source}`, images.mag[s]),
      magnitude(`mag_error_${source}`, images.sigma[s])]),
    text("why", why, true)];
}

const COMPARE = { "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b, "=": (a, b) => a === b };

// A word such as "seeing<1.2" compares a column; any other word is looked for in the texts.
function testOf(word, columns, texts) {
  const [, label, sign, text] = word.match(/^(.+?)(<=|>=|<|>|=)(.+)$/) ?? [];
  const column = columns.find((one) => one.label.toLowerCase() === label?.toLowerCase());
  if (!column) return (i) => texts(i).includes(word.toLowerCase());
  const wanted = column.decimals === null ? text.toLowerCase() : Number(text);
  const plain = (value) => (column.decimals === null ? value.toLowerCase() : value);
  return (i) => column.values[i] !== null && COMPARE[sign](plain(column.values[i]), wanted);
}

function filterOf(words, columns) {
  const written = columns.filter((column) => column.decimals === null);
  const texts = (i) => written.map((column) => column.values[i] ?? "").join("\n").toLowerCase();
  const tests = words.split(/\s+/).filter(Boolean).map((word) => testOf(word, columns, texts));
  return lookback.names.map((_, i) => tests.every((test) => test(i)));
}

function sorted(rows, column, isDown) {
  const compare = column.decimals === null
    ? (a, b) => (a < b ? -1 : a > b ? 1 : 0) : (a, b) => a - b;
  return rows.sort((i, j) => {
    const a = column.values[i], b = column.values[j];
    if (a === null || b === null) return (a === null) - (b === null); // what is absent comes last
    return isDown ? compare(b, a) : compare(a, b);
  });
}

function cellOf(column, i) {
  const value = column.values[i];
  if (column.label === "image") {
    return make("td", {}, make("a", { href: pageOf(i), textContent: value }));
  }
  if (column.decimals !== null) {
    return make("td", { className: "n", textContent: number(value, column.decimals) });
  }
  const text = column.label === "date" ? dateOf(i) : value ?? "–";
  const isNote = ["state", "why"].includes(column.label) && lookback.state[i] !== "used";
  return make("td", { className: isNote ? "note" : "", textContent: text });
}

// `filtered` is called with one boolean per image.
function imageTable(table, filtered) {
  const columns = allColumns(), head = table.tHead, body = table.tBodies[0];
  let shown = [], rows = [], passes = [], n = 0;

  function choose() {
    const names = state.columns?.split(",");
    shown = columns.filter((one) => (names ? names.includes(one.label) : one.shown));
  }

  function drawHead() {
    const order = state.sort ?? "";
    head.replaceChildren(make("tr", {}, ...shown.map((column) => {
      const isDown = order === `-${column.label}`, isUp = order === column.label;
      const cell = make("th", { title: column.title, tabIndex: 0,
        className: column.decimals === null ? "" : "n",
        onclick: () => sort(isUp ? `-${column.label}` : column.label),
        onkeydown: (event) => event.key === "Enter" && cell.click() },
      `${column.label.replaceAll("_", " ")}${isUp ? " ▲" : isDown ? " ▼" : ""} `,
      make("small", { textContent: column.unit.replace("e-", "e⁻") }));
      cell.ariaSort = isUp ? "ascending" : isDown ? "descending" : "none";
      return cell;
    })));
  }

  function add() {
    const some = rows.slice(n, n + CHUNK);
    body.append(...some.map((i) => make("tr", { className: isInUse(i) ? "" : "out" },
      ...shown.map((column) => cellOf(column, i)))));
    n += some.length;
    byId("more").textContent = n < rows.length ? `${rows.length - n} more below` : "";
  }

  function drawBody() {
    const [, minus, label] = (state.sort ?? "").match(/^(-?)(.*)$/);
    const column = columns.find((one) => one.label === label);
    rows = lookback.names.map((_, i) => i).filter((i) => passes[i]);
    if (column) sorted(rows, column, minus);
    body.replaceChildren();
    n = 0;
    add();
    byId("found").textContent = `${rows.length} of ${passes.length} images`;
  }

  function draw() { choose(); drawHead(); drawBody(); }
  function sort(order) { remember({ sort: order }); draw(); }

  function filter(words) {
    remember({ filter: words });
    passes = filterOf(words, columns);
    drawBody();
    filtered(passes);
  }

  byId("columns").append(...columns.map((column) => make("label", { title: column.title },
    make("input", { type: "checkbox", onchange: pick, value: column.label }),
    column.label.replaceAll("_", " "))));

  function pick() {
    const boxes = [...byId("columns").querySelectorAll("input:checked")];
    remember({ columns: boxes.map((box) => box.value).join(",") });
    draw();
  }

  choose();
  for (const box of byId("columns").querySelectorAll("input")) {
    box.checked = shown.some((column) => column.label === box.value);
  }
  byId("filter").value = state.filter ?? "";
  byId("filter").addEventListener("input", () => filter(byId("filter").value));
  addWhenSeen(byId("more"), () => n < rows.length, add, byId("box"));
  passes = filterOf(state.filter ?? "", columns);
  draw();
  return passes;
}
