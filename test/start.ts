// `npm start`: a relay, an edge and a small plant on this machine, a site with its people, and what to paste next. Everything is made by the
// same commands that people use; state lies under .sallyport/ (one folder a run) and goes at the end. Ctrl-C ends it.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPlant, type Plant } from "./plant/plant.ts";
import { startInstallation, type Installation, type Person } from "./support/installation.ts";
import { plantTargets } from "./support/plant-targets.ts";
import { nodePath } from "./support/process.ts";

const root = join(import.meta.dirname, "..");
const bin = join(root, ".sallyport");
const commandFile = join(root, "broker/command/sallyport.mjs");

const tell = (text: string): void => void process.stdout.write(`${text}\n`);

// Ctrl-C before everything stands ends at once; the plant's and the installation's processes end with this one.
const stopped = Promise.withResolvers<void>();
let isUp = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (!isUp) process.exit(130);
    stopped.resolve();
  });
}

tell("sallyport: starting a plant (an SSH server, a press behind Modbus TCP) …");
await using plant = await startPlant();
tell(
  "sallyport: starting a relay and an edge; making a site, its owner, an approver and a vendor …",
);
await using installation = await startInstallation(plantTargets(plant));
mkdirSync(bin, { recursive: true });
writeWrapper(installation.owner, "owner");
writeWrapper(installation.approver, "manager");
writeWrapper(installation.vendor, "vendor");
writeAuthenticator(installation.vendor);
isUp = true;
tell(instructions(installation, plant));
await stopped.promise;
tell("sallyport: ending …");
rmSync(bin, { recursive: true, force: true });

/** `.sallyport/NAME ARGS` is `sallyport ARGS` as that person. */
function writeWrapper(person: Person, name: string): void {
  const file = join(bin, name);
  const exports = Object.entries(person.env).map(([key, value]) => `export ${key}='${value}'`);
  writeFileSync(
    file,
    `#!/bin/sh\n# sallyport as ${person.id}.\n${exports.join("\n")}\nexec '${nodePath}' '${commandFile}' "$@"\n`,
  );
  chmodSync(file, 0o755);
}

/** What the vendor's phone would show. */
function writeAuthenticator(person: Person): void {
  const file = join(bin, "authenticator");
  writeFileSync(
    file,
    `#!/bin/sh\n# The six digits that ${person.id}'s authenticator app shows now.\nexec oathtool --totp -b '${person.totpSecret ?? ""}'\n`,
  );
  chmodSync(file, 0o700);
}

function instructions({ relay, site }: Installation, { modbus }: Plant): string {
  return `
A relay (${relay.url}), an edge and two devices run on this machine.
Site ${site}.

Stand on a device's prompt; in a second terminal, in this folder, as the vendor:

  .sallyport/vendor request press-hmi press-plc --minutes 15 --reason "look at the press" --wait --code $(.sallyport/authenticator)

It waits. In a third terminal, as the manager, read the question and answer it:

  .sallyport/manager approve

The vendor's terminal now shows what can be reached, and holds the session. Back in the third terminal, as the vendor:

  .sallyport/vendor ssh press-hmi                      a shell on the device; its password stays on the edge
  .sallyport/vendor ssh press-hmi -- uname -a          one command
  mbpoll -m tcp -p ${modbus.port} -a 1 -r 1 -c 4 -1 127.…   the press's registers, at press-plc's address in the vendor's terminal

The manager can watch, extend --by 5, end and lockdown; the owner: .sallyport/owner recordings, play, export --out evidence.tar, verify.
Every verb: .sallyport/vendor --help

Ctrl-C ends everything and removes it.`;
}
