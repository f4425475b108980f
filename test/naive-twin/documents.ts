// A second implementation of documents, written from shared/protocol.md ("Conventions", "Documents") alone. It shares nothing with shared/,
// is slow and plain on purpose, and covers strict JSON, envelopes, hashes, Ed25519 signatures and what the worked chain has to obey.
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

export interface TwinEnvelope {
  payload: string;
  payloadType: string;
  signatures: { keyid: string; sig: string }[];
}

/** Reads strict JSON character by character; throws on the first that another spelling would need. */
export function readStrictJson(text: string): Json {
  let at = 0;
  const fail = (): never => {
    throw new Error(`not strict JSON at ${at}`);
  };
  const expect = (part: string): void => {
    if (!text.startsWith(part, at)) fail();
    at += part.length;
  };
  const peek = (): string => text[at] ?? fail();

  function readString(): string {
    expect('"');
    let value = "";
    while (peek() !== '"') value += readCharacter();
    expect('"');
    return value;
  }

  function readCharacter(): string {
    const code = text.charCodeAt(at);
    if (code === 0x5c) return readEscape();
    if (code < 0x20) fail();
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = text.charCodeAt(at + 1);
      if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) fail();
      at += 2;
      return text.slice(at - 2, at);
    }
    at += 1;
    return String.fromCharCode(code);
  }

  // Only what must be escaped is, in its shortest form.
  function readEscape(): string {
    const short: { [letter: string]: string } = {
      '"': '"',
      "\\": "\\",
      b: "\b",
      f: "\f",
      n: "\n",
      r: "\r",
      t: "\t",
    };
    const letter = text[at + 1] ?? fail();
    const known = short[letter];
    if (known !== undefined) {
      at += 2;
      return known;
    }
    const match = /^\\u00([01][0-9a-f])/.exec(text.slice(at, at + 6));
    if (match === null) return fail();
    const character = String.fromCharCode(Number.parseInt(match[1] ?? "", 16));
    if (Object.values(short).includes(character)) fail();
    at += 6;
    return character;
  }

  function readNumber(): number {
    const spelling = /^-?[0-9.e+-]+/.exec(text.slice(at))?.[0] ?? fail();
    const value = Number(spelling);
    if (!Number.isFinite(value) || String(value) !== spelling) fail();
    at += spelling.length;
    return value;
  }

  function readList(): Json[] {
    const list: Json[] = [];
    expect("[");
    if (peek() !== "]") list.push(readValue());
    while (peek() !== "]") {
      expect(",");
      list.push(readValue());
    }
    expect("]");
    return list;
  }

  function readObject(): Fields {
    const entries: [string, Json][] = [];
    const readEntry = (): void => {
      const key = readString();
      if (key === "__proto__" || entries.some(([other]) => other === key)) fail();
      expect(":");
      entries.push([key, readValue()]);
    };
    expect("{");
    if (peek() !== "}") readEntry();
    while (peek() !== "}") {
      expect(",");
      readEntry();
    }
    expect("}");
    checkIndices(entries.map(([key]) => key));
    return Object.fromEntries(entries);
  }

  function checkIndices(keys: string[]): void {
    const isIndex = (key: string) => /^(0|[1-9][0-9]{0,9})$/.test(key) && Number(key) < 4294967295;
    const ranks = keys.map((key) => (isIndex(key) ? Number(key) : Number.POSITIVE_INFINITY));
    if (ranks.some((rank, index) => index > 0 && rank < (ranks[index - 1] ?? 0))) fail();
  }

  function readValue(): Json {
    for (const [word, value] of [
      ["null", null],
      ["true", true],
      ["false", false],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    }
    if (peek() === '"') return readString();
    if (peek() === "[") return readList();
    return peek() === "{" ? readObject() : readNumber();
  }

  const value = readValue();
  if (at !== text.length) fail();
  return value;
}

