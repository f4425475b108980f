// Machines that somebody prepares for an owner to sign: kept at the relay, which cannot read them, because addresses are nobody's business but the site's
// (design: the relay never sees addresses, logins and pins). The seed that opens them travels in the link's fragment, by the preparer's own hand.
import * as v from "valibot";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../bytes.ts";
import { openFrom, sealTo } from "../crypto/hpke.ts";
import { seedBytes, xwingEncapsulationBytes, type CryptoSuite } from "../crypto/suite.ts";
import { deviceToProbe } from "../document/device.ts";
import {
  bytes,
  bytesBetween,
  edgeId,
  list,
  name,
  parseFields,
  policyId,
  record,
  targetId,
  word,
} from "../document/fields.ts";
import { rights } from "../document/manifest.ts";
import { sealedInfo } from "../document/sealed.ts";
import { secretInClear } from "../document/secret.ts";
import { parseStrictJson } from "../document/strict-json.ts";
import { SallyportError } from "../errors.ts";
import type { SiteId } from "../ids.ts";

const context = "sallyport draft v1";
const format = "sallyport machines 1";
const mostMachines = 200;
const maxSealedBytes = 90 * 1024;

const machine = record({
  target: record({
    id: targetId,
    name,
    kind: word,
    edge: edgeId,
    rights,
    policy: policyId,
    legacy: v.boolean(),
  }),
  device: deviceToProbe,
  secret: v.nullable(secretInClear),
});
/** A machine as it is handed over: nothing of it counts. */
export type HandedMachine = v.InferOutput<typeof machine>;
const machines = list(machine, 1, mostMachines);

const content = record({
  format: v.literal(format),
  encapsulation: bytes(xwingEncapsulationBytes),
  ciphertext: bytesBetween(18, maxSealedBytes),
});

/** The draft's content for the relay, and the seed that opens it. */
export async function sealDraft(
  suite: CryptoSuite,
  site: SiteId,
  draft: string,
  handed: readonly HandedMachine[],
): Promise<{ readonly content: v.InferOutput<typeof content>; readonly seed: Uint8Array }> {
  const plaintext = utf8(JSON.stringify(parseFields(handed, "machines", machines)));
  const seed = suite.randomBytes(seedBytes);
  const { publicKey } = await suite.xwingKeyPair(seed);
  const made = await sealTo(suite, publicKey, infoOf(site, draft), plaintext);
  return {
    seed,
    content: {
      format,
      encapsulation: toBase64Url(made.encapsulation),
      ciphertext: toBase64Url(made.ciphertext),
    },
  };
}

/** The machines of a draft; throws `record_invalid` for another draft's seed, `document_invalid` for what is none. */
export async function openDraft(
  suite: CryptoSuite,
  site: SiteId,
  draft: string,
  kept: unknown,
  seed: Uint8Array,
): Promise<readonly HandedMachine[]> {
  const { encapsulation, ciphertext } = parseFields(kept, "draft", content);
  const { privateKey } = await suite.xwingKeyPair(seed);
  const opened = await openFrom(suite, privateKey, infoOf(site, draft), {
    encapsulation: fromBase64Url(encapsulation),
    ciphertext: fromBase64Url(ciphertext),
  });
  return parseFields(parseStrictJson(fromUtf8(opened)), "machines", machines);
}

/** `https://<relay>/targets#draft=<name>.<seed>` */
export function encodeDraftLink(relayUrl: string, draft: string, seed: Uint8Array): string {
  return `${new URL("/targets", relayUrl).href}#draft=${draft}.${toBase64Url(seed)}`;
}

/** Draft and seed of a link's fragment; undefined if it is none. Throws `encoding_invalid`, without quoting it, if it is cut off. */
export function parseDraftFragment(
  fragment: string,
): { readonly draft: string; readonly seed: Uint8Array } | undefined {
  const match = /^#?draft=([a-z0-9-]{1,60})\.(.*)$/.exec(fragment);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  try {
    return { draft: match[1], seed: fromBase64Url(match[2], seedBytes) };
  } catch {
    throw new SallyportError("encoding_invalid", "the link to the draft is not whole");
  }
}

function infoOf(site: SiteId, draft: string): Uint8Array {
  return sealedInfo(context, [site, draft]);
}
