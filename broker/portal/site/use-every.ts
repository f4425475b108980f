// A number that rises again and again while a page is open and looked at: for what the relay tells no news of.
import { useEffect, useState } from "react";

export function useEvery(ms: number): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setTurn((count) => count + 1);
    }, ms);
    return () => clearInterval(timer);
  }, [ms]);
  return turn;
}
