// The page of one image: its place on the light curves, its history, its fields.
"use strict";

const row = JSON.parse(byId("row").textContent), here = lookback.names.indexOf(row.img_name);
const REACH = 10; // images before and behind
const NIGHT_GAP_D = 0.4; // without an image: a new night
const OUTCOMES = { done: "done", rejected: "rejected the image", failed: "failed",
  died: "its process died", timeout: "took too long" };
const { images } = lookback;
let whole = null;

function showState() {
  const text = [lookback.state[here], lookback.why[here]].filter(Boolean).join(": ");
  byId("state").textContent = text;
  byId("state").className = lookback.state[here] === "used" ? "soft" : "warn";
}

function showNumbers() {
  const entry = (label, text, more = "") => make("div", {}, make("small", {}, label, more), text);
  const columns = lookback.columns.filter((one) => one.shown && !one.label.startsWith("flux_")
    && one.values[here] !== null);
  byId("numbers").append(
    ...columns.map((one) => entry(one.label.replaceAll("_", " "), one.label === "date"
      ? dateOf(here) : one.decimals === null ? one.values[here]
        : `${number(one.values[here], one.decimals)} ${one.unit.replace("e-", "e⁻")}`)),
    ...lookback.sources.flatMap((name, s) => (images.mag[s][here] === null ? []
      : [entry(dot(s), magnitudeLines(images, here, s).slice(name.length).trim(), ` ${name}`)])));
}

// Curves of the images around this one, in their order, each source about its median.
function nearby() {
  const first = Math.max(0, here - REACH), last = Math.min(lookback.names.length, here + REACH + 1);
  const cut = (values) => values.slice(first, last), time = cut(images.t);
  const ends = time.map((t, k) => [t, k]).filter(([t, k]) => k && t - time[k - 1] > NIGHT_GAP_D);
  return { first, x: time.map((_, k) => k + first - here), mag: shifted(images.mag.map(cut), true),
    sigma: images.sigma.map(cut), separators: ends.map(([, k]) => k + first - here - 0.5) };
}

function showCurves() {
  byId("curves").hidden = !lookback.sources.length;
  if (!lookback.sources.length) return;
  const common = { isOn: () => true, yLabel: "magnitude" };
  const mark = (i) => (isInUse(i) || i === here ? markOf(i) : null);
  const open = (i) => { location.href = pageOf(i); };
  whole = lightCurve(byId("whole"), { ...common, ...images, x: images.t, mark, open, lines: imageLines,
    current: here, xLabel: `${images.time} (days)`, dates: true });
  const near = nearby();
  lightCurve(byId("near"), { ...common, ...near, mark: (k) => markOf(k + near.first),
    open: (k) => open(k + near.first), lines: (k, s) => imageLines(k + near.first, s),
    offset: (s) => 0.14 * (s - (lookback.sources.length - 1) / 2), current: here - near.first,
    limits: { x0: -REACH - 0.7, x1: REACH + 0.7 }, xLabel: "images from this one",
    yLabel: "magnitude about the median" });
}

// "done 17 12: note": the outcome, the run that looked last, the run that changed the result.
function sentence(script, record) {
  const [, word, last, changed, message] = record.match(/^(\w+) (\d+) (\d+)(?:: (.*))?$/s) ?? [];
  const [, version, time] = lookback.runs[last] ?? [];
  const when = time ? ` on ${time.replace("T", " ").replace("Z", "")} (version ${version})` : "";
  const before = lookback.runs[changed]?.[2]?.replace("T", " ").replace("Z", "");
  const same = changed !== last && before ? `; the result is that of ${before}` : "";
  const text = word ? `: ${OUTCOMES[word] ?? word}${when}${same}` : `: ${record}`;
  return make("li", { className: ["done", undefined].includes(word) ? "" : "warn" },
    make("b", { textContent: script }), text + (message ? `: ${message}` : ""));
}

function showHistory() {
  const runOf = (record) => Number(record.split(" ")[1]);
  const records = Object.entries(row).filter(([name]) => name.startsWith("ran__"));
  byId("history").append(...records.sort((a, b) => runOf(a[1]) - runOf(b[1]))
    .map(([name, record]) => sentence(name.slice(5).replace(":", " of "), record)));
}

function showFields() {
  const byProducer = new Map();
  for (const name in row) {
    const [unit, meaning, producer] = lookback.fields[name] ?? ["", "", ""];
    if (name.startsWith("ran__")) continue;
    const value = typeof row[name] === "number" && !Number.isInteger(row[name])
      ? String(Number(row[name].toPrecision(name.includes("mjd") || name === "mhjd" ? 12 : 7)))
      : String(row[name]);
    const line = make("tr", {}, make("td", {}, name), make("td", { className: "n", title: row[name] },
      value), make("td", {}, unit === "1" ? "" : unit.replace("e-", "e⁻")), make("td", {}, meaning));
    byProducer.set(producer, [...byProducer.get(producer) ?? [], line]);
  }
  byId("fields").append(...[...byProducer].sort().map(([producer, lines]) => make("table",
    { className: "fields" }, make("caption", { textContent: producer }), ...lines)));
}

addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const ending = event.shiftKey ? "_in_set" : "";
  const ident = { ArrowLeft: `before${ending}`, ArrowRight: `after${ending}`, i: "index" }[event.key];
  if (ident) byId(ident)?.click();
});

showState();
showNumbers();
showCurves();
showHistory();
showFields();
