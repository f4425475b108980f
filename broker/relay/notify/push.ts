// Web Push: a message encrypted for one browser (RFC 8291) and signed as this relay's (VAPID, RFC 8292), posted to the browser maker's push service,
// which reads none of it. The only importer of web-push; the connection is ours (its own goes to any address and reads answers without end).
import { createECDH } from "node:crypto";
import webPush from "web-push";
import { fromBase64Url, toBase64Url } from "../../../shared/bytes.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import type { Outbound } from "./outbound.ts";
import { delivered, undelivered, type Outcome, type Send } from "./sender.ts";

/** A request lives at most a day; a phone that was off for longer is told nothing old. */
const timeToLiveSeconds = 24 * 3600;

const pointBytes = 65;
const authBytes = 16;

/** Both halves as Web Push writes them, base64url. */
export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The keys of a browser's subscription. */
export interface SubscriptionKeys {
  readonly p256dh: string;
  readonly auth: string;
}

/** The pair of a 32-byte private key; throws `file_invalid` for the few that are none. */
export function vapidKeysOf(privateKey: Uint8Array): VapidKeys {
  const curve = createECDH("prime256v1");
  try {
    curve.setPrivateKey(privateKey);
  } catch (cause) {
    throw new SallyportError("file_invalid", `push key: ${messageOf(cause)}`, { cause });
  }
  return {
    publicKey: toBase64Url(curve.getPublicKey()),
    privateKey: toBase64Url(privateKey),
  };
}

/** Throws `encoding_invalid` unless these are a point of P-256 and 16 bytes. */
export function checkSubscriptionKeys({ p256dh, auth }: SubscriptionKeys): void {
  fromBase64Url(auth, authBytes);
  const point = fromBase64Url(p256dh, pointBytes);
  const curve = createECDH("prime256v1");
  curve.generateKeys();
  try {
    curve.computeSecret(point);
  } catch (cause) {
    throw new SallyportError("encoding_invalid", "p256dh is not a point of P-256", { cause });
  }
}

/** Sends to push services; `subject` tells them whom to ask about this relay (an https or mailto address). */
export function createPush(outbound: Outbound, vapid: VapidKeys, subject: string): Send {
  return async (message, channel, signal) => {
    const keys = JSON.parse(channel.keys ?? "{}") as SubscriptionKeys;
    const { id, title, text: body, url, tag } = message;
    const content = JSON.stringify({ id, title, body, url, tag });
    const encoding = "aes128gcm";
    const { cipherText } = webPush.encrypt(keys.p256dh, keys.auth, content, encoding);
    const endpoint = new URL(channel.address);
    const { publicKey, privateKey } = vapid;
    const { Authorization: authorization } = webPush.getVapidHeaders(
      endpoint.origin,
      subject,
      publicKey,
      privateKey,
      encoding,
    );
    const headers = {
      authorization,
      "content-encoding": encoding,
      "content-type": "application/octet-stream",
      ttl: String(timeToLiveSeconds),
      urgency: "high",
      topic: tag,
    };
    try {
      return outcomeOf(await outbound.post({ url: endpoint, headers, body: cipherText }, signal));
    } catch (thrown) {
      const isClosed = thrown instanceof SallyportError && thrown.code === "forbidden";
      return undelivered(`push service: ${messageOf(thrown)}`, !isClosed);
    }
  };
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return delivered;
  const reason = `push service answered ${status}`;
  // RFC 8030: the subscription has expired or was given up.
  if (status === 404 || status === 410) {
    return { delivered: false, reason, mayRetry: false, isGone: true };
  }
  const isTransient = status >= 500 || status === 429 || status === 408;
  return undelivered(reason, isTransient);
}
