#!/usr/bin/env node
// Starts `sallyport`. Plain JavaScript that runs on any Node ≥ 20: hands over to the pinned Node 26 if this one is older, turns the compile
// cache on before the first TypeScript file is read (type stripping then costs nothing from the second start on), and imports one program:
// `sallyport relay` is the relay's own, everything else the command's. The two share no code but shared/.
import { spawn } from "node:child_process";
import * as modules from "node:module"; // enableCompileCache is not there before 22.8
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";

const neededMajor = 26;

if (Number.parseInt(process.versions.node, 10) >= neededMajor) {
  modules.enableCompileCache();
  // Otherwise every 64 MB that pass through buffers cost a collection of the whole heap, however little of it is garbage.
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  const isRelay = process.argv[2] === "relay";
  if (isRelay) process.argv.splice(2, 1);
  const program = isRelay ? "../relay/main.ts" : "./main.ts";
  await import(new URL(program, import.meta.url).href);
} else {
  handOver(pinnedNode());
}

/** The Node binary that the project's lockfile pins for this machine. */
function pinnedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    return join(
      dirname(modules.createRequire(import.meta.url).resolve(`${name}/package.json`)),
      "bin",
      "node",
    );
  } catch {
    process.stderr.write(
      `sallyport: error: node ${process.versions.node} is too old, expected ${neededMajor} or newer, and "${name}" is not installed\n` +
        "sallyport: hint: run `npm install` in sallyport's folder, or start it with a newer node\n",
    );
    process.exit(78);
  }
}

// The child shares terminal and process group; signals sent to this process alone are passed on, and its end becomes ours.
function handOver(node) {
  const child = spawn(node, [import.meta.filename ?? process.argv[1], ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => signal === "SIGINT" || child.kill(signal));
  }
  child.on("error", (error) => {
    process.stderr.write(`sallyport: error: "${node}" cannot be started: ${error.message}\n`);
    process.exit(78);
  });
  child.on("exit", (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal === "SIGINT" ? "SIGKILL" : signal);
    process.exit(code ?? 1);
  });
}
