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

const COMPARISON = /^(.*?)(<=|>=|<|>|=)(.*)$/;

// The column of a word: its heading, or what only one column has in its heading or its fields.
function columnOfWord(word, columns) {
  const wanted = word.toLowerCase();
  const named = columns.filter((one) => one.label.toLowerCase() === wanted);
  if (named.length) return named;
  const fields = (one) => `${one.label} ${one.title.split(":")[0]}`.toLowerCase();
  return wanted ? columns.filter((one) => fields(one).includes(wanted)) : [];
}

// A word such as "seeing<1.2" compares a column; any other word is looked for in the texts. What
// is not understood passes nothing, and `hint` is told why.
function testOf(word, columns, texts, hint) {
  const [, label, sign, text] = word.match(COMPARISON) ?? [];
  if (!sign) return (i) => texts(i).includes(word.toLowerCase());
  const found = columnOfWord(label, columns), [column] = found;
  const isNumber = column?.decimals !== null, wanted = isNumber ? Number(text) : text.toLowerCase();
  if (found.length !== 1) {
    const names = (found.length ? found : columns).map((one) => one.label).join(", ");
    hint(found.length ? `${word}: '${label}' is one of ${names}`
      : `${word}: no column '${label}', the columns are ${names}`);
  } else if (!text || (isNumber && Number.isNaN(wanted))) {
    hint(`${word}: ${isNumber ? "a number is wanted" : "a text is wanted"} behind ${sign}`
      + `, for instance ${column.label}${sign}${exampleOf(column)}`);
  } else {
    const plain = (value) => (isNumber ? value : value.toLowerCase());
    return (i) => column.values[i] !== null && COMPARE[sign](plain(column.values[i]), wanted);
  }
  return () => false;
}

function exampleOf(column) {
  const values = column.values.filter((value) => value !== null && value !== "");
  const middle = values.sort((a, b) => (a < b ? -1 : 1))[values.length >> 1] ?? "";
  return column.decimals === null ? middle : middle.toFixed(column.decimals);
}

function filterOf(words, columns) {
  const hints = [], hint = (text) => hints.push(text);
  const written = columns.filter((column) => column.decimals === null);
  const texts = (i) => written.map((column) => column.values[i] ?? "").join("\n").toLowerCase();
  const joined = words.replace(/\s*(<=|>=|<|>|=)\s*/g, "$1"); // "seeing < 1.0" is one word
  const tests = joined.split(/\s+/).filter(Boolean)
    .map((word) => testOf(word, columns, texts, hint));
  byId("hint").textContent = hints.join("\n");
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
    const order = state.sort ?? "", held = head.contains(document.activeElement)
      ? document.activeElement.dataset.label : null;
    head.replaceChildren(make("tr", {}, ...shown.map((column) => {
      const isDown = order === `-${column.label}`, isUp = order === column.label;
      const button = make("button", { type: "button", title: column.title },
        `${column.label.replaceAll("_", " ")}${isUp ? " ▲" : isDown ? " ▼" : ""} `,
        make("small", { textContent: column.unit.replace("e-", "e⁻") }));
      button.dataset.label = column.label;
      const cell = make("th", { scope: "col", className: column.decimals === null ? "" : "n",
        onclick: () => sort(isUp ? `-${column.label}` : column.label) }, button);
      cell.ariaSort = isUp ? "ascending" : isDown ? "descending" : "none";
      return cell;
    })));
    [...head.querySelectorAll("button")].find((one) => one.dataset.label === held)?.focus();
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
