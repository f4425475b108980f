// A small file sealed under the box's key file (shared/protocol.md, "Sealed files"): the vault, and whatever else of the edge must not lie open on its card.
// Invariant: a key file is never made anew where a sealed file already waits for the old one.
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { concatBytes, equalBytes, lengthPrefixed, utf8 } from "../shared/bytes.ts";
import type { CryptoSuite } from "../shared/crypto/suite.ts";
import { recordKeyBytes, recordNonceBytes } from "../shared/crypto/suite.ts";
import { SallyportError } from "../shared/errors.ts";
import {
  errnoOf,
  fileError,
  makeFolder,
  readIfPresent,
  syncFolder,
  writeDurably,
} from "./durable-file.ts";

const magic = utf8("sallyport-sealed-1\n");
const keyCheckBytes = 16;
const saltBytes = 32;

/** The 32 bytes of a key file that only this user may read, made at the first call. Throws `vault_locked` for a file of another length. */
export async function openKeyFile(path: string, suite: CryptoSuite): Promise<Uint8Array> {
  await makeFolder(dirname(path));
  const held = (await readIfPresent(path)) ?? (await makeKeyFile(path, suite));
  if (held.length === recordKeyBytes) return new Uint8Array(held);
  throw new SallyportError(
    "vault_locked",
    `key file "${path}" has ${held.length} bytes, expected ${recordKeyBytes}`,
  );
}

/** Replaces `path` by `plaintext`, sealed under `key` for `purpose`; atomic and durable. */
export async function writeSealedFile(
  suite: CryptoSuite,
  path: string,
  key: Uint8Array,
  purpose: string,
  plaintext: Uint8Array,
): Promise<void> {
  const salt = suite.randomBytes(saltBytes);
  const { cipher, check } = await keysOf(suite, key, purpose, salt);
  const sealed = cipher.seal(new Uint8Array(recordNonceBytes), [plaintext]);
  await writeDurably(path, concatBytes(magic, salt, check, ...sealed));
}

/** The plaintext, or undefined without a file. Throws `vault_locked` for another key or purpose, `vault_invalid` for a file that was changed or cut. */
export async function readSealedFile(
  suite: CryptoSuite,
  path: string,
  key: Uint8Array,
  purpose: string,
): Promise<Uint8Array | undefined> {
  const file = await readIfPresent(path);
  if (file === undefined) return undefined;
  const bodyAt = magic.length + saltBytes + keyCheckBytes;
  if (file.length < bodyAt || !equalBytes(file.subarray(0, magic.length), magic)) {
    throw new SallyportError("vault_invalid", `"${path}" is not a sealed file`);
  }
  const salt = file.subarray(magic.length, magic.length + saltBytes);
  const { cipher, check } = await keysOf(suite, key, purpose, salt);
  if (!equalBytes(file.subarray(magic.length + saltBytes, bodyAt), check)) {
    throw new SallyportError(
      "vault_locked",
      `"${path}" is sealed under another key file, or its first ${bodyAt} bytes are damaged`,
    );
  }
  try {
    return cipher.open(new Uint8Array(recordNonceBytes), file.subarray(bodyAt));
  } catch (cause) {
    throw new SallyportError("vault_invalid", `"${path}" is damaged`, { cause });
  }
}

async function makeKeyFile(path: string, suite: CryptoSuite): Promise<Uint8Array> {
  const key = suite.randomBytes(recordKeyBytes);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(key);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
    return key;
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") return (await readIfPresent(path)) ?? new Uint8Array();
    throw fileError(cause, path);
  }
}

// Every writing has a salt and therefore keys of its own, so the one nonce is never used twice; the check value tells a wrong key from damage.
async function keysOf(suite: CryptoSuite, key: Uint8Array, purpose: string, salt: Uint8Array) {
  const secret = await suite.hkdfExtract(salt, key);
  const derive = (label: string, length: number) =>
    suite.hkdfExpand(
      secret,
      concatBytes(utf8(`sallyport sealed file v1 ${label}`), lengthPrefixed(utf8(purpose))),
      length,
    );
  const cipher = suite.recordCipher("aes-256-gcm", await derive("key", recordKeyBytes));
  return { cipher, check: await derive("check", keyCheckBytes) };
}