export function twinPae(payloadType: string, payload: Buffer): Buffer {
  const type = Buffer.from(payloadType);
  const parts = [
    "DSSEv1 ",
    String(type.length),
    " ",
    type,
    " ",
    String(payload.length),
    " ",
    payload,
  ];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

export function twinSha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

export function twinHash(envelope: TwinEnvelope): string {
  const bytes = twinPae(envelope.payloadType, Buffer.from(envelope.payload, "base64"));
  return twinSha256(bytes).toString("base64url");
}

export function twinPublicKey(seed: Buffer): Buffer {
  const jwk = createPublicKey(twinPrivateKey(seed)).export({ format: "jwk" });
  return Buffer.from(jwk.x ?? "", "base64url");
}

function twinPrivateKey(seed: Buffer) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

export function twinKeyId(publicKey: Buffer): string {
  return twinSha256(publicKey).toString("base64url");
}

export function twinSign(type: string, payload: string, seeds: Buffer[]): TwinEnvelope {
  const payloadType = `application/vnd.sallyport.${type}+json`;
  const bytes = twinPae(payloadType, Buffer.from(payload));
  const signatures = seeds.map((seed) => ({
    keyid: twinKeyId(twinPublicKey(seed)),
    sig: sign(null, bytes, twinPrivateKey(seed)).toString("base64"),
  }));
  return { payload: Buffer.from(payload).toString("base64"), payloadType, signatures };
}

/** The payload, if each signature is by one of the raw public keys (base64url) and good. */
export function twinVerify(envelope: TwinEnvelope, type: string, publicKeys: string[]): Fields {
  if (envelope.payloadType !== `application/vnd.sallyport.${type}+json`) throw new Error("type");
  if (envelope.signatures.length === 0) throw new Error("no signature");
  const payload = Buffer.from(envelope.payload, "base64");
  const bytes = twinPae(envelope.payloadType, payload);
  for (const { keyid, sig } of envelope.signatures) {
    const x = publicKeys.find((key) => twinKeyId(Buffer.from(key, "base64url")) === keyid);
    if (x === undefined) throw new Error("stranger");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    if (!verify(null, bytes, key, Buffer.from(sig, "base64"))) throw new Error("signature");
  }
  return readStrictJson(payload.toString()) as Fields;
}

/** Walks the worked chain as the page tells it: one owner who approves, one vendor, one edge. Throws where a step does not follow. */
export function twinWalk(chain: { [type: string]: TwinEnvelope }): string {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };
  const envelopeOf = (type: string): TwinEnvelope => chain[type] ?? missing(type);
  const missing = (type: string): never => {
    throw new Error(`no ${type}`);
  };
  const listOf = (value: Json | undefined) => value as Fields[];
  const unsigned = readStrictJson(Buffer.from(envelopeOf("manifest").payload, "base64").toString());
  const keysWith = (role: string) =>
    listOf((unsigned as Fields)["persons"])
      .filter((person) => (person["roles"] as string[]).includes(role))
      .flatMap((person) => listOf(person["keys"]).map((key) => key["public"] as string));
  const manifest = twinVerify(envelopeOf("manifest"), "manifest", keysWith("owner"));
  const site = twinHash(envelopeOf("manifest"));
  must(manifest["site"] === null && manifest["previous"] === null, "first manifest");
  const [edge] = listOf(manifest["edges"]);
  const edgeKey = edge?.["signingKey"] as string;
  must(twinKeyId(Buffer.from(edgeKey, "base64url")) === edge?.["id"], "edge's fingerprint");
  const checkpoint = twinVerify(envelopeOf("checkpoint"), "checkpoint", [edgeKey]);
  const request = twinVerify(envelopeOf("request"), "request", keysWith("vendor"));
  const grant = twinVerify(envelopeOf("grant"), "grant", keysWith("approver"));
  const proof = twinVerify(envelopeOf("proof"), "proof", keysWith("vendor"));
  for (const item of [checkpoint, request, grant, proof]) {
    must(item["site"] === site && item["edge"] === edge?.["id"], "site and edge");
  }
  must(grant["request"] === twinHash(envelopeOf("request")), "grant's request");
  must(grant["vendor"] === request["vendor"], "grant's vendor");
  must(JSON.stringify(grant["targets"]) === JSON.stringify(request["targets"]), "grant's targets");
  must(
    Array.isArray(grant["deviceKeys"]) && grant["deviceKeys"].length === 0,
    "no changed device accepted",
  );
  must(grant["windows"] === null && request["windows"] === null, "no standing job");
  must(Number(grant["minutes"]) <= Number(request["minutes"]), "grant's minutes");
  must(grant["manifest"] === site && checkpoint["manifest"] === site, "held manifest");
  const anchor = grant["anchor"] as unknown as TwinEnvelope;
  must(twinHash(anchor) === twinHash(envelopeOf("checkpoint")), "anchor");
  must(proof["request"] === grant["request"], "proof's request");
  must(proof["grant"] === twinHash(envelopeOf("grant")), "proof's grant");
  return site;
}
