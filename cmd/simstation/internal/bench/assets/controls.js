// Everything a hand can do: keys, sliders, quick mains events, faults, kills.

import { t, word } from "./i18n.js";
import { $, fixed, flag, list, make, num, setText } from "./dom.js";
import { act, steady } from "./wire.js";

const layout = "123A456B789C*0#D";
const held = new Map(); // key -> "pointer" or "keyboard", what holds it down
const settle = 50; // ms between two key lines: a contact needs time to be seen

// buildControls makes the parts that never change.
export function buildControls() {
  buildKeys();
  buildSlider("volts", "V", 0, (v) => `mains ${v}V`);
  buildSlider("hz", "Hz", 1, (v) => `freq ${v}Hz`);
  buildQuick();
  buildDevices();
  $("lesson-now").addEventListener("click", () => act("lesson now"));
  $("repair").addEventListener("click", repairAll);
  $("line").addEventListener("submit", (event) => {
    event.preventDefault();
    const line = $("line-text").value.trim();
    if (line) act(line);
    $("line-text").select();
  });
}

// labelControls writes the labels in the current language.
export function labelControls() {
  for (const key of $("keys").children) {
    const k = key.dataset.key;
    key.setAttribute("aria-label", k === "#" ? t("panel.key_hash") : k === "*" ? t("panel.key_star") : t("panel.key", { k }));
  }
  for (const button of $("quick").children) button.textContent = t(button.dataset.text);
  for (const row of $("devices").children) {
    const device = t(`device.${row.dataset.device}`);
    row.firstChild.textContent = device;
    for (const chip of row.lastChild.children) {
      const kind = t(`kind.${chip.dataset.kind}`);
      chip.textContent = kind;
      chip.setAttribute("aria-label", t("fault.switch", { device, kind }));
    }
  }
  $("procs").replaceChildren();
}

// drawControls brings the controls to what the bench says.
export function drawControls(state) {
  drawPanel(state.panel ?? {});
  drawMains(state.mains ?? {});
  drawDevices(state);
  drawProcs(list(state.processes));
}

// ---- the button panel

function buildKeys() {
  const box = $("keys");
  for (const k of layout) box.append(keyButton(k));
  box.addEventListener("contextmenu", (event) => event.preventDefault());
  // number keys of the keyboard, while the focus is on the panel
  box.addEventListener("keydown", (event) => {
    const k = event.key.toUpperCase();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (k === " " || k === "ENTER") {
      if (event.target.dataset.key) {
        event.preventDefault();
        if (!event.repeat) down(event.target.dataset.key, "keyboard");
      }
    } else if (k.length === 1 && layout.includes(k)) {
      event.preventDefault();
      if (!event.repeat) down(k, "keyboard");
    }
  });
  box.addEventListener("keyup", (event) => {
    const k = event.key.toUpperCase();
    if (k === " " || k === "ENTER") {
      if (event.target.dataset.key) up(event.target.dataset.key);
    } else if (layout.includes(k)) up(k);
  });
  box.addEventListener("focusout", () => releaseAll("keyboard"));
  window.addEventListener("blur", () => releaseAll());
  document.addEventListener("visibilitychange", () => releaseAll());
}

function keyButton(k) {
  const key = make("button", { type: "button", class: "key", data: { key: k } }, k);
  key.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    key.setPointerCapture?.(event.pointerId);
    down(k, "pointer");
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) key.addEventListener(end, () => up(k));
  // a screen reader's click comes without a pointer
  key.addEventListener("click", (event) => {
    if (event.detail !== 0 || held.has(k)) return;
    down(k, "pointer");
    up(k);
  });
  return key;
}

function down(k, by) {
  if (held.has(k)) return;
  held.set(k, by);
  showKey(k);
  act(`key ${k} down`, settle);
}

function up(k) {
  if (!held.delete(k)) return;
  showKey(k);
  act(`key ${k} up`, settle);
}

function releaseAll(by) {
  for (const [k, holder] of [...held]) if (!by || by === holder) up(k);
}

let farDown = new Set();

function showKey(k) {
  const key = $("keys").children[layout.indexOf(k)];
  flag(key, "down", held.has(k) || farDown.has(k));
}

function drawPanel(panel) {
  farDown = new Set(list(panel.down).map(String));
  for (const k of layout) showKey(k);
  drawSignal("panel-lamp", panel.lamp, "panel.lamp", "panel.lit", "panel.dark");
  drawSignal("panel-buzzer", panel.buzzer, "panel.buzzer", "panel.on", "panel.quiet");
}

function drawSignal(id, on, name, yes, no) {
  const box = $(id);
  flag(box, "on", on === true);
  const state = typeof on === "boolean" ? t(on ? yes : no) : t("value.unknown");
  setText(box.lastChild, `${t(name)} ${state}`);
}

// ---- the mains

const dragged = new Map(); // slider id -> when a hand last moved it

function buildSlider(id, unit, digits, line) {
  const slider = $(id);
  const send = steady(150);
  const show = () => {
    const text = `${Number(slider.value).toFixed(digits)}\u2009${unit}`;
    setText($(`${id}-out`), text);
    slider.setAttribute("aria-valuetext", text);
    const share = (slider.value - slider.min) / (slider.max - slider.min);
    slider.style.setProperty("--at", share);
  };
  slider.addEventListener("input", () => {
    dragged.set(id, Date.now());
    show();
    send(line(Number(slider.value)));
  });
  slider.addEventListener("show", show);
  show();
}

