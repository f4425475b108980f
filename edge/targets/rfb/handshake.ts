// RFB's beginning towards a device (RFC 6143 §7.1-7.3): versions 3.3, 3.7 and 3.8, the security type that the device document allows, ServerInit.
// Invariant: a password is tried once; what the device says of a failure is in the journal alone, printable and short.
import type { Duplex } from "node:stream";
import type { Clock } from "../../../shared/clock.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import { pinnedAlone, type JudgeKey } from "../device-certificate.ts";
import { unreachable, type DeviceAddress } from "../device-socket.ts";
import { DeviceReader } from "./device-reader.ts";
import { startDeviceTls } from "./device-tls.ts";
import { setPixelFormat } from "./pixel-format.ts";
import type { ConnectedScreen } from "./screen.ts";
import { chosenType, namesOf, securityType, type Means, type Method } from "./security.ts";
import { agreeOnSubtype, noneUsable, plainCredentials } from "./vencrypt.ts";
import { challengeBytes, isVncPassword, vncResponse } from "./vnc-auth.ts";

const loginLimitMs = 20_000;
/** Of a reason's text; a device may say that there is much more. */
const maxReasonBytes = 512;
/** A desktop's name, which nobody sees; real ones are far shorter. */
const maxNameBytes = 4096;
const shared = 1;

export interface ScreenLogin {
  readonly address: DeviceAddress;
  /** For security types that ask for a name. */
  readonly login: string | null;
  readonly secret: Secret | undefined;
  /** The certificate under which the device is accepted; with it, nothing but TLS with a certificate is spoken. */
  readonly certificate: string | null;
  /** Whether to go on with the certificate that it shows; the pinned one alone unless given. */
  readonly judge?: JudgeKey;
  /** Admits TLS of before 1.2. */
  readonly legacy: boolean;
  readonly clock: Clock;
  /** What is learned on the way. With it a certificate is looked at even if none is pinned. */
  readonly seen?: {
    version(version: string): void;
    certificate(fingerprint: string): void;
  };
}

/**
 * Signs in on a connected stream and asks for the one pixel format. The answer's stream is `stream` or its TLS. Rejects with a DeviceError, also when
 * `stop` is aborted; the stream is destroyed then.
 */
export async function logInToScreen(
  stream: Duplex,
  login: ScreenLogin,
  stop: AbortSignal,
): Promise<ConnectedScreen> {
  const { address, clock } = login;
  // A reset must not end the process; the reader sees it.
  const onError = (): void => undefined;
  stream.on("error", onError);
  const limit = new AbortController();
  using _timer = clock.setTimer(loginLimitMs, () =>
    limit.abort(unreachable(address, `no login in ${loginLimitMs / 1000} s`)),
  );
  const onStop = (): void => limit.abort(unreachable(address, "the session ended first"));
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  try {
    return await new ScreenHandshake(stream, login, limit.signal).run();
  } catch (thrown) {
    stream.destroy();
    throw thrown;
  } finally {
    stop.removeEventListener("abort", onStop);
  }
}

type Version = 3 | 7 | 8;

class ScreenHandshake {
  #stream: Duplex;
  #reader: DeviceReader;
  readonly #login: ScreenLogin;
  readonly #ended: AbortSignal;
  #version: Version = 8;

  constructor(stream: Duplex, login: ScreenLogin, ended: AbortSignal) {
    this.#stream = stream;
    this.#login = login;
    this.#ended = ended;
    this.#reader = new DeviceReader(stream, login.address, ended);
  }

  async run(): Promise<ConnectedScreen> {
    this.#version = await this.#agreeOnVersion();
    const method = await this.#agreeOnSecurity();
    await this.#prove(method);
    return this.#initialise();
  }

  async #agreeOnVersion(): Promise<Version> {
    const greeting = (await this.#reader.read(12, "its version")).toString("latin1");
    const [, major, minor] = /^RFB (\d{3})\.(\d{3})\n$/.exec(greeting) ?? [];
    if (major === undefined || Number(major) < 3) {
      const { name } = this.#login.address;
      throw this.#refused(`begins with "${printable(greeting)}"`, `"${name}" does not speak VNC`);
    }
    this.#login.seen?.version(`${Number(major)}.${Number(minor)}`);
    // RFC 6143 §7.1.1: what is not known counts as 3.3; what is newer knows 3.8.
    const isNewer = Number(major) > 3 || Number(minor) >= 8;
    const version: Version = isNewer ? 8 : Number(minor) === 7 ? 7 : 3;
    this.#stream.write(`RFB 003.00${version}\n`);
    return version;
  }

