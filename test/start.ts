// `npm start`: a relay, an edge and a small plant on this machine, a site with its people, and what to paste next. Everything is made by the
// same commands that people use; state lies under .sallyport/ (one folder a run) and goes at the end. Ctrl-C ends it.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPanels, type Panels } from "./plant/panels.ts";
import { startPlant, type Plant } from "./plant/plant.ts";
import { startInstallation, type Installation, type Person } from "./support/installation.ts";
import { panelTargets, plantTargets } from "./support/plant-targets.ts";
import { nodePath } from "./support/process.ts";
import { serverKeyHashes } from "./support/certificates.ts";

const root = join(import.meta.dirname, "..");
const acceptPollMs = 4_000;
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

tell("sallyport: starting a plant (an SSH server; a press behind Modbus TCP with its panels) …");
await using plant = await startPlant();
await using panels = await startPanels(plant.modbus.port);
tell(
  "sallyport: starting a relay and an edge; making a site, its owner, an approver and a vendor …",
);
await using installation = await startInstallation(
  [...plantTargets(plant), ...panelTargets(panels)],
  { signingPage: true },
);
mkdirSync(bin, { recursive: true });
writeWrapper(installation.owner, "owner");
writeWrapper(installation.approver, "manager");
writeWrapper(installation.vendor, "vendor");
writeAuthenticator(installation.vendor);
writeBrowser(await serverKeyHashes(new URL(installation.relay.url)));
const links = {
  vendor: await invite("vic", "Vic Wolf", "vendor"),
  manager: await invite("mia", "Mia Berg", "approver"),
  owner: await invite("olga", "Olga Stein", "owner"),
};
isUp = true;
tell(instructions(installation, plant, panels, links));
const accepting = acceptNewcomers();
await stopped.promise;
await accepting;
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

/** `.sallyport/browser NAME LINK` opens a browser with a profile of its own that knows the relay's certificate. */
function writeBrowser(keyHash: string): void {
  const file = join(bin, "browser");
  writeFileSync(
    file,
    `#!/bin/sh
# Opens a link in Chromium, one profile for each NAME: browser NAME LINK
name=\${1:?browser NAME LINK} link=\${2:?browser NAME LINK}
for program in chromium chromium-browser google-chrome; do
  if command -v "$program" >/dev/null; then
    exec "$program" --user-data-dir='${bin}'/profile-"$name" --ignore-certificate-errors-spki-list=${keyHash} --no-first-run "$link"
  fi
done
echo "no Chromium on this machine: open the link in any browser, and go on where it warns of the certificate" >&2
exit 1
`,
  );
  chmodSync(file, 0o755);
}

async function invite(id: string, name: string, role: string): Promise<string> {
  const { link } = await installation.owner.ask<{ link: string }>(
    "invite",
    id,
    "--name",
    name,
    "--role",
    role,
  );
  return link;
}

/** The demonstration's owner accepts whoever answers a link, because nobody sits at the owner's place. */
async function acceptNewcomers(): Promise<void> {
  const { owner } = installation;
  let isOver = false;
  void stopped.promise.then(() => (isOver = true));
  while (!isOver) {
    const { stdout } = await owner.run(["accept", "--list", "--json"]);
    if (stdout.includes('"who"')) await owner.run(["accept", "--yes"]);
    await Promise.race([stopped.promise, sleep(acceptPollMs, undefined, { ref: false })]);
  }
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

function instructions(
  { relay, site }: Installation,
  { modbus }: Plant,
  { vnc, web, rdp }: Panels,
  links: Readonly<Record<"vendor" | "manager" | "owner", string>>,
): string {
  const screens = [
    vnc && `  press-panel    its operator panel (VNC): touch + and -, start and stop the press`,
    `  press-web      its web page, behind a login of its own: in the browser, or by the command`,
    rdp && `  press-desktop  a desktop with the same panel (RDP)`,
  ];
  return `
A relay (${relay.url}), an edge, an SSH server and a press run on this machine. Site ${site}.
The press can be reached in several ways, and all of them show the same press:

${screens.filter((line) => line !== undefined).join("\n")}
  press-plc      its registers (Modbus TCP)
  press-hmi      a shell beside it (SSH)

In a browser: open one link each in a browser of its own, make a passkey, and ask as the vendor for what the manager approves; the panel
then opens in the vendor's page, the manager can watch it live, and the owner plays its recording afterwards.

  .sallyport/browser vendor  '${links.vendor}'
  .sallyport/browser manager '${links.manager}'
  .sallyport/browser owner   '${links.owner}'

(On another machine's browser: forward port ${relay.port} to it, open the links, and go on where it warns of the development certificate.)

Or by commands; in a second terminal, in this folder, as the vendor:

  .sallyport/vendor request press-hmi press-plc press-web --minutes 15 --reason "look at the press" --wait --code $(.sallyport/authenticator)

It waits. In a third terminal, as the manager, read the question and answer it:

  .sallyport/manager approve

The vendor's terminal now shows what can be reached, and holds the session. Back in the third terminal, as the vendor:

  .sallyport/vendor ssh press-hmi                      a shell on the device; its password stays on the edge
  .sallyport/vendor ssh press-hmi -- uname -a          one command
  mbpoll -m tcp -p ${modbus.port} -a 1 -r 1 -c 4 -1 127.…   the press's registers, at press-plc's address in the vendor's terminal
  curl http://127.…:${web.port}/panel/press.json         the press's web page, signed in by the edge, at press-web's address there; any browser opens it, too

The manager can watch, extend --by 5, end and lockdown; the owner: .sallyport/owner recordings, play, export --out evidence.tar, verify.
Every verb: .sallyport/vendor --help

Ctrl-C ends everything and removes it.`;
}
