// The bench page: one state in, one picture out. Every part is drawn from the
// newest state alone, so that nothing depends on having seen the one before.

import { lang, setLang, t, word } from "./i18n.js";
import { $, clockOf, list, make, num, setText, mmss, fixed, span } from "./dom.js";
import { onTrouble, screen, watch } from "./wire.js";
import { drawLesson } from "./lesson.js";
import { drawRoom, showing } from "./room.js";
import { buildControls, drawControls, labelControls } from "./controls.js";
import { buildDish, drawDish, labelDish } from "./dish.js";
import { Diagram } from "./diagram.js";
import { drawCurves } from "./curves.js";

let state = null;
const diagram = new Diagram($("diagram"));

function render() {
  if (!state) return;
  const parts = [drawTop, drawLesson, drawRoom, drawControls, drawDish, drawGuard, (s) => diagram.update(s), drawCurves, drawEvents];
  for (const part of parts) {
    try {
      part(state);
    } catch (problem) {
      console.error(part.name, problem); // one broken part leaves the others alive
    }
  }
}

function drawTop(s) {
  const clock = clockOf(s.station?.now) ?? clockOf(s.now);
  setText($("clock"), clock ? clock.time : "--:--:--");
  const zone = s.station?.zone;
  setText($("zone"), clock ? [clock.date, zone, clock.zone].filter(Boolean).join(" · ") : t("clock.unknown"));
  drawScenario(s.scenario, s.seed);
}

function drawScenario(scenario, seed) {
  const box = $("scenario");
  box.hidden = !scenario?.name;
  if (box.hidden) return;
  const failed = list(scenario.failed);
  const when = [scenario.label, scenario.end].filter(Boolean).join(" / ");
  const parts = [`${t("scenario.label")} ${scenario.name}`, when, num(seed) === null ? "" : t("scenario.seed", { n: seed }), scenario.done ? t("scenario.done") : ""];
  const text = parts.filter(Boolean).join(" · ");
  const sign = `${text}|${failed.join("|")}`;
  if (box.dataset.sign === sign) return;
  box.dataset.sign = sign;
  box.replaceChildren(span("", text), ...(failed.length ? [make("strong", { title: failed.join("\n") }, `${t("scenario.failed")}: ${failed.join("; ")}`)] : []));
}

const looks = { closed: "good", ride_through: "warn", qualify: "info", closing: "info", off: "", trip: "bad", lockout: "bad", weld: "bad", no_close: "bad", blind: "bad" };

function drawGuard(s) {
  const g = s.guard;
  const chip = $("guard-state");
  const shown = g ? g.state ?? "unknown" : "unknown";
  chip.dataset.look = g ? looks[shown] ?? "" : "warn";
  const silence = t(s.station ? "guard.none" : "guard.unasked");
  setText(chip, g ? word("gstate", shown) : silence);
  const why = [];
  if (g?.cause) why.push(word("cause", g.cause));
  if (num(g?.wait_ms) > 0) why.push(t("guard.wait", { t: mmss(g.wait_ms + 999) }));
  if (g?.aux_known === false) why.push(t("guard.aux_unknown"));
  if (g) why.push(`${t("guard.says")} ${fixed(g.mains_known ? g.mains_mv / 1000 : null, 1, "V")} · ${fixed(g.mains_known ? g.mains_mhz / 1000 : null, 2, "Hz")}`);
  for (const note of list(g?.notes)) why.push(word("note", note));
  if (g?.ups && g.ups !== "guard.cause.ups_ok") why.push(t("guard.ups", { why: word("cause", g.ups) }));
  setText($("guard-why"), why.join(" · "));
  const meter = g?.meter;
  let said = "";
  if (meter?.fault) said = t("guard.meter_fault", { why: word("cause", meter.fault) });
  else if (meter) said = t("guard.meter", { v: fixed(meter.voltage_mv / 1000, 1, "V"), w: fixed(meter.power_mw / 1000, 0, "W") });
  setText($("guard-meter"), said);
  const thd = num(s.mains?.thd_pct);
  $("thd").hidden = thd === null;
  setText($("thd"), thd === null ? "" : t("mains.thd", { n: thd.toFixed(1) }));
}

function drawEvents(s) {
  const box = $("events");
  const events = list(s.events).filter(Boolean).slice(-200).reverse();
  const first = events[0];
  const sign = `${lang()}${events.length}|${first?.at}|${first?.kind}|${first?.text}`;
  if (box.dataset.sign === sign) return;
  box.dataset.sign = sign;
  if (events.length === 0) {
    box.replaceChildren(make("li", { class: "empty" }, t("events.empty")));
    return;
  }
  box.replaceChildren(...events.map(eventRow));
}

function eventRow(event) {
  const clock = clockOf(event.at);
  return make(
    "li",
    { data: { level: event.level ?? "info" } },
    make("time", { datetime: event.at ?? "" }, clock ? clock.time : String(event.at ?? "")),
    span("kind", word("ekind", event.kind)),
    span("what", event.text ?? ""),
  );
}

// ---- language

function speak(code) {
  setLang(code);
  document.documentElement.lang = lang() === "zh" ? "zh-CN" : "en";
  document.title = `Stationbox · ${t("page.title")}`;
  for (const e of document.querySelectorAll("[data-i18n]")) setText(e, t(e.dataset.i18n));
  for (const e of document.querySelectorAll("[data-i18n-label]")) e.setAttribute("aria-label", t(e.dataset.i18nLabel));
  for (const e of document.querySelectorAll("[data-i18n-hint]")) e.setAttribute("placeholder", t(e.dataset.i18nHint));
  for (const b of document.querySelectorAll("[data-lang]")) b.setAttribute("aria-pressed", String(b.dataset.lang === lang()));
  labelControls();
  labelDish();
  if (!$("net").hidden) setText($("net"), t(state ? "net.lost" : "net.connecting"));
  render();
}

function chosenLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) return asked;
  try {
    return localStorage.getItem("lang") ?? "zh";
  } catch {
    return "zh"; // private windows have no memory
  }
}

function remember(code) {
  try {
    localStorage.setItem("lang", code);
  } catch {
    // not remembered, nothing else
  }
}

// ---- connection

function heard(next) {
  state = next;
  document.body.classList.remove("lost");
  $("net").hidden = true;
  requestAnimationFrame(render);
}

function silent() {
  document.body.classList.add("lost");
  setText($("net"), t(state ? "net.lost" : "net.connecting"));
  $("net").hidden = false;
}

let toastTimer = 0;

function toast(line, problem) {
  const box = $("toast");
  box.replaceChildren(make("strong", {}, t("do.failed", { line })), span("", problem?.message ?? ""));
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (box.hidden = true), 6000);
}

buildControls();
buildDish();
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    remember(button.dataset.lang);
    speak(button.dataset.lang);
  });
}
speak(chosenLanguage());
onTrouble(toast);
screen($("projector-frame"), "frame/projector.jpg", () => showing(state?.projector));
screen($("tv-frame"), "frame/tv.jpg", () => showing(state?.tv));
window.addEventListener("resize", () => requestAnimationFrame(render));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
watch(heard, silent);
