// One desktop: a display, xfreerdp on it, a home of its own and, with the right, a drive. All of it goes with the desktop, on every way out:
// both processes are killed by the kernel when the edge dies, and what lies in the scratch folder is removed when the edge starts again.
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { SallyportError } from "../../../shared/errors.ts";
import { isCertificateTaken } from "../device-certificate.ts";
import { DeviceError } from "../device-error.ts";
import { logInToScreen } from "../rfb/handshake.ts";
import type { ConnectedScreen } from "../rfb/screen.ts";
import type { AdmittedOpening } from "../target.ts";
import type { ChildExit } from "./child.ts";
import { openDisplay, type Display } from "./display.ts";
import { maxDriveBytes, type Drives } from "./drive.ts";
import { ChangedCertificate, isOrderly, whyDesktopEnded, whyNoDesktop } from "./failure.ts";
import { keyboardLayouts } from "./keyboard-layouts.ts";
import { Keyboard } from "./keyboard.ts";
import { firstPicture } from "./picture.ts";
import {
  driveFolder,
  startRemoteDesktop,
  type PinnedDevice,
  type RemoteDesktop,
} from "./remote-desktop.ts";
import { WindowSize } from "./window-size.ts";

/** From the start of its processes to the first picture. */
const pictureLimitMs = 30_000;
/** A desktop that has connected and stays black for so long is one whose screen is black. */
const blackMs = 8_000;
/** The end of a process is told after that of its sockets. */
const exitMs = 1_000;
/** For what the vendor let go of last, or the edge for him, to go through the display and xfreerdp to the device: 4 ms, and 60 ms on a busy box. */
const lettingGoMs = 200;

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Begun {
  /** The one under which xfreerdp signs in. */
  readonly certificate: string;
  readonly display: Display;
  readonly stop: AbortSignal;
}

/** A desktop of one opening; `connect` once, then dispose. */
export class Desktop implements AsyncDisposable {
  readonly #admitted: AdmittedOpening;
  readonly #device: PinnedDevice;
  readonly #drives: Drives;
  readonly #parts = new AsyncDisposableStack();

  constructor(admitted: AdmittedOpening, device: PinnedDevice, drives: Drives) {
    this.#admitted = admitted;
    this.#device = device;
    this.#drives = drives;
  }

