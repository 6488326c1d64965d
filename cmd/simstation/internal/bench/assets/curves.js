// The curves: the mains wave, the rms voltage and the power, on canvases that
// are sharp on any screen.

import { t } from "./i18n.js";
import { $, list, num } from "./dom.js";

const good = [190, 250];

// drawCurves paints all three from one state.
export function drawCurves(state) {
  const ink = colours();
  const wave = list(state.wave);
  const peak = wave.reduce((most, v) => Math.max(most, Math.abs(num(v) ?? 0)), 0);
  const top = peak > 400 ? 640 : 400;
  chart($("wave"), ink, {
    x: [0, 40], y: [-top, top], lines: top > 400 ? [-500, -311, 0, 311, 500] : [-311, 0, 311], marks: [0, 10, 20, 30, 40], unit: "ms",
    points: wave.map((v, i) => [(i * 40) / Math.max(1, wave.length - 1), num(v)]),
    colour: peak > 375 ? ink.bad : ink.volts,
  });

  const rms = list(state.rms).filter((p) => num(p?.t) !== null);
  const end = rms.length ? rms[rms.length - 1].t : 0;
  const back = (key) => rms.map((p) => [p.t - end, num(p[key])]);
  chart($("rms"), ink, {
    x: [-60, 0], y: [0, 420], lines: [0, 110, 220, 330], marks: [-60, -40, -20, 0], unit: "s", band: good, bandText: t("curve.good"),
    points: back("v"), colour: ink.volts,
  });
  const most = rms.reduce((m, p) => Math.max(m, num(p.w) ?? 0), 0);
  const full = Math.max(100, Math.ceil((most * 1.15) / 100) * 100);
  chart($("power"), ink, {
    x: [-60, 0], y: [0, full], lines: [0, full / 2, full], marks: [-60, -40, -20, 0], unit: "s", points: back("w"), colour: ink.watts, fill: true,
  });
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { text: of("--ink-2"), grid: of("--line"), volts: of("--volts"), watts: of("--watts"), good: of("--good-wash"), bad: of("--bad"), goodText: of("--good"), font: getComputedStyle(document.body).fontFamily };
}

function chart(canvas, ink, { x, y, lines, marks, unit, band, bandText, points, colour, fill }) {
  const { pen, w, h } = sharp(canvas);
  if (!pen) return;
  const box = { l: 40, r: w - 8, t: 8, b: h - 22 };
  const px = (v) => box.l + ((v - x[0]) / (x[1] - x[0])) * (box.r - box.l);
  const py = (v) => box.b - ((v - y[0]) / (y[1] - y[0])) * (box.b - box.t);
  pen.font = `12px ${ink.font}`;
  if (band) {
    pen.fillStyle = ink.good;
    pen.fillRect(box.l, py(band[1]), box.r - box.l, py(band[0]) - py(band[1]));
  }
  grid(pen, ink, box, lines, marks, px, py, unit);
  if (points.length === 0) {
    pen.fillStyle = ink.text;
    pen.textAlign = "center";
    pen.fillText(t("curve.empty"), (box.l + box.r) / 2, (box.t + box.b) / 2);
    return;
  }
  if (bandText) {
    pen.fillStyle = ink.goodText;
    pen.textAlign = "left";
    pen.fillText(bandText, box.l + 6, py(band[1]) - 4);
  }
  pen.save();
  pen.beginPath();
  pen.rect(box.l, box.t - 2, box.r - box.l, box.b - box.t + 3);
  pen.clip();
  curve(pen, points, px, py, colour, fill ? py(y[0]) : null);
  pen.restore();
}

function grid(pen, ink, box, lines, marks, px, py, unit) {
  pen.strokeStyle = ink.grid;
  pen.fillStyle = ink.text;
  pen.lineWidth = 1;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const v of lines) {
    const at = Math.round(py(v)) + 0.5;
    pen.beginPath();
    pen.moveTo(box.l, at);
    pen.lineTo(box.r, at);
    pen.stroke();
    pen.fillText(String(Math.round(v)), box.l - 6, at);
  }
  pen.textBaseline = "alphabetic";
  for (const v of marks) {
    pen.textAlign = v === marks[0] ? "left" : v === marks[marks.length - 1] ? "right" : "center";
    pen.fillText(v === marks[marks.length - 1] ? `${v} ${unit}` : String(v), px(v), box.b + 16);
  }
}

// curve draws points; a missing value is a gap, never a zero.
function curve(pen, points, px, py, colour, floor) {
  pen.lineJoin = "round";
  pen.lineWidth = 2;
  pen.strokeStyle = colour;
  for (const run of runs(points)) {
    pen.beginPath();
    run.forEach(([a, b], i) => (i ? pen.lineTo(px(a), py(b)) : pen.moveTo(px(a), py(b))));
    pen.stroke();
    if (floor === null || run.length < 2) continue;
    pen.lineTo(px(run[run.length - 1][0]), floor);
    pen.lineTo(px(run[0][0]), floor);
    pen.closePath();
    pen.globalAlpha = 0.16;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = 1;
  }
}

function runs(points) {
  const all = [];
  let run = [];
  for (const point of points) {
    if (point[1] !== null) {
      run.push(point);
      continue;
    }
    if (run.length) all.push(run);
    run = [];
  }
  return run.length ? [...all, run] : all;
}

// sharp makes the canvas as fine as the screen and clears it.
function sharp(canvas) {
  const w = canvas.clientWidth;
  const h = canvas.clientHeight;
  if (w < 80 || h < 40) return {};
  const ratio = window.devicePixelRatio || 1;
  const [full, tall] = [Math.round(w * ratio), Math.round(h * ratio)];
  if (canvas.width !== full || canvas.height !== tall) {
    canvas.width = full;
    canvas.height = tall;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, w, h);
  return { pen, w, h };
}
