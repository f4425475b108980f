// Which page is shown at which address, and to whom.
import { Center, Container } from "@mantine/core";
import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { checklistPath, foundingPath } from "./first-run/paths.ts";
import { Loading, Trouble } from "./shell/page.tsx";
import { usePerson } from "./shell/person-context.tsx";
import { useOpenedLinks } from "./service-worker/opened-links.ts";
import { SignInPage } from "./sign-in/sign-in-page.tsx";

// Signing in loads nothing of what comes after it: main.tsx has the styles of its few components, the rest comes with the other pages.
const withStyles = <Found,>(load: () => Promise<Found>): (() => Promise<Found>) => {
  return async () => (await Promise.all([load(), import("./shell/all-styles.ts")]))[0];
};
const JoinPage = lazy(withStyles(() => import("./join/join-page.tsx")));
const FoundPage = lazy(withStyles(() => import("./first-run/found-page.tsx")));
const Home = lazy(withStyles(() => import("./shell/home.tsx")));

export function App() {
  useOpenedLinks();
  return (
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/join">
          <Container size="xs" py="xl">
            <JoinPage />
          </Container>
        </Route>
        <Route path={foundingPath} component={FoundPage} />
        <Route>
          <SignedIn />
        </Route>
      </Switch>
    </Suspense>
  );
}

function SignedIn() {
  const { phase, fault, knowsNoSite, refresh } = usePerson();
  const [location] = useLocation();
  // Another page begins at its top.
  useEffect(() => {
    scrollTo(0, 0);
  }, [location]);
  if (phase === "loading")
    return (
      <Center mih="60vh">
        {fault === undefined ? <Loading /> : <Trouble error={fault} retry={() => void refresh()} />}
      </Center>
    );
  // Whoever opens the first steps in a browser that knows no site is about to found one.
  if (phase === "signed-out" && knowsNoSite && location === checklistPath)
    return <Redirect to={foundingPath} replace />;
  if (phase === "signed-out") return <SignInPage />;
  return <Home />;
}
