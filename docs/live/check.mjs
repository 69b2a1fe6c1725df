// node check.mjs FOLDER MESSAGE...: what lesson.py answers to these messages in Pyodide under Node, one line of JSON each.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});
const folder = path.resolve(process.argv[2]);
const { loadPyodide } = createRequire(import.meta.url)(path.join(folder, "pyodide", "pyodide.js"));
const python = await loadPyodide({
  indexURL: path.join(folder, "pyodide") + path.sep, stdLibURL: path.join(folder, "stdlib.zip"),
});
python.unpackArchive(new Uint8Array(fs.readFileSync(path.join(folder, "site.zip"))), "zip");
python.FS.writeFile("lesson.py", fs.readFileSync(path.join(folder, "lesson.py"), "utf8"));
const { hear } = python.pyimport("lesson");
for (const message of process.argv.slice(3)) console.log(hear(message));
