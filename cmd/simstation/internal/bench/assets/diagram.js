// The single-line diagram of the power: mains, contactor, relays, devices.
// Wide and narrow are the same drawing with other corners.

import { t, word } from "./i18n.js";
import { draw, fixed, flag, list, num, setText, mmss } from "./dom.js";

const wide = { w: 640, top: 38, pitch: 66, mains: [46, 0], a: [152, 0], b: [212, 0], bus: 268, relay: [292, 336], box: 360, boxW: 276, flat: true };
const narrow = { w: 350, top: 214, pitch: 66, mains: [34, 36], a: [34, 92], b: [34, 142], bus: 34, relay: [58, 98], box: 116, boxW: 232, flat: false };

// Diagram keeps one drawing in box up to date.
export class Diagram {
  constructor(box) {
    this.box = box;
    this.sign = "";
  }

  // update draws what is live and what is not. The bench's own state is the
  // truth; the guard's status adds what it wants and why it holds.
  update(state) {
    const loads = mergeLoads(state);
    const plan = this.box.clientWidth < 520 ? narrow : wide;
    const sign = `${document.documentElement.lang}${plan.w}${loads.map((l) => l.name).join()}`;
    if (sign !== this.sign) {
      this.sign = sign;
      this.build(plan, loads);
    }
    this.refresh(state, loads);
  }

  build(plan, loads) {
    const { parts, svg, mid } = frame(plan, loads.length);
    this.parts = parts;
    loads.forEach((load, i) => parts.loads.push(branch(svg, plan, load, plan.top + i * plan.pitch, mid)));
    this.box.replaceChildren(svg);
  }

  refresh(state, loads) {
    const { parts } = this;
    const mains = state.mains ?? {};
    const live = num(mains.volts) !== null && mains.volts > 22 && mains.on !== false;
    const contactor = state.contactor ?? {};
    const closed = contactor.closed === true;
    for (const wire of parts.before) flag(wire, "live", live);
    for (const wire of parts.after) flag(wire, "live", live && closed);
    flag(parts.blade, "closed", closed);
    flag(parts.blade, "live", live && closed);
    flag(parts.coil, "on", contactor.driven === true);
    flag(parts.mains, "live", live);
    setText(parts.volts, fixed(mains.volts, 0, "V"));
    setText(parts.hz, live ? fixed(mains.hz, 1, "Hz") : "—");
    setText(parts.closed, contactor.closed === undefined ? t("value.unknown") : t(closed ? "guard.closed" : "guard.open"));
    setText(parts.note, contactor.welded ? t("guard.welded") : contactor.driven ? t("guard.driven") : "");
    flag(parts.note, "bad", contactor.welded === true);
    loads.forEach((load, i) => refreshLoad(parts.loads[i], load, live && closed));
  }
}

// mergeLoads joins what the world says of a load with what the guard says.
function mergeLoads(state) {
  const guard = new Map(list(state.guard?.loads).map((l) => [l?.name, l]));
  const world = list(state.loads).filter((l) => l?.name);
  const names = world.length ? world : [...guard.values()].filter((l) => l?.name);
  return names.map((l) => ({ ...l, guard: guard.get(l.name) ?? {} }));
}

function frame(plan, count) {
  const last = plan.top + Math.max(0, count - 1) * plan.pitch;
  const mid = plan.flat ? Math.max((plan.top + last) / 2, 76) : plan.top;
  const height = Math.max(last + 40, plan.flat ? 170 : 230);
  const svg = draw("svg", { viewBox: `0 0 ${plan.w} ${height}`, "aria-hidden": "true" });
  const at = ([x, y]) => (plan.flat ? [x, mid + y] : [x, y]);
  const [m, a, b] = [at(plan.mains), at(plan.a), at(plan.b)];
  const joint = plan.flat ? [plan.bus, mid] : [plan.bus, plan.top];
  const edge = plan.flat ? [m[0] + 26, m[1]] : [m[0], m[1] + 26];
  const before = [wire(svg, edge, a)];
  const after = [wire(svg, b, joint), wire(svg, [plan.bus, plan.flat ? plan.top : b[1]], [plan.bus, plan.flat ? Math.max(last, mid) : last], "bus")];

  const blade = draw("line", { class: "blade", x1: a[0], y1: a[1], x2: b[0], y2: b[1] });
  blade.style.transformOrigin = `${a[0]}px ${a[1]}px`;
  const centre = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const coil = draw("rect", { class: "coil", x: centre[0] - 13, y: centre[1] + 22, width: 26, height: 14, rx: 3 });
  if (!plan.flat) coil.setAttribute("transform", `translate(${34} ${-29})`);
  const mains = draw(
    "g",
    { class: "source", transform: `translate(${m[0]} ${m[1]})` },
    draw("circle", { r: 26 }),
    draw("path", { d: "M-15 0c5-17 10-17 15 0s10 17 15 0" }),
  );
  svg.append(coil, blade, terminal(a), terminal(b), mains);
  const words = plan.flat ? flatWords(m, centre) : tallWords(m, centre);
  svg.append(...Object.values(words));
  return { svg, mid, parts: { ...words, before, after, blade, coil, mains, loads: [] } };
}

