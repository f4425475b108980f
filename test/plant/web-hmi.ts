// The plant's web panel: a process of its own that serves the press's page as devices do, with a login, absolute addresses of its own
// everywhere, live values by WebSocket, and a certificate that nobody has heard of. It writes a line for all that it was asked.
import { randomBytes } from "node:crypto";
import { freePort } from "../support/port.ts";
import { nodePath, startProcess, type RunningProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { makeDeviceCertificate } from "./device-certificate.ts";

export interface WebHmiOptions {
  /** How it wants to be signed in to; `form` unless said otherwise. */
  readonly signIn?: "none" | "basic" | "header" | "form";
  /** HTTPS; true unless said otherwise. */
  readonly secure?: boolean;
  /** Where the press is read by Modbus; without it the panel has a press of its own. */
  readonly modbusPort?: number;
}

export interface WebHmi extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly login: string;
  /** The password, or the header's value. */
  readonly password: string;
  /** The fingerprint, as a device document has it; undefined without HTTPS. */
  readonly certificate: string | undefined;
  /** What `sallyport device set` takes. */
  readonly device: readonly string[];
  /**
   * Prints `asked METHOD TARGET host=… origin=… cookies=NAME,…` for each request, `socket TARGET` and `socket over` for a WebSocket, and
   * `setpoint 65.0`, `run 1`, `upload BYTES SHA-256` for what came of it.
   */
  readonly process: RunningProcess;
  /** It makes itself another certificate and shows it from then on; resolves with the fingerprint. With HTTPS alone. */
  renew(): Promise<string>;
  /** All sessions are forgotten, as after a restart of the device. */
  forget(): Promise<void>;
}

/** The press's web panel on a loopback port; `none` and `basic` begin at /panel/, too. */
export async function startWebHmi(options: WebHmiOptions = {}): Promise<WebHmi> {
  const { signIn = "form", secure = true } = options;
  await using started = new AsyncDisposableStack();
  const folder = started.use(temporaryFolder());
  const made = secure ? await makeDeviceCertificate(folder) : undefined;
  const secret = { login: "operator", password: randomBytes(9).toString("base64url") };
  const { modbusPort } = options;
  const files = made && { certificateFile: made.certificateFile, keyFile: made.keyFile };
  const { running, port } = await listen({ signIn, modbusPort, ...files, ...secret });
  started.use(running);
  const ending = started.move();
  let [forgotten, renewals] = [0, 0];
  return {
    host: "127.0.0.1",
    port,
    secure,
    ...secret,
    certificate: made?.fingerprint,
    device: deviceArguments(signIn, port, secret.login, made?.fingerprint),
    process: running,
    async renew() {
      const renewed = await makeDeviceCertificate(folder, `renewed-${renewals}`);
      const { certificateFile, keyFile, fingerprint } = renewed;
      running.stdin.write(`renew ${certificateFile} ${keyFile}\n`);
      await running.line(/^renewed$/, undefined, renewals++);
      return fingerprint;
    },
    async forget() {
      running.stdin.write("forget\n");
      await running.line(/^forgot$/, undefined, forgotten++);
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

const portAttempts = 5;

async function listen(settings: object): Promise<{ running: RunningProcess; port: number }> {
  const file = new URL("web-hmi-device.ts", import.meta.url).pathname;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const running = startProcess(nodePath, [file]);
    running.stdin.write(`${JSON.stringify({ ...settings, port })}\n`);
    try {
      await running.line(/^web panel on /);
      return { running, port };
    } catch (cause) {
      await running.end();
      if (attempt === portAttempts || !running.stderr.includes("EADDRINUSE")) throw cause;
    }
  }
}

function deviceArguments(
  signIn: NonNullable<WebHmiOptions["signIn"]>,
  port: number,
  login: string,
  certificate?: string,
): readonly string[] {
  const tls = certificate === undefined ? [] : ["--secure", "--certificate", certificate];
  const form = "--form /login --login-field user --password-field password --field from=panel";
  const how = {
    none: [],
    basic: ["--login", login],
    header: ["--header", "X-Panel-Key"],
    form: ["--login", login, ...form.split(" ")],
  }[signIn];
  const address = ["--host", "127.0.0.1", "--port", `${port}`, ...tls];
  return [...address, "--start", "/panel/", "--sign-in", signIn, ...how];
}
