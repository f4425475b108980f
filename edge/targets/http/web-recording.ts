// What a recording of kind `web` says (shared/protocol.md, "Recording"): a log of requests and WebSockets, with the hashes of what was uploaded. What
// may change something is written down before it goes to the device.
import { createHash, type Hash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import type { Clock } from "../../../shared/clock.ts";
import type { Recording } from "../target.ts";

const maxPathLength = 2000;
/** Values in a query under such a name are nobody's business. */
const secretNames = /pass|pwd|secret|token|key|auth|sess|sid\b|pin\b|code|otp|credential/i;

export class WebRecording {
  readonly #recording: Recording;
  readonly #clock: Clock;
  #count = 0;

  constructor(recording: Recording, clock: Clock) {
    this.#recording = recording;
    this.#clock = clock;
  }

  request(method: string, target: string): RecordedRequest {
    this.#count += 1;
    return new RecordedRequest(this.#recording, this.#clock, {
      number: this.#count,
      method: method.slice(0, 32),
      path: shownPath(target),
    });
  }

  /** The device could not be used. Its code alone: what the vendor may read elsewhere is no business of this. */
  failed(code: string): void {
    this.#recording.event("failed", { code });
  }

  webSocket(target: string): RecordedSocket {
    return new RecordedSocket(this.#recording, shownPath(target));
  }

  /** Resolves when the recorder has kept up; rejects when it cannot. */
  async drained(): Promise<void> {
    await this.#recording.drained();
  }
}

/** One request, from before the device is asked to the end of its answer. */
export class RecordedRequest {
  readonly #recording: Recording;
  readonly #clock: Clock;
  readonly #about: { readonly number: number; readonly method: string; readonly path: string };
  readonly #startedMs: number;
  #upload: Hash | undefined;
  #requestBytes = 0;
  #responseBytes = 0;
  #status: number | null = null;
  #type: string | null = null;
  #isOver = false;

  constructor(
    recording: Recording,
    clock: Clock,
    about: { readonly number: number; readonly method: string; readonly path: string },
  ) {
    this.#recording = recording;
    this.#clock = clock;
    this.#about = about;
    this.#startedMs = clock.monotonicMs();
  }

  /** It may change something, and is about to be sent. */
  begin(): void {
    this.#recording.event("request-begun", this.#about);
  }

  /** A part of the request's body, before it goes to the device. */
  uploaded(part: Buffer): void {
    this.#upload ??= createHash("sha256");
    this.#upload.update(part);
    this.#requestBytes += part.length;
  }

  /** The answer's body as the device sends it. */
  download(): Transform {
    return new Transform({
      transform: (part: Buffer, _encoding, done: TransformCallback) => {
        this.#responseBytes += part.length;
        done(null, part);
      },
    });
  }

  /** `status` is the device's; null if it gave none. */
  answered(status: number | null, type: string | undefined): void {
    this.#status = status;
    this.#type = type?.split(";", 1)[0]?.slice(0, 100) ?? null;
  }

  /** `isWhole` is false when it was cut or refused on the way. */
  end(isWhole: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#recording.event("request", {
      ...this.#about,
      status: this.#status,
      type: this.#type,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      ms: Math.round(this.#clock.monotonicMs() - this.#startedMs),
      isWhole,
      ...(this.#upload && { sha256: this.#upload.digest("base64url") }),
    });
  }
}

/** One WebSocket, from its opening to its end. */
export class RecordedSocket {
  readonly #recording: Recording;
  readonly #path: string;
  #bytesToDevice = 0;
  #bytesFromDevice = 0;
  #isOpen = false;

  constructor(recording: Recording, path: string) {
    this.#recording = recording;
    this.#path = path;
  }

  opened(): void {
    this.#isOpen = true;
    this.#recording.event("websocket", { path: this.#path, state: "opened", bytes: 0 });
  }

  toDevice(length: number): void {
    this.#bytesToDevice += length;
  }

  fromDevice(length: number): void {
    this.#bytesFromDevice += length;
  }

  closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#recording.event("websocket", {
      path: this.#path,
      state: "closed",
      bytes: this.#bytesToDevice + this.#bytesFromDevice,
      bytesToDevice: this.#bytesToDevice,
    });
  }
}

/** A target as it is written down: without the values that could let somebody in. */
export function shownPath(target: string): string {
  const at = target.indexOf("?");
  if (at < 0) return target.slice(0, maxPathLength);
  const query = target
    .slice(at + 1)
    .split("&")
    .map((part) => {
      const end = part.indexOf("=");
      return end >= 0 && secretNames.test(part.slice(0, end)) ? `${part.slice(0, end)}=…` : part;
    })
    .join("&");
  return `${target.slice(0, at)}?${query}`.slice(0, maxPathLength);
}
