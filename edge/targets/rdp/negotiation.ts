// The beginning of an RDP connection ([MS-RDPBCGR] 1.3.1.1, 2.2.1.1 and 2.2.1.2): X.224 with the negotiation of security, then TLS as far as the
// device's certificate. Nothing of a login is sent. It tells an owner what to pin, and a failed desktop's reasons apart.
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../../../shared/clock.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import type { DeviceAddress } from "../device-socket.ts";

export type RdpSecurity = "nla" | "tls";

const protocols = { ssl: 1, hybrid: 2, hybridEx: 8 } as const;
const tpktVersion = 3;
const connectionConfirm = 0xd0;
const [negotiationResponse, negotiationFailure] = [2, 3];
/** A confirmation is 19 bytes; some devices say more. */
const maxConfirmBytes = 512;
const answerLimitMs = 10_000;

/** 2.2.1.2.2: what a device says to security that it does not want. */
const failureTexts: Readonly<Record<number, string>> = {
  1: "it wants TLS",
  2: "it allows no TLS",
  3: "it has no certificate",
  4: "its negotiation is inconsistent",
  5: "it wants NLA",
  6: "it wants TLS with a client certificate",
};

/** The device speaks no RDP, or not this security. */
export class NegotiationError extends SallyportError {}

/** X.224 over a connected socket. Rejects with a NegotiationError; the socket is the caller's. */
export async function negotiate(
  socket: Socket,
  security: RdpSecurity,
  clock: Clock,
): Promise<void> {
  const wanted = security === "nla" ? protocols.ssl | protocols.hybrid : protocols.ssl;
  // TPKT, a connection request of X.224, and in it what security is asked for.
  const request = Buffer.from("030000130ee000000000000100080000000000", "hex");
  request.writeUInt8(wanted, 15);
  const answer = confirmation(socket, clock);
  socket.write(request);
  const confirm = await answer;
  if (confirm[5] !== connectionConfirm) throw new NegotiationError("refused", "it speaks no RDP");
  const [type, selected] = [confirm[11], confirm.length >= 19 ? confirm.readUInt32LE(15) : 0];
  if (type === negotiationFailure) {
    const why = failureTexts[selected] ?? "it refuses";
    throw new NegotiationError("refused", `no ${security.toUpperCase()}: ${why}`);
  }
  const isTls = selected === protocols.ssl || selected === protocols.hybrid;
  if (type !== negotiationResponse || !(isTls || selected === protocols.hybridEx)) {
    throw new NegotiationError("refused", `no ${security.toUpperCase()}: it speaks without TLS`);
  }
  if (security === "nla" && selected === protocols.ssl) {
    throw new NegotiationError("refused", "no NLA: it wants TLS alone");
  }
}

/** The certificate's SHA-256 as `AA:BB:…`, after `negotiate`; ends the socket. Rejects with a NegotiationError. */
export async function readCertificate(
  socket: Socket,
  { host }: Pick<DeviceAddress, "host">,
  clock: Clock,
): Promise<string> {
  const tls = connectTls({
    socket,
    // Judged by whoever asked, and nothing is sent. Old devices are read too.
    rejectUnauthorized: false,
    minVersion: "TLSv1",
    ciphers: "DEFAULT:@SECLEVEL=0",
    checkServerIdentity: () => undefined,
    ...(/[a-z]/i.test(host) && !host.includes(":") && { servername: host }),
  });
  tls.on("error", () => undefined);
  using _limit = clock.setTimer(answerLimitMs, () => tls.destroy(new Error("no answer")));
  try {
    await Promise.race([
      once(tls, "secureConnect"),
      once(tls, "close").then(() => Promise.reject(new Error("it ended the connection"))),
    ]);
    return tls.getPeerX509Certificate()?.fingerprint256 ?? "";
  } catch (cause) {
    throw new NegotiationError("refused", `no TLS: ${messageOf(cause)}`, { cause });
  } finally {
    tls.destroy();
  }
}

function confirmation(socket: Socket, clock: Clock): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const fail = (why: string): void => reject(new NegotiationError("refused", why));
  let read = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk]);
    const length = read.length < 4 ? Infinity : read.readUInt16BE(2);
    if (
      read[0] !== tpktVersion ||
      (length !== Infinity && (length < 11 || length > maxConfirmBytes))
    ) {
      fail("it speaks no RDP");
    } else if (read.length >= length) resolve(read.subarray(0, length));
  };
  const onClose = (): void => fail("it ended the connection");
  const limit = clock.setTimer(answerLimitMs, () => fail("it does not answer"));
  socket.on("data", onData).once("close", onClose).once("end", onClose);
  return promise.finally(() => {
    limit[Symbol.dispose]();
    socket.off("data", onData).off("close", onClose).off("end", onClose);
    socket.pause();
  });
}
