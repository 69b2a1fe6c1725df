// The page: draws what the worker tells, and tells it what buttons, sliders, mouse and keys say.
"use strict";

const $ = (id) => document.getElementById(id);
const COLOURS = { // of Okabe and Ito; backprop is as dark as the words
  backprop: null, "feedback-alignment": "#009e73", "sign-symmetry": "#d55e00", shallow: "#8f8f8f", "flipped-signs": "#cc79a7",
};
const DASHES = { backprop: [], "feedback-alignment": [], "sign-symmetry": [7, 3], shallow: [2, 3], "flipped-signs": [7, 3, 2, 3] };
const ABOUT = {
  backprop: "The error goes back through the transposed weights: each synapse would have to know another's weight.",
  "feedback-alignment": "The error goes back through a fixed random matrix B. The weights turn towards it, and so B comes to teach.",
  "sign-symmetry": "The error goes back through the signs of the weights alone, all of one size.",
  shallow: "Only the output layer learns. Nothing is sent back, and the hidden units stay as they began.",
  "flipped-signs": "Every sign is the wrong one: what is sent back teaches the opposite. The control that must fail.",
};
const SLIDERS = {
  scale: [(x) => 10 ** x * 2.5, (x) => x.toFixed(2)], // 0.5 in the middle
  hidden_rate: [(x) => 10 ** x, (x) => `× ${x.toPrecision(2)}`],
  output_rate: [(x) => 10 ** x, (x) => `× ${x.toPrecision(2)}`],
  hidden: [Number, (x) => `${x}`],
  field: [Number, (x) => `${x} N s/m`],
  noise: [Number, (x) => `${Math.round(100 * x)} %`],
  delay: [Number, (x) => `${Math.round(1000 * x)} ms`],
};

const worker = new Worker("worker.js");
const send = (message) => worker.postMessage(message);
const answers = []; // of those who wait for "trained"
let drawer = null, frame = null, ready = false, started = false, curves = [], feedback = [], target = null, hand = null, wandering = true, began = 0;

// what the worker tells

worker.onmessage = ({ data }) => {
  if (data.loading) say(`${data.loading} are being loaded …`);
  if (data.ready !== undefined) {
    ready = true;
    say("");
    start();
  }
  if (data.started) {
    started = true;
    drawer = new SceneDrawer($("arm"), data.started.backdrop);
    frame = data.scene;
    paint();
  }
  if (data.frame && started) hearFrame(data.frame);
  if (data.trained) answers.shift()(data.trained);
  if (data.failed) {
    say(data.failed);
    $("status").classList.add("failed");
  }
};

function hearFrame(news) {
  frame = news.scene;
  hand = news.hand;
  window.firstMotion ??= performance.now();
  if (news.told) say(news.told);
  if (news.point) {
    const curve = curves[curves.length - 1];
    if (curve) curve.points.push(news.point);
    feedback = news.feedback;
    $("nse").textContent = news.point.nse.toPrecision(2);
    $("angle").textContent = news.point.angle === null ? "none" : `${Math.round(news.point.angle)}°`;
    say(`${news.updates.toLocaleString("en")} updates of 32 examples`);
    paintCurves();
    paintFeedback();
  }
  wander();
  requestAnimationFrame(paint);
}

function say(words) {
  if ($("status").textContent !== words) $("status").textContent = words;
}

// what is told to the worker

function choices() {
  const said = { rule: document.querySelector("input[name=rule]:checked").value };
  for (const [name, [value]] of Object.entries(SLIDERS)) said[name] = value(Number($(name).value));
  return said;
}

function start() {
  if (!ready) return;
  started = false; // frames that are still on their way are of the lesson before
  const said = choices();
  curves = [...curves.filter((curve) => curve.rule !== said.rule), { rule: said.rule, points: [] }];
  legend();
  $("pause").setAttribute("aria-pressed", "false");
  $("pause").textContent = "Pause learning";
  send({ do: "start", ...said });
  send({ do: "learn", on: true });
  if (target) send({ do: "target", place: target });
}

