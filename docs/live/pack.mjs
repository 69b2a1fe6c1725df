// node pack.mjs PARTS OUT WHEEL...: the archives of Python that the page loads, stdlib.zip and site.zip (what is in the
// wheels), compiled by the Python that will run them: to import source would take the page twice as long.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

process.on("uncaughtException", (error) => { // Node would print the line of Pyodide that it comes from: 1 MB
  console.error(error.message);
  process.exit(1);
});
const [parts, out, ...wheels] = process.argv.slice(2).map((name) => path.resolve(name));
const { loadPyodide } = await import(pathToFileURL(path.join(parts, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: parts + path.sep });
const pack = python.runPython(`
import py_compile
from pathlib import PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile

LEFT_OUT = {"tests", "include", "f2py", "distutils", "_pyinstaller"}  # of NumPy: what does not run
UNREAD = {".pyi", ".pxd", ".h", ".a"}

def pack(sources, target, left_out):
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for source in map(ZipFile, sources):
            for name in map(PurePosixPath, source.namelist()):
                if left_out and (LEFT_OUT & set(name.parts) or name.parts[0].endswith(".dist-info") or name.suffix in UNREAD):
                    continue
                content = source.read(str(name)) if name.suffix else None
                if name.suffix == ".py":
                    with open("/tmp/source.py", "wb") as file:
                        file.write(content)
                    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
                    py_compile.compile("/tmp/source.py", "/tmp/made.pyc", str(name), doraise=True, invalidation_mode=mode)
                    archive.write("/tmp/made.pyc", str(name) + "c")
                elif content is not None:
                    archive.writestr(str(name), content)
pack
`);
const given = (file) => {
  const name = `/tmp/${path.basename(file)}`;
  python.FS.writeFile(name, new Uint8Array(fs.readFileSync(file)));
  return name;
};
for (const [name, sources] of [["stdlib.zip", [path.join(parts, "python_stdlib.zip")]], ["site.zip", wheels]]) {
  pack(python.toPy(sources.map(given)), `/tmp/${name}`, name === "site.zip");
  fs.writeFileSync(path.join(out, name), python.FS.readFile(`/tmp/${name}`));
}
