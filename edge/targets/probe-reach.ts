// What the tests of all kinds of devices begin with: is there a way to the address, and is its port open; and the steps in which they answer.
import type { Socket } from "node:net";
import type { Probe } from "../../shared/channel/messages.ts";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { addressOf } from "./device-error.ts";
import { dialDevice } from "./device-socket.ts";

/** One thing that was tried. The text is for the owner, who named the address himself. */
export interface ProbeStep {
  readonly step: "route" | "port" | "host-key" | "certificate" | "login";
  readonly ok: boolean;
  readonly text: string;
  /** Of `host-key`: what the device showed, as OpenSSH lines to be pinned. */
  readonly hostKeys?: readonly string[];
  /** Of `certificate`: the fingerprint that the device showed, as the document has it. */
  readonly certificate?: string;
}

export type DeviceToProbe = Probe["device"];

/** What the device answers with when the port is shut: there is a way to it. */
const answeredCodes: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET"]);

/** `socket` is there if the port is open; whoever asked destroys it. */
export interface Reached {
  readonly route: ProbeStep;
  readonly port: ProbeStep;
  readonly socket?: Socket;
}

/** Dials the device; never rejects for what it does. */
export async function reach(
  { host, port }: { readonly host: string; readonly port: number },
  clock: Clock,
  stop: AbortSignal,
): Promise<Reached> {
  const address = addressOf(host, port);
  try {
    const socket = await dialDevice(
      { host, port, name: address },
      { signal: stop, clock, allowHalfOpen: false },
    );
    // Until somebody listens: a reset must not end the process.
    socket.on("error", () => undefined);
    return {
      socket,
      route: { step: "route", ok: true, text: `${host} answers` },
      port: { step: "port", ok: true, text: `${address} is open` },
    };
  } catch (thrown) {
    const cause = (thrown as Error).cause as NodeJS.ErrnoException | undefined;
    const isAnswered = answeredCodes.has(cause?.code ?? "");
    const why = stop.aborted ? overTime(address) : messageOf(thrown);
    return {
      route: { step: "route", ok: isAnswered, text: isAnswered ? `${host} answers` : why },
      port: { step: "port", ok: false, text: why },
    };
  }
}

/**
 * Of a device that shows a certificate: whether it is the pinned one. Without a pin there is nothing wrong yet, and the fingerprint is shown to be
 * compared and pinned.
 */
export function certificateStep(shown: string, pinned: string | null): ProbeStep {
  const certificate = shown;
  if (shown === pinned)
    return { step: "certificate", ok: true, text: `${shown} is pinned`, certificate };
  if (pinned === null) {
    const text = `${shown}: compare it with what the device itself tells, then pin it`;
    return { step: "certificate", ok: true, text, certificate };
  }
  return {
    step: "certificate",
    ok: false,
    text: `${shown} is shown, pinned is ${pinned}`,
    certificate,
  };
}

/** Why a step has no result when the test's time is over. */
export function overTime(address: string): string {
  return `${address}: no answer in the time of a test`;
}
