// In a page: goes where a notification points that was clicked, without loading the page anew, so that what runs in it goes on.
import { useEffect } from "react";
import { useLocation } from "wouter";

/** What the service worker asks of a tab; it answers by the port that comes along. */
export function useOpenedLinks(): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    if (!("serviceWorker" in navigator)) return undefined;
    const go = (event: MessageEvent<unknown>): void => {
      const path = pathOf(event.data);
      if (path === undefined) return;
      event.ports[0]?.postMessage("gone");
      navigate(path);
    };
    navigator.serviceWorker.addEventListener("message", go);
    navigator.serviceWorker.startMessages();
    return () => navigator.serviceWorker.removeEventListener("message", go);
  }, [navigate]);
}

function pathOf(message: unknown): string | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("sallyport" in message) || message.sallyport !== "open 1") return undefined;
  if (!("path" in message) || typeof message.path !== "string") return undefined;
  return /^\/(?!\/)/.test(message.path) ? message.path : undefined;
}
