// A relay that is killed between taking something and telling it: the next one tells it, once, and an entry that nothing can be made of holds up nobody.
import * as assert from "uvu/assert";
import { Directory } from "../../../broker/relay/directory.ts";
import { Drop } from "../../../broker/relay/drop.ts";
import {
  openNotifications,
  type Notifications,
} from "../../../broker/relay/notify/notifications.ts";
import { openStore, type Store } from "../../../broker/relay/store/store.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import type { DocumentHash, PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { paperAt, PaperSite, signed, suite } from "../document/paper-site.ts";

/** A store and what is needed to drop documents into it, with nobody who tells. */
class SilentRelay implements AsyncDisposable {
  readonly clock = new TurnedClock(paperAt * 1000);
  readonly faults: string[] = [];
  readonly site: PaperSite;
  readonly store: Store;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #directory: Directory;
  readonly #drop: Drop;

  private constructor(site: PaperSite, store: Store, folder: ReturnType<typeof temporaryFolder>) {
    this.site = site;
    this.store = store;
    this.#folder = folder;
    const { documents: rows } = store;
    this.#directory = new Directory(rows, suite, this.clock);
    const parts = { suite, clock: this.clock, rows, directory: this.#directory };
    this.#drop = new Drop({ ...parts, onAppended: () => undefined });
  }

  static async open(): Promise<SilentRelay> {
    const folder = temporaryFolder();
    const store = await openStore(folder.file("store.sqlite"));
    const relay = new SilentRelay(await PaperSite.make(), store, folder);
    await relay.#drop.register(relay.site.chain.held.envelope);
    return relay;
  }

  async drop(
    envelope: Envelope,
    person: string,
    role: "vendor" | "approver",
  ): Promise<DocumentHash> {
    const { id: site } = this.site;
    const member = { site, person: person as PersonId, key: "k" as never, roles: [role] };
    const dropped = await this.#drop.take(site, envelope, { ...member, company: undefined });
    return dropped.hash;
  }

  /** Somebody who tells, from now on. */
  async notifications(): Promise<Notifications> {
    const { store, clock } = this;
    const notifications = await openNotifications({
      store,
      directory: this.#directory,
      clock,
      dataDirectory: this.#folder.path,
      mail: undefined,
      openNetworks: [],
      portal: () => "https://relay.example.org",
      isOnline: () => false,
      log: (_line, thrown) => this.faults.push(String(thrown)),
    });
    notifications.start();
    return notifications;
  }

  /** Until so many people were told of a key. */
  async told(key: string, count: number): Promise<string[]> {
    for (;;) {
      const told = await this.store.notices.told(this.site.id, key);
      if (told.filter(({ message }) => message !== undefined).length >= count) {
        return told.map(({ person }) => person).sort();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

await group("relay notify restart", {}, (test) => {
  test("a request that a relay took and told nobody of before it was killed is told by the next one, once", async () => {
    await using relay = await SilentRelay.open();
    const request = await signed("request", await relay.site.request(), "vera");
    const hash = await relay.drop(request, "vera", "vendor");
    const everybody = ["", "anna", "ben", "cleo"];
    {
      await using _first = await relay.notifications();
      assert.equal(await relay.told(`request:${hash}`, 4), everybody);
    }
    // As if the place in the log had not been written before the kill: the same is read again.
    await relay.store.watch.setPlace(`log ${relay.site.id}`, 0);
    await using second = await relay.notifications();
    const answer = { site: relay.site.id, request: hash, reason: "no", issuedAt: paperAt };
    await relay.drop(await signed("deny", answer, "cleo"), "cleo", "approver");
    second.appended(relay.site.id);
    await relay.told(`answered:${hash}`, 3);
    assert.equal(await relay.told(`request:${hash}`, 4), everybody);
    const sent = await relay.store.notices.sentAt(relay.site.id, "anna" as PersonId, 0);
    assert.is(sent.length, 2, "the request and its answer, each once");
    assert.equal(relay.faults, []);
  });
  test("an entry that nothing can be made of is passed over, and what follows it is told", async () => {
    await using relay = await SilentRelay.open();
    const site = relay.site.id;
    const broken = {
      hash: "x" as DocumentHash,
      fingerprint: "x",
      type: "grant",
      state: "complete" as const,
      subject: "x",
      edge: undefined,
      vendor: undefined,
      company: undefined,
      at: paperAt,
      envelope: "{}",
    };
    await relay.store.documents.append(site, broken);
    const request = await signed("request", await relay.site.request(), "vera");
    const hash = await relay.drop(request, "vera", "vendor");
    await using _notifications = await relay.notifications();
    await relay.told(`request:${hash}`, 4);
    assert.is(relay.faults.length, 1);
  });
  test("old news is told to nobody; an old request that still waits is", async () => {
    await using relay = await SilentRelay.open();
    const change = { startBeforeAt: paperAt + 86_400 };
    const request = await signed("request", await relay.site.request(change), "vera");
    const hash = await relay.drop(request, "vera", "vendor");
    const other = { ...change, nonce: "A".repeat(22) };
    const second = await signed("request", await relay.site.request(other), "vera");
    const answered = await relay.drop(second, "vera", "vendor");
    const answer = { site: relay.site.id, request: answered, reason: "no", issuedAt: paperAt };
    await relay.drop(await signed("deny", answer, "cleo"), "cleo", "approver");
    relay.clock.advanceMs(2 * 3600 * 1000);
    await using _notifications = await relay.notifications();
    await relay.told(`request:${hash}`, 4);
    assert.equal(await relay.told(`answered:${answered}`, 0), []);
    assert.equal(await relay.told(`request:${answered}`, 0), [], "answered before it was asked");
  });
});
