// Which page is shown at which address, and to whom.
import { Anchor, Center, Container } from "@mantine/core";
import { lazy, Suspense, type ComponentType } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { navigation, routes } from "./areas.ts";
import { checklistPath, foundingPath } from "./first-run/paths.ts";
import { Frame } from "./shell/frame.tsx";
import { Empty, Loading, Page, Trouble } from "./shell/page.tsx";
import { usePerson } from "./shell/person-context.tsx";
import { useOpenedLinks } from "./service-worker/opened-links.ts";
import { SignInPage } from "./sign-in/sign-in-page.tsx";
import { shell } from "./texts/shell.ts";

const JoinPage = lazy(() => import("./join/join-page.tsx"));
const FoundPage = lazy(() => import("./first-run/found-page.tsx"));
const pages = routes.map(({ path, load }) => ({ path, Component: lazy(load) as ComponentType }));

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
  return (
    <Frame>
      <Suspense fallback={<Loading />}>
        <Pages />
      </Suspense>
    </Frame>
  );
}

function Pages() {
  const { side } = usePerson();
  if (side === undefined) return null;
  const first = navigation.find(({ isFor }) => isFor(side));
  return (
    <Switch>
      {pages.map(({ path, Component }) => (
        <Route key={path} path={path} component={Component} />
      ))}
      {first !== undefined && (
        <Route path="/">
          <Redirect to={first.path} replace />
        </Route>
      )}
      <Route>
        <Page title={shell.notFound}>
          <Empty title={shell.notFoundHint}>
            <Anchor component={Link} href="/">
              {shell.home}
            </Anchor>
          </Empty>
        </Page>
      </Route>
    </Switch>
  );
}
