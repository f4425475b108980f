// A second implementation of the sealed channel's handshake and records, written from shared/protocol.md ("The sealed channel") alone. It shares
// nothing with shared/, takes HPKE from npm `hpke` and the rest from node:crypto, and is plain on purpose.
import { createCipheriv, createDecipheriv, createHash, createPublicKey, verify } from "node:crypto";
import * as hpke from "hpke";

export interface TwinHello {
  kind: number;
  suites: number[];
  purpose: number;
  site: Buffer;
  edge: Buffer;
  nonce: Buffer;
  publicKey: Buffer;
  channel?: Buffer;
  number?: number;
  keyId?: Buffer;
}

export interface TwinKeys {
  transcript: Buffer;
  vendorToEdge: Buffer;
  edgeToVendor: Buffer;
  resume: Buffer;
  further: Buffer;
}

const pads = { below: 1024, to: 128 };

export function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function lp(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The table "hello" from top to bottom. */
export function writeHello(hello: TwinHello): Buffer {
  const parts: Uint8Array[] = [
    Buffer.from([1]),
    Buffer.from([hello.kind]),
    Buffer.from([hello.suites.length, ...hello.suites]),
    Buffer.from([hello.purpose]),
    hello.site,
    hello.edge,
    hello.nonce,
    hello.publicKey,
  ];
  if (hello.channel !== undefined && hello.keyId !== undefined) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(hello.number ?? 0);
    parts.push(hello.channel, number, hello.keyId);
  }
  return Buffer.concat(parts);
}

/** Where the X-Wing key stands in a hello with two suites: it is the one field that this twin cannot make from its seed. */
export function publicKeyOf(hello: Buffer): Buffer {
  const start = 1 + 1 + 3 + 1 + 32 + 32 + 32;
  return hello.subarray(start, start + 1216);
}

/** The table "answer": its fields at their places. `signature` is whatever follows. */
export function readAnswer(answer: Buffer) {
  return {
    version: answer[0],
    outcome: answer[1],
    suite: answer[2],
    nonce: answer.subarray(3, 35),
    encapsulation: answer.subarray(35, 35 + 1120),
    signature: answer.subarray(35 + 1120),
  };
}

/** Whether the last 64 bytes of an answer are the edge's signature over hello and answer. */
export function isSigned(hello: Buffer, answer: Buffer, edgePublicKey: Buffer): boolean {
  const unsigned = answer.subarray(0, -64);
  const message = Buffer.concat([
    Buffer.from("sallyport channel answer v1"),
    sha256(Buffer.concat([lp(hello), lp(unsigned)])),
  ]);
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: edgePublicKey.toString("base64url") },
    format: "jwk",
  });
  return verify(null, message, key, answer.subarray(-64));
}

/** The vendor's side of the key agreement: X-Wing by its seed, every key by the exporter. */
export async function deriveKeys(
  hello: Buffer,
  answer: Buffer,
  xwingSeed: Buffer,
  psk?: Buffer,
): Promise<TwinKeys> {
  const suite = new hpke.CipherSuite(
    hpke.KEM_MLKEM768_X25519,
    hpke.KDF_HKDF_SHA256,
    hpke.AEAD_EXPORT_ONLY,
  );
  const privateKey = await suite.DeserializePrivateKey(xwingSeed);
  const { encapsulation } = readAnswer(answer);
  const transcript = sha256(Buffer.concat([lp(hello), lp(answer)]));
  const options = {
    info: Buffer.concat([Buffer.from("sallyport channel v1"), lp(hello)]),
    ...(psk && { psk, pskId: sha256(psk) }),
  };
  const key = async (label: string): Promise<Buffer> => {
    const context = Buffer.concat([Buffer.from(`sallyport channel v1 ${label}`), transcript]);
    return Buffer.from(await suite.ReceiveExport(privateKey, encapsulation, context, 32, options));
  };
  return {
    transcript,
    vendorToEdge: await key("vendor to edge"),
    edgeToVendor: await key("edge to vendor"),
    resume: await key("resume"),
    further: await key("further"),
  };
}

/** Record `number` under AES-256-GCM. */
export function sealRecord(key: Buffer, number: number, type: number, content: Uint8Array): Buffer {
  let plaintext = Buffer.concat([content, Buffer.from([type])]);
  if (content.length < pads.below) {
    while (plaintext.length % pads.to !== 0)
      plaintext = Buffer.concat([plaintext, Buffer.from([0])]);
  }
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number));
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Throws if the tag does not match. */
export function openRecord(key: Buffer, number: number, message: Buffer) {
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number), { authTagLength: 16 });
  decipher.setAuthTag(message.subarray(-16));
  const plaintext = Buffer.concat([decipher.update(message.subarray(0, -16)), decipher.final()]);
  let end = plaintext.length;
  while (plaintext[end - 1] === 0) end -= 1;
  return { type: plaintext[end - 1], content: plaintext.subarray(0, end - 1) };
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}
