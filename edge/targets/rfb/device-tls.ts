// TLS on a device's connection that is there already, as VeNCrypt begins it: without certificates, or under the one that the device document pins, or
// that was accepted beside it. Invariant: under a pin nothing is sent before the certificate was judged; names, dates and authorities count for nothing.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { messageOf } from "../../../shared/errors.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import { isCertificateTaken, type JudgeKey } from "../device-certificate.ts";
import type { DeviceAddress } from "../device-socket.ts";

export type TlsKind = "anonymous" | "certificate";

export interface DeviceTls {
  readonly kind: TlsKind;
  readonly address: DeviceAddress;
  readonly pinned: string | null;
  readonly legacy: boolean;
  /** The fingerprint that the device shows, before it is judged. */
  readonly onCertificate: ((fingerprint: string) => void) | undefined;
  /** Whether to go on with the certificate that it shows, where one is pinned. */
  readonly judge: JudgeKey;
  /** Aborted with the error that ends the attempt. */
  readonly ended: AbortSignal;
}

/** Rejects with `device_changed` for a certificate that is neither pinned nor accepted, `device_refused` if none is pinned or there is no TLS in common; `stream` is left to the caller. */
export async function startDeviceTls(stream: Duplex, wanted: DeviceTls): Promise<Duplex> {
  const { kind, address, pinned, onCertificate, judge, ended } = wanted;
  const secured = tls.connect({ socket: stream as Socket, ...settings(wanted) });
  // A reset after this must not end the process; whoever reads sees it.
  secured.on("error", () => undefined);
  try {
    await connected(secured, ended);
  } catch (thrown) {
    secured.destroy();
    if (thrown instanceof DeviceError) throw thrown;
    throw new DeviceError(
      "device_refused",
      `device ${addressOf(address.host, address.port)}: TLS failed: ${messageOf(thrown)}`,
      `"${address.name}" and the edge have no encryption in common`,
      { cause: thrown },
    );
  }
  if (kind === "anonymous") return secured;
  try {
    const shown = secured.getPeerCertificate().fingerprint256;
    onCertificate?.(shown);
    const isTaken = pinned !== null && (await isCertificateTaken(judge, shown, pinned));
    if (!isTaken) throw wrongCertificate(address, shown, pinned);
    // The session may have ended while it was written down.
    ended.throwIfAborted();
    return secured;
  } catch (thrown) {
    secured.destroy();
    throw thrown;
  }
}

// What is compared is the certificate itself, so nothing else of it is asked; anonymous Diffie-Hellman ended with TLS 1.2.
function settings({ kind, legacy }: DeviceTls): tls.ConnectionOptions {
  const old = legacy ? ({ minVersion: "TLSv1" } as const) : {};
  if (kind === "anonymous") {
    return {
      ...old,
      rejectUnauthorized: false,
      ciphers: "aNULL:@SECLEVEL=0",
      maxVersion: "TLSv1.2",
    };
  }
  return { ...old, rejectUnauthorized: false, ...(legacy && { ciphers: "DEFAULT:@SECLEVEL=0" }) };
}

async function connected(secured: tls.TLSSocket, ended: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onEnd = (): void => reject(ended.reason);
  const onClose = (): void => reject(new Error("the connection was closed"));
  secured.once("secureConnect", resolve).once("error", reject).once("close", onClose);
  ended.addEventListener("abort", onEnd);
  if (ended.aborted) onEnd();
  try {
    await promise;
  } finally {
    secured.off("error", reject).off("close", onClose);
    ended.removeEventListener("abort", onEnd);
  }
}

function wrongCertificate(
  { host, port, name }: DeviceAddress,
  shown: string,
  pinned: string | null,
): DeviceError {
  const shows = `device ${addressOf(host, port)} shows certificate ${shown}`;
  if (pinned === null) {
    return new DeviceError(
      "device_refused",
      `${shows}, none is pinned`,
      `"${name}" shows a certificate that no owner has pinned`,
    );
  }
  return new DeviceError(
    "device_changed",
    `${shows}, pinned is ${pinned}`,
    `"${name}" is not the device that the owner pinned`,
  );
}
