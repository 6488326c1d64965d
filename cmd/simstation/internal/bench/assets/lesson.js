// The lesson: title, countdown, steps, present count, and what needs a person.

import { t, word } from "./i18n.js";
import { $, clockOf, list, make, num, setText, span, mmss } from "./dom.js";

const steps = ["ready_check", "warm_up", "roll_call", "playing", "closing", "cool_down", "done"];

// drawLesson shows station (the station's own status, null when it is silent).
export function drawLesson(state) {
  const station = state.station ?? {};
  const phase = state.station ? station.phase ?? "unknown" : "unknown";
  drawTitle(state.station, station, phase);
  drawClock(state, station, phase);
  drawSteps(phase);
  drawPresent(state, station);
  drawNeeds(state, station);
}

function drawTitle(known, station, phase) {
  const now = station.occasion ?? null;
  const next = station.next ?? null;
  let title = t("lesson.none");
  if (!known) title = t("lesson.no_station");
  else if (now) title = now.title || t("lesson.untitled");
  else if (next) title = t("lesson.next", { title: next.title || t("lesson.untitled") });
  else if (phase === "done") title = t("lesson.over");
  setText($("lesson-title"), title);

  // another lesson can be asked for while none is running
  $("lesson-now").hidden = !known || (phase !== "idle" && phase !== "done");

  const parts = station.why ? [station.why] : [];
  const start = clockOf((now ?? next)?.start);
  if (start) parts.push(t("lesson.start", { at: start.time.slice(0, 5) }));
  if (station.guard_link) parts.push(t(station.guard_link === "ok" ? "lesson.link_ok" : "lesson.link_lost"));
  const records = num(station.journal?.records);
  if (records !== null) parts.push(t("lesson.journal", { n: records }));
  if (station.sound) parts.push(t("lesson.sound", { what: station.sound }));
  setText($("lesson-sub"), parts.join(" · "));
}

function drawClock(state, station, phase) {
  const bar = $("lesson-progress");
  const position = num(station.position_ms);
  const duration = num(station.duration_ms);
  const countdown = num(station.countdown_ms);
  const playing = phase === "playing" || phase === "paused";
  bar.hidden = !(playing && duration > 0);
  if (playing && position !== null) {
    setText($("lesson-clock-label"), t(phase === "paused" ? "lesson.paused_at" : "lesson.played"));
    setText($("lesson-clock"), duration > 0 ? `${mmss(position)} / ${mmss(duration)}` : mmss(position));
    if (duration > 0) bar.value = Math.min(1, position / duration);
    return;
  }
  const [label, text] = waiting(state, station, phase, countdown);
  setText($("lesson-clock-label"), label);
  setText($("lesson-clock"), text);
}

// waiting tells what the village waits for: the lamp, or a start.
function waiting(state, station, phase, countdown) {
  const cooling = Math.max(0, ...list(state.guard?.loads).map((l) => num(l?.cool_left_ms) ?? 0));
  if (phase === "cool_down") return [t("lesson.cooling"), cooling > 0 ? mmss(cooling + 999) : "--:--"];
  let left = countdown;
  if (!(left > 0)) left = Date.parse(station.next?.start) - Date.parse(station.now);
  if (!(left > 0)) return [t("lesson.to_start"), "--:--"];
  const days = Math.floor(left / 86400000);
  return [t("lesson.to_start"), days >= 2 ? t("time.days", { n: days }) : `T−${mmss(left + 999)}`];
}

function drawSteps(phase) {
  const box = $("steps");
  const at = steps.indexOf(phase === "paused" ? "playing" : phase);
  if (box.children.length === 0) {
    for (const name of steps) box.append(make("li", { data: { step: name } }, make("i", { "aria-hidden": "true" }), make("span")));
  }
  steps.forEach((name, i) => {
    const item = box.children[i];
    const shown = i === at && phase === "paused" ? "paused" : name;
    setText(item.lastChild, word("phase", shown));
    const state = i < at || phase === "done" ? "past" : i === at ? "now" : "ahead";
    if (item.dataset.state !== state) item.dataset.state = state;
    if (i === at) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

function drawPresent(state, station) {
  const members = list(state.panel?.members).length;
  const present = num(station.present) ?? (station.roll ? list(station.roll).length : null);
  setText($("present"), present === null ? t("value.unknown") : String(present));
  setText($("present-of"), members ? t("lesson.present_of", { n: members }) : "");
  drawRoll(list(station.roll).filter(Boolean));
}

function drawRoll(roll) {
  $("roll").hidden = roll.length === 0;
  const box = $("roll-names");
  const sign = roll.map((r) => `${r.number}${r.name}${r.at}`).join();
  if (box.dataset.sign === sign) return;
  box.dataset.sign = sign;
  box.replaceChildren(
    ...roll.map((r) => make("li", {}, make("b", {}, String(r.number ?? "")), ` ${r.name ?? ""} `, make("time", { datetime: r.at ?? "" }, clockOf(r.at)?.time.slice(0, 5) ?? ""))),
  );
}

function drawNeeds(state, station) {
  const box = $("needs");
  const seen = new Set();
  const needs = [...list(station.faults), ...list(state.faults)].filter((f) => {
    const id = `${f?.code}|${f?.text}`;
    return f && !seen.has(id) && seen.add(id);
  });
  const sign = needs.map((f) => `${f.code}|${f.text}|${f.hint}`).join("\n");
  if (box.dataset.sign === sign) return;
  box.dataset.sign = sign;
  box.hidden = needs.length === 0;
  box.replaceChildren(...needs.map((f) => make("li", {}, make("strong", {}, f.text || f.code), f.hint ? span("", f.hint) : "")));
}
