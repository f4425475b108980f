// The vault: the newest device documents and secrets of this edge, as received, in one file under the box's key file (shared/protocol.md, "Vault").
// Invariants: versions only rise; what is inside stays sealed to the edge's HPKE key until someone who was admitted asks for it.
import * as v from "valibot";
import { fromUtf8, utf8 } from "../shared/bytes.ts";
import type { CryptoSuite } from "../shared/crypto/suite.ts";
import { encodeEnvelope, parseEnvelope, type Envelope } from "../shared/document/envelope.ts";
import { parseStrictJson } from "../shared/document/strict-json.ts";
import { SallyportError } from "../shared/errors.ts";
import { parseTargetId, type TargetId } from "../shared/ids.ts";
import { readIfPresent } from "./durable-file.ts";
import { openKeyFile, readSealedFile, writeSealedFile } from "./sealed-file.ts";

const purpose = "vault";

export type VaultKind = "device" | "secret";

/** What an item is filed under; a device document has no name of its own. */
export interface VaultKey {
  readonly kind: VaultKind;
  readonly target: TargetId;
  readonly name: string;
}

export interface VaultItem extends VaultKey {
  readonly version: number;
  /** The signed document, its content still sealed to the edge. */
  readonly envelope: Envelope;
}

export interface VaultOptions {
  readonly path: string;
  /** Its 32 bytes are made at the first start; a vault without its key file stays closed. */
  readonly keyFile: string;
  readonly suite: CryptoSuite;
}

const fileSchema = v.strictObject({
  items: v.array(
    v.strictObject({
      kind: v.picklist(["device", "secret"]),
      target: v.string(),
      name: v.string(),
      version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      // A retired item keeps its version, so that an older document cannot come back.
      envelope: v.nullable(v.string()),
    }),
  ),
});

interface Held extends VaultKey {
  readonly version: number;
  readonly envelope: string | null;
}

/** Opens or begins the vault. Throws `vault_locked` if the key file is gone or another one, `vault_invalid` if the vault was changed or cut. */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { path, keyFile, suite } = options;
  const isNew = (await readIfPresent(path)) === undefined;
  if (!isNew && (await readIfPresent(keyFile)) === undefined) {
    throw new SallyportError("vault_locked", `key file "${keyFile}" of the vault is missing`);
  }
  const key = await openKeyFile(keyFile, suite);
  const plaintext = await readSealedFile(suite, path, key, purpose);
  return new Vault(options, key, plaintext === undefined ? [] : parseItems(plaintext));
}

/** An open vault; one process holds it. */
export class Vault {
  readonly #options: VaultOptions;
  readonly #key: Uint8Array;
  #held: ReadonlyMap<string, Held>;
  #writing: Promise<void> = Promise.resolve();

  /** Only `openVault` makes one. */
  constructor(options: VaultOptions, key: Uint8Array, items: readonly Held[]) {
    this.#options = options;
    this.#key = key;
    this.#held = new Map(items.map((item) => [mapKey(item), item]));
  }

  /** The newest document of that name. */
  get(key: VaultKey): VaultItem | undefined {
    const held = this.#held.get(mapKey(key));
    if (held === undefined || held.envelope === null) return undefined;
    return { ...held, envelope: parseEnvelope(held.envelope) };
  }

  /** What is held, in no order. */
  list(): readonly (VaultKey & { readonly version: number })[] {
    return [...this.#held.values()]
      .filter((held) => held.envelope !== null)
      .map(({ kind, target, name, version }) => ({ kind, target, name, version }));
  }

  /** Keeps a verified document; it is on the disk when this resolves. Rejects with `conflict` unless its version rises; the vault is then as it was. */
  put(item: VaultItem): Promise<void> {
    const { kind, target, name, version } = item;
    return this.#replace({ kind, target, name, version, envelope: encodeEnvelope(item.envelope) });
  }

  /** Forgets a document but not its version: only a newer one can take its place. */
  async remove(key: VaultKey): Promise<void> {
    const held = this.#held.get(mapKey(key));
    if (held !== undefined && held.envelope !== null) {
      await this.#replace({ ...held, envelope: null });
    }
  }

  #replace(item: Held): Promise<void> {
    const done = this.#writing.then(() => this.#write(item));
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #write(item: Held): Promise<void> {
    const { suite, path } = this.#options;
    const held = this.#held.get(mapKey(item));
    if (held !== undefined && item.envelope !== null && item.version <= held.version) {
      throw new SallyportError(
        "conflict",
        `${item.kind} of "${item.target}" has version ${item.version}, expected more than ${held.version}`,
      );
    }
    const next = new Map(this.#held).set(mapKey(item), item);
    const text = JSON.stringify({ items: [...next.values()] });
    await writeSealedFile(suite, path, this.#key, purpose, utf8(text));
    this.#held = next;
  }
}

function parseItems(plaintext: Uint8Array): Held[] {
  const parsed = v.safeParse(fileSchema, parseStrictJson(fromUtf8(plaintext)));
  if (!parsed.success) {
    throw new SallyportError("vault_invalid", "the vault holds what this version cannot read");
  }
  return parsed.output.items.map((item) => ({ ...item, target: parseTargetId(item.target) }));
}

function mapKey({ kind, target, name }: VaultKey): string {
  return `${kind} ${target} ${name}`;
}
