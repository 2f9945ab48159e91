// The sources of the field: circles on the picture, and a table that is sorted and searched.
"use strict";

const svg = document.getElementById("circles"), body = document.getElementById("body");
const words = document.getElementById("words"), head = document.getElementById("head");
const circles = new Map(), lines = new Map();
let order = null, down = false;

function text(value, decimals) {
  if (value === null) return "";
  return decimals === null ? String(value) : value.toFixed(decimals);
}

function choose(number, from) {
  for (const one of document.querySelectorAll(".chosen")) one.classList.remove("chosen");
  circles.get(number)?.classList.add("chosen");
  lines.get(number)?.classList.add("chosen");
  if (from === "circle") lines.get(number)?.scrollIntoView({ block: "center" });
  else document.getElementById("sky").scrollIntoView({ block: "nearest" });
}

function draw() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let rows = photom.rows.filter((row) => {
    const all = row.map((value) => (value === null ? "" : String(value).toLowerCase()));
    return wanted.every((word) => all.some((one) => one.includes(word)));
  });
  if (order !== null) {
    // what has no value comes last, whichever way
    rows = [...rows].sort((a, b) => {
      const [one, other] = [a[order], b[order]];
      if (one === null || other === null) return (one === null) - (other === null);
      const sign = one < other ? -1 : one > other ? 1 : 0;
      return down ? -sign : sign;
    });
  }
  lines.clear();
  body.replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    row.forEach((value, k) => {
      const cell = line.appendChild(document.createElement(k ? "td" : "th"));
      cell.textContent = text(value, photom.columns[k].decimals);
    });
    line.onclick = () => choose(row[0], "line");
    lines.set(row[0], line);
    return line;
  }));
  document.getElementById("count").textContent = `${rows.length} of ${photom.rows.length} sources`;
}

photom.columns.forEach((column, k) => {
  const cell = head.appendChild(document.createElement("th"));
  cell.textContent = column.label;
  cell.title = column.title;
  cell.onclick = () => { down = order === k ? !down : false; order = k; draw(); };
});
photom.circles.forEach(([number, x, y, radius, isNoted]) => {
  const circle = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "circle"));
  for (const [name, value] of [["cx", x], ["cy", y], ["r", radius]]) circle.setAttribute(name, value);
  if (isNoted) circle.classList.add("noted");
  circle.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "title")).textContent =
    String(number);
  circle.onclick = () => choose(number, "circle");
  circles.set(number, circle);
});
document.getElementById("marks").onchange = (event) => {
  document.getElementById("sky").classList.toggle("bare", !event.target.checked);
};
words.oninput = draw;
draw();