function toPlace(place) {
  target = place;
  send({ do: "target", place });
}

// Before anybody leads it, the target goes around by itself, so that there is something to see.
function wander() {
  if (!wandering || !drawer) return;
  const second = performance.now() / 1000;
  began = began || second;
  const corner = Math.floor((second - began) / 1.5) % 6;
  const around = (corner * 4 * Math.PI) / 6 + (corner >= 3 ? Math.PI / 3 : 0);
  toPlace([drawer.middle[0] + 0.11 * Math.cos(around), drawer.middle[1] + 0.11 * Math.sin(around)]);
}

function lead(event) {
  if (!drawer) return;
  wandering = false;
  const box = $("arm").getBoundingClientRect();
  toPlace(drawer.place((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
$("arm").addEventListener("pointermove", lead);
$("arm").addEventListener("pointerdown", lead);
$("arm").addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !drawer) return;
  event.preventDefault();
  wandering = false;
  const [x, y] = target || drawer.middle;
  toPlace([x + 0.02 * step[0], y + 0.02 * step[1]]);
});

function told(slider) {
  const [value, words] = SLIDERS[slider.id];
  const now = words(value(Number(slider.value)));
  slider.parentElement.querySelector("output").textContent = now;
  slider.setAttribute("aria-valuetext", now);
}

for (const name of Object.keys(SLIDERS)) {
  told($(name));
  $(name).addEventListener("input", () => told($(name)));
  $(name).addEventListener("change", () => {
    if (name === "hidden") start();
    else send({ do: "change", ...choices() });
  });
}
for (const input of document.querySelectorAll("input[name=rule]")) {
  input.addEventListener("change", () => {
    about();
    start();
  });
}
$("again").addEventListener("click", start);
$("pause").addEventListener("click", () => {
  const paused = $("pause").getAttribute("aria-pressed") !== "true";
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Go on learning" : "Pause learning";
  send({ do: "learn", on: !paused });
});
$("flip-tenth").addEventListener("click", () => send({ do: "flip-share", share: 0.1 }));
$("flip-all").addEventListener("click", () => send({ do: "flip-share", share: 1 }));

function about() {
  const { rule } = choices();
  $("about").textContent = ABOUT[rule];
  const random = rule === "feedback-alignment";
  $("flip-tenth").disabled = $("flip-all").disabled = !random;
  $("scale").disabled = !["feedback-alignment", "sign-symmetry", "flipped-signs"].includes(rule);
  $("b-note").textContent = random
    ? "Six synapses for each hidden unit. Click one to turn its sign."
    : { shallow: "This rule sends nothing back." }[rule] || "What stands in the place of B: it follows from the weights, so it cannot be turned here.";
  $("b").style.cursor = random ? "pointer" : "default";
}
about();

// pictures

function paint() {
  if (drawer && frame) drawer.draw(frame);
}

function fitted(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const [width, tall] = [canvas.clientWidth, height ?? canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(tall * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return [context, width, tall];
}

function theme(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const short = (n) => (n >= 1000 ? `${+(n / 1000).toPrecision(2)}k` : `${n}`);

function plot(canvas, read, ticks, words, low, high) {
  const [context, width, tall] = fitted(canvas);
  const [left, right, top, bottom] = [38, 8, 8, 20];
  const longest = Math.max(200, ...curves.flatMap((curve) => curve.points.map((point) => point.updates)));
  const x = (updates) => left + ((width - left - right) * updates) / longest;
  const y = (value) => tall - bottom - ((tall - top - bottom) * (value - low)) / (high - low);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const tick of ticks) {
    context.strokeStyle = theme("--line");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, y(tick));
    context.lineTo(width - right, y(tick));
    context.stroke();
    context.fillStyle = theme("--faint");
    context.textAlign = "right";
    context.fillText(words(tick), left - 5, y(tick));
  }
  context.textAlign = "left";
  context.fillText("0", left, tall - 9);
  context.textAlign = "right";
  context.fillText(`${short(longest)} updates`, width - right, tall - 9);
  curves.forEach((curve, number) => {
    context.strokeStyle = COLOURS[curve.rule] || theme("--ink");
    context.setLineDash(DASHES[curve.rule]);
    context.lineWidth = number === curves.length - 1 ? 2.5 : 1.5;
    context.beginPath();
    let pen = false;
    for (const point of curve.points) {
      const value = read(point);
      if (value === null) continue;
      const place = [x(point.updates), y(Math.min(high, Math.max(low, value)))];
      if (pen) context.lineTo(...place);
      else context.moveTo(...place);
      pen = true;
    }
    context.stroke();
  });
  context.setLineDash([]);
}

function legend() {
  $("legend").replaceChildren(...curves.map(({ rule }) => {
    const entry = document.createElement("li");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    line.setAttribute("viewBox", "0 0 26 8");
    line.innerHTML = `<path d="M0 4H26" stroke="${COLOURS[rule] || "currentColor"}" stroke-width="2.5" stroke-dasharray="${DASHES[rule]}"/>`;
    entry.append(line, rule.replace("-", " "));
    return entry;
  }));
}

function paintCurves() {
  plot($("errors"), (p) => Math.log10(p.nse), [-3, -2, -1, 0], (t) => `${10 ** t}`, -3, 0.3);
  plot($("angles"), (p) => p.angle, [0, 45, 90, 135, 180], (t) => `${t}°`, 0, 180);
}

// B in rows of as many hidden units as there is room for; each unit is a column of six.
function grid() {
  const units = feedback.length;
  const width = $("b").clientWidth;
  const across = Math.min(units, Math.max(20, Math.floor(width / 9)));
  const rows = Math.ceil(units / across);
  return { units, across, rows, cell: width / across, gap: 4 };
}

function paintFeedback() {
  if (!feedback.length) {
    $("b").style.display = "none";
    return;
  }
  $("b").style.display = "block";
  const { across, rows, cell, gap } = grid();
  const outputs = feedback[0].length;
  const tall = rows * (outputs * cell + gap) - gap;
  $("b").style.height = `${tall}px`;
  const [context] = fitted($("b"), tall);
  feedback.forEach((weights, unit) => {
    const left = (unit % across) * cell;
    const top = Math.floor(unit / across) * (outputs * cell + gap);
    weights.forEach((weight, output) => {
      context.fillStyle = weight < 0 ? `rgba(230, 159, 0, ${-weight / 100})` : `rgba(0, 114, 178, ${weight / 100})`;
      context.fillRect(left, top + output * cell, cell - 1, cell - 1);
    });
  });
}

$("b").addEventListener("click", (event) => {
  if (!feedback.length) return;
  const { units, across, cell, gap } = grid();
  const outputs = feedback[0].length;
  const box = $("b").getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top) / (outputs * cell + gap));
  const unit = row * across + Math.floor((event.clientX - box.left) / cell);
  const output = Math.floor((event.clientY - box.top - row * (outputs * cell + gap)) / cell);
  if (unit >= units || output >= outputs) return;
  feedback[unit][output] *= -1;
  paintFeedback();
  send({ do: "flip", unit, output });
});

function repaint() {
  paint();
  paintCurves();
  paintFeedback();
}
addEventListener("resize", repaint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
document.addEventListener("visibilitychange", () => worker.postMessage({ visible: !document.hidden }));

// For tests: how far the hand is from the target, m; the errors of so many updates with a seed, as NumPy outside of the browser gives them.
window.distance = () => Math.hypot(...[0, 1].map((i) => hand[i] - target[i]));
window.trainInPage = (updates, chosen = {}) => new Promise((resolve) => {
  answers.push(resolve);
  send({ do: "train", updates, ...chosen });
});

fetch("first.json").then((answer) => answer.json()).then((first) => {
  if (frame) return;
  drawer = new SceneDrawer($("arm"), first.backdrop);
  frame = first.scene;
  paint();
}).catch(() => {});
paintCurves();
