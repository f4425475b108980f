// Notifications as the rest of the relay sees them: it is told that something was appended, reported, came or went, and does the rest by itself,
// in one line of work, so that two things never decide about one person at once.
import { hkdfSync } from "node:crypto";
import { join } from "node:path";
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import { parseEnvelope } from "../../../shared/document/envelope.ts";
import { parseRequest } from "../../../shared/document/request.ts";
import type { EdgeId, PersonId, SiteId } from "../../../shared/ids.ts";
import type { Directory } from "../directory.ts";
import type { MailSettings } from "../config.ts";
import { openKeyFile, readPrivateFile } from "../key-files.ts";
import { isUsable } from "../store/channel-rows.ts";
import type { Entry } from "../store/document-rows.ts";
import type { Store } from "../store/store.ts";
import { AddressRules } from "./address-rules.ts";
import { Channels } from "./channels.ts";
import { Happenings } from "./happenings.ts";
import { createMail, type SmtpServer } from "./mail.ts";
import { Outbound } from "./outbound.ts";
import { Outbox } from "./outbox.ts";
import { createPush, vapidKeysOf } from "./push.ts";
import { Schedule } from "./schedule.ts";
import { undelivered, type Send } from "./sender.ts";
import { SitePeople } from "./site-people.ts";
import { Waits } from "./waits.ts";
import { Watch } from "./watch.ts";
import { createWebhook } from "./webhook.ts";
import { links } from "./words.ts";

export interface NotificationParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly clock: Clock;
  /** Where the key file lies. */
  readonly dataDirectory: string;
  /** Undefined: no mail is sent. */
  readonly mail: MailSettings | undefined;
  /** Networks that are not public and may be notified all the same. */
  readonly openNetworks: readonly string[];
  readonly portal: () => string;
  readonly isOnline: (edge: EdgeId) => boolean;
  readonly log: (line: string, thrown: unknown) => void;
}

/** What routes and the relay call. */
export interface Notifications extends AsyncDisposable {
  readonly channels: Channels;
  readonly waits: Waits;
  readonly vapidPublicKey: string;
  /** The sender of mail; undefined: none is sent. */
  readonly mailFrom: string | undefined;
  /** Begins to tell; until then what happens is noted only. */
  start(): void;
  /** After an entry of the site's log is durable. */
  appended(site: SiteId): void;
  /** After headers of the edge's journal are durable. */
  journalGrew(edge: EdgeId): void;
  /** An edge came or went; `isOnline` says which. */
  edgeChanged(edge: EdgeId): void;
  /** Who is on duty, or the order of asking, was changed. */
  rulesChanged(site: SiteId): Promise<void>;
  setDuty(site: SiteId, person: PersonId, onDuty: boolean): Promise<void>;
  handOver(site: SiteId, from: PersonId, to: PersonId, note: string): Promise<number>;
  /** Tells the approvers of a job that its vendor asks for more time; at most once in five minutes. `reachable`: how many of them have a channel. */
  wantMoreTime(site: SiteId, request: Entry): Promise<{ at: number; reachable: number }>;
  people(site: SiteId): Promise<SitePeople>;
}

const keyBytes = 32;
/** A vendor who presses the button again and again asks once. */
const moreTimeSeconds = 300;

