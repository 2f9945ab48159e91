// A light curve on a canvas: bright is up; drag to zoom, shift and drag to pan, click to open.
"use strict";

const EDGE = { left: 62, right: 14, top: 26, bottom: 40 };
const DAYS = [1 / 24, 1 / 8, 1 / 2, 1, 2, 5, 10, 20], MONTHS = [1, 2, 3, 6, 12, 24, 36, 60, 120];
const NEAR_PX = 14, CLICK_PX = 4, MANY = 3000;
const toTime = (mjd) => (mjd - 40587) * 864e5; // 40587: 1970 January 1

function niceTicks(from, to, n) {
  const raw = (to - from) / n, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= raw * 0.999);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), ticks = [];
  for (let k = Math.ceil(from / step); k * step <= to; k += 1) {
    ticks.push([k * step, number(k * step || 0, decimals)]);
  }
  return ticks;
}

function dateTicks(from, to, n) {
  const days = (to - from) / n, step = DAYS.find((one) => one >= days), ticks = [];
  if (step) {
    for (let k = Math.ceil(from / step); k * step <= to; k += 1) {
      const text = new Date(toTime(k * step) + 1).toISOString();
      ticks.push([k * step, text.slice(0, step < 1 ? 16 : 10).replace("T", " ")]);
    }
    return ticks;
  }
  const months = MONTHS.find((one) => one * 30.4 >= days) ?? 240;
  const first = new Date(toTime(from)).getUTCFullYear();
  for (let month = 0; ; month += months) {
    const time = Date.UTC(first, month), mjd = time / 864e5 + 40587;
    if (mjd > to) return ticks;
    const text = new Date(time).toISOString().slice(0, months < 12 ? 7 : 4);
    if (mjd >= from) ticks.push([mjd, text]);
  }
}