  async #agreeOnSecurity(): Promise<Method> {
    const means = this.#means();
    const type = await this.#agreeOnType(means);
    if (type === securityType.none) return "none";
    if (type === securityType.vncAuth) return "vnc";
    const subtype = await agreeOnSubtype(this.#stream, this.#reader, means);
    if (typeof subtype === "string") throw this.#unusable(subtype, means);
    if (subtype.tls !== undefined) {
      const { address, certificate: pinned, legacy, seen, judge = pinnedAlone } = this.#login;
      const onCertificate = seen && ((shown: string) => seen.certificate(shown));
      const wanted = { kind: subtype.tls, address, pinned, legacy, onCertificate, judge };
      this.#stream = await startDeviceTls(this.#stream, { ...wanted, ended: this.#ended });
      this.#reader = new DeviceReader(this.#stream, address, this.#ended);
    }
    return subtype.method;
  }

  #means(): Means {
    const { secret, login, certificate, seen } = this.#login;
    return {
      hasPassword: secret !== undefined,
      hasLogin: login !== null,
      isPinned: certificate !== null,
      isCurious: seen !== undefined && certificate === null,
    };
  }

  async #agreeOnType(means: Means): Promise<number> {
    const what = "its security types";
    if (this.#version === 3) {
      // In 3.3 the device decides.
      const type = await this.#reader.readU32(what);
      if (type === securityType.invalid) throw await this.#refusal("no security type");
      // VeNCrypt came later.
      if (type === securityType.vencrypt || chosenType([type], means) !== type) {
        throw this.#unusable(noneUsable(namesOf([type]), means), means);
      }
      return type;
    }
    const count = await this.#reader.readU8(what);
    if (count === 0) throw await this.#refusal("no security type");
    const offered = [...(await this.#reader.read(count, what))];
    const type = chosenType(offered, means);
    if (type === undefined) throw this.#unusable(noneUsable(namesOf(offered), means), means);
    this.#stream.write(Uint8Array.of(type));
    return type;
  }

  #unusable(why: string, { isPinned, hasPassword }: Means): DeviceError {
    const { name } = this.#login.address;
    if (isPinned) {
      const told = `"${name}" does not show the certificate that the owner pinned`;
      return this.#refused(why, told, "device_changed");
    }
    return this.#refused(
      why,
      hasPassword ? undefined : `"${name}" asks for a password, and the edge has none for it`,
    );
  }

  async #prove(method: Method): Promise<void> {
    if (method === "vnc") {
      const challenge = await this.#reader.read(challengeBytes, "its challenge");
      this.#stream.write(vncResponse(this.#vncPassword(), challenge));
    } else if (method === "plain") {
      this.#stream.write(plainCredentials(this.#login.login ?? "", this.#password()));
    } else if (this.#version !== 8) {
      // Before 3.8 nothing follows where nothing was proved.
      return;
    }
    if ((await this.#reader.readU32("its answer to the sign-in")) !== 0) {
      // Before 3.8 there is no reason.
      throw this.#version === 8
        ? await this.#refusal("wrong password or login")
        : this.#refused("wrong password or login", this.#wrongText());
    }
  }

  #password(): string {
    const { secret, address } = this.#login;
    if (secret?.kind === "password") return secret.password;
    throw new DeviceError(
      "vault_invalid",
      `secret of device ${addressOf(address.host, address.port)} is no password`,
      `the secret for "${address.name}" is no password`,
    );
  }

  #vncPassword(): string {
    const password = this.#password();
    if (isVncPassword(password)) return password;
    const { host, port, name } = this.#login.address;
    throw new DeviceError(
      "vault_invalid",
      `password of device ${addressOf(host, port)} has characters beyond Latin-1, which VNC cannot carry`,
      `the password for "${name}" cannot be used`,
    );
  }

  async #initialise(): Promise<ConnectedScreen> {
    this.#stream.write(Uint8Array.of(shared));
    const init = await this.#reader.read(24, "its screen's size");
    const length = init.readUInt32BE(20);
    if (length > maxNameBytes) {
      throw this.#refused(`a name of ${length} bytes exceeds ${maxNameBytes}`);
    }
    const name = await this.#reader.read(length, "its name");
    this.#stream.write(setPixelFormat);
    return {
      stream: this.#stream,
      width: init.readUInt16BE(0),
      height: init.readUInt16BE(2),
      name: name.toString("utf8"),
    };
  }

  // Attack: a reason without end.
  async #refusal(what: string): Promise<DeviceError> {
    const length = await this.#reader.readU32("why it refuses");
    const bytes = await this.#reader.read(Math.min(length, maxReasonBytes), "why it refuses");
    const reason = printable(bytes.toString("latin1"));
    const { name } = this.#login.address;
    const told = /too many/i.test(reason)
      ? `"${name}" lets nobody sign in for a while, after too many wrong passwords`
      : what.startsWith("wrong")
        ? this.#wrongText()
        : undefined;
    return this.#refused(`${what}: "${reason}"`, told);
  }

  #wrongText(): string {
    return `"${this.#login.address.name}" refused the password that the edge has for it`;
  }

  #refused(why: string, told?: string, code: ErrorCode = "device_refused"): DeviceError {
    const { host, port, name } = this.#login.address;
    const message = `device ${addressOf(host, port)}: ${why}`;
    return new DeviceError(code, message, told ?? `"${name}" refused the edge`);
  }
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, " ").trim();
}
