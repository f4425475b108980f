// Putting these pages on the device's home screen, where the browser offers it: it tells so once, before anybody asks.
import { useSyncExternalStore } from "react";

interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallOffer | undefined;
const watchers = new Set<() => void>();

function set(next: InstallOffer | undefined): void {
  offer = next;
  for (const tell of watchers) tell();
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  set(event as InstallOffer);
});
addEventListener("appinstalled", () => set(undefined));

/** Asks the person to install, in a click; undefined where the browser offers nothing. */
export function useInstall(): (() => Promise<void>) | undefined {
  const present = useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    () => offer,
  );
  return (
    present &&
    (async () => {
      await present.prompt();
      set(undefined);
    })
  );
}
