// Webhooks: a JSON message posted to an address that an owner set, signed with HMAC-SHA256 under a secret that the receiver has. The secret follows
// from the relay's key file and the channel's id, so the store and its backups hold none.
import { createHmac, hkdfSync } from "node:crypto";
import { toBase64Url } from "../../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import type { Outbound } from "./outbound.ts";
import { delivered, undelivered, type Send } from "./sender.ts";

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 over t + "." + body>`. */
export const signatureHeader = "sallyport-signature";
const secretBytes = 32;

/** The secret of one webhook, as its receiver is shown it once. */
export function webhookSecret(root: Uint8Array, channel: string): string {
  return toBase64Url(
    new Uint8Array(hkdfSync("sha256", root, "", `webhook ${channel}`, secretBytes)),
  );
}

/** The header that proves a body and its time. */
export function signatureOf(secret: string, at: number, body: string): string {
  const mac = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  return `t=${at},v1=${mac}`;
}

/** Sends to webhooks. */
export function createWebhook(outbound: Outbound, root: Uint8Array, clock: Clock): Send {
  return async ({ id, site: siteId, title: site, kind, text, url, at }, channel, signal) => {
    const body = JSON.stringify({ id, site, siteId, at, kind, text, url });
    const headers = {
      "content-type": "application/json",
      "user-agent": "sallyport-relay",
      [signatureHeader]: signatureOf(webhookSecret(root, channel.id), wallSeconds(clock), body),
    };
    try {
      const post = { url: new URL(channel.address), headers, body };
      const status = await outbound.post(post, signal);
      if (status >= 200 && status < 300) return delivered;
      return undelivered(`webhook answered ${status}`, status !== 410);
    } catch (thrown) {
      const isClosed = thrown instanceof SallyportError && thrown.code === "forbidden";
      return undelivered(`webhook: ${messageOf(thrown)}`, !isClosed);
    }
  };
}
