// `sallyport totp`: the second factor that the relay checks and attests. The code is asked for at every session; the seed is shown once.
import type { Command } from "commander";
import { personArgument } from "../arguments.ts";
import type { Context } from "../context.ts";
import { openSite } from "../site.ts";
import { facts } from "../tui.ts";

export function addTotpVerbs(program: Command, context: Context): void {
  const totp = program
    .command("totp")
    .helpGroup("Your own key:")
    .description("your second factor: codes of an authenticator app");
  totp
    .command("enrol")
    .description("show the QR code for your authenticator app, and confirm it by a first code")
    .option("--code <code>", "a code of the authenticator that is enrolled now, to replace it")
    .option("--no-confirm", "do not ask for the first code; confirm later: sallyport totp confirm")
    .action((options: { code?: string; confirm: boolean }) => enrol(context, options));
  totp
    .command("confirm <code>")
    .description("confirm the enrolment by a first code")
    .addHelpText("after", "\nExample:\n  sallyport totp confirm 492039")
    .action((code: string) => confirm(context, code));
  totp
    .command("show")
    .description("whether a second factor is enrolled")
    .action(() => show(context));
  totp
    .command("reset <person>")
    .description("remove a person's second factor after a lost phone (owners)")
    .action((person: string) => reset(context, person));
}

async function enrol(
  context: Context,
  options: { code?: string; confirm: boolean },
): Promise<void> {
  const { tui } = context;
  const site = await openSite(context);
  const { secret, uri } = await site.relay.enrolTotp(options.code);
  const { default: qrcode } = await import("qrcode"); // Only this verb needs it.
  const picture = await qrcode.toString(uri, { type: "utf8", errorCorrectionLevel: "L" });
  tui.result({ secret, uri }, () => `${picture}\n${facts({ secret })}`);
  if (!options.confirm || tui.json) {
    tui.hint("confirm it by a first code: sallyport totp confirm <code>");
    return;
  }
  await site.relay.confirmTotp(
    (
      await tui.ask("code of your authenticator:", "confirm later: sallyport totp confirm <code>")
    ).trim(),
  );
  tui.progress("enrolled; the next code will be asked for when you open a session");
}

async function confirm(context: Context, code: string): Promise<void> {
  const site = await openSite(context);
  await site.relay.confirmTotp(code);
  context.tui.result(
    { state: "confirmed" },
    "enrolled; the next code will be asked for when you open a session",
  );
}

async function show(context: Context): Promise<void> {
  const site = await openSite(context);
  const state = await site.relay.totpState();
  const texts: Readonly<Record<string, string>> = {
    none: "none is enrolled; enrol one: sallyport totp enrol",
    pending: "one is enrolled and not confirmed; confirm it: sallyport totp confirm <code>",
    confirmed: "one is enrolled",
  };
  context.tui.result({ state }, texts[state] ?? state);
}

async function reset(context: Context, person: string): Promise<void> {
  const site = await openSite(context);
  site.requireRole("owner");
  await context.tui.mustConfirm(
    `remove the second factor of "${person}"? They will enrol a new one.`,
  );
  await site.relay.resetTotp(personArgument(person));
  context.tui.result({ person, state: "none" }, `the second factor of "${person}" is removed`);
}
