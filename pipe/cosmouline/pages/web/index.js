// The index: the light curves by night or by image, with the controls above them.
"use strict";

const { images, nights, sources } = lookback;
let passes = imageTable(byId("images"), (found) => { passes = found; chart.set({}); });

const isByImage = () => state.by === "images" || !nights.t.length;
const isOn = (s) => !(state.off ?? "").split(",").includes(String(s));

function nightLines(n, s) {
  const those = nights.members[n], more = those.length - 5;
  return [`${dateOf(those[0])}   ${those.length} image${those.length > 1 ? "s" : ""}`,
    magnitudeLines(nights, n, s), ...those.slice(0, 5).map((i) => lookback.names[i]),
    ...(more > 0 ? [`and ${more} more`] : [])];
}

function curveOptions() {
  const curve = isByImage() ? images : nights;
  return { x: curve.t, mag: shifted(curve.mag, state.median), sigma: curve.sigma,
    yLabel: state.median ? "magnitude about the median" : "magnitude",
    mark: isByImage()
      ? (i) => (passes[i] && (isInUse(i) || state.out) ? markOf(i) : null)
      : (n) => (nights.members[n].some((i) => passes[i]) ? "full" : null),
    lines: isByImage() ? imageLines : nightLines,
    open: (n) => { location.href = pageOf(isByImage() ? n : nights.members[n][0]); } };
}

function viewOf(text) {
  const [x0, x1, y0, y1] = (text ?? "").split(",").map(Number);
  return Number.isFinite(y1) ? { x0, x1, y0, y1 } : null;
}

const chart = lightCurve(byId("curve"), { ...curveOptions(), isOn, dates: true,
  xLabel: `${images.time} (days)`, view: viewOf(state.view),
  looked: (view) => remember({ view: view
    && [view.x0, view.x1, view.y0, view.y1].map((value) => value.toFixed(4)).join(",") }) });

function toggle(s, isChecked) {
  const off = new Set((state.off ?? "").split(",").filter(Boolean));
  if (isChecked) off.delete(String(s)); else off.add(String(s));
  remember({ off: [...off].join(",") });
  chart.draw();
}

byId("sources").append(...sources.map((name, s) => make("label", {},
  make("input", { type: "checkbox", checked: isOn(s),
    onchange: (event) => toggle(s, event.target.checked) }),
  dot(s), name)));
byId("sources").className = "controls";

for (const radio of document.querySelectorAll("[name=by]")) {
  radio.checked = radio.value === (isByImage() ? "images" : "");
  radio.disabled = !nights.t.length;
  radio.addEventListener("change", () => {
    remember({ by: radio.value });
    chart.set(curveOptions());
  });
}
for (const name of ["median", "out"]) {
  byId(name).checked = Boolean(state[name]);
  byId(name).addEventListener("change", () => {
    remember({ [name]: byId(name).checked ? "1" : "", view: name === "median" ? "" : state.view });
    chart.set(curveOptions());
    if (name === "median") chart.reset();
  });
}
byId("reset").addEventListener("click", chart.reset);
byId("curves").hidden = !sources.length;
byId("count").textContent = `${lookback.names.length} images, ${nights.t.length} nights`;
