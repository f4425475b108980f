// The plant's VNC devices: TigerVNC's Xvnc with a program drawing on it, and x11vnc on such a display, each on a loopback port. The device's
// own side (its picture, size, clipboard, and what keys and pointer its program got) is told by X itself, not by RFB.
import { randomBytes } from "node:crypto";
import { freePort } from "../support/port.ts";
import { runProcess, startProcess, type RunningProcess } from "../support/process.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary.ts";
import { makeDeviceCertificate } from "./device-certificate.ts";
import { addSystemUser } from "./system-user.ts";
import { displaySide, makeAuthority, type DisplaySide } from "./x-display.ts";

export interface VncDevice extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** With a security type of Plain: a user of this machine. */
  readonly login?: string;
  /** Undefined where the device asks for none. */
  readonly password?: string;
  /** The fingerprint, as a device document has it, with a security type of X509. */
  readonly certificate?: string;
  /** It makes itself another certificate and shows it from then on; resolves with the fingerprint. Undefined where it has none. */
  readonly renew?: () => Promise<string>;
  /** The device's own side of its screen. */
  readonly screen: DisplaySide;
  /** What draws on it. The default writes a line for each `key KEYSYM`, `press BUTTON X Y` and `release BUTTON X Y` that it gets. */
  readonly program: RunningProcess;
  /** What is being talked to by RFB. */
  readonly server: RunningProcess;
}

export interface VncOptions {
  /** As Xvnc names it; VncAuth unless said otherwise. Those of Plain need root, as they sign in a real user. */
  readonly security?:
    | "None"
    | "VncAuth"
    | "TLSNone"
    | "TLSVnc"
    | "TLSPlain"
    | "X509None"
    | "X509Vnc"
    | "X509Plain"
    | "Plain";
  /** 800x600 unless said otherwise. */
  readonly size?: string;
  /** The command that draws, run with the display in its environment. */
  readonly program?: readonly [string, ...string[]];
  /** Further parameters of Xvnc, as `-Protocol3.3`. */
  readonly parameters?: readonly string[];
}

const portAttempts = 5;
const host = "127.0.0.1";
const inputLog = new URL("input-log.tcl", import.meta.url).pathname;

/** Starts Xvnc; resolves when it listens and its program has drawn. */
export async function startVnc(options: VncOptions = {}): Promise<VncDevice> {
  const security = options.security ?? "VncAuth";
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const parameters = [`-SecurityTypes=${security}`, ...(options.parameters ?? [])];
  const secret: {
    login?: string;
    password?: string;
    certificate?: string;
    renew?: () => Promise<string>;
  } = {};
  if (security.endsWith("Plain")) {
    const user = started.use(await addSystemUser());
    parameters.push(`-PlainUsers=${user.name}`, "-PAMService=tigervnc");
    Object.assign(secret, { login: user.name, password: user.password });
  } else if (security.endsWith("Vnc") || security === "VncAuth") {
    secret.password = newPassword();
    parameters.push(`-PasswordFile=${await passwordFile(folder, secret.password)}`);
  }
  if (security.startsWith("X509")) {
    const { certificateFile, keyFile, fingerprint } = await makeDeviceCertificate(folder);
    parameters.push(`-X509Cert=${certificateFile}`, `-X509Key=${keyFile}`);
    secret.certificate = fingerprint;
    // It reads the files for each connection.
    secret.renew = async () => (await makeDeviceCertificate(folder)).fingerprint;
  }
  const { server, port, screen } = await startDisplay(started, folder, options.size, parameters);
  const program = await startProgram(started, screen, options.program);
  const ending = started.move();
  return {
    host,
    port,
    ...secret,
    screen,
    program,
    server,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

/** Starts x11vnc, with a password, on a display that is not a VNC server's own. */
export async function startX11vnc(
  options: Pick<VncOptions, "size" | "program"> = {},
): Promise<VncDevice> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const password = newPassword();
  const file = await passwordFile(folder, password);
  const own = ["-SecurityTypes=None", `-rfbunixpath=${folder.file("unused")}`];
  const { screen } = await startDisplay(started, folder, options.size, own, [-1]);
  const program = await startProgram(started, screen, options.program);
  const { server, port } = await firstFreePort(started, (candidate) => {
    const where = `-display ${screen.address.DISPLAY} -auth ${screen.address.XAUTHORITY}`;
    const how = `-rfbport ${candidate} -localhost -no6 -noipv6 -forever -shared -quiet -rfbauth ${file}`;
    return { command: "x11vnc", args: `${where} ${how}`.split(" "), ready: /^PORT=(\d+)/ };
  });
  const ending = started.move();
  return {
    host,
    port,
    password,
    screen,
    program,
    server,
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

async function startDisplay(
  started: AsyncDisposableStack,
  folder: TemporaryFolder,
  size = "800x600",
  parameters: readonly string[] = [],
  ports?: readonly number[],
): Promise<{ server: RunningProcess; port: number; screen: DisplaySide }> {
  const authority = await makeAuthority(folder);
  // Any program may fail its password as often as a test likes, and GL would cost each display 10 MB.
  const fixed = `-displayfd 1 -auth ${authority.file} -geometry ${size} -depth 24 -nolisten tcp -extension GLX -br -noreset`;
  const rfb = `-localhost=1 -interface=${host} -UseIPv6=0 -UseBlacklist=0 -AlwaysShared=1 -desktop=press`;
  const { server, port, ready } = await firstFreePort(
    started,
    (candidate) => ({
      command: "Xvnc",
      args: [...`${fixed} ${rfb} -rfbport=${candidate}`.split(" "), ...parameters],
      ready: /^(\d+)$/,
    }),
    ports,
  );
  const display = `:${ready[1]}`;
  await authority.name(display);
  const address = { DISPLAY: display, XAUTHORITY: authority.file };
  return { server, port, screen: displaySide(address, started) };
}

async function startProgram(
  started: AsyncDisposableStack,
  { address }: DisplaySide,
  program?: readonly [string, ...string[]],
): Promise<RunningProcess> {
  const [command, ...args] = program ?? ["wish", inputLog];
  const running = started.use(startProcess(command, args, { env: address }));
  if (program === undefined || command === "wish") await running.line(/^drawn$/);
  return running;
}

interface Listener {
  readonly command: string;
  readonly args: readonly string[];
  readonly ready: RegExp;
}

// Between the look for a free port and its use another process may take it: then the next one is tried.
async function firstFreePort(
  started: AsyncDisposableStack,
  listener: (port: number) => Listener,
  ports?: readonly number[],
) {
  for (let attempt = 1; ; attempt += 1) {
    const port = ports?.[0] ?? (await freePort());
    const { command, args, ready } = listener(port);
    const server = startProcess(command, args);
    try {
      const found = await server.line(ready);
      started.use(server);
      return { server, port, ready: found };
    } catch (cause) {
      await server.end();
      if (attempt === portAttempts || !/in use/i.test(server.stderr)) throw cause;
    }
  }
}

async function passwordFile(folder: TemporaryFolder, password: string): Promise<string> {
  const { code, stdoutBytes, stderr } = await runProcess("vncpasswd", ["-f"], {
    input: `${password}\n`,
  });
  if (code !== 0) throw new Error(`vncpasswd exited with ${code}: ${stderr}`);
  return folder.file("password", stdoutBytes);
}

// RFB's own password has eight characters and not one more.
function newPassword(): string {
  return randomBytes(6).toString("base64url");
}
