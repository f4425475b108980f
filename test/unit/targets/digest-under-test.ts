// A panel that signs in by Digest, and devices that ask for it.
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import type { WebDevice } from "../../../edge/targets/http/sign-in.ts";
import { SallyportError } from "../../../shared/errors.ts";
import {
  digestGuard,
  type DigestGuard,
  type DigestGuardOptions,
} from "../../plant/digest-guard.ts";
import {
  panelDevice,
  startDevice,
  startPanel,
  type DeviceServer,
  type PanelUnderTest,
} from "./panel-under-test.ts";

export const password = "Presse-7 +ü&=";
export const signIn = { how: "digest", login: "operator" } as const;
export const who = { login: "operator", password } as const;

export interface GuardedDevice extends DeviceServer {
  readonly guard: DigestGuard;
  /** Bodies that came to whoever was signed in. */
  readonly taken: string[];
  /** Authorization fields, in order. */
  readonly said: (string | undefined)[];
}

export interface Guarded extends Partial<DigestGuardOptions> {
  /** The WWW-Authenticate fields around the guard's own challenge. */
  readonly fields?: (own: string) => readonly string[];
  /** Asked without a login. */
  readonly isOpen?: (target: string) => boolean;
  /** 401 whoever asks. */
  readonly isForbidden?: (target: string) => boolean;
}

/** A device that says what it was asked by whoever signed in. */
export async function startGuarded(options: Guarded = {}): Promise<GuardedDevice> {
  const { fields = (own) => [own], isOpen, isForbidden } = options;
  const guard = digestGuard({ ...who, ...options });
  const taken: string[] = [];
  const said: (string | undefined)[] = [];
  const device = await startDevice((request, response) => {
    const { url = "/", method } = request;
    said.push(request.headers.authorization);
    const judged = isOpen?.(url) === true ? "right" : guard.judge(request);
    if (judged !== "right" || isForbidden?.(url) === true) {
      request.resume();
      response.setHeader("www-authenticate", fields(guard.challenge(judged)));
      return void response.writeHead(401).end("out");
    }
    void text(request).then((body) => {
      if (body !== "") taken.push(createHash("sha256").update(body).digest("hex"));
      response.setHeader("authentication-info", 'rspauth="0123", qop=auth');
      response.end(`${method} ${url} ${body.length}`);
    });
  });
  return { ...device, guard, taken, said };
}

/** A panel of the device that is signed in to by Digest. */
export const startFor = (device: Pick<DeviceServer, "port" | "certificate">, changes = {}) =>
  startPanel(panelDevice(device as DeviceServer, { signIn, ...changes } as Partial<WebDevice>), {
    password,
  });

/** Why the panel cannot be. */
export async function failure({ panel }: PanelUnderTest): Promise<SallyportError> {
  try {
    await panel.begin();
  } catch (thrown) {
    if (thrown instanceof SallyportError) return thrown;
    throw thrown;
  }
  throw new Error("signed in");
}
