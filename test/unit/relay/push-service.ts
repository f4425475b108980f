// A push service and the browsers behind it: takes messages over HTTPS, checks that the relay signed for this very service (RFC 8292), and decrypts
// them as a browser does (RFC 8291), with nothing of the library that encrypted them.
import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  hkdfSync,
  randomBytes,
  verify,
  type ECDH,
} from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import * as assert from "uvu/assert";
import { makeCertificates } from "../../support/certificates.ts";
import { Inbox } from "../../support/inbox.ts";

export interface PushContent {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly tag: string;
}

export interface Pushed {
  /** Name of the browser. */
  readonly browser: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The relay's key, as the message names it. */
  readonly vapidKey: string;
  readonly subject: string;
  readonly content: PushContent;
  /** All plaintext bytes. */
  readonly text: string;
}

interface Browser {
  readonly curve: ECDH;
  readonly auth: Buffer;
}

export class PushService implements AsyncDisposable {
  readonly pushed = new Inbox<Pushed>();
  /** Requests so far, refused ones too. */
  requests = 0;
  /** What it answers instead of 201, by browser. */
  readonly answers = new Map<string, number>();
  readonly faults: string[] = [];
  readonly #server: Server;
  readonly #browsers = new Map<string, Browser>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port; this process trusts its certificate from then on. */
  static async start(): Promise<PushService> {
    const { authority, certificate, privateKey } = await makeCertificates();
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
    const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        service.requests += 1;
        const browser = (request.url ?? "").split("/").at(-1) ?? "";
        const refusal = service.answers.get(browser);
        if (refusal === undefined) {
          try {
            service.#take(browser, request.headers, Buffer.concat(chunks));
          } catch (thrown) {
            service.faults.push(String(thrown));
          }
        }
        response.writeHead(refusal ?? 201).end("x".repeat(100));
      });
    });
    const service: PushService = new PushService(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a browser of that name gives a page: `PushSubscription.toJSON()`. */
  subscribe(browser: string): object {
    const curve = createECDH("prime256v1");
    curve.generateKeys();
    const auth = randomBytes(16);
    this.#browsers.set(browser, { curve, auth });
    return {
      endpoint: `${this.origin}/send/${browser}`,
      expirationTime: null,
      keys: { p256dh: curve.getPublicKey("base64url"), auth: auth.toString("base64url") },
    };
  }

  #take(browser: string, headers: Pushed["headers"], body: Buffer): void {
    const { key, subject } = checkVapid(String(headers["authorization"]), this.origin);
    const known = this.#browsers.get(browser);
    assert.ok(known, `no browser "${browser}"`);
    assert.is(headers["content-encoding"], "aes128gcm");
    const text = decrypt(body, known);
    const content = JSON.parse(text) as PushContent;
    this.pushed.add({ browser, headers, vapidKey: key, subject, content, text });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    assert.equal(this.faults, []);
  }
}

/** RFC 8292, section 2 and 3: a JWT by the key that stands beside it, for this service, not for longer than a day. */
function checkVapid(authorization: string, origin: string): { key: string; subject: string } {
  const [, token, key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(authorization) ?? [];
  assert.ok(token && key, `authorization "${authorization}"`);
  const [header = "", claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  const isSigned = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  assert.ok(isSigned, "the token's signature is wrong");
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
    aud: string;
    exp: number;
    sub: string;
  };
  assert.is(aud, origin);
  const now = Date.now() / 1000;
  assert.ok(exp > now && exp <= now + 24 * 3600, `expires at ${exp}`);
  return { key, subject: sub };
}

/** RFC 8188 with the keys of RFC 8291: one record, its padding delimiter 2. */
function decrypt(body: Buffer, { curve, auth }: Browser): string {
  const salt = body.subarray(0, 16);
  const idLength = body.readUInt8(20);
  const sender = body.subarray(21, 21 + idLength);
  const sealed = body.subarray(21 + idLength);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), curve.getPublicKey(), sender]);
  const shared = curve.computeSecret(sender);
  const input = Buffer.from(hkdfSync("sha256", shared, auth, info, 32));
  const derive = (label: string, length: number): Buffer =>
    Buffer.from(hkdfSync("sha256", input, salt, `Content-Encoding: ${label}\0`, length));
  const decipher = createDecipheriv("aes-128-gcm", derive("aes128gcm", 16), derive("nonce", 12));
  decipher.setAuthTag(sealed.subarray(-16));
  const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  assert.is(plain.at(-1), 2, "padding delimiter of the last record");
  return plain.subarray(0, -1).toString();
}
