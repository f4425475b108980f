// A 32-byte seed in a file, sealed under a passphrase: Argon2id (RFC 9106, its second recommended choice) makes the key of AES-256-GCM.
// Public half and purpose are bound as associated data, so that one file cannot stand in for another.
import { argon2, createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import * as v from "valibot";
import {
  fromBase64Url,
  lengthPrefixed,
  concatBytes,
  toBase64Url,
  utf8,
} from "../../shared/bytes.ts";
import { CommandError } from "./exit-codes.ts";

const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 16;
const cipher = "aes-256-gcm";
const stretch = promisify(argon2);

/** What the seed is the private half of. */
export type SealedPurpose = "person" | "audit";

// The cost stands in the file, bounded, so that it can rise later without a new format.
const sealedSchema = v.strictObject({
  sallyport: v.literal("sealed key v1"),
  purpose: v.picklist(["person", "audit"]),
  public: v.string(),
  argon2id: v.strictObject({
    salt: v.string(),
    memoryKiB: v.pipe(v.number(), v.integer(), v.minValue(19 * 1024), v.maxValue(1024 * 1024)),
    passes: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
    parallelism: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
  }),
  nonce: v.string(),
  sealed: v.string(),
});

export type SealedSeed = v.InferOutput<typeof sealedSchema>;

/** Seals `seed`; `publicHalf` is stored beside it in clear. */
export async function sealSeed(
  purpose: SealedPurpose,
  seed: Uint8Array,
  publicHalf: Uint8Array,
  passphrase: string,
): Promise<SealedSeed> {
  const argon2id = {
    salt: toBase64Url(randomBytes(saltBytes)),
    memoryKiB: 64 * 1024,
    passes: 3,
    parallelism: 4,
  };
  const nonce = randomBytes(nonceBytes);
  const seal = createCipheriv(cipher, await keyOf(passphrase, argon2id), nonce);
  seal.setAAD(associated(purpose, toBase64Url(publicHalf)));
  const sealed = Buffer.concat([seal.update(seed), seal.final(), seal.getAuthTag()]);
  return {
    sallyport: "sealed key v1",
    purpose,
    public: toBase64Url(publicHalf),
    argon2id,
    nonce: toBase64Url(nonce),
    sealed: toBase64Url(sealed),
  };
}

/** Reads the file's text; throws a `CommandError` that names `path` and what is wrong. */
export function parseSealedSeed(text: string, path: string, purpose: SealedPurpose): SealedSeed {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), sealedSchema), text);
  if (!parsed.success) {
    const where = v.getDotPath(parsed.issues[0]) ?? "content";
    throw new CommandError(
      "invalid",
      `key file "${path}": ${where}: ${parsed.issues[0].message.toLowerCase()}`,
    );
  }
  if (parsed.output.purpose !== purpose) {
    throw new CommandError(
      "invalid",
      `key file "${path}" holds a key of purpose "${parsed.output.purpose}", expected "${purpose}"`,
    );
  }
  return parsed.output;
}

/** The seed, or undefined if the passphrase (or the file) is wrong: the two cannot be told apart. */
export async function unsealSeed(
  file: SealedSeed,
  passphrase: string,
): Promise<Uint8Array | undefined> {
  const sealed = fromBase64Url(file.sealed);
  const open = createDecipheriv(
    cipher,
    await keyOf(passphrase, file.argon2id),
    fromBase64Url(file.nonce, nonceBytes),
  );
  open.setAAD(associated(file.purpose, file.public));
  open.setAuthTag(sealed.subarray(-tagBytes));
  const seed = open.update(sealed.subarray(0, -tagBytes));
  try {
    open.final();
  } catch {
    return undefined;
  }
  return new Uint8Array(seed);
}

// One passphrase typed on two keyboards may differ in its Unicode form.
async function keyOf(passphrase: string, cost: SealedSeed["argon2id"]): Promise<Uint8Array> {
  return stretch("argon2id", {
    message: utf8(passphrase.normalize("NFKC")),
    nonce: fromBase64Url(cost.salt, saltBytes),
    memory: cost.memoryKiB,
    passes: cost.passes,
    parallelism: cost.parallelism,
    tagLength: 32,
  });
}

function associated(purpose: SealedPurpose, publicHalf: string): Uint8Array {
  return concatBytes(
    lengthPrefixed(utf8("sallyport sealed key v1")),
    lengthPrefixed(utf8(purpose)),
    lengthPrefixed(fromBase64Url(publicHalf)),
  );
}
