// Python in a worker: Pyodide, NumPy, armfa and lesson.py. Between two slices of its work it hears the page.
"use strict";

let python, hear, running = false, seen = true, smallest = 0;
const here = (name) => new URL(name, location.href).href;
const tell = (message) => postMessage(message);
const ask = (message) => JSON.parse(hear(JSON.stringify(message)));

async function load() {
  const began = performance.now();
  const [site, lesson] = [fetch("site.zip"), fetch("lesson.py")]; // beside Pyodide's own files
  importScripts("pyodide/pyodide.js");
  python = await loadPyodide({ indexURL: here("pyodide/"), stdLibURL: here("stdlib.zip") });
  tell({ loading: "NumPy and armfa" });
  python.unpackArchive(await (await site).arrayBuffer(), "zip");
  python.FS.writeFile("lesson.py", await (await lesson).text());
  hear = python.pyimport("lesson").hear;
  tell({ ready: (performance.now() - began) / 1000 });
}

// Slices follow each other as long as the lesson runs; messages come in between.
const gap = new MessageChannel();
gap.port1.onmessage = () => {
  if (!running || !seen) return;
  const began = performance.now();
  try {
    tell({ frame: ask({ do: "slice", now: began / 1000, share: 0.04 }) });
  } catch (error) {
    running = false;
    tell({ failed: String(error.message) });
    return;
  }
  const left = Math.max(0, smallest - (performance.now() - began));
  if (left) setTimeout(() => gap.port2.postMessage(0), left);
  else gap.port2.postMessage(0);
};

onmessage = ({ data }) => {
  if ("visible" in data) { // a page that nobody sees rests
    if (data.visible && !seen) gap.port2.postMessage(0);
    seen = data.visible;
    return;
  }
  if (!hear) return;
  try {
    const answer = ask(data);
    if (Object.keys(answer).length) tell(answer);
    if (data.do === "learn") smallest = data.on ? 0 : 33; // ms: an arm that does not learn leaves the processor in peace
    if (data.do === "start" && !running) {
      running = true;
      gap.port2.postMessage(0);
    }
  } catch (error) {
    tell({ failed: String(error.message) });
  }
};

load().catch((error) => tell({ failed: `Python could not be loaded: ${error.message}` }));
