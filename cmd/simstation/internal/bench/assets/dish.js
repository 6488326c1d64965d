// The dish: how it really stands, what it receives, and everything a hand or the weather
// can do to it.

import { t } from "./i18n.js";
import { $, fixed, list, make, num, setText } from "./dom.js";
import { act, steady } from "./wire.js";

// Where a hand can turn the dish, seen from behind.
const turns = [
  ["dish.left", "dish az -0.5"],
  ["dish.right", "dish az +0.5"],
  ["dish.up", "dish el +0.5"],
  ["dish.down", "dish el -0.5"],
  ["dish.skew_counter", "dish skew -10"],
  ["dish.skew_clockwise", "dish skew +10"],
  ["dish.storm", "dish az +7 el -4"],
  ["dish.align", "villager align"],
  ["dish.cable_out", "cable out"],
  ["dish.cable_in", "cable in"],
];

const weather = [
  ["rain", 20, 0.5, "dB"],
  ["tree", 15, 0.5, "dB"],
  ["sun", 15, 0.5, "dB"],
  ["wind", 2, 0.1, "°"],
  ["sink", 5, 0.1, "°"],
];
const sinksTo = 90; // degrees: the azimuth of the soft side of the ground

const dragged = new Map(); // slider -> when a hand last moved it
const rest = 1200; // ms that a hand has the last word

// buildDish makes the parts that never change.
export function buildDish() {
  for (const [text, line] of turns) {
    const button = make("button", { type: "button", data: { text } });
    button.addEventListener("click", () => act(line));
    $("dish-turns").append(button);
  }
  for (const [name, most, by, unit] of weather) $("dish-weather").append(slider(name, most, by, unit));
}

function slider(name, most, by, unit) {
  const id = `dish-${name}`;
  const input = make("input", { type: "range", id, min: 0, max: most, step: by, value: 0, data: { unit } });
  const label = make("label", { for: id, data: { text: `dish.${name}` } });
  const send = steady(150);
  input.addEventListener("input", () => {
    dragged.set(name, Date.now());
    show(input);
    send(name === "sink" ? `sink ${input.value} ${sinksTo}` : `${name} ${input.value}`);
  });
  return make("div", { class: "slider" }, label, make("output", { id: `${id}-out`, for: id }), input);
}

function show(input) {
  const text = fixed(Number(input.value), 1, input.dataset.unit);
  setText($(`${input.id}-out`), text);
  input.setAttribute("aria-valuetext", text);
}

// labelDish writes the labels in the current language.
export function labelDish() {
  for (const e of $("dish").querySelectorAll("[data-text]")) setText(e, t(e.dataset.text));
}

// drawDish brings the card to what the bench says.
export function drawDish(state) {
  const dish = state.dish ?? {};
  const chip = $("dish-signal");
  const heard = num(dish.cnr_db) !== null;
  chip.dataset.look = !heard || dish.ours === false ? "bad" : dish.cnr_db < 8 ? "warn" : "good";
  if (dish.plugged === undefined) chip.dataset.look = "";
  let said = t("dish.nothing");
  if (heard) said = t(dish.ours ? "dish.hears" : "dish.wrong", { name: dish.satellite ?? "?", cnr: fixed(dish.cnr_db, 1, "dB") });
  if (dish.plugged === false) said = t("dish.pulled");
  if (dish.plugged === undefined) said = t("value.unknown");
  setText(chip, said);
  const figures = [
    [t("dish.azimuth"), fixed(dish.az_deg, 2, "°")],
    [t("dish.elevation"), fixed(dish.el_deg, 2, "°")],
    [t("dish.roll"), fixed(dish.roll_deg, 2, "°")],
    [t("dish.off"), fixed(dish.off_deg, 3, "°")],
    [t("dish.off_right"), fixed(dish.off_right_deg, 2, "°")],
    [t("dish.off_up"), fixed(dish.off_up_deg, 2, "°")],
    [t("dish.skew"), fixed(dish.skew_off_deg, 1, "°")],
  ];
  const box = $("dish-figures");
  if (box.children.length !== 2 * figures.length) box.replaceChildren(...figures.flatMap(() => [make("dt"), make("dd")]));
  figures.forEach(([name, value], i) => {
    setText(box.children[2 * i], name);
    setText(box.children[2 * i + 1], value);
  });
  for (const [name] of weather) {
    const input = $(`dish-${name}`);
    const value = num(dish[name === "sink" ? "sunk_deg" : name]);
    if (value !== null && Date.now() - (dragged.get(name) ?? 0) > rest && Number(input.value) !== value) input.value = value;
    show(input);
  }
  drawSky(list(dish.sky), dish);
}

// drawSky marks the satellites and the beam as they stand to each other, seen from behind.
function drawSky(birds, dish) {
  const scale = 8; // px a degree
  const marks = birds.map((b) => {
    const x = -b.right_deg * scale;
    const y = b.up_deg * scale;
    return `<circle class="${b.ours ? "ours" : "other"}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4"/>`;
  });
  const beam = num(dish.beam_deg) === null ? 0 : (dish.beam_deg / 2) * scale;
  const picture = `<circle class="lobe" r="${beam.toFixed(1)}"/><path class="cross" d="M-3 0H3M0 -3V3"/>${marks.join("")}`;
  const sky = $("dish-sky");
  if (sky.dataset.picture === picture) return;
  sky.dataset.picture = picture;
  sky.innerHTML = picture;
}
