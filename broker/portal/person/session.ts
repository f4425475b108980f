// Being signed in at this relay, as a page is: by a cookie that no script sees (broker/README.md, "Signing in"). A sign-in opens the pages and
// drafts; on an edge it opens nothing.
import * as v from "valibot";
import { signEnvelope, encodeEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import { parseManifest } from "../../../shared/document/manifest.ts";
import { parsePersonId, parseSiteId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import { browserMemory } from "./browser-memory.ts";
import type { OwnKey } from "./own-key.ts";
import type { Pin } from "./pins.ts";
import { pageRelay, signedOut } from "./relay-fetch.ts";
import type { SigningWindow } from "./signing-window.ts";

const relaySchema = v.object({
  name: v.string(),
  url: v.nullish(v.string()),
  attestationKey: v.string(),
  version: v.string(),
  useNotice: v.nullish(v.string()),
  signing: v.nullish(v.object({ rpId: v.string(), origin: v.string() })),
});
/** What the relay says of itself to anybody. */
export type RelayFacts = v.InferOutput<typeof relaySchema>;

const sessionSchema = v.object({
  method: v.picklist(["passkey", "key", "password", "api-token"]),
  expiresAt: v.number(),
  idleSeconds: v.nullable(v.number()),
  idleEndsAt: v.nullable(v.number()),
  sites: v.array(
    v.object({
      site: v.pipe(v.string(), v.transform(parseSiteId)),
      name: v.string(),
      person: v.pipe(v.string(), v.transform(parsePersonId)),
      displayName: v.string(),
      roles: v.array(v.string()),
      totp: v.picklist(["none", "pending", "confirmed"]),
      account: v.nullable(v.object({ name: v.string(), recoveryCodesLeft: v.number() })),
    }),
  ),
});
export type Session = v.InferOutput<typeof sessionSchema>;
export type SessionSite = Session["sites"][number];

export function describeRelay(): Promise<RelayFacts> {
  return pageRelay.call({ method: "GET", path: "/api/relay" }, relaySchema);
}

/** Who is signed in; undefined if nobody is. */
export async function currentSession(): Promise<Session | undefined> {
  try {
    return await pageRelay.call({ method: "GET", path: "/api/session" }, sessionSchema);
  } catch (thrown) {
    if (thrown instanceof RelayFault && thrown.status === 401) return undefined;
    throw thrown;
  }
}

/** Signs in by the browser's own key, without a touch. `code`: where the relay asks for one after a "sign out everywhere". */
export async function signInByOwnKey(
  own: OwnKey,
  pin: Pin | undefined,
  code?: string,
): Promise<void> {
  const document = await signInDocument(pin);
  await post(await signEnvelope("sign-in", document, [own.sign]), code);
}

/** Signs in by a passkey on the signing page. Without a pin the relay finds the person by the passkey. */
export async function signInByPasskey(
  touch: SigningWindow,
  pin: Pin | undefined,
  keys: readonly PasskeyPublic[],
): Promise<void> {
  const document = await signInDocument(pin);
  const unsigned = await signEnvelope("sign-in", document, []);
  const signature = await touch.sign({
    type: "sign-in",
    payload: unsigned.payload,
    keys,
    chain: pin === undefined ? [] : await browserMemory.manifests(pin.site),
    about: [],
  });
  await post({ ...unsigned, signatures: [signature] });
}

/** Signs in by name, password and a code of the authenticator (or a recovery code): for reading. */
export async function signInByPassword(
  name: string,
  password: string,
  code: string,
): Promise<void> {
  await pageRelay.call(
    { method: "POST", path: "/api/sign-in/password", body: { name, password, code } },
    v.unknown(),
  );
}

/**
 * After a sign-in by passkey or password: this browser's own key may open the pages by itself again, also after a "sign out everywhere". A key of
 * somebody else than the one signed in stays as it is.
 */
export async function trustOwnKey(own: OwnKey, pin: Pin | undefined): Promise<void> {
  const signed = await signEnvelope("sign-in", await signInDocument(pin), [own.sign]);
  const body = { envelope: JSON.parse(encodeEnvelope(signed)) as unknown };
  try {
    await pageRelay.call({ method: "POST", path: "/api/session/browser-key", body }, v.unknown());
  } catch (thrown) {
    if (!(thrown instanceof RelayFault) || thrown.status >= 500) throw thrown;
  }
}

export async function signOut(): Promise<void> {
  signedOut.dispatchEvent(new Event("leaving"));
  await pageRelay.call({ method: "DELETE", path: "/api/session" }, v.unknown());
}

/** Ends every sign-in of this person, on whatever device. */
export async function signOutEverywhere(): Promise<void> {
  signedOut.dispatchEvent(new Event("leaving"));
  await pageRelay.call(
    { method: "POST", path: "/api/session/everywhere-out", body: {} },
    v.unknown(),
  );
}

// Attack: a relay shows another one's name and nonce, to sign in there as this person. Once a manifest says how it is called, it must be called so.
async function signInDocument(pin: Pin | undefined): Promise<unknown> {
  const { name } = await describeRelay();
  const newest = pin && (await browserMemory.manifests(pin.site)).at(-1);
  const names = newest === undefined ? [] : parseManifest(newest).relays.map((each) => each.name);
  if (names.length > 0 && !names.includes(name))
    throw new SiteFault("message_invalid", `relay calls itself "${name}", expected "${names[0]}"`);
  const { nonce } = await pageRelay.call(
    { method: "POST", path: "/api/sign-in/nonce", body: {} },
    v.object({ nonce: v.string() }),
  );
  const issuedAt = Math.floor(Date.now() / 1000);
  return { relay: name, nonce, site: pin?.site ?? null, person: pin?.person ?? null, issuedAt };
}

async function post(envelope: Envelope, code?: string): Promise<void> {
  const body = {
    envelope: JSON.parse(encodeEnvelope(envelope)) as unknown,
    ...(code !== undefined && { code }),
  };
  await pageRelay.call({ method: "POST", path: "/api/sign-in", body }, v.unknown());
}
