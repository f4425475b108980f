// Tries a device of kind `ssh`: the port and its protocol, the host key, the login.
// Invariant: the secret goes only to a device whose host key the owner has pinned, once.
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import type { Secret } from "../../shared/document/secret.ts";
import { messageOf } from "../../shared/errors.ts";
import { addressOf } from "./device-error.ts";
import { overTime, reach, type DeviceToProbe, type ProbeStep } from "./probe-reach.ts";
import { fingerprintOfLine, isKeyOfLine } from "./ssh-host-key.ts";
import type { SeenKey } from "./target.ts";

type SshToProbe = Extract<DeviceToProbe, { kind: "ssh" }>;

const longestBannerBytes = 255;

export async function* probeSsh(
  device: SshToProbe,
  secret: Secret | null,
  clock: Clock,
  stop: AbortSignal,
): AsyncGenerator<ProbeStep> {
  const { host, port } = device;
  const ssh = await loadSsh();
  const reached = await reach({ host, port }, clock, stop);
  yield reached.route;
  if (reached.socket === undefined) {
    yield reached.port;
    return;
  }
  const tried = await trySsh(ssh, { socket: reached.socket, device, secret, clock }, stop);
  const greeting = tried.banner === undefined ? "" : `: "${tried.banner}"`;
  const isSsh = tried.banner?.startsWith("SSH-") === true;
  yield {
    step: "port",
    ok: isSsh,
    text: `${addressOf(host, port)} is open and speaks ${isSsh ? "" : "no "}SSH${greeting}`,
  };
  if (!isSsh) return;
  if (tried.hostKey === undefined) {
    yield { step: "host-key", ok: false, text: tried.failure ?? "no host key was shown" };
    return;
  }
  const shown = Buffer.from(tried.hostKey.split(" ")[1] ?? "", "base64");
  const isPinned = device.hostKeys.some((line) => isKeyOfLine(line, shown));
  yield hostKeyStep(device, tried.hostKey, isPinned);
  if (!isPinned) {
    if (secret !== null) {
      yield { step: "login", ok: false, text: "not tried: the host key is not pinned" };
    }
    return;
  }
  if (tried.failure === undefined) {
    const by = secret === null ? "without a secret" : "with the secret";
    yield { step: "login", ok: true, text: `"${device.login}" signed in ${by}` };
  } else if (secret !== null) {
    yield { step: "login", ok: false, text: tried.failure };
  }
}

function hostKeyStep(device: SshToProbe, shown: string, isPinned: boolean): ProbeStep {
  const print = fingerprintOfLine(shown);
  const hostKeys = [shown];
  if (isPinned) return { step: "host-key", ok: true, text: `${print} is pinned`, hostKeys };
  if (device.hostKeys.length === 0) {
    const text = `${print}: compare it with what the device itself tells, then pin it`;
    return { step: "host-key", ok: true, text, hostKeys };
  }
  const pins = device.hostKeys.map(fingerprintOfLine).join(", ");
  return { step: "host-key", ok: false, text: `${print} is shown, pinned is ${pins}`, hostKeys };
}

interface SshTry {
  readonly socket: Socket;
  readonly device: SshToProbe;
  readonly secret: Secret | null;
  readonly clock: Clock;
}

interface Tried {
  /** The first line that looks like SSH's, else the first line of whatever came. */
  readonly banner: string | undefined;
  readonly hostKey: string | undefined;
  readonly failure: string | undefined;
}

// ssh2 loads with the first target of its kind, and before the socket is there: nothing that it says is missed.
async function loadSsh() {
  const [{ logIn }, { Login }] = await Promise.all([
    import("./ssh-connection.ts"),
    import("./ssh-login.ts"),
  ]);
  return { logIn, Login };
}

async function trySsh(
  { logIn, Login }: Awaited<ReturnType<typeof loadSsh>>,
  { socket, device, secret, clock }: SshTry,
  stop: AbortSignal,
): Promise<Tried> {
  const { host, port, legacy } = device;
  const address = { host, port, name: addressOf(host, port) };
  let greeted = "";
  let hostKey: string | undefined;
  let failure: string | undefined;
  let login: InstanceType<typeof Login>;
  try {
    login = new Login(device.login, secret ?? undefined);
  } catch (thrown) {
    // A key file that cannot be used: the rest is tried all the same.
    failure = messageOf(thrown);
    login = new Login(device.login, undefined);
  }
  socket.on("data", (chunk: Buffer) => {
    if (greeted.length < longestBannerBytes) greeted += chunk.toString("latin1");
  });
  const judge = async ({ shown, isPinned }: SeenKey): Promise<boolean> => {
    hostKey = shown;
    return isPinned;
  };
  try {
    const attempt = { address, device, legacy, login, clock, judge };
    using _connection = await logIn(socket, attempt, stop);
  } catch (thrown) {
    failure ??= stop.aborted ? overTime(address.name) : messageOf(thrown);
  }
  return { banner: bannerOf(greeted), hostKey, failure };
}

// What a device says of itself is shown to a person: its first line, printable and short.
function bannerOf(greeted: string): string | undefined {
  const found = greeted.split("\n").map((line) => line.trim());
  const line = found.find((item) => item.startsWith("SSH-")) ?? found[0];
  const shown = line?.replace(/[^\x20-\x7e]/g, "?").slice(0, longestBannerBytes);
  return shown === "" ? undefined : shown;
}
