// One screen from a device that speaks RFB to the vendor's viewer: recorded, filtered in both directions, each side read no faster than the other
// takes it. Kinds `vnc` and `rdp` hand over a stream that is past its ServerInit. Invariants: nothing is dialled without a recording; what the vendor
// holds down is let go of when the line to him breaks, nobody watches him any more, or the stream ends.
import type { Duplex } from "node:stream";
import { utf8 } from "../../../shared/bytes.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import { lost, type DeviceAddress } from "../device-socket.ts";
import { withRecording } from "../recorded-stream.ts";
import { refused, type AdmittedOpening, type Recording } from "../target.ts";
import { ClientStream, serverGreeting, type ClientRights } from "./client-stream.ts";
import { pixelFormat } from "./pixel-format.ts";
import { ScreenRecording, screenKind } from "./screen-recording.ts";
import { ServerStream } from "./server-stream.ts";
import { TurnBudget } from "./turn-budget.ts";

/** While something is held down it is asked this often whether it still may be. */
const heldLookMs = 1000;
/** For what is let go of at the end to reach the device. */
const farewellMs = 1000;

/** What a device's side of RFB is after ServerInit. */
export interface ConnectedScreen {
  /** Paused, its next byte being the first after ServerInit. Its error ends the screen with that error; so does its end. */
  readonly stream: Duplex;
  readonly width: number;
  readonly height: number;
  /** As the device says; the vendor's viewer gets the target's. */
  readonly name: string;
  /** Called whenever the device's picture has taken another size. */
  readonly onResized?: (width: number, height: number) => void;
  /** Why the stream broke off, where its owner may know more than the stream says; undefined if he does not. Resolves soon. */
  readonly whyLost?: () => Promise<SallyportError | undefined>;
  /** The KeyEvents for one of the viewer's, where the device needs others. */
  readonly keysFor?: (isDown: boolean, keysym: number) => Uint8Array[];
}

export interface ScreenSource {
  /** What a list of recordings shows beside the kind. */
  readonly title?: string;
  /**
   * Reaches the device and signs in; called once, after the recording was opened. Rejects with a DeviceError; when `stop` is aborted it rejects soon and
   * leaves nothing. After it resolved the stream is `serveScreen`'s to destroy; whatever else there is, its owner takes away when `serveScreen` settles.
   */
  connect(stop: AbortSignal): Promise<ConnectedScreen>;
}

/**
 * Serves an opening of mode `screen` to its end; needs the right `control` or `view`. Resolves when the vendor has left, rejects with a SallyportError
 * otherwise. The stream is destroyed and the recording closed in any case.
 */
export async function serveScreen(admitted: AdmittedOpening, source: ScreenSource): Promise<void> {
  const { opening, rights, held, signal, device } = admitted;
  if (opening.mode !== "screen") throw refused(admitted, `mode "${opening.mode}"`);
  if (!rights.includes("control") && !rights.includes("view")) {
    throw refused(admitted, 'neither right "control" nor "view"');
  }
  const port = "port" in device ? device.port : 0;
  const address = { host: device.host, port, name: admitted.target.name };
  const { title } = source;
  await withRecording(
    admitted,
    { kind: screenKind, ...(title && { title }) },
    async (recording) => {
      const stop = AbortSignal.any([signal, recording.failed, held.gone]);
      const connected = await source.connect(stop);
      const screen = new JoinedScreen(admitted, connected, recording, address);
      await screen.serve(stop);
    },
  );
}

class JoinedScreen {
  readonly #admitted: AdmittedOpening;
  readonly #stream: Duplex;
  readonly #whyLost: ConnectedScreen["whyLost"];
  readonly #recording: Recording;
  readonly #recorder: ScreenRecording;
  readonly #server: ServerStream;
  readonly #client: ClientStream;
  readonly #address: DeviceAddress;
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;
  #vendorFull = false;
  #recorderBehind = false;
  readonly #budget: TurnBudget;
  /** The picture's decoding has used up its turn, or its share. */
  #isResting = false;
  #rest: Disposable | undefined;
  /** Messages of one piece of the vendor's bytes. */
  #outgoing: Uint8Array[] = [];
  #heldLook: Disposable | undefined;
  #mayInput = true;

