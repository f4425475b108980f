// The plant's remote desktops: FreeRDP's shadow server (NLA) on a display of its own, and xrdp with sesman (TLS without NLA; xrdp.ts). The device's own
// side (its picture, size, clipboard, and what keys and pointer its program got) is told by X itself, not by RDP.
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync } from "node:fs";
import type { KeyboardName } from "../../shared/document/keyboard.ts";
import { freePort } from "../support/port.ts";
import { runProcess, startProcess, type RunningProcess } from "../support/process.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";
import { makeDeviceCertificate } from "./device-certificate.ts";
import type { Picture } from "./picture.ts";
import { displaySide, makeAuthority, type DisplaySide } from "./x-display.ts";
import { startXrdp } from "./xrdp.ts";

export interface RdpDevice extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly password: string;
  readonly security: "nla" | "tls";
  readonly keyboard: KeyboardName;
  /** The fingerprint, as a device document has it. */
  readonly certificate: string;
  /** It makes itself another certificate, as Windows does every half year, and shows it from then on; resolves with the fingerprint. */
  renew(): Promise<string>;
  /** The device's own side of its screen; with xrdp it is there once somebody has signed in. */
  screen(): Promise<DisplaySide>;
  /** The device's own picture. */
  screenshot(): Promise<Picture>;
  /** What the program that draws on it wrote so far; of the default one a line for each `key KEYSYM`, `press BUTTON X Y`, `release BUTTON X Y`. */
  output(): string;
}

export interface RdpOptions {
  /** `tls` needs root, as it signs in a real user. */
  readonly security: "nla" | "tls";
  /** The layout of the device's own display; of `tls`, of a session that begins. US unless given. */
  readonly keyboard?: KeyboardName;
  /** Of the device's own display; 1024x768 unless given. Of `nla` alone. */
  readonly size?: string;
  /** The command that draws, run with the display in its environment. */
  readonly program?: readonly [string, ...string[]];
}

const portAttempts = 5;
const host = "127.0.0.1";
/** As small devices have it: no letter of the alphabet alone. */
const login = "operator";
export const inputLog = new URL("input-log.tcl", import.meta.url).pathname;
/** Draws nothing and tells of keys alone: a line for each `down PLACE`, `up PLACE`, `sign CHARACTER` and `return`. */
export const keyLog = new URL("key-log.tcl", import.meta.url).pathname;

/** Starts a remote desktop; resolves when it takes connections. */
export async function startRdp({
  security,
  keyboard = "us",
  size,
  program,
}: RdpOptions): Promise<RdpDevice> {
  return security === "nla" ? startShadow(keyboard, size, program) : startXrdp(keyboard, program);
}

async function startShadow(
  keyboard: KeyboardName,
  size: string | undefined,
  program: RdpOptions["program"],
): Promise<RdpDevice> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const screen = await startDisplay(started, folder, size);
  const env = { ...screen.address, HOME: folder.path };
  await setLayout(keyboard, env);
  const [command, ...args] = program ?? ["wish", inputLog];
  const drawing = started.use(startProcess(command, args, { env }));
  if (command === "wish") await drawing.line(/^drawn$/);
  const password = `Press-7 läuft ${randomBytes(6).toString("base64url")}`;
  const hash = await runProcess("winpr-hash", ["-u", login, "-p", password, "-f", "sam"]);
  const accounts = folder.file("SAM", hash.stdout);
  const { port, certificate, renew } = await listen(started, folder, accounts, env);
  const ending = started.move();
  return {
    host,
    port,
    login,
    password,
    security: "nla",
    keyboard,
    certificate,
    renew,
    screen: async () => screen,
    screenshot: () => screen.picture(),
    output: () => drawing.stdout,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

/** X's layout that comes nearest to Windows' one, as setxkbmap takes it. */
export const xkbLayouts: Readonly<Record<KeyboardName, readonly string[]>> = {
  us: ["-layout", "us"],
  "us-intl": ["-layout", "us", "-variant", "intl"],
  gb: ["-layout", "gb"],
  de: ["-layout", "de"],
  "ch-de": ["-layout", "ch"],
  fr: ["-layout", "fr"],
  be: ["-layout", "be"],
  it: ["-layout", "it"],
  es: ["-layout", "es"],
  pt: ["-layout", "pt"],
  pl: ["-layout", "pl"],
  cz: ["-layout", "cz"],
  se: ["-layout", "se"],
  fi: ["-layout", "fi", "-variant", "classic"],
  dk: ["-layout", "dk"],
  no: ["-layout", "no"],
};

/** Gives a display that layout. */
export async function setLayout(
  keyboard: KeyboardName,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const args = ["-model", "pc105", ...xkbLayouts[keyboard]];
  const { code, stderr } = await runProcess("setxkbmap", args, { env });
  if (code !== 0) throw new Error(`setxkbmap exited with ${code}: ${stderr}`);
}

async function startDisplay(
  started: AsyncDisposableStack,
  folder: TemporaryFolder,
  size = "1024x768",
): Promise<DisplaySide> {
  const authority = await makeAuthority(folder);
  const fixed = `-displayfd 1 -auth ${authority.file} -geometry ${size} -depth 24 -nolisten tcp -br`;
  const rfb = `-rfbport -1 -rfbunixpath ${folder.file("rfb")} -SecurityTypes None -noreset`;
  const server = started.use(startProcess("Xvnc", `${fixed} ${rfb}`.split(" ")));
  const [, number] = await server.line(/^(\d+)$/);
  await authority.name(`:${number}`);
  return displaySide({ DISPLAY: `:${number}`, XAUTHORITY: authority.file }, started);
}

async function listen(
  started: AsyncDisposableStack,
  folder: TemporaryFolder,
  accounts: string,
  env: Readonly<Record<string, string>>,
): Promise<Pick<RdpDevice, "port" | "certificate" | "renew">> {
  const certificate = await giveCertificate(folder);
  const serve = (port: number): RunningProcess => {
    const args = [`/port:${port}`, `/bind-address:${host}`, `/sam-file:${accounts}`];
    return startProcess("freerdp-shadow-cli", [...args, "/sec:nla", "+auth"], { env });
  };
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    let server = serve(port);
    if (await isListening(server, host, port)) {
      started.defer(async () => {
        await server.end();
      });
      // It reads its certificate when it starts.
      const renew = async (): Promise<string> => {
        await server.end();
        const renewed = await giveCertificate(folder);
        server = serve(port);
        if (await isListening(server, host, port)) return renewed;
        throw new Error(`no RDP server again: ${server.stderr}`);
      };
      return { port, certificate, renew };
    }
    await server.end();
    if (attempt === portAttempts) throw new Error(`no RDP server: ${server.stderr}`);
  }
}

/** Where the server looks for its own, and makes it if there is none. */
async function giveCertificate(folder: TemporaryFolder): Promise<string> {
  const { certificateFile, keyFile, fingerprint } = await makeDeviceCertificate(folder);
  const shadow = folder.file(".config/freerdp/shadow");
  mkdirSync(shadow, { recursive: true });
  copyFileSync(certificateFile, `${shadow}/shadow.crt`);
  copyFileSync(keyFile, `${shadow}/shadow.key`);
  return fingerprint;
}

/** True once a connection to the port is taken; false if the process ends before. */
export async function isListening(
  server: RunningProcess,
  address: string,
  port: number,
): Promise<boolean> {
  let isOver = false;
  void server.exited.then(() => (isOver = true));
  while (!isOver) {
    const tried = await runProcess("bash", ["-c", `exec 3<>/dev/tcp/${address}/${port}`]);
    if (tried.code === 0) return true;
  }
  return false;
}