/** Makes the key file at first start; throws `file_invalid`. The caller starts, and disposes before the store. */
export async function openNotifications(parts: NotificationParts): Promise<Notifications> {
  const { store, directory, clock, portal } = parts;
  const smtp = parts.mail && (await smtpServerOf(parts.mail));
  const { documents, edges, notices, channels: rows, watch: watchRows } = store;
  const root = await openKeyFile(join(parts.dataDirectory, "notifications.key"));
  const derived = (label: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", root, "", `sallyport notifications ${label} v1`, keyBytes));
  const vapid = vapidKeysOf(derived("push"));
  const webhookRoot = derived("webhooks");

  const outbound = new Outbound(new AddressRules(parts.openNetworks), clock);
  const mail = smtp && createMail(smtp);
  const people = async (site: SiteId) => new SitePeople(await directory.held(site));
  const siteName = async (site: SiteId) => (await people(site)).siteName;
  const onFault = (thrown: unknown): void => parts.log("notifications failed, tried again", thrown);
  const noMail = undelivered("this relay sends no mail", false);
  const sendMail: Send = async (message, { address }) =>
    mail === undefined ? noMail : mail.send(message, address);
  const push: Send = (message, channel, signal) =>
    createPush(outbound, vapid, subjectOf(smtp?.from, portal()))(message, channel, signal);

  const outbox = new Outbox({
    notices,
    channels: rows,
    clock,
    senders: { push, mail: sendMail, webhook: createWebhook(outbound, webhookRoot, clock) },
    siteName,
    portal,
    onLost: (site) => watchRows.wakeWaits(site),
    onDone: () => schedule.poke(),
    onFault,
  });
  const waits = new Waits({
    clock,
    documents,
    channels: rows,
    notices,
    watch: watchRows,
    people,
  });
  const { isOnline } = parts;
  const watch = new Watch({ clock, edges, notices, watch: watchRows, people, isOnline });
  const happenings = new Happenings({
    clock,
    documents,
    edges,
    channels: rows,
    notices,
    places: watchRows,
    waits,
    watch,
    people,
    onUnreadable: onFault,
  });
  const channels = new Channels({
    channels: rows,
    notices,
    outbox,
    outbound,
    mail,
    webhookRoot,
    siteName,
    clock,
  });

  // By what they are about: ten entries of one log are read at once.
  const tasks = new Map<string, () => Promise<void>>();
  const schedule = new Schedule({
    clock,
    onFault,
    work: async () => {
      for (const [subject, task] of tasks) {
        tasks.delete(subject);
        try {
          await task();
        } catch (thrown) {
          if (!tasks.has(subject)) tasks.set(subject, task);
          throw thrown;
        }
      }
      await watch.work();
      await waits.work();
      const times = [await outbox.flush(), await watchRows.nextDue()];
      const due = times.filter((at) => at !== undefined);
      return due.length === 0 ? undefined : Math.min(...due);
    },
  });
  const add = (subject: string, task: () => Promise<void>): void => {
    tasks.set(subject, task);
    schedule.poke();
  };
  const readLog = (site: SiteId): void => add(`log ${site}`, () => happenings.readLog(site));
  const readJournal = (edge: EdgeId): void =>
    add(`journal ${edge}`, () => happenings.readJournal(edge));

  for (const site of await watchRows.unreadSites()) readLog(site);
  for (const { edge } of await watchRows.reportingEdges()) readJournal(edge);
  add("start", () => watch.start());

  const rulesChanged = async (site: SiteId): Promise<void> => {
    await watchRows.wakeWaits(site);
    schedule.poke();
  };
  return {
    channels,
    waits,
    vapidPublicKey: vapid.publicKey,
    mailFrom: smtp?.from,
    people,
    start: () => schedule.open(),
    appended: readLog,
    journalGrew: readJournal,
    edgeChanged: (edge) => add(`edge ${edge}`, () => watch.edgeChanged(edge)),
    rulesChanged,
    setDuty: async (site, person, onDuty) => {
      await watchRows.setDuty(site, person, onDuty);
      await rulesChanged(site);
    },
    handOver: async (site, from, to, note) => {
      const at = wallSeconds(clock);
      const n = await watchRows.handOver(site, { from, to, note, at });
      const key = `hand-over:${n}`;
      const cast = { successor: to };
      await happenings.tell({ kind: "handed-over", site, key, link: links.jobs, cast, by: [from] });
      await rulesChanged(site);
      return at;
    },
    wantMoreTime: async (site, { hash, envelope }) => {
      const { vendor, targets } = parseRequest(parseEnvelope(envelope));
      const all = (await people(site)).approversOf(targets.map(({ id }) => id));
      const offDuty = await watchRows.offDuty(site);
      const onDuty = all.filter((person) => !offDuty.has(person));
      const approvers = (onDuty.length > 0 ? onDuty : all).filter((person) => person !== vendor);
      const at = wallSeconds(clock);
      const key = `more-time:${hash}:${Math.floor(at / moreTimeSeconds)}`;
      const cast = { vendor, approvers };
      const link = links.job(hash);
      await happenings.tell({ kind: "time-wanted", site, key, link, cast, by: [vendor] });
      schedule.poke();
      const usable = (await rows.ofSite(site)).filter(isUsable);
      const reached = new Set(usable.map((row) => row.person));
      return { at, reachable: approvers.filter((person) => reached.has(person)).length };
    },
    [Symbol.asyncDispose]: async () => {
      await schedule.close();
      await outbox.close();
      mail?.close();
    },
  };
}

async function smtpServerOf({ user, passwordFile, ...server }: MailSettings): Promise<SmtpServer> {
  if (user === undefined || passwordFile === undefined) return { ...server, account: undefined };
  const password = (await readPrivateFile(passwordFile)).trim();
  return { ...server, account: { user, password } };
}

// RFC 8292: whom a push service may ask about this relay.
function subjectOf(mailFrom: string | undefined, portal: string): string {
  if (mailFrom !== undefined) return `mailto:${mailFrom}`;
  return `https://${new URL(portal).host}`;
}