  /** Resolves when the desktop's first picture is there. Rejects with why there is none. */
  async connect(size: Size, stop: AbortSignal): Promise<ConnectedScreen> {
    const { scratch, rights, readSecret, target, clock, session } = this.#admitted;
    const parts = this.#parts;
    const folder = await mkdtemp(join(scratch, "desktop-"));
    parts.defer(() => rm(folder, { recursive: true, force: true }));
    const { promise: over, reject: end } = Promise.withResolvers<never>();
    over.catch(() => undefined);
    if (rights.includes("files")) {
      const place = { session, target: target.id, scratch };
      const { drive } = parts.use(await this.#drives.join(place));
      // A path within the desktop's own folder: whatever characters the state folder's has, xfreerdp does not read them.
      await symlink(drive.path, join(folder, driveFolder));
      parts.use(drive.watch(clock, end));
    }
    const display = parts.use(await openDisplay({ folder, ...size, rights }));
    const secret = await readSecret();
    if (secret?.kind !== "password" || /[\n\r\0]/.test(secret.password)) throw noPassword(target);
    stop.throwIfAborted();
    const begin = (certificate: string): RemoteDesktop =>
      parts.use(
        startRemoteDesktop({
          device: { ...this.#device, certificate },
          password: secret.password,
          legacy: target.legacy,
          display,
          ...size,
          rights,
          maxFileBytes: maxDriveBytes,
        }),
      );
    void display.exited.then((exit) => end(whyDesktopEnded(this.#ended(exit))));
    const aborted = new Promise<never>((_resolve, reject) => {
      stop.addEventListener("abort", () => reject(stop.reason as Error));
    });
    aborted.catch(() => undefined);
    const remote = await Promise.race([over, aborted, this.#signIn(begin, display, stop)]);
    const onExit = (exit: ChildExit): void =>
      end(isOrderly(exit) ? signedOut(target) : whyDesktopEnded(this.#ended(exit)));
    void remote.exited.then(onExit);
    parts.defer(async () => {
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      using _limit = clock.setTimer(lettingGoMs, resolve);
      await Promise.race([gone, remote.exited]);
    });
    const window = parts.use(new WindowSize(display, clock));
    const address = { host: "edge", port: 0, name: target.name };
    const login = { address, login: null, secret: undefined, certificate: null, clock };
    const stream = await display.connect();
    const screen = await logInToScreen(stream, { ...login, legacy: false }, stop);
    over.catch((error: Error) => void screen.stream.destroy(error));
    const keyboard = new Keyboard(keyboardLayouts[this.#device.keyboard]);
    return {
      ...screen,
      whyLost: async () => {
        const { promise: late, resolve } = Promise.withResolvers<undefined>();
        using _limit = clock.setTimer(exitMs, () => resolve(undefined));
        return await Promise.race([over.catch((why: SallyportError) => why), late]);
      },
      onResized: (newWidth, newHeight) => window.follow(newWidth, newHeight),
      keysFor: (isDown, keysym) => keyboard.translate(isDown, keysym),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  // Under the pinned certificate, and if the device shows another one that was accepted for the job, under that alone: whatever it shows then, xfreerdp
  // compares it once more before anything of the login is sent.
  async #signIn(
    begin: (certificate: string) => RemoteDesktop,
    display: Display,
    stop: AbortSignal,
  ): Promise<RemoteDesktop> {
    const { judgeKey } = this.#admitted;
    const { certificate: pinned } = this.#device;
    const tried = new Set<string>();
    for (let certificate = pinned; ;) {
      tried.add(certificate);
      try {
        const remote = begin(certificate);
        await this.#begun(remote, { certificate, display, stop });
        if (certificate === pinned) await isCertificateTaken(judgeKey, pinned, pinned);
        return remote;
      } catch (thrown) {
        if (!(thrown instanceof ChangedCertificate)) throw thrown;
        const isTaken = await isCertificateTaken(judgeKey, thrown.shown, pinned);
        if (!isTaken || tried.has(thrown.shown) || this.#parts.disposed) throw thrown;
        certificate = thrown.shown;
      }
    }
  }

  /** Resolves with the first picture; rejects with why there is none. */
  async #begun(remote: RemoteDesktop, { certificate, display, stop }: Begun): Promise<void> {
    let isThere = false;
    const failed = remote.exited.then(async (exit) => {
      if (!isThere) throw await whyNoDesktop({ ...this.#ended(exit), certificate, signal: stop });
    });
    await Promise.race([failed, this.#pictured(display, remote)]);
    isThere = true;
  }

  async #pictured(display: Display, remote: RemoteDesktop): Promise<void> {
    const { clock, target } = this.#admitted;
    const socket = await display.connect();
    const { promise: late, resolve, reject } = Promise.withResolvers<void>();
    late.catch(() => undefined);
    const limit = clock.setTimer(pictureLimitMs, () => reject(noPicture(target)));
    let black: Disposable | undefined;
    void remote.connected.then(() => (black = clock.setTimer(blackMs, resolve)));
    try {
      const picture = firstPicture(socket);
      picture.catch(() => undefined);
      await Promise.race([picture, late]);
    } finally {
      limit[Symbol.dispose]();
      black?.[Symbol.dispose]();
      socket.destroy();
    }
  }

  #ended(exit: ChildExit) {
    const { target, clock, signal } = this.#admitted;
    return { device: this.#device, name: target.name, exit, clock, signal };
  }
}

type Target = AdmittedOpening["target"];

function noPassword({ id, name }: Target): DeviceError {
  const message = `the vault holds no password of one line for target "${id}"`;
  return new DeviceError("vault_invalid", message, `the edge holds no password for "${name}"`);
}

function noPicture({ id, name }: Target): DeviceError {
  const seconds = pictureLimitMs / 1000;
  return new DeviceError(
    "device_unreachable",
    `no picture of target "${id}" in ${seconds} s`,
    `"${name}" showed no desktop in ${seconds} s`,
    { retryable: true },
  );
}

function signedOut({ id, name }: Target): DeviceError {
  const message = `the desktop of target "${id}" was signed out or disconnected on the device`;
  const told = `the desktop of "${name}" has ended: signed out or disconnected there`;
  return new DeviceError("device_unreachable", message, told, { retryable: true });
}
