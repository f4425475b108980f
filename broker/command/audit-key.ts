// The auditor's X-Wing key as `site create` wrote it: sealed under the auditor's passphrase, and wrapped to the recovery key.
import * as v from "valibot";
import type { Context } from "./context.ts";
import { CommandError } from "./exit-codes.ts";
import { readNamed } from "./files.ts";
import { readJson } from "./home.ts";
import { passphraseFor } from "./passphrase.ts";
import { parseSealedSeed, unsealSeed } from "./sealed-seed.ts";

const fileSchema = v.strictObject({
  key: v.unknown(),
  recovery: v.nullable(v.strictObject({ encapsulation: v.string(), ciphertext: v.string() })),
});

/** The private audit key out of its file; asks for the passphrase. */
export async function openAuditKey(context: Context, path: string): Promise<Uint8Array> {
  const { key } = readJson(await readNamed(path), path, fileSchema);
  const sealed = parseSealedSeed(JSON.stringify(key), path, "audit");
  const seed = await unsealSeed(
    sealed,
    await passphraseFor(context.sources, context.tui, `passphrase for "${path}"`),
  );
  if (seed === undefined) throw new CommandError("refused", `passphrase does not open "${path}"`);
  return seed;
}
