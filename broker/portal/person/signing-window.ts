// The signing page in a window of its own: opened in the very click that asks for it (a later one is blocked), told exactly one thing, and believed
// only from its own origin (shared/signing-page.ts). What it returns is verified like anything else.
import { toBase64Url } from "../../../shared/bytes.ts";
import {
  encodeEnvelope,
  type Envelope,
  type EnvelopeSignature,
} from "../../../shared/document/envelope.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { SallyportError } from "../../../shared/errors.ts";
import {
  parseSigningTell,
  signatureOfTell,
  signingProtocol,
  type RegisterAsk,
  type SigningAsk,
  type SigningTell,
} from "../../../shared/signing-page.ts";

const closedPollMs = 300;
const looksUntilCancelled = 5;
const windowWidth = 480;
const windowHeight = 720;

/** What is to be signed by touch. */
export interface TouchOrder {
  readonly type: string;
  readonly payload: Uint8Array;
  /** Passkeys of the person, any of which may sign. */
  readonly keys: readonly PasskeyPublic[];
  readonly chain: readonly Envelope[];
  readonly about: readonly Envelope[];
  /** Where no manifest is known that names it. */
  readonly rpId?: string;
}

/** The person closed the window or said no: nothing was signed. */
export class TouchCancelled extends SallyportError {
  constructor() {
    super("refused", "nothing was signed");
  }
}

export class SigningWindow {
  readonly #origin: string;
  readonly #window: Window;
  readonly #ready: Promise<void>;
  #answer = Promise.withResolvers<SigningTell>();
  readonly #poll: ReturnType<typeof setInterval>;
  readonly #listen: (event: MessageEvent<unknown>) => void;

  /** Opens it; to be called in a click. Throws `refused` where the browser blocks windows. */
  constructor(origin: string) {
    this.#origin = origin;
    const left = Math.max(0, screenX + (outerWidth - windowWidth) / 2);
    const top = Math.max(0, screenY + (outerHeight - windowHeight) / 2);
    const features = `popup,width=${windowWidth},height=${windowHeight},left=${left},top=${top}`;
    const opened = window.open(`${origin}/`, "_blank", features);
    if (opened === null)
      throw new SallyportError(
        "refused",
        "this browser blocks the signing window: allow windows of this page, then try again",
      );
    this.#window = opened;
    const ready = Promise.withResolvers<void>();
    this.#ready = ready.promise;
    this.#listen = (event) => {
      if (event.source !== this.#window || event.origin !== this.#origin) return;
      const tell = readTell(event.data);
      if (tell === undefined) return;
      if (tell.tell === "ready") ready.resolve();
      else this.#answer.resolve(tell);
    };
    addEventListener("message", this.#listen);
    let seenClosed = 0;
    this.#poll = setInterval(() => {
      if (!this.#window.closed) return;
      // What it said last may come after the news that it is closed: they travel by different ways in the browser.
      seenClosed += 1;
      if (seenClosed < looksUntilCancelled) return;
      ready.reject(new TouchCancelled());
      this.#answer.reject(new TouchCancelled());
      this.#stop();
    }, closedPollMs);
    this.#ready.catch(() => undefined);
    this.#answer.promise.catch(() => undefined);
  }

  /** The person's signature over the order's exact bytes; rejects with `TouchCancelled`, or what the page says against it. */
  async sign(order: TouchOrder): Promise<EnvelopeSignature> {
    const tell = await this.#ask({
      sallyport: signingProtocol,
      ask: "sign",
      type: order.type,
      payload: toBase64Url(order.payload),
      keys: [...order.keys],
      chain: order.chain.map(encodeEnvelope),
      about: order.about.map(encodeEnvelope),
      ...(order.rpId !== undefined && { rpId: order.rpId }),
    });
    if (tell.tell !== "signed") throw unexpected();
    return signatureOfTell(tell);
  }

  /** A new passkey of the person. */
  async register(ask: Omit<RegisterAsk, "sallyport" | "ask">): Promise<PasskeyPublic> {
    const tell = await this.#ask({ sallyport: signingProtocol, ask: "register", ...ask });
    if (tell.tell !== "registered") throw unexpected();
    return tell.key;
  }

  /** Closes the window, if what was to be signed came to nothing. */
  close(): void {
    this.#stop();
    this.#window.close();
  }

  async #ask(ask: SigningAsk): Promise<SigningTell> {
    await this.#ready;
    this.#window.postMessage(ask, this.#origin);
    try {
      const tell = await this.#answer.promise;
      if (tell.tell === "failed") {
        if (tell.code === "cancelled") throw new TouchCancelled();
        throw new SallyportError("refused", tell.message);
      }
      return tell;
    } finally {
      this.close();
    }
  }

  #stop(): void {
    clearInterval(this.#poll);
    removeEventListener("message", this.#listen);
  }
}

// Other scripts of the browser (extensions) post messages too; what is not ours is nobody's.
function readTell(message: unknown): SigningTell | undefined {
  try {
    return parseSigningTell(message);
  } catch {
    return undefined;
  }
}

function unexpected(): SallyportError {
  return new SallyportError("message_invalid", "signing page answers something else");
}
