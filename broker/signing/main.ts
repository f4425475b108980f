// The signing page: takes one ask from the page that opened it, shows the document in plain words, and signs its exact bytes by one touch.
import { messageOf, SallyportError } from "../../shared/errors.ts";
import {
  failedTell,
  registeredTell,
  signedTell,
  type RegisterAsk,
  type SignAsk,
  type SigningFailure,
} from "../../shared/signing-page.ts";
import { judgeAsk, type Judged } from "./judge.ts";
import { awaitAsk, type Asked } from "./opener.ts";
import { hasPasskeys, makePasskey, signByPasskey } from "./passkeys.ts";
import { labels, page as texts, register as registerTexts } from "./texts.ts";
import { showBusy, showNotice, showQuestion, type Action } from "./view.ts";
import { say, type Words } from "./words.ts";

async function run(): Promise<void> {
  // Attack: this page under somebody else's words. Its headers forbid frames; a host that forgot them changes nothing.
  if (self !== top) {
    showNotice({ headline: texts.framed, sentence: texts.framedWhy, isAlert: true, actions: [] });
    return;
  }
  const opener = window.opener as WindowProxy | null;
  if (opener === null) {
    showNotice({ headline: texts.alone, sentence: texts.aloneWhy, actions: [closeAction()] });
    return;
  }
  showNotice({ headline: texts.waiting, sentence: texts.waitingWhy, actions: [closeAction()] });
  let asked: Asked;
  try {
    asked = await awaitAsk(opener);
  } catch (thrown) {
    showRefusal(thrown, close);
    return;
  }
  // Messages of a later event reach nobody. A window that is killed tells nothing at all, so the portal looks whether it is still open, too.
  addEventListener("beforeunload", () => giveUp(asked, "cancelled", texts.closed));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave(asked, "cancelled", texts.closed);
  });
  if (!hasPasskeys()) {
    const away = (): void => leave(asked, "unsupported", texts.noPasskeys);
    giveUp(asked, "unsupported", texts.noPasskeys);
    showNotice({
      headline: texts.unsupported,
      sentence: texts.unsupportedWhy,
      isAlert: true,
      actions: [{ text: texts.close, act: away }],
    });
    return;
  }
  if (asked.ask.ask === "register") offerRegistration(asked, asked.ask);
  else await offerSignature(asked, asked.ask);
}

async function offerSignature(asked: Asked, ask: SignAsk): Promise<void> {
  const nowAt = Math.floor(Date.now() / 1000);
  let judged: Judged;
  try {
    judged = await judgeAsk(ask, { askedBy: asked.origin, page: location.origin, nowAt });
  } catch (thrown) {
    refuse(asked, thrown);
    return;
  }
  const { question, envelope, rpId } = judged;
  const place = { rpId, page: location.origin };
  const offer = (): void =>
    showQuestion(question, [
      {
        text: question.button,
        isMain: true,
        act: () =>
          void attempt(
            asked,
            texts.busy,
            async () => {
              const signature = await signByPasskey(envelope, ask.keys, place);
              if (signature === undefined) {
                return showCancelled(asked, texts.cancelled, texts.cancelledWhy, offer);
              }
              asked.tell(signedTell(signature));
              return finish(texts.signed);
            },
            offer,
          ),
      },
      cancelAction(asked),
    ]);
  offer();
}

function offerRegistration(asked: Asked, ask: RegisterAsk): void {
  const rpId = ask.rpId ?? location.hostname;
  const offer = (): void =>
    showQuestion(
      {
        question: registerTexts.ask(ask.name),
        meaning: registerTexts.meaning,
        warnings: [],
        facts: [
          { label: labels.person, lines: [say`${ask.name} (${ask.person})`] },
          { label: labels.used, lines: [say`${location.host}`] },
          { label: labels.keyGoesTo, lines: [say`${asked.origin}`] },
        ],
        exactly: [],
        button: registerTexts.button,
      },
      [
        {
          text: registerTexts.button,
          isMain: true,
          act: () =>
            void attempt(
              asked,
              registerTexts.busy,
              async () => {
                const key = await makePasskey(ask, rpId);
                if (key === undefined) {
                  return showCancelled(
                    asked,
                    registerTexts.cancelled,
                    registerTexts.cancelledWhy,
                    offer,
                  );
                }
                asked.tell(registeredTell(key));
                return finish(registerTexts.done);
              },
              offer,
            ),
        },
        cancelAction(asked),
      ],
    );
  offer();
}

// What the device answers may be no passkey of ours; the person can try another one.
async function attempt(
  asked: Asked,
  busy: string,
  act: () => Promise<void>,
  offer: () => void,
): Promise<void> {
  showBusy(busy);
  try {
    await act();
  } catch (thrown) {
    showNotice({
      headline: texts.broken,
      sentence: texts.brokenWhy,
      detail: messageOf(thrown),
      isAlert: true,
      actions: [{ text: texts.again, isMain: true, act: offer }, cancelAction(asked)],
    });
  }
}

function showCancelled(asked: Asked, headline: Words, sentence: Words, offer: () => void): void {
  showNotice({
    headline,
    sentence,
    isAlert: true,
    actions: [{ text: texts.again, isMain: true, act: offer }, cancelAction(asked)],
  });
}

function refuse(asked: Asked, thrown: unknown): void {
  giveUp(asked, "refused", messageOf(thrown));
  showRefusal(thrown, close);
}

function showRefusal(thrown: unknown, act: () => void): void {
  showNotice({
    headline: texts.refused,
    sentence: texts.refusedWhy,
    detail: thrown instanceof SallyportError ? thrown.message : messageOf(thrown),
    isAlert: true,
    actions: [{ text: texts.close, act }],
  });
}

function finish(headline: Words): void {
  showNotice({ headline, sentence: texts.closing, actions: [closeAction()] });
  close();
}

function giveUp(asked: Asked, code: SigningFailure, message: string): void {
  asked.tell(failedTell(code, message));
}

function leave(asked: Asked, code: SigningFailure, message: string): void {
  giveUp(asked, code, message);
  close();
}

function cancelAction(asked: Asked): Action {
  return { text: texts.cancel, act: () => leave(asked, "cancelled", texts.closed) };
}

function closeAction(): Action {
  return { text: texts.close, act: () => close() };
}

void run();