  constructor(
    admitted: AdmittedOpening,
    { stream, width, height, onResized, whyLost, keysFor }: ConnectedScreen,
    recording: Recording,
    address: DeviceAddress,
  ) {
    const { clock, recordKeys, rights, target } = admitted;
    this.#admitted = admitted;
    this.#stream = stream;
    this.#whyLost = whyLost;
    this.#recording = recording;
    this.#address = address;
    this.#budget = new TurnBudget(clock);
    this.#server = new ServerStream({
      width,
      height,
      name: target.name,
      onPass: (bytes) => this.#toVendor(bytes),
      onMessageEnd: () => this.#keep(this.#recorder.messageEnded()),
      mayCutText: () => rights.includes("clipboard-out"),
      onCutText: (text, isPassed) => {
        if (isPassed) this.#recorder.clipboard("from-device", text);
        else this.#recorder.clipboardWithheld(text);
      },
      onResize: (newWidth, newHeight) => onResized?.(newWidth, newHeight),
    });
    this.#recorder = new ScreenRecording({ recording, clock, recordKeys, screen: this.#server });
    this.#client = new ClientStream({
      target: target.name,
      rights: clientRights(rights),
      abilities: this.#server.abilities,
      mayInput: () => this.#look(),
      toDevice: (message) => void this.#outgoing.push(message),
      keysFor,
      onInput: (event) => this.#keep(this.#recorder.input(event)),
      onClipboard: (text) => this.#recorder.clipboard("to-device", text),
      onResize: (newWidth, newHeight) => this.#recorder.resize(newWidth, newHeight),
      onTouch: () => admitted.touch(),
    });
  }

  async serve(stop: AbortSignal): Promise<void> {
    const stream = this.#stream;
    const { held } = this.#admitted;
    const { channel } = held;
    const onStop = (): void => this.#end(undefined);
    stream.on("error", (cause) => this.#broken(this.#lost(cause)));
    stream.on("close", () => this.#broken(this.#closed()));
    stream.on("end", () => this.#broken(this.#closed()));
    stop.addEventListener("abort", onStop);
    if (stop.aborted || stream.destroyed) this.#end(stop.aborted ? undefined : this.#closed());
    try {
      this.#keep(this.#recorder.begin());
      this.#look();
      channel.sendControl({ type: "opened" });
      this.#toVendorAlone(serverInit(this.#server));
      channel.onAway = () => this.#letGo();
      held.attach({
        onData: (bytes, settled) => this.#fromVendor(bytes, settled),
        onEnd: () => {
          channel.end();
          this.#end(undefined);
        },
        onDrain: () => {
          this.#vendorFull = false;
          this.#resume();
        },
        onControl: () => undefined,
      });
      stream.on("data", (bytes: Buffer) => this.#fromDevice(bytes));
      this.#resume();
      await this.#over.promise;
    } finally {
      stop.removeEventListener("abort", onStop);
      await this.#leave();
    }
  }

  #end(failure: SallyportError | undefined): void {
    if (failure === undefined) this.#over.resolve();
    else this.#over.reject(failure);
    this.#isOver = true;
    this.#stream.pause();
  }

  #broken(failure: SallyportError): void {
    if (this.#whyLost === undefined) this.#end(failure);
    else void this.#whyLost().then((why) => this.#end(why ?? failure));
  }

  async #leave(): Promise<void> {
    this.#heldLook?.[Symbol.dispose]();
    this.#rest?.[Symbol.dispose]();
    const stream = this.#stream;
    this.#client.release();
    const farewell = this.#outgoing.splice(0);
    // What the vendor did last is on its way, too.
    if (stream.writable) {
      const { promise, resolve } = Promise.withResolvers<void>();
      using _limit = this.#admitted.clock.setTimer(farewellMs, resolve);
      stream.once("close", resolve);
      stream.end(Buffer.concat(farewell), resolve);
      await promise;
    }
    stream.destroy();
  }

  #fromDevice(bytes: Uint8Array): void {
    this.#turn(() => this.#server.feed(bytes));
  }

  // A turn of the picture's decoding. What is left, or a device that took more than its share of the processor, waits.
  #turn(work: () => boolean): void {
    if (this.#isOver) return;
    try {
      const isDone = this.#budget.spend(work);
      const { waitMs } = this.#budget;
      this.#isResting = !isDone || waitMs > 0;
      if (this.#isResting) {
        const next = (): void => this.#turn(() => isDone || this.#server.goOn());
        if (waitMs > 0) this.#rest = this.#admitted.clock.setTimer(waitMs, next);
        else setImmediate(next);
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    if (this.#isHeld) this.#stream.pause();
    else this.#stream.resume();
  }

  #toVendor(bytes: Uint8Array): void {
    this.#keep(this.#recorder.passed(bytes));
    this.#toVendorAlone(bytes);
  }

  // The beginning is in the recording's first segment.
  #toVendorAlone(bytes: Uint8Array): void {
    if (!this.#admitted.held.channel.write(bytes)) this.#vendorFull = true;
  }

  #fromVendor(bytes: Uint8Array, settled: () => void): void {
    if (this.#isOver) {
      settled();
      return;
    }
    try {
      this.#client.feed(bytes);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    this.#send(settled);
    this.#watchHeld();
  }

  #send(settled: () => void): void {
    const messages = this.#outgoing.splice(0);
    const next = (): void => {
      if (this.#recorderBehind) void this.#whenRecorded(settled);
      else settled();
    };
    if (messages.length === 0 || !this.#stream.writable) {
      next();
      return;
    }
    this.#stream.write(Buffer.concat(messages), (error) => {
      const isTaken = error === null || error === undefined;
      // What a vendor said who has left holds his channel open no longer.
      if (isTaken || this.#isOver) next();
    });
  }

  #letGo(): void {
    if (this.#isOver) return;
    this.#client.release();
    this.#send(() => undefined);
  }

  // What moves while a button is held moves until it is let go of: nobody's silence may keep it down.
  #watchHeld(): void {
    if (this.#heldLook !== undefined || !this.#client.isPressing) return;
    this.#heldLook = this.#admitted.clock.setTimer(heldLookMs, () => {
      this.#heldLook = undefined;
      if (!this.#look()) this.#letGo();
      this.#watchHeld();
    });
  }

  #look(): boolean {
    const may = this.#admitted.mayInput();
    if (may !== this.#mayInput) this.#recorder.watched(may);
    this.#mayInput = may;
    return may;
  }

  #keep(isKept: boolean): void {
    if (isKept || this.#recorderBehind) return;
    this.#recorderBehind = true;
    void this.#whenRecorded(() => {
      this.#recorderBehind = false;
      this.#resume();
    });
  }

  get #isHeld(): boolean {
    return this.#vendorFull || this.#recorderBehind || this.#isResting || this.#isOver;
  }

  #resume(): void {
    if (!this.#isHeld) this.#stream.resume();
  }

  // A recorder that failed ends the stream by its own signal, so there is nothing to go on with.
  async #whenRecorded(next: () => void): Promise<void> {
    const hasFailed = await this.#recording.drained().then(
      () => false,
      () => true,
    );
    if (!hasFailed) next();
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof DeviceError) {
      const { host, port } = this.#address;
      const message = `device ${addressOf(host, port)}: ${thrown.message}`;
      this.#end(new DeviceError(thrown.code, message, thrown.told, { cause: thrown }));
    } else if (thrown instanceof SallyportError) this.#end(thrown);
    else this.#end(new SallyportError("internal", "a screen failed", { cause: thrown }));
  }

  #lost(cause: Error): SallyportError {
    return cause instanceof SallyportError ? cause : lost(this.#address, cause);
  }

  #closed(): DeviceError {
    const { host, port, name } = this.#address;
    return new DeviceError(
      "device_unreachable",
      `device ${addressOf(host, port)} closed the connection`,
      `"${name}" closed its screen`,
      { retryable: true },
    );
  }
}

/** What reaches the device needs `control`: whoever only sees has no clipboard and no size there. */
function clientRights(rights: readonly string[]): ClientRights {
  const control = rights.includes("control");
  return {
    control,
    clipboardIn: control && rights.includes("clipboard-in"),
    resize: control && rights.includes("resize"),
  };
}

// The name that noVNC looks at is the target's: a device's own could make it ask for other pixels.
function serverInit({ width, height, name }: ServerStream): Uint8Array {
  const text = utf8(name);
  const size = Buffer.alloc(4);
  size.writeUInt16BE(width, 0);
  size.writeUInt16BE(height, 2);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([serverGreeting, size, pixelFormat, length, text]);
}
