// What all pages of a reduction share: safe elements, numbers, and a state kept in the address.
// Names and reasons come from files and headers: they become text nodes, never markup.
"use strict";

const MINUS = "−";

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const byId = (id) => document.getElementById(id);

function number(value, decimals) {
  return value === null || value === undefined ? "–" : value.toFixed(decimals).replace("-", MINUS);
}

// The page of an image, from the folder of the index or from that of the images.
function pageOf(i) {
  const folder = document.body.dataset.images ?? "images/";
  return `${folder}${encodeURIComponent(lookback.names[i])}.html`;
}

const columnOf = (label) => lookback.columns.find((column) => column.label === label);

function valueOf(label, i) {
  const column = columnOf(label);
  return column ? column.values[i] : null;
}

function dateOf(i) {
  return (valueOf("date", i) ?? "no date").slice(0, 16).replace("T", " ");
}

const isInUse = (i) => ["used", "flagged", "outside"].includes(lookback.state[i]);

const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

function remember(changes) {
  Object.assign(state, changes);
  for (const name in state) if (!state[name]) delete state[name];
  history.replaceState(null, "", `#${new URLSearchParams(state)}`);
}

// Add more as long as the end of what is there is in view, or nearly.
function addWhenSeen(end, isMore, add, root = null) {
  new IntersectionObserver(([seen], observer) => {
    if (!seen.isIntersecting || !isMore()) return;
    add();
    observer.unobserve(end);
    observer.observe(end); // tells again if it is still in view
  }, { root, rootMargin: "900px" }).observe(end);
}

addEventListener("hashchange", () => location.reload());

function magnitudeLines(curve, i, s) {
  const value = `${number(curve.mag[s][i], 4)} ± ${number(curve.sigma[s][i], 4)} mag`;
  return `${lookback.sources[s]}   ${value}`;
}

const dot = (s) => make("span", { className: "dot", style: `background: var(--source-${s % 7})` });

// What is told of an image beside its point.
function imageLines(i, s) {
  const seeing = valueOf("seeing", i), flux = valueOf(`flux_${lookback.sources[s]}`, i);
  const sigma = valueOf(`flux_error_${lookback.sources[s]}`, i);
  const lines = [lookback.names[i], dateOf(i), magnitudeLines(lookback.images, i, s),
    `flux ${number(flux, 0)} ± ${number(sigma, 0)} e⁻`, `seeing ${number(seeing, 2)} arcsec`];
  return lookback.state[i] === "used" ? lines
    : [...lines, [lookback.state[i], lookback.why[i]].filter(Boolean).join(": ")];
}

// The look of the point of an image.
function markOf(i) {
  return !isInUse(i) ? "cross" : lookback.state[i] === "used" ? "full" : "ring";
}

// The magnitudes as they are, or each source about its median.
function shifted(mag, isAboutMedian) {
  return !isAboutMedian ? mag : mag.map((values) => {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1];
    return values.map((value) => (value === null ? null : value - middle));
  });
}
