// The classroom: what the screens show, how hot the lamp is, who has come.

import { t, word } from "./i18n.js";
import { $, clockOf, draw, flag, list, make, num, setText } from "./dom.js";
import { act } from "./wire.js";

const dark = new Set(["off", "standby"]);

// showing tells whether a display in this state can show our picture.
export const showing = (device) => !dark.has(device?.state ?? "off") && device?.ours !== false;

// drawRoom shows everything that stands in the classroom.
export function drawRoom(state) {
  setText($("banner"), state.station?.name || t("room.station"));
  drawDisplay("projector", state.projector, projectorBadges(state.projector ?? {}));
  drawDisplay("tv", state.tv, tvBadges(state.tv ?? {}));
  const beamer = $("beamer");
  beamer.dataset.state = state.projector?.state ?? "unknown";
  flag(beamer, "fan", state.projector?.fan === true);
  flag($("room"), "show", [state.projector, state.tv].some((d) => d?.state === "on"));
  drawWhy(state.station);
  drawSky(state);
  drawSeats(state);
}

// drawWhy tells why it is dark, in the words of the station: the cause to mend
// first, and what to do.
function drawWhy(station) {
  const cause = list(station?.why_dark)[0];
  const box = $("why");
  box.hidden = !cause?.text;
  if (box.hidden) return;
  box.dataset.code = cause.code ?? "";
  setText($("why-text"), cause.text);
  setText($("why-do"), cause.do ?? "");
}

function drawDisplay(id, device, badges) {
  const shown = device?.state ?? "unknown";
  const box = $(id);
  box.dataset.state = shown;
  const label = t(`room.${id}_shows`, { state: word("display", shown) });
  const canvas = $(`${id}-frame`);
  if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  const head = { text: `${t(`room.${id}`)} · ${word("display", shown)}`, look: `state-${shown}` };
  drawBadges($(`${id}-badges`), [head, ...badges]);
}

function drawBadges(box, badges) {
  const sign = badges.map((b) => `${b.look}|${b.text}`).join("\n");
  if (box.dataset.sign === sign) return;
  box.dataset.sign = sign;
  box.replaceChildren(...badges.map((b) => make("span", { class: `badge ${b.look ?? ""}` }, b.text)));
}

function projectorBadges(p) {
  const badges = [];
  const lamp = num(p.lamp_c);
  if (lamp !== null) badges.push({ text: t("room.lamp", { n: Math.round(lamp) }), look: lamp > 500 ? "hot" : lamp > 120 ? "warm" : "" });
  if (typeof p.fan === "boolean") badges.push({ text: t(p.fan ? "room.fan_on" : "room.fan_off") });
  const hours = num(p.lamp_hours);
  if (hours !== null) badges.push({ text: t("room.lamp_hours", { n: Math.round(hours) }) });
  if (num(p.hot_cuts) > 0) badges.push({ text: t("room.hot_cuts", { n: p.hot_cuts }), look: "bad" });
  if (num(p.hot_strikes) > 0) badges.push({ text: t("room.hot_strikes", { n: p.hot_strikes }), look: "bad" });
  return badges.concat(inputBadge(p), faultBadge(p));
}

function tvBadges(tv) {
  const badges = [];
  if (dark.has(tv.state)) return faultBadge(tv);
  if (tv.input) badges.push({ text: t("room.input", { what: String(tv.input).toUpperCase() }) });
  if (num(tv.volume) !== null) badges.push({ text: tv.mute ? t("room.mute") : t("room.volume", { n: tv.volume }) });
  return badges.concat(inputBadge(tv), faultBadge(tv));
}

// inputBadge tells that a display is at another input than ours.
function inputBadge(device) {
  return device.state === "on" && device.ours === false ? [{ text: t("room.other_input"), look: "bad" }] : [];
}

function faultBadge(device) {
  const fault = device.fault;
  return fault && fault !== "none" ? [{ text: word("kind", fault), look: "bad" }] : [];
}

// drawSky paints the window with the sky of the village's hour.
function drawSky(state) {
  const clock = clockOf(state.station?.now ?? state.now);
  const label = /^\d\d:\d\d/.exec(state.scenario?.label ?? "")?.[0];
  const [h, m] = (label ?? clock?.time ?? "10:00").split(":").map(Number);
  const hour = h + m / 60;
  const box = $("sky");
  const sign = Math.floor(hour * 4).toString();
  if (box.dataset.sign === sign) return;
  box.dataset.sign = sign;
  const time = hour < 5.5 || hour >= 19.5 ? "night" : hour < 7.5 || hour >= 17.5 ? "dusk" : "day";
  const along = time === "night" ? ((hour + 4.5) % 24) / 10 : (hour - 5.5) / 14;
  box.setAttribute("class", `sky ${time}`);
  box.replaceChildren(
    draw("rect", { class: "air", width: 120, height: 80 }),
    draw("circle", { class: "sun", cx: 10 + 100 * along, cy: 54 - 38 * Math.sin(Math.PI * along), r: 8 }),
    draw("path", { class: "hill far", d: "M0 62q18-20 36-8t34-10q20-8 50 14v22H0z" }),
    draw("path", { class: "hill near", d: "M0 72q30-16 60-4t60-6v18H0z" }),
    draw("path", { class: "tree", d: "M96 70v-12M96 42c9 2 11 14 0 18c-11-4-9-16 0-18" }),
  );
}

let seatsSign = "";

function drawSeats(state) {
  const members = list(state.panel?.members).filter((m) => num(m?.number) !== null);
  const box = $("seats");
  const sign = document.documentElement.lang + members.map((m) => `${m.number}${m.name}`).join();
  if (sign !== seatsSign || box.children.length === 0) {
    seatsSign = sign;
    box.replaceChildren(...(members.length ? members.map(seat) : [make("li", { class: "empty" }, t("room.no_villagers"))]));
  }
  const here = new Set(list(state.station?.roll).map((r) => r?.number));
  members.forEach((m, i) => {
    const button = box.children[i].firstChild;
    const present = here.has(m.number);
    flag(button, "here", present);
    const words = t(present ? "room.seat_present" : "room.seat_absent");
    const label = t("room.seat", { n: m.number, name: m.name ?? "", state: words });
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  });
}

function seat(member) {
  const button = make(
    "button",
    { type: "button", class: "seat", data: { number: member.number, cloth: member.number % 6 } },
    draw(
      "svg",
      { viewBox: "0 0 64 69", "aria-hidden": "true" },
      draw("path", { class: "stool", d: "M12 57h40M19 57v10M45 57v10" }),
      draw("path", { class: "body", d: "M8 55c0-20 8-28 24-28s24 8 24 28z" }),
      draw("circle", { class: "head", cx: 32, cy: 15, r: 12 }),
      draw("text", { x: 32, y: 49 }, String(member.number)),
    ),
    make("span", {}, member.name ?? ""),
  );
  button.addEventListener("click", () => act(`press ${member.number}`));
  return make("li", {}, button);
}
