// Small words for the document, and for values that may be missing.

// $ is the element with this id.
export const $ = (id) => document.getElementById(id);

// make builds an element. A "data" entry fills its dataset.
export function make(tag, attrs = {}, ...kids) {
  return furnish(document.createElement(tag), attrs, kids);
}

// draw builds an SVG element.
export function draw(tag, attrs = {}, ...kids) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attrs, kids);
}

function furnish(element, attrs, kids) {
  for (const [name, value] of Object.entries(attrs)) {
    if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value);
  }
  element.append(...kids);
  return element;
}

// span is a span with a class and a text.
export const span = (cls, text) => make("span", cls ? { class: cls } : {}, text);

// setText changes a text only when it differs, so that screen readers and
// selections are left alone.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// flag sets a boolean data attribute for the style sheet.
export function flag(element, name, on) {
  const value = on ? "yes" : "no";
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

// num is value when it is a finite number, otherwise null: a missing value is
// unknown, never 0.
export const num = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

// list is value when it is an array, otherwise an empty one.
export const list = (value) => (Array.isArray(value) ? value : []);

// fixed writes a number with its unit, or a dash.
export function fixed(value, digits, unit) {
  return num(value) === null ? "—" : `${value.toFixed(digits)}\u2009${unit}`;
}

// mmss writes milliseconds as 3:07 or 1:02:03.
export function mmss(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const pad = (n) => String(n).padStart(2, "0");
  const h = Math.floor(all / 3600);
  const m = Math.floor(all / 60) % 60;
  return h > 0 ? `${h}:${pad(m)}:${pad(all % 60)}` : `${pad(m)}:${pad(all % 60)}`;
}

// clockOf takes an RFC 3339 time apart as it is written: the village's clock,
// not the browser's.
export function clockOf(stamp) {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(stamp ?? "");
  if (!parts) return null;
  const [, date, time, offset] = parts;
  return { date, time, zone: offset === "Z" ? "UTC" : `UTC${offset.replace(/^([+-])0/, "$1").replace(/:00$/, "")}` };
}
