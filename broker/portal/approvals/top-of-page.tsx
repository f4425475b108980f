// Begins at the top: what takes a page's place is read from its beginning, wherever the former one was scrolled to.
import { useEffect, type ReactNode } from "react";

/** To be given a `key` that changes with what is shown. */
export function TopOfPage({ children }: { readonly children: ReactNode }) {
  useEffect(() => {
    scrollTo(0, 0);
  }, []);
  return children;
}
