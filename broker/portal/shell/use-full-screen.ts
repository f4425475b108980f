// What fills the screen and gives it back.
import { useEffect, useState } from "react";

/** The frame fills the page by its class; where the device can, the page fills the screen too. Questions of the page stay above it. */
export function useFullScreen(): [boolean, (isFull: boolean) => void] {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const changed = (): void => {
      if (document.fullscreenElement === null) setFull(false);
    };
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const set = (wanted: boolean): void => {
    setFull(wanted);
    const request = wanted
      ? document.documentElement.requestFullscreen?.()
      : document.fullscreenElement !== null
        ? document.exitFullscreen()
        : undefined;
    // Where the screen is refused, the page is filled all the same.
    request?.catch(() => undefined);
  };
  return [isFull, set];
}