function drawMains(mains) {
  setSlider("volts", mains.set_volts);
  setSlider("hz", mains.set_hz);
  const on = mains.on !== false && num(mains.volts) !== null;
  setText($("mains-actual"), `${t("mains.measured")} ${fixed(mains.volts, 0, "V")} · ${fixed(on ? mains.hz : null, 1, "Hz")}`);
  $("mains-actual").dataset.look = level(mains.volts);
}

// level is how good a voltage is: the colours of the whole page.
export function level(volts) {
  if (num(volts) === null) return "";
  if (volts >= 264 || volts < 154) return "bad";
  return volts > 250 || volts < 190 ? "warn" : "good";
}

function setSlider(id, value) {
  const slider = $(id);
  if (num(value) === null || Date.now() - (dragged.get(id) ?? 0) < 1200) return;
  if (Math.abs(Number(slider.value) - value) < 0.05) return;
  slider.value = value;
  slider.dispatchEvent(new Event("show"));
}

const quick = [
  ["mains.normal", "mains 220V", "freq 50Hz"],
  ["mains.swell", "mains 268V for 400ms"],
  ["mains.surge", "mains 350V for 100ms"],
  ["mains.storm", "mains 400V for 20ms"],
  ["mains.dip", "mains 150V for 1s"],
  ["mains.outage", "mains off for 3s"],
  ["mains.off", "mains off"],
  ["mains.ramp", "mains ramp 220V 180V 5s"],
  ["mains.dirty", "thd 8%"],
  ["mains.clean", "thd 2%"],
  ["mains.strike", "strike"],
  ["mains.arrester", "arrester failed"],
  ["mains.arrester_ok", "arrester ok"],
];

function buildQuick() {
  for (const [text, ...lines] of quick) {
    const button = make("button", { type: "button", data: { text } });
    button.addEventListener("click", () => lines.forEach((line) => act(line)));
    $("quick").append(button);
  }
}

// ---- faults

const talk = ["silent", "late", "garbled", "cut", "unplugged"];
const kinds = {
  frontend: talk,
  meter: talk,
  projector: [...talk, "other_input"],
  tv: [...talk, "other_input"],
  panel: ["silent", "unplugged"],
  contactor: ["welded", "no_close"],
  pins: ["silent", "late", "unplugged"],
  opto: ["dark", "lit"],
  ups: ["low", "cut"],
  tuner: ["busy", "mute", "hangs", "unplugged"],
  incline: ["silent", "garbled", "frozen", "unplugged"],
  compass: ["silent", "frozen", "magnet"],
};
const chosen = {}; // device -> kind, what this page did where the state does not tell

function buildDevices() {
  for (const [device, names] of Object.entries(kinds)) {
    const chips = make("span", { class: "chips" });
    for (const kind of names) {
      const chip = make("button", { type: "button", "aria-pressed": "false", data: { kind } });
      chip.addEventListener("click", () => toggle(device, kind, chip));
      chips.append(chip);
    }
    $("devices").append(make("div", { data: { device } }, make("span", { class: "device" }), chips));
  }
}

function toggle(device, kind, chip) {
  const on = chip.getAttribute("aria-pressed") !== "true";
  chosen[device] = { kind: on ? kind : "none", at: Date.now() };
  act(`fault ${device} ${on ? kind : "none"}`);
  press(device, chosen[device].kind);
}

function repairAll() {
  for (const device of Object.keys(kinds)) {
    chosen[device] = { kind: "none", at: Date.now() };
    act(`fault ${device} none`);
    press(device, "none");
  }
}

function press(device, kind) {
  const row = $("devices").querySelector(`[data-device=${device}]`);
  for (const chip of row.lastChild.children) chip.setAttribute("aria-pressed", String(chip.dataset.kind === kind));
}

function drawDevices(state) {
  for (const device of Object.keys(kinds)) {
    const mine = chosen[device];
    if (mine && Date.now() - mine.at < 1000) continue; // the answer is on its way
    const said = saidFault(state, device);
    press(device, said ?? mine?.kind ?? "none");
  }
}

// saidFault is the fault the bench reports for device, undefined when it does
// not say.
function saidFault(state, device) {
  if (device === "contactor" && state.contactor?.welded === true) return "welded";
  return state[device]?.fault ?? state.device_faults?.[device];
}

// ---- programs

function drawProcs(procs) {
  const box = $("procs");
  if (box.children.length !== procs.length) box.replaceChildren(...procs.map(procRow));
  procs.forEach((p, i) => {
    const row = box.children[i];
    row.dataset.state = p.state ?? "unknown";
    setText(row.querySelector(".doing"), word("proc", p.state ?? "unknown"));
    const notes = [num(p.pid) ? `PID ${p.pid}` : "", num(p.restarts) ? t("proc.restarts", { n: p.restarts }) : ""];
    setText(row.querySelector(".notes"), notes.filter(Boolean).join(" · "));
  });
}

function procRow(p) {
  const name = word("proc", p.name);
  const button = (text, label, cls, line) => {
    const b = make("button", { type: "button", class: cls, "aria-label": t(label, { name }) }, t(text));
    b.addEventListener("click", () => act(line));
    return b;
  };
  return make(
    "li",
    { data: { proc: p.name } },
    make("i", { class: "dot", "aria-hidden": "true" }),
    make("span", { class: "who" }, make("b", {}, name), make("span", { class: "doing" }), make("small", { class: "notes" })),
    button("proc.freeze", "proc.freeze_label", "plain", `stop ${p.name} for 1s`),
    button("proc.kill", "proc.kill_label", "danger", `kill ${p.name}`),
  );
}
