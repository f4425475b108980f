// What an attacker in the relay's place has read: every byte of every stream, so that a secret is also found where it was cut in two.

/** One direction of one connection. */
export interface SeenStream {
  add(bytes: Uint8Array): void;
}

export class Seen {
  readonly #streams: Uint8Array[][] = [];

  /** A stream of its own; bytes of different streams are never taken for neighbours. */
  stream(): SeenStream {
    const chunks: Uint8Array[] = [];
    this.#streams.push(chunks);
    return { add: (bytes) => void chunks.push(Uint8Array.from(bytes)) };
  }

  /** Whether these bytes went by, as they are or inside base64 or base64url text. */
  holds(needle: string | Uint8Array): boolean {
    const bytes = Buffer.from(needle);
    const forms = [bytes, ...encodedForms(bytes)];
    return this.#streams.some((chunks) => {
      const whole = Buffer.concat(chunks);
      return forms.some((form) => whole.includes(form));
    });
  }
}

// Bytes within base64 depend on where they begin modulo three; the outer characters mix with the neighbours and are left out.
function encodedForms(bytes: Buffer): Buffer[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64url");
    const inner = text.slice(shift === 0 ? 0 : shift + 1, -2);
    const standard = inner.replaceAll("-", "+").replaceAll("_", "/");
    return inner.length < 8 ? [] : [Buffer.from(inner), Buffer.from(standard)];
  });
}