function flatWords(m, c) {
  return {
    head: text(m[0], m[1] - 40, "name mid", t("guard.mains")),
    volts: text(m[0], m[1] + 50, "value mid"),
    hz: text(m[0], m[1] + 70, "small mid"),
    name: text(c[0], c[1] - 44, "name mid", t("guard.contactor")),
    closed: text(c[0], c[1] + 60, "value mid"),
    note: text(c[0], c[1] + 80, "small mid"),
  };
}

function tallWords(m, c) {
  return {
    head: text(m[0] + 40, m[1] - 6, "name", t("guard.mains")),
    volts: text(m[0] + 40, m[1] + 18, "value"),
    hz: text(m[0] + 104, m[1] + 18, "small"),
    name: text(c[0] + 62, c[1] - 6, "name", t("guard.contactor")),
    closed: text(c[0] + 62, c[1] + 16, "value"),
    note: text(c[0] + 124, c[1] + 16, "small"),
  };
}

function branch(svg, plan, load, y) {
  const [x1, x2] = plan.relay;
  const bus = wire(svg, [plan.bus, y], [x1, y]);
  const out = wire(svg, [x2, y], [plan.box, y]);
  const blade = draw("line", { class: "blade", x1, y1: y, x2, y2: y });
  blade.style.transformOrigin = `${x1}px ${y}px`;
  const box = draw("rect", { class: "device", x: plan.box, y: y - 26, width: plan.boxW, height: 52, rx: 10 });
  const name = text(plan.box + 14, y - 4, "name", word("load", load.name));
  const watts = text(plan.box + plan.boxW - 14, y - 4, "value end");
  const note = text(plan.box + 14, y + 16, "small");
  const amps = text(plan.box + plan.boxW - 14, y + 16, "small end");
  svg.append(blade, terminal([x1, y]), terminal([x2, y]), box, name, watts, note, amps);
  return { bus, out, blade, box, watts, note, amps };
}

function refreshLoad(part, load, busLive) {
  const relay = load.relay ?? load.guard.on;
  const powered = load.powered ?? (busLive && relay === true);
  flag(part.bus, "live", busLive);
  flag(part.out, "live", powered === true);
  flag(part.blade, "closed", relay === true);
  flag(part.blade, "live", powered === true);
  flag(part.box, "live", powered === true);
  setText(part.watts, fixed(load.watts, 0, "W"));
  const measured = load.guard.current_known ? load.guard.current_ma / 1000 : null;
  setText(part.amps, fixed(load.amps ?? measured, 2, "A"));
  const [note, warn] = loadNote(load, relay);
  setText(part.note, note);
  flag(part.note, "warn", warn);
}

function loadNote(load, relay) {
  const { held, cool_left_ms: cool, wanted } = load.guard;
  if (num(cool) > 0) return [t("guard.cooling", { t: mmss(cool + 999) }), true];
  if (held) return [t("guard.held", { why: word("cause", held) }), true];
  if (relay === undefined || relay === null) return [t("value.unknown"), false];
  if (wanted && !relay) return [t("guard.wanted"), true];
  return [t(relay ? "guard.closed" : "guard.open"), false];
}

function wire(svg, [x1, y1], [x2, y2], cls = "") {
  const d = `M${x1} ${y1}L${x2} ${y2}`;
  const group = draw("g", { class: `wire ${cls}` }, draw("path", { d }), draw("path", { class: "flow", d }));
  svg.append(group);
  return group;
}

const terminal = ([cx, cy]) => draw("circle", { class: "terminal", cx, cy, r: 4 });

function text(x, y, cls, content = "") {
  return draw("text", { x, y, class: cls }, content);
}
