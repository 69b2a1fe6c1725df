// Plays a recording that armfa/commands/replaying.py has made.
"use strict";

const $ = (id) => document.getElementById(id);
const recording = JSON.parse($("recording").textContent);
const { frames, hand, muscles, hidden } = recording;
const drawer = new SceneDrawer($("arm"), recording.backdrop);
let at = 0, playing = false, since = 0, from = 0;

// Pictures that stay the same are drawn once, and only the line of the moment anew.
const still = new Map();

function theme(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function panel(id, tall, picture, moment) {
  const canvas = $(id);
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = tall ?? canvas.clientHeight;
  if (!still.has(id)) {
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    picture(context, width, height);
    still.set(id, copy);
  }
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(still.get(id), 0, 0);
  context.scale(ratio, ratio);
  moment(context, width, height);
}

const LEFT = 104; // pixels, of names
const across = (width, frame) => LEFT + ((width - LEFT - 6) * frame) / Math.max(1, frames.length - 1);

function now(context, width, height) {
  context.fillStyle = theme("--ink");
  context.fillRect(across(width, at) - 0.75, 0, 1.5, height);
}

function place(width, height) {
  const [xs, ys] = [0, 1].map((i) => hand.map((point) => point[i]));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((width - 30) / Math.max(right - left, 1), (height - 30) / Math.max(high - low, 1));
  return ([x, y]) => [width / 2 + (x - (left + right) / 2) * scale, height / 2 - (y - (low + high) / 2) * scale];
}

function paintPath() {
  panel("path", null, (context, width, height) => {
    const to = place(width, height);
    context.strokeStyle = theme("--trail");
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    hand.forEach((point) => context.lineTo(...to(point)));
    context.stroke();
  }, (context, width, height) => {
    context.fillStyle = theme("--ink");
    context.beginPath();
    context.arc(...place(width, height)(hand[at]), 5, 0, 2 * Math.PI);
    context.fill();
  });
}

function paintMuscles() {
  const row = 30;
  panel("muscles", muscles.length * row, (context, width) => {
    muscles.forEach(({ name, color, percent }, number) => {
      const [top, bottom] = [number * row + 4, (number + 1) * row - 3];
      context.fillStyle = theme("--ink");
      context.fillText(name, 6, (top + bottom) / 2, LEFT - 12);
      context.fillStyle = color;
      const low = Math.min(0, ...percent);
      const y = (value) => bottom - ((bottom - top) * (value - low)) / (100 - low);
      context.beginPath();
      context.moveTo(across(width, 0), y(0));
      percent.forEach((value, frame) => context.lineTo(across(width, frame), y(value)));
      context.lineTo(across(width, frames.length - 1), y(0));
      context.fill();
    });
  }, now);
}

function paintHidden() {
  panel("hidden", 220, (context, width, height) => {
    const units = hidden.angle.length;
    if (!units) return;
    const bytes = atob(hidden.rates);
    const image = new ImageData(frames.length, units);
    for (let unit = 0; unit < units; unit++) {
      for (let frame = 0; frame < frames.length; frame++) {
        const share = bytes.charCodeAt((units - 1 - unit) * frames.length + frame) / 255;
        const pixel = 4 * (unit * frames.length + frame); // from dark blue to pale yellow, as dark and bright as the rate
        image.data.set([20 + 235 * share, 25 + 215 * share, 75 + 75 * share, 255], pixel);
      }
    }
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [frames.length, units];
    copy.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(copy, LEFT, 0, width - LEFT - 6, height);
    context.fillStyle = theme("--faint");
    context.textAlign = "right";
    for (const angle of [135, 90, 45, 0, -45, -90, -135]) {
      const below = hidden.angle.filter((each) => each < angle).length;
      context.fillText(`${angle}°`, LEFT - 6, Math.min(height - 8, Math.max(8, height * (1 - below / units))));
    }
  }, (context, width, height) => {
    context.fillStyle = "#ffffff";
    context.fillRect(across(width, at) - 1.5, 0, 3, height);
    context.fillStyle = "#d55e00";
    context.fillRect(across(width, at) - 0.75, 0, 1.5, height);
  });
}

function show(frame) {
  at = Math.max(0, Math.min(frames.length - 1, frame));
  const seconds = `${(at / recording.frames_per_second).toFixed(2)} s`;
  $("at").value = at;
  $("at").setAttribute("aria-valuetext", seconds);
  $("time").textContent = seconds;
  drawer.draw(frames[at]);
  paintPath();
  paintMuscles();
  paintHidden();
}

function play(on) {
  playing = on && frames.length > 1;
  $("play").textContent = playing ? "Stop" : "Play";
  if (!playing) return;
  from = at === frames.length - 1 ? 0 : at;
  since = performance.now();
  requestAnimationFrame(tick);
}

function tick(time) {
  if (!playing) return;
  const frame = from + Math.floor(((time - since) / 1000) * recording.frames_per_second * Number($("speed").value));
  if (frame !== at) show(frame);
  if (at === frames.length - 1) play(false);
  else requestAnimationFrame(tick);
}

$("at").max = frames.length - 1;
$("at").addEventListener("input", () => {
  play(false);
  show(Number($("at").value));
});
$("play").addEventListener("click", () => play(!playing));
$("speed").addEventListener("change", () => playing && play(true));
for (const id of ["muscles", "hidden"]) {
  $(id).addEventListener("click", (event) => {
    const share = (event.offsetX - LEFT) / ($(id).clientWidth - LEFT - 6);
    play(false);
    show(Math.round(share * (frames.length - 1)));
  });
}
addEventListener("keydown", (event) => {
  if (["SELECT", "BUTTON", "INPUT"].includes(event.target.tagName)) return;
  if (event.key === " ") play(!playing);
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") show(at + (event.key === "ArrowLeft" ? -1 : 1));
  else return;
  event.preventDefault();
});
function repaint() {
  still.clear();
  show(at);
}
addEventListener("resize", repaint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
show(0);
