// Signing in by Digest at one device: which nonce stands, what was proven of the password, and what a 401 in the middle means.
// Invariants: each realm sees a wrong password once, however many requests come at once; nothing but an answer to a Digest challenge is ever sent.
import type { IncomingMessage } from "node:http";
import { parseChallenges, type Challenge } from "./challenges.ts";
import {
  DigestCredential,
  digestChallengeOf,
  type DigestChallenge,
  type DigestLoginName,
} from "./digest.ts";

/** Devices with more than one know two or three: guest, user, administrator. */
const maxRealms = 8;
/** A nonce that is over before it was used is renewed so often; then the device is broken, or counts requests that it did not take. */
const maxTrials = 3;

export interface DigestLoginOptions extends DigestLoginName {
  /** Asks without a body; rejects with a DeviceError. The answer's body is done with. */
  readonly ask: (
    method: string,
    target: string,
    fields: Readonly<Record<string, string>>,
  ) => Promise<IncomingMessage>;
  /** False if the login was doubted too often within a while. */
  readonly mayDoubt: () => boolean;
  /** Ends the login for good. */
  readonly refuse: (what: string) => never;
  /** Ends it, too: the device asks in another way. */
  readonly refuseWay: (what: string) => never;
}

/** What a 401 answered. */
export interface Refusal {
  readonly answer: IncomingMessage;
  readonly method: string;
  readonly target: string;
}

/** Where the device asked first. */
type Place = Omit<Refusal, "answer">;
interface Realm extends Place {
  readonly credential: DigestCredential;
}

/** The challenges of an answer. */
export function challengesOf({ headersDistinct }: IncomingMessage): readonly Challenge[] {
  return parseChallenges(headersDistinct["www-authenticate"] ?? []);
}

export class DigestLogin {
  readonly #options: DigestLoginOptions;
  /** By name; "closed" where the login does not count. */
  readonly #realms = new Map<string, Realm | "closed">();
  readonly #trials = new Map<string, Promise<DigestCredential | undefined>>();
  #current: DigestCredential | undefined;

  constructor(options: DigestLoginOptions) {
    this.#options = options;
  }

  /** What the next request is signed in with; undefined until the device has asked. */
  get current(): DigestCredential | undefined {
    return this.#current;
  }

  /**
   * With what the same may be asked again after a 401 to a request that was signed in with `used`; undefined if the answer stands. Rejects by `refuse`
   * if the password is wrong, and by `refuseWay` if the device has never asked for Digest.
   */
  async renew(
    refusal: Refusal,
    used: DigestCredential | undefined,
  ): Promise<DigestCredential | undefined> {
    const challenges = challengesOf(refusal.answer);
    const challenge = digestChallengeOf(challenges);
    if (challenge === undefined) {
      if (this.isProven) return undefined;
      this.#options.refuseWay(wayText(challenges));
    }
    const { realm: name } = challenge;
    const realm = this.#realms.get(name);
    if (realm === "closed") return undefined;
    if (realm !== undefined) {
      // Each takes the nonce of its own answer, so that nonces that are good once go round.
      const isOther = used?.challenge.realm !== name;
      if (isOther || challenge.isStale) return this.#keep(name, realm, this.#credential(challenge));
      if (used !== realm.credential) return realm.credential;
      // The same nonce again: it is this page that is not for this login.
      if (used.challenge.nonce === challenge.nonce) return undefined;
      if (!this.#trials.has(name) && !this.#options.mayDoubt()) return undefined;
    } else if (this.#realms.size >= maxRealms) return undefined;
    let trial = this.#trials.get(name);
    if (trial === undefined) {
      trial = this.#prove(challenge, realm ?? refusal).finally(() => this.#trials.delete(name));
      this.#trials.set(name, trial);
    }
    return trial;
  }

  /**
   * For a body that cannot be sent twice: a credential under a nonce that the device gave this moment, and that nobody else uses; what stands if it
   * gave none. Rejects like `renew`.
   */
  async fresh(target: string): Promise<DigestCredential | undefined> {
    const asked = { method: "HEAD", target };
    // Old devices know no HEAD.
    const answer = await this.#options.ask(asked.method, target, {}).catch(() => undefined);
    if (answer?.statusCode !== 401) return this.#current;
    const challenge = digestChallengeOf(challengesOf(answer));
    if (challenge !== undefined) {
      const realm = this.#realms.get(challenge.realm);
      if (realm !== undefined && realm !== "closed") return this.#credential(challenge);
    }
    return (await this.renew({ answer, ...asked }, undefined)) ?? this.#current;
  }

  /** True once the device has taken the password. */
  get isProven(): boolean {
    return this.#current !== undefined;
  }

  async #prove(first: DigestChallenge, place: Place): Promise<DigestCredential | undefined> {
    const { ask, refuse } = this.#options;
    const method = place.method === "GET" ? "GET" : "HEAD";
    const { target } = place;
    let challenge: DigestChallenge | undefined = first;
    for (let trial = 1; trial <= maxTrials; trial += 1) {
      const credential = this.#credential(challenge);
      const answer = await ask(method, target, {
        authorization: credential.authorization(method, target),
      });
      if (answer.statusCode !== 401) return this.#keep(first.realm, { method, target }, credential);
      challenge = digestChallengeOf(challengesOf(answer));
      if (challenge?.isStale !== true || challenge.realm !== first.realm) break;
    }
    const isElsewhereRight = this.isProven && !this.#realms.has(first.realm);
    if (!isElsewhereRight) refuse("answered 401");
    this.#realms.set(first.realm, "closed");
    return undefined;
  }

  #keep(name: string, { method, target }: Place, credential: DigestCredential): DigestCredential {
    this.#realms.set(name, { method, target, credential });
    this.#current = credential;
    return credential;
  }

  #credential(challenge: DigestChallenge): DigestCredential {
    return new DigestCredential(challenge, this.#options);
  }
}

function wayText(challenges: readonly Challenge[]): string {
  const schemes = schemesOf(challenges);
  if (schemes.length === 0) return "answered 401 without a challenge that can be read";
  if (schemes.includes("Digest")) return "asks for Digest in a way that the edge does not know";
  return `asks for ${schemes.join(" or ")}, not for Digest`;
}

/** The ways in which a device asks, as people write them. */
export function schemesOf(challenges: readonly Challenge[]): readonly string[] {
  const names = challenges.map(({ scheme }) => scheme.charAt(0).toUpperCase() + scheme.slice(1));
  return [...new Set(names)];
}