// Options: x (one per point), mag and sigma (one list per source), isOn(s), mark(i) ("full",
// "ring", "cross" or null), lines(i, s), open(i), xLabel, yLabel, dates, current, separators, view.
function lightCurve(canvas, options) {
  const pen = canvas.getContext("2d"), tip = make("div", { className: "tip", hidden: true });
  const shade = (name) => getComputedStyle(canvas).getPropertyValue(`--${name}`);
  let view = options.view ?? null, drag = null, box = {};
  canvas.after(tip);

  function eachPoint(visit) {
    options.mag.forEach((mags, s) => options.isOn(s) && mags.forEach((mag, i) => {
      if (mag !== null && options.x[i] !== null && options.mark(i)) visit(i, s, mag);
    }));
  }

  function limits() {
    const found = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
    eachPoint((i, s, mag) => {
      const x = options.x[i] + (options.offset?.(s) ?? 0);
      found.x0 = Math.min(found.x0, x); found.x1 = Math.max(found.x1, x);
      found.y0 = Math.min(found.y0, mag); found.y1 = Math.max(found.y1, mag);
    });
    if (found.x0 > found.x1) return { x0: 0, x1: 1, y0: 0, y1: 1 };
    const dx = 0.02 * (found.x1 - found.x0) || 0.5, dy = 0.05 * (found.y1 - found.y0) || 0.1;
    return { x0: found.x0 - dx, x1: found.x1 + dx, y0: found.y0 - dy, y1: found.y1 + dy };
  }

  function measure() {
    const width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const now = { ...limits(), ...options.limits, ...view };
    box = { ...now, width: width - EDGE.left - EDGE.right,
      height: height - EDGE.top - EDGE.bottom };
  }

  const toX = (x) => EDGE.left + ((x - box.x0) / (box.x1 - box.x0)) * box.width;
  const toY = (mag) => EDGE.top + ((mag - box.y0) / (box.y1 - box.y0)) * box.height;
  const fromX = (px) => box.x0 + ((px - EDGE.left) / box.width) * (box.x1 - box.x0);
  const fromY = (px) => box.y0 + ((px - EDGE.top) / box.height) * (box.y1 - box.y0);
  const placeOf = (i, s) => toX(options.x[i] + (options.offset?.(s) ?? 0));

  function line(x0, y0, x1, y1) {
    pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke();
  }

  function drawAxes() {
    const right = EDGE.left + box.width, bottom = EDGE.top + box.height;
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = shade("ink"); pen.strokeStyle = shade("line"); pen.lineWidth = 1;
    pen.textAlign = "right"; pen.textBaseline = "middle";
    for (const [mag, text] of niceTicks(box.y0, box.y1, box.height / 45)) {
      line(EDGE.left, toY(mag), right, toY(mag));
      pen.fillText(text, EDGE.left - 7, toY(mag));
    }
    pen.textAlign = "center"; pen.textBaseline = "top";
    for (const [x, text] of niceTicks(box.x0, box.x1, box.width / 90)) {
      line(toX(x), bottom, toX(x), bottom + 4);
      pen.fillText(text, toX(x), bottom + 7);
    }
    pen.fillText(options.xLabel, EDGE.left + box.width / 2, bottom + 23);
    for (const [x, text] of options.dates ? dateTicks(box.x0, box.x1, box.width / 115) : []) {
      line(toX(x), EDGE.top - 4, toX(x), EDGE.top);
      pen.fillText(text, toX(x), 5);
    }
    pen.strokeRect(EDGE.left, EDGE.top, box.width, box.height);
    pen.save(); pen.translate(13, EDGE.top + box.height / 2); pen.rotate(-Math.PI / 2);
    pen.fillText(options.yLabel, 0, -7); pen.restore();
  }

  function drawPoint(mark, x, y, size) {
    pen.beginPath();
    if (mark === "cross") {
      pen.moveTo(x - size, y - size); pen.lineTo(x + size, y + size);
      pen.moveTo(x - size, y + size); pen.lineTo(x + size, y - size);
      pen.stroke();
    } else {
      pen.arc(x, y, size, 0, 7);
      if (mark === "full") pen.fill(); else pen.stroke();
    }
  }

  function drawPoints() {
    const n = options.mag.length * options.x.length, size = n > MANY ? 1.8 : 3.2;
    const shades = options.mag.map((_, s) => shade(`source-${s % 7}`));
    const bars = options.mag.map(() => new Path2D());
    eachPoint((i, s, mag) => {
      const sigma = options.sigma[s][i] ?? 0;
      bars[s].moveTo(placeOf(i, s), toY(mag - sigma));
      bars[s].lineTo(placeOf(i, s), toY(mag + sigma));
    });
    pen.globalAlpha = 0.45;
    bars.forEach((path, s) => { pen.strokeStyle = shades[s]; pen.stroke(path); });
    pen.globalAlpha = 1;
    pen.lineWidth = 1.4;
    eachPoint((i, s, mag) => {
      pen.fillStyle = pen.strokeStyle = shades[s];
      drawPoint(options.mark(i), placeOf(i, s), toY(mag), i === options.current ? 6 : size);
    });
  }

  function draw() {
    measure();
    pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    drawAxes();
    pen.save();
    pen.beginPath(); pen.rect(EDGE.left, EDGE.top, box.width, box.height); pen.clip();
    pen.strokeStyle = shade("line"); pen.setLineDash([4, 4]);
    for (const x of options.separators ?? []) line(toX(x), 0, toX(x), canvas.clientHeight);
    pen.setLineDash([]);
    const now = options.x[options.current] ?? null;
    pen.strokeStyle = shade("accent"); pen.lineWidth = 1;
    if (now !== null) line(toX(now), 0, toX(now), canvas.clientHeight);
    drawPoints();
    if (drag?.isMoved && !drag.isPan) {
      pen.strokeStyle = shade("accent"); pen.lineWidth = 1;
      pen.strokeRect(drag.x, drag.y, drag.toX - drag.x, drag.toY - drag.y);
    }
    pen.restore();
  }

  function nearest(px, py) {
    let best = null, least = NEAR_PX ** 2;
    eachPoint((i, s, mag) => {
      const distance = (placeOf(i, s) - px) ** 2 + (toY(mag) - py) ** 2;
      if (distance < least) [best, least] = [{ i, s, mag }, distance];
    });
    return best;
  }

  function tell(point) {
    tip.hidden = !point;
    canvas.style.cursor = point ? "pointer" : "";
    if (!point) return;
    tip.textContent = options.lines(point.i, point.s).join("\n");
    const x = placeOf(point.i, point.s), y = toY(point.mag), width = tip.offsetWidth;
    tip.style.left = `${Math.max(0, x + width + 16 < canvas.clientWidth ? x + 12 : x - width - 12)}px`;
    tip.style.top = `${Math.max(0, Math.min(y + 10, canvas.clientHeight - tip.offsetHeight))}px`;
  }

  function look(next) {
    view = next;
    draw();
    options.looked?.(view);
  }

  function moved(dx, dy, scale = 1) {
    const { x0, x1, y0, y1 } = box, wide = (x1 - x0) * scale, high = (y1 - y0) * scale;
    const x = (x0 + x1) / 2 + dx * wide, y = (y0 + y1) / 2 + dy * high;
    look({ x0: x - wide / 2, x1: x + wide / 2, y0: y - high / 2, y1: y + high / 2 });
  }

  function zoomTo({ x, y, toX: right, toY: low }) {
    const next = { x0: box.x0, x1: box.x1, y0: box.y0, y1: box.y1 };
    if (Math.abs(right - x) > 10) [next.x0, next.x1] = [x, right].sort((a, b) => a - b).map(fromX);
    if (Math.abs(low - y) > 10) [next.y0, next.y1] = [y, low].sort((a, b) => a - b).map(fromY);
    look(next);
  }

  canvas.tabIndex = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    const { offsetX: x, offsetY: y } = event;
    drag = { x, y, toX: x, toY: y, start: box, isPan: event.shiftKey || event.button === 1 };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", ({ offsetX: x, offsetY: y }) => {
    if (!drag) { tell(nearest(x, y)); return; }
    drag.isMoved ||= Math.hypot(x - drag.x, y - drag.y) > CLICK_PX;
    [drag.toX, drag.toY] = [x, y];
    if (drag.isPan) {
      box = drag.start;
      moved((drag.x - x) / box.width, (drag.y - y) / box.height);
    } else draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const done = drag;
    drag = null;
    if (!done) return;
    if (!done.isMoved) {
      const point = nearest(event.offsetX, event.offsetY);
      if (point) options.open(point.i);
    } else if (!done.isPan) zoomTo(done);
  });
  canvas.addEventListener("pointercancel", () => { drag = null; draw(); });
  canvas.addEventListener("pointerleave", () => tell(null));
  canvas.addEventListener("dblclick", () => look(null));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    moved(0, 0, event.deltaY > 0 ? 1.25 : 0.8);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const act = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2],
      ArrowDown: [0, 0.2], "+": [0, 0, 0.7], "-": [0, 0, 1.4] }[event.key];
    if (act) moved(...act);
    else if (event.key === "0") look(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
  draw();
  return {
    draw,
    reset: () => look(null),
    set: (changes) => { Object.assign(options, changes); draw(); },
    place: (i, s) => ({ x: placeOf(i, s), y: toY(options.mag[s][i]) }),
  };
}
