// The plant's remote desktops: FreeRDP's shadow server (NLA) on a display of its own, and xrdp with sesman (TLS without NLA, a real user's session), each
// showing a coloured desktop with a program that writes down what is typed. The device's side of the story: its picture, its pointer, its clipboard.
import { readFileSync } from "node:fs";
import { freePort } from "../support/port.ts";
import { runProcess, startProcess, type RunningProcess } from "../support/process.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";
import { makeCertificate } from "./rdp-certificate.ts";
import { startXrdp } from "./xrdp.ts";

export interface RdpPlant extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly password: string;
  readonly security: "nla" | "tls";
  /** As a device document has it. */
  readonly certificate: string;
  /** Where X clients find the device's own screen; with xrdp once somebody has signed in. */
  display(): Promise<DeviceDisplay>;
  /** The device's own picture as PNG. */
  screenshot(): Promise<Uint8Array>;
  /** Lines typed into the program on the desktop so far. */
  typed(): string;
}

export type DeviceDisplay = Readonly<Record<"DISPLAY" | "XAUTHORITY", string>>;

export interface RdpOptions {
  readonly security: "nla" | "tls";
  /** Of the desktop, as X names it. */
  readonly colour?: string;
}

const portAttempts = 5;
const login = "operator";
const password = "Press-7 läuft";

/** Starts a remote desktop; resolves when it takes connections. TLS needs root, as it signs in a real user. */
export async function startRdp({ security, colour = "steelblue" }: RdpOptions): Promise<RdpPlant> {
  return security === "nla" ? startShadow(colour) : startXrdp(colour);
}

/** A picture of a display as PNG. */
export async function screenshotOf(display: DeviceDisplay): Promise<Uint8Array> {
  const args = ["-silent", "-window", "root", "png:-"];
  const { code, stdoutBytes, stderr } = await runProcess("import", args, { env: display });
  if (code !== 0) throw new Error(`import exited with ${code}: ${stderr}`);
  return stdoutBytes;
}

/** What makes the desktop's picture, as a shell runs it. */
export function desktopScript(colour: string, typedFile: string): string {
  const window = "xterm -geometry 60x10+40+40 -e";
  return `xsetroot -solid ${colour}\n${window} sh -c 'cat >> "${typedFile}"'\n`;
}

async function startShadow(colour: string): Promise<RdpPlant> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const typedFile = folder.file("typed", "");
  const display = await startDisplay(started);
  const env = { ...display, HOME: folder.path };
  const script = folder.file("desktop.sh", desktopScript(colour, typedFile));
  started.use(startProcess("sh", [script], { env }));
  const hash = await runProcess("winpr-hash", ["-u", login, "-p", password, "-f", "sam"]);
  const accounts = folder.file("SAM", hash.stdout);
  const { port, certificate } = await listen(started, folder, accounts, env);
  const ending = started.move();
  return {
    host: "127.0.0.1",
    port,
    login,
    password,
    security: "nla",
    certificate,
    display: async () => display,
    screenshot: () => screenshotOf(display),
    typed: () => readFileSync(typedFile, "utf8"),
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

async function startDisplay(started: AsyncDisposableStack): Promise<DeviceDisplay> {
  const command =
    "exec Xvnc -displayfd 1 -geometry 1024x768 -depth 24 -br -rfbport -1 -rfbunixpath";
  const folder = started.use(temporaryFolder());
  const args = ["-c", `${command} ${folder.file("rfb")} -SecurityTypes None -nolisten tcp`];
  const server = started.use(startProcess("sh", args));
  const [, number] = await server.line(/^(\d+)$/);
  return { DISPLAY: `:${number}`, XAUTHORITY: "/dev/null" };
}

async function listen(
  started: AsyncDisposableStack,
  folder: TemporaryFolder,
  accounts: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly port: number; readonly certificate: string }> {
  const made = await makeCertificate(folder);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const args = [`/port:${port}`, "/bind-address:127.0.0.1", `/sam-file:${accounts}`];
    const security = ["/sec:nla", "+auth"];
    const server = startProcess("freerdp-shadow-cli", [...args, ...security], { env });
    if (await isListening(server, "127.0.0.1", port)) {
      started.use(server);
      return { port, certificate: made.fingerprint };
    }
    await server.end();
    if (attempt === portAttempts) throw new Error(`no RDP server: ${server.stderr}`);
  }
}

/** True once a connection to the port is taken; false if the process ends before. */
export async function isListening(
  server: RunningProcess,
  host: string,
  port: number,
): Promise<boolean> {
  let isOver = false;
  void server.exited.then(() => (isOver = true));
  while (!isOver) {
    const tried = await runProcess("bash", ["-c", `exec 3<>/dev/tcp/${host}/${port}`]);
    if (tried.code === 0) return true;
  }
  return false;
}
