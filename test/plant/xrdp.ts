// xrdp with sesman as Debian has them, with settings of their own: they read fixed places, so each runs where those places are its own (a mount
// namespace). Sessions are a temporary user's, who is gone afterwards with all that ran as him.
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { KeyboardName } from "../../shared/document/keyboard.ts";
import { freePort } from "../support/port.ts";
import { startProcess, type RunningProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { makeDeviceCertificate } from "./device-certificate.ts";
import {
  inputLog,
  isListening,
  keyLog,
  xkbLayouts,
  type RdpDevice,
  type RdpOptions,
} from "./rdp.ts";
import { addSystemUser } from "./system-user.ts";
import { displaySide, type DisplaySide } from "./x-display.ts";

const displayWaits = 200;
const displayWaitMs = 50;

const logging = `[Logging]
LogFile=/dev/null
LogLevel=INFO
EnableSyslog=false
EnableConsole=true
ConsoleLevel=INFO
EnableProcessId=false
[LoggingPerLogger]`;

/** Starts both; resolves when xrdp takes connections. Root only. */
export async function startXrdp(
  keyboard: KeyboardName,
  program: RdpOptions["program"],
): Promise<RdpDevice> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const user = started.use(await addSystemUser());
  const { certificateFile, keyFile, fingerprint } = await makeDeviceCertificate(folder);
  const [port, sesmanPort] = [await freePort(), await freePort()];
  const settings = folder.file("etc");
  cpSync("/etc/xrdp", settings, { recursive: true });
  mkdirSync(folder.file("run"), { mode: 0o755 });
  const [displayFile, outputFile] = [join(user.home, "display"), join(user.home, "output")];
  writeFileSync(join(settings, "xrdp.ini"), xrdpSettings(port, certificateFile, keyFile));
  writeFileSync(join(settings, "sesman.ini"), sesmanSettings(settings, sesmanPort));
  const start = join(settings, "startwm.sh");
  // The user may not read where the tests lie.
  const words = (program ?? ["wish", inputLog]).map((word) => {
    if (word !== inputLog && word !== keyLog) return word;
    const copy = join(settings, basename(word));
    cpSync(word, copy);
    return copy;
  });
  const command = words.map(quoted).join(" ");
  // As Windows has it for a session that begins: xrdp makes signs of keys by the client's layout, and they find their keys on the display.
  const layout = `setxkbmap -model pc105 ${xkbLayouts[keyboard].join(" ")}`;
  const tell = `echo "$DISPLAY" > ${displayFile}.new; mv ${displayFile}.new ${displayFile}`;
  writeFileSync(start, `#!/bin/sh\n${layout}\n${tell}\n${command} > ${outputFile} 2>&1\n`);
  chmodSync(start, 0o755);
  // The user's own session reads what it starts from here.
  chmodSync(folder.path, 0o755);
  const bind = (from: string, to: string): string => `mount --bind ${from} ${to}`;
  const mounts = `mkdir -p /run/xrdp && ${bind(settings, "/etc/xrdp")} && ${bind(folder.file("run"), "/run/xrdp")}`;
  const inside = (line: string): RunningProcess =>
    started.use(startProcess("unshare", ["--mount", "sh", "-c", `${mounts} && exec ${line}`]));
  const sesman = inside("xrdp-sesman -n -c /etc/xrdp/sesman.ini");
  if (!(await isListening(sesman, "::1", sesmanPort)))
    throw new Error(`no sesman: ${sesman.stderr}`);
  const server = inside("xrdp -n -c /etc/xrdp/xrdp.ini");
  if (!(await isListening(server, "127.0.0.1", port))) throw new Error(`no xrdp: ${server.stderr}`);
  const holders = started.use(new AsyncDisposableStack());
  const screen = async (): Promise<DisplaySide> => {
    for (let wait = 0; wait < displayWaits; wait += 1) {
      const number = readIfThere(displayFile);
      if (number !== undefined) {
        const XAUTHORITY = join(user.home, ".Xauthority");
        return displaySide({ DISPLAY: number.trim(), XAUTHORITY }, holders);
      }
      await delay(displayWaitMs);
    }
    throw new Error(`nobody has signed in to xrdp: ${sesman.stdout}${server.stdout}`);
  };
  const ending = started.move();
  return {
    host: "127.0.0.1",
    port,
    login: user.name,
    password: user.password,
    security: "tls",
    keyboard,
    certificate: fingerprint,
    // It reads the files for each connection.
    renew: async () => (await makeDeviceCertificate(folder)).fingerprint,
    screen,
    screenshot: async () => (await screen()).picture(),
    output: () => readIfThere(outputFile) ?? "",
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function xrdpSettings(port: number, certificate: string, key: string): string {
  return `[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:${port}
tcp_nodelay=true
security_layer=tls
certificate=${certificate}
key_file=${key}
ssl_protocols=TLSv1.2, TLSv1.3
autorun=Xvnc
allow_channels=true
bitmap_cache=true
bitmap_compression=true
bulk_compression=true
max_bpp=32
new_cursors=true
use_fastpath=both
${logging}
[Channels]
rdpdr=true
rdpsnd=true
drdynvc=true
cliprdr=true
[Xvnc]
name=Xvnc
lib=libvnc.so
username=ask
password=ask
ip=127.0.0.1
port=-1
`;
}

function sesmanSettings(settings: string, port: number): string {
  // Displays of other plants in other mount namespaces share the network: the port makes the numbers differ.
  return `[Globals]
ListenAddress=127.0.0.1
ListenPort=${port}
EnableUserWindowManager=false
DefaultWindowManager=/etc/xrdp/startwm.sh
ReconnectScript=/etc/xrdp/reconnectwm.sh
[Security]
AllowRootLogin=false
AlwaysGroupCheck=false
RestrictOutboundClipboard=none
RestrictInboundClipboard=none
[Sessions]
X11DisplayOffset=${200 + (port % 1_000) * 4}
MaxSessions=10
KillDisconnected=false
Policy=Default
${logging}
[Xvnc]
param=Xvnc
param=-bs
param=-nolisten
param=tcp
param=-localhost
param=-dpi
param=96
[Chansrv]
FuseMountName=thinclient_drives
FileUmask=077
[ChansrvLogging]
LogLevel=INFO
EnableSyslog=false
[SessionVariables]
PULSE_SCRIPT=${settings}/pulse/default.pa
`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
}
